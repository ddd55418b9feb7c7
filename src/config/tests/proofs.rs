//! `dpop`, `mtls` and `require_bound_tokens`: POP.md 2, rows P95 and C24.

use std::time::Duration;

use super::*;
use crate::config::examples::EXAMPLES;
use crate::config::file::file_names;
use crate::config::proofs::CheckedDpop;
use crate::proof::{Dpop, NonceMode};

mod mtls;
mod nonce_secrets;

const RESOURCE: &str = "https://r.example/mcp";

/// 32 bytes.
const SECRET: &str = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI";

fn dpop(settings: Value) -> Value {
    json!({"resource": RESOURCE, "dpop": settings})
}

fn read_with(changes: Value) -> JwtAuthConfigBuilder {
    read(with(changes)).unwrap()
}

fn checked(changes: Value) -> CheckedDpop {
    proofs_of(&read_with(changes)).dpop.unwrap()
}

fn effect_with(changes: Value) -> String {
    effect(&read_with(changes)).unwrap()
}

fn urls(dpop: &CheckedDpop) -> Vec<&str> {
    dpop.public_urls.iter().map(|url| url.as_str()).collect()
}

fn builder() -> JwtAuthConfigBuilder {
    JwtAuthConfig::builder()
        .issuer("https://i.example")
        .audience("a")
        .resource(RESOURCE)
}

