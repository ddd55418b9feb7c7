//! Whose notes the example `mcp_server` keeps: a user's, whatever client they come from.

use serde_json::{Value, json};
use tower_jwt_auth::test_util::TestIssuer;

use super::program::Program;
use super::visitor::{REDIRECT_URI, Visitor};

#[tokio::test]
async fn field_h03_a_client_that_registers_anew_finds_the_notes_of_its_user() {
    let program = Program::start(&[]);
    let mut visitor = Visitor::arrive(&program.base).await;
    let first = visitor.client_id.clone();
    let (one, two) = (
        json!({"notes": ["milk"]}),
        json!({"notes": ["milk", "bread"]}),
    );
    for (text, expected) in [("milk", one), ("bread", two)] {
        let granted = visitor.sign_in("mcp:read mcp:write").await;
        let token = granted["access_token"].as_str().unwrap();
        let note = json!({"text": text});
        let kept = visitor.call_tool(token, "append_note", note).await;
        assert_eq!(text_of(&kept.body), expected.to_string());
        let client = json!({"client_name": text, "redirect_uris": [REDIRECT_URI]});
        visitor.client_id = visitor.register(&client).await.json()["client_id"]
            .as_str()
            .unwrap()
            .to_owned();
        assert_ne!(visitor.client_id, first);
    }
}

#[tokio::test]
async fn field_h03_notes_belong_to_a_subject_of_an_issuer() {
    let (issuer, other) = (TestIssuer::start(), TestIssuer::start());
    let resource = "https://mcp.example.com/mcp";
    let config = json!({"resource": resource, "issuers": [
        {"issuer": issuer.issuer(), "jwks_uri": issuer.jwks_uri()},
        {"issuer": other.issuer(), "jwks_uri": other.jwks_uri()},
    ]});
    let program = Program::with_config(&config, &[]);
    let visitor = Visitor {
        base: program.base.clone(),
        client_id: String::new(),
        metadata: Value::Null,
        http: reqwest::Client::new(),
    };
    let note = async |issuer: &TestIssuer, subject: Option<&str>, client: Option<&str>| {
        let mut token = issuer.mint(resource).scope("mcp:write");
        for (name, value) in [("sub", subject), ("client_id", client)] {
            token = match value {
                Some(value) => token.claim(name, value),
                None => token.without(name),
            };
        }
        let token = token.sign();
        let text = format!("{subject:?} of {client:?}");
        let note = json!({"text": text});
        let kept = visitor.call_tool(&token, "append_note", note).await;
        let kept: Value = serde_json::from_str(&text_of(&kept.body)).ok()?;
        kept["notes"].as_array().map(Vec::len)
    };
    // (issuer, subject, client, notes that this caller then has)
    for (issuer, subject, client, notes) in [
        (&issuer, Some("alice"), Some("a"), 1),
        (&issuer, Some("alice"), Some("b"), 2),
        (&issuer, Some("alice"), None, 3),
        (&issuer, Some("bob"), Some("a"), 1),
        (&other, Some("alice"), Some("a"), 1),
        // A program without a user is itself the owner, and no user who is called like it.
        (&issuer, None, Some("alice"), 1),
        (&issuer, None, Some("alice"), 2),
        (&issuer, None, Some("a"), 1),
    ] {
        let kept = note(issuer, subject, client).await;
        assert_eq!(kept.unwrap(), notes, "{subject:?} {client:?}");
    }
}

/// The text in the result of a tool.
fn text_of(body: &str) -> String {
    let data = body.lines().find_map(|line| line.strip_prefix("data: {"));
    let json = data.map_or_else(|| body.to_owned(), |data| format!("{{{data}"));
    let json: Value = serde_json::from_str(&json).unwrap_or_else(|_| panic!("{body}"));
    let text = json["result"]["content"][0]["text"].as_str();
    text.unwrap_or_else(|| panic!("{body}")).to_owned()
}
