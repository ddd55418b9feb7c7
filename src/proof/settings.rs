//! The settings of proofs as plain values: `config` checks them. Long, because each setter
//! documents its effect, default and errors.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::mtls::CertificateFormat;
use super::nonce::NonceMode;
use super::replay::ReplayStore;
use crate::base::secret::Secret;
use crate::crypto::{Algorithm, UnsupportedAlgorithm};

/// How DPoP proofs are checked (RFC 9449), for
/// [`dpop`](crate::config::JwtAuthConfigBuilder::dpop).
///
/// With nothing set, proofs are checked in full, each works once in this process, a client whose
/// clock is wrong is helped by a nonce, and the URL that a proof must name comes from `resource`.
///
/// ```
/// # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))] {
/// use tower_jwt_auth::JwtAuthConfig;
/// use tower_jwt_auth::proof::Dpop;
///
/// let config = JwtAuthConfig::builder()
///     .resource("https://mcp.example.com/mcp")
///     .issuer("https://idp.example.com")
///     .dpop(Dpop::new().algorithms(["ES256", "EdDSA"]))
///     .build()?;
/// # }
/// # Ok::<(), tower_jwt_auth::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Dpop {
    /// `build` reports the error.
    pub(crate) algorithms: Option<Result<Vec<Algorithm>, UnsupportedAlgorithm>>,
    pub(crate) public_urls: Option<Vec<String>>,
    pub(crate) proof_window: Option<Duration>,
    /// The error is a name that a file has and this crate does not know.
    pub(crate) nonce: Option<Result<NonceMode, String>>,
    pub(crate) nonce_lifetime: Option<Duration>,
    pub(crate) nonce_secrets: Option<Vec<Secret<String>>>,
    pub(crate) nonce_secret_file: Option<PathBuf>,
    pub(crate) replay_entries: Option<usize>,
    pub(crate) replay_store: Option<Arc<dyn ReplayStore>>,
    pub(crate) allow_replay: bool,
}

impl Dpop {
    /// Every setting at its default.
    pub fn new() -> Self {
        Self::default()
    }

    /// Accepts only proofs that are signed with one of these algorithms. The list, in this order,
    /// is `algs` in challenges and `dpop_signing_alg_values_supported` in the resource metadata.
    ///
    /// Default: ES256, ES384, ES512, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512. ML-DSA works
    /// when it is listed: its proofs take up to 12 KB, more than many proxies let through.
    ///
    /// # Errors
    ///
    /// `build` rejects an empty list, an algorithm that is listed twice or is not supported, and
    /// `HS*`: the key of a proof is public (RFC 9449 §11.6).
    pub fn algorithms<A>(mut self, algorithms: impl IntoIterator<Item = A>) -> Self
    where
        A: TryInto<Algorithm, Error: Into<UnsupportedAlgorithm>>,
    {
        let read = |algorithm: A| algorithm.try_into().map_err(Into::into);
        self.algorithms = Some(algorithms.into_iter().map(read).collect());
        self
    }

