//! An OAuth 2.1 authorization server for development: any client registers, and whoever sits at this
//! machine agrees to its request with one click.
//!
//! **Not for production.** It asks nobody who they are, its key and its state live in memory, and it
//! signs with a key that is made for tests. For that it must be reached from this machine alone, and
//! answers no other.
//!
//! What it does, it does as it must be done: authorization code with PKCE (RFC 7636, S256 only), dynamic
//! registration of public clients (RFC 7591), one resource (RFC 8707), JWT access tokens (RFC 9068),
//! refresh tokens that change with each use (RFC 9700 §4.14.2), metadata (RFC 8414, and in the place
//! where OpenID Connect has it), `iss` in each authorization response (RFC 9207).
//!
//! | file | what |
//! | --- | --- |
//! | `client.rs` | registration, and where a client may have its answer sent |
//! | `authorize.rs` | the authorization endpoint |
//! | `page.rs` | what the user sees |
//! | `token.rs` | the token endpoint |
//! | `scopes.rs` | which scopes there are, and what of a wish is granted |
//! | `parameters.rs` | parameters of requests, each at most once |
//! | `error.rs` | what a client is told that asked wrongly |
//! | `store.rs` | secrets that are good once, and not for long |

mod authorize;
mod client;
mod error;
mod page;
mod parameters;
mod scopes;
mod store;
mod token;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::uri::Authority;
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tower_jwt_auth::Algorithm;
use tower_jwt_auth::test_util::TestKey;

use self::authorize::Authorization;
use self::store::Store;
use self::token::Family;
use crate::origins::is_loopback;

/// How long an access token is good. It cannot be withdrawn.
const TOKEN_LIFETIME: Duration = Duration::from_secs(60 * 60);
/// How long somebody may look at the page.
const CONSENT_LIFETIME: Duration = Duration::from_secs(10 * 60);
/// "A maximum authorization code lifetime of 10 minutes is RECOMMENDED" (RFC 6749 §4.1.2); clients need
/// a second.
const CODE_LIFETIME: Duration = Duration::from_secs(60);
const REFRESH_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// Every request is small.
const BODY_LIMIT: usize = 16 * 1024;

#[derive(Clone)]
pub(crate) struct DevelopmentIssuer(Arc<Inner>);

struct Inner {
    issuer: String,
    resource: String,
    key: TestKey,
    /// Requests that somebody looks at.
    consents: Store<Authorization>,
    codes: Store<Authorization>,
    families: Store<Family>,
}

impl DevelopmentIssuer {
    /// An issuer that gives tokens for one resource server alone.
    pub(crate) fn new(issuer: String, resource: String) -> Self {
        // A new name for each start: a token of the last one must not meet the key of this one.
        let kid = format!("development-{:.8}", store::secret());
        Self(Arc::new(Inner {
            issuer,
            resource,
            key: TestKey::generate(Algorithm::ES256, kid),
            consents: Store::new(CONSENT_LIFETIME),
            codes: Store::new(CODE_LIFETIME),
            families: Store::new(REFRESH_LIFETIME),
        }))
    }

    pub(crate) fn router(&self) -> Router {
        let metadata = get(Json(self.metadata()));
        Router::new()
            .route("/.well-known/oauth-authorization-server", metadata.clone())
            .route("/.well-known/openid-configuration", metadata)
            .route("/jwks", get(Json(json!({"keys": [self.0.key.jwk()]}))))
            .route("/register", post(client::register))
            .route("/authorize", get(authorize::ask).post(authorize::answer))
            .route("/authorize.css", get(page::style))
            .route("/token", post(token::token))
            .with_state(self.clone())
            .layer(DefaultBodyLimit::max(BODY_LIMIT))
            .layer(middleware::from_fn(only_from_here))
    }

    fn metadata(&self) -> Value {
        let issuer = &self.0.issuer;
        json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "registration_endpoint": format!("{issuer}/register"),
            "jwks_uri": format!("{issuer}/jwks"),
            "scopes_supported": scopes::SUPPORTED,
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_methods_supported": ["none"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
            // OpenID Connect Discovery wants these two. No ID token is ever issued.
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        })
    }

    /// An access token without any ceremony, to paste.
    pub(crate) fn token_for(&self, client_id: &str, scope: &str) -> String {
        self.access_token(client_id, scope)
    }

    /// RFC 9068 §2.
    fn access_token(&self, client_id: &str, scope: &str) -> String {
        let issuer = &*self.0;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let header =
            json!({"alg": issuer.key.algorithm().name(), "kid": issuer.key.kid(), "typ": "at+jwt"});
        let claims = json!({
            "iss": issuer.issuer,
            "aud": issuer.resource,
            "sub": "developer",
            "client_id": client_id,
            "scope": scope,
            "iat": now,
            "exp": now + TOKEN_LIFETIME.as_secs(),
            "jti": store::secret(),
        });
        issuer
            .key
            .sign_compact(&header.to_string(), &claims.to_string())
    }
}

/// Against DNS rebinding: a page of a foreign name that comes to point at this machine could otherwise
/// read the consent page and press its button.
async fn only_from_here(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST);
    let authority = host.and_then(|host| Authority::try_from(host.as_bytes()).ok());
    match authority.is_some_and(|authority| is_loopback(&authority)) {
        true => next.run(request).await,
        false => (StatusCode::FORBIDDEN, "for this machine alone").into_response(),
    }
}
