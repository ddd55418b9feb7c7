//! Clients of the example `mcp_server` whose `client_id` is the URL of a document that describes
//! them (draft-ietf-oauth-client-id-metadata-document).

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use serde_json::{Value, json};

use super::program::Program;
use super::visitor::{REDIRECT_URI, VERIFIER, Visitor, redirected};
use crate::support::{Answer, send, serve};

#[allow(dead_code, reason = "the example uses all of it")]
#[path = "../../../examples/mcp_server/issuer/guarded_fetch.rs"]
mod guarded_fetch;

mod refused;

type Page = (StatusCode, HeaderMap, String);

/// A web server of documents, which remembers what is fetched.
#[derive(Clone, Default)]
struct Publisher {
    base: String,
    pages: Arc<Mutex<HashMap<String, Page>>>,
    fetched: Arc<Mutex<Vec<String>>>,
}

impl Publisher {
    async fn start() -> Self {
        let mut publisher = Self::default();
        let served = publisher.clone();
        let answer = move |uri: Uri| {
            let path = uri.to_string();
            served.fetched.lock().unwrap().push(path.clone());
            let page = served.pages.lock().unwrap().get(&path).cloned();
            std::future::ready(page.unwrap_or((
                StatusCode::NOT_FOUND,
                HeaderMap::new(),
                String::new(),
            )))
        };
        publisher.base = serve(Router::new().fallback(answer)).await;
        publisher
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// A good document for this path.
    fn document(&self, path: &str) -> Value {
        json!({
            "client_id": self.url(path),
            "client_name": "A published client",
            "redirect_uris": [REDIRECT_URI],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        })
    }

    fn publish(&self, path: &str, status: u16, headers: &[(HeaderName, &str)], body: &str) {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()));
        let status = StatusCode::from_u16(status).unwrap();
        let page = (status, headers.collect(), body.to_owned());
        self.pages.lock().unwrap().insert(path.to_owned(), page);
    }

    /// Publishes a document with this text, and opens the page for it.
    async fn open(&self, visitor: &Visitor, path: &str, text: &str) -> Answer {
        self.publish(path, 200, &[], text);
        open(visitor, &self.url(path)).await
    }

    fn fetches(&self, path: &str) -> usize {
        let fetched = self.fetched.lock().unwrap();
        fetched.iter().filter(|other| *other == path).count()
    }
}

/// Opens a good authorization request of this client.
async fn open(visitor: &Visitor, client_id: &str) -> Answer {
    let mut wish = visitor.wish("mcp:read");
    wish[1].1 = client_id.to_owned();
    let answer = visitor.open(&wish).await;
    assert!(!answer.headers.contains_key("location"), "{answer:?}");
    answer
}

#[tokio::test]
async fn field_h04_a_client_that_publishes_itself_signs_in() {
    let program = Program::start(&[]);
    let mut visitor = Visitor::arrive(&program.base).await;
    let supported = &visitor.metadata["client_id_metadata_document_supported"];
    assert_eq!(*supported, true);
    let publisher = Publisher::start().await;
    for path in ["/client.json", "/oauth/metadata", "/c?v=1"] {
        let document = publisher.document(path);
        publisher.publish(path, 200, &[], &document.to_string());
        visitor.client_id = publisher.url(path);
        let page = visitor.open(&visitor.wish("mcp:read")).await;
        assert_eq!(page.status, 200, "{page:?}");
        assert!(page.body.contains("A published client"), "{page:?}");
        // The name is the client's own word; the host is not.
        let host = publisher.base.strip_prefix("http://").unwrap();
        assert!(page.body.contains(host), "{page:?}");
        let granted = visitor.sign_in("mcp:read mcp:write offline_access").await;
        let token = granted["access_token"].as_str().unwrap();
        let whoami = format!("{}/whoami", program.base);
        let whoami = send("GET", &whoami, &[&format!("Bearer {token}")]).await;
        assert_eq!(whoami.json()["client_id"], publisher.url(path));
        let refreshed = visitor
            .token(&[
                ("grant_type", "refresh_token"),
                ("client_id", &visitor.client_id),
                ("refresh_token", granted["refresh_token"].as_str().unwrap()),
            ])
            .await;
        assert_eq!(refreshed.status, 200, "{refreshed:?}");
    }
}

