//! Checks of `fleet`, and the `Fleet` that is made from it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::{Host, Url};

use super::builder::JwtAuthConfigBuilder;
use super::error::{ConfigError, SecretError, SecretFileError, StoreUrlError};
use super::issuer::Issuer;
use super::rules::within;
use super::secret_files::{secrets_of, text_of, unusable};
use super::settings::Settings;
use super::variables::check_fleet;
use crate::base::clock::Clock;
use crate::base::secret::Secret;
use crate::crypto;
use crate::fleet::settings::{FleetSettings, Servers};
use crate::fleet::{Fleet, FleetBuilder};
use crate::limits::{
    DEFAULT_LEEWAY, DEFAULT_REVOCATION_KEEP, DEFAULT_REVOCATIONS_AT_START,
    DEFAULT_REVOCATIONS_LIMIT, DEFAULT_STORE_TIMEOUT, MAX_REVOCATION_KEEP,
    MAX_REVOCATIONS_AT_START, MAX_REVOCATIONS_LIMIT, MAX_STORE_TIMEOUT, MIN_REVOCATION_KEEP,
    MIN_STORE_TIMEOUT,
};
use crate::store::Store;
use crate::store::redis::{Redis, Target, TlsFiles};
use crate::store::revoked::{AtStart, RevocationSettings};
use crate::store::seal::Seals;
use crate::telemetry;

impl Fleet {
    /// A fleet with the defaults. It connects to nothing yet: the first request does.
    ///
    /// [`builder`](Self::builder) has all settings, and what each must be. Clones are the same
    /// fleet.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] for a URL, a namespace or a secret that cannot be used. It shows neither
    /// the secret nor the user and the password in the URL.
    ///
    /// ```
    /// # #[cfg(any(feature = "aws_lc_rs", feature = "rust_crypto"))] {
    /// use tower_jwt_auth::fleet::Fleet;
    ///
    /// # let secret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    /// let fleet = Fleet::redis("rediss://cache.internal:6379", "mcp-prod", secret)?;
    /// # }
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn redis(
        url: impl Into<String>,
        namespace: impl Into<String>,
        secret: impl Into<String>,
    ) -> Result<Self, ConfigError> {
        let builder = Self::builder().redis(url).namespace(namespace);
        builder.secret(secret).build()
    }
}

impl JwtAuthConfigBuilder {
    pub(super) fn checked_fleet(&self) -> Result<Option<Fleet>, ConfigError> {
        match (&self.fleet, &self.fleet_settings) {
            (None, None) => Ok(None),
            (Some(fleet), None) if !self.fleet_twice => Ok(Some(fleet.clone())),
            (None, Some(settings)) => settings.clone().build().map(Some),
            _ => Err(ConfigError::FleetTwice),
        }
    }
}

/// How long the tokens of these issuers live at most, which the fleet must know.
pub(super) fn longest_life(
    fleet: &Fleet,
    shared: &Settings,
    entries: &[Issuer],
) -> Result<Duration, ConfigError> {
    let mut longest = Duration::ZERO;
    for Issuer { settings: own, .. } in entries {
        let leeway = own.leeway.or(shared.leeway).unwrap_or(DEFAULT_LEEWAY);
        if let Some(keep) = fleet
            .settings()
            .revocation_keep
            .filter(|keep| *keep < leeway)
        {
            return Err(ConfigError::OutOfOrder {
                larger: "fleet.revocation_keep",
                larger_value: keep,
                smaller: "leeway",
                smaller_value: leeway,
            });
        }
        let age = own.max_token_age.or(shared.max_token_age);
        let life = age.map(|age| age.saturating_add(leeway.saturating_mul(2)));
        longest = longest.max(life.unwrap_or(DEFAULT_REVOCATION_KEEP));
    }
    Ok(longest)
}

impl FleetBuilder {
    /// Checks all settings and reads the files. Connects to nothing, and needs no runtime.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] for the first setting that is invalid. It shows no secret and no password.
    pub fn build(self) -> Result<Fleet, ConfigError> {
        self.build_with(Clock::default())
    }

    /// The same with another clock than that of the system, as another machine may have it.
    pub(crate) fn build_with(self, clock: Clock) -> Result<Fleet, ConfigError> {
        if !crypto::AVAILABLE {
            return Err(ConfigError::CryptoMissing);
        }
        check_fleet(&self)?;
        let target = self.target()?;
        let namespace = self.checked_namespace()?;
        let secrets = self.checked_secrets(&target)?;
        let timeout = self.timeout.unwrap_or(DEFAULT_STORE_TIMEOUT);
        within(
            "fleet.timeout",
            timeout,
            MIN_STORE_TIMEOUT,
            MAX_STORE_TIMEOUT,
        )?;
        let settings = self.settings()?;
        let reason = target.check().err().map(|error| error.message);
        if let Some(reason) = reason {
            return Err(ConfigError::UnusableStore { reason });
        }
        if target.urls.iter().any(|url| is_in_clear(url.expose())) {
            telemetry::store_not_encrypted(&target);
        }
        let secrets = secrets.iter().map(|secret| secret.expose().as_slice());
        let seals = Seals::new(namespace, secrets);
        let redis = Arc::new(Redis::new(target));
        let store = Store::new(redis, seals, clock, timeout);
        Ok(Fleet::assemble_with(store, settings))
    }

