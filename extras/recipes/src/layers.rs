//! tower-http's layers around a protected router, in the order that keeps each of them useful.

use std::time::Duration;

use axum::Router;
use axum::http::{HeaderValue, Method, StatusCode, header};
use tower::ServiceBuilder;
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::{DefaultMakeSpan, TraceLayer};
use tower_jwt_auth::JwtAuthLayer;

/// The first line of the list is the outermost layer.
pub fn app(auth: &JwtAuthLayer, routes: Router) -> Router {
    let outside = ServiceBuilder::new()
        // Before anything that prints headers: the auth layer marks the token only further in.
        .layer(SetSensitiveRequestHeadersLayer::new([
            header::AUTHORIZATION,
        ]))
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        // Outside the auth layer, so that rejections are in the log too.
        .layer(
            TraceLayer::new_for_http().make_span_with(DefaultMakeSpan::new().include_headers(true)),
        )
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(CompressionLayer::new())
        // Outside the auth layer: preflight requests carry no token, and scripts read rejections.
        .layer(cors())
        // Longer than the auth layer waits for keys, which is 5 s.
        .layer(TimeoutLayer::with_status_code(
            StatusCode::GATEWAY_TIMEOUT,
            Duration::from_secs(30),
        ))
        .layer(RequestBodyLimitLayer::new(1024 * 1024));
    auth.protect(routes).layer(outside)
}

fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin([HeaderValue::from_static("https://app.example.com")])
        .allow_methods([Method::GET, Method::POST])
        // `*` does not cover `Authorization`: it must be named.
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
        .expose_headers([header::WWW_AUTHENTICATE, header::RETRY_AFTER])
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use axum::Router;
    use axum::routing::get;

    use crate::support::{layer, reader, request, send};

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn rejections_are_traced_and_readable_and_the_token_is_not() {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || writer.clone())
            .finish();
        let _guard = tracing::subscriber::set_default(subscriber);
        let (issuer, auth) = layer();
        let routes = Router::new().route("/notes", get(|| async { "a note ".repeat(100) }));
        let app = super::app(&auth, routes);

        let from = |line, token: Option<&str>| {
            let mut request = request(line, token);
            let headers = request.headers_mut();
            headers.insert("origin", "https://app.example.com".parse().unwrap());
            headers.insert("accept-encoding", "gzip".parse().unwrap());
            request
        };
        let mut preflight = from("OPTIONS /notes", None);
        let headers = preflight.headers_mut();
        headers.insert("access-control-request-method", "GET".parse().unwrap());
        headers.insert(
            "access-control-request-headers",
            "authorization".parse().unwrap(),
        );
        assert_eq!(send(&app, preflight).await.status(), 200);

        let refused = send(&app, from("GET /notes", Some("a.b.c"))).await;
        assert_eq!(refused.status(), 401);
        for header in [
            "access-control-allow-origin",
            "x-request-id",
            "www-authenticate",
        ] {
            assert!(refused.headers().contains_key(header), "{header}");
        }

        let token = reader(&issuer).sign();
        let accepted = send(&app, from("GET /notes", Some(&token))).await;
        assert_eq!(accepted.status(), 200);
        assert_eq!(accepted.headers()["content-encoding"], "gzip");

        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert!(log.contains("Sensitive"), "{log}");
        assert!(log.contains("401"), "{log}");
        assert!(!log.contains(&token) && !log.contains("a.b.c"), "{log}");
    }
}
