//! Keys that several layers share, by the setter `keys_of`.

use std::sync::Arc;

use super::checked_issuer::Keys;
use super::error::ConfigError;
use super::issuer::Issuer;
use super::settings::KeySettings;
use crate::keys::{FetchConfiguration, HttpTransport, KeyConfiguration, LiveKeys};

/// The keys of other layers, and the settings of the builder that must agree with theirs.
pub(super) struct Sharing<'b> {
    pub(super) others: &'b [(Arc<str>, LiveKeys)],
    pub(super) transport: Option<&'b Arc<dyn HttpTransport>>,
    pub(super) allow_http: bool,
}

impl Sharing<'_> {
    /// The keys of another layer, if one names the issuer, and else `keys`.
    pub(super) fn resolve(
        &self,
        entry: &Issuer,
        pin_jwks_host: bool,
        keys: Keys,
    ) -> Result<(Keys, Arc<KeyConfiguration>), ConfigError> {
        let configured = self.configuration(&entry.settings.keys, pin_jwks_host, &keys);
        let mut others = self.others.iter();
        let Some((_, others)) = others.find(|(issuer, _)| **issuer == *entry.issuer) else {
            return Ok((keys, Arc::new(configured)));
        };
        match configured.first_difference(others.configured()) {
            Some(setting) => Err(ConfigError::OtherKeySettings {
                issuer: entry.issuer.clone(),
                setting,
            }),
            // There is nothing to share of keys that are not fetched.
            None if matches!(keys, Keys::Fixed(_)) => Ok((keys, Arc::new(configured))),
            None => Ok((Keys::Shared(others.clone()), Arc::new(configured))),
        }
    }

    /// `pin_jwks_host` as it holds for the issuer, perhaps inherited.
    fn configuration(
        &self,
        settings: &KeySettings,
        pin_jwks_host: bool,
        keys: &Keys,
    ) -> KeyConfiguration {
        // Without `..`: a new setting must be compared too.
        let KeySettings {
            source,
            jwks_uri,
            jwks,
            jwk,
            public_key_pem,
            // Read, and with its age, in the origin.
            initial: _,
            snapshot_file,
            pin_jwks_host: _,
            credentials,
        } = settings;
        let fetched = match keys {
            Keys::Fetched(origin) => Some(FetchConfiguration {
                times: origin.times,
                seed: origin.seed.clone(),
                snapshot_file: snapshot_file.clone(),
                transport: self.transport.filter(|_| source.is_none()).cloned(),
                allow_http: self.allow_http,
            }),
            Keys::Fixed(_) | Keys::Shared(_) => None,
        };
        KeyConfiguration {
            source: source.clone(),
            jwks_uri: jwks_uri.clone(),
            jwks: jwks.clone(),
            jwk: jwk.clone(),
            public_key_pem: public_key_pem.clone(),
            pin_jwks_host,
            credentials: credentials.clone(),
            fetched,
        }
    }
}
