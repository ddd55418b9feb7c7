use std::sync::Arc;

use oauth_resource_server::http_layer::HttpAuthLayer;
use oauth_resource_server::{KeyNaming, OAuthConfig, OAuthValidator};

use super::{ALGORITHMS, Crypto, Peer, Role, layered};
use crate::drive::App;
use crate::issuer::Issuer;
use crate::token::RESOURCE;

pub fn peer() -> Peer {
    Peer {
        name: "oauth-resource-server",
        form: "layer",
        package: ("oauth-resource-server", ""),
        crypto: Crypto::Ring("9."),
        algorithms: &ALGORITHMS,
        role: Role::Peer,
        start: |issuer| Box::pin(start(issuer)),
    }
}

async fn start(issuer: &Issuer) -> App {
    let config = OAuthConfig {
        enabled: true,
        issuer: issuer.name().to_owned(),
        audience: RESOURCE.to_owned(),
        resource: RESOURCE.to_owned(),
        jwks_uri: Some(issuer.jwks_uri()),
        // No other peer checks a scope here.
        allow_unscoped_tokens: true,
        ..OAuthConfig::default()
    };
    let config = config
        .resolve(KeyNaming::Dotted("oauth"))
        .expect("a good configuration");
    let validator = OAuthValidator::new(&config.expect("it is enabled")).expect("a validator");
    let validator = Arc::new(validator);
    validator.spawn_background_refresh();
    let layer = HttpAuthLayer::builder()
        .oauth(validator)
        .build()
        .expect("a layer");
    layered(&layer)
}
