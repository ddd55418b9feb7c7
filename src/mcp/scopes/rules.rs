//! The scopes that each operation requires.

use std::collections::{HashMap, HashSet};

use http::{HeaderMap, Method};

use super::uri::{is_plain, normalised, plain_template};
use crate::base::scopes::{ScopeHierarchy, ScopeSet};
use crate::limits::MAX_MCP_BODY_BYTES;
use crate::mcp::protocol::operation::{Operation, Target, TargetKind, from_headers};

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
    /// Rules for resources again, to be compared with other spellings of their URIs. Not those with
    /// a query or a fragment.
    normalised: Vec<Normalised>,
    all: ScopeSet,
}

#[derive(Clone, Debug)]
struct Normalised {
    uri: Vec<u8>,
    is_prefix: bool,
    scopes: ScopeSet,
}

/// Whether a rule covers a target.
enum Covered {
    No,
    /// A server may read the target as another one.
    Unknown,
    Yes,
}

/// The scopes that one request requires.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Needed {
    pub(super) scopes: ScopeSet,
    /// Set if no rule covers the operation, or if it cannot be read: a challenge would make the
    /// client ask its user for every scope there is.
    pub(super) withhold_challenge: bool,
}

/// Adds up what the operations of a request require. Each set of the rules is added once at most,
/// so that a request which names one resource a thousand times costs little more than one that
/// names it once.
#[derive(Default)]
struct Sum {
    needed: Needed,
    added: HashSet<*const ScopeSet>,
}

impl Sum {
    fn add(&mut self, scopes: &ScopeSet) {
        if self.added.insert(std::ptr::from_ref(scopes)) {
            self.needed.scopes.extend(scopes);
        }
    }

    fn add_without_rule(&mut self, scopes: &ScopeSet) {
        self.add(scopes);
        self.needed.withhold_challenge = true;
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
        self.resources.add_normalised(&uri, false, &scopes);
        self.resources.add(uri, &scopes);
    }

    pub(super) fn add_resources_under(&mut self, prefix: String, scopes: ScopeSet) {
        self.all.extend(&scopes);
        self.resources.add_normalised(&prefix, true, &scopes);
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
        Some(self.needed_for_all(&[operation]))
    }

    pub(super) fn needed_for_all(&self, operations: &[Operation<'_>]) -> Needed {
        let mut sum = Sum::default();
        for operation in operations {
            self.add_operation(&mut sum, operation);
        }
        sum.needed
    }

    /// What an unreadable operation requires. No readable operation requires more.
    pub(super) fn everything(&self) -> Needed {
        Needed {
            scopes: self.all.clone(),
            withhold_challenge: true,
        }
    }

    fn add_operation(&self, sum: &mut Sum, Operation { method, targets }: &Operation<'_>) {
        if let Some(by_method) = self.methods.get(&**method) {
            sum.add(by_method);
        }
        for Target { kind, name } in targets {
            let rules = match kind {
                TargetKind::Prompt => &self.prompts,
                TargetKind::Resource | TargetKind::Template => &self.resources,
                TargetKind::Tool => &self.tools,
            };
            let covered = match kind {
                TargetKind::Prompt | TargetKind::Tool => rules.judge(sum, name),
                TargetKind::Resource => rules.judge_resource(sum, name),
                TargetKind::Template => rules.judge_template(sum, name),
            };
            match (covered, &self.unlisted) {
                (Covered::Yes, _) => {}
                (Covered::No, Some(unlisted)) => sum.add(unlisted),
                (Covered::No, None) | (Covered::Unknown, _) => sum.add_without_rule(&rules.all),
            }
            rules.add_other_spellings(sum, name);
        }
    }
}

impl Targets {
    fn add(&mut self, name: String, scopes: &ScopeSet) {
        self.all.extend(scopes);
        self.exact.entry(name).or_default().extend(scopes);
    }

    fn add_normalised(&mut self, uri: &str, is_prefix: bool, scopes: &ScopeSet) {
        if !uri.contains(['?', '#']) {
            self.normalised.push(Normalised {
                uri: normalised(uri),
                is_prefix,
                scopes: scopes.clone(),
            });
        }
    }

    /// Adds the scopes that a resource requires.
    fn judge_resource(&self, sum: &mut Sum, uri: &str) -> Covered {
        // What a rule names byte for byte is what its author meant.
        match self.exact.contains_key(uri) || is_plain(uri) {
            true => self.judge(sum, uri),
            false => Covered::Unknown,
        }
    }

    /// Adds the scopes that every URI of a template requires, and the scopes of rules that cover
    /// only some of these URIs.
    fn judge_template(&self, sum: &mut Sum, template: &str) -> Covered {
        let is_exact = self.exact.contains_key(template);
        let Some(literal) = plain_template(template).filter(|_| !is_exact) else {
            return self.judge_resource(sum, template);
        };
        let mut covered = Covered::No;
        for (prefix, scopes) in &self.prefixes {
            if literal.starts_with(prefix.as_str()) {
                sum.add(scopes);
                covered = Covered::Yes;
            } else if prefix.starts_with(literal) {
                sum.add(scopes);
            }
        }
        for (uri, scopes) in &self.exact {
            if uri.starts_with(literal) {
                sum.add(scopes);
            }
        }
        let literal = normalised(literal);
        for rule in &self.normalised {
            if rule.uri.starts_with(&literal) || rule.is_prefix && literal.starts_with(&rule.uri) {
                sum.add(&rule.scopes);
            }
        }
        covered
    }

    /// Adds the scopes of all rules that cover the target.
    fn judge(&self, sum: &mut Sum, target: &str) -> Covered {
        let prefixes = self
            .prefixes
            .iter()
            .filter(|(prefix, _)| target.starts_with(prefix.as_str()))
            .map(|(_, scopes)| scopes);
        let mut covered = Covered::No;
        let exact = self.exact.get(target).into_iter();
        for scopes in exact.chain(prefixes) {
            sum.add(scopes);
            covered = Covered::Yes;
        }
        covered
    }

    /// Adds the scopes of the rules for other spellings of the URI `target`: it does not evade a
    /// narrow rule within a wide one. They cover nothing.
    fn add_other_spellings(&self, sum: &mut Sum, target: &str) {
        if self.normalised.is_empty() {
            return;
        }
        let uri = normalised(target);
        for rule in &self.normalised {
            let is_same = match rule.is_prefix {
                true => uri.starts_with(&rule.uri),
                false => uri == rule.uri,
            };
            if is_same {
                sum.add(&rule.scopes);
            }
        }
    }
}

#[cfg(test)]
mod tests;
