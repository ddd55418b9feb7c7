//! The settings of introspection as plain values: `config` checks them. Long, because each setter
//! documents its effect, default and errors.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::introspector::Introspector;
use crate::base::secret::Secret;

/// How an issuer is asked about tokens (RFC 7662), for
/// [`introspection`](crate::config::JwtAuthConfigBuilder::introspection).
///
/// The constructor says how this server authenticates itself at the endpoint, which RFC 7662 §2.1
/// requires. With nothing else set, tokens that are no JWT are asked about, and an answer counts
/// for a minute.
///
/// ```
/// # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))] {
/// use std::time::Duration;
/// use tower_jwt_auth::JwtAuthConfig;
/// use tower_jwt_auth::introspection::Introspection;
///
/// # let secret = "s3cr3t";
/// let config = JwtAuthConfig::builder()
///     .resource("https://mcp.example.com/mcp")
///     .issuer("https://idp.example.com")
///     .introspection(Introspection::new("mcp-server", secret).max_age(Duration::from_secs(10)))
///     .build()?;
/// # }
/// # Ok::<(), tower_jwt_auth::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Introspection {
    pub(crate) introspector: Option<Arc<dyn Introspector>>,
    pub(crate) endpoint: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<Secret<String>>,
    pub(crate) client_secret_file: Option<PathBuf>,
    pub(crate) private_key_file: Option<PathBuf>,
    pub(crate) bearer_token_file: Option<PathBuf>,
    /// Here and below, the error is a name that a file has and this crate does not know.
    pub(crate) auth: Option<Result<ClientAuth, String>>,
    pub(crate) tokens: Option<Result<IntrospectedTokens, String>>,
    pub(crate) token_prefix: Option<String>,
    pub(crate) max_age: Option<Duration>,
    pub(crate) negative_max_age: Option<Duration>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) jwt_response: Option<Result<JwtResponse, String>>,
    pub(crate) allow_missing_audience: bool,
    pub(crate) max_stale: Option<Duration>,
}

/// How this server authenticates itself at the introspection endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientAuth {
    /// `basic`: `Authorization: Basic` with id and secret, form-encoded first as RFC 6749 §2.3.1
    /// says.
    Basic,
    /// `basic_unencoded`: the same without the encoding, for servers that forget to decode.
    BasicUnencoded,
    /// `bearer`: a token as `Authorization: Bearer` (RFC 7662 §2.1).
    Bearer,
    /// `post`: id and secret in the body (RFC 6749 §2.3.1).
    Post,
    /// `private_key_jwt`: a signed assertion (RFC 7523 §2.2).
    PrivateKeyJwt,
}

/// The tokens that the issuer is asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IntrospectedTokens {
    /// `also_jwts`: JWTs too, once they are verified here, so that revocation counts.
    AlsoJwts,
    /// `only`: all tokens. Nothing is verified here, and no keys are fetched.
    Only,
    /// `opaque`: tokens that are no JWT. JWTs are verified here and shown to nobody.
    #[default]
    Opaque,
}

/// Whether the endpoint signs its answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JwtResponse {
    /// `off`: it answers with JSON (RFC 7662 §2.2).
    #[default]
    Off,
    /// `required`: it answers with a signed JWT (RFC 9701); a plain answer is its fault.
    Required,
}

