//! The scopes that each operation requires.

use std::collections::HashMap;

use http::{HeaderMap, Method};

use crate::base::scopes::{ScopeHierarchy, ScopeSet};
use crate::limits::MAX_MCP_BODY_BYTES;
use crate::mcp::protocol::operation::{Operation, Target, TargetKind, from_body, from_headers};

/// The rules of one layer, and its settings.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    methods: HashMap<String, ScopeSet>,
    prompts: Targets,
    resources: Targets,
    tools: Targets,
    unlisted: Option<ScopeSet>,
    /// The scopes of all rules.
    all: ScopeSet,
    pub(super) hierarchy: Option<ScopeHierarchy>,
    pub(super) always_read_body: bool,
    pub(super) max_body_bytes: usize,
}

#[derive(Clone, Debug, Default)]
struct Targets {
    exact: HashMap<String, ScopeSet>,
    prefixes: Vec<(String, ScopeSet)>,
    all: ScopeSet,
}

/// The scopes that one request requires.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Needed {
    pub(super) scopes: ScopeSet,
    /// Set if no rule covers the operation, or if it cannot be read: a challenge would make the
    /// client ask its user for every scope there is.
    pub(super) withhold_challenge: bool,
}

impl Needed {
    fn by_rule(scopes: ScopeSet) -> Self {
        Self {
            scopes,
            withhold_challenge: false,
        }
    }

    fn without_rule(scopes: &ScopeSet) -> Self {
        Self {
            scopes: scopes.clone(),
            withhold_challenge: true,
        }
    }

    fn and(mut self, other: Self) -> Self {
        self.scopes.extend(&other.scopes);
        self.withhold_challenge |= other.withhold_challenge;
        self
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            methods: HashMap::new(),
            prompts: Targets::default(),
            resources: Targets::default(),
            tools: Targets::default(),
            unlisted: None,
            all: ScopeSet::default(),
            hierarchy: None,
            always_read_body: false,
            max_body_bytes: MAX_MCP_BODY_BYTES,
        }
    }
}

impl Rules {
    pub(super) fn add_tool(&mut self, name: String, scopes: ScopeSet) {
        self.all.extend(&scopes);
        self.tools.add(name, &scopes);
    }

    pub(super) fn add_prompt(&mut self, name: String, scopes: ScopeSet) {
        self.all.extend(&scopes);
        self.prompts.add(name, &scopes);
    }

    pub(super) fn add_resource(&mut self, uri: String, scopes: ScopeSet) {
        self.all.extend(&scopes);
        self.resources.add(uri, &scopes);
    }

    pub(super) fn add_resources_under(&mut self, prefix: String, scopes: ScopeSet) {
        self.all.extend(&scopes);
        self.resources.all.extend(&scopes);
        self.resources.prefixes.push((prefix, scopes));
    }

    pub(super) fn add_method(&mut self, method: String, scopes: ScopeSet) {
        self.all.extend(&scopes);
        self.methods.entry(method).or_default().extend(&scopes);
    }

    pub(super) fn set_unlisted(&mut self, scopes: ScopeSet) {
        self.all.extend(&scopes);
        self.unlisted = Some(scopes);
    }

