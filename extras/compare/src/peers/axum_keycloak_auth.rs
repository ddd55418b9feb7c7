use std::sync::Arc;
use std::time::Duration;

use axum_keycloak_auth::instance::{KeycloakAuthInstance, KeycloakConfig};
use axum_keycloak_auth::layer::KeycloakAuthLayer;
use serde::Deserialize;
use url::Url;

use super::{ALGORITHMS, Crypto, Peer, Role, layered};
use crate::drive::App;
use crate::issuer::Issuer;
use crate::token::RESOURCE;

/// Claims that it does not read itself.
#[derive(Clone, Debug, Deserialize)]
struct Extra {
    #[expect(dead_code, reason = "it is read, and that is what costs")]
    client_id: String,
}

pub fn peer() -> Peer {
    Peer {
        name: "axum-keycloak-auth",
        form: "layer",
        package: ("axum-keycloak-auth", ""),
        crypto: Crypto::Ring("9."),
        algorithms: &ALGORITHMS,
        role: Role::Peer,
        start: |issuer| Box::pin(start(issuer)),
    }
}

/// No Keycloak is running: the issuer serves its metadata at every path that ends like discovery.
async fn start(issuer: &Issuer) -> App {
    let config = KeycloakConfig::builder()
        .server(Url::parse(issuer.name()).expect("a URL"))
        .realm("bench".to_owned())
        .build();
    let instance = Arc::new(KeycloakAuthInstance::new(config));
    // Its `poll_ready` panics on a request that arrives before discovery has begun.
    while !instance.is_operational().await {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let layer = KeycloakAuthLayer::<String, Extra>::builder()
        .instance(instance)
        .expected_audiences(vec![RESOURCE.to_owned()])
        .build();
    layered(&layer)
}
