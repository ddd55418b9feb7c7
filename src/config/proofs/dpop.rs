//! Checks of `dpop`.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::super::error::ConfigError;
use super::super::named::{Named, known_or};
use super::super::rules::{invalid_url, within};
use super::super::secret_files::secrets_of;
use crate::base::secret::Secret;
use crate::base::url_rule::{UrlError, UrlRule};
use crate::crypto::Algorithm;
use crate::limits::{
    DEFAULT_NONCE_LIFETIME, DEFAULT_PROOF_WINDOW, DEFAULT_REPLAY_ENTRIES, MAX_NONCE_LIFETIME,
    MAX_PROOF_WINDOW, MAX_REPLAY_ENTRIES, MIN_NONCE_LIFETIME, MIN_PROOF_WINDOW, MIN_REPLAY_ENTRIES,
};
use crate::proof::dpop::{DpopChecks, PublicUrl};
use crate::proof::nonce::Nonces;
use crate::proof::possession::DpopRules;
use crate::proof::replay::Replays;
use crate::proof::{Dpop, NonceMode, ReplayStore};
use crate::telemetry;

/// `dpop`, with every setting.
#[derive(Clone, Debug)]
pub(in crate::config) struct CheckedDpop {
    /// In the order in which they are published.
    pub(in crate::config) algorithms: Vec<Algorithm>,
    /// At least one.
    pub(in crate::config) public_urls: Vec<PublicUrl>,
    pub(in crate::config) proof_window: Duration,
    pub(in crate::config) nonce: NonceMode,
    pub(in crate::config) nonce_lifetime: Duration,
    /// The first makes nonces. Empty: the process makes one up.
    pub(in crate::config) nonce_secrets: Vec<Secret<Vec<u8>>>,
    /// What nonces and the ids of proofs are bound to: `resource`, or the first public URL.
    pub(in crate::config) resource: String,
    /// `None`: no proof is remembered.
    pub(in crate::config) replays: Option<CheckedReplays>,
}

/// Where used proofs are remembered.
#[derive(Clone, Debug)]
pub(in crate::config) struct CheckedReplays {
    pub(in crate::config) entries: usize,
    pub(in crate::config) store: Option<Arc<dyn ReplayStore>>,
}

impl CheckedDpop {
    pub(super) fn into_rules(self) -> DpopRules {
        let secrets = self.nonce_secrets.iter();
        let secrets = secrets.map(|secret| secret.expose().clone());
        DpopRules {
            checks: DpopChecks::new(self.algorithms, self.public_urls, self.proof_window),
            nonces: Nonces::new(
                self.nonce,
                self.nonce_lifetime,
                secrets.collect(),
                &self.resource,
                self.proof_window,
            ),
            replays: match self.replays {
                Some(CheckedReplays { entries, store }) => {
                    Replays::new(entries, &self.resource, store)
                }
                None => Replays::off(),
            },
        }
    }
}

impl Named for NonceMode {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("off", Self::Off),
        ("auto", Self::Auto),
        ("required", Self::Required),
    ];
}

/// `resource` with its parsed form.
pub(super) fn check_dpop(
    dpop: &Dpop,
    resource: Option<(&str, &Url)>,
    rule: UrlRule,
) -> Result<CheckedDpop, ConfigError> {
    let public_urls = public_urls(dpop, resource.map(|(_, url)| url), rule)?;
    let proof_window = dpop.proof_window.unwrap_or(DEFAULT_PROOF_WINDOW);
    within(
        "dpop.proof_window",
        proof_window,
        MIN_PROOF_WINDOW,
        MAX_PROOF_WINDOW,
    )?;
    let nonce_lifetime = dpop.nonce_lifetime.unwrap_or(DEFAULT_NONCE_LIFETIME);
    within(
        "dpop.nonce_lifetime",
        nonce_lifetime,
        MIN_NONCE_LIFETIME,
        MAX_NONCE_LIFETIME,
    )?;
    let nonce = known_or("dpop.nonce", &dpop.nonce, NonceMode::Auto)?;
    let file = dpop.nonce_secret_file.as_deref();
    let nonce_secrets = secrets_of(
        "dpop.nonce_secret",
        "dpop.nonce_secret_file",
        dpop.nonce_secrets.as_deref(),
        file,
    )?;
    if nonce == NonceMode::Required && nonce_secrets.is_empty() {
        telemetry::nonce_secret_made_up();
    }
    let first_url = public_urls.first().map(PublicUrl::as_str);
    let resource = resource.map(|(resource, _)| resource).or(first_url);
    Ok(CheckedDpop {
        algorithms: algorithms(dpop)?,
        resource: resource.unwrap_or_default().to_owned(),
        public_urls,
        proof_window,
        nonce,
        nonce_lifetime,
        nonce_secrets,
        replays: replays(dpop)?,
    })
}

