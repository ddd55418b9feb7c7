use tower_jwt_auth::config::JwtAuthConfigBuilder;
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};

use super::{ALGORITHMS, Crypto, Peer, Role, layered};
use crate::drive::App;
use crate::issuer::Issuer;
use crate::token::RESOURCE;

pub fn peer() -> Peer {
    Peer {
        name: "tower-jwt-auth",
        form: "layer",
        package: ("tower-jwt-auth", ""),
        crypto: Crypto::AwsLc,
        algorithms: &ALGORITHMS,
        role: Role::Own,
        start: |issuer| Box::pin(start(config(issuer))),
    }
}

pub fn without_memory() -> Peer {
    Peer {
        name: "tower-jwt-auth, `token_cache_entries(0)`",
        start: |issuer| Box::pin(start(config(issuer).token_cache_entries(0))),
        ..peer()
    }
}

fn config(issuer: &Issuer) -> JwtAuthConfigBuilder {
    JwtAuthConfig::builder()
        .resource(RESOURCE)
        .issuer(issuer.name())
        .jwks_uri(issuer.jwks_uri())
}

async fn start(config: JwtAuthConfigBuilder) -> App {
    let layer = JwtAuthLayer::new(config.build().expect("a good configuration"));
    layer.wait_for_keys().await.expect("keys");
    layered(&layer)
}
