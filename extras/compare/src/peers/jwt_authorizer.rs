use axum07::Router;
use axum07::body::Body;
use axum07::routing::get;
use jwt_authorizer::{Authorizer, IntoLayer as _, JwtAuthorizer, Validation};
use tower::Layer as _;

use super::{ALGORITHMS, Crypto, Peer, Role};
use crate::drive::App;
use crate::issuer::Issuer;
use crate::token::{Caller, RESOURCE};

pub fn peer() -> Peer {
    Peer {
        name: "jwt-authorizer",
        form: "layer, axum 0.7",
        package: ("jwt-authorizer", ""),
        crypto: Crypto::Ring("9."),
        algorithms: &ALGORITHMS,
        role: Role::Peer,
        start: |issuer| Box::pin(start(issuer)),
    }
}

async fn start(issuer: &Issuer) -> App {
    let validation = Validation::new()
        .iss(&[issuer.name()])
        .aud(&[RESOURCE])
        .nbf(true);
    let authorizer =
        JwtAuthorizer::<Caller>::from_jwks_url(&issuer.jwks_uri()).validation(validation);
    let authorizer: Authorizer<Caller> = authorizer.build().await.expect("an authorizer");
    let router = || Router::new().route("/mcp", get(|| async { "hello" }));
    App::of(
        authorizer.into_layer().layer(router()),
        router(),
        Body::empty,
    )
}
