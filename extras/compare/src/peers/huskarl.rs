use huskarl_axum::layers::ValidatorLayer;
use huskarl_reqwest::ReqwestClient;
use huskarl_resource_server::validator::rfc9068::Rfc9068Validator;

use super::{ALGORITHMS, Crypto, Peer, Role, layered};
use crate::drive::App;
use crate::issuer::Issuer;
use crate::token::RESOURCE;

pub fn peer() -> Peer {
    Peer {
        name: "huskarl-axum",
        form: "layer",
        package: ("huskarl-axum", ""),
        crypto: Crypto::RustCrypto,
        algorithms: &ALGORITHMS,
        role: Role::Peer,
        start: |issuer| Box::pin(start(issuer)),
    }
}

async fn start(issuer: &Issuer) -> App {
    let client = ReqwestClient::builder().build().await.expect("a client");
    let validator = Rfc9068Validator::builder()
        .issuer(issuer.name())
        .audience(RESOURCE)
        .jwks_uri(issuer.jwks_uri().parse().expect("a URL"))
        .jwks_source(client)
        .build();
    let validator = validator.await.expect("a validator");
    let layer = ValidatorLayer::builder().validator(validator).build();
    layered(&layer.authenticated())
}
