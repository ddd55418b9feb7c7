use std::collections::BTreeSet;

use http::header::RETRY_AFTER;

use super::*;
use crate::base::proof_fault::ProofFault;
use crate::token::TokenErrorKind;
use crate::wire::answers::Answers;
use crate::wire::challenge::is_quotable;
use crate::wire::credentials::Scheme;
use crate::wire::rejection_kind::Parts;
use crate::wire::resource::{BoundTokens, ProtectedResource};

#[test]
fn table() {
    use RejectionKind::*;
    let cases = [
        (AccessDenied, 403, None, "access_denied"),
        (
            InsufficientScope,
            403,
            Some("insufficient_scope"),
            "insufficient_scope",
        ),
        (
            InvalidRequest,
            400,
            Some("invalid_request"),
            "invalid_request",
        ),
        (InvalidToken, 401, Some("invalid_token"), "invalid_token"),
        (
            IntrospectionUnavailable,
            503,
            None,
            "temporarily_unavailable",
        ),
        (
            InvalidDpopProof,
            401,
            Some("invalid_dpop_proof"),
            "invalid_dpop_proof",
        ),
        (KeysUnavailable, 503, None, "temporarily_unavailable"),
        (LayerMissing, 500, None, "server_error"),
        (MissingToken, 401, None, "unauthorized"),
        (ReplayUnavailable, 503, None, "temporarily_unavailable"),
        (RevocationsUnread, 503, None, "temporarily_unavailable"),
        (SessionsUnavailable, 503, None, "temporarily_unavailable"),
        (TooManyProofs, 429, None, "too_many_requests"),
        (TooManyRequests, 429, None, "too_many_requests"),
        (TooManySessions, 429, None, "too_many_requests"),
        (UseDpopNonce, 401, Some("use_dpop_nonce"), "use_dpop_nonce"),
    ];
    assert_eq!(cases.len(), RejectionKind::ALL.len());
    for (kind, status, error, body) in cases {
        let Parts {
            code,
            label,
            text,
            status: answered,
        } = kind.parts();
        assert_eq!((answered.as_u16(), code, label), (status, error, body));
        let document = serde_json::json!({"error": body, "error_description": text});
        assert_eq!(kind.body(), document.to_string());
        let event = match kind {
            IntrospectionUnavailable => "introspection_unavailable",
            ReplayUnavailable => "replay_unavailable",
            RevocationsUnread => "revocations_unread",
            TooManyProofs => "too_many_proofs",
            TooManySessions => "too_many_sessions",
            _ => body,
        };
        assert_eq!(kind.code(), event);
        #[cfg(feature = "metrics")]
        assert_eq!(
            counted_as(kind),
            [format!(
                "tower_jwt_auth_requests_refused_total{{kind={body},code={event}}} 1"
            )],
            "{kind:?}"
        );
        assert!(is_quotable(text) && !text.contains('='), "{text}");
    }
}

/// The only counter that counts a rejection of this kind.
#[cfg(feature = "metrics")]
fn counted_as(kind: RejectionKind) -> Vec<String> {
    let recorder = crate::telemetry::recorder::Recorder::default();
    metrics::with_local_recorder(&recorder, || {
        Answers::default().without_challenge(kind).report();
    });
    recorder.lines()
}

#[test]
fn the_text_tells_what_was_wrong_with_the_token() {
    let error = crate::token::TokenErrorKind::Expired.into();
    let rejection = Answers::default().invalid_token(Scheme::Bearer, Some(error));
    assert_eq!(
        rejection.to_string(),
        format!("{}: {error}", RejectionKind::InvalidToken.parts().text)
    );
    assert_eq!(rejection.token_error(), Some(&error));
}

#[test]
fn retry_after_is_rounded_up() {
    for (wait, want) in [(1000, "1"), (1001, "2"), (29_500, "30")] {
        let wait = Duration::from_millis(wait);
        let rejection = Answers::default().keys_unavailable(wait);
        assert_eq!(rejection.retry_after(), Some(wait));
        assert_eq!(rejection.to_response().headers()[RETRY_AFTER], want);
    }
}

