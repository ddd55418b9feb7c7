use aliri::jwa::Algorithm;
use aliri::jwt::{Audience, CoreValidator, Issuer as Iss};
use aliri_oauth2::Authority;
use aliri_oauth2::scope::BasicClaimsWithScope;
use aliri_tower::Oauth2Authorizer;
use axum::body::Body;

use super::{Crypto, Peer, RSA, Role, layered};
use crate::drive::App;
use crate::issuer::Issuer;
use crate::token::RESOURCE;

pub fn peer() -> Peer {
    Peer {
        name: "aliri_tower",
        form: "layer",
        package: ("aliri_tower", ""),
        crypto: Crypto::PlainRing,
        // ES256 needs its feature `ec`, which needs OpenSSL; EdDSA is missing.
        algorithms: RSA,
        role: Role::Peer,
        start: |issuer| Box::pin(start(issuer)),
    }
}

async fn start(issuer: &Issuer) -> App {
    let validator = CoreValidator::default()
        .add_approved_algorithm(Algorithm::RS256)
        .add_approved_algorithm(Algorithm::PS256)
        .add_allowed_audience(Audience::from(RESOURCE))
        .require_issuer(Iss::from(issuer.name()))
        .check_expiration()
        .check_not_before()
        .with_leeway_secs(60);
    let authority = Authority::new_from_url(issuer.jwks_uri(), validator)
        .await
        .expect("keys");
    authority.spawn_refresh(std::time::Duration::from_secs(600));
    let layer = Oauth2Authorizer::new()
        .with_claims::<BasicClaimsWithScope>()
        .with_terse_error_handler::<Body>()
        .jwt_layer::<Body>(authority);
    layered(&layer)
}
