//! The event streams and the name of the example `mcp_server`, as clients see them.

use http::Method;
use serde_json::{Value, json};

use super::program::Program;
use super::visitor::Visitor;

/// The data of each event. Some clients parse it as JSON, whatever it is.
fn events(stream: &str) -> Vec<Value> {
    let events = stream
        .split("\n\n")
        .filter(|event| !event.trim().is_empty());
    let events = events.filter(|event| !event.lines().all(|line| line.starts_with(':')));
    let data = events.map(|event| {
        let lines = event.lines().filter_map(|line| line.strip_prefix("data:"));
        let data: Vec<_> = lines.collect();
        let data = serde_json::from_str(data.join("\n").trim());
        data.unwrap_or_else(|_| panic!("no JSON in {event:?} of {stream:?}"))
    });
    data.collect()
}

#[tokio::test]
async fn field_h01_every_event_carries_json() {
    let program = Program::start(&[]);
    let visitor = Visitor::arrive(&program.base).await;
    let granted = visitor.sign_in("mcp:read").await;
    let token = granted["access_token"].as_str().unwrap();
    let bearer = format!("Bearer {token}");
    let url = visitor.resource();
    let mut headers = vec![
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
    ];
    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"},
    }});
    let began = visitor
        .send(Method::POST, &url, &headers, hello.to_string())
        .await;
    let session = began.headers["mcp-session-id"].to_str().unwrap();
    let said = events(&began.body);
    assert_eq!(said.len(), 1, "{began:?}");
    assert_eq!(said[0]["id"], 1);
    headers.push(("mcp-session-id", session));
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let told = visitor
        .send(Method::POST, &url, &headers, ready.to_string())
        .await;
    assert_eq!(told.status, 202, "{told:?}");

    // The stream of GET, which begins before the session ends and with it.
    let mut listen = visitor.http.get(&url);
    for (name, value) in &headers {
        listen = listen.header(*name, *value);
    }
    let mut stream = listen.send().await.unwrap();
    assert_eq!(stream.status(), 200);

    for method in ["tools/list", "ping"] {
        let call = json!({"jsonrpc": "2.0", "id": 2, "method": method, "params": {}});
        let answer = visitor
            .send(Method::POST, &url, &headers, call.to_string())
            .await;
        assert_eq!(answer.headers["content-type"], "text/event-stream");
        let said = events(&answer.body);
        assert_eq!(said.len(), 1, "{answer:?}");
        assert_eq!(said[0]["id"], 2);
    }
    let ended = visitor
        .send(Method::DELETE, &url, &headers, String::new())
        .await;
    assert!(ended.status.is_success(), "{ended:?}");
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = stream.chunk().await {
        body.extend(chunk);
    }
    assert_eq!(events(&String::from_utf8(body).unwrap()), [] as [Value; 0]);

    // Without a session, in the protocol that has none.
    let called = visitor.call_tool(token, "whoami", json!({})).await;
    match called.headers["content-type"].to_str().unwrap() {
        "text/event-stream" => assert_eq!(events(&called.body).len(), 1, "{called:?}"),
        _ => assert_eq!(called.json()["id"], 1),
    }
}

#[tokio::test]
async fn field_h06_the_server_has_its_own_name() {
    let program = Program::start(&[]);
    let visitor = Visitor::arrive(&program.base).await;
    let granted = visitor.sign_in("mcp:read").await;
    let bearer = format!("Bearer {}", granted["access_token"].as_str().unwrap());
    let ask = async |version: &str, method: &str, params: Value| {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
            ("mcp-protocol-version", version),
            ("mcp-method", method),
        ];
        let url = visitor.resource();
        let answer = visitor
            .send(Method::POST, &url, &headers, body.to_string())
            .await;
        answer.body
    };
    let name = "\"name\":\"mcp_server\"";
    let version = format!("\"version\":\"{}\"", env!("CARGO_PKG_VERSION"));
    let client = json!({"name": "x", "version": "1"});
    let hello = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client});
    let discover = json!({"_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": client,
        "io.modelcontextprotocol/clientCapabilities": {},
    }});
    for (protocol, method, params) in [
        ("2025-06-18", "initialize", hello),
        ("2026-07-28", "server/discover", discover),
    ] {
        let said = ask(protocol, method, params).await;
        assert!(said.contains(name), "{method}: {said}");
        assert!(said.contains(&version), "{method}: {said}");
    }
}
