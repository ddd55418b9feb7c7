//! The example `mcp_server` with a configuration file, and this process as its identity provider.

use tower_jwt_auth::test_util::TestIssuer;

use super::program::{self, Program};
use crate::support::send;

#[tokio::test]
async fn tokens_of_another_process_before_and_after_a_rotation() {
    let issuer = TestIssuer::start();
    let resource = "https://mcp.example.com/mcp";
    for keys in [
        serde_json::json!({"jwks_uri": issuer.jwks_uri()}),
        serde_json::json!({}),
    ] {
        let mut config = serde_json::json!({"resource": resource, "issuer": issuer.issuer()});
        config
            .as_object_mut()
            .unwrap()
            .extend(keys.as_object().unwrap().clone());
        let server = Program::with_config(&config, &[]);
        let whoami = format!("{}/whoami", server.base);
        for round in ["before", "after"] {
            let token = issuer.mint(resource).subject(round).scope("x").sign();
            let answer = send("GET", &whoami, &[&format!("Bearer {token}")]).await;
            assert_eq!(answer.status, 200, "{round}: {answer:?}");
            assert_eq!(
                answer.json(),
                serde_json::json!({
                    "client_id": "test-client",
                    "subject": round,
                    "issuer": issuer.issuer(),
                    "audience": [resource],
                    "scopes": ["x"],
                    "expires_at": answer.json()["expires_at"].as_u64().unwrap(),
                })
            );
            issuer.rotate();
        }
        let elsewhere = issuer.mint("https://other.example").sign();
        assert_eq!(
            send("GET", &whoami, &[&format!("Bearer {elsewhere}")])
                .await
                .status,
            401
        );
        assert_eq!(
            send("GET", &format!("{}/readyz", server.base), &[])
                .await
                .status,
            200
        );
        assert_eq!(
            send("GET", &format!("{}/healthz", server.base), &[])
                .await
                .status,
            200
        );
    }
}

#[test]
fn the_development_issuer_stays_on_this_machine() {
    for address in ["0.0.0.0:0", "[::]:0"] {
        let (code, said) = program::run(&["--bind", address]);
        assert_eq!((code, said.lines().count()), (Some(2), 1), "{said}");
        assert!(said.contains("not a loopback address"), "{said}");
    }
}

#[test]
fn an_origin_that_no_browser_sends_is_a_mistake() {
    for odd in ["app.example.com", "https://app.example.com/", "*", "null"] {
        let (code, said) = program::run(&["--allow-origin", odd]);
        assert_eq!((code, said.lines().count()), (Some(2), 1), "{said}");
        assert!(said.contains("is no origin"), "{said}");
    }
}
