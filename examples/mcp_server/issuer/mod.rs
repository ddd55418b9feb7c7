//! An OAuth 2.1 authorization server for development: any client can register, and anybody at this
//! machine agrees to its request with one click.
//!
//! **Not for production.** It does not authenticate users, its key and its state live in memory,
//! and it signs with a key that is made for tests. It must therefore be reachable from this machine
//! alone, and rejects requests for any other host.
//!
//! It implements the flow correctly: authorization code with PKCE (RFC 7636, S256 only), public
//! clients that publish themselves (client id metadata documents) or register (RFC 7591), one
//! resource (RFC 8707), JWT access tokens (RFC 9068), refresh tokens that change with each use (RFC
//! 9700 §4.14.2), metadata (RFC 8414, and at the path of OpenID Connect), `iss` in each
//! authorization response (RFC 9207), tokens that are bound to a key if the client proves one (RFC
//! 9449 §5).
//!
//! | file | contents |
//! | --- | --- |
//! | `client.rs` | the clients, and their registration |
//! | `document.rs` | clients whose id is the URL of a document |
//! | `guarded_fetch.rs` | fetches such a document, and nothing else that this machine can reach |
//! | `redirect_uri.rs` | the addresses at which a client may receive a code |
//! | `authorize.rs` | the authorization endpoint |
//! | `page.rs` | the consent page |
//! | `token.rs` | the token endpoint |
//! | `proof.rs` | DPoP proofs at the token endpoint |
//! | `scopes.rs` | the scopes, and which of the requested ones are granted |
//! | `parameters.rs` | parameters of requests, each at most once |
//! | `error.rs` | the error responses to clients |
//! | `store.rs` | values that are kept for a limited time, limited in number |

mod authorize;
mod client;
mod document;
mod error;
mod guarded_fetch;
mod page;
mod parameters;
mod proof;
mod redirect_uri;
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
use self::client::Client;
pub(crate) use self::page::BANNER;
use self::store::Store;
use self::token::Family;
use crate::options::Development;
use crate::origins::is_loopback;

/// The lifetime of an access token, which cannot be revoked.
const TOKEN_LIFETIME: Duration = Duration::from_secs(60 * 60);
/// A user who signs in again and again causes one fetch, and a developer who changes the document
/// waits no longer than this.
const DOCUMENT_LIFETIME: Duration = Duration::from_secs(60);
/// The time in which a user must decide on the page.
const CONSENT_LIFETIME: Duration = Duration::from_secs(10 * 60);
/// The time in which errors are sent to a client without a page in between, once it was allowed.
const CONFIRMED_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// "A maximum authorization code lifetime of 10 minutes is RECOMMENDED" (RFC 6749 §4.1.2); clients
/// need about a second.
const CODE_LIFETIME: Duration = Duration::from_secs(60);
const REFRESH_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// Every valid request is small.
const BODY_LIMIT: usize = 16 * 1024;

#[derive(Clone)]
pub(crate) struct DevelopmentIssuer(Arc<Inner>);

struct Inner {
    issuer: String,
    resource: String,
    options: Development,
    key: TestKey,
    /// Clients that publish themselves.
    documents: Store<Client>,
    /// Requests that wait for the decision of a user.
    consents: Store<Authorization>,
    /// The clients that a user has allowed, with their redirect URIs.
    confirmed: Store<()>,
    codes: Store<Authorization>,
    families: Store<Family>,
}

impl DevelopmentIssuer {
    /// Creates an issuer of tokens for a single resource server.
    pub(crate) fn new(issuer: String, resource: String, options: Development) -> Self {
        // A new `kid` for each start, so that a token of an earlier run is not checked with this
        // key.
        let kid = format!("development-{:.8}", store::secret());
        Self(Arc::new(Inner {
            issuer,
            resource,
            options,
            key: TestKey::generate(Algorithm::ES256, kid),
            documents: Store::new(DOCUMENT_LIFETIME),
            consents: Store::new(CONSENT_LIFETIME),
            confirmed: Store::new(CONFIRMED_LIFETIME),
            codes: Store::new(CODE_LIFETIME),
            families: Store::new(REFRESH_LIFETIME),
        }))
    }

    /// What clients call, also from the script of a web page: put CORS around it.
    pub(crate) fn endpoints(&self) -> Router {
        let metadata = get(Json(self.metadata()));
        let endpoints = Router::new()
            .route("/.well-known/oauth-authorization-server", metadata.clone())
            .route("/.well-known/openid-configuration", metadata)
            .route("/jwks", get(Json(json!({"keys": [self.0.key.jwk()]}))))
            .route("/register", post(client::register))
            .route("/token", post(token::token));
        self.guarded(endpoints)
    }

    /// The pages for the user. Put no CORS around them: a script that can read the consent page can
    /// also press its button.
    pub(crate) fn pages(&self) -> Router {
        let authorize = get(authorize::ask).post(authorize::answer);
        self.guarded(Router::new().route("/authorize", authorize))
    }

    fn guarded(&self, routes: Router<Self>) -> Router {
        routes
            .with_state(self.clone())
            .layer(DefaultBodyLimit::max(BODY_LIMIT))
            .layer(middleware::from_fn(only_from_here))
    }

    fn metadata(&self) -> Value {
        let issuer = &self.0.issuer;
        let options = self.0.options;
        json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "registration_endpoint": format!("{issuer}/register"),
            "jwks_uri": format!("{issuer}/jwks"),
            "scopes_supported": scopes::advertised(options.offline_access),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_methods_supported": ["none"],
            "code_challenge_methods_supported": ["S256"],
            "dpop_signing_alg_values_supported": ["ES256"],
            "client_id_metadata_document_supported": !options.no_client_documents,
            "authorization_response_iss_parameter_supported": true,
            // OpenID Connect Discovery requires these two. No ID token is ever issued.
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        })
    }

    /// Creates an access token without the flow, to paste.
    pub(crate) fn token_for(&self, client_id: &str, scope: &str) -> String {
        self.access_token(client_id, scope, None)
    }

    /// The same, bound to the key with this thumbprint (RFC 9449 §6.1).
    pub(crate) fn bound_token(&self, client_id: &str, scope: &str, jkt: &str) -> String {
        self.access_token(client_id, scope, Some(jkt))
    }

    /// RFC 9068 §2.
    fn access_token(&self, client_id: &str, scope: &str, jkt: Option<&str>) -> String {
        let issuer = &*self.0;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let header =
            json!({"alg": issuer.key.algorithm().name(), "kid": issuer.key.kid(), "typ": "at+jwt"});
        let mut claims = json!({
            "iss": issuer.issuer,
            "aud": issuer.resource,
            "sub": "developer",
            "client_id": client_id,
            "scope": scope,
            "iat": now,
            "exp": now + TOKEN_LIFETIME.as_secs(),
            "jti": store::secret(),
        });
        if let Some(jkt) = jkt {
            claims["cnf"] = json!({"jkt": jkt});
        }
        issuer
            .key
            .sign_compact(&header.to_string(), &claims.to_string())
    }
}

/// Prevents DNS rebinding: a page of a foreign name that is made to point at this machine could
/// otherwise read the consent page and press its button.
async fn only_from_here(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST);
    let authority = host.and_then(|host| Authority::try_from(host.as_bytes()).ok());
    match authority.is_some_and(|authority| is_loopback(&authority)) {
        true => next.run(request).await,
        false => (StatusCode::FORBIDDEN, "for this machine alone").into_response(),
    }
}
