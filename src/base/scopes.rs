//! Scopes as RFC 6749 §3.3 defines them: separated only by U+0020, compared byte for byte.

use std::fmt;
use std::sync::Arc;

/// The scopes of a token or of an operation: without duplicates, in the order in which they first
/// appear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ScopeSet(Vec<String>);

impl ScopeSet {
    /// Adds the scopes in `text`. Characters are not checked: a malformed scope simply matches
    /// nothing.
    fn add_list(&mut self, text: &str) {
        text.split(' ')
            .filter(|scope| !scope.is_empty())
            .for_each(|scope| self.add(scope));
    }

    pub(crate) fn contains(&self, scope: &str) -> bool {
        self.0.iter().any(|own| own == scope)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// The scopes that a route or an operation needs. A text without any scope, for example from an
    /// empty setting, is kept as a scope that no token has, so that nothing is open by mistake.
    pub(crate) fn required<S: AsRef<str>>(lists: impl IntoIterator<Item = S>) -> Self {
        let mut set = Self::default();
        for list in lists {
            let list = list.as_ref();
            match list.bytes().all(|byte| byte == b' ') {
                true => set.add(""),
                false => set.add_list(list),
            }
        }
        set
    }

    fn add(&mut self, scope: &str) {
        if !self.contains(scope) {
            self.0.push(scope.to_owned());
        }
    }

    pub(crate) fn extend(&mut self, other: &Self) {
        other.0.iter().for_each(|scope| self.add(scope));
    }

    pub(crate) fn union(&self, other: &Self) -> Self {
        let mut all = self.clone();
        all.extend(other);
        all
    }
}

/// Whether `granted` grants `needed`, directly or through `hierarchy`.
pub(crate) fn grants<'g>(
    granted: impl Iterator<Item = &'g str> + Clone,
    needed: &str,
    hierarchy: Option<&ScopeHierarchy>,
) -> bool {
    granted.clone().any(|own| own == needed)
        || hierarchy.is_some_and(|h| granted.clone().any(|own| h.implies(own, needed)))
}

impl<S: AsRef<str>> FromIterator<S> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = S>>(lists: I) -> Self {
        let mut set = Self::default();
        for list in lists {
            set.add_list(list.as_ref());
        }
        set
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

/// Defines which broad scope implies which narrow scope: `implies(granted, needed)`.
///
/// The MCP authorization spec asks servers to account for scope hierarchies, which only the
/// application knows.
#[derive(Clone)]
pub(crate) struct ScopeHierarchy(Arc<Implies>);

type Implies = dyn Fn(&str, &str) -> bool + Send + Sync;

impl ScopeHierarchy {
    pub(crate) fn new(implies: impl Fn(&str, &str) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(implies))
    }

    fn implies(&self, granted: &str, needed: &str) -> bool {
        (self.0)(granted, needed)
    }
}

impl fmt::Debug for ScopeHierarchy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScopeHierarchy")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> ScopeSet {
        [text].into_iter().collect()
    }

    #[test]
    fn splitting() {
        let cases: [(&str, &str, &[&str]); 6] = [
            ("two", "a b", &["a", "b"]),
            ("none", "", &[]),
            ("spaces only", "   ", &[]),
            ("repeats keep the first place", "b a  b", &["b", "a"]),
            ("a tab is part of a scope", "a\tb", &["a\tb"]),
            ("no-break space too", "a\u{a0}b", &["a\u{a0}b"]),
        ];
        for (name, text, want) in cases {
            assert_eq!(set(text).as_slice(), want, "{name}");
        }
    }

    #[test]
    fn granting() {
        let admin = ScopeHierarchy::new(|granted, _| granted == "admin");
        let cases = [
            ("all there", "a b", "b a", None, true),
            ("one is missing", "a", "a b", None, false),
            ("nothing needed", "", "", None, true),
            (
                "a longer name is another scope",
                "mcp:readwrite",
                "mcp:read",
                None,
                false,
            ),
            ("case counts", "MCP:read", "mcp:read", None, false),
            (
                "a broad scope without a hierarchy",
                "admin",
                "mcp:read",
                None,
                false,
            ),
            (
                "a broad scope with one",
                "admin",
                "mcp:read",
                Some(&admin),
                true,
            ),
            (
                "a hierarchy adds nothing to others",
                "user",
                "mcp:read",
                Some(&admin),
                false,
            ),
        ];
        for (name, granted, needed, hierarchy, want) in cases {
            let (granted, needed) = (set(granted), set(needed));
            let granted = granted.as_slice().iter().map(String::as_str);
            let all = needed
                .as_slice()
                .iter()
                .all(|scope| grants(granted.clone(), scope, hierarchy));
            assert_eq!(all, want, "{name}");
        }
    }
}
