//! Nothing leaves the development issuer of the example `mcp_server` without a click: no code goes
//! to a script, and no error to a client that no user has allowed.

use http::Method;
use serde_json::json;

use super::program::Program;
use super::visitor::{REDIRECT_URI, Visitor, redirected};

const LOCAL_PAGE: &str = "http://localhost:5173";

#[tokio::test]
async fn field_s11_no_script_reads_the_consent_page() {
    let program = Program::start(&[]);
    let visitor = Visitor::arrive(&program.base).await;
    let readable = async |method: Method, path: &str| {
        let mut headers = vec![("origin", LOCAL_PAGE)];
        if method == Method::OPTIONS {
            headers.push(("access-control-request-method", "GET"));
        }
        let url = format!("{}{path}", visitor.base);
        let answer = visitor.send(method, &url, &headers, String::new()).await;
        let allowed = answer.headers.get("access-control-allow-origin");
        allowed.map(|origin| origin.to_str().unwrap().to_owned())
    };
    for (path, by_script) in [
        ("/token", true),
        ("/register", true),
        ("/jwks", true),
        ("/.well-known/oauth-authorization-server", true),
        ("/.well-known/openid-configuration", true),
        ("/authorize", false),
        ("/authorize?client_id=x", false),
        ("/", false),
    ] {
        let expected = by_script.then(|| LOCAL_PAGE.to_owned());
        for method in [Method::GET, Method::POST, Method::OPTIONS] {
            let allowed = readable(method.clone(), path).await;
            assert_eq!(allowed, expected, "{method} {path}");
        }
    }

    // A good request, at each step of which a script would have to read the answer.
    let headers = [("origin", LOCAL_PAGE)];
    let mut url = url::Url::parse(&visitor.endpoint("authorization_endpoint")).unwrap();
    url.query_pairs_mut().extend_pairs(visitor.wish("mcp:read"));
    let page = visitor
        .send(Method::GET, url.as_str(), &headers, String::new())
        .await;
    assert_eq!(page.status, 200);
    for name in page.headers.keys() {
        assert!(!name.as_str().starts_with("access-control"), "{name}");
    }
}

#[tokio::test]
async fn field_s11_errors_go_to_a_client_that_was_allowed_before() {
    let program = Program::start(&[]);
    let mut visitor = Visitor::arrive(&program.base).await;
    let elsewhere = "https://evil.example/callback";
    let loopback = "http://127.0.0.1/callback";
    let client = json!({"client_name": "A", "redirect_uris": [REDIRECT_URI, elsewhere, loopback]});
    visitor.client_id = visitor.register(&client).await.json()["client_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let wish = |redirect_uri: &str, scope: &str| {
        let mut wish = visitor.wish(scope);
        wish[2].1 = redirect_uri.to_owned();
        wish
    };
    let status = async |redirect_uri: &str, scope: &str| {
        let answer = visitor.open(&wish(redirect_uri, scope)).await;
        let redirects = answer.headers.contains_key("location");
        assert_eq!(redirects, answer.status == 303, "{answer:?}");
        answer.status.as_u16()
    };

    for redirect_uri in [REDIRECT_URI, elsewhere, loopback] {
        assert_eq!(
            status(redirect_uri, "mcp:read").await,
            200,
            "{redirect_uri}"
        );
        assert_eq!(status(redirect_uri, "admin").await, 400, "{redirect_uri}");
    }
    // The developer of a client still learns why.
    let answer = visitor.open(&wish(REDIRECT_URI, "admin")).await;
    assert!(answer.body.contains("invalid_scope"), "{answer:?}");
    // A click on "Deny" is answered, and confirms nothing.
    let page = visitor.open(&visitor.wish("mcp:read")).await;
    let declined = redirected(&visitor.press(&page, "deny").await);
    assert_eq!(declined[0].1, "access_denied");
    assert_eq!(status(REDIRECT_URI, "admin").await, 400);

    let page = visitor.open(&visitor.wish("mcp:read")).await;
    assert_eq!(visitor.press(&page, "allow").await.status, 303);
    let told = redirected(&visitor.open(&wish(REDIRECT_URI, "admin")).await);
    assert_eq!(told[0], ("error".to_owned(), "invalid_scope".to_owned()));
    // The user allowed this client at this address, and no other.
    assert_eq!(status(elsewhere, "admin").await, 400);
    assert_eq!(status(loopback, "admin").await, 400);
    let other = Visitor::arrive(&program.base).await;
    let client = json!({"client_name": "B", "redirect_uris": [REDIRECT_URI]});
    let other = Visitor {
        client_id: other.register(&client).await.json()["client_id"]
            .as_str()
            .unwrap()
            .to_owned(),
        ..other
    };
    assert_eq!(other.open(&other.wish("admin")).await.status, 400);

    // A program takes another port each time.
    let allowed = wish("http://127.0.0.1:1111/callback", "mcp:read");
    let page = visitor.open(&allowed).await;
    assert_eq!(visitor.press(&page, "allow").await.status, 303);
    assert_eq!(status("http://127.0.0.1:2222/callback", "admin").await, 303);
    assert_eq!(status(elsewhere, "admin").await, 400);
}