    /// Sets where the root of this service is reached from outside: an origin, and a path if a
    /// proxy strips one. A proof must name this URL and the path of the request in `htu` (RFC 9449
    /// §4.3). Call it once for each name that the service has.
    ///
    /// Default: the origin of `resource`. It never comes from the request, whose `Host` and
    /// `X-Forwarded-*` headers anybody can choose.
    ///
    /// # Errors
    ///
    /// `build` rejects a URL that is not https (http is allowed on a loopback host, and with
    /// `danger_allow_http`), that has a query, a fragment or a user name, and a path that ends with
    /// a slash. It also rejects DPoP without `resource` and without this setting.
    ///
    /// ```
    /// use tower_jwt_auth::proof::Dpop;
    ///
    /// // A proxy serves this service as https://api.example.com/notes/.. and strips /notes.
    /// let dpop = Dpop::new().public_url("https://api.example.com/notes");
    /// ```
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        let urls = self.public_urls.get_or_insert_default();
        urls.push(url.into());
        self
    }

    /// Accepts a proof without a nonce if its `iat` is at most this far from our clock, in the past
    /// or in the future (RFC 9449 §11.1). With a good nonce 300 seconds are allowed.
    ///
    /// Default: [60 seconds](crate::limits::DEFAULT_PROOF_WINDOW). A longer window gives whoever
    /// steals a proof more time.
    ///
    /// # Errors
    ///
    /// `build` rejects less than 5 seconds and more than 5 minutes.
    pub const fn proof_window(mut self, window: Duration) -> Self {
        self.proof_window = Some(window);
        self
    }

    /// Sets when a proof must hold a nonce of this server (RFC 9449 §9).
    ///
    /// Default: [`NonceMode::Auto`].
    pub fn nonce(mut self, mode: NonceMode) -> Self {
        self.nonce = Some(Ok(mode));
        self
    }

    /// Sets how long a nonce counts. A client gets a new one in good time.
    ///
    /// Default: [5 minutes](crate::limits::DEFAULT_NONCE_LIFETIME).
    ///
    /// # Errors
    ///
    /// `build` rejects less than 1 minute and more than 1 hour.
    pub const fn nonce_lifetime(mut self, lifetime: Duration) -> Self {
        self.nonce_lifetime = Some(lifetime);
        self
    }

    /// Sets the secret that nonces are made with, so that several processes accept each other's: 32
    /// bytes or more, as base64url text. May be called several times: the first secret makes
    /// nonces, and all of them are accepted.
    ///
    /// To replace the secret A by B, give each process in turn A, then A and B, then B and A, then
    /// B, each step everywhere before the next.
    ///
    /// Default: with a [`Fleet`](crate::fleet::Fleet), keys that are made from its secrets;
    /// otherwise the process makes one up. With [`NonceMode::Required`], a client then makes one
    /// more round trip each time it meets another process; `build` says so with the event
    /// `nonce_secret_made_up`.
    ///
    /// # Errors
    ///
    /// `build` rejects a secret under 32 bytes, text that is not base64url, and a combination with
    /// [`nonce_secret_file`](Self::nonce_secret_file). No error shows the secret.
    pub fn nonce_secret(mut self, secret: impl Into<String>) -> Self {
        let secrets = self.nonce_secrets.get_or_insert_default();
        secrets.push(Secret::new(secret.into()));
        self
    }

    /// Reads the secrets of [`nonce_secret`](Self::nonce_secret) from this file, one a line.
    /// `build` reads it, once.
    ///
    /// Default: none.
    ///
    /// # Errors
    ///
    /// `build` rejects a file that cannot be read or is empty, and what `nonce_secret` rejects.
    pub fn nonce_secret_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.nonce_secret_file = Some(path.into());
        self
    }

    /// Remembers this many proofs, so that none works twice (RFC 9449 §11.1). An entry takes at
    /// most 32 bytes.
    ///
    /// Default: [262,144](crate::limits::DEFAULT_REPLAY_ENTRIES), 8 MiB: 60 seconds of 4,300 proofs
    /// a second. One key may use a sixteenth of them. When the memory is full, no proof works
    /// twice; requests whose proofs are old get 503.
    ///
    /// # Errors
    ///
    /// `build` rejects less than 1,024 and more than 16,777,216.
    pub const fn replay_entries(mut self, how_many: usize) -> Self {
        self.replay_entries = Some(how_many);
        self
    }

    /// Asks this store too whether a proof was used before, for several processes that serve the
    /// same clients.
    ///
    /// Default: with a [`Fleet`](crate::fleet::Fleet), its
    /// [`replays`](crate::fleet::Fleet::replays); otherwise none. Then each process remembers the
    /// proofs that it has seen, so a stolen proof works once in each other process while it is
    /// fresh.
    ///
    /// See [`ReplayStore`] for an example.
    pub fn replay_store(mut self, store: impl ReplayStore) -> Self {
        self.replay_store = Some(Arc::new(store));
        self
    }

    /// Remembers no proof.
    ///
    /// The risk: whoever sees a request can repeat it, as often as they like, until its proof is no
    /// longer fresh.
    ///
    /// # Errors
    ///
    /// `build` rejects a combination with `replay_entries` or `replay_store`.
    pub const fn danger_allow_replay(mut self) -> Self {
        self.allow_replay = true;
        self
    }
}