    fn target(&self) -> Result<Target, ConfigError> {
        let (urls, is_cluster) = match &self.servers {
            None => return Err(missing("fleet.redis")),
            Some(Servers::One(url)) => (std::slice::from_ref(url), false),
            Some(Servers::Cluster(urls)) => (urls.as_slice(), true),
        };
        if urls.is_empty() {
            return Err(ConfigError::Empty {
                setting: "fleet.redis",
            });
        }
        let urls = urls.iter().map(|url| self.checked_url(url, is_cluster));
        let (certificate, key) = ("fleet.client_certificate_file", "fleet.client_key_file");
        let pair = match (&self.client_certificate_file, &self.client_key_file) {
            (Some(_), None) => Some((certificate, key)),
            (None, Some(_)) => Some((key, certificate)),
            _ => None,
        };
        if let Some((setting, missing)) = pair {
            return Err(ConfigError::Incomplete { setting, missing });
        }
        let target = Target {
            urls: urls.collect::<Result<_, _>>()?,
            is_cluster,
            tls: TlsFiles {
                ca: self.ca_file.clone(),
                client_certificate: self.client_certificate_file.clone(),
                client_key: self.client_key_file.clone(),
            },
            password_file: self.password_file.clone(),
        };
        for (setting, file) in [
            ("fleet.ca_file", &self.ca_file),
            (certificate, &self.client_certificate_file),
            (key, &self.client_key_file),
            ("fleet.password_file", &self.password_file),
        ] {
            if let Some(path) = file {
                check_file(setting, path)?;
            }
        }
        Ok(target)
    }

    fn checked_url(
        &self,
        text: &Secret<String>,
        is_cluster: bool,
    ) -> Result<Secret<Url>, ConfigError> {
        let Ok(url) = Url::parse(text.expose()) else {
            return Err(ConfigError::InvalidStoreUrl {
                url: "(not shown)".to_owned(),
                reason: StoreUrlError::NotAbsolute,
            });
        };
        let has_password = url.password().is_some() || self.password_file.is_some();
        let is_allowed = self.allow_plain_redis || !has_password;
        let reason = match fault(&url, is_cluster) {
            None if is_in_clear(&url) && !is_allowed => Some(StoreUrlError::PlainPassword),
            fault => fault,
        };
        match reason {
            None => Ok(Secret::new(url)),
            Some(reason) => Err(ConfigError::InvalidStoreUrl {
                url: without_credentials(&url),
                reason,
            }),
        }
    }

    fn checked_namespace(&self) -> Result<&str, ConfigError> {
        let namespace = self.namespace.as_deref();
        let namespace = namespace.ok_or_else(|| missing("fleet.namespace"))?;
        let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let has_length = (1..=LONGEST_NAMESPACE).contains(&namespace.len());
        match has_length && namespace.bytes().all(is_fine) {
            true => Ok(namespace),
            false => Err(ConfigError::InvalidNamespace {
                // A URL may hold a password.
                namespace: match namespace.contains("://") {
                    true => "(not shown)".to_owned(),
                    false => namespace.to_owned(),
                },
            }),
        }
    }

    fn checked_secrets(&self, target: &Target) -> Result<Vec<Secret<Vec<u8>>>, ConfigError> {
        let (texts, file) = (self.secrets.as_deref(), self.secret_file.as_deref());
        let setting = match file {
            Some(_) => "fleet.secret_file",
            None => "fleet.secret",
        };
        let secrets = secrets_of("fleet.secret", "fleet.secret_file", texts, file)?;
        match secrets.len() {
            0 => return Err(missing("fleet.secret")),
            1 | 2 => {}
            value => {
                return Err(ConfigError::TooMany {
                    setting,
                    value,
                    most: 2,
                });
            }
        }
        let password = self.password(target)?;
        let is_password = |secret: &[u8]| {
            let text = URL_SAFE_NO_PAD.encode(secret);
            let is_one = |password: &String| {
                password.as_bytes() == secret || password.trim_end_matches('=') == text
            };
            password.as_ref().is_some_and(is_one)
        };
        let mut before: Option<&[u8]> = None;
        for (number, secret) in (1..).zip(&secrets) {
            let secret = secret.expose().as_slice();
            let mut bytes = secret.iter();
            let first = bytes.next();
            let reason = match () {
                () if bytes.all(|byte| Some(byte) == first) => SecretError::OneByte,
                () if is_password(secret) => SecretError::Password,
                () if before == Some(secret) => SecretError::Twice,
                () => {
                    before = Some(secret);
                    continue;
                }
            };
            return Err(ConfigError::InvalidSecret {
                setting,
                number,
                reason,
            });
        }
        Ok(secrets)
    }

