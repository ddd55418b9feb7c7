//! The scopes, and which of the requested ones are granted.

use std::fmt;

pub(super) const READ: &str = "mcp:read";
pub(super) const WRITE: &str = "mcp:write";
/// Requests a refresh token. It is granted only on request, because some clients that hold one use
/// it when a scope is missing, instead of requesting the scope.
pub(super) const OFFLINE: &str = "offline_access";

const SUPPORTED: [&str; 3] = [READ, WRITE, OFFLINE];

/// Clients request `offline_access` wherever it is advertised (MCP, SEP-2207), so it is not, unless
/// the user of this program wants it.
pub(super) fn advertised(offline_access: bool) -> &'static [&'static str] {
    match offline_access {
        true => &SUPPORTED,
        false => &[READ, WRITE],
    }
}

#[derive(Clone, Debug)]
pub(super) struct Scopes(Vec<&'static str>);

impl Scopes {
    /// The scopes granted for a request's `scope` (RFC 6749 §3.3): all that exist, and reading when
    /// none of them is for the resource. `None` when none exists.
    pub(super) fn asked(scope: Option<&str>) -> Option<Self> {
        let asked: Vec<&str> = scope.unwrap_or(READ).split(' ').collect();
        let mut granted = SUPPORTED.to_vec();
        granted.retain(|scope| asked.contains(scope));
        if granted == [OFFLINE] {
            granted.insert(0, READ);
        }
        (!granted.is_empty()).then_some(Self(granted))
    }

    /// The same scopes or fewer, as a refresh may request them (RFC 6749 §6).
    pub(super) fn narrowed(&self, scope: Option<&str>) -> Option<Self> {
        let Some(scope) = scope else {
            return Some(self.clone());
        };
        let asked: Vec<&str> = scope.split(' ').collect();
        let mut narrowed = self.0.clone();
        narrowed.retain(|own| asked.contains(own));
        (narrowed.len() == asked.len()).then_some(Self(narrowed))
    }

    pub(super) fn contains(&self, scope: &str) -> bool {
        self.0.contains(&scope)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().copied()
    }

    /// The claim `scope`, without `offline_access`, which does not concern the resource server.
    pub(super) fn for_resource(&self) -> String {
        let scopes: Vec<_> = self.iter().filter(|scope| *scope != OFFLINE).collect();
        scopes.join(" ")
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}
