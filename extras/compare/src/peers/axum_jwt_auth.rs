use std::hint::black_box;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use axum_jwt_auth::{Claims, Decoder, RemoteJwksDecoder};
use jsonwebtoken10::{Algorithm, Validation};

use super::{ALGORITHMS, Crypto, Peer, Role, router};
use crate::drive::App;
use crate::issuer::Issuer;
use crate::token::{Caller, RESOURCE};

pub fn peer() -> Peer {
    Peer {
        name: "axum-jwt-auth",
        form: "extractor",
        package: ("axum-jwt-auth", ""),
        crypto: Crypto::Chosen("10."),
        algorithms: &ALGORITHMS,
        role: Role::Peer,
        start: |issuer| Box::pin(start(issuer)),
    }
}

async fn start(issuer: &Issuer) -> App {
    let algorithm: Algorithm = issuer
        .algorithm()
        .name()
        .parse()
        .expect("an algorithm of both");
    let mut validation = Validation::new(algorithm);
    validation.validate_nbf = true;
    validation.set_audience(&[RESOURCE]);
    validation.set_issuer(&[issuer.name()]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    let decoder = RemoteJwksDecoder::builder()
        .jwks_url(issuer.jwks_uri())
        .validation(validation)
        .build();
    let decoder = Arc::new(decoder.expect("a decoder"));
    decoder.initialize().await.expect("keys");
    let state: Decoder<Caller> = decoder;
    let app = Router::new().route("/mcp", get(hello)).with_state(state);
    App::of(app, router(), Body::empty)
}

async fn hello(caller: Claims<Caller>) -> &'static str {
    black_box(caller.claims);
    "hello"
}