#[test]
fn what_a_rejection_says_is_what_is_answered() {
    let answers = Answers::default();
    for (rejection, status, challenge) in [
        (answers.missing_token(), 401, Some(r#"Bearer realm="mcp""#)),
        (answers.access_denied(), 403, None),
    ] {
        assert_eq!(rejection.status(), status);
        let challenge = challenge.map(HeaderValue::from_static);
        assert_eq!(rejection.www_authenticate(), challenge.as_ref());
        let text = rejection.to_string();
        assert_eq!(text, rejection.kind().parts().text);
        let response = rejection.to_response();
        assert_eq!(response.status(), status);
        assert_eq!(response.headers().get(WWW_AUTHENTICATE), challenge.as_ref());
    }
}

#[test]
fn the_sentence_of_a_fault_is_in_the_body_and_can_be_in_a_challenge() {
    let specials = ProofFault::ALL.map(Special::Proof);
    let others = [Special::NotBound, Special::SeveralTokens];
    for special in specials.into_iter().chain(others) {
        let text = special.text();
        assert!(is_quotable(text) && !text.contains('='), "{text}");
        let body = RejectionKind::InvalidDpopProof.body_with(special);
        let document =
            serde_json::json!({"error": "invalid_dpop_proof", "error_description": text});
        assert_eq!(body, document.to_string());
    }
}

/// The page of the guide has each code once, and no other.
#[test]
fn each_code_is_explained() {
    let tokens = TokenErrorKind::ALL.iter().map(|kind| kind.code());
    let specials = ProofFault::ALL.map(Special::Proof);
    let specials = specials.iter().chain([&Special::NotBound]);
    let kinds = RejectionKind::ALL.iter().map(|kind| kind.code());
    // A rejection of these kinds always has a reason of its own.
    let kinds = kinds.filter(|code| !["invalid_dpop_proof", "invalid_token"].contains(code));
    let codes: BTreeSet<_> = tokens
        .chain(specials.map(|special| special.code()))
        .chain(kinds)
        .collect();
    let page = include_str!("../../guide/troubleshooting.rs");
    let rows = page.split("<a id=\"").skip(1);
    let explained: Vec<_> = rows.filter_map(|row| row.split('"').next()).collect();
    let once: BTreeSet<_> = explained.iter().copied().collect();
    assert_eq!(once, codes);
    assert_eq!(explained.len(), once.len());
}

#[test]
fn only_a_401_or_403_gives_a_nonce() {
    let answers = Answers::default();
    let nonce = HeaderValue::from_static("n");
    for (rejection, is_given) in [
        (answers.missing_token(), true),
        (answers.invalid_token(Scheme::Bearer, None), true),
        (answers.access_denied(), true),
        (answers.invalid_request(), false),
        (answers.too_many_proofs(), false),
        (answers.replay_unavailable(Duration::from_secs(1)), false),
    ] {
        let before = rejection.headers().clone();
        let after = rejection.with_dpop_nonce(nonce.clone());
        let given: Vec<_> = after.headers().get_all(DPOP_NONCE).iter().collect();
        match is_given {
            true => assert_eq!(given, [&nonce], "{after:?}"),
            false => assert_eq!(after.headers(), &before),
        }
        let again = after.with_dpop_nonce(HeaderValue::from_static("m"));
        let count = again.headers().get_all(DPOP_NONCE).iter().count();
        assert_eq!(count, usize::from(is_given), "{again:?}");
    }
    // What is prepared for all is as it was.
    assert!(!answers.missing_token().headers().contains_key(DPOP_NONCE));
}

#[test]
fn the_response_of_a_hook_keeps_every_challenge_and_the_nonce() {
    let resource = ProtectedResource {
        bound_tokens: BoundTokens {
            dpop_algs: Some("ES256".to_owned()),
            ..BoundTokens::default()
        },
        ..ProtectedResource::default()
    };
    let hooks: [(&str, RejectionHook, usize); 4] = [
        ("none of the headers", hook(|_, _| {}), 2),
        (
            "all of them",
            hook(|rejection, headers| headers.clone_from(rejection.headers())),
            2,
        ),
        (
            "the first challenge, and a nonce of its own",
            hook(|rejection, headers| {
                let first = rejection.www_authenticate().unwrap();
                headers.insert(WWW_AUTHENTICATE, first.clone());
                headers.append(DPOP_NONCE, HeaderValue::from_static("theirs"));
                headers.append(DPOP_NONCE, HeaderValue::from_static("another"));
                headers.insert(CACHE_CONTROL, HeaderValue::from_static("max-age=60"));
            }),
            2,
        ),
        (
            "a challenge of its own",
            hook(|_, headers| {
                headers.insert(
                    WWW_AUTHENTICATE,
                    HeaderValue::from_static("Basic realm=\"a\""),
                );
            }),
            1,
        ),
    ];
    for (name, hook, challenges) in hooks {
        let answers = Answers::new(resource.clone()).with_hook(Some(hook));
        let rejection = answers.missing_token();
        let rejection = rejection.with_dpop_nonce(HeaderValue::from_static("ours"));
        let wanted: Vec<_> = rejection.challenges().cloned().collect();
        assert_eq!(wanted.len(), 2);
        let response = rejection.to_response();
        let all = |header| -> Vec<_> { response.headers().get_all(header).iter().collect() };
        let got = all(WWW_AUTHENTICATE);
        assert_eq!(got.len(), challenges, "{name}");
        assert!(challenges == 1 || got == [&wanted[0], &wanted[1]], "{name}");
        assert_eq!(all(DPOP_NONCE), ["ours"], "{name}");
        assert_eq!(all(CACHE_CONTROL), ["no-store"], "{name}");
    }
}

fn hook(fill: impl Fn(&Rejection, &mut HeaderMap) + Send + Sync + 'static) -> RejectionHook {
    Arc::new(move |rejection, _| {
        let mut response = Response::new(Bytes::new());
        fill(rejection, response.headers_mut());
        response
    })
}