fn algorithms(dpop: &Dpop) -> Result<Vec<Algorithm>, ConfigError> {
    let refused = |name: &str| ConfigError::NoProofAlgorithm {
        name: name.to_owned(),
    };
    let algorithms = match &dpop.algorithms {
        None => PROOF_ALGORITHMS,
        Some(Err(unsupported)) => return Err(refused(unsupported.name())),
        Some(Ok(algorithms)) => algorithms,
    };
    let setting = "dpop.algorithms";
    if algorithms.is_empty() {
        return Err(ConfigError::Empty { setting });
    }
    let mut seen = Vec::new();
    for algorithm in algorithms {
        if algorithm.is_symmetric() {
            return Err(refused(algorithm.name()));
        }
        if seen.contains(algorithm) {
            let value = algorithm.name().to_owned();
            return Err(ConfigError::ListedTwice { setting, value });
        }
        seen.push(*algorithm);
    }
    Ok(seen)
}

fn public_urls(
    dpop: &Dpop,
    resource: Option<&Url>,
    rule: UrlRule,
) -> Result<Vec<PublicUrl>, ConfigError> {
    match (&dpop.public_urls, resource) {
        (Some(urls), _) if urls.is_empty() => Err(ConfigError::Empty {
            setting: "dpop.public_url",
        }),
        (Some(urls), _) => urls.iter().map(|url| check_public_url(url, rule)).collect(),
        (None, Some(resource)) => {
            let origin = resource.origin().ascii_serialization();
            Ok(vec![parsed_public_url(&origin)?])
        }
        (None, None) => Err(ConfigError::PublicUrlMissing),
    }
}

fn check_public_url(text: &str, rule: UrlRule) -> Result<PublicUrl, ConfigError> {
    let invalid = |reason| invalid_url("dpop.public_url", text, reason);
    let url = rule.check(text).map_err(invalid)?;
    if url.query().is_some() {
        return Err(invalid(UrlError::Query));
    }
    let after_scheme = text.split_once("://").map(|(_, rest)| rest);
    let path = after_scheme.and_then(|rest| rest.split_once('/'));
    match path.is_some_and(|(_, path)| path.ends_with('/')) {
        true => Err(invalid(UrlError::TrailingSlash)),
        false => parsed_public_url(text),
    }
}

fn parsed_public_url(text: &str) -> Result<PublicUrl, ConfigError> {
    let invalid = || invalid_url("dpop.public_url", text, UrlError::Malformed);
    PublicUrl::parse(text).ok_or_else(invalid)
}

fn replays(dpop: &Dpop) -> Result<Option<CheckedReplays>, ConfigError> {
    let entries = dpop.replay_entries.unwrap_or(DEFAULT_REPLAY_ENTRIES);
    if !(MIN_REPLAY_ENTRIES..=MAX_REPLAY_ENTRIES).contains(&entries) {
        return Err(ConfigError::NumberOutOfBounds {
            setting: "dpop.replay_entries",
            value: entries,
            least: MIN_REPLAY_ENTRIES,
            most: MAX_REPLAY_ENTRIES,
        });
    }
    if !dpop.allow_replay {
        let store = dpop.replay_store.clone();
        return Ok(Some(CheckedReplays { entries, store }));
    }
    let settings = [
        ("dpop.replay_entries", dpop.replay_entries.is_some()),
        ("dpop.replay_store", dpop.replay_store.is_some()),
    ];
    match settings.into_iter().find(|(_, is_set)| *is_set) {
        Some((first, _)) => Err(ConfigError::Conflict {
            first,
            second: "dpop.danger_allow_replay",
        }),
        None => Ok(None),
    }
}

/// Asymmetric only (RFC 9449 §11.6), and without ML-DSA, whose proofs take up to 12 KB.
const PROOF_ALGORITHMS: &[Algorithm] = &[
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::ES512,
    Algorithm::EdDSA,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
];
