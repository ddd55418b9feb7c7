//! What one issuer's keys were configured with. Two layers may share keys only if it is the same.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use super::settings::{Seed, Times};
use super::source::KeySource;
use crate::net::{CredentialFiles, HttpTransport};

/// The settings that decide which keys an issuer has, and when they are fetched.
#[derive(Clone, Default)]
pub(crate) struct KeyConfiguration {
    pub(crate) source: Option<Arc<dyn KeySource>>,
    pub(crate) jwks_uri: Option<String>,
    pub(crate) jwks: Option<Value>,
    pub(crate) jwk: Option<Value>,
    pub(crate) public_key_pem: Option<String>,
    pub(crate) pin_jwks_host: bool,
    pub(crate) credentials: CredentialFiles,
    /// `None` for keys that are part of the configuration, and where none are needed.
    pub(crate) fetched: Option<FetchConfiguration>,
}

/// The settings of keys that are fetched.
#[derive(Clone)]
pub(crate) struct FetchConfiguration {
    pub(crate) times: Times,
    pub(crate) seed: Option<Seed>,
    pub(crate) snapshot_file: Option<PathBuf>,
    /// `None` for the default, and for keys that do not come over HTTP.
    pub(crate) transport: Option<Arc<dyn HttpTransport>>,
    pub(crate) allow_http: bool,
}

impl KeyConfiguration {
    /// The name of the first setting that differs.
    pub(crate) fn first_difference(&self, other: &Self) -> Option<&'static str> {
        let source = self.first_difference_of_source(other);
        source.or_else(|| match (&self.fetched, &other.fetched) {
            (Some(ours), Some(theirs)) => ours.first_difference(theirs),
            (None, None) => None,
            // From the same source, but one of them needs no keys.
            _ => Some("introspection.tokens"),
        })
    }

    /// Whether the keys come from the same place, and are trusted for the same reasons.
    pub(crate) fn has_the_source_of(&self, other: &Self) -> bool {
        self.first_difference_of_source(other).is_none()
    }

    fn first_difference_of_source(&self, other: &Self) -> Option<&'static str> {
        first_that_differs(&[
            ("key_source", is_same(&self.source, &other.source)),
            ("jwks_uri", self.jwks_uri == other.jwks_uri),
            ("jwks", self.jwks == other.jwks),
            ("jwk", self.jwk == other.jwk),
            (
                "public_key_pem",
                self.public_key_pem == other.public_key_pem,
            ),
            ("pin_jwks_host", self.pin_jwks_host == other.pin_jwks_host),
            (
                "ca_file and its like",
                self.credentials == other.credentials,
            ),
        ])
    }
}

impl FetchConfiguration {
    fn first_difference(&self, other: &Self) -> Option<&'static str> {
        let seed = |it: &Self| {
            let seed = it.seed.as_ref();
            seed.map(|seed| (seed.document.clone(), seed.fetched_at))
        };
        first_that_differs(&[
            ("jwks_cache", self.times == other.times),
            ("initial_jwks", seed(self) == seed(other)),
            ("snapshot_file", self.snapshot_file == other.snapshot_file),
            ("http_client", is_same(&self.transport, &other.transport)),
            ("danger_allow_http", self.allow_http == other.allow_http),
        ])
    }
}

impl fmt::Debug for KeyConfiguration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A static key may be a secret.
        f.debug_struct("KeyConfiguration").finish_non_exhaustive()
    }
}

fn first_that_differs(are_same: &[(&'static str, bool)]) -> Option<&'static str> {
    let mut names = are_same.iter();
    names.find_map(|(name, is_same)| (!is_same).then_some(*name))
}

/// Code cannot be compared, so only the same instance is the same.
fn is_same<T: ?Sized>(ours: &Option<Arc<T>>, theirs: &Option<Arc<T>>) -> bool {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => std::ptr::addr_eq(Arc::as_ptr(ours), Arc::as_ptr(theirs)),
        (None, None) => true,
        _ => false,
    }
}