/// Where the client's certificate comes from, for certificate-bound tokens (RFC 8705 §3) and
/// [`mtls`](crate::config::JwtAuthConfigBuilder::mtls).
///
/// ```
/// # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))] {
/// use tower_jwt_auth::JwtAuthConfig;
/// use tower_jwt_auth::proof::{CertificateFormat, Mtls};
///
/// let proxies = ["10.0.0.0/8", "::1/128"];
/// let config = JwtAuthConfig::builder()
///     .resource("https://mcp.example.com/mcp")
///     .issuer("https://idp.example.com")
///     .mtls(Mtls::from_header("client-cert", CertificateFormat::Rfc9440, proxies))
///     .build()?;
/// # }
/// # Ok::<(), tower_jwt_auth::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Mtls {
    pub(crate) header: Option<CertificateHeader>,
}

/// The header in which a proxy passes the certificate on.
#[derive(Clone, Debug)]
pub(crate) struct CertificateHeader {
    pub(crate) name: String,
    /// The error is a name that a file has and this crate does not know.
    pub(crate) format: Result<CertificateFormat, String>,
    pub(crate) trusted_peers: Option<Vec<String>>,
    pub(crate) trust_any_peer: bool,
}

impl Mtls {
    /// Takes the certificate from the extension `ClientCertificate` of the request, which the TLS
    /// acceptor of your program inserts. No header is looked at.
    pub const fn from_tls() -> Self {
        Self { header: None }
    }

    /// Takes the certificate from the header `name`, in which a proxy that ends TLS puts it. The
    /// extension is then not looked at.
    ///
    /// The header counts only in requests from `trusted_peers`, judged by the address of the
    /// connection: networks in CIDR form such as `10.0.0.0/8`, single addresses, or `unix` for a
    /// Unix socket. From anybody else [`JwtAuthLayer`](crate::JwtAuthLayer) removes it;
    /// [`JwtVerifier`](crate::JwtVerifier) alone only reads requests and removes nothing. The proxy
    /// must remove the header from what clients send (RFC 9440 §4); this is the second lock.
    ///
    /// # Errors
    ///
    /// `build` rejects a name that is no header name, `authorization`, `cookie`, `dpop` and `host`,
    /// an empty list of peers, networks with host bits, and networks that hold every address.
    pub fn from_header<P: Into<String>>(
        name: impl Into<String>,
        format: CertificateFormat,
        trusted_peers: impl IntoIterator<Item = P>,
    ) -> Self {
        let trusted_peers = trusted_peers.into_iter().map(Into::into).collect();
        Self::header(name.into(), format, Some(trusted_peers))
    }

    /// As [`from_header`](Self::from_header), and believes the header whoever sends it.
    ///
    /// The risk: whoever reaches this server without passing the proxy can write the header, and
    /// use a stolen token with a certificate whose key they do not have.
    ///
    /// # Errors
    ///
    /// As for `from_header`.
    pub fn danger_trust_any_peer(name: impl Into<String>, format: CertificateFormat) -> Self {
        Self::header(name.into(), format, None)
    }

    fn header(name: String, format: CertificateFormat, peers: Option<Vec<String>>) -> Self {
        let header = CertificateHeader {
            name,
            format: Ok(format),
            trust_any_peer: peers.is_none(),
            trusted_peers: peers,
        };
        Self {
            header: Some(header),
        }
    }
}
