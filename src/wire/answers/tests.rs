//! POP.md's rows of answers, line by line. `extras/frameworks` has rmcp's reading of the same
//! lines.

use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};

use super::*;
use crate::wire::header_names::DPOP_NONCE;
use crate::wire::resource::BoundTokens;

const METADATA: &str = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp";

const BEARER: &str = r#"Bearer scope="mcp:read", resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp""#;
const DPOP: &str = r#"DPoP scope="mcp:read", resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp", algs="ES256 EdDSA""#;
const BEARER_INVALID: &str = r#"Bearer error="invalid_token", scope="mcp:read", resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp", error_description="The access token is invalid or has expired""#;
const DPOP_INVALID: &str = r#"DPoP error="invalid_token", scope="mcp:read", resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp", algs="ES256 EdDSA", error_description="The access token is invalid or has expired""#;
const BEARER_UNBOUND: &str = r#"Bearer error="invalid_token", scope="mcp:read", resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp", error_description="The access token is not bound to a key""#;
const DPOP_UNBOUND: &str = r#"DPoP error="invalid_token", scope="mcp:read", resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp", algs="ES256 EdDSA", error_description="The access token is not bound to a key""#;
const NONCE_WANTED: &str = r#"DPoP error="use_dpop_nonce", scope="mcp:read", resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp", algs="ES256 EdDSA", error_description="The DPoP proof needs the nonce of this response""#;
const BEARER_SCOPE: &str = r#"Bearer error="insufficient_scope", scope="mcp:read mcp:write", resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp", error_description="The access token lacks a scope that this operation needs""#;
const DPOP_SCOPE: &str = r#"DPoP error="insufficient_scope", scope="mcp:read mcp:write", resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp", algs="ES256 EdDSA", error_description="The access token lacks a scope that this operation needs""#;
/// Beside the `Bearer` line that has the error.
const DPOP_FOR_SCOPE: &str = r#"DPoP scope="mcp:read mcp:write", resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp", algs="ES256 EdDSA""#;
const BEARER_REQUEST: &str = r#"Bearer error="invalid_request", resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp", error_description="The request carries more than one Authorization header""#;
const DPOP_REQUEST: &str = r#"DPoP error="invalid_request", resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp", algs="ES256 EdDSA", error_description="The request carries more than one Authorization header""#;

/// What a server accepts.
#[derive(Clone, Copy, Debug)]
struct Setup {
    dpop: bool,
    mtls: bool,
    required: bool,
}

impl Setup {
    /// Every one that a configuration can have.
    fn all() -> impl Iterator<Item = Self> {
        (0..8_u8)
            .map(|bits| Self {
                dpop: bits & 1 != 0,
                mtls: bits & 2 != 0,
                required: bits & 4 != 0,
            })
            .filter(|setup| !setup.required || setup.dpop || setup.mtls)
    }

    /// `require_bound_tokens`, and DPoP is the only way.
    fn only_dpop(self) -> bool {
        self.required && self.dpop && !self.mtls
    }

    fn answers(self) -> Answers {
        let scopes: ScopeSet = ["mcp:read"].into_iter().collect();
        Answers::new(ProtectedResource {
            metadata_url: Some(METADATA.to_owned()),
            required_scopes: scopes.clone(),
            initial_scopes: scopes,
            bound_tokens: BoundTokens {
                dpop_algs: self.dpop.then(|| "ES256 EdDSA".to_owned()),
                mtls: self.mtls,
                required: self.required,
            },
            ..ProtectedResource::default()
        })
    }

    /// Of a request with `Bearer`, or without credentials.
    fn lines<'l>(self, only_dpop: &'l str, bearer: &'l str, beside: &'l str) -> Vec<&'l str> {
        match (self.only_dpop(), self.dpop) {
            (true, _) => vec![only_dpop],
            (false, true) => vec![bearer, beside],
            (false, false) => vec![bearer],
        }
    }
}

