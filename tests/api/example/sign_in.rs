//! Signing in at the example `mcp_server`, which needs no set-up: step by step over HTTP, as
//! browsers do it. `extras/frameworks` does it with rmcp's own client.

use http::Method;
use serde_json::{Value, json};

use super::program::Program;
use super::visitor::{REDIRECT_URI, Visitor, redirected};
use crate::support::send;

#[tokio::test]
async fn a_client_that_knows_nothing_signs_in_and_calls_a_tool() {
    let program = Program::start(&[]);
    let visitor = Visitor::arrive(&program.base).await;
    let page = visitor.open(&visitor.wish("mcp:read")).await;
    assert_eq!(page.status, 200, "{page:?}");
    let pressed = visitor.press(&page, "allow").await;
    assert_eq!(pressed.status, 303);
    let told = redirected(&pressed);
    let names: Vec<_> = told.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["code", "state", "iss"]);
    assert_eq!(told[1].1, "a & b");
    assert_eq!(told[2].1, program.base);

    let granted = visitor.redeem(&told[0].1).await.json();
    assert_eq!(
        granted,
        json!({
            "access_token": granted["access_token"].as_str().unwrap(),
            "token_type": "Bearer",
            "expires_in": 3600,
            "scope": "mcp:read",
        })
    );
    let token = granted["access_token"].as_str().unwrap();
    let called = visitor.call_tool(token, "whoami", json!({})).await;
    assert_eq!(called.status, 200, "{called:?}");
    assert!(called.body.contains(&visitor.client_id), "{called:?}");
    let whoami = format!("{}/whoami", program.base);
    let whoami = send("GET", &whoami, &[&format!("Bearer {token}")]).await;
    assert_eq!(whoami.json()["subject"], "developer");
    assert_eq!(whoami.json()["audience"], json!([visitor.resource()]));
}

#[tokio::test]
async fn notes_need_a_scope_more_and_belong_to_their_writer() {
    let program = Program::start(&[]);
    let visitor = Visitor::arrive(&program.base).await;
    let reader = visitor.sign_in("mcp:read").await;
    let writer = visitor.sign_in("mcp:read mcp:write").await;
    let token = |granted: &Value| granted["access_token"].as_str().unwrap().to_owned();
    let note = json!({"text": "buy milk"});

    let refused = visitor
        .call_tool(&token(&reader), "append_note", note.clone())
        .await;
    assert_eq!(refused.status, 403, "{refused:?}");
    let challenge = refused.challenge().unwrap();
    assert!(
        challenge.contains("error=\"insufficient_scope\""),
        "{challenge}"
    );
    assert!(
        challenge.contains("scope=\"mcp:read mcp:write\""),
        "{challenge}"
    );
    let written = visitor
        .call_tool(&token(&writer), "append_note", note.clone())
        .await;
    assert!(written.body.contains("milk"), "{written:?}");

    // Another client of the same user.
    let client = json!({"client_name": "Another", "redirect_uris": [REDIRECT_URI]});
    let other = Visitor {
        client_id: visitor.register(&client).await.json()["client_id"]
            .as_str()
            .unwrap()
            .to_owned(),
        ..Visitor::arrive(&program.base).await
    };
    let stranger = other.sign_in("mcp:write").await;
    let bread = json!({"text": "bread"});
    let own = other
        .call_tool(&token(&stranger), "append_note", bread)
        .await;
    assert!(own.body.contains("bread"), "{own:?}");
    assert!(own.body.contains("milk"), "{own:?}");
}

#[tokio::test]
async fn a_refresh_token_comes_when_asked_for_and_changes_with_each_use() {
    let program = Program::start(&[]);
    let visitor = Visitor::arrive(&program.base).await;
    let granted = visitor.sign_in("mcp:read mcp:write offline_access").await;
    assert_eq!(granted["scope"], "mcp:read mcp:write offline_access");
    let first = granted["refresh_token"].as_str().unwrap();
    let refresh = async |token: &str, scope: Option<&str>| {
        let mut fields = vec![
            ("grant_type", "refresh_token"),
            ("client_id", visitor.client_id.as_str()),
            ("refresh_token", token),
        ];
        fields.extend(scope.map(|scope| ("scope", scope)));
        visitor.token(&fields).await
    };

    let second = refresh(first, Some("mcp:read")).await;
    assert_eq!(second.status, 200, "{second:?}");
    assert_eq!(second.json()["scope"], "mcp:read");
    let second = second.json()["refresh_token"].as_str().unwrap().to_owned();
    let too_much = refresh(&second, Some("mcp:read admin")).await;
    assert_eq!(too_much.json()["error"], "invalid_scope", "{too_much:?}");
    let third = refresh(&second, None).await;
    assert_eq!(third.json()["scope"], "mcp:read mcp:write offline_access");
    let token = third.json()["access_token"].as_str().unwrap().to_owned();
    let called = visitor.call_tool(&token, "whoami", json!({})).await;
    assert_eq!(called.status, 200, "{called:?}");

    // The second was used twice, so one of its users stole it: the third is withdrawn too.
    for used in [&second, third.json()["refresh_token"].as_str().unwrap()] {
        let refused = refresh(used, None).await;
        assert_eq!(refused.status, 400);
        assert_eq!(refused.json()["error"], "invalid_grant");
    }
}

