//! Commands with a proof of possession, made when they are asked for (RFC 9449).

use std::io::BufRead as _;
use std::thread;

use tower_jwt_auth::test_util::TestClient;

use crate::issuer::DevelopmentIssuer;

/// Prints a command now, and another one for each line on standard input. In a thread of its own,
/// because reading from a terminal blocks.
pub(crate) fn start(base: String, issuer: DevelopmentIssuer) {
    let client = TestClient::start();
    let token = issuer.bound_token("curl", "mcp:read", &client.jkt());
    print(&base, &client, &token);
    thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            if line.is_err() {
                return;
            }
            print(&base, &client, &token);
        }
    });
}

fn print(base: &str, client: &TestClient, token: &str) {
    let url = format!("{base}/whoami");
    let proof = client.proof("GET", &url).token(token).sign();
    println!(
        "Who am I, with a token that is bound to a key. The proof works once, within a minute; \
         the second time the answer is 401. Press Enter for another one:\n\n\
         curl -i -H \"Authorization: DPoP {token}\" -H \"DPoP: {proof}\" {url}\n"
    );
}
