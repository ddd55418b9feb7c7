use std::fmt;
use std::time::Duration;

use crate::base::url_rule::UrlError;
use crate::jwks::{KeySetError, SkipReason};

/// An error in a configuration. The message names the setting, its value, and how to correct it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// Neither `audience` nor `resource` is set, so it is unknown which tokens are meant for this
    /// server.
    #[non_exhaustive]
    AudienceMissing {
        /// The issuer whose tokens would be accepted for any audience.
        issuer: String,
    },
    /// Two settings exclude each other.
    #[non_exhaustive]
    Conflict {
        /// One setting.
        first: &'static str,
        /// The other setting.
        second: &'static str,
    },
    /// No crypto back end is compiled in.
    CryptoMissing,
    /// An issuer is configured twice.
    #[non_exhaustive]
    DuplicateIssuer {
        /// The issuer.
        issuer: String,
    },
    /// A duration is outside its bounds.
    #[non_exhaustive]
    DurationOutOfBounds {
        /// The setting.
        setting: &'static str,
        /// Its value.
        value: Duration,
        /// The smallest value that is allowed.
        least: Duration,
        /// The largest value that is allowed.
        most: Duration,
    },
    /// A setting is present but empty.
    #[non_exhaustive]
    Empty {
        /// The setting.
        setting: &'static str,
    },
    /// A setting needs a feature that is not compiled in.
    #[non_exhaustive]
    FeatureMissing {
        /// The setting.
        setting: &'static str,
        /// The feature.
        feature: &'static str,
    },
    /// A realm or scope contains characters that would break a challenge.
    #[non_exhaustive]
    InvalidCharacters {
        /// The setting.
        setting: &'static str,
        /// Its value.
        value: String,
    },
    /// A static key cannot be used.
    #[non_exhaustive]
    InvalidKey {
        /// The setting.
        setting: &'static str,
        /// Why the key cannot be used.
        reason: StaticKeyError,
    },
    /// A URL cannot be used.
    #[non_exhaustive]
    InvalidUrl {
        /// The setting.
        setting: &'static str,
        /// Its value.
        value: String,
        /// Why the URL cannot be used.
        reason: UrlError,
    },
    /// No issuer is set.
    IssuerMissing,
    /// None of the static keys fits an allowed algorithm.
    #[non_exhaustive]
    NoKeyForAlgorithms {
        /// The issuer, none of whose tokens could be verified.
        issuer: String,
    },
    /// `scope_claims` names a claim that is read for another purpose.
    #[non_exhaustive]
    NoScopeClaim {
        /// The claim.
        name: String,
    },
    /// The issuer is not a URL, so its keys cannot be discovered.
    #[non_exhaustive]
    NotDiscoverable {
        /// The issuer.
        issuer: String,
    },
    /// A list of scopes contains `offline_access`. This scope is a matter between a client and its
    /// issuer: a server that lists it makes clients request refresh tokens that they may not want
    /// (MCP authorization, "Refresh Tokens").
    #[non_exhaustive]
    OfflineAccess {
        /// The setting.
        setting: &'static str,
    },
    /// `keys_of` names a layer with other settings for the keys of an issuer.
    #[non_exhaustive]
    OtherKeySettings {
        /// The issuer that both name.
        issuer: String,
        /// The setting that differs.
        setting: &'static str,
    },
    /// A duration is below another that bounds it.
    #[non_exhaustive]
    OutOfOrder {
        /// The setting that must not be smaller.
        larger: &'static str,
        /// Its value.
        larger_value: Duration,
        /// The setting that bounds it.
        smaller: &'static str,
        /// Its value.
        smaller_value: Duration,
    },
    /// A setting describes the resource, but `resource` is not set.
    #[non_exhaustive]
    ResourceMissing {
        /// The setting.
        setting: &'static str,
    },
    /// `HS*` is listed, but the keys are fetched or are not secrets.
    #[non_exhaustive]
    SymmetricAlgorithm {
        /// The algorithm.
        algorithm: &'static str,
    },
    /// The issuer stands for every tenant of Entra ID at once; no token names it.
    #[non_exhaustive]
    TenantTemplate {
        /// The issuer.
        issuer: String,
    },
    /// A number is too large.
    #[non_exhaustive]
    TooMany {
        /// The setting.
        setting: &'static str,
        /// Its value.
        value: usize,
        /// The largest value that is allowed.
        most: usize,
    },
    /// No supported algorithm has this name.
    #[non_exhaustive]
    UnknownAlgorithm {
        /// The name.
        name: String,
    },
}