    /// `None` if the body has to be read first.
    pub(super) fn needed_by(&self, method: &Method, headers: &HeaderMap) -> Option<Needed> {
        // The MCP transport uses no other methods without a message. An unknown method may carry
        // one.
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

    /// What an unreadable operation requires. No readable operation requires more.
    pub(super) fn everything(&self) -> Needed {
        Needed::without_rule(&self.all)
    }

    fn needed_for(&self, Operation { method, targets }: &Operation<'_>) -> Needed {
        let by_method = self.methods.get(&**method).cloned().unwrap_or_default();
        targets
            .iter()
            .map(|target| self.needed_for_target(target))
            .fold(Needed::by_rule(by_method), Needed::and)
    }

    fn needed_for_target(&self, Target { kind, name }: &Target<'_>) -> Needed {
        let targets = match kind {
            TargetKind::Prompt => &self.prompts,
            TargetKind::Resource => &self.resources,
            TargetKind::Tool => &self.tools,
        };
        if *kind == TargetKind::Resource && !is_plain_uri(name) {
            return Needed::without_rule(&targets.all);
        }
        let by_rule = targets.needed_for(name).or_else(|| self.unlisted.clone());
        by_rule.map_or_else(|| Needed::without_rule(&targets.all), Needed::by_rule)
    }
}

impl Targets {
    fn add(&mut self, name: String, scopes: &ScopeSet) {
        self.all.extend(scopes);
        self.exact.entry(name).or_default().extend(scopes);
    }

    /// `None` if no rule covers it.
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

/// Whether a server that resolves the URI still finds it under the same prefix (RFC 3986 §5.2.4):
/// it has no dot segment, percent-encoded or not, and no backslash, which some servers read as a
/// slash.
fn is_plain_uri(uri: &str) -> bool {
    let mut segments = uri.split(['/', '?', '#']);
    let dots = segments.any(|segment| matches!(segment, "." | ".."));
    !dots && !uri.contains('\\') && !uri.to_ascii_lowercase().contains("%2e")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::McpScopesLayer;

    fn needed(scopes: &Rules, method: &str, name: Option<&str>) -> String {
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
        let Needed {
            scopes,
            withhold_challenge,
        } = scopes.needed_for(&operation);
        let suffix = if withhold_challenge {
            " (withheld)"
        } else {
            ""
        };
        format!("{scopes}{suffix}")
    }

    #[test]
    fn rules() {
        let scopes = McpScopesLayer::new()
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
            ("tools/call", Some("Read"), "call r w (withheld)"),
            ("tools/call", Some("new"), "call r w (withheld)"),
            ("tools/list", None, "list"),
            ("prompts/get", Some("p"), "p"),
            ("prompts/get", Some("read"), "p (withheld)"),
            ("resources/read", Some("f://a/b"), "ab a"),
            ("resources/subscribe", Some("f://a/b"), "ab a"),
            ("resources/read", Some("f://a/c"), "a"),
            ("resources/read", Some("F://a/c"), "ab a (withheld)"),
            ("resources/read", Some("f://a/../c"), "ab a (withheld)"),
            ("resources/read", Some("f://a/.%2E/c"), "ab a (withheld)"),
            ("resources/read", Some("f://a/c/.."), "ab a (withheld)"),
            ("resources/read", Some("f://a\\c"), "ab a (withheld)"),
            ("resources/read", Some("f://a/..c"), "a"),
            ("ping", None, ""),
        ];
        for (method, target, want) in cases {
            assert_eq!(
                needed(&scopes.0, method, target),
                want,
                "{method} {target:?}"
            );
        }
        let open = scopes.clone().unlisted([""; 0]);
        assert_eq!(needed(&open.0, "tools/call", Some("new")), "call");
        assert_eq!(needed(&open.0, "tools/call", Some("write")), "call r w");
        let closed = scopes.unlisted(["admin"]);
        assert_eq!(needed(&closed.0, "prompts/get", Some("new")), "admin");
        let tools_only = McpScopesLayer::new().tool("read", ["r"]);
        assert_eq!(
            needed(&tools_only.0, "prompts/get", Some("any")),
            " (withheld)"
        );
        let empty = McpScopesLayer::new().tool("delete", [""]);
        assert!(!empty.0.all.is_empty(), "a scope that no token has");
        assert_eq!(
            closed.0.everything().scopes.to_string(),
            "r w p ab a call list admin"
        );
    }

    #[test]
    fn a_batch_needs_all_and_the_unreadable_everything() {
        let rules = McpScopesLayer::new()
            .tool("read", ["r"])
            .tool("write", ["w"])
            .0;
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
