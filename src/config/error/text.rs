//! The sentences: each says what is wrong, which value it is, and what to do.

use std::fmt;
use std::time::Duration;

use super::ConfigError;
use crate::base::url_rule::{UrlError, with_scheme};
use crate::limits::MAX_ISSUERS;

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AudienceMissing { issuer } => write!(
                f,
                "audience is missing for issuer {issuer:?}: set resource or audience to what its tokens must name, \
                 or call danger_allow_any_audience()"
            ),
            Self::ClientAuthMissing => f.write_str(
                "introspection has no client authentication, and no endpoint may answer without it: set \
                 introspection.client_id with introspection.client_secret, introspection.client_secret_file or \
                 introspection.private_key_file, or set introspection.bearer_token_file",
            ),
            Self::ClientAuthUnfit {
                auth,
                setting,
                fitting,
            } => write!(
                f,
                "introspection.auth is {auth:?}, which does not fit {setting}: leave it out, or use {}",
                either(fitting)
            ),
            Self::Conflict {
                first: "issuers",
                second: "introspection",
            } => f.write_str(
                "issuers and introspection are both set, but one endpoint must not see the tokens of several issuers: \
                 move introspection into the entry of the issuer that it asks",
            ),
            Self::Conflict {
                first: "pin_jwks_host",
                second,
            } => write!(
                f,
                "pin_jwks_host accepts only keys from the host of the issuer, but {second} is on another host: \
                 remove one of the two settings"
            ),
            Self::Conflict { first, second } => {
                write!(f, "{first} and {second} are both set: keep one of them")
            }
            Self::CryptoMissing => f.write_str(
                "no crypto back end is compiled in: turn on the feature aws_lc_rs or rust_crypto",
            ),
            Self::DuplicateIssuer { issuer } => write!(
                f,
                "issuer {issuer:?} is configured twice: merge the two entries of issuers"
            ),
            Self::DurationOutOfBounds {
                setting,
                value,
                least,
                most,
            } => write!(
                f,
                "{setting} is {}: it must be between {} and {}",
                shown(*value),
                shown(*least),
                shown(*most)
            ),
            Self::Empty { setting } => {
                write!(f, "{setting} is empty: give it a value or leave it out")
            }
            Self::EndpointMissing { issuer } => write!(
                f,
                "introspection.endpoint is missing: issuer {issuer:?} is not an https URL, so no metadata says it; \
                 set introspection.endpoint"
            ),
            Self::FeatureMissing {
                setting: "introspection",
                feature,
            } => write!(
                f,
                "introspection needs the feature {feature}: turn it on, or use an http_transport or an Introspector"
            ),
            Self::FeatureMissing {
                setting: "introspection.private_key_file",
                feature,
            } => write!(
                f,
                "introspection.private_key_file holds an RSA key, which needs the feature {feature}: turn it on, or \
                 use an EC or Ed25519 key"
            ),
            Self::FeatureMissing { setting, feature } => write!(
                f,
                "{setting} needs the feature {feature}: turn it on, or use jwk, jwks or a key_source"
            ),
            Self::FleetTwice => f.write_str(
                "there are two fleets: call fleet() once, or set fleet in the file and not in the program",
            ),
            Self::InEntry {
                index,
                issuer,
                error,
            } => write!(f, "issuers[{index}] ({issuer:?}): {error}"),
            Self::Incomplete {
                setting: "fleet",
                missing,
            } => write!(f, "{missing} is missing: a fleet has no default for it"),
            Self::Incomplete {
                setting: "require_bound_tokens",
                missing,
            } => write!(
                f,
                "require_bound_tokens is true without {missing}, so that no token could be accepted: set one of them, \
                 or leave it out"
            ),
            Self::Incomplete { setting, missing } => write!(
                f,
                "{setting} is set without {missing}: set both, or neither"
            ),
            Self::InvalidCharacters { setting, value } => write!(
                f,
                "{setting} {value:?} would break a challenge: leave out quotes, backslashes, control and non-ASCII \
                 characters, and names such as scope="
            ),
            Self::InvalidKey { setting, reason } => write!(
                f,
                "{setting} cannot be used: {reason}; {}",
                reason.way_out()
            ),
            Self::InvalidNamespace { namespace } => write!(
                f,
                "fleet.namespace {namespace:?} must have 1 to 64 letters, digits, '.', '_' and '-': name the service \
                 and its stage, such as mcp-prod"
            ),
            Self::InvalidSecret {
                setting,
                number,
                reason,
            } => write!(
                f,
                "secret {number} of {setting} cannot be used: {reason}; write 32 random bytes or more as base64url, \
                 which openssl rand -base64 32 | tr '+/' '-_' makes"
            ),
            Self::InvalidStoreUrl { url, reason } => write!(f, "fleet.redis {url:?} {reason}"),
            Self::InvalidUrl {
                setting,
                value,
                reason,
            } => {
                write!(f, "{setting} {value:?} {reason}")?;
                write_way_out(f, setting, value, *reason)
            }
            Self::IssuerIsDocument {
                setting,
                issuer,
                probably,
            } => {
                write!(f, "{setting} {issuer:?} is the URL of a ")?;
                let is_key_set = !issuer.contains("/.well-known/");
                f.write_str(match (is_key_set, *setting) {
                    (false, _) => {
                        "document, which no token names: set the issuer that the document states"
                    }
                    (true, "issuer") => {
                        "key set, which no token names: set jwks_uri to it, and issuer to what tokens name in iss"
                    }
                    (true, _) => {
                        "key set, which no token names: set the issuer whose keys it has"
                    }
                })?;
                write!(f, ", probably {probably:?}")
            }
            Self::IssuerMissing => {
                f.write_str("issuer is missing: set issuer, or issuers for several")
            }
            Self::ListedTwice { setting, value } => {
                write!(f, "{setting} lists {value:?} twice: remove one of them")
            }
            Self::NoCertificateHeader { name } => write!(
                f,
                "mtls.header.name is {name:?}, which cannot carry a certificate: set the name of the header that the \
                 proxy writes, such as \"client-cert\""
            ),
            Self::NoKeyForAlgorithms { issuer } => write!(
                f,
                "no key of issuer {issuer:?} fits any of the algorithms: add the algorithm of the key, or leave \
                 algorithms out"
            ),
            Self::OtherKeySettings { issuer, setting } => write!(
                f,
                "keys_of cannot share the keys of issuer {issuer:?}: {setting} is not as in the other layer; \
                 make both from clones of one builder, or leave keys_of out"
            ),
            Self::NoProofAlgorithm { name } => write!(
                f,
                "dpop.algorithms lists {name:?}, with which no proof can be signed: use names such as ES256, EdDSA or \
                 RS256"
            ),
            Self::NoScopeClaim { name } => write!(
                f,
                "scope_claims lists {name:?}, a claim with another meaning: remove it"
            ),
            Self::NoTokenSource {
                kind: "header",
                name,
            } => write!(
                f,
                "token_sources lists the header {name:?}, which cannot be a token: name another header, or write \
                 \"authorization\" for Authorization, and cookie or websocket_protocol for a part of these headers"
            ),
            Self::NoTokenSource { kind, name } => write!(
                f,
                "token_sources lists the {kind} {name:?}: a name has letters, digits and signs such as - and _ alone"
            ),
            Self::NotDiscoverable { issuer } => {
                write!(
                    f,
                    "issuer {issuer:?} is not a URL, so its keys cannot be discovered: "
                )?;
                match with_scheme(issuer) {
                    Some(url) => write!(
                        f,
                        "if its tokens name {url:?}, set that, otherwise set jwks_uri, jwks or jwk"
                    ),
                    None => f.write_str("set jwks_uri, jwks or jwk"),
                }
            }
            Self::NotReplaced { setting, variable } => write!(
                f,
                "{setting} contains {variable:?}, which nothing has replaced: this crate does not replace variables, \
                 so write the value, or replace it before the configuration is read"
            ),
            Self::NumberOutOfBounds {
                setting,
                value,
                least,
                most,
            } => write!(
                f,
                "{setting} is {value}: it must be between {least} and {most}"
            ),
            Self::OfflineAccess { setting } => write!(
                f,
                "{setting} lists offline_access: remove it, since no operation of a server needs it"
            ),
            Self::OutOfOrder {
                larger,
                larger_value,
                smaller,
                smaller_value,
            } => write!(
                f,
                "{larger} ({}) is below {smaller} ({}): raise {larger} or lower {smaller}",
                shown(*larger_value),
                shown(*smaller_value)
            ),
            Self::PublicUrlMissing => f.write_str(
                "dpop is set, but not the URL that a proof must name: set resource, or dpop.public_url to the URL at \
                 which clients reach the root of this service",
            ),
            Self::ResourceMissing { setting } => write!(
                f,
                "{setting} is set, but it is published in the resource metadata, which needs resource: set resource \
                 too, or remove {setting}"
            ),
            Self::SnapshotFileIsFolder { path } => write!(
                f,
                "snapshot_file {path:?} is a folder: add the name of a file in it"
            ),
            Self::SnapshotFileShared {
                path,
                first,
                second,
            } => write!(
                f,
                "snapshot_file {path:?} of issuer {second:?} is also the file of issuer {first:?}: give each its own"
            ),
            Self::SymmetricAlgorithm { algorithm } => write!(
                f,
                "algorithms lists {algorithm}, which works only with a static secret (a jwk or jwks with kty oct): \
                 remove it, or give a secret of at least {} bytes",
                least_secret(algorithm)
            ),
            Self::TenantTemplate { issuer } => write!(
                f,
                "issuer {issuer:?} stands for every tenant, but a token names one: put the tenant id in its place, \
                 and list several tenants in issuers"
            ),
            Self::TokenPrefixMissing { issuer } => write!(
                f,
                "introspection.token_prefix is missing for issuer {issuer:?}: several issuers have introspection, and \
                 a token must be shown only to its own, so set how its opaque tokens begin"
            ),
            Self::TokenPrefixShared {
                first,
                first_prefix,
                second,
                second_prefix,
            } => write!(
                f,
                "introspection.token_prefix {second_prefix:?} of issuer {second:?} and {first_prefix:?} of issuer \
                 {first:?} fit the same tokens: give each issuer a prefix that only its tokens have"
            ),
            Self::TooMany {
                setting,
                value,
                most,
            } => write!(f, "{setting} is {value}: give at most {most}"),
            Self::TooManyIssuers { count, most } => write!(
                f,
                "issuers lists {count} issuers: give at most {most}, or raise issuers_limit (up to {MAX_ISSUERS})"
            ),
            Self::TrustedPeers { reason } => write!(f, "mtls.header.trusted_peers: {reason}"),
            Self::TrustedPeersMissing => f.write_str(
                "mtls.header.trusted_peers is missing or empty: list the networks from which the proxy connects, such as \
                 \"10.0.0.0/8\", or \"unix\"; anybody else could write the header",
            ),
            Self::UnknownAlgorithm { name } => write!(
                f,
                "algorithms lists {name:?}, which is not supported: use names such as RS256, ES256 or EdDSA"
            ),
            Self::UnknownName {
                setting,
                name,
                known,
            } => write!(
                f,
                "{setting} is {name:?}, which is not known: use {}",
                either(known)
            ),
            Self::UnusableFile {
                setting,
                path,
                reason,
            } => write!(
                f,
                "{setting} {path:?} cannot be used: {reason}; {}",
                reason.way_out()
            ),
            Self::UnusableStore { reason } => {
                write!(f, "fleet cannot be used: {reason}")
            }
        }
    }
}