fn check(setup: Setup, rejection: &Rejection, status: StatusCode, lines: &[&str]) {
    let got: Vec<_> = rejection
        .challenges()
        .map(|line| line.to_str().unwrap())
        .collect();
    assert_eq!(got, lines, "{setup:?}");
    assert_eq!(rejection.www_authenticate(), rejection.challenges().next());
    let response = rejection.to_response();
    assert_eq!(response.status(), status, "{setup:?}");
    let sent = response.headers().get_all(WWW_AUTHENTICATE).iter();
    assert!(sent.eq(rejection.challenges()), "{setup:?}");
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    for line in got.iter().filter(|line| line.contains("error=")) {
        let error = format!("error={}", body["error"]);
        let description = format!("error_description={}", body["error_description"]);
        assert!(
            line.contains(&error) && line.contains(&description),
            "{line}"
        );
    }
}

const UNAUTHORIZED: StatusCode = StatusCode::UNAUTHORIZED;

#[test]
fn rows_1_2_no_credentials() {
    for setup in Setup::all() {
        let rejection = setup.answers().missing_token();
        check(
            setup,
            &rejection,
            UNAUTHORIZED,
            &setup.lines(DPOP, BEARER, DPOP),
        );
        let write = ScopeSet::required(["mcp:write"]);
        let rejection = setup.answers().missing_token_for(&write);
        let bearer = BEARER_SCOPE.replace("error=\"insufficient_scope\", ", "");
        let bearer = bearer.split(", error_description").next().unwrap();
        let lines = setup.lines(DPOP_FOR_SCOPE, bearer, DPOP_FOR_SCOPE);
        check(setup, &rejection, UNAUTHORIZED, &lines);
    }
}

#[test]
fn rows_3_4_11_12_a_bearer_token_that_is_bad() {
    for setup in Setup::all() {
        let rejection = setup.answers().invalid_token(Scheme::Bearer, None);
        let lines = setup.lines(DPOP_INVALID, BEARER_INVALID, DPOP);
        check(setup, &rejection, UNAUTHORIZED, &lines);
    }
}

#[test]
fn row_5_a_bearer_token_that_is_not_bound() {
    for setup in Setup::all() {
        let rejection = setup.answers().not_bound();
        let line = match setup.dpop {
            true => DPOP_UNBOUND,
            false => BEARER_UNBOUND,
        };
        check(setup, &rejection, UNAUTHORIZED, &[line]);
        assert_eq!(rejection.kind(), RejectionKind::InvalidToken);
        let error = rejection.token_error().map(TokenError::kind);
        assert_eq!(error, Some(TokenErrorKind::NotBoundToKey));
    }
}

#[test]
fn row_6_a_dpop_token_that_is_bad() {
    for setup in Setup::all().filter(|setup| setup.dpop) {
        let rejection = setup.answers().invalid_token(Scheme::Dpop, None);
        check(setup, &rejection, UNAUTHORIZED, &[DPOP_INVALID]);
    }
}

#[test]
fn row_7_a_bad_proof() {
    for setup in Setup::all().filter(|setup| setup.dpop) {
        for fault in ProofFault::ALL {
            let rejection = setup.answers().invalid_dpop_proof(fault, None);
            let line = format!(
                r#"DPoP error="invalid_dpop_proof", scope="mcp:read", resource_metadata="{METADATA}", algs="ES256 EdDSA", error_description="{}""#,
                fault.sentence()
            );
            check(setup, &rejection, UNAUTHORIZED, &[&line]);
            assert_eq!(rejection.kind(), RejectionKind::InvalidDpopProof);
        }
    }
}

#[test]
fn row_8_a_nonce_is_wanted() {
    for setup in Setup::all().filter(|setup| setup.dpop) {
        let nonce = HeaderValue::from_static("k2JSqzdGgrlBt9HPGK0qNg");
        let rejection = setup.answers().use_dpop_nonce(nonce.clone());
        check(setup, &rejection, UNAUTHORIZED, &[NONCE_WANTED]);
        let response = rejection.to_response();
        let nonces = response.headers().get_all(DPOP_NONCE);
        assert_eq!(nonces.iter().collect::<Vec<_>>(), [&nonce]);
    }
}

