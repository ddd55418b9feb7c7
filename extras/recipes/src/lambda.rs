//! AWS Lambda: an axum router is a Lambda function.

use axum::Router;
use axum::routing::get;
use tower_jwt_auth::{AuthInfo, JwtAuthConfig, JwtAuthLayer};

pub async fn run(config: JwtAuthConfig) -> Result<(), lambda_http::Error> {
    let auth = JwtAuthLayer::new(config);
    // In the init phase, so that the first caller need not wait. When it fails, the first request
    // tries again.
    let _ = auth.wait_for_keys().await;
    lambda_http::run(app(&auth)).await
}

pub fn app(auth: &JwtAuthLayer) -> Router {
    auth.protect(Router::new().route("/notes", get(notes)))
}

async fn notes(auth: AuthInfo) -> String {
    format!("the notes of {}", auth.subject().unwrap_or("nobody"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use lambda_http::Service as _;
    use serde_json::json;

    use crate::support::{layer, reader};

    #[tokio::test]
    async fn the_handler_knows_its_caller() {
        let (issuer, auth) = layer();
        let mut app = super::app(&auth);
        for (token, expected) in [(Some(reader(&issuer).sign()), 200), (None, 401)] {
            let headers = match token {
                Some(token) => json!({"authorization": format!("Bearer {token}")}),
                None => json!({}),
            };
            let event = json!({
                "version": "2.0",
                "routeKey": "$default",
                "rawPath": "/notes",
                "rawQueryString": "",
                "headers": headers,
                "requestContext": {
                    "accountId": "1",
                    "apiId": "api",
                    "domainName": "api.example.com",
                    "http": {"method": "GET", "path": "/notes", "protocol": "HTTP/1.1",
                        "sourceIp": "192.0.2.1", "userAgent": "test"},
                    "requestId": "1",
                    "routeKey": "$default",
                    "stage": "$default",
                    "time": "27/Nov/2026:12:00:00 +0000",
                    "timeEpoch": 1795780800000_i64,
                },
                "isBase64Encoded": false,
            });
            let request = lambda_http::request::from_str(&event.to_string()).unwrap();
            let response = app.call(request).await.unwrap();
            assert_eq!(response.status(), expected);
        }
    }
}
