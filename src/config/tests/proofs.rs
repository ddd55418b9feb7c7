//! `dpop`, `mtls` and `require_bound_tokens`: POP.md 2, rows P95 and C24.

use std::time::Duration;

use super::field::{Folder, accepts, built, effect, proofs, read, refused, refuses, spelled_out};
use super::with_everything::with;
use super::*;
use crate::ConfigError;

use crate::config::error::{SecretError, SecretFileError};
use crate::config::examples::EXAMPLES;
use crate::config::file::file_names;
use crate::config::proofs::CheckedDpop;
use crate::config::{Issuer, JwtAuthConfigBuilder};
use crate::crypto::Algorithm;
use crate::proof::mtls::CertificateSource;
use crate::proof::{CertificateFormat, Dpop, Mtls, NonceMode};

const RESOURCE: &str = "https://r.example/mcp";

/// 32 bytes.
const SECRET: &str = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI";

/// 31 bytes.
const SHORT: &str = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMQ";

fn dpop(settings: Value) -> Value {
    json!({"resource": RESOURCE, "dpop": settings})
}

fn mtls(header: Value) -> Value {
    json!({"mtls": {"header": header}})
}

fn read_with(changes: Value) -> JwtAuthConfigBuilder {
    read(with(changes)).unwrap()
}

