//! `dpop` and `mtls` in a file: names, spellings and types.

use std::path::PathBuf;
use std::time::Duration;

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::Deserialize;

use super::named::by_name;
#[cfg(feature = "schema")]
use super::schema::{Lasting, OneOf, OneOrMore, complete};
use super::values::{count, duration, flag, list, object, one_or_more, secrets};
use crate::base::secret::Secret;
use crate::crypto::Algorithm;
use crate::proof::settings::CertificateHeader;
#[cfg(feature = "schema")]
use crate::proof::{CertificateFormat, NonceMode};
use crate::proof::{Dpop, Mtls};

#[derive(Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(inline, transform = complete))]
#[serde(deny_unknown_fields)]
pub(super) struct DpopEntry {
    /// The algorithms that proofs may be signed with. Default: all asymmetric ones but ML-DSA.
    #[serde(default, deserialize_with = "list")]
    algorithms: Option<Vec<String>>,
    /// Where clients reach the root of this service: a URL or a list. Default: the origin of
    /// `resource`.
    #[serde(default, alias = "publicUrl", deserialize_with = "one_or_more")]
    #[cfg_attr(feature = "schema", schemars(with = "OneOrMore"))]
    public_url: Option<Vec<String>>,
    /// How far `iat` of a proof without a nonce may be from the clock, up to 5 minutes. Default: 60
    /// seconds.
    #[serde(default, alias = "proofWindow", deserialize_with = "duration")]
    #[cfg_attr(feature = "schema", schemars(with = "Lasting"))]
    proof_window: Option<Duration>,
    /// When a proof must hold a nonce of this server. Default: `auto`.
    #[cfg_attr(feature = "schema", schemars(with = "Option<OneOf<NonceMode>>"))]
    nonce: Option<String>,
    /// How long a nonce counts, up to 1 hour. Default: 5 minutes.
    #[serde(default, alias = "nonceLifetime", deserialize_with = "duration")]
    #[cfg_attr(feature = "schema", schemars(with = "Lasting"))]
    nonce_lifetime: Option<Duration>,
    /// The secret that nonces are made with, as base64url, or a list: the first makes nonces, and
    /// all are accepted. Default: the process makes one up.
    #[serde(default, alias = "nonceSecret", deserialize_with = "secrets")]
    #[cfg_attr(feature = "schema", schemars(with = "OneOrMore"))]
    nonce_secret: Option<Vec<Secret<String>>>,
    /// The file with these secrets, one a line.
    #[serde(alias = "nonceSecretFile")]
    nonce_secret_file: Option<PathBuf>,
    /// The number of proofs that are remembered. Default: 262,144.
    #[serde(default, alias = "replayEntries", deserialize_with = "count")]
    replay_entries: Option<usize>,
    /// Remembers no proof. The risk: whoever sees a request can repeat it.
    #[serde(default, alias = "dangerAllowReplay", deserialize_with = "flag")]
    danger_allow_replay: bool,
}

#[derive(Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(inline, transform = complete))]
#[serde(deny_unknown_fields)]
pub(super) struct MtlsEntry {
    /// The header in which a proxy passes the certificate on. Default: none; the program takes it
    /// from TLS.
    #[serde(default, deserialize_with = "object")]
    header: Option<HeaderEntry>,
}

#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(inline, transform = complete))]
#[serde(deny_unknown_fields)]
pub(super) struct HeaderEntry {
    /// The name of the header.
    name: String,
    /// How the header holds the certificate.
    #[cfg_attr(feature = "schema", schemars(with = "OneOf<CertificateFormat>"))]
    format: String,
    /// The networks whose header is believed, such as `10.0.0.0/8`, or `unix`.
    #[serde(default, alias = "trustedPeers", deserialize_with = "list")]
    trusted_peers: Option<Vec<String>>,
    /// Believes the header whoever sends it. The risk: whoever passes by the proxy can write it.
    #[serde(default, alias = "dangerTrustAnyPeer", deserialize_with = "flag")]
    danger_trust_any_peer: bool,
}

impl From<DpopEntry> for Dpop {
    fn from(entry: DpopEntry) -> Self {
        let algorithms = |names: Vec<String>| names.into_iter().map(Algorithm::try_from).collect();
        Self {
            algorithms: entry.algorithms.map(algorithms),
            public_urls: entry.public_url,
            proof_window: entry.proof_window,
            nonce: entry.nonce.map(by_name),
            nonce_lifetime: entry.nonce_lifetime,
            nonce_secrets: entry.nonce_secret,
            nonce_secret_file: entry.nonce_secret_file,
            replay_entries: entry.replay_entries,
            replay_store: None,
            allow_replay: entry.danger_allow_replay,
        }
    }
}

impl From<MtlsEntry> for Mtls {
    fn from(entry: MtlsEntry) -> Self {
        let header = entry.header.map(|header| CertificateHeader {
            name: header.name,
            format: by_name(header.format),
            trusted_peers: header.trusted_peers,
            trust_any_peer: header.danger_trust_any_peer,
        });
        Self { header }
    }
}
