//! Plain hyper, without a framework: the layer wraps any tower service of HTTP requests.
//!
//! ```sh
//! cargo run --example hyper_service
//! ```
#![allow(clippy::print_stdout, reason = "it is a program")]

use std::convert::Infallible;

use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::{Layer, service_fn};
use tower_jwt_auth::test_util::TestIssuer;
use tower_jwt_auth::{AuthInfo, JwtAuthConfig, JwtAuthLayer};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let issuer = TestIssuer::start();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}", listener.local_addr()?);

    let config = JwtAuthConfig::builder()
        .resource(&base)
        .issuer(issuer.issuer())
        .build()?;
    let service = JwtAuthLayer::new(config)
        .open_paths(["/healthz"])
        .layer(service_fn(hello));

    println!("listening on {base}");
    println!(
        "curl -H \"Authorization: Bearer {}\" {base}/",
        issuer.mint(&base).sign()
    );
    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(async move {
            let http = hyper::server::conn::http1::Builder::new();
            if let Err(error) = http.serve_connection(TokioIo::new(stream), service).await {
                println!("a connection ended: {error}");
            }
        });
    }
}

async fn hello(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let Some(auth) = request.extensions().get::<AuthInfo>() else {
        // Only requests for open paths arrive here without a caller.
        return Ok(Response::new(Full::from("ok\n")));
    };
    Ok(Response::new(Full::from(format!(
        "hello {}\n",
        auth.client_id()
    ))))
}