fn checked(changes: Value) -> CheckedDpop {
    proofs(&read_with(changes)).dpop.unwrap()
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
fn pop_p95_nonce_secrets() {
    let padded = format!("{SECRET}=");
    for good in [
        json!(SECRET),
        json!(padded),
        json!([SECRET]),
        json!([SECRET, padded]),
    ] {
        accepts(dpop(json!({"nonce_secret": good})));
        accepts(dpop(json!({"nonceSecret": good})));
    }
    let way_out = "; write 32 random bytes or more as base64url, which openssl rand -base64 32 | tr '+/' '-_' makes";
    for (bad, number, reason) in [
        (json!(SHORT), 1, "it has 31 bytes, and 32 are needed"),
        (
            json!("MTIzNDU2Nzg5MDEyMzQ1Ng"),
            1,
            "it has 16 bytes, and 32 are needed",
        ),
        (json!([SECRET, SHORT]), 2, "it has 31 bytes"),
        (json!([SECRET, ""]), 2, "it has 0 bytes"),
        (json!(format!("+{SECRET}")), 1, "it is not base64url text"),
        (json!(format!("{SECRET} ")), 1, "it is not base64url text"),
        // Spare bits are set.
        (
            json!(format!("{}J", &SECRET[..42])),
            1,
            "it is not base64url text",
        ),
    ] {
        let error = refused(dpop(json!({"nonce_secret": bad})));
        let start = format!("secret {number} of dpop.nonce_secret cannot be used: {reason}");
        assert!(
            error.starts_with(&start) && error.ends_with(way_out),
            "{error}"
        );
        for secret in [SECRET, SHORT] {
            assert!(!error.contains(secret), "{error}");
        }
    }
    refuses([(
        dpop(json!({"nonce_secret": []})),
        "dpop.nonce_secret is empty: give it a value or leave it out",
    )]);
    let short = with_dpop(Dpop::new().nonce_secret(SECRET).nonce_secret(SHORT));
    let want = ConfigError::InvalidSecret {
        setting: "dpop.nonce_secret",
        number: 2,
        reason: SecretError::TooShort { bytes: 31 },
    };
    assert_eq!(short.unwrap_err(), want);
    // The first makes nonces.
    let other = SECRET.replace("MTI", "OTI");
    let secrets = checked(dpop(json!({"nonce_secret": [SECRET, other]}))).nonce_secrets;
    let starts = secrets.iter().map(|secret| secret.expose()[0]);
    assert_eq!(starts.collect::<Vec<_>>(), *b"19");
}

#[test]
fn pop_p95_a_file_with_nonce_secrets() {
    let folder = Folder::new();
    let at = |name: &str| folder.0.join(name);
    let other = SECRET.replace("MTI", "OTI");
    let read = |content: &str| {
        std::fs::write(at("secrets"), content).unwrap();
        read_with(dpop(json!({"nonce_secret_file": at("secrets")})))
    };
    for (content, want) in [
        (SECRET.to_owned(), "1"),
        (format!("{SECRET}\n"), "1"),
        (format!("{SECRET}\n{other}"), "19"),
        (format!("{other}\r\n{SECRET}\r\n\r\n"), "91"),
        (format!("\u{feff}{SECRET} \n"), "1"),
    ] {
        let secrets = proofs(&read(&content)).dpop.unwrap().nonce_secrets;
        let starts = secrets.iter().map(|secret| secret.expose()[0]);
        assert_eq!(starts.collect::<Vec<_>>(), want.as_bytes(), "{content:?}");
    }
    let setting = "dpop.nonce_secret_file";
    let unusable = |path: &str, reason| ConfigError::UnusableFile {
        setting,
        path: at(path),
        reason,
    };
    for content in ["", "\n", " \r\n\n"] {
        let want = unusable("secrets", SecretFileError::Empty);
        assert_eq!(read(content).build().unwrap_err(), want, "{content:?}");
    }
    for (content, number, reason) in [
        (
            format!("{SECRET}\n{SHORT}\n"),
            2,
            SecretError::TooShort { bytes: 31 },
        ),
        (
            format!("{SECRET}\n\n{other}"),
            2,
            SecretError::TooShort { bytes: 0 },
        ),
        (format!("{SECRET},{other}"), 1, SecretError::NotBase64Url),
    ] {
        let want = ConfigError::InvalidSecret {
            setting,
            number,
            reason,
        };
        assert_eq!(read(&content).build().unwrap_err(), want, "{content:?}");
    }
    std::fs::write(at("binary"), [0xff; 64]).unwrap();
    std::fs::write(at("large"), vec![b'A'; 1024 * 1024 + 1]).unwrap();
    for (path, reason) in [
        ("binary", SecretFileError::NotText),
        ("large", SecretFileError::TooLarge),
    ] {
        let error = built(dpop(json!({setting.replace("dpop.", ""): at(path)}))).unwrap_err();
        assert_eq!(error, unusable(path, reason));
    }
    let missing = refused(dpop(json!({"nonceSecretFile": at("missing")})));
    let path = at("missing");
    assert!(
        missing.starts_with(&format!(
            "dpop.nonce_secret_file {path:?} cannot be used: it cannot be read: "
        )) && missing.ends_with("; create it, and let the user of this process read it"),
        "{missing}"
    );
    refuses([
        (
            dpop(json!({"nonce_secret_file": ""})),
            "dpop.nonce_secret_file is empty",
        ),
        (
            dpop(json!({"nonce_secret_file": "/etc/secret", "nonce_secret": SECRET})),
            "dpop.nonce_secret and dpop.nonce_secret_file are both set: keep one of them",
        ),
    ]);
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

#[test]
fn pop_p95_secrets_do_not_show() {
    for value in [
        json!(1234567890),
        json!(true),
        json!({"secret": "hidden-secret"}),
        json!(["hidden-secret", 1234567890]),
    ] {
        let error = refused(dpop(json!({"nonce_secret": value})));
        assert!(
            error.starts_with("dpop.nonce_secret: invalid type: "),
            "{error}"
        );
        assert!(
            !error.contains("12345") && !error.contains("hidden"),
            "{error}"
        );
    }
    for error in [
        refused(json!({"dpop": "hidden-secret"})),
        refused(json!({"dpop": 12345.5})),
        refused(json!({"dpop": 1234567890})),
    ] {
        assert!(
            error.contains("expected an object, true or false"),
            "{error}"
        );
        assert!(
            !error.contains("12345") && !error.contains("hidden"),
            "{error}"
        );
    }
    let dpop = Dpop::new().nonce_secret(SECRET);
    let builder = builder().dpop(dpop.clone());
    let shown = format!("{dpop:?} {dpop:#?} {builder:?}");
    assert!(
        shown.contains("(not shown)") && !shown.contains(SECRET),
        "{shown}"
    );
    let (config, proofs) = (builder.clone().build().unwrap(), proofs(&builder));
    let shown = format!("{config:?} {:?} {proofs:?}", config.0.proofs);
    let bytes = format!("{:?}", &b"1234"[..]);
    assert!(
        !shown.contains(SECRET) && !shown.contains(bytes.trim_matches(['[', ']'])),
        "{shown}"
    );
    // A text that was meant to be replaced is no secret.
    refuses([(
        self::dpop(json!({"nonce_secret": "${NONCE}"})),
        "dpop.nonce_secret contains \"${NONCE}\", which nothing has replaced",
    )]);
}

fn header(changes: Value) -> Value {
    let mut header =
        json!({"name": "client-cert", "format": "rfc9440", "trusted_peers": ["10.0.0.0/8"]});
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(header.as_object_mut().unwrap().remove(name)),
            value => header[name] = value.clone(),
        }
    }
    mtls(header)
}

