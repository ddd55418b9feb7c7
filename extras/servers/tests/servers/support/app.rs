use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderMap;
use axum::middleware::map_request;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Client;
use serde_json::json;
use tempfile::TempDir;
use tokio::net::{TcpListener, UnixListener};
use tower_jwt_auth::proof::{Mtls, PeerAddress};
use tower_jwt_auth::test_util::TestIssuer;
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};

use super::pki::Certificate;

const RESOURCE: &str = "https://mcp.example.com/mcp";

/// A protected service with its issuer. Its handler answers with the header `header` that it
/// sees.
pub(crate) struct App {
    issuer: TestIssuer,
    protected: Router,
    pub(crate) address: SocketAddr,
    /// How often the handler ran.
    calls: Arc<AtomicUsize>,
    folder: TempDir,
}

/// `x5t#S256` of RFC 8705 §3.1.
pub(crate) fn thumbprint(of: &Certificate) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, of.0.cert.der()))
}

impl App {
    /// On a port of 127.0.0.1 that takes connections from all of 127.0.0.0/8.
    pub(crate) async fn start(header: &'static str, mtls: Mtls) -> Self {
        let issuer = TestIssuer::start();
        let config = JwtAuthConfig::builder()
            .resource(RESOURCE)
            .issuer(issuer.issuer())
            .mtls(mtls)
            .build()
            .unwrap();
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        let handler = move |headers: HeaderMap| async move {
            counted.fetch_add(1, Ordering::Relaxed);
            let lines = headers.get_all(header).iter();
            let lines: Vec<_> = lines.map(|line| line.to_str().unwrap()).collect();
            lines.join(", ")
        };
        let protected = Router::new().route("/mcp", get(handler));
        let protected = JwtAuthLayer::new(config).protect(protected);
        let app = protected.clone().layer(map_request(
            |ConnectInfo(peer): ConnectInfo<SocketAddr>, request: Request| async move {
                with_peer(peer.into(), request)
            },
        ));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self {
            issuer,
            protected,
            address,
            calls,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The same service on a Unix socket.
    pub(crate) async fn upstream_over_unix(&self) -> String {
        let path = self.folder.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let insert = |request| async { with_peer(PeerAddress::UNIX, request) };
        let app = self.protected.clone().layer(map_request(insert));
        tokio::spawn(async move { axum::serve(listener, app).await });
        format!("http://unix:{}:", path.display())
    }

    pub(crate) fn bearer_token(&self) -> String {
        self.issuer.mint(RESOURCE).sign()
    }

    pub(crate) fn bound_token(&self, thumbprint: &str) -> String {
        let token = self.issuer.mint(RESOURCE);
        token.claim("cnf", json!({"x5t#S256": thumbprint})).sign()
    }

    /// The certificate header that the service sees.
    pub(crate) async fn accepts(
        &self,
        client: &Client,
        base: &str,
        token: &str,
        headers: &[(&str, &str)],
    ) -> String {
        let (status, body) = self.get(client, base, token, headers).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    pub(crate) async fn refuses(
        &self,
        client: &Client,
        base: &str,
        token: &str,
        headers: &[(&str, &str)],
    ) {
        let (status, body) = self.get(client, base, token, headers).await;
        assert_eq!(status, 401, "{body}");
        assert!(body.contains("invalid_token"), "{body}");
    }

    /// The handler has run exactly when the status is 200.
    async fn get(
        &self,
        client: &Client,
        base: &str,
        token: &str,
        headers: &[(&str, &str)],
    ) -> (u16, String) {
        let before = self.calls.load(Ordering::Relaxed);
        let mut request = client.get(format!("{base}/mcp")).bearer_auth(token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let body = response.text().await.unwrap();
        let ran = self.calls.load(Ordering::Relaxed) - before;
        assert_eq!(ran, usize::from(status == 200), "{body}");
        (status, body)
    }
}

fn with_peer(peer: PeerAddress, mut request: Request) -> Request {
    request.extensions_mut().insert(peer);
    request
}