#[tokio::test]
async fn field_h04_codes_and_redirects_are_of_one_document() {
    let program = Program::start(&[]);
    let visitor = Visitor::arrive(&program.base).await;
    let publisher = Publisher::start().await;
    for path in ["/a", "/b"] {
        let mut document = publisher.document(path);
        let port_of_no_matter = "http://127.0.0.1/callback";
        document["redirect_uris"] = json!([REDIRECT_URI, port_of_no_matter]);
        publisher.publish(path, 200, &[], &document.to_string());
    }
    let visitor = Visitor {
        client_id: publisher.url("/a"),
        ..visitor
    };
    for (redirect_uri, status) in [
        (REDIRECT_URI, 200),
        ("http://127.0.0.1:51234/callback", 200),
        ("http://127.0.0.1:51234/callback/", 400),
        ("http://localhost:6274/oauth/callback?x=1", 400),
        ("https://evil.example/callback", 400),
    ] {
        let mut wish = visitor.wish("mcp:read");
        wish[2].1 = redirect_uri.to_owned();
        let answer = visitor.open(&wish).await;
        assert_eq!(answer.status, status, "{redirect_uri}: {answer:?}");
        assert!(!answer.headers.contains_key("location"), "{redirect_uri}");
    }

    let redeem = async |client_id: &str| {
        let code = visitor.code(&visitor.wish("mcp:read")).await;
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", REDIRECT_URI),
            ("client_id", client_id),
            ("code_verifier", VERIFIER),
        ];
        let answer = visitor.token(&fields).await;
        let error = answer.json()["error"].as_str().map(ToOwned::to_owned);
        (answer.status.as_u16(), error)
    };
    let good = publisher.url("/a");
    assert_eq!(redeem(&good).await, (200, None));
    let fetched = publisher.fetches("/b");
    for (client_id, error) in [
        (publisher.url("/b"), "invalid_grant"),
        (format!("{good}#x"), "invalid_client"),
        ("http://app.example.com/a".to_owned(), "invalid_client"),
    ] {
        let expected = (400, Some(error.to_owned()));
        assert_eq!(redeem(&client_id).await, expected, "{client_id}");
    }
    assert_eq!(publisher.fetches("/b"), fetched, "only users cause a fetch");

    // An error of a client that the user has allowed.
    let mut wish = visitor.wish("admin");
    wish[1].1 = good;
    let told = redirected(&visitor.open(&wish).await);
    assert_eq!(told[0].1, "invalid_scope");
}

#[tokio::test]
async fn field_h04_a_document_is_kept_for_a_moment_and_a_failure_is_not() {
    let program = Program::start(&[]);
    let visitor = Visitor::arrive(&program.base).await;
    let publisher = Publisher::start().await;
    let opened = async |path: &str| open(&visitor, &publisher.url(path)).await.status;
    assert_eq!(opened("/c").await, 400);
    assert_eq!(opened("/c").await, 400);
    assert_eq!(publisher.fetches("/c"), 2);
    let document = publisher.document("/c").to_string();
    publisher.publish("/c", 200, &[], &document);
    for _ in 0..3 {
        assert_eq!(opened("/c").await, 200);
    }
    assert_eq!(publisher.fetches("/c"), 3);

    let headers = ["no-store", "no-cache", "max-age=0", "private, No-Store"];
    for (number, directive) in headers.into_iter().enumerate() {
        let path = format!("/{number}");
        let headers = [(header::CACHE_CONTROL, directive)];
        let document = publisher.document(&path).to_string();
        publisher.publish(&path, 200, &headers, &document);
        for fetches in 1..3 {
            assert_eq!(opened(&path).await, 200);
            assert_eq!(publisher.fetches(&path), fetches, "{directive}");
        }
    }
}

#[test]
fn field_h04_names_lead_to_public_addresses_alone() {
    use guarded_fetch::allowed;
    let ips = |texts: &[&str]| -> Vec<_> { texts.iter().map(|ip| ip.parse().unwrap()).collect() };
    for (name, resolved, kept) in [
        (
            "app.example.com",
            &["203.0.114.1"][..],
            &["203.0.114.1"][..],
        ),
        (
            "app.example.com",
            &["2606:4700::1", "10.0.0.1"],
            &["2606:4700::1"],
        ),
        (
            "app.example.com",
            &["10.0.0.1", "127.0.0.1", "::1", "fd00::1"],
            &[],
        ),
        ("localhost", &["127.0.0.1", "::1"], &["127.0.0.1", "::1"]),
        // A resolver that is led astray, or an odd hosts file.
        ("localhost", &["203.0.114.1", "10.0.0.1"], &[]),
        ("localhost.evil.example", &["127.0.0.1"], &[]),
    ] {
        let found = allowed(name, ips(resolved).into_iter());
        assert_eq!(found, ips(kept), "{name} {resolved:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn field_h04_a_server_that_never_answers_is_given_up() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/c", silent.local_addr().unwrap());
    let url = url::Url::parse(&url).unwrap();
    let fetched = tokio::time::timeout(Duration::from_secs(60), guarded_fetch::fetch(&url)).await;
    assert!(fetched.expect("it gives up by itself").is_err());
}
