use axum::body::Body;
use tower_oauth2_resource_server::server::OAuth2ResourceServer;
use tower_oauth2_resource_server::tenant::TenantConfiguration;
use tower_oauth2_resource_server::validation::ClaimsValidationSpec;

use super::{ALGORITHMS, Crypto, Peer, Role, layered};
use crate::drive::App;
use crate::issuer::Issuer;
use crate::token::{Caller, RESOURCE};

pub fn peer() -> Peer {
    Peer {
        name: "tower-oauth2-resource-server",
        form: "layer",
        package: ("tower-oauth2-resource-server", ""),
        crypto: Crypto::Chosen("11."),
        algorithms: &ALGORITHMS,
        role: Role::Peer,
        start: |issuer| Box::pin(start(issuer)),
    }
}

async fn start(issuer: &Issuer) -> App {
    let audience = vec![RESOURCE.to_owned()];
    let checks = ClaimsValidationSpec::new()
        .iss(issuer.name())
        .aud(&audience)
        .exp(true)
        .nbf(true);
    let tenant = TenantConfiguration::builder(issuer.name())
        .jwks_url(issuer.jwks_uri())
        .audiences(&audience)
        .claims_validation(checks)
        .build();
    let server = OAuth2ResourceServer::<Caller>::builder()
        .add_tenant(tenant.await.expect("a tenant"))
        .build();
    let layer = server.await.expect("a server").into_layer::<Body>();
    layered(&layer)
}