    fn password(&self, target: &Target) -> Result<Option<String>, ConfigError> {
        if let Some(path) = &self.password_file {
            return check_file("fleet.password_file", path)
                .map(|text| Some(text.trim().to_owned()));
        }
        let mut urls = target.urls.iter();
        Ok(urls.find_map(|url| url.expose().password().map(ToOwned::to_owned)))
    }

    fn settings(&self) -> Result<FleetSettings, ConfigError> {
        if let Some(keep) = self.revocation_keep {
            let setting = "fleet.revocation_keep";
            within(setting, keep, MIN_REVOCATION_KEEP, MAX_REVOCATION_KEEP)?;
        }
        let default = AtStart::AtMost(DEFAULT_REVOCATIONS_AT_START);
        let at_start = self.at_start.unwrap_or(default);
        if let AtStart::AtMost(wait) = at_start {
            let setting = "fleet.revocations_at_start";
            within(setting, wait, Duration::ZERO, MAX_REVOCATIONS_AT_START)?;
        }
        let limit = self.revocations_limit.unwrap_or(DEFAULT_REVOCATIONS_LIMIT);
        if !(1..=MAX_REVOCATIONS_LIMIT).contains(&limit) {
            return Err(ConfigError::NumberOutOfBounds {
                setting: "fleet.revocations_limit",
                value: limit,
                least: 1,
                most: MAX_REVOCATIONS_LIMIT,
            });
        }
        let revocations = RevocationSettings {
            keep: self.revocation_keep.unwrap_or(DEFAULT_REVOCATION_KEEP),
            limit,
            at_start,
            leeway: DEFAULT_LEEWAY,
        };
        let heard = self.revocations.unwrap_or(true);
        Ok(FleetSettings {
            keys: self.keys.unwrap_or(true),
            revocation_keep: self.revocation_keep,
            revocations: heard.then_some(revocations),
        })
    }
}

fn missing(missing: &'static str) -> ConfigError {
    ConfigError::Incomplete {
        setting: "fleet",
        missing,
    }
}

/// What is wrong with the URL of a store, but for a password in clear.
fn fault(url: &Url, is_cluster: bool) -> Option<StoreUrlError> {
    let is_unix = url.scheme() == "unix";
    let queries = ["db", "pass", "user"];
    let mut query = url.query_pairs();
    match url.scheme() {
        "redis" | "rediss" if url.host_str().is_none_or(str::is_empty) => {
            Some(StoreUrlError::NotAbsolute)
        }
        "redis" | "rediss" if url.query().is_some() => Some(StoreUrlError::Query),
        "unix" if is_cluster => Some(StoreUrlError::Unix),
        "unix" if !query.all(|(name, _)| queries.contains(&&*name)) => Some(StoreUrlError::Query),
        "redis" | "rediss" | "unix" if url.fragment().is_some() => Some(StoreUrlError::Fragment),
        "redis" | "rediss" | "unix" => {
            let path = url.path().trim_matches('/');
            let is_number = path.bytes().all(|byte| byte.is_ascii_digit());
            (!is_unix && !is_number).then_some(StoreUrlError::Database)
        }
        _ => Some(StoreUrlError::NotAbsolute),
    }
}

/// Whether what is sent can be read on the way. The host of this scheme is a text, also where it is
/// an address.
fn is_in_clear(url: &Url) -> bool {
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => {
            let address = name.parse::<std::net::IpAddr>();
            name.trim_end_matches('.').eq_ignore_ascii_case("localhost")
                || address.is_ok_and(|address| address.is_loopback())
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => true,
    };
    url.scheme() == "redis" && !is_loopback
}

/// A password with a `/` or a `#` looks like what stands behind a host, so nothing is shown of a
/// URL that still has an `@`.
fn without_credentials(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    let cleared = url.set_username("").and_then(|()| url.set_password(None));
    let may_have_some = url.as_str().contains('@');
    // A URL without a host has neither.
    match (cleared, url.has_host()) {
        (Err(()), true) => "(not shown)".to_owned(),
        _ if may_have_some => "(not shown)".to_owned(),
        _ => url.to_string(),
    }
}

fn check_file(setting: &'static str, path: &Path) -> Result<String, ConfigError> {
    if path.as_os_str().is_empty() {
        return Err(ConfigError::Empty { setting });
    }
    let text = text_of(path);
    let text = text.map_err(|reason| unusable(setting, path, reason))?;
    match text.trim().is_empty() {
        true => Err(unusable(setting, path, SecretFileError::Empty)),
        false => Ok(text),
    }
}

const LONGEST_NAMESPACE: usize = 64;