#[test]
fn pop_c24_what_is_refused_of_mtls() {
    accepts(header(json!({})));
    let peers = "mtls.header.trusted_peers is missing or empty: list the networks from which the proxy connects, such as \
                 \"10.0.0.0/8\", or \"unix\"; anybody else could write the header";
    refuses([
        (header(json!({"trusted_peers": null})), peers),
        (
            header(json!({"trusted_peers": []})),
            "mtls.header.trusted_peers is missing or empty: list the networks from which the proxy connects",
        ),
        (
            header(json!({"danger_trust_any_peer": true})),
            "mtls.header.trusted_peers and mtls.header.danger_trust_any_peer are both set: keep one of them",
        ),
        (
            header(json!({"format": "pem"})),
            "mtls.header.format is \"pem\", which is not known: use rfc9440, xfcc, pem_escaped, pem_escaped_chain, \
             der_base64 or sha256_hex",
        ),
        (
            header(json!({"format": null})),
            "mtls.header: missing field `format`",
        ),
        (
            header(json!({"name": null})),
            "mtls.header: missing field `name`",
        ),
        (
            header(json!({"name": "authorization"})),
            "mtls.header.name is \"authorization\", which cannot carry a certificate: set the name of the header that \
             the proxy writes, such as \"client-cert\"",
        ),
        (
            json!({"mtls": {"headers": {}}}),
            "mtls: unknown field `headers`: did you mean `header`?",
        ),
        (
            json!({"mtls": {"header": "x"}}),
            "mtls.header: invalid type: string, expected an object",
        ),
    ]);
    for name in [
        "Authorization",
        "DPoP",
        "cookie",
        "Host",
        "",
        "client cert",
        "client-cert:",
    ] {
        let error = refused(header(json!({"name": name})));
        assert!(
            error.starts_with(&format!("mtls.header.name is {name:?}, ")),
            "{error}"
        );
    }
    for (peer, want, good) in [
        (
            "10.0.0.0/33",
            "has a prefix that is longer than the address",
            "10.0.0.0/32",
        ),
        ("10.0.0.1/8", "has bits set after its prefix", "10.0.0.1"),
        ("0.0.0.0/0", "is every address", "128.0.0.0/1"),
        ("::/0", "is every address", "::1/128"),
        ("proxy.example", "is no network", "unix"),
    ] {
        let error = refused(header(json!({"trusted_peers": ["192.0.2.0/24", peer]})));
        let want = format!("mtls.header.trusted_peers: {peer:?} {want}");
        assert!(error.starts_with(&want), "{error}");
        accepts(header(json!({"trusted_peers": ["192.0.2.0/24", good]})));
    }
    for name in ["Client-Cert", "x-forwarded-client-cert", "ssl-client-cert"] {
        accepts(header(json!({"name": name})));
    }
    accepts(header(
        json!({"trusted_peers": null, "danger_trust_any_peer": true}),
    ));
    accepts(header(
        json!({"trusted_peers": null, "dangerTrustAnyPeer": "true"}),
    ));
}