#[tokio::test]
async fn a_client_outlives_the_server() {
    let client_id = Visitor::arrive(&Program::start(&[]).base).await.client_id;
    let again = Program::start(&[]);
    let visitor = Visitor {
        client_id,
        ..Visitor::arrive(&again.base).await
    };
    visitor.sign_in("mcp:read").await;
}

#[tokio::test]
async fn a_program_takes_the_port_that_is_free() {
    let program = Program::start(&[]);
    let mut visitor = Visitor::arrive(&program.base).await;
    let client = json!({"client_name": "cli", "redirect_uris": ["http://127.0.0.1/callback"]});
    visitor.client_id = visitor.register(&client).await.json()["client_id"]
        .as_str()
        .unwrap()
        .to_owned();
    for (redirect_uri, status) in [
        ("http://127.0.0.1:51234/callback", 200),
        ("http://127.0.0.1:51234/other", 400),
        ("http://localhost:51234/callback", 400),
    ] {
        let mut wish = visitor.wish("mcp:read");
        wish[2].1 = redirect_uri.to_owned();
        assert_eq!(visitor.open(&wish).await.status, status, "{redirect_uri}");
    }
}

#[tokio::test]
async fn pages_of_this_machine_sign_in_by_script() {
    let program = Program::start(&[]);
    let visitor = Visitor::arrive(&program.base).await;
    let preflight = async |url: &str, origin: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            (
                "access-control-request-headers",
                "authorization,mcp-param-x",
            ),
        ];
        let answer = visitor
            .send(Method::OPTIONS, url, &headers, String::new())
            .await;
        let of = |name: &str| answer.headers.get(name).map(|v| v.to_str().unwrap());
        (
            of("access-control-allow-origin").map(ToOwned::to_owned),
            of("access-control-allow-headers").map(ToOwned::to_owned),
        )
    };
    let urls = [
        visitor.resource(),
        visitor.endpoint("registration_endpoint"),
        visitor.endpoint("token_endpoint"),
    ];
    for url in urls {
        for origin in ["http://localhost:5173", "http://[::1]:8080"] {
            let allowed = preflight(&url, origin).await;
            assert_eq!(allowed.0.as_deref(), Some(origin), "{url}");
            assert_eq!(allowed.1.as_deref(), Some("authorization,mcp-param-x"));
        }
        for origin in ["https://evil.example", "http://localhost.evil.example"] {
            assert_eq!(preflight(&url, origin).await.0, None, "{url} {origin}");
        }
    }

    let headers = [("origin", "http://localhost:5173")];
    let refused = visitor
        .send(Method::POST, &visitor.resource(), &headers, String::new())
        .await;
    assert_eq!(refused.status, 401);
    let exposed = refused.headers["access-control-expose-headers"].to_str();
    assert_eq!(
        exposed.unwrap(),
        "www-authenticate,dpop-nonce,retry-after,mcp-protocol-version,mcp-session-id"
    );
}

#[tokio::test]
async fn a_session_belongs_to_the_client_that_began_it() {
    let program = Program::start(&[]);
    let visitor = Visitor::arrive(&program.base).await;
    let client = json!({"client_name": "Another", "redirect_uris": [REDIRECT_URI]});
    let registered = visitor.register(&client).await.json();
    let other = Visitor {
        client_id: registered["client_id"].as_str().unwrap().to_owned(),
        ..Visitor::arrive(&program.base).await
    };
    let call = async |token: &str, session: Option<&str>, method: &str, params: Value| {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
        ];
        headers.extend(session.map(|session| ("mcp-session-id", session)));
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        visitor
            .send(
                Method::POST,
                &visitor.resource(),
                &headers,
                body.to_string(),
            )
            .await
    };
    let token = async |of: &Visitor| {
        let granted = of.sign_in("mcp:read").await;
        granted["access_token"].as_str().unwrap().to_owned()
    };
    let hello = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}});
    let began = call(&token(&visitor).await, None, "initialize", hello).await;
    assert_eq!(began.status, 200, "{began:?}");
    let session = began.headers["mcp-session-id"].to_str().unwrap();
    for (who, status) in [(&other, 404), (&visitor, 200)] {
        // Another token than the first in both cases.
        let token = token(who).await;
        let answer = call(&token, Some(session), "tools/list", json!({})).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
}
