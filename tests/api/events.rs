//! What is written to the log: every refusal and every change of keys, and never a token.

use std::io;
use std::sync::{Arc, Mutex};

use tower_jwt_auth::JwtAuthLayer;
use tower_jwt_auth::test_util::{Fault, TestIssuer};
use tracing_subscriber::EnvFilter;

use crate::support::{Counting, RESOURCE, call, config, request};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn counts(&self, event: &str) -> usize {
        self.text().matches(&format!("event=\"{event}\"")).count()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Everything that this thread logs, at every level, until the guard is dropped.
fn capture() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("trace"))
        .with_ansi(false)
        .with_writer({
            let log = log.clone();
            move || log.clone()
        })
        .finish();
    (log, tracing::subscriber::set_default(subscriber))
}

#[tokio::test]
async fn refusals_and_keys_are_told_and_tokens_are_not() {
    let (log, _guard) = capture();
    let issuer = TestIssuer::start();
    let layer = JwtAuthLayer::new(config(&issuer).required_scopes(["a"]).build().unwrap());
    let odd_kid = "k\r\n\u{202e}forged line \u{1b}[31m";
    let tokens = [
        ("good", issuer.mint(RESOURCE).scope("a").sign()),
        ("no scope", issuer.mint(RESOURCE).sign()),
        (
            "another audience",
            issuer.mint("https://other.example").scope("a").sign(),
        ),
        (
            "odd kid",
            issuer
                .mint(RESOURCE)
                .scope("a")
                .header("kid", odd_kid)
                .sign(),
        ),
        (
            "odd issuer",
            issuer
                .mint(RESOURCE)
                .claim("iss", "x\r\nforged line")
                .sign(),
        ),
        (
            "odd type",
            issuer
                .mint(RESOURCE)
                .header("typ", "x\r\nforged line")
                .sign(),
        ),
        ("no claims", "eyJhbGciOiJFUzI1NiJ9.forged.AAAA".to_owned()),
    ];
    let mut answers = String::new();
    for (name, token) in &tokens {
        let answer = call(&layer, &Counting::default(), request(Some(token))).await;
        assert_eq!(answer.status == 200, *name == "good", "{name}");
        if *name != "good" {
            answers.push_str(&format!("{answer:?}"));
        }
    }
    assert_eq!(
        call(&layer, &Counting::default(), request(None))
            .await
            .status,
        401
    );
    assert_eq!(
        log.counts("request_refused"),
        7,
        "each refusal once:\n{}",
        log.text()
    );
    assert_eq!(log.counts("keys_replaced"), 1);

    issuer.rotate();
    issuer.fail(Fault::Status(500));
    let unknown = issuer.mint(RESOURCE).scope("a").sign();
    assert_eq!(
        call(&layer, &Counting::default(), request(Some(&unknown)))
            .await
            .status,
        503
    );
    assert_eq!(log.counts("fetch_failed"), 1);
    assert_eq!(log.counts("keys_unavailable"), 0, "the old keys serve on");

    let text = log.text() + &answers;
    for (name, token) in tokens.iter().chain([("unknown", unknown)].iter()) {
        for segment in token.split('.').filter(|segment| segment.len() > 8) {
            assert!(
                !text.contains(segment),
                "{name}: a part of the token is in the log"
            );
        }
    }
    assert!(
        !text.contains("\nforged line") && !text.contains('\u{202e}') && !text.contains('\u{1b}')
    );
}

#[tokio::test]
async fn keys_that_never_came_are_an_error() {
    let (log, _guard) = capture();
    let issuer = TestIssuer::start();
    issuer.fail(Fault::Status(404));
    let layer = JwtAuthLayer::new(config(&issuer).build().unwrap());
    for _ in 0..20 {
        let token = issuer.mint(RESOURCE).sign();
        assert_eq!(
            call(&layer, &Counting::default(), request(Some(&token)))
                .await
                .status,
            503
        );
    }
    assert_eq!(
        log.counts("keys_unavailable"),
        1,
        "once per attempt, not per request"
    );
    assert!(log.text().contains("ERROR"));
}
