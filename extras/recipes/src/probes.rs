//! The three probes of Kubernetes, and a shutdown that loses no request.

use std::future::Future;
use std::io;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;
use tower_jwt_auth::JwtAuthLayer;

pub fn app(auth: &JwtAuthLayer, routes: Router) -> Router {
    // Starts fetching keys, so that the first request need not wait. It may fail: the task retries.
    let warm = auth.clone();
    tokio::spawn(async move { warm.wait_for_keys().await });

    let keys = auth.clone();
    let ready = move || {
        let ready = keys.keys_health().is_ready();
        async move {
            if ready {
                StatusCode::OK
            } else {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    };
    auth.protect(routes)
        // Only that the process runs. A restart does not end an outage of the issuer.
        .route("/livez", get(|| async { StatusCode::OK }))
        .route("/readyz", get(ready))
}

/// Serves until `stop`, for example SIGTERM, and then answers the requests that have begun.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    axum::serve(listener, app)
        .with_graceful_shutdown(stop)
        .await
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;

    use crate::support::{layer, reader, status};

    #[tokio::test]
    async fn a_process_is_alive_before_it_has_keys_and_ready_once_it_has_them() {
        for (up, expected) in [(true, 200), (false, 503)] {
            let (issuer, auth) = layer();
            if !up {
                issuer.go_down();
            }
            let routes = Router::new().route("/notes", get(|| async { "notes" }));
            let app = super::app(&auth, routes);
            assert_eq!(auth.wait_for_keys().await.is_ok(), up);
            let token = reader(&issuer).sign();
            for (line, token, expected) in [
                ("GET /livez", None, 200),
                ("GET /readyz", None, expected),
                ("GET /notes", Some(token.as_str()), expected),
            ] {
                assert_eq!(status(&app, line, token).await, expected, "{line}");
            }
        }
    }
}
