//! What the development issuer of the example `mcp_server` refuses. Each refused request differs in
//! one thing from one that is accepted.

use http::Method;
use serde_json::json;

use super::program::Program;
use super::visitor::{REDIRECT_URI, VERIFIER, Visitor, redirected};
use crate::support::{Answer, send};

fn error(answer: &Answer) -> String {
    let told = redirected(answer);
    assert!(told.contains(&("state".to_owned(), "a & b".to_owned())));
    assert!(told.iter().any(|(name, _)| name == "iss"), "{told:?}");
    let error = told.iter().find(|(name, _)| name == "error");
    error.unwrap().1.clone()
}

#[tokio::test]
async fn codes_are_bound_to_their_request() {
    let program = Program::start(&[]);
    let visitor = Visitor::arrive(&program.base).await;
    let client = json!({"client_name": "Another", "redirect_uris": [REDIRECT_URI]});
    let other = visitor.register(&client).await.json();
    let resource = visitor.resource();
    let good = [
        ("grant_type", "authorization_code"),
        ("redirect_uri", REDIRECT_URI),
        ("client_id", visitor.client_id.as_str()),
        ("code_verifier", VERIFIER),
        ("resource", &resource),
    ];
    let cases = [
        (
            "code_verifier",
            "a-verifier-that-is-long-enough-to-be-one-7654321",
            "invalid_grant",
        ),
        (
            "redirect_uri",
            "http://localhost:6275/oauth/callback",
            "invalid_grant",
        ),
        (
            "client_id",
            other["client_id"].as_str().unwrap(),
            "invalid_grant",
        ),
        ("client_id", "nobody", "invalid_client"),
        (
            "resource",
            "https://elsewhere.example/mcp",
            "invalid_target",
        ),
        ("grant_type", "password", "unsupported_grant_type"),
        ("code_verifier", "", "invalid_request"),
    ];
    for (name, value, expected) in cases {
        let code = visitor.code(&visitor.wish("mcp:read")).await;
        let mut fields = good.to_vec();
        fields.push(("code", &code));
        for field in &mut fields {
            if field.0 == name {
                field.1 = value;
            }
        }
        let refused = visitor.token(&fields).await;
        assert_eq!(refused.status, 400, "{name}: {refused:?}");
        assert_eq!(refused.headers["cache-control"], "no-store");
        assert_eq!(refused.json()["error"], expected, "{name}={value}");
    }

    let code = visitor.code(&visitor.wish("mcp:read")).await;
    let twice = [&good[..], &[("code", &*code), ("code", &*code)]].concat();
    let refused = visitor.token(&twice).await;
    assert_eq!(refused.json()["error"], "invalid_request");
    assert_eq!(visitor.redeem(&code).await.status, 200);
}

#[tokio::test]
async fn a_code_is_good_once_and_takes_its_tokens_with_it() {
    let program = Program::start(&[]);
    let visitor = Visitor::arrive(&program.base).await;
    let wish = visitor.wish("mcp:read offline_access");
    for reused in [false, true] {
        let code = visitor.code(&wish).await;
        let granted = visitor.redeem(&code).await;
        assert_eq!(granted.status, 200);
        if reused {
            let refused = visitor.redeem(&code).await;
            assert_eq!(refused.json()["error"], "invalid_grant", "{refused:?}");
        }
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", visitor.client_id.as_str()),
            (
                "refresh_token",
                granted.json()["refresh_token"].as_str().unwrap(),
            ),
        ]
        .map(|(name, value)| (name, value.to_owned()));
        let fields: Vec<_> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let refreshed = visitor.token(&fields).await;
        let status = if reused { 400 } else { 200 };
        assert_eq!(refreshed.status, status, "{refreshed:?}");
    }
}

