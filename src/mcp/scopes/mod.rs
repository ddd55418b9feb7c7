pub(super) mod service;

use std::collections::HashMap;
use std::sync::Arc;

use http::{HeaderMap, Method};
use tower_layer::Layer;

use self::service::McpScoped;
use crate::base::scopes::{ScopeHierarchy, ScopeSet};
use crate::limits::MAX_MCP_BODY_BYTES;
use crate::mcp::protocol::operation::{Operation, Target, TargetKind, from_body, from_headers};

/// Scopes per tool, prompt, resource or method of an MCP server, as a tower layer.
///
/// Goes inside [`JwtAuthLayer`](crate::JwtAuthLayer), in front of the MCP server. A token that lacks a
/// scope gets 403 with a challenge that names all that the operation needs, before the server sees the
/// request: that is the answer on which clients step up, and one that a tool itself cannot give.
///
/// ```
/// # #[cfg(feature = "axum")] {
/// use axum::{Router, routing::post};
/// use tower_jwt_auth::{JwtAuthLayer, McpScopes};
///
/// fn app(auth: JwtAuthLayer) -> Router {
///     let scopes = McpScopes::new()
///         .tool("list_notes", ["notes:read"])
///         .tool("add_note", ["notes:write"]);
///     Router::new()
///         .route("/mcp", post(|| async { "the MCP server" }).layer(scopes))
///         .route_layer(auth)
/// }
/// # }
/// ```
///
/// What every operation needs is `required_scopes` of the configuration, which
/// [`JwtAuthLayer`](crate::JwtAuthLayer) has checked by then.
///
/// # How the operation is known
///
/// - By `Mcp-Method` and `Mcp-Name`, when `MCP-Protocol-Version` is 2026-07-28 or later and each of
///   them is there once. From that version on a server must refuse headers that differ from the body,
///   and rmcp 3 does. **Behind this layer a server that does not is open to forged headers**: call
///   [`always_read_body`](Self::always_read_body) for it.
/// - Otherwise by the body, up to [4 MiB](crate::limits::MAX_MCP_BODY_BYTES): one message or a batch of
///   up to 100, which needs what all of its messages need. It is handed on untouched. There is no
///   timeout for it here; have one in front.
/// - A request whose operation stays unknown needs every scope of this map: malformed JSON, a member
///   with two readings, a body that is too long. A token that has them all is let through, and its body
///   is not read at all. Without them it gets 403 without a challenge, since nobody should be asked to
///   grant everything for a request that nobody understood.
///
/// Requests without a body to judge (GET, HEAD, DELETE, OPTIONS) need nothing more here. Methods that
/// name neither a tool, a prompt nor a resource, such as those of tasks, need what
/// [`method`](Self::method) says of them. A caller without a token, whom
/// [`optional`](crate::JwtAuthLayer::optional) let through, is asked for one as soon as anything is
/// needed or a body would have to be read.
#[derive(Clone, Debug)]
#[must_use]
pub struct McpScopes(Arc<Rules>);

#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    methods: HashMap<String, ScopeSet>,
    prompts: Targets,
    resources: Targets,
    tools: Targets,
    unlisted: Option<ScopeSet>,
    all: ScopeSet,
    pub(super) hierarchy: Option<ScopeHierarchy>,
    pub(super) always_read_body: bool,
}

#[derive(Clone, Debug, Default)]
struct Targets {
    exact: HashMap<String, ScopeSet>,
    prefixes: Vec<(String, ScopeSet)>,
    all: ScopeSet,
}

impl Default for McpScopes {
    fn default() -> Self {
        Self::new()
    }
}

impl McpScopes {
    /// No operation needs anything yet.
    pub fn new() -> Self {
        Self(Arc::default())
    }

    /// `tools/call` of this tool needs all of `scopes`.
    pub fn tool<S: AsRef<str>>(
        self,
        name: impl Into<String>,
        scopes: impl IntoIterator<Item = S>,
    ) -> Self {
        self.with(scopes, |rules, scopes| {
            rules.tools.add(name.into(), scopes);
        })
    }

    /// `prompts/get` of this prompt needs all of `scopes`.
    pub fn prompt<S: AsRef<str>>(
        self,
        name: impl Into<String>,
        scopes: impl IntoIterator<Item = S>,
    ) -> Self {
        self.with(scopes, |rules, scopes| {
            rules.prompts.add(name.into(), scopes);
        })
    }

    /// Reading this resource, subscribing to it and completing its name needs all of `scopes`. The URI is
    /// compared byte for byte.
    pub fn resource<S: AsRef<str>>(
        self,
        uri: impl Into<String>,
        scopes: impl IntoIterator<Item = S>,
    ) -> Self {
        self.with(scopes, |rules, scopes| {
            rules.resources.add(uri.into(), scopes);
        })
    }

