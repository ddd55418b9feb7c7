use std::hint::black_box;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use axum_jwks::{Claims, Jwks, ParseTokenClaims, TokenError};

use super::{Crypto, Peer, RSA, Role, router};
use crate::drive::App;
use crate::issuer::Issuer;
use crate::token::{Caller, RESOURCE};

impl ParseTokenClaims for Caller {
    type Rejection = TokenError;
}

pub fn peer() -> Peer {
    Peer {
        name: "axum-jwks",
        form: "extractor",
        package: ("axum-jwks", ""),
        crypto: Crypto::Ring("9."),
        // It refuses a key set that holds any other kind of key.
        algorithms: RSA,
        role: Role::Peer,
        start: |issuer| Box::pin(start(issuer)),
    }
}

async fn start(issuer: &Issuer) -> App {
    let jwks = Jwks::from_jwks_url(&issuer.jwks_uri(), Some(RESOURCE), None).await;
    let app = Router::new()
        .route("/mcp", get(hello))
        .with_state(jwks.expect("keys"));
    App::of(app, router(), Body::empty)
}

async fn hello(Claims(caller): Claims<Caller>) -> &'static str {
    black_box(caller);
    "hello"
}
