//! Tokens that are bound to a key (DPoP, RFC 9449) on plain hyper. The URL that a proof must name
//! is the configured one, whatever host the request names.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::http::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::{Layer as _, service_fn};
use tower_jwt_auth::proof::Dpop;
use tower_jwt_auth::test_util::TestClient;
use tower_jwt_auth::{AuthInfo, JwtAuthLayer};

use crate::support::{RESOURCE, layer_with};

/// The host that the caller names: in `Host` over HTTP/1, in `:authority` over HTTP/2.
const ELSEWHERE: &str = "elsewhere.example";

async fn serve(listener: TcpListener, auth: JwtAuthLayer) {
    let service = TowerToHyperService::new(auth.layer(service_fn(whoami)));
    while let Ok((stream, _)) = listener.accept().await {
        let service = service.clone();
        tokio::spawn(async move {
            let server = Builder::new(TokioExecutor::new());
            // The client is gone, or does not speak HTTP.
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// Says which host the request named, and which key its caller holds.
async fn whoami<B>(request: Request<B>) -> Result<Response<String>, Infallible> {
    let host = request.uri().authority().map(ToString::to_string);
    let host = host.or_else(|| {
        let header = request.headers().get("host")?;
        Some(header.to_str().ok()?.to_owned())
    });
    let auth = request.extensions().get::<AuthInfo>();
    let key = auth.and_then(|auth| auth.confirmation()?.jkt());
    Ok(Response::new(format!("{host:?} {key:?}")))
}

/// Sends requests to `address` that name another host.
fn caller(address: SocketAddr, version: Version) -> reqwest::Client {
    let client = reqwest::Client::builder()
        .no_proxy()
        .resolve(ELSEWHERE, address);
    let client = match version {
        Version::HTTP_2 => client.http2_prior_knowledge(),
        _ => client.http1_only(),
    };
    client.build().unwrap()
}

async fn the_configured_url_counts(version: Version) {
    let (issuer, auth) = layer_with(|config| config.dpop(Dpop::new()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, auth));
    let (http, client) = (caller(address, version), TestClient::start());
    let token = issuer.mint(RESOURCE).scope("mcp:read").bound_to(&client);
    let token = token.sign();
    let named = format!("http://{ELSEWHERE}:{}/mcp", address.port());
    let ask = async |scheme: &str, proof: Option<String>| {
        let mut request = http
            .get(&named)
            .header("authorization", format!("{scheme} {token}"));
        if let Some(proof) = proof {
            request = request.header("dpop", proof);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.version(), version);
        let status = answer.status().as_u16();
        let challenge = answer.headers().get("www-authenticate");
        let challenge = challenge.map_or("", |value| value.to_str().unwrap());
        (status, challenge.to_owned(), answer.text().await.unwrap())
    };
    let proof = |url: &str| Some(client.proof("GET", url).token(&token).sign());

    let good = proof(RESOURCE);
    let (status, _, body) = ask("DPoP", good.clone()).await;
    assert_eq!(status, 200, "{body}");
    assert!(
        body.contains(ELSEWHERE) && body.contains(&client.jkt()),
        "{body}"
    );

    for (scheme, proof, expected) in [
        ("DPoP", proof(&named), r#"DPoP error="invalid_dpop_proof""#),
        (
            "DPoP",
            proof("https://elsewhere.example/mcp"),
            r#"DPoP error="invalid_dpop_proof""#,
        ),
        ("DPoP", good, r#"DPoP error="invalid_dpop_proof""#),
        ("DPoP", None, r#"DPoP error="invalid_dpop_proof""#),
        ("Bearer", proof(RESOURCE), r#"Bearer error="invalid_token""#),
    ] {
        let (status, challenge, body) = ask(scheme, proof).await;
        assert_eq!(status, 401, "{body}");
        assert!(challenge.starts_with(expected), "{challenge}");
    }
    assert_eq!(ask("DPoP", proof(RESOURCE)).await.0, 200);
}

#[tokio::test]
async fn http_1() {
    the_configured_url_counts(Version::HTTP_11).await;
}

#[tokio::test]
async fn http_2() {
    the_configured_url_counts(Version::HTTP_2).await;
}