fn with_dpop(dpop: Dpop) -> Result<JwtAuthConfig, ConfigError> {
    builder().dpop(dpop).build()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn pop_p95_the_defaults_are_complete() {
    let dpop = checked(self::dpop(json!({})));
    use Algorithm::{ES256, ES384, ES512, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    assert_eq!(
        dpop.algorithms,
        [
            ES256, ES384, ES512, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512
        ]
    );
    assert_eq!(urls(&dpop), ["https://r.example"]);
    assert_eq!(dpop.resource, RESOURCE);
    assert_eq!(dpop.proof_window, seconds(60));
    assert_eq!(dpop.nonce, NonceMode::Auto);
    assert_eq!(dpop.nonce_lifetime, seconds(300));
    assert!(dpop.nonce_secrets.is_empty());
    let replays = dpop.replays.unwrap();
    assert_eq!(replays.entries, 262_144);
    assert!(replays.store.is_none());
    let config = built(self::dpop(json!({}))).unwrap();
    let issuer = &config.0.issuers[0];
    assert!(issuer.introspection.is_none());
    assert!(!issuer.answers.resource().bound_tokens.required);
    // Each way to write the same.
    let written = effect_with(self::dpop(json!({})));
    for same in [json!(true), json!("true")] {
        assert_eq!(effect_with(self::dpop(same)), written);
    }
    assert_eq!(effect(&builder().dpop(Dpop::new())).unwrap(), written);
    let off = effect_with(json!({"resource": RESOURCE}));
    assert_ne!(off, written);
    for same in [json!(false), json!("false"), json!(null)] {
        let mut file = with(json!({"resource": RESOURCE}));
        file["dpop"] = same;
        assert_eq!(effect(&read(file).unwrap()).unwrap(), off);
    }
}

/// Each row: what is refused, its text, and the neighbour that is accepted.
#[test]
fn pop_p95_what_is_refused_of_dpop() {
    let rows = [
        (
            json!({"dpop": {}}),
            "dpop is set, but not the URL that a proof must name: set resource, or dpop.public_url to the URL at which \
             clients reach the root of this service",
            json!({"dpop": {"public_url": "https://r.example"}}),
        ),
        (
            dpop(json!({"algorithms": ["HS256"]})),
            "dpop.algorithms lists \"HS256\", with which no proof can be signed: use names such as ES256, EdDSA or RS256",
            dpop(json!({"algorithms": ["ES256"]})),
        ),
        (
            dpop(json!({"algorithms": ["ES256", "none"]})),
            "dpop.algorithms lists \"none\", with which no proof can be signed",
            dpop(json!({"algorithms": ["ES256", "ML-DSA-44"]})),
        ),
        (
            dpop(json!({"algorithms": []})),
            "dpop.algorithms is empty: give it a value or leave it out",
            dpop(json!({"algorithms": ["EdDSA"]})),
        ),
        (
            dpop(json!({"algorithms": ["EdDSA", "ES256", "Ed25519"]})),
            "dpop.algorithms lists \"EdDSA\" twice: remove one of them",
            dpop(json!({"algorithms": ["ES256", "Ed25519"]})),
        ),
        (
            dpop(json!({"proof_window": "6m"})),
            "dpop.proof_window is 6m: it must be between 5s and 5m",
            dpop(json!({"proof_window": "5m"})),
        ),
        (
            dpop(json!({"proof_window": "4999ms"})),
            "dpop.proof_window is 4s 999ms: it must be between 5s and 5m",
            dpop(json!({"proofWindow": "5s"})),
        ),
        (
            dpop(json!({"nonce_lifetime": "59s"})),
            "dpop.nonce_lifetime is 59s: it must be between 1m and 1h",
            dpop(json!({"nonce_lifetime": "60s"})),
        ),
        (
            dpop(json!({"nonce_lifetime": "61m"})),
            "dpop.nonce_lifetime is 1h 1m: it must be between 1m and 1h",
            dpop(json!({"nonceLifetime": "1h"})),
        ),
        (
            dpop(json!({"nonce": "sometimes"})),
            "dpop.nonce is \"sometimes\", which is not known: use off, auto or required",
            dpop(json!({"nonce": "off"})),
        ),
        (
            dpop(json!({"replay_entries": 1023})),
            "dpop.replay_entries is 1023: it must be between 1024 and 16777216",
            dpop(json!({"replay_entries": 1024})),
        ),
        (
            dpop(json!({"replay_entries": 16_777_217})),
            "dpop.replay_entries is 16777217: it must be between",
            dpop(json!({"replayEntries": "16777216"})),
        ),
        (
            dpop(json!({"replay_entries": 2048, "danger_allow_replay": true})),
            "dpop.replay_entries and dpop.danger_allow_replay are both set: keep one of them",
            dpop(json!({"replay_entries": 2048, "danger_allow_replay": false})),
        ),
    ];
    for (bad, want, good) in rows {
        refuses([(bad, want)]);
        accepts(good);
    }
}

#[test]
fn pop_p95_public_urls() {
    let https = "dpop.public_url \"http://r.example\" must use https: only a loopback host may use http, or call danger_allow_http";
    for (bad, want, good) in [
        (
            "https://r.example/?x=1",
            "dpop.public_url \"https://r.example/?x=1\" must not carry a query: leave it out",
            "https://r.example/",
        ),
        (
            "https://r.example?",
            "must not carry a query",
            "https://r.example",
        ),
        (
            "https://r.example/a#x",
            "must not carry a fragment: leave it out",
            "https://r.example/a",
        ),
        (
            "https://r.example/a/",
            "dpop.public_url \"https://r.example/a/\" must not end with a slash: leave it out",
            "https://r.example/a/b",
        ),
        (
            "https://r.example//",
            "must not end with a slash",
            "https://r.example/",
        ),
        (
            "https://user@r.example",
            "dpop.public_url \"(not shown)\" must not carry a user name or password",
            "https://r.example:8443",
        ),
        ("http://r.example", https, "http://localhost:3000"),
        (
            "r.example",
            "dpop.public_url \"r.example\" must be an absolute https URL: probably \"https://r.example\"",
            "https://R.example",
        ),
        ("", "must be an absolute https URL", "http://[::1]:3000/x"),
        (
            "https://r.example/a%GG",
            "must not hold malformed percent-escapes",
            "https://r.example/a%20",
        ),
        (
            "${URL}",
            "dpop.public_url contains \"${URL}\"",
            "https://r.example",
        ),
    ] {
        for list in [json!(bad), json!(["https://r.example", bad])] {
            refuses([(dpop(json!({"public_url": list})), want)]);
        }
        accepts(dpop(json!({"public_url": good})));
        accepts(dpop(json!({"publicUrl": ["https://r.example", good]})));
    }
    refuses([(
        dpop(json!({"public_url": []})),
        "dpop.public_url is empty: give it a value or leave it out",
    )]);
    let anywhere = json!({"danger_allow_http": true, "dpop": {"public_url": "http://r.example"}});
    accepts(anywhere);
    let two = json!({"dpop": {"public_url": ["https://a.example/x", "https://b.example"]}});
    let dpop = checked(two);
    assert_eq!(urls(&dpop), ["https://a.example/x", "https://b.example"]);
    assert_eq!(dpop.resource, "https://a.example/x");
    let of_resource = json!({"resource": "https://R.example:443/mcp", "dpop": {}});
    assert_eq!(urls(&checked(of_resource)), ["https://r.example"]);
}

#[test]
fn pop_p95_file_and_builder_agree() {
    let folder = Folder::new();
    let path = folder.0.join("secret");
    std::fs::write(&path, SECRET).unwrap();
    for (settings, dpop) in [
        (
            json!({"algorithms": ["ES256", "EdDSA"]}),
            Dpop::new().algorithms(["ES256", "EdDSA"]),
        ),
        (
            json!({"algorithms": ["ES256", "EdDSA"]}),
            Dpop::new().algorithms([Algorithm::ES256, Algorithm::EdDSA]),
        ),
        (
            json!({"public_url": ["https://a.example", "https://b.example"]}),
            Dpop::new()
                .public_url("https://a.example")
                .public_url("https://b.example"),
        ),
        (
            json!({"proof_window": "30s"}),
            Dpop::new().proof_window(seconds(30)),
        ),
        (
            json!({"nonce": "required", "nonce_secret": SECRET}),
            Dpop::new().nonce(NonceMode::Required).nonce_secret(SECRET),
        ),
        (json!({"nonce": "off"}), Dpop::new().nonce(NonceMode::Off)),
        (
            json!({"nonce_lifetime": "10m"}),
            Dpop::new().nonce_lifetime(seconds(600)),
        ),
        (
            json!({"nonce_secret_file": path}),
            Dpop::new().nonce_secret_file(&path),
        ),
        (
            json!({"replay_entries": 4096}),
            Dpop::new().replay_entries(4096),
        ),
        (
            json!({"danger_allow_replay": true}),
            Dpop::new().danger_allow_replay(),
        ),
    ] {
        let of_file = effect_with(self::dpop(settings.clone()));
        let of_code = effect(&builder().dpop(dpop)).unwrap();
        assert_eq!(of_code, of_file, "{settings}");
        let without = effect_with(self::dpop(json!({})));
        assert_ne!(of_file, without, "{settings} has an effect");
    }
}

#[test]
fn pop_p95_the_examples_of_dpop_are_accepted() {
    let without = effect_with(dpop(json!({})));
    for name in spelled_out(file_names().dpop) {
        if name.starts_with("nonce_secret") {
            continue; // No secret that works is published, and there is no such file.
        }
        let (_, example) = EXAMPLES.iter().find(|(other, _)| *other == name).unwrap();
        let example: Value = serde_json::from_str(example).unwrap();
        let with = effect_with(dpop(json!({name: example})));
        assert_ne!(with, without, "{name}");
    }
}
