//! `pin_jwks_host`: keys come from the host of the issuer, and from no host that looks like it.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use serde_json::json;
use tower_jwt_auth::keys::{ExchangeLimits, HttpTransport, TransportFuture};
use tower_jwt_auth::test_util::TestKey;
use tower_jwt_auth::{Algorithm, JwtAuthConfig, JwtVerifier};

/// Serves the metadata of an issuer and, at any other URL, a key set. Notes where it was asked for
/// keys.
#[derive(Clone, Debug)]
struct Canned {
    metadata: Arc<str>,
    jwks: Arc<str>,
    keys_from: Arc<Mutex<Vec<String>>>,
}

impl HttpTransport for Canned {
    fn exchange(&self, request: Request<Bytes>, _: ExchangeLimits) -> TransportFuture<'_> {
        let url = request.uri().to_string();
        let body = if url.contains("/.well-known/") {
            self.metadata.to_string()
        } else {
            self.keys_from.lock().unwrap().push(url);
            self.jwks.to_string()
        };
        Box::pin(async move { Ok(Response::new(Bytes::from(body))) })
    }
}

/// Fetches the keys of `issuer`, whose metadata names `jwks_uri`: the error, and where the keys
/// were asked for.
async fn fetch(issuer: &str, jwks_uri: &str, pinned: bool) -> (Result<(), String>, Vec<String>) {
    let key = TestKey::generate(Algorithm::ES256, "k");
    let transport = Canned {
        metadata: json!({"issuer": issuer, "jwks_uri": jwks_uri})
            .to_string()
            .into(),
        jwks: json!({"keys": [key.jwk()]}).to_string().into(),
        keys_from: Arc::default(),
    };
    let config = JwtAuthConfig::builder()
        .audience("a")
        .issuer(issuer)
        .http_transport(transport.clone());
    let config = if pinned {
        config.pin_jwks_host()
    } else {
        config
    };
    let verifier = JwtVerifier::new(config.build().unwrap());
    let fetched = verifier.wait_for_keys().await;
    let keys_from = transport.keys_from.lock().unwrap().clone();
    (fetched.map_err(|error| error.to_string()), keys_from)
}

#[tokio::test]
async fn field_s14_a_pinned_host_is_compared_whole() {
    let named = "https://idp.example.com";
    let rows = [
        (named, "https://idp.example.com/keys", true),
        (named, "https://idp.example.com:8443/keys", true),
        (named, "https://IDP.example.COM/keys", true),
        (
            "https://IDP.example.com/tenant",
            "https://idp.example.com/keys",
            true,
        ),
        // It ends alike.
        (named, "https://evilidp.example.com/keys", false),
        (named, "https://evil-idp.example.com/keys", false),
        (named, "https://keys.idp.example.com/keys", false),
        // It begins alike.
        (named, "https://idp.example.com.evil.test/keys", false),
        (named, "https://idp.example.co/keys", false),
        (named, "https://idp.example.com.au/keys", false),
        // It is a part.
        (named, "https://example.com/keys", false),
        (named, "https://idp/keys", false),
        // It is in another place of the URL.
        (named, "https://evil.test/idp.example.com/keys", false),
        (
            named,
            "https://evil.test/keys?https://idp.example.com",
            false,
        ),
        // Another name in DNS, which a resolver may search elsewhere.
        (named, "https://idp.example.com./keys", false),
        // Addresses.
        ("https://10.0.0.1", "https://10.0.0.1/keys", true),
        ("https://10.0.0.1", "https://110.0.0.1/keys", false),
        ("https://10.0.0.1", "https://10.0.0.11/keys", false),
        ("https://10.0.0.1", "https://[::ffff:10.0.0.1]/keys", false),
        (
            "https://[2001:db8::1]",
            "https://[2001:db8:0::1]/keys",
            true,
        ),
        (
            "https://[2001:db8::1]",
            "https://[2001:db8::11]/keys",
            false,
        ),
    ];
    for (issuer, jwks_uri, is_accepted) in rows {
        let (fetched, keys_from) = fetch(issuer, jwks_uri, true).await;
        assert_eq!(
            fetched.is_ok(),
            is_accepted,
            "{issuer} {jwks_uri}: {fetched:?}"
        );
        assert_eq!(keys_from.len(), usize::from(is_accepted), "{keys_from:?}");
        if let Err(error) = fetched {
            let why = "is not on the issuer's host";
            assert!(error.contains(why), "{issuer} {jwks_uri}: {error}");
            // The pin is all that it lacks.
            let (fetched, keys_from) = fetch(issuer, jwks_uri, false).await;
            assert_eq!((fetched, keys_from.len()), (Ok(()), 1), "{jwks_uri}");
        }
    }
}
