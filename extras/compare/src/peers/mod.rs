//! Each peer as its own documentation configures it, with the checks of `iss`, `aud` and `exp`
//! turned on where they are optional.

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

/// RS256, PS256, ES256 and EdDSA with Ed25519.
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
    /// The name in Cargo.lock, and how the version begins where the lock file has several.
    pub package: (&'static str, &'static str),
    /// The library that checks its signatures.
    pub crypto: Crypto,
    pub algorithms: &'static [Algorithm],
    pub role: Role,
    pub start: fn(&Issuer) -> Starting<'_>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A baseline and no peer.
    Measure,
    Own,
    Peer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crypto {
    AwsLc,
    /// jsonwebtoken of this version.
    Ring(&'static str),
    PlainRing,
    RustCrypto,
    /// jsonwebtoken of this version, with the back end of the process.
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

/// A router with one handler that extracts nothing.
pub fn router() -> Router {
    Router::new().route("/mcp", get(hello))
}

/// Wraps the router in a layer.
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