#[tokio::test]
async fn a_refresh_token_is_bound_to_its_client() {
    let program = Program::start(&[]);
    let visitor = Visitor::arrive(&program.base).await;
    let client = json!({"client_name": "Another", "redirect_uris": [REDIRECT_URI]});
    let other = visitor.register(&client).await.json();
    for (client_id, status) in [
        (visitor.client_id.as_str(), 200),
        (other["client_id"].as_str().unwrap(), 400),
    ] {
        let granted = visitor.sign_in("mcp:read offline_access").await;
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", client_id),
            ("refresh_token", granted["refresh_token"].as_str().unwrap()),
        ];
        assert_eq!(visitor.token(&fields).await.status, status);
    }
}

#[tokio::test]
async fn authorization_requests_that_are_refused() {
    let program = Program::start(&[]);
    let visitor = Visitor::arrive(&program.base).await;
    let good = visitor.wish("mcp:read");
    // An error goes only to a client that was allowed before.
    visitor.code(&good).await;
    assert_eq!(visitor.open(&good).await.status, 200);
    let cases = [
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        (
            "resource",
            "https://elsewhere.example/mcp",
            "invalid_target",
        ),
        ("scope", "admin", "invalid_scope"),
    ];
    for (name, value, expected) in cases {
        let mut wish = good.clone();
        for parameter in &mut wish {
            if parameter.0 == name {
                parameter.1 = value.to_owned();
            }
        }
        let refused = visitor.open(&wish).await;
        assert_eq!(refused.status, 303, "{name}: {refused:?}");
        assert_eq!(error(&refused), expected, "{name}={value}");
    }

    // Nobody knows who owns the address, so nothing is sent there.
    for (name, value) in [
        ("client_id", "nobody"),
        ("redirect_uri", "https://evil.example/callback"),
        ("redirect_uri", "http://localhost:6274/oauth/callback/"),
        ("redirect_uri", "http://localhost:6274/oauth/callback?x=1"),
        ("redirect_uri", ""),
    ] {
        let mut wish = good.clone();
        for parameter in &mut wish {
            if parameter.0 == name {
                parameter.1 = value.to_owned();
            }
        }
        let refused = visitor.open(&wish).await;
        assert_eq!(refused.status, 400, "{name}={value}");
        assert!(!refused.headers.contains_key("location"));
    }
}

#[tokio::test]
async fn redirect_uris_that_lead_elsewhere_cannot_be_registered() {
    let program = Program::start(&[]);
    let visitor = Visitor::arrive(&program.base).await;
    let register = async |uri: &str| visitor.register(&json!({"redirect_uris": [uri]})).await;
    for good in [
        "http://localhost:1/cb",
        "http://127.0.0.1:1/cb",
        "http://[::1]:1/cb",
        "https://app.example.com/cb?x=1",
        "com.example.app:/cb",
        "cursor://anysphere.cursor-retrieval/oauth/callback",
    ] {
        let registered = register(good).await;
        assert_eq!(registered.status, 201, "{good}: {registered:?}");
        assert_eq!(registered.json()["token_endpoint_auth_method"], "none");
    }
    for bad in [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "http://app.example.com/cb",
        "http://localhost.evil.example/cb",
        "https://app.example.com/cb#x",
        "https://localhost@evil.example/cb",
        "/cb",
        "",
    ] {
        let refused = register(bad).await;
        assert_eq!(refused.status, 400, "{bad}: {refused:?}");
        assert_eq!(refused.json()["error"], "invalid_redirect_uri");
    }
    for odd in [json!({}), json!({"redirect_uris": "x"}), json!([])] {
        let refused = visitor.register(&odd).await;
        assert_eq!(refused.json()["error"], "invalid_client_metadata", "{odd}");
    }
    let none = visitor.register(&json!({"redirect_uris": []})).await;
    assert_eq!(none.json()["error"], "invalid_redirect_uri");
    let long = format!("https://app.example.com/{}", "x".repeat(2000));
    assert_eq!(
        register(&long).await.json()["error"],
        "invalid_client_metadata"
    );
}

