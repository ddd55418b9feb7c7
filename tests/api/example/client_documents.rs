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
async fn field_h04_documents_that_are_refused() {
    let program = Program::start(&[]);
    let visitor = Visitor::arrive(&program.base).await;
    let publisher = Publisher::start().await;
    let good = publisher.document("/c");
    let answer = publisher.open(&visitor, "/c", &good.to_string()).await;
    assert_eq!(answer.status, 200, "{answer:?}");

    let other = publisher.url("/other");
    let refused = [
        ("client_id", json!(other)),
        ("client_id", json!(null)),
        ("redirect_uris", json!([])),
        ("redirect_uris", json!(REDIRECT_URI)),
        ("redirect_uris", json!(null)),
        ("redirect_uris", json!(["http://localhost:6274/other"])),
        (
            "redirect_uris",
            json!([REDIRECT_URI, "javascript:alert(1)"]),
        ),
        (
            "redirect_uris",
            json!([REDIRECT_URI, "http://app.example.com/cb"]),
        ),
        ("token_endpoint_auth_method", json!("client_secret_basic")),
        ("token_endpoint_auth_method", json!("client_secret_post")),
        ("token_endpoint_auth_method", json!("client_secret_jwt")),
        // No shared secret, but this issuer checks no key of a client.
        ("token_endpoint_auth_method", json!("private_key_jwt")),
        ("token_endpoint_auth_method", json!(["none"])),
        ("client_secret", json!("s3cret")),
        ("client_secret_expires_at", json!(0)),
    ];
    for (number, (member, value)) in refused.into_iter().enumerate() {
        // Each has its own path, so that no cached document answers for it.
        let path = format!("/member/{number}");
        let mut document = publisher.document(&path);
        document[member] = value.clone();
        let refused = publisher.open(&visitor, &path, &document.to_string()).await;
        assert_eq!(refused.status, 400, "{member}={value}: {refused:?}");
    }
    // The same URL in another spelling.
    for (number, (from, to)) in [
        ("http:", "https:"),
        ("127.0.0.1", "localhost"),
        ("/x", "/x/"),
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("/spelling/{number}/x");
        let text = publisher.document(&path).to_string();
        let (id, rest) = text.split_once("\"client_name\"").unwrap();
        let text = format!("{}\"client_name\"{rest}", id.replacen(from, to, 1));
        assert_ne!(text, publisher.document(&path).to_string());
        let refused = publisher.open(&visitor, &path, &text).await;
        assert_eq!(refused.status, 400, "{text}: {refused:?}");
    }
    // Members that may be absent.
    for member in ["client_name", "grant_types", "token_endpoint_auth_method"] {
        let path = format!("/without/{member}");
        let mut document = publisher.document(&path);
        document.as_object_mut().unwrap().remove(member);
        let answer = publisher.open(&visitor, &path, &document.to_string()).await;
        assert_eq!(answer.status, 200, "{member}: {answer:?}");
    }

    // Other texts, and the largest document that is read.
    let padded = |path: &str, length: usize| {
        let mut document = publisher.document(path);
        document["x"] = "".into();
        let short = document.to_string().len();
        document["x"] = "x".repeat(length - short).into();
        document.to_string()
    };
    for (path, text, status) in [
        ("/5-kib", padded("/5-kib", 5 * 1024), 200),
        ("/longer", padded("/longer", 5 * 1024 + 1), 400),
        ("/much-longer", padded("/much-longer", 5 * 1024 * 1024), 400),
        ("/array", format!("[{}]", publisher.document("/array")), 400),
        ("/text", "A published client".to_owned(), 400),
        ("/empty", String::new(), 400),
    ] {
        let answer = publisher.open(&visitor, path, &text).await;
        assert_eq!(answer.status, status, "{path}");
    }

    // Other answers than 200 with the document.
    for status in [201, 203, 301, 302, 307, 308, 404, 500] {
        let path = format!("/status/{status}");
        let document = publisher.document(&path).to_string();
        let target = format!("/target/{status}");
        publisher.publish(&target, 200, &[], &document);
        let location = [(header::LOCATION, target.as_str())];
        publisher.publish(&path, status, &location, &document);
        let refused = open(&visitor, &publisher.url(&path)).await;
        assert_eq!(refused.status, 400, "{status}: {refused:?}");
        assert_eq!(publisher.fetches(&target), 0, "{status}");
    }
}

#[tokio::test]
async fn field_h04_urls_that_are_never_fetched() {
    let program = Program::start(&[]);
    let visitor = Visitor::arrive(&program.base).await;
    let publisher = Publisher::start().await;
    let answer_everything = async |client_id: String| {
        // Whatever path is asked for, there is a document that names this client.
        let mut document = publisher.document("/");
        document["client_id"] = client_id.clone().into();
        for path in ["/", "/c", "/c?", "/a/c", "/a/../c", "/%2e%2e/c", "/a/./c"] {
            publisher.publish(path, 200, &[], &document.to_string());
        }
        open(&visitor, &client_id).await
    };
    let localhost = publisher.base.replace("127.0.0.1", "localhost");
    for good in [publisher.url("/c"), format!("{localhost}/a/c")] {
        let answer = answer_everything(good.clone()).await;
        assert_eq!(answer.status, 200, "{good}: {answer:?}");
    }

    let fetched = publisher.fetched.lock().unwrap().len();
    let host = publisher.base.strip_prefix("http://").unwrap();
    let port = host.split_once(':').unwrap().1;
    for bad in [
        // No path.
        publisher.base.clone(),
        format!("{}/", publisher.base),
        // Fragment, user, dot segments.
        publisher.url("/c#x"),
        publisher.url("/c#"),
        format!("http://user@{host}/c"),
        format!("http://user:password@{host}/c"),
        format!("http://@{host}/c"),
        publisher.url("/a/../c"),
        publisher.url("/a/./c"),
        publisher.url("/a/.."),
        publisher.url("/%2e%2e/c"),
        publisher.url("/.%2E/c"),
        // Spellings that a parser mends.
        publisher.url("/c").replace("http:", "HTTP:"),
        publisher.url("/c").replace("http:", "http:\\\\"),
        publisher.url("/\tc"),
        format!(" {}", publisher.url("/c")),
        format!("{} ", publisher.url("/c")),
        format!("http:{host}/c"),
        format!("http://2130706433:{port}/c"),
        format!("http://0x7f.1:{port}/c"),
        // Not https, and not this machine.
        "http://app.example.com/c".to_owned(),
        "http://10.0.0.1/c".to_owned(),
        format!("http://localhost.evil.example:{port}/c"),
        format!("http://0.0.0.0:{port}/c"),
        format!("http://[::]:{port}/c"),
        format!("ftp://{host}/c"),
        format!("//{host}/c"),
    ] {
        let refused = answer_everything(bad.clone()).await;
        assert_eq!(refused.status, 400, "{bad:?}: {refused:?}");
    }
    // Addresses of a network that only this machine can reach.
    for address in [
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "192.0.0.192",
        "168.63.129.16",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "[::]",
        "[fd00:ec2::254]",
        "[fd20:ce::254]",
        "[2001::1]",
        "[fe80::1]",
        "[ff02::1]",
        "[::ffff:a00:1]",
        "[64:ff9b::a00:1]",
        "[2002:a00:1::1]",
    ] {
        let refused = open(&visitor, &format!("https://{address}/c")).await;
        assert_eq!(refused.status, 400, "{address}: {refused:?}");
        let why = "must be public";
        assert!(refused.body.contains(why), "{address}: {refused:?}");
    }
    assert_eq!(publisher.fetched.lock().unwrap().len(), fetched);
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
