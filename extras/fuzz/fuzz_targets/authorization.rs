//! The input is one `Authorization` header line, or several with line feeds between them.
#![no_main]

use std::sync::LazyLock;

use http::HeaderValue;
use libfuzzer_sys::fuzz_target;
use tower_jwt_auth::error::RejectionKind;
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer, fuzzing};
use tower_jwt_auth_fuzz::layer::{authorization, send};
use tower_jwt_auth_fuzz::signer::ED25519_SIGNER;

static LAYER: LazyLock<JwtAuthLayer> = LazyLock::new(|| {
    let config = JwtAuthConfig::builder()
        .resource("https://resource.example/mcp")
        .issuer("https://issuer.example")
        .jwk(ED25519_SIGNER.jwk());
    JwtAuthLayer::new(config.build().expect("a good configuration"))
});

fuzz_target!(|input: &[u8]| {
    let lines: Result<Vec<_>, _> = input
        .split(|byte| *byte == b'\n')
        .map(HeaderValue::from_bytes)
        .collect();
    let Ok(lines) = lines else {
        return;
    };
    let mut headers = authorization(lines.clone());
    let token = fuzzing::bearer(&mut headers).map(str::to_owned);
    assert!(token.is_none() || lines.len() == 1);
    if let Some(token) = &token {
        check_token(input, token);
    }
    let refused = send(&LAYER, headers.clone()).expect_err("no token here is good");
    let kind = match (lines.len(), &token) {
        (1, Some(_)) => RejectionKind::InvalidToken,
        (1, None) => [RejectionKind::MissingToken, RejectionKind::InvalidToken]
            [usize::from(is_bearer(input))],
        _ => RejectionKind::InvalidRequest,
    };
    assert_eq!(refused.kind(), kind);

    for second in ["", "Bearer a.b.c", "Basic YTpi"] {
        headers.append(
            http::header::AUTHORIZATION,
            HeaderValue::from_static(second),
        );
        assert_eq!(fuzzing::bearer(&mut headers), None);
        let refused = send(&LAYER, headers.clone()).expect_err("several lines");
        assert_eq!(refused.kind(), RejectionKind::InvalidRequest);
    }
});

/// The token is the rest of the line, unchanged (RFC 6750 §2.1).
fn check_token(line: &[u8], token: &str) {
    let body = token.trim_end_matches('=');
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    assert!(!body.is_empty() && body.bytes().all(allowed), "{token}");
    let before = line
        .strip_suffix(token.as_bytes())
        .expect("the end of the line");
    let scheme = before.trim_ascii_end();
    assert!(scheme.eq_ignore_ascii_case(b"bearer"), "{before:?}");
    let spaces = &before[scheme.len()..];
    assert!(!spaces.is_empty() && spaces.iter().all(|byte| *byte == b' '));
}

/// Whether the scheme is `Bearer`, with or without a token.
fn is_bearer(line: &[u8]) -> bool {
    let length = line
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
        .count();
    line[..length].eq_ignore_ascii_case(b"bearer")
}