#[tokio::test]
async fn the_page_is_answered_once_and_by_whom_it_was_shown_to() {
    let program = Program::start(&[]);
    let visitor = Visitor::arrive(&program.base).await;
    let page = visitor.open(&visitor.wish("mcp:read")).await;
    assert_eq!(visitor.press(&page, "allow").await.status, 303);
    assert_eq!(visitor.press(&page, "allow").await.status, 400);

    let page = visitor.open(&visitor.wish("mcp:read")).await;
    let forged = Answer {
        body: "name=\"consent\" value=\"guessed\"".to_owned(),
        ..visitor.open(&visitor.wish("mcp:read")).await
    };
    assert_eq!(visitor.press(&forged, "allow").await.status, 400);
    assert_eq!(error(&visitor.press(&page, "deny").await), "access_denied");
    // Only the word `allow` is consent.
    let page = visitor.open(&visitor.wish("mcp:read")).await;
    assert_eq!(error(&visitor.press(&page, "").await), "access_denied");
}

#[tokio::test]
async fn the_page_runs_nothing_and_stands_in_no_frame() {
    let program = Program::start(&[]);
    let mut visitor = Visitor::arrive(&program.base).await;
    let name = "<script>alert('x')</script>\"><img src=x>&amp;";
    let client = json!({"client_name": name, "redirect_uris": [REDIRECT_URI]});
    let registered = visitor.register(&client).await.json();
    visitor.client_id = registered["client_id"].as_str().unwrap().to_owned();
    let page = visitor.open(&visitor.wish("mcp:read")).await;
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(page.headers["cache-control"], "no-store");
    assert_eq!(page.headers["x-frame-options"], "DENY");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(
        page.body.contains(
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&gt;&lt;img src=x&gt;&amp;amp;"
        ),
        "{page:?}"
    );
    for raw in ["<script", "<img"] {
        assert!(!page.body.contains(raw), "{page:?}");
    }
    assert!(page.body.contains("Not for production"), "{page:?}");
}

#[tokio::test]
async fn names_that_come_to_point_here_are_not_answered() {
    let program = Program::start(&[]);
    let visitor = Visitor::arrive(&program.base).await;
    let authorize = visitor.endpoint("authorization_endpoint");
    for (host, status) in [
        ("localhost:1", 400),
        ("[::1]", 400),
        ("evil.example", 403),
        ("localhost.evil.example", 403),
        ("127.0.0.1.evil.example:3000", 403),
    ] {
        let headers = [("host", host)];
        let answer = visitor
            .send(Method::GET, &authorize, &headers, String::new())
            .await;
        assert_eq!(answer.status, status, "{host}");
    }
}

#[tokio::test]
async fn pages_from_elsewhere_are_refused_with_a_good_token_too() {
    let issuer = tower_jwt_auth::test_util::TestIssuer::start();
    let resource = "https://mcp.example.com/mcp";
    let config = json!({"resource": resource, "issuer": issuer.issuer()});
    let app = "https://app.example.com";
    let program = Program::with_config(&config, &["--allow-origin", app]);
    let development = Program::start(&[]);
    let visitor = Visitor::arrive(&development.base).await;
    let granted = visitor.sign_in("mcp:read").await;
    let local = granted["access_token"].as_str().unwrap();
    let token = issuer.mint(resource).sign();
    let here = "http://localhost:5173";
    for (base, token, origin, allowed) in [
        (&program.base, token.as_str(), app, true),
        (&program.base, &token, here, false),
        (&program.base, &token, "https://app.example.com:8443", false),
        (&development.base, local, here, true),
        (&development.base, local, app, false),
    ] {
        let bearer = format!("Bearer {token}");
        let headers = [
            ("origin", origin),
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
        ];
        let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"},
        }});
        let url = format!("{base}/mcp");
        let answer = visitor
            .send(Method::POST, &url, &headers, ping.to_string())
            .await;
        assert_eq!(answer.status, if allowed { 200 } else { 403 }, "{origin}");
        let cors = answer.headers.contains_key("access-control-allow-origin");
        assert_eq!(cors, allowed, "{origin}");
    }
    // With a configuration file there is no issuer here.
    for path in ["/authorize", "/register", "/token", "/jwks"] {
        let url = format!("{}{path}", program.base);
        assert_eq!(send("GET", &url, &[]).await.status, 404, "{path}");
    }
}