#[test]
fn row_9_a_scope_is_missing() {
    let write = ScopeSet::required(["mcp:write"]);
    for setup in Setup::all() {
        let bearer = setup.answers().insufficient_scope(Scheme::Bearer, &write);
        let lines = setup.lines(DPOP_SCOPE, BEARER_SCOPE, DPOP_FOR_SCOPE);
        check(setup, &bearer, StatusCode::FORBIDDEN, &lines);
        if setup.dpop {
            let dpop = setup.answers().insufficient_scope(Scheme::Dpop, &write);
            check(setup, &dpop, StatusCode::FORBIDDEN, &[DPOP_SCOPE]);
        }
    }
}

#[test]
fn row_10_two_authorization_lines() {
    for setup in Setup::all() {
        let rejection = setup.answers().invalid_request();
        let lines: &[_] = match setup.dpop {
            true => &[BEARER_REQUEST, DPOP_REQUEST],
            false => &[BEARER_REQUEST],
        };
        check(setup, &rejection, StatusCode::BAD_REQUEST, lines);
    }
}

#[test]
fn rows_13_14_later() {
    let wait = Duration::from_millis(1500);
    for setup in Setup::all() {
        let answers = setup.answers();
        let replay = answers.replay_unavailable(wait);
        let introspection = answers.introspection_unavailable(wait);
        let revocations = answers.revocations_unread(wait);
        for (rejection, kind) in [
            (revocations, RejectionKind::RevocationsUnread),
            (replay, RejectionKind::ReplayUnavailable),
            (introspection, RejectionKind::IntrospectionUnavailable),
        ] {
            check(setup, &rejection, StatusCode::SERVICE_UNAVAILABLE, &[]);
            assert_eq!(rejection.kind(), kind);
            assert_eq!(rejection.headers()[RETRY_AFTER], "2");
            assert_eq!(rejection.retry_after(), Some(wait));
        }
        let too_many = answers.too_many_proofs();
        check(setup, &too_many, StatusCode::TOO_MANY_REQUESTS, &[]);
        assert_eq!(too_many.headers()[RETRY_AFTER], "1");
        let body = too_many.to_response().into_body();
        assert!(body.starts_with(br#"{"error":"too_many_requests","#));
    }
}

#[test]
fn the_faults_are_prepared_in_their_order() {
    for (place, fault) in ProofFault::ALL.into_iter().enumerate() {
        assert_eq!(fault as usize, place);
    }
}

#[test]
fn field_f20_the_400_is_about_tokens_where_there_are_other_sources() {
    let answers = Answers::new(ProtectedResource {
        has_token_sources: true,
        ..ProtectedResource::default()
    });
    let response = answers.invalid_request().to_response();
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(
        response.headers()[WWW_AUTHENTICATE],
        r#"Bearer error="invalid_request", error_description="The request carries more than one access token""#
    );
    let body = br#"{"error":"invalid_request","error_description":"The request carries more than one access token"}"#;
    assert_eq!(&response.body()[..], body);
}

/// Where `DPoP` is off, nothing is prepared for it, and no challenge names it.
#[test]
fn pop_p83_where_dpop_is_off_no_line_names_it() {
    let setups = Setup::all().filter(|setup| !setup.dpop);
    for answers in setups.map(Setup::answers) {
        assert!(answers.prepared.dpop.is_none());
        let nonce = HeaderValue::from_static("n");
        for rejection in [
            answers.invalid_token(Scheme::Dpop, None),
            answers.invalid_dpop_proof(ProofFault::Replayed, None),
            answers.use_dpop_nonce(nonce),
        ] {
            let lines: Vec<_> = rejection.challenges().collect();
            assert_eq!(lines, [BEARER_INVALID]);
        }
    }
}

#[cfg(feature = "test-util")]
#[test]
fn a_rejection_for_tests_has_its_kind() {
    for kind in RejectionKind::ALL {
        let rejection = Rejection::for_tests(*kind);
        assert_eq!(rejection.kind(), *kind);
        let nonces = rejection.headers().contains_key(DPOP_NONCE);
        assert_eq!(nonces, *kind == RejectionKind::UseDpopNonce);
    }
}