impl Introspection {
    /// Whether both ask the same endpoint in the same way. Two introspectors are never the same:
    /// code cannot be compared.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        // Without `..`: a new setting must be compared too.
        let Self {
            introspector,
            endpoint,
            client_id,
            client_secret,
            client_secret_file,
            private_key_file,
            bearer_token_file,
            auth,
            tokens,
            token_prefix,
            max_age,
            negative_max_age,
            timeout,
            jwt_response,
            allow_missing_audience,
            max_stale,
        } = self;
        let is_same_code = match (introspector, &other.introspector) {
            (Some(ours), Some(theirs)) => std::ptr::addr_eq(Arc::as_ptr(ours), Arc::as_ptr(theirs)),
            (None, None) => true,
            _ => false,
        };
        is_same_code
            && *endpoint == other.endpoint
            && *client_id == other.client_id
            && *client_secret == other.client_secret
            && *client_secret_file == other.client_secret_file
            && *private_key_file == other.private_key_file
            && *bearer_token_file == other.bearer_token_file
            && *auth == other.auth
            && *tokens == other.tokens
            && *token_prefix == other.token_prefix
            && *max_age == other.max_age
            && *negative_max_age == other.negative_max_age
            && *timeout == other.timeout
            && *jwt_response == other.jwt_response
            && *allow_missing_audience == other.allow_missing_audience
            && *max_stale == other.max_stale
    }

    /// Authenticates with a client secret, as [`ClientAuth::Basic`] unless
    /// [`auth`](Self::auth) says otherwise.
    ///
    /// # Errors
    ///
    /// `build` rejects an empty id and an empty secret. No error shows the secret. A secret with
    /// characters that form-encoding changes, such as `+` and `%`, causes the event
    /// `introspection_secret_encoded`: some servers forget to decode it.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        Self {
            client_secret: Some(Secret::new(client_secret.into())),
            ..Self::of_client(client_id)
        }
    }

    /// As [`new`](Self::new), with the secret in a file, without one line break at its end. The
    /// file is read by `build`, and again when the endpoint refuses the secret, so that it can be
    /// replaced without a restart.
    ///
    /// # Errors
    ///
    /// `build` rejects a file that is missing or empty.
    pub fn with_client_secret_file(client_id: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        Self {
            client_secret_file: Some(path.into()),
            ..Self::of_client(client_id)
        }
    }

    /// Authenticates with assertions that the key in this file signs
    /// ([`ClientAuth::PrivateKeyJwt`]): PEM (PKCS #8 or SEC1) or a JWK. The algorithm is that of
    /// the key: ES256, ES384, ES512, EdDSA, or RS256. The file is read again as in
    /// [`with_client_secret_file`](Self::with_client_secret_file).
    ///
    /// # Errors
    ///
    /// `build` rejects a file that is missing, empty or holds no such key. An RSA key needs the
    /// feature `aws_lc_rs`.
    pub fn with_private_key_file(client_id: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        Self {
            private_key_file: Some(path.into()),
            ..Self::of_client(client_id)
        }
    }

    /// Authenticates with the token in this file ([`ClientAuth::Bearer`]). The file is read again
    /// as in [`with_client_secret_file`](Self::with_client_secret_file).
    ///
    /// # Errors
    ///
    /// `build` rejects a file that is missing or empty.
    pub fn with_bearer_token_file(path: impl Into<PathBuf>) -> Self {
        Self {
            bearer_token_file: Some(path.into()),
            ..Self::default()
        }
    }

    /// Asks `introspector` in place of an endpoint: for another HTTP client, or an issuer in the
    /// same process. Which tokens are asked about, how answers are judged and how long they are
    /// kept stays the same.
    ///
    /// # Errors
    ///
    /// `build` rejects a combination with `endpoint`, `auth` and `jwt_response`.
    pub fn with_introspector(introspector: impl Introspector) -> Self {
        Self {
            introspector: Some(Arc::new(introspector)),
            ..Self::default()
        }
    }

    fn of_client(client_id: impl Into<String>) -> Self {
        Self {
            client_id: Some(client_id.into()),
            ..Self::default()
        }
    }

    /// Asks at this URL.
    ///
    /// Default: the `introspection_endpoint` in the issuer's metadata, if it is on the issuer's own
    /// origin, since our secret goes there. An endpoint elsewhere must be set here.
    ///
    /// # Errors
    ///
    /// `build` rejects a URL that is not https (http is allowed on a loopback host), or that has a
    /// fragment or a user name. Without this setting it rejects an issuer that is not such a URL.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// Sets how this server authenticates itself.
    ///
    /// Default: what the credentials are for: [`Basic`](ClientAuth::Basic) with a client secret,
    /// [`PrivateKeyJwt`](ClientAuth::PrivateKeyJwt) with a private key,
    /// [`Bearer`](ClientAuth::Bearer) with a token.
    ///
    /// # Errors
    ///
    /// `build` rejects a way that does not fit the credentials.
    pub fn auth(mut self, auth: ClientAuth) -> Self {
        self.auth = Some(Ok(auth));
        self
    }

    /// Sets the id that RFC 9701 answers may name in `aud`, for
    /// [`with_bearer_token_file`](Self::with_bearer_token_file) with
    /// [`JwtResponse::Required`]. The other constructors set it.
    ///
    /// Default: none; answers must name `resource`.
    ///
    /// # Errors
    ///
    /// `build` rejects it with a bearer token and plain answers, for which nothing uses it.
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// Sets which tokens the issuer is asked about.
    ///
    /// Default: [`IntrospectedTokens::Opaque`], because each other token costs a call that the
    /// verification here makes unnecessary.
    pub fn tokens(mut self, tokens: IntrospectedTokens) -> Self {
        self.tokens = Some(Ok(tokens));
        self
    }

    /// Asks only about opaque tokens that begin with `prefix`. JWTs go by their `iss`.
    ///
    /// Default: none; every opaque token is asked about.
    ///
    /// # Errors
    ///
    /// `build` rejects an empty prefix, and, if several issuers have `introspection`, an issuer
    /// without a prefix and a prefix that begins another: a token must never be shown to the wrong
    /// server.
    pub fn token_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.token_prefix = Some(prefix.into());
        self
    }

    /// Sets how long the answer "active" counts, never past `exp`: the longest that a revoked token
    /// goes on working. Zero asks for each request.
    ///
    /// Default: [60 seconds](crate::limits::DEFAULT_INTROSPECTION_MAX_AGE).
    ///
    /// # Errors
    ///
    /// `build` rejects more than 10 minutes.
    pub const fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Sets how long the answer "not active" counts.
    ///
    /// Default: [5 seconds](crate::limits::DEFAULT_INTROSPECTION_NEGATIVE_MAX_AGE), because a token
    /// that was just issued may not have reached every replica of the issuer.
    ///
    /// # Errors
    ///
    /// `build` rejects more than 60 seconds.
    pub const fn negative_max_age(mut self, max_age: Duration) -> Self {
        self.negative_max_age = Some(max_age);
        self
    }

    /// Sets the longest time that a call may take, its repeat included, and that a request waits
    /// for it.
    ///
    /// Default: [5 seconds](crate::limits::DEFAULT_INTROSPECTION_TIMEOUT).
    ///
    /// # Errors
    ///
    /// `build` rejects less than 100 milliseconds and more than 30 seconds.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets whether the endpoint signs its answers (RFC 9701).
    ///
    /// Default: [`JwtResponse::Off`].
    ///
    /// # Errors
    ///
    /// `build` rejects [`JwtResponse::Required`] with a bearer token if neither `client_id` nor
    /// `resource` is set: an answer must name one of them in `aud`.
    pub fn jwt_response(mut self, jwt_response: JwtResponse) -> Self {
        self.jwt_response = Some(Ok(jwt_response));
        self
    }

    /// Accepts answers without `aud`, which RFC 7662 §2.2 allows.
    ///
    /// The risk: a token that a user gave to another service of this issuer works here too.
    pub const fn danger_allow_missing_audience(mut self) -> Self {
        self.allow_missing_audience = true;
        self
    }

    /// Uses an answer for up to this long after its `max_age`, and never past `exp`, while the
    /// endpoint cannot be asked.
    ///
    /// Default: zero; such requests get 503. The risk: a revoked token works on while the endpoint
    /// is down.
    ///
    /// # Errors
    ///
    /// `build` rejects more than 10 minutes.
    pub const fn danger_max_stale(mut self, max_stale: Duration) -> Self {
        self.max_stale = Some(max_stale);
        self
    }
}

#[cfg(test)]
mod tests;