/// The reason why a static key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StaticKeyError {
    /// The key is not a JSON object.
    NotAnObject,
    /// The text is not the PEM text of an RSA, EC or Ed25519 public key.
    NotPem,
    /// The snapshot holds the keys of another issuer.
    OtherIssuer,
    /// The set has no usable key.
    Unusable(KeySetError),
}

impl StaticKeyError {
    const fn way_out(&self) -> &'static str {
        match self {
            Self::NotAnObject => "give a JWK, as a JSON object",
            Self::NotPem => "give the text with its BEGIN PUBLIC KEY line",
            Self::OtherIssuer => "export the keys of this issuer",
            Self::Unusable(KeySetError::NoUsableKey {
                skipped: Some(SkipReason::Symmetric),
            }) => "list the HS algorithm of the secret in algorithms",
            Self::Unusable(_) => "give a public key of a supported type (RSA, EC, Ed25519, ML-DSA)",
        }
    }
}

impl fmt::Display for StaticKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnObject => f.write_str("it is not a JSON object"),
            Self::NotPem => f.write_str(
                "it is not PEM text of an RSA, EC (P-256, P-384, P-521) or Ed25519 public key",
            ),
            Self::OtherIssuer => f.write_str("it holds the keys of another issuer"),
            Self::Unusable(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AudienceMissing { issuer } => write!(
                f,
                "audience is missing for issuer {issuer:?}: set resource or audience to what its tokens must name, \
                 or call danger_allow_any_audience()"
            ),
            Self::Conflict { first, second } => {
                write!(f, "{first} and {second} are both set: keep one of them")
            }
            Self::CryptoMissing => f.write_str(
                "no crypto back end is compiled in: turn on the feature aws_lc_rs or rust_crypto",
            ),
            Self::DuplicateIssuer { issuer } => {
                write!(
                    f,
                    "issuer {issuer:?} is configured twice: merge the two entries of issuers"
                )
            }
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
            Self::FeatureMissing { setting, feature } => {
                write!(
                    f,
                    "{setting} needs the feature {feature}: turn it on, or use jwk, jwks or a key_source"
                )
            }
            Self::InvalidCharacters { setting, value } => write!(
                f,
                "{setting} {value:?} would break a challenge: leave out quotes, backslashes, control and non-ASCII \
                 characters, and names such as scope="
            ),
            Self::InvalidKey { setting, reason } => {
                write!(
                    f,
                    "{setting} cannot be used: {reason}; {}",
                    reason.way_out()
                )
            }

            Self::InvalidUrl {
                setting,
                value,
                reason,
            } => write!(f, "{setting} {value:?} {reason}"),
            Self::IssuerMissing => {
                f.write_str("issuer is missing: set issuer, or issuers for several")
            }
            Self::NoKeyForAlgorithms { issuer } => write!(
                f,
                "no key of issuer {issuer:?} fits one of algorithms: add the algorithm of the key, or leave algorithms out"
            ),
            Self::NoScopeClaim { name } => write!(
                f,
                "scope_claims lists {name:?}, a claim with another meaning: remove it"
            ),
            Self::NotDiscoverable { issuer } => write!(
                f,
                "issuer {issuer:?} is no URL, so its keys cannot be discovered: set jwks_uri, jwks or jwk"
            ),
            Self::OfflineAccess { setting } => write!(
                f,
                "{setting} lists offline_access: remove it, since no operation of a server needs it"
            ),
            Self::OtherKeySettings { issuer, setting } => write!(
                f,
                "keys_of cannot share the keys of issuer {issuer:?}: {setting} is not as in the other layer; \
                 make both from clones of one builder, or leave keys_of out"
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
            Self::ResourceMissing { setting } => write!(
                f,
                "{setting} is set, but without resource there is no metadata to say it: set resource too"
            ),
            Self::SymmetricAlgorithm { algorithm } => write!(
                f,
                "algorithms lists {algorithm}, which works only with a static secret (a jwk or jwks with kty oct): remove it"
            ),
            Self::TenantTemplate { issuer } => write!(
                f,
                "issuer {issuer:?} stands for every tenant, but a token names one: put the tenant id in its place, \
                 and list several tenants in issuers"
            ),
            Self::TooMany {
                setting,
                value,
                most,
            } => write!(f, "{setting} is {value}: give at most {most}"),
            Self::UnknownAlgorithm { name } => write!(
                f,
                "algorithms lists {name:?}, which is not supported: use names such as RS256, ES256 or EdDSA"
            ),
        }
    }
}

impl std::error::Error for ConfigError {}

impl std::error::Error for StaticKeyError {}

fn shown(duration: Duration) -> humantime::FormattedDuration {
    humantime::format_duration(duration)
}
