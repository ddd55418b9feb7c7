//! Keys over an HTTP client of the application.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use serde_json::json;
use tower_jwt_auth::keys::{AddressPolicy, ExchangeLimits, HttpTransport, TransportFuture};
use tower_jwt_auth::test_util::TestKey;
use tower_jwt_auth::{Algorithm, JwtAuthConfig, JwtVerifier};

/// Serves the metadata and the keys of one issuer, and notes the URLs that it was asked for.
#[derive(Clone, Debug)]
struct Canned {
    /// What stands before the metadata.
    mark: &'static str,
    jwks: Arc<str>,
    asked: Arc<Mutex<Vec<(String, AddressPolicy)>>>,
}

impl HttpTransport for Canned {
    fn exchange(&self, request: Request<Bytes>, limits: ExchangeLimits) -> TransportFuture<'_> {
        let url = request.uri().to_string();
        let body = match url.ends_with("/keys") {
            true => self.jwks.to_string(),
            false => format!(
                "{}{}",
                self.mark,
                json!({"issuer": "https://idp.test", "jwks_uri": "https://idp.test/keys"})
            ),
        };
        self.asked.lock().unwrap().push((url, limits.addresses));
        Box::pin(async move { Ok(Response::new(Bytes::from(body))) })
    }
}

fn canned(mark: &'static str) -> (Canned, JwtVerifier) {
    let key = TestKey::generate(Algorithm::ES256, "k");
    let transport = Canned {
        mark,
        jwks: json!({"keys": [key.jwk()]}).to_string().into(),
        asked: Arc::default(),
    };
    let config = JwtAuthConfig::builder()
        .audience("a")
        .issuer("https://idp.test")
        .http_transport(transport.clone());
    (transport, JwtVerifier::new(config.build().unwrap()))
}

#[tokio::test]
async fn field_f12_a_byte_order_mark_before_a_discovery_document_is_read_over() {
    let (_, marked) = canned("\u{feff}");
    marked.wait_for_keys().await.unwrap();
    let (_, twice) = canned("\u{feff}\u{feff}");
    let error = twice.wait_for_keys().await.unwrap_err().to_string();
    assert!(error.contains("is no issuer metadata"), "{error}");
}

#[tokio::test]
async fn discovery_goes_through_the_transport_of_the_application() {
    let (transport, verifier) = canned("");
    verifier.wait_for_keys().await.unwrap();
    let asked = [
        (
            "https://idp.test/.well-known/openid-configuration",
            AddressPolicy::Anywhere,
        ),
        ("https://idp.test/keys", AddressPolicy::NotThisHost),
    ];
    assert_eq!(
        *transport.asked.lock().unwrap(),
        asked.map(|(url, policy)| (url.to_owned(), policy))
    );
}
