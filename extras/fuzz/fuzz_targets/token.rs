//! The low bits of the first byte say how to read the rest: 0 a token, 1 `header|claims|signature`
//! to be encoded, 2 and 3 `header|claims` to be signed with HS256 or Ed25519. The next two bits
//! choose what the configuration requires.
#![no_main]

use std::sync::LazyLock;
use std::time::{Duration, UNIX_EPOCH};

use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use tower_jwt_auth::error::{RejectionKind, TokenErrorKind};
use tower_jwt_auth::test_util::internal::unix;
use tower_jwt_auth::test_util::{FakeClock, TestKey};
use tower_jwt_auth::{Algorithm, AuthInfo, JwtAuthConfig, JwtVerifier, Rejection, limits};
use tower_jwt_auth_fuzz::count::Acceptance;
use tower_jwt_auth_fuzz::signer::{
    ED25519_SIGNER, HS256_SIGNER, Signer, is_ours, signing_input, with_signature,
};
use tower_jwt_auth_fuzz::{at_once, challenge, part};

static ACCEPTANCE: Acceptance = Acceptance::new();

static VERIFIERS: LazyLock<[JwtVerifier; 3]> = LazyLock::new(|| {
    let common = config();
    let strict = config().rfc9068().leeway(std::time::Duration::ZERO);
    let lax = config().danger_allow_any_audience().required_scopes(["a"]);
    [common, strict, lax]
        .map(|config| JwtVerifier::new(config.build().expect("a good configuration")))
});

fuzz_target!(|input: &[u8]| {
    let Some((choice, rest)) = input.split_first() else {
        return;
    };
    let verifier = &VERIFIERS[usize::from((choice >> 2) & 3) % 3];
    match choice & 3 {
        0 => {
            let token = String::from_utf8_lossy(rest);
            judge(verifier, &token);
        }
        1 => {
            let (header, rest) = part(rest, b'|');
            let (claims, signature) = part(rest, b'|');
            let token = with_signature(signing_input(header, claims), signature);
            assert!(!judge(verifier, &token), "a forged token");
        }
        2 => signed(verifier, &HS256_SIGNER, rest, ("HS256", "hs")),
        _ => signed(verifier, &ED25519_SIGNER, rest, ("EdDSA", "ed")),
    }
});

fn signed(verifier: &JwtVerifier, signer: &Signer, text: &[u8], key: (&str, &str)) {
    let (header, claims) = part(text, b'|');
    let token = signer.compact(header, claims);
    let verdict = at_once(verifier.verify(&token));
    let error = verdict.as_ref().err().and_then(Rejection::token_error);
    if error.is_some_and(|error| error.kind() == TokenErrorKind::BadSignature) {
        let header: Value = serde_json::from_slice(header).expect("it was read");
        assert_ne!(
            (&header["alg"], &header["kid"]),
            (&key.0.into(), &key.1.into())
        );
    }
    let accepted = judge(verifier, &token);
    ACCEPTANCE.note(accepted);
    if accepted {
        check_spellings(verifier, &token);
    }
}

/// A token that differs from a good one in one thing is refused.
fn check_spellings(verifier: &JwtVerifier, good: &str) {
    let (rest, signature) = good.rsplit_once('.').expect("three segments");
    let (start, last) = good.split_at(good.len() - 1);
    // Two bits of the last character are unused; only zeros are accepted (RFC 7515 §2).
    let neighbour = char::from(last.as_bytes()[0] + 1);
    for other in [
        format!("{start}{neighbour}"),
        format!("{good}="),
        format!("{good}A"),
        format!("{good}."),
        format!(" {good}"),
        format!("{rest}.{}", signature.to_lowercase()),
        format!("{rest}."),
        start.to_owned(),
    ] {
        assert!(!judge(verifier, &other), "{other}");
    }
}

fn judge(verifier: &JwtVerifier, token: &str) -> bool {
    let verdict = at_once(verifier.verify(token));
    match &verdict {
        Ok(auth) => check_accepted(auth, token),
        Err(rejection) => check_refused(verifier, rejection),
    }
    verdict.is_ok()
}

fn check_accepted(auth: &AuthInfo, token: &str) {
    assert!(is_ours(token), "{token}");
    assert!(token.len() <= limits::MAX_TOKEN_BYTES);
    assert_eq!(auth.token(), token);
    assert_eq!(auth.issuer(), ISSUER);
    let too_early = UNIX_EPOCH + Duration::from_secs(NOW - 60);
    assert!(auth.expires_at() > too_early, "{:?}", auth.expires_at());
    assert!(!auth.client_id().is_empty());
    match auth.resource() {
        Some(resource) => assert_eq!(resource, RESOURCE),
        None => assert!(auth.has_scope("a")),
    }
    assert!(!auth.audience().is_empty());
    let scopes = auth.scopes();
    assert!(
        scopes
            .iter()
            .all(|scope| !scope.is_empty() && !scope.contains(' '))
    );
    assert!(!format!("{auth:?}").contains(token));

    let claims: Value = auth.claims().expect("claims are an object");
    assert_eq!(claims["iss"], ISSUER);
    assert_eq!(claims.get("sub").and_then(Value::as_str), auth.subject());
    assert!(claims.get("cnf").is_none());
    assert!(serde_json::to_string(auth).is_ok());
}

/// Every refused token gets the same response.
fn check_refused(verifier: &JwtVerifier, rejection: &Rejection) {
    let line = rejection.www_authenticate().expect("a challenge");
    challenge::parameters(line);
    match rejection.kind() {
        RejectionKind::InsufficientScope => assert_eq!(rejection.status(), 403),
        kind => {
            assert_eq!(kind, RejectionKind::InvalidToken);
            assert_eq!(rejection.status(), 401);
            let junk = at_once(verifier.verify("junk")).expect_err("junk");
            assert_eq!(junk.www_authenticate(), Some(line));
            let reason = rejection.token_error().expect("a reason").to_string();
            assert!(
                reason.bytes().all(|byte| matches!(byte, b' '..=b'~')),
                "{reason}"
            );
        }
    }
}

/// A configuration that trusts a key of every type.
fn config() -> tower_jwt_auth::config::JwtAuthConfigBuilder {
    static KEYS: LazyLock<Value> = LazyLock::new(|| {
        let generated = [
            (Algorithm::ES256, "es"),
            (Algorithm::ES384, "es3"),
            (Algorithm::MlDsa44, "ml"),
            (Algorithm::PS256, "ps"),
            (Algorithm::RS256, "rs"),
        ];
        let generated = generated.map(|(algorithm, kid)| TestKey::generate(algorithm, kid).jwk());
        let mut keys = vec![ED25519_SIGNER.jwk(), HS256_SIGNER.jwk()];
        keys.extend(generated);
        json!({"keys": keys})
    });
    JwtAuthConfig::builder()
        .resource(RESOURCE)
        .issuer(ISSUER)
        .jwks(KEYS.clone())
        .algorithms([
            Algorithm::EdDSA,
            Algorithm::ES256,
            Algorithm::ES384,
            Algorithm::HS256,
            Algorithm::MlDsa44,
            Algorithm::PS256,
            Algorithm::RS256,
        ])
        .clock(&FakeClock::at(unix(NOW as f64)))
}

const ISSUER: &str = "https://issuer.example";
const RESOURCE: &str = "https://resource.example/mcp";
const NOW: u64 = 1_700_000_000;