/// What to do about a URL, where its error does not say it.
fn write_way_out(
    f: &mut fmt::Formatter<'_>,
    setting: &str,
    value: &str,
    reason: UrlError,
) -> fmt::Result {
    match (reason, setting) {
        (UrlError::Fragment | UrlError::Query, "issuer" | "authorization_servers") => {
            f.write_str(": the issuer is the part before it")
        }
        (UrlError::Fragment | UrlError::Query, _) => f.write_str(": leave it out"),
        (UrlError::Credentials, _) => f.write_str(": leave them out"),
        (UrlError::TrailingSlash, _) => f.write_str(": leave it out"),
        (UrlError::NotAbsolute, _) => match with_scheme(value) {
            Some(url) => write!(f, ": probably {url:?}"),
            None => f.write_str(": write it with its scheme and host"),
        },
        _ => Ok(()),
    }
}

/// `a`, `a or b`, `a, b or c`.
fn either(names: &[&str]) -> String {
    match names {
        [names @ .., one, other] => {
            let before: String = names.iter().map(|name| format!("{name}, ")).collect();
            format!("{before}{one} or {other}")
        }
        names => names.concat(),
    }
}

/// RFC 7518 §3.2: as long as the hash.
fn least_secret(algorithm: &str) -> u8 {
    match algorithm {
        "HS384" => 48,
        "HS512" => 64,
        _ => 32,
    }
}

fn shown(duration: Duration) -> humantime::FormattedDuration {
    humantime::format_duration(duration)
}
