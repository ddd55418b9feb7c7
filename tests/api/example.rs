//! The example `mcp_server`, as a program of its own, with this process as its identity provider.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use tower_jwt_auth::test_util::TestIssuer;

use crate::support::send;

struct Server {
    child: Child,
    base: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(config: &serde_json::Value) -> Server {
    // Built by `cargo test` before the tests run.
    let deps = std::env::current_exe().unwrap();
    let program = deps
        .parent()
        .unwrap()
        .parent()
        .unwrap()
        .join("examples/mcp_server");
    let file = std::env::temp_dir().join(format!("mcp-server-{:x}.json", fastrand::u64(..)));
    std::fs::write(&file, config.to_string()).unwrap();
    let mut child = Command::new(&program)
        .args(["--bind", "127.0.0.1:0", "--config"])
        .arg(&file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}; cargo build --examples", program.display()));
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let base = lines.find_map(|line| {
        line.unwrap()
            .strip_prefix("listening on ")
            .map(ToOwned::to_owned)
    });
    // Whoever writes must not find the pipe closed.
    std::thread::spawn(move || lines.for_each(drop));
    std::fs::remove_file(file).unwrap();
    Server {
        child,
        base: base.expect("it says where it listens"),
    }
}

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
        let server = start(&config);
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
