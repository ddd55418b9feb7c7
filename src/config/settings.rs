//! The settings as plain values. `issuer`, `builder` and `file` fill them in; `shape`, `check`,
//! `keys` and `introspection` check them.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::cache_times::JwksCache;
use crate::crypto::{Algorithm, UnsupportedAlgorithm};
use crate::introspection::Introspection;
use crate::jwks::JwkSet;
use crate::keys::{CredentialFiles, KeySnapshot, KeySource};

/// The settings for one issuer, or for all of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    pub(super) audience: Option<Vec<String>>,
    /// `build` reports the error.
    pub(super) algorithms: Option<Result<Vec<Algorithm>, UnsupportedAlgorithm>>,
    pub(super) required_scopes: Option<Vec<String>>,
    pub(super) leeway: Option<Duration>,
    pub(super) jwks_cache: JwksCache,
    pub(super) max_token_age: Option<Duration>,
    pub(super) rfc9068: bool,
    pub(super) cognito: Option<Vec<String>>,
    pub(super) keycloak: bool,
    pub(super) allow_any_audience: bool,
    pub(super) clients_without_audience: Option<Vec<String>>,
    pub(super) scope_claims: Option<Vec<String>>,
    pub(super) advertise: Option<bool>,
    pub(super) introspection: Option<Introspection>,
    pub(super) require_bound_tokens: Option<bool>,
    pub(super) keys: KeySettings,
}

impl Settings {
    /// Whether these are the same settings, apart from those for keys.
    pub(super) fn are_but_for_keys(&self, other: &Self) -> bool {
        // Without `..`: a new setting must be compared too.
        let Self {
            audience,
            algorithms,
            required_scopes,
            leeway,
            jwks_cache,
            max_token_age,
            rfc9068,
            cognito,
            keycloak,
            allow_any_audience,
            clients_without_audience,
            scope_claims,
            advertise,
            introspection,
            require_bound_tokens,
            keys: _,
        } = self;
        let is_asked_alike = match (introspection, &other.introspection) {
            (Some(ours), Some(theirs)) => ours.is_same(theirs),
            (None, None) => true,
            _ => false,
        };
        is_asked_alike
            && *audience == other.audience
            && *algorithms == other.algorithms
            && *required_scopes == other.required_scopes
            && *leeway == other.leeway
            && *jwks_cache == other.jwks_cache
            && *max_token_age == other.max_token_age
            && *rfc9068 == other.rfc9068
            && *cognito == other.cognito
            && *keycloak == other.keycloak
            && *allow_any_audience == other.allow_any_audience
            && *clients_without_audience == other.clients_without_audience
            && *scope_claims == other.scope_claims
            && *advertise == other.advertise
            && *require_bound_tokens == other.require_bound_tokens
    }
}

/// Where keys come from. Setting several sources is not an error: the first that is set, in the
/// order of the fields, is used.
#[derive(Clone, Default)]
pub(super) struct KeySettings {
    pub(super) source: Option<Arc<dyn KeySource>>,
    pub(super) jwks_uri: Option<String>,
    pub(super) jwks: Option<Value>,
    pub(super) jwk: Option<Value>,
    pub(super) public_key_pem: Option<String>,
    pub(super) initial: Option<InitialJwks>,
    pub(super) snapshot_file: Option<PathBuf>,
    pub(super) pin_jwks_host: bool,
    pub(super) credentials: CredentialFiles,
}

impl KeySettings {
    /// The name of the first setting that says where keys come from: without one, they are
    /// discovered.
    pub(super) fn first_source(&self) -> Option<&'static str> {
        first([
            ("key_source", self.source.is_some()),
            ("jwks_uri", self.jwks_uri.is_some()),
            ("jwks", self.jwks.is_some()),
            ("jwk", self.jwk.is_some()),
            ("public_key_pem", self.public_key_pem.is_some()),
        ])
    }

    /// The name of the first setting that belongs to one issuer alone.
    pub(super) fn first_set(&self) -> Option<&'static str> {
        let others = [
            ("initial_jwks", self.initial.is_some()),
            ("snapshot_file", self.snapshot_file.is_some()),
        ];
        let mut credentials = self.credentials.set().map(|(name, _)| name);
        let others = self.first_source().or_else(|| first(others));
        others.or_else(|| credentials.next())
    }
}

/// The first name whose setting is set.
fn first<const N: usize>(settings: [(&'static str, bool); N]) -> Option<&'static str> {
    let mut set = settings.into_iter().filter(|(_, is_set)| *is_set);
    set.next().map(|(name, _)| name)
}

impl fmt::Debug for KeySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A static key may be a secret.
        f.debug_struct("KeySettings")
            .field("source", &self.source)
            .field("jwks_uri", &self.jwks_uri)
            .field("jwks", &self.jwks.is_some())
            .field("jwk", &self.jwk.is_some())
            .field("public_key_pem", &self.public_key_pem.is_some())
            .field("initial_jwks", &self.initial.is_some())
            .field("snapshot_file", &self.snapshot_file)
            .field("pin_jwks_host", &self.pin_jwks_host)
            .field("credentials", &self.credentials)
            .finish()
    }
}

/// Keys to start with, for [`initial_jwks`](crate::config::JwtAuthConfigBuilder::initial_jwks): a
/// [`KeySnapshot`] with its age, or a key set as JSON or as a [`JwkSet`].
#[derive(Clone, Debug)]
pub struct InitialJwks(pub(super) Initial);

#[derive(Clone, Debug)]
pub(super) enum Initial {
    Set(JwkSet),
    Snapshot(KeySnapshot),
}

impl From<JwkSet> for InitialJwks {
    fn from(set: JwkSet) -> Self {
        Self(Initial::Set(set))
    }
}

impl From<Value> for InitialJwks {
    fn from(json: Value) -> Self {
        JwkSet::from(json).into()
    }
}

impl From<KeySnapshot> for InitialJwks {
    fn from(snapshot: KeySnapshot) -> Self {
        Self(Initial::Snapshot(snapshot))
    }
}