#[test]
fn pop_c24_file_and_builder_agree() {
    let with_mtls = |mtls: Mtls| {
        let builder = JwtAuthConfig::builder();
        let builder = builder.issuer("https://i.example").audience("a");
        effect(&builder.mtls(mtls)).unwrap()
    };
    for format in [
        CertificateFormat::DerBase64,
        CertificateFormat::PemEscaped,
        CertificateFormat::PemEscapedChain,
        CertificateFormat::Rfc9440,
        CertificateFormat::Sha256Hex,
        CertificateFormat::Xfcc,
    ] {
        let name = format.name();
        let peers = ["10.0.0.0/8", "unix"];
        let of_file = effect_with(header(json!({"format": name, "trusted_peers": peers})));
        assert_eq!(
            with_mtls(Mtls::from_header("Client-Cert", format, peers)),
            of_file
        );
        let any = json!({"format": name, "trusted_peers": null, "danger_trust_any_peer": true});
        let of_code = with_mtls(Mtls::danger_trust_any_peer("client-cert", format));
        assert_eq!(effect_with(header(any)), of_code, "{name}");
        assert_ne!(of_code, of_file);
    }
    let of_code = with_mtls(Mtls::from_tls());
    for of_file in [json!({}), json!(true), json!({"header": null})] {
        let builder = read_with(json!({"mtls": of_file}));
        assert!(matches!(
            proofs(&builder).mtls,
            Some(CertificateSource::Extension)
        ));
        assert_eq!(effect(&builder).unwrap(), of_code);
    }
    assert!(proofs(&read_with(json!({"mtls": false}))).mtls.is_none());
    let empty: [&str; 0] = [];
    let refused = builder().mtls(Mtls::from_header(
        "client-cert",
        CertificateFormat::Xfcc,
        empty,
    ));
    assert_eq!(
        refused.build().unwrap_err(),
        ConfigError::TrustedPeersMissing
    );
}

/// Of each issuer.
fn bound(config: &JwtAuthConfig) -> impl Iterator<Item = bool> + '_ {
    let issuers = config.0.issuers.iter();
    issuers.map(|issuer| issuer.answers.resource().bound_tokens.required)
}

#[test]
fn pop_p95_bound_tokens_need_a_way_to_prove_a_key() {
    let want = "require_bound_tokens is true without dpop or mtls, so that no token could be accepted: set one of them, \
                or leave it out";
    let required = json!({"resource": RESOURCE, "require_bound_tokens": true});
    refuses([(required.clone(), want)]);
    for (name, value) in [("dpop", json!({})), ("mtls", json!({}))] {
        let mut good = required.clone();
        good[name] = value;
        assert!(bound(&built(good).unwrap()).all(|bound| bound), "{name}");
        let mut off = required.clone();
        off[name] = json!(false);
        refuses([(off, want)]);
    }
    accepts(json!({"requireBoundTokens": "false"}));
    let of_code = |required: bool| builder().require_bound_tokens(required);
    assert!(of_code(false).build().is_ok());
    assert!(of_code(true).mtls(Mtls::from_tls()).build().is_ok());
    assert!(of_code(true).build().is_err());
}

#[test]
fn pop_p95_bound_tokens_of_each_issuer() {
    let config = |shared: Value, own: Value| {
        let mut own = own;
        own["issuer"] = json!("https://i.example");
        let mut config = shared;
        config["issuers"] = json!([own, {"issuer": "https://j.example"}]);
        config["resource"] = json!(RESOURCE);
        config
    };
    let bound =
        |shared: Value, own: Value| bound(&file(config(shared, own)).unwrap()).collect::<Vec<_>>();
    let on = json!({"require_bound_tokens": true});
    let off = json!({"require_bound_tokens": false});
    let with_dpop = |mut shared: Value| {
        shared["dpop"] = json!(true);
        shared
    };
    for (shared, own, want) in [
        (json!({}), json!({}), [false, false]),
        (json!({}), on.clone(), [true, false]),
        (on.clone(), json!({}), [true, true]),
        (on.clone(), off.clone(), [false, true]),
    ] {
        assert_eq!(bound(with_dpop(shared), own), want);
    }
    let error = file(config(json!({}), on)).unwrap_err();
    assert!(
        error.starts_with("require_bound_tokens is true without"),
        "{error}"
    );
    assert!(file(config(json!({}), off)).is_ok());
    let issuer = Issuer::new("https://i.example").require_bound_tokens(true);
    let of_code = || {
        JwtAuthConfig::builder()
            .resource(RESOURCE)
            .add_issuer(issuer.clone())
    };
    assert!(of_code().build().is_err());
    let config = of_code().dpop(Dpop::new()).build().unwrap();
    assert!(self::bound(&config).all(|bound| bound));
    assert!(file(with(json!({"dpop": false}))).is_ok());
}
