//! Each peer as its own documentation sets it up, with the checks of `iss`, `aud` and `exp` turned on where
//! that is a choice.

mod aliri_tower;
mod axum_jwks;
mod axum_jwt_auth;
mod axum_keycloak_auth;
mod huskarl;
mod jsonwebtoken;
mod jwt_authorizer;
mod oauth_resource_server;
mod own;
mod tower_oauth2;

use std::pin::Pin;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use tower_jwt_auth::Algorithm;

use crate::drive::App;
use crate::floor;
use crate::issuer::Issuer;

/// RSA with both paddings, ECDSA, Ed25519.
pub const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::RS256,
    Algorithm::PS256,
    Algorithm::ES256,
    Algorithm::EdDSA,
];
const RSA: &[Algorithm] = &[Algorithm::RS256, Algorithm::PS256];

pub type Starting<'i> = Pin<Box<dyn Future<Output = App> + 'i>>;

pub struct Peer {
    pub name: &'static str,
    pub form: &'static str,
    /// As in Cargo.lock, with the start of its version where there are several.
    pub package: (&'static str, &'static str),
    /// What checks its signatures.
    pub crypto: Crypto,
    pub algorithms: &'static [Algorithm],
    pub role: Role,
    pub start: fn(&Issuer) -> Starting<'_>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// What is compared with.
    Measure,
    Own,
    Peer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crypto {
    AwsLc,
    /// Through this version of jsonwebtoken.
    Ring(&'static str),
    PlainRing,
    RustCrypto,
    /// Through this version of jsonwebtoken, whose back end the process chooses.
    Chosen(&'static str),
}

pub fn all() -> Vec<Peer> {
    vec![
        floor::peer(false),
        floor::peer(true),
        jsonwebtoken::peer(),
        own::peer(),
        own::without_memory(),
        oauth_resource_server::peer(),
        huskarl::peer(),
        jwt_authorizer::peer(),
        tower_oauth2::peer(),
        aliri_tower::peer(),
        axum_keycloak_auth::peer(),
        axum_jwks::peer(),
        axum_jwt_auth::peer(),
    ]
}

async fn hello() -> &'static str {
    "hello"
}

/// One handler, which asks for nothing.
pub fn router() -> Router {
    Router::new().route("/mcp", get(hello))
}

/// A layer around the router.
pub fn layered<L, S, B>(layer: &L) -> App
where
    L: tower::Layer<Router, Service = S>,
    S: tower::Service<
            http::Request<Body>,
            Response = http::Response<B>,
            Error = std::convert::Infallible,
        >,
    S: Clone + 'static,
{
    App::of(layer.layer(router()), router(), Body::empty)
}
