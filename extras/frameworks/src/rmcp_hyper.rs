//! rmcp on plain hyper, without a router: the layer itself serves the resource metadata.

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::Layer as _;
use tower_jwt_auth::{DrainRefusedLayer, JwtAuthLayer};

use crate::rmcp_axum::mcp_service;

pub async fn serve(listener: TcpListener, auth: JwtAuthLayer) -> std::io::Result<()> {
    // The outer layer lets clients with large requests read a rejection.
    let service = DrainRefusedLayer::new().layer(auth.layer(mcp_service()));
    let service = TowerToHyperService::new(service);
    loop {
        let (stream, _) = listener.accept().await?;
        let service = service.clone();
        tokio::spawn(async move {
            let server = Builder::new(TokioExecutor::new());
            // The client is gone, or does not speak HTTP.
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::support::{check_mcp_server, layer, listen};

    #[tokio::test]
    async fn the_tool_knows_its_caller() {
        let (issuer, auth) = layer();
        let (listener, base) = listen().await;
        tokio::spawn(super::serve(listener, auth));
        check_mcp_server(&issuer, &base).await;
    }
}