    /// The same for any resource whose URI starts with `prefix`, byte for byte, next to what other rules
    /// for it ask. A URI that might lead elsewhere when it is resolved (dot segments, backslashes) needs
    /// the scopes of all resources.
    pub fn resources_under<S: AsRef<str>>(
        self,
        prefix: impl Into<String>,
        scopes: impl IntoIterator<Item = S>,
    ) -> Self {
        self.with(scopes, |rules, scopes| {
            rules.resources.all.extend(&scopes);
            rules.resources.prefixes.push((prefix.into(), scopes));
        })
    }

    /// This JSON-RPC method, such as `tools/list`, needs all of `scopes`, next to what its tool, prompt
    /// or resource needs.
    pub fn method<S: AsRef<str>>(
        self,
        method: impl Into<String>,
        scopes: impl IntoIterator<Item = S>,
    ) -> Self {
        self.with(scopes, |rules, scopes| {
            rules
                .methods
                .entry(method.into())
                .or_default()
                .extend(&scopes);
        })
    }

    /// Tools, prompts and resources that no rule names need all of `scopes`; an empty list for none.
    ///
    /// Default: as soon as there is a rule for one tool, a tool that is not listed needs what all
    /// listed ones need together, so that a new tool is not open by oversight; the same goes for
    /// prompts and for resources. Who lacks one gets 403 without a challenge.
    pub fn unlisted<S: AsRef<str>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.with(scopes, |rules, scopes| rules.unlisted = Some(scopes))
    }

    /// Says which scope implies which: `implies(granted, needed)`.
    ///
    /// Default: the hierarchy of the [`JwtAuthConfig`](crate::JwtAuthConfig), and without one none.
    pub fn hierarchy(
        mut self,
        implies: impl Fn(&str, &str) -> bool + Send + Sync + 'static,
    ) -> Self {
        Arc::make_mut(&mut self.0).hierarchy = Some(ScopeHierarchy::new(implies));
        self
    }

    /// Reads the operation from the body even where the headers mirror it: for a server that does not
    /// compare the two, as the protocol of 2026-07-28 demands. rmcp 3 does.
    ///
    /// Default: off.
    pub fn always_read_body(mut self) -> Self {
        Arc::make_mut(&mut self.0).always_read_body = true;
        self
    }

    fn with<S: AsRef<str>>(
        mut self,
        scopes: impl IntoIterator<Item = S>,
        change: impl FnOnce(&mut Rules, ScopeSet),
    ) -> Self {
        let scopes = ScopeSet::required(scopes);
        let rules = Arc::make_mut(&mut self.0);
        rules.all.extend(&scopes);
        change(rules, scopes);
        self
    }
}

impl<S> Layer<S> for McpScopes {
    type Service = McpScoped<S>;

    fn layer(&self, inner: S) -> McpScoped<S> {
        McpScoped::new(inner, self.0.clone())
    }
}

/// What a request needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Needed {
    pub(super) scopes: ScopeSet,
    /// Whoever made the request meant something that no rule speaks of, or that cannot be read: no
    /// challenge then tells them to ask their user for every scope there is.
    pub(super) untold: bool,
}

impl Needed {
    fn and(mut self, other: Self) -> Self {
        self.scopes.extend(&other.scopes);
        self.untold |= other.untold;
        self
    }
}

impl Rules {
    /// `None` when the body has to be read first.
    pub(super) fn needed_by(&self, method: &Method, headers: &HeaderMap) -> Option<Needed> {
        // The transport knows no others; any other method may carry a message.
        if [Method::GET, Method::HEAD, Method::DELETE, Method::OPTIONS].contains(method) {
            return Some(Needed::default());
        }
        let operation = from_headers(headers).filter(|_| !self.always_read_body)?;
        Some(self.needed_for(&operation))
    }

    pub(super) fn needed_by_body(&self, body: &[u8]) -> Needed {
        match from_body(body) {
            None => self.everything(),
            Some(operations) => operations
                .iter()
                .map(|operation| self.needed_for(operation))
                .fold(Needed::default(), Needed::and),
        }
    }

    /// What an operation needs that nobody could read: more than any other.
    pub(super) fn everything(&self) -> Needed {
        Needed {
            scopes: self.all.clone(),
            untold: true,
        }
    }

    fn needed_for(&self, Operation { method, targets }: &Operation<'_>) -> Needed {
        let by_method = Needed {
            scopes: self.methods.get(&**method).cloned().unwrap_or_default(),
            untold: false,
        };
        targets
            .iter()
            .map(|target| self.needed_for_target(target))
            .fold(by_method, Needed::and)
    }

    fn needed_for_target(&self, Target { kind, name }: &Target<'_>) -> Needed {
        let targets = match kind {
            TargetKind::Prompt => &self.prompts,
            TargetKind::Resource => &self.resources,
            TargetKind::Tool => &self.tools,
        };
        let all = || Needed {
            scopes: targets.all.clone(),
            untold: true,
        };
        if *kind == TargetKind::Resource && !is_plain_uri(name) {
            return all();
        }
        let told = |scopes| Needed {
            scopes,
            untold: false,
        };
        let by_rule = targets.needed_for(name).or_else(|| self.unlisted.clone());
        by_rule.map_or_else(all, told)
    }
}

