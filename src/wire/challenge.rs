use http::HeaderValue;

use crate::base::scopes::ScopeSet;
use crate::wire::credentials::Scheme;
use crate::wire::resource::ProtectedResource;

/// What a challenge says went wrong: the code, and a sentence for developers.
pub(crate) type ChallengeError<'e> = (&'e str, &'e str);

/// The challenges of one response, `Bearer` first: some clients read only the first line, and some
/// ignore a line of another scheme.
///
/// Only the challenge of the scheme that was used has the error (RFC 9449 §7.2). All have the same
/// scopes and the same metadata, so it does not matter which one a client reads. A request
/// with `DPoP` gets no other challenge: RFC 9449 §7.2 lets a client that sees `Bearer` send its
/// bound token as a bearer token.
pub(crate) fn challenges(
    resource: &ProtectedResource,
    used: Scheme,
    error: Option<ChallengeError<'_>>,
    scopes: &ScopeSet,
) -> Vec<HeaderValue> {
    let bound_tokens = &resource.bound_tokens;
    let lines: &[_] = match used {
        Scheme::Dpop => &[(Scheme::Dpop, error)],
        Scheme::Bearer if bound_tokens.only_dpop() => &[(Scheme::Dpop, error)],
        Scheme::Bearer if bound_tokens.dpop_algs.is_some() => {
            &[(Scheme::Bearer, error), (Scheme::Dpop, None)]
        }
        Scheme::Bearer => &[(Scheme::Bearer, error)],
    };
    let lines = lines.iter();
    lines
        .map(|(scheme, error)| challenge(resource, *scheme, *error, scopes))
        .collect()
}

/// The challenges of a request whose scheme is unknown, because it has several: every scheme that
/// is on, with the error.
pub(crate) fn challenges_of_all(
    resource: &ProtectedResource,
    error: Option<ChallengeError<'_>>,
) -> Vec<HeaderValue> {
    let dpop = resource.bound_tokens.dpop_algs.is_some();
    let schemes = [Some(Scheme::Bearer), dpop.then_some(Scheme::Dpop)];
    let schemes = schemes.into_iter().flatten();
    schemes
        .map(|scheme| challenge(resource, scheme, error, &ScopeSet::default()))
        .collect()
}

/// A `WWW-Authenticate` value (RFC 6750 §3, RFC 9449 §7.1, RFC 9728 §5.1).
///
/// The order of the parameters is fixed and nothing varies from one response to the next: some
/// clients take the first match of each parameter anywhere in the line, and some compare whole
/// lines to detect loops.
fn challenge(
    resource: &ProtectedResource,
    scheme: Scheme,
    error: Option<ChallengeError<'_>>,
    scopes: &ScopeSet,
) -> HeaderValue {
    let scope = advertised(scopes);
    let algs = match scheme {
        Scheme::Bearer => None,
        Scheme::Dpop => resource.bound_tokens.dpop_algs.as_deref(),
    };
    let parameters = [
        ("realm", resource.realm.as_deref()),
        ("error", error.map(|(code, _)| code)),
        ("scope", (!scope.is_empty()).then_some(scope.as_str())),
        ("resource_metadata", resource.metadata_url.as_deref()),
        ("algs", algs),
        (
            "error_description",
            error.map(|(_, description)| description),
        ),
    ];
    let parameters: Vec<String> = parameters
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}=\"{}\"", value?)))
        .collect();
    let scheme = scheme.name();
    let line = match parameters.is_empty() {
        // RFC 6750 §3: the scheme must be followed by at least one parameter.
        true => format!("{scheme} realm=\"{DEFAULT_REALM}\""),
        false => format!("{scheme} {}", parameters.join(", ")),
    };
    // Configured text was checked with `is_quotable`; the rest is fixed text of this crate.
    HeaderValue::try_from(line).unwrap_or(HeaderValue::from_static("Bearer realm=\"mcp\""))
}

/// Whether `text` may be part of a challenge: printable ASCII without quote and backslash (`%x20-21
/// / %x23-5B / %x5D-7E`), and nothing that a client would take for another parameter.
pub(crate) fn is_quotable(text: &str) -> bool {
    let plain = text
        .bytes()
        .all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e));
    let lower = text.to_ascii_lowercase();
    plain
        && !PARAMETERS
            .iter()
            .any(|name| lower.split(name).skip(1).any(|rest| rest.starts_with('=')))
}

fn advertised(scopes: &ScopeSet) -> String {
    let quotable = scopes
        .as_slice()
        .iter()
        .filter(|scope| is_quotable(scope) && !scope.is_empty() && *scope != OFFLINE_ACCESS);
    quotable.map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// A scope that concerns only a client and its issuer, and should not be in a challenge (MCP
/// authorization, "Refresh Tokens").
pub(crate) const OFFLINE_ACCESS: &str = "offline_access";

/// The realm of a server that configures neither a realm nor metadata.
pub(crate) const DEFAULT_REALM: &str = "mcp";

/// RFC 6750 §3 and RFC 9728 §5.1.
const PARAMETERS: [&str; 6] = [
    "realm",
    "error",
    "error_description",
    "error_uri",
    "resource_metadata",
    "scope",
];

#[cfg(test)]
mod tests;
