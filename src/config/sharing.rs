//! Keys that several layers share: `keys_of`.

use std::sync::Arc;

use super::builder::JwtAuthConfigBuilder;
use super::checked::Keys;
use super::error::ConfigError;
use super::issuer::Issuer;
use super::settings::KeySettings;
use crate::authn::JwtAuthLayer;
use crate::keys::{FetchConfiguration, HttpTransport, KeyConfiguration, LiveKeys};

impl JwtAuthConfigBuilder {
    /// Shares the keys of the issuers that `layer` names as well, for several layers in one
    /// process: there is then one task per issuer that fetches keys, with one set of budgets,
    /// instead of one for each layer. May be called several times; the first layer that names an
    /// issuer counts.
    ///
    /// Nothing else is shared. Each layer has its own audience, scopes and checks, and its own
    /// cache of verified tokens, because a token that is good for one server may be none for
    /// another.
    ///
    /// Default: each layer fetches its own keys.
    ///
    /// # Errors
    ///
    /// `build` rejects an issuer whose settings for keys differ from those in `layer`: where they
    /// come from, `jwks_cache`, `initial_jwks`, `snapshot_file`, and the HTTP client. Two clients
    /// or two key sources never count as the same, so make both layers from clones of one builder.
    ///
    /// ```
    /// # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))] {
    /// use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};
    ///
    /// let both = JwtAuthConfig::builder().issuer("https://idp.example.com");
    /// let notes = both.clone().resource("https://mcp.example.com/notes").build()?;
    /// let notes = JwtAuthLayer::new(notes);
    /// let mail = both.resource("https://mcp.example.com/mail").keys_of(&notes).build()?;
    /// let mail = JwtAuthLayer::new(mail);
    /// # }
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn keys_of(mut self, layer: &JwtAuthLayer) -> Self {
        self.keys_of.extend(layer.verifier().keys());
        self
    }
}

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