impl Targets {
    fn add(&mut self, name: String, scopes: ScopeSet) {
        self.all.extend(&scopes);
        self.exact.entry(name).or_default().extend(&scopes);
    }

    /// `None` when no rule speaks of it.
    fn needed_for(&self, target: &str) -> Option<ScopeSet> {
        let prefixes = self
            .prefixes
            .iter()
            .filter(|(prefix, _)| target.starts_with(prefix.as_str()))
            .map(|(_, scopes)| scopes);
        let mut rules = self.exact.get(target).into_iter().chain(prefixes);
        let mut needed = rules.next()?.clone();
        rules.for_each(|scopes| needed.extend(scopes));
        Some(needed)
    }
}

/// Whether a server that resolves the URI would still find it under the same prefix (RFC 3986 §5.2.4):
/// no segment of dots, spelled out or not, and no backslash, which some take for a slash.
fn is_plain_uri(uri: &str) -> bool {
    let mut segments = uri.split(['/', '?', '#']);
    let dots = segments.any(|segment| matches!(segment, "." | ".."));
    !dots && !uri.contains('\\') && !uri.to_ascii_lowercase().contains("%2e")
}

/// A body may still be read while it is not longer than this.
pub(super) const fn fits(length: usize) -> bool {
    length <= MAX_MCP_BODY_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needed(scopes: &McpScopes, method: &str, name: Option<&str>) -> String {
        let kind = match method.split('/').next() {
            Some("prompts") => TargetKind::Prompt,
            Some("resources") => TargetKind::Resource,
            _ => TargetKind::Tool,
        };
        let target = |name: &str| Target {
            kind,
            name: name.to_owned().into(),
        };
        let operation = Operation {
            method: method.into(),
            targets: name.map(target).into_iter().collect(),
        };
        let Needed { scopes, untold } = scopes.0.needed_for(&operation);
        format!("{scopes}{}", if untold { " (untold)" } else { "" })
    }

    #[test]
    fn rules() {
        let scopes = McpScopes::new()
            .tool("read", ["r"])
            .tool("write", ["r", "w"])
            .tool("free", [""; 0])
            .prompt("p", ["p"])
            .resource("f://a/b", ["ab"])
            .resources_under("f://a/", ["a"])
            .method("tools/call", ["call"])
            .method("tools/list", ["list"]);
        let cases = [
            ("tools/call", Some("read"), "call r"),
            ("tools/call", Some("write"), "call r w"),
            ("tools/call", Some("free"), "call"),
            ("tools/call", Some("Read"), "call r w (untold)"),
            ("tools/call", Some("new"), "call r w (untold)"),
            ("tools/list", None, "list"),
            ("prompts/get", Some("p"), "p"),
            ("prompts/get", Some("read"), "p (untold)"),
            ("resources/read", Some("f://a/b"), "ab a"),
            ("resources/subscribe", Some("f://a/b"), "ab a"),
            ("resources/read", Some("f://a/c"), "a"),
            ("resources/read", Some("F://a/c"), "ab a (untold)"),
            ("resources/read", Some("f://a/../c"), "ab a (untold)"),
            ("resources/read", Some("f://a/.%2E/c"), "ab a (untold)"),
            ("resources/read", Some("f://a/c/.."), "ab a (untold)"),
            ("resources/read", Some("f://a\\c"), "ab a (untold)"),
            ("resources/read", Some("f://a/..c"), "a"),
            ("ping", None, ""),
        ];
        for (method, target, want) in cases {
            assert_eq!(needed(&scopes, method, target), want, "{method} {target:?}");
        }
        let open = scopes.clone().unlisted([""; 0]);
        assert_eq!(needed(&open, "tools/call", Some("new")), "call");
        assert_eq!(needed(&open, "tools/call", Some("write")), "call r w");
        let closed = scopes.unlisted(["admin"]);
        assert_eq!(needed(&closed, "prompts/get", Some("new")), "admin");
        let tools_only = McpScopes::new().tool("read", ["r"]);
        assert_eq!(needed(&tools_only, "prompts/get", Some("any")), " (untold)");
        let empty = McpScopes::new().tool("delete", [""]);
        assert!(!empty.0.all.is_empty(), "a scope that no token has");
        assert_eq!(
            closed.0.everything().scopes.to_string(),
            "r w p ab a call list admin"
        );
    }

    #[test]
    fn a_batch_needs_all_and_the_unreadable_everything() {
        let rules = McpScopes::new().tool("read", ["r"]).tool("write", ["w"]).0;
        let call =
            |tool: &str| format!(r#"{{"method":"tools/call","params":{{"name":"{tool}"}}}}"#);
        let cases = [
            (call("read"), "r"),
            (format!("[{},{}]", call("read"), call("write")), "r w"),
            (format!("[{},{}]", call("read"), call("new")), "r w"),
            ("{".to_owned(), "r w"),
            ("[]".to_owned(), ""),
        ];
        for (body, want) in cases {
            assert_eq!(
                rules.needed_by_body(body.as_bytes()).scopes.to_string(),
                want,
                "{body}"
            );
        }
    }
}
