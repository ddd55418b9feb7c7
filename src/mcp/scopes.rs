use std::collections::HashMap;
use std::sync::Arc;

use http::{HeaderMap, Method};
use tower_layer::Layer;

use super::operation::{Operation, TargetKind, from_body, from_headers};
use super::scoped::McpScoped;
use crate::limits::MAX_MCP_BODY_BYTES;
use crate::scopes::{ScopeHierarchy, ScopeSet};

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
///   them is there once. From that version on a server must refuse headers that differ from the body.
///   For a server that does not, see [`always_read_body`](Self::always_read_body).
/// - Otherwise by the body, up to [4 MiB](crate::limits::MAX_MCP_BODY_BYTES): one message or a batch,
///   which needs what all of its messages need. It is handed on untouched.
/// - A request whose operation stays unknown needs every scope of this map: malformed JSON, a repeated
///   member, a body that is too long. A token that has them all is let through, and its body is not
///   read at all.
///
/// Requests without a body to judge (GET, HEAD, DELETE, OPTIONS) need nothing more here.
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

    /// Reading this resource, and subscribing to it, needs all of `scopes`. The URI is compared byte
    /// for byte.
    pub fn resource<S: AsRef<str>>(
        self,
        uri: impl Into<String>,
        scopes: impl IntoIterator<Item = S>,
    ) -> Self {
        self.with(scopes, |rules, scopes| {
            rules.resources.add(uri.into(), scopes);
        })
    }

    /// Reading any resource whose URI starts with `prefix`, byte for byte, needs all of `scopes`, next
    /// to what other rules for it ask.
    pub fn resources_under<S: AsRef<str>>(
        self,
        prefix: impl Into<String>,
        scopes: impl IntoIterator<Item = S>,
    ) -> Self {
        self.with(scopes, |rules, scopes| {
            rules.resources.all = rules.resources.all.union(&scopes);
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
            let entry = rules.methods.entry(method.into()).or_default();
            *entry = entry.union(&scopes);
        })
    }

    /// Tools, prompts and resources that no rule names need all of `scopes`; an empty list for none.
    ///
    /// Default: as soon as there is a rule for one tool, a tool that is not listed needs what all
    /// listed ones need together, so that a new tool is not open by oversight; the same goes for
    /// prompts and for resources.
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
        let scopes: ScopeSet = scopes.into_iter().collect();
        let rules = Arc::make_mut(&mut self.0);
        rules.all = rules.all.union(&scopes);
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

/// What a request needs, or that its body has to be read first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    Body,
    Scopes(ScopeSet),
}

impl Rules {
    pub(super) fn needed_by(&self, method: &Method, headers: &HeaderMap) -> Needs {
        // rmcp and the transport know no others; any other method may carry a message.
        if [Method::GET, Method::HEAD, Method::DELETE, Method::OPTIONS].contains(method) {
            return Needs::Scopes(ScopeSet::default());
        }
        match from_headers(headers).filter(|_| !self.always_read_body) {
            Some(operation) => Needs::Scopes(self.needed_for(&operation)),
            None => Needs::Body,
        }
    }

    pub(super) fn needed_by_body(&self, body: &[u8]) -> ScopeSet {
        match from_body(body) {
            None => self.all.clone(),
            Some(operations) => operations
                .iter()
                .map(|operation| self.needed_for(operation))
                .fold(ScopeSet::default(), |all, one| all.union(&one)),
        }
    }

    /// What an operation needs that nobody could read, and so more than any other.
    pub(super) const fn everything(&self) -> &ScopeSet {
        &self.all
    }

    fn needed_for(&self, Operation { method, target }: &Operation<'_>) -> ScopeSet {
        let by_method = self.methods.get(&**method).cloned().unwrap_or_default();
        let (Some(kind), Some(target)) = (TargetKind::of(method), target) else {
            return by_method;
        };
        let targets = match kind {
            TargetKind::Prompt => &self.prompts,
            TargetKind::Resource => &self.resources,
            TargetKind::Tool => &self.tools,
        };
        let by_target = targets
            .needed_for(target)
            .or_else(|| self.unlisted.clone())
            .unwrap_or_else(|| targets.all.clone());
        by_method.union(&by_target)
    }
}

impl Targets {
    fn add(&mut self, name: String, scopes: ScopeSet) {
        self.all = self.all.union(&scopes);
        let entry = self.exact.entry(name).or_default();
        *entry = entry.union(&scopes);
    }

    /// `None` when no rule speaks of it.
    fn needed_for(&self, target: &str) -> Option<ScopeSet> {
        let prefixes = self
            .prefixes
            .iter()
            .filter(|(prefix, _)| target.starts_with(prefix.as_str()))
            .map(|(_, scopes)| scopes);
        self.exact
            .get(target)
            .into_iter()
            .chain(prefixes)
            .fold(None, |all: Option<ScopeSet>, one| {
                Some(all.unwrap_or_default().union(one))
            })
    }
}

/// A body may still be read while it is not longer than this.
pub(super) const fn fits(length: usize) -> bool {
    length <= MAX_MCP_BODY_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needed(scopes: &McpScopes, method: &str, target: Option<&str>) -> String {
        let operation = Operation {
            method: method.into(),
            target: target.map(Into::into),
        };
        scopes.0.needed_for(&operation).to_string()
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
            ("tools/call", Some("Read"), "call r w"),
            ("tools/call", Some("new"), "call r w"),
            ("tools/list", None, "list"),
            ("prompts/get", Some("p"), "p"),
            ("prompts/get", Some("read"), "p"),
            ("resources/read", Some("f://a/b"), "ab a"),
            ("resources/subscribe", Some("f://a/b"), "ab a"),
            ("resources/read", Some("f://a/c"), "a"),
            ("resources/read", Some("F://a/c"), "ab a"),
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
        assert_eq!(needed(&tools_only, "prompts/get", Some("any")), "");
        assert_eq!(
            closed.0.everything().to_string(),
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
                rules.needed_by_body(body.as_bytes()).to_string(),
                want,
                "{body}"
            );
        }
    }
}
