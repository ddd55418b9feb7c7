//! The example `mcp_server` with DPoP: its issuer binds tokens, and its server wants the proof.

use http::Method;
use serde_json::json;
use tower_jwt_auth::test_util::TestClient;

use super::program::Program;
use super::visitor::{REDIRECT_URI, VERIFIER, Visitor};
use crate::support::{Answer, send};

async fn redeem(visitor: &Visitor, code: &str, proof: Option<&str>) -> Answer {
    let resource = visitor.resource();
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT_URI),
        ("client_id", &visitor.client_id),
        ("code_verifier", VERIFIER),
        ("resource", &resource),
    ];
    let body = urlencoded(&fields);
    let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
    headers.extend(proof.map(|proof| ("dpop", proof)));
    let url = format!("{}/token", visitor.base);
    visitor.send(Method::POST, &url, &headers, body).await
}

fn urlencoded(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

#[tokio::test]
async fn a_client_with_a_key_gets_a_token_that_is_bound_to_it() {
    let program = Program::start(&[]);
    let visitor = Visitor::arrive(&program.base).await;
    let client = TestClient::start();
    let endpoint = format!("{}/token", program.base);
    let code = visitor.code(&visitor.wish("mcp:read")).await;
    let elsewhere = client.proof("POST", &format!("{}/x", program.base)).sign();
    let refused = redeem(&visitor, &code, Some(&elsewhere)).await;
    assert_eq!(refused.json()["error"], "invalid_dpop_proof");
    let proof = client.proof("POST", &endpoint).sign();
    let granted = redeem(&visitor, &code, Some(&proof)).await.json();
    assert_eq!(granted["token_type"], "DPoP");

    let token = granted["access_token"].as_str().unwrap();
    let url = format!("{}/whoami", program.base);
    let whoami = async |scheme: &str, proof: &str| {
        let authorization = format!("{scheme} {token}");
        let headers = [("authorization", authorization.as_str()), ("dpop", proof)];
        visitor
            .send(Method::GET, &url, &headers, String::new())
            .await
    };
    let proof = || client.proof("GET", &url).token(token).sign();
    let answer = whoami("DPoP", &proof()).await;
    assert_eq!(answer.json()["confirmation"], json!({"jkt": client.jkt()}));
    assert_eq!(whoami("Bearer", &proof()).await.status, 401);
    let thief = TestClient::start().proof("GET", &url).token(token).sign();
    assert_eq!(whoami("DPoP", &thief).await.status, 401);

    // Without a proof at the token endpoint, everything is as before.
    let code = visitor.code(&visitor.wish("mcp:read")).await;
    let granted = redeem(&visitor, &code, None).await.json();
    assert_eq!(granted["token_type"], "Bearer");
    let bearer = format!("Bearer {}", granted["access_token"].as_str().unwrap());
    assert_eq!(send("GET", &url, &[&bearer]).await.status, 200);
}

#[tokio::test]
async fn the_demonstration_prints_a_command_that_works_once() {
    let (program, printed) = Program::start_and_read(&["--dpop-demo"]);
    let command = printed
        .iter()
        .find(|line| line.contains("Authorization: DPoP "))
        .unwrap();
    let quoted: Vec<_> = command.split('"').collect();
    let [_, authorization, _, proof, url] = quoted[..] else {
        panic!("{command}");
    };
    let visitor = Visitor::arrive(&program.base).await;
    let headers = [authorization, proof].map(|line| line.split_once(": ").unwrap());
    let ask = || visitor.send(Method::GET, url.trim(), &headers, String::new());
    assert_eq!(ask().await.status, 200);
    let again = ask().await;
    assert_eq!(again.status, 401);
    assert_eq!(
        again.json()["error_description"],
        "The DPoP proof was used before"
    );
}
