//! The settings of a fleet as plain values: `config` checks them. Long, because each setter
//! documents its effect, default and errors.

use std::path::PathBuf;
use std::time::Duration;

use crate::base::secret::Secret;
use crate::store::revoked::{AtStart, RevocationSettings};

/// Builds a [`Fleet`](super::Fleet). A file has the same names, in `fleet`.
///
/// | name | default | what it does |
/// | --- | --- | --- |
/// | `redis` | required | The URL of the store, or a list of nodes of a cluster; builder: `redis_cluster` |
/// | `namespace` | required | What this deployment shares, and with whom |
/// | `secret`, `secrets`, `secret_file` | required | What is stored is sealed with it |
/// | `timeout` | `250ms` | The limit of a call to the store. `10ms` to `5s` |
/// | `keys` | on | Shares keys, and how often they are fetched |
/// | `revocations` | on | Hears what others revoke |
/// | `revocation_keep` | the longest life of tokens | How long a revocation is remembered. `1m` to `31d` |
/// | `revocations_limit` | `10000` | Revocations in force, up to 100,000 |
/// | `revocations_at_start` | `10s` | How long a process without the list waits for it. `0s` to `5m`, or `"required"` |
/// | `ca_file`, `client_certificate_file`, `client_key_file` | the authorities of the system; none | PEM files for `rediss://` |
/// | `password_file` | none | The password, in place of one in the URL |
/// | `danger_allow_plain_redis` | off | Sends the password in clear |
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct FleetBuilder {
    pub(crate) servers: Option<Servers>,
    pub(crate) namespace: Option<String>,
    pub(crate) secrets: Option<Vec<Secret<String>>>,
    pub(crate) secret_file: Option<PathBuf>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) keys: Option<bool>,
    pub(crate) revocations: Option<bool>,
    pub(crate) revocation_keep: Option<Duration>,
    pub(crate) revocations_limit: Option<usize>,
    pub(crate) at_start: Option<AtStart>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) client_certificate_file: Option<PathBuf>,
    pub(crate) client_key_file: Option<PathBuf>,
    pub(crate) password_file: Option<PathBuf>,
    pub(crate) allow_plain_redis: bool,
}

/// URLs that may hold a user and a password.
#[derive(Clone, Debug)]
pub(crate) enum Servers {
    One(Secret<String>),
    Cluster(Vec<Secret<String>>),
}

impl FleetBuilder {
    /// Sets the URL of the store, a Redis (6.2 or later) or Valkey: `rediss://` (with TLS),
    /// `redis://` or `unix://`, such as `rediss://user:password@cache.internal:6379/0`. The user,
    /// the password and the number of the database may be left out.
    ///
    /// `Debug` and errors never show a user or a password.
    ///
    /// # Errors
    ///
    /// `build` rejects another scheme, a fragment, and a query. Over `redis://`, it rejects a
    /// password for a host that is not loopback, unless
    /// [`danger_allow_plain_redis`](Self::danger_allow_plain_redis) is set. Without a password, it
    /// says with the event `store_not_encrypted` that who is between can forge answers.
    pub fn redis(mut self, url: impl Into<String>) -> Self {
        self.servers = Some(Servers::One(Secret::new(url.into())));
        self
    }

    /// Sets some nodes of a cluster, in place of [`redis`](Self::redis). One is enough to find the
    /// others.
    ///
    /// # Errors
    ///
    /// As for `redis`; `build` also rejects an empty list, `unix://`, and nodes that differ in
    /// user, password or TLS.
    pub fn redis_cluster(mut self, urls: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let urls = urls.into_iter().map(|url| Secret::new(url.into()));
        self.servers = Some(Servers::Cluster(urls.collect()));
        self
    }

    /// Names what is shared. Deployments with one namespace, one secret and one store share
    /// everything; that there is no default is the point.
    ///
    /// # Errors
    ///
    /// `build` rejects anything but 1 to 64 letters, digits, `.`, `_` and `-`.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// Sets the secret that everything in the store is sealed with: 32 bytes or more, as base64url
    /// text. Whoever has it can let tokens in at all processes of the namespace.
    ///
    /// # Errors
    ///
    /// `build` rejects less than 32 bytes, one byte over and over, text that is not base64url, the
    /// password of the store, and a combination with [`secret_file`](Self::secret_file). No error
    /// shows the secret.
    pub fn secret(self, secret: impl Into<String>) -> Self {
        self.secrets([secret])
    }

    /// Sets two secrets, of which the first seals and both open, while the secret is replaced:
    /// `[A]`, `[A, B]`, `[B, A]`, `[B]`, each step everywhere before the next, and the last not
    /// before [`old_secret_needed_until`](super::FleetHealth::old_secret_needed_until).
    ///
    /// # Errors
    ///
    /// As for [`secret`](Self::secret); `build` also rejects more than two, and the same one twice.
    pub fn secrets(mut self, secrets: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let secrets = secrets.into_iter();
        self.secrets = Some(secrets.map(|secret| Secret::new(secret.into())).collect());
        self
    }

