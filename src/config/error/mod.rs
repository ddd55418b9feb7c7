//! Errors in a configuration. `text` has their sentences, `static_key` the reasons why a key that
//! is part of the configuration cannot be used, `secret` those for secrets and their files, and
//! `in_entry` says which entry of `issuers` an error is about.
//! Long, because it lists every error.

mod in_entry;
mod secret;
mod static_key;
mod store_url;
mod text;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::base::url_rule::UrlError;
use crate::proof::TrustedPeersError;
pub use secret::{SecretError, SecretFileError};
pub use static_key::StaticKeyError;
pub use store_url::StoreUrlError;

/// An error in a configuration. The message names the setting, its value, and how to correct it.
///
/// `Debug` shows the same message, so that a `main` that returns the error prints a sentence;
/// `{:#?}` shows the variant with its fields.
///
/// ```
/// use tower_jwt_auth::{ConfigError, JwtAuthConfig};
///
/// # #[cfg(any(feature = "aws_lc_rs", feature = "rust_crypto"))] {
/// let error = JwtAuthConfig::builder().build().unwrap_err();
/// assert_eq!(format!("{error:?}"), error.to_string());
/// assert_eq!(format!("{error:#?}"), "IssuerMissing");
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// Neither `audience` nor `resource` is set, so it is unknown which tokens are meant for this
    /// server.
    #[non_exhaustive]
    AudienceMissing {
        /// The issuer whose tokens would be accepted for any audience.
        issuer: String,
    },
    /// `introspection` does not say how this server authenticates itself at the endpoint (RFC 7662
    /// §2.1).
    ClientAuthMissing,
    /// `introspection.auth` does not fit the credentials.
    #[non_exhaustive]
    ClientAuthUnfit {
        /// The way that is set.
        auth: &'static str,
        /// The setting that holds the credential.
        setting: &'static str,
        /// The ways that fit it.
        fitting: Vec<&'static str>,
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
    /// The introspection endpoint is neither set, nor can it be discovered: the issuer is not a
    /// URL.
    #[non_exhaustive]
    EndpointMissing {
        /// The issuer.
        issuer: String,
    },
    /// A setting needs a feature that is not compiled in.
    #[non_exhaustive]
    FeatureMissing {
        /// The setting.
        setting: &'static str,
        /// The feature.
        feature: &'static str,
    },
    /// A configuration is given two fleets, or one in a file and one in the program.
    FleetTwice,
    /// The value of a setting in an entry of `issuers` is wrong.
    #[non_exhaustive]
    InEntry {
        /// The place of the entry in the list, counted from 0.
        index: usize,
        /// The issuer of the entry.
        issuer: String,
        /// What is wrong.
        error: Box<Self>,
    },
    /// A setting needs another one.
    #[non_exhaustive]
    Incomplete {
        /// The setting.
        setting: &'static str,
        /// The setting that is missing.
        missing: &'static str,
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
    /// `fleet.namespace` has other characters than letters, digits, `.`, `_` and `-`, or more than
    /// 64.
    #[non_exhaustive]
    InvalidNamespace {
        /// Its value; not shown if it is a URL.
        namespace: String,
    },
    /// A secret cannot be used. It is not shown.
    #[non_exhaustive]
    InvalidSecret {
        /// The setting.
        setting: &'static str,
        /// Which of the secrets in it, counted from 1.
        number: usize,
        /// Why the secret cannot be used.
        reason: SecretError,
    },
    /// `fleet.redis` cannot be used.
    #[non_exhaustive]
    InvalidStoreUrl {
        /// Its value without user and password.
        url: String,
        /// Why the URL cannot be used.
        reason: StoreUrlError,
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
    /// The issuer is the URL of its metadata or key set, or of another document under
    /// `/.well-known/`. No token names such a URL in `iss`.
    #[non_exhaustive]
    IssuerIsDocument {
        /// The setting: `issuer` or `authorization_servers`.
        setting: &'static str,
        /// The issuer.
        issuer: String,
        /// The issuer that was probably meant.
        probably: String,
    },
    /// No issuer is set.
    IssuerMissing,
    /// A value is listed twice.
    #[non_exhaustive]
    ListedTwice {
        /// The setting.
        setting: &'static str,
        /// The value.
        value: String,
    },
    /// `mtls.header.name` is not a header name, or names a header with another meaning.
    #[non_exhaustive]
    NoCertificateHeader {
        /// The name.
        name: String,
    },
    /// None of the static keys fits an allowed algorithm.
    #[non_exhaustive]
    NoKeyForAlgorithms {
        /// The issuer, none of whose tokens could be verified.
        issuer: String,
    },
    /// `dpop.algorithms` lists an algorithm that is not supported, or that needs a shared secret.
    #[non_exhaustive]
    NoProofAlgorithm {
        /// Its name.
        name: String,
    },
    /// `keys_of` names a layer with other settings for the keys of an issuer.
    #[non_exhaustive]
    OtherKeySettings {
        /// The issuer that both name.
        issuer: String,
        /// The setting that differs.
        setting: &'static str,
    },
    /// `scope_claims` names a claim that is read for another purpose.
    #[non_exhaustive]
    NoScopeClaim {
        /// The claim.
        name: String,
    },
    /// An entry of `token_sources` has an impossible name, or the name of a header with
    /// another meaning.
    #[non_exhaustive]
    NoTokenSource {
        /// What it is meant to be: `cookie`, `header` or `websocket_protocol`.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// The issuer is not a URL, so its keys cannot be discovered.
    #[non_exhaustive]
    NotDiscoverable {
        /// The issuer.
        issuer: String,
    },
    /// A value holds a variable such as `${ISSUER}`, which nothing has replaced.
    #[non_exhaustive]
    NotReplaced {
        /// The setting.
        setting: &'static str,
        /// The variable.
        variable: String,
    },
    /// A number is outside its bounds.
    #[non_exhaustive]
    NumberOutOfBounds {
        /// The setting.
        setting: &'static str,
        /// Its value.
        value: usize,
        /// The smallest value that is allowed.
        least: usize,
        /// The largest value that is allowed.
        most: usize,
    },
    /// A list of scopes contains `offline_access`. This scope is a matter between a client and its
    /// issuer: a server that lists it makes clients request refresh tokens that they may not want
    /// (MCP authorization, "Refresh Tokens").
    #[non_exhaustive]
    OfflineAccess {
        /// The setting.
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
    /// `dpop` is set, but neither `resource` nor `dpop.public_url`, so it is unknown which URL a
    /// proof must name.
    PublicUrlMissing,
    /// A setting describes the resource, but `resource` is not set.
    #[non_exhaustive]
    ResourceMissing {
        /// The setting.
        setting: &'static str,
    },
    /// `snapshot_file` cannot be a file.
    #[non_exhaustive]
    SnapshotFileIsFolder {
        /// Its value.
        path: PathBuf,
    },
    /// Two issuers have the same `snapshot_file`, so that each would replace the keys of the other.
    #[non_exhaustive]
    SnapshotFileShared {
        /// The path, as the second issuer has it.
        path: PathBuf,
        /// One issuer.
        first: String,
        /// The other issuer.
        second: String,
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
    /// Several issuers have `introspection`, and it is unknown which of them an opaque token is of.
    #[non_exhaustive]
    TokenPrefixMissing {
        /// The issuer without `introspection.token_prefix`.
        issuer: String,
    },
    /// A token that begins with one `introspection.token_prefix` can begin with another as well.
    #[non_exhaustive]
    TokenPrefixShared {
        /// One issuer.
        first: String,
        /// Its prefix.
        first_prefix: String,
        /// The other issuer.
        second: String,
        /// Its prefix.
        second_prefix: String,
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
    /// More issuers than [`issuers_limit`](crate::config::JwtAuthConfigBuilder::issuers_limit).
    #[non_exhaustive]
    TooManyIssuers {
        /// How many there are.
        count: usize,
        /// The limit.
        most: usize,
    },
    /// An entry of `mtls.header.trusted_peers` cannot be used.
    #[non_exhaustive]
    TrustedPeers {
        /// What is wrong with it.
        reason: TrustedPeersError,
    },
    /// `mtls.header` does not say whose header is believed.
    TrustedPeersMissing,
    /// No supported algorithm has this name.
    #[non_exhaustive]
    UnknownAlgorithm {
        /// The name.
        name: String,
    },
    /// No value of the setting has this name.
    #[non_exhaustive]
    UnknownName {
        /// The setting.
        setting: &'static str,
        /// The name.
        name: String,
        /// The names that there are.
        known: Vec<&'static str>,
    },
    /// A file with a secret or a key cannot be used. Its content is not shown.
    #[non_exhaustive]
    UnusableFile {
        /// The setting.
        setting: &'static str,
        /// Its value.
        path: PathBuf,
        /// Why the file cannot be used.
        reason: SecretFileError,
    },
    /// The settings of `fleet` do not fit each other, or a file does not fit them.
    #[non_exhaustive]
    UnusableStore {
        /// What is wrong.
        reason: String,
    },
}

impl std::error::Error for ConfigError {}

/// Written by hand: `Error: ..` of a `main` that returns an error shows its `Debug`.
impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        macro_rules! variants {
            ($($variant:ident { $($field:ident),* })*) => {
                match self {
                    $(Self::$variant { $($field),* } => f
                        .debug_struct(stringify!($variant))
                        $(.field(stringify!($field), $field))*
                        .finish(),)*
                }
            };
        }
        if !f.alternate() {
            return fmt::Display::fmt(self, f);
        }
        variants! {
            AudienceMissing { issuer }
            ClientAuthMissing {}
            ClientAuthUnfit { auth, setting, fitting }
            Conflict { first, second }
            CryptoMissing {}
            DuplicateIssuer { issuer }
            DurationOutOfBounds { setting, value, least, most }
            Empty { setting }
            EndpointMissing { issuer }
            FeatureMissing { setting, feature }
            FleetTwice {}
            InEntry { index, issuer, error }
            Incomplete { setting, missing }
            InvalidCharacters { setting, value }
            InvalidKey { setting, reason }
            InvalidNamespace { namespace }
            InvalidSecret { setting, number, reason }
            InvalidStoreUrl { url, reason }
            InvalidUrl { setting, value, reason }
            IssuerIsDocument { setting, issuer, probably }
            IssuerMissing {}
            ListedTwice { setting, value }
            NoCertificateHeader { name }
            NoKeyForAlgorithms { issuer }
            NoProofAlgorithm { name }
            NoScopeClaim { name }
            NoTokenSource { kind, name }
            OtherKeySettings { issuer, setting }
            NotDiscoverable { issuer }
            NotReplaced { setting, variable }
            NumberOutOfBounds { setting, value, least, most }
            OfflineAccess { setting }
            OutOfOrder { larger, larger_value, smaller, smaller_value }
            PublicUrlMissing {}
            ResourceMissing { setting }
            SnapshotFileIsFolder { path }
            SnapshotFileShared { path, first, second }
            SymmetricAlgorithm { algorithm }
            TenantTemplate { issuer }
            TokenPrefixMissing { issuer }
            TokenPrefixShared { first, first_prefix, second, second_prefix }
            TooMany { setting, value, most }
            TooManyIssuers { count, most }
            TrustedPeers { reason }
            TrustedPeersMissing {}
            UnknownAlgorithm { name }
            UnknownName { setting, name, known }
            UnusableFile { setting, path, reason }
            UnusableStore { reason }
        }
    }
}
