//! Plain hyper, without a framework: the layer wraps any tower service of HTTP requests.
//!
//! ```sh
//! cargo run --example hyper_service
//! ```
#![allow(clippy::print_stdout, reason = "it is a program")]

use std::convert::Infallible;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::{Layer, service_fn};
use tower_jwt_auth::service::GuardedBody;
use tower_jwt_auth::test_util::TestIssuer;
use tower_jwt_auth::{AuthInfo, DrainRefusedLayer, JwtAuthConfig, JwtAuthLayer};

const RESOURCE: &str = "http://127.0.0.1:3000";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let issuer = TestIssuer::start(); // takes the place of your identity provider
    let config = JwtAuthConfig::builder()
        .resource(RESOURCE)
        .issuer(issuer.issuer())
        .build()?;
    let auth = JwtAuthLayer::new(config).open_paths(["/healthz"]);
    // Outside of the auth layer, so that clients with large requests get to read a rejection.
    let service = DrainRefusedLayer::new().layer(auth.layer(service_fn(hello)));

    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    let token = issuer.mint(RESOURCE).sign();
    println!("curl -H \"Authorization: Bearer {token}\" {RESOURCE}");
    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn hello(request: Request<GuardedBody<Incoming>>) -> Result<Response<String>, Infallible> {
    Ok(Response::new(
        match request.extensions().get::<AuthInfo>() {
            Some(auth) => format!("hello {}\n", auth.client_id()),
            // Only requests for open paths arrive here without a caller.
            None => "ok\n".to_owned(),
        },
    ))
}