    /// Reads the secret, or two, one a line, from this file. `build` reads it, once.
    ///
    /// # Errors
    ///
    /// `build` rejects a file that cannot be read or is empty, and what
    /// [`secrets`](Self::secrets) rejects.
    pub fn secret_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.secret_file = Some(path.into());
        self
    }

    /// Limits each call to the store. Connecting has 1 second of its own.
    ///
    /// Default: [250 milliseconds](crate::limits::DEFAULT_STORE_TIMEOUT). In one zone, a call takes
    /// less than 1. A request waits for [950](crate::limits::MAX_FLEET_WAIT) at most.
    ///
    /// # Errors
    ///
    /// `build` rejects less than 10 milliseconds and more than 5 seconds.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Whether processes share the keys of issuers, and how often these are fetched.
    ///
    /// Default: true.
    pub const fn keys(mut self, shared: bool) -> Self {
        self.keys = Some(shared);
        self
    }

    /// Whether this process hears what others revoke.
    ///
    /// Default: true. Without it a process also starts while the store is down, and nothing is
    /// looked up for each request.
    pub const fn revocations(mut self, heard: bool) -> Self {
        self.revocations = Some(heard);
        self
    }

    /// Sets how long a revocation is remembered. It must be longer than any token lives: the event
    /// `revocation_too_short` tells of a token that lives longer.
    ///
    /// Default: the largest `max_token_age` and twice the `leeway` of the configurations that use
    /// this fleet; [24 hours](crate::limits::DEFAULT_REVOCATION_KEEP) for one without
    /// `max_token_age`.
    ///
    /// # Errors
    ///
    /// `build` rejects less than 1 minute and more than 31 days. The `build` of a configuration
    /// rejects less than its `leeway`.
    pub const fn revocation_keep(mut self, keep: Duration) -> Self {
        self.revocation_keep = Some(keep);
        self
    }

    /// Limits the number of different revocations in force. When it is reached, `revoke` fails:
    /// nothing is forgotten.
    ///
    /// Default: [10,000](crate::limits::DEFAULT_REVOCATIONS_LIMIT). Each process that starts reads
    /// all of them, and keeps them in memory.
    ///
    /// # Errors
    ///
    /// `build` rejects 0 and more than 100,000.
    pub const fn revocations_limit(mut self, how_many: usize) -> Self {
        self.revocations_limit = Some(how_many);
        self
    }

    /// Sets how long tokens get 503 in a process that has not read the list of revocations. After
    /// that it serves without the list, says so each minute with the event `revocations_unread`,
    /// and reads the list as soon as it can.
    ///
    /// Default: [10 seconds](crate::limits::DEFAULT_REVOCATIONS_AT_START).
    ///
    /// # Errors
    ///
    /// `build` rejects more than 5 minutes.
    pub const fn revocations_at_start(mut self, wait: Duration) -> Self {
        self.at_start = Some(AtStart::AtMost(wait));
        self
    }

    /// Lets no process serve that has not read the list of revocations, in place of
    /// [`revocations_at_start`](Self::revocations_at_start). In a file: `"revocations_at_start":
    /// "required"`.
    ///
    /// A process that starts while the store is down then rejects every token with 503.
    pub const fn require_revocations_at_start(mut self) -> Self {
        self.at_start = Some(AtStart::Required);
        self
    }

    /// Sets the file with the only authorities that the certificate of the store is checked with,
    /// as PEM text. This file and the next three are read again at each connection.
    ///
    /// Default: the authorities that the system trusts.
    ///
    /// # Errors
    ///
    /// `build` rejects a file that cannot be read or holds no certificate, and any URL but
    /// `rediss://`.
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(path.into());
        self
    }

    /// Sets the file with the certificate that this process shows to the store, as PEM text.
    ///
    /// # Errors
    ///
    /// As for [`ca_file`](Self::ca_file); `build` also rejects it without `client_key_file`.
    pub fn client_certificate_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.client_certificate_file = Some(path.into());
        self
    }

    /// Sets the file with the key of `client_certificate_file`: PEM, not encrypted.
    ///
    /// # Errors
    ///
    /// As for [`ca_file`](Self::ca_file); `build` also rejects it without
    /// `client_certificate_file`.
    pub fn client_key_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.client_key_file = Some(path.into());
        self
    }

    /// Sets the file with the password of the store, in place of one in the URL. It is read again
    /// when the store refuses it.
    ///
    /// # Errors
    ///
    /// `build` rejects a file that cannot be read or is empty.
    pub fn password_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.password_file = Some(path.into());
        self
    }

    /// Allows a password over `redis://` to a host that is not loopback.
    ///
    /// The risk: whoever is on the network path reads the password. They can then remove what is
    /// stored, which is to undo revocations, and use a DPoP proof again.
    pub const fn danger_allow_plain_redis(mut self) -> Self {
        self.allow_plain_redis = true;
        self
    }
}

/// The settings that the parts of a fleet need.
#[derive(Clone, Debug)]
pub(crate) struct FleetSettings {
    /// Whether keys are shared.
    pub(crate) keys: bool,
    /// `None`: as long as the tokens of the configurations live.
    pub(crate) revocation_keep: Option<Duration>,
    /// `None`: off.
    pub(crate) revocations: Option<RevocationSettings>,
}
