//! The routes, and the layers in front of each.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request};
use axum::http::{StatusCode, Uri};
use axum::middleware::map_request;
use axum::routing::get;
use axum::{Extension, Json, Router};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tower::Layer as _;
use tower_jwt_auth::mcp::{McpScopesLayer, SessionBindingLayer};
use tower_jwt_auth::proof::PeerAddress;
use tower_jwt_auth::{AuthInfo, DrainRefusedLayer, JwtAuthLayer};

use crate::issuer::{self, DevelopmentIssuer};
use crate::issuers::Refusal;
use crate::origins::Origins;
use crate::page;
use crate::tools::{Notebook, Tools};

/// The routes of a server that listens at `base`.
pub(crate) fn app(
    base: &str,
    auth: &JwtAuthLayer,
    issuer: Option<&DevelopmentIssuer>,
    origins: &Origins,
    refusal: Option<Refusal>,
    stop: &CancellationToken,
) -> Router {
    let notebook = Notebook::default();
    // rmcp begins each event stream with an event that has no data, and some clients (Gemini CLI)
    // parse the data of each event as JSON. Turn it off twice: here for the responses in a session,
    // and below for all other streams.
    let mut sessions = LocalSessionManager::default();
    sessions.session_config.sse_retry = None;
    let mcp = StreamableHttpService::new(
        move || Ok(Tools::new(notebook.clone())),
        Arc::new(sessions),
        StreamableHttpServerConfig::default()
            .with_allowed_hosts(allowed_hosts(auth))
            .with_allowed_origins(origins.for_rmcp())
            .enforce_origin_validation()
            .with_sse_retry(None)
            .with_cancellation_token(stop.child_token()),
    );
    let mcp = SessionBindingLayer::new().layer(scopes().layer(mcp));
    // The parts of `auth.protect(..)`: the metadata, from which clients without a token learn who
    // the issuer is, stays outside the CORS layer below, because pages of every origin may read it.
    let protected = Router::new()
        .route_service("/mcp", mcp)
        .route("/whoami", get(whoami))
        .route_layer(auth.clone())
        .route_layer(DrainRefusedLayer::new());
    let keys = auth.clone();
    let url = public_url(auth).unwrap_or_else(|| format!("{base}/mcp"));
    let banner = issuer.map_or("", |_| issuer::BANNER);
    let open = Router::new()
        .route("/", get(async move || page::home(&url, banner)))
        .route("/style.css", get(page::style))
        .route("/healthz", get(async move || health(refusal)))
        .route("/readyz", get(move || readiness(keys.clone())));
    let (endpoints, pages) = issuer
        .map(|issuer| (issuer.endpoints(), issuer.pages()))
        .unwrap_or_default();
    Router::new()
        .merge(protected)
        .merge(endpoints)
        .layer(origins.cors())
        .merge(auth.metadata_router())
        .merge(pages)
        .merge(open)
        .layer(map_request(with_peer))
}

/// For `mtls.header` in a configuration file: the header of a proxy counts by the address that it
/// comes from.
async fn with_peer(mut request: Request) -> Request {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    if let Some(ConnectInfo(address)) = peer.copied() {
        request.extensions_mut().insert(PeerAddress::from(address));
    }
    request
}

/// The scopes of single tools, beyond `required_scopes`. A tool cannot demand them itself: clients
/// request more scopes only on a 403, and a tool's result has status 200.
fn scopes() -> McpScopesLayer {
    const NOTHING: [&str; 0] = [];
    McpScopesLayer::new()
        .tool("whoami", NOTHING)
        .tool("append_note", ["mcp:write"])
}

/// The hosts that rmcp accepts, against DNS rebinding: this machine, and the host of `resource`.
fn allowed_hosts(auth: &JwtAuthLayer) -> Vec<String> {
    let public = auth.resource_metadata().and_then(|metadata| {
        let uri: Uri = metadata.url().parse().ok()?;
        uri.host().map(ToOwned::to_owned)
    });
    ["localhost", "127.0.0.1", "::1"]
        .into_iter()
        .map(ToOwned::to_owned)
        .chain(public)
        .collect()
}

/// The URL that clients use, if the configuration names it.
fn public_url(auth: &JwtAuthLayer) -> Option<String> {
    let metadata = auth.resource_metadata()?;
    let document: Value = serde_json::from_slice(&metadata.document()).ok()?;
    let resource = document["resource"].as_str()?;
    // A resource may also be the whole host.
    let path = resource.parse::<Uri>().ok()?.path().to_owned();
    Some(match path.as_str() {
        "/" => format!("{}/mcp", resource.trim_end_matches('/')),
        _ => resource.to_owned(),
    })
}

async fn whoami(Extension(auth): Extension<AuthInfo>) -> Json<AuthInfo> {
    Json(auth)
}

/// The process is well. With `--issuers`, also whether the file is in use.
fn health(refusal: Option<Refusal>) -> String {
    match refusal.and_then(|refusal| refusal.last()) {
        Some(error) => format!("ok, with earlier issuers: {error}"),
        None => "ok".to_owned(),
    }
}

/// Starts the first fetch of the keys if necessary, and waits a moment for it: a server that gets
/// no traffic before it is ready would otherwise never have keys.
async fn readiness(auth: JwtAuthLayer) -> (StatusCode, &'static str) {
    let fetched = tokio::time::timeout(Duration::from_secs(1), auth.wait_for_keys()).await;
    match fetched.is_ok() && auth.keys_health().is_ready() {
        true => (StatusCode::OK, "ready"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "waiting for keys"),
    }
}
