//! Spans with the names of OpenTelemetry's semantic conventions. `tracing-opentelemetry` exports
//! them as they are.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use axum::middleware::{Next, from_fn};
use tower_http::trace::TraceLayer;
use tower_jwt_auth::{AuthInfo, JwtAuthLayer, Rejection};
use tracing::Span;
use tracing::field::{Empty, debug};

pub fn app(auth: &JwtAuthLayer, routes: Router) -> Router {
    let spans = TraceLayer::new_for_http()
        .make_span_with(span)
        .on_response(outcome);
    auth.protect(routes.route_layer(from_fn(caller)))
        .layer(spans)
}

/// Fields that are known later begin empty: a span takes no others.
fn span(request: &Request) -> Span {
    tracing::info_span!(
        "request",
        otel.name = format!("{} {}", request.method(), request.uri().path()),
        otel.kind = "server",
        http.request.method = request.method().as_str(),
        url.path = request.uri().path(),
        http.response.status_code = Empty,
        "error.type" = Empty,
        enduser.id = Empty,
        auth.reason = Empty,
    )
}

/// `enduser.id` is personal data. Record `enduser.pseudo.id` with a hash instead if you must not
/// keep it.
async fn caller(auth: AuthInfo, request: Request, next: Next) -> Response<Body> {
    let id = auth.subject().unwrap_or(auth.client_id());
    Span::current().record("enduser.id", id);
    next.run(request).await
}

/// The layer leaves each rejection in the extensions of its response.
fn outcome<B>(response: &Response<B>, _: Duration, span: &Span) {
    let status = response.status();
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("error.type", status.as_str());
    }
    if let Some(rejection) = response.extensions().get::<Rejection>() {
        match rejection.token_error() {
            Some(error) => span.record("auth.reason", error.kind().code()),
            None => span.record("auth.reason", debug(rejection.kind())),
        };
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use axum::Router;
    use axum::routing::get;
    use opentelemetry::trace::TracerProvider as _;
    use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
    use tracing_subscriber::layer::SubscriberExt as _;

    use crate::support::{layer, reader, request, send};

    fn value(span: &SpanData, name: &str) -> Option<String> {
        let found = span
            .attributes
            .iter()
            .find(|field| field.key.as_str() == name);
        found.map(|field| field.value.to_string())
    }

    #[tokio::test]
    async fn a_span_names_its_caller_or_the_reason_of_the_rejection() {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder()
            .with_simple_exporter(exporter.clone())
            .build();
        let tracer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(tracer));

        let (issuer, auth) = layer();
        let app = super::app(
            &auth,
            Router::new().route("/notes", get(|| async { "notes" })),
        );
        let elsewhere = reader(&issuer).claim("aud", "https://other.example").sign();
        for token in [reader(&issuer).sign(), elsewhere] {
            send(&app, request("GET /notes", Some(&token))).await;
        }

        let spans = exporter.get_finished_spans().unwrap();
        let [accepted, refused] = &spans[..] else {
            panic!("{spans:?}")
        };
        assert_eq!(accepted.name, "GET /notes");
        for (name, of_accepted, of_refused) in [
            ("http.request.method", Some("GET"), Some("GET")),
            ("http.response.status_code", Some("200"), Some("401")),
            ("enduser.id", Some("alice"), None),
            ("auth.reason", None, Some("audience_unknown")),
            ("error.type", None, None),
        ] {
            assert_eq!(value(accepted, name).as_deref(), of_accepted, "{name}");
            assert_eq!(value(refused, name).as_deref(), of_refused, "{name}");
        }
    }
}
