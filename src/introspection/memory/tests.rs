#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::*;
use crate::base::numeric_date::{NumericDate, TokenTimes};
use crate::token::verified_of_claims;
use crate::token::{AudienceRule, KeyProofs, Profile, ScopeClaim, TokenErrorKind};

const NOW: f64 = 1_700_000_000.0;

fn memory() -> Memory {
    Memory::new(Ages {
        active: Duration::from_secs(60),
        inactive: Duration::from_secs(5),
        stale: Duration::from_secs(30),
    })
}

fn policy() -> ValidationPolicy {
    ValidationPolicy {
        issuer: "https://idp.example".into(),
        audience: AudienceRule::Any,
        algorithms: Vec::new(),
        profile: Profile::Common,
        provider: None,
        leeway: Duration::from_secs(60),
        max_token_age: None,
        clients_without_audience: Vec::new(),
        scope_claims: ScopeClaim::USUAL.to_vec(),
        key_proofs: KeyProofs::default(),
    }
}

fn date(seconds: f64) -> NumericDate {
    NumericDate::new(seconds).unwrap()
}

fn vouched(subject: &str, exp: f64) -> Vouched {
    let claims = format!(r#"{{"iss":"i","aud":"a","sub":"{subject}","exp":{exp}}}"#);
    Vouched {
        verified: verified_of_claims(&claims).unwrap(),
        times: TokenTimes {
            exp: date(exp),
            iat: None,
            nbf: None,
        },
    }
}

fn subject(memory: &Memory, token: &[u8]) -> Option<String> {
    let kept = memory.active(token)?;
    kept.verified().subject().map(ToOwned::to_owned)
}

/// So many that the table compares some whose hashes are alike.
#[test]
fn no_token_takes_the_place_of_another() {
    let (memory, now) = (memory(), Instant::now());
    let tokens: Vec<_> = (0..1_000).map(|number| format!("token-{number}")).collect();
    for token in &tokens {
        memory.keep_active(token.as_bytes(), vouched(token, NOW), None, now);
    }
    for token in &tokens {
        assert_eq!(subject(&memory, token.as_bytes()).as_ref(), Some(token));
    }
    assert_eq!(memory.active_answers(), tokens.len());
}

#[test]
fn a_token_is_found_by_all_of_its_bytes() {
    let (memory, now) = (memory(), Instant::now());
    for token in ["same-a", "same-b", "same", ""] {
        memory.keep_active(token.as_bytes(), vouched(token, NOW), None, now);
    }
    for token in ["same-a", "same-b", "same", ""] {
        assert_eq!(subject(&memory, token.as_bytes()).as_deref(), Some(token));
    }
    for token in ["same-", "same-c", "Same-a", "same-a ", "x"] {
        assert_eq!(subject(&memory, token.as_bytes()), None, "{token}");
    }
    assert!(!format!("{memory:?}").contains("same"));
}

#[test]
fn the_last_answer_counts() {
    let (memory, now) = (memory(), Instant::now());
    let error = TokenErrorKind::NotActive.into();
    memory.keep_active(b"t", vouched("a", NOW), None, now);
    memory.keep_refusal(b"t", error, now);
    assert_eq!(subject(&memory, b"t"), None);
    assert_eq!(memory.refusal(b"t", now), Some(error));
    memory.keep_active(b"t", vouched("b", NOW), None, now);
    assert_eq!(memory.refusal(b"t", now), None);
    assert_eq!(subject(&memory, b"t").as_deref(), Some("b"));
    memory.forget(b"t");
    assert_eq!((subject(&memory, b"t"), memory.active_answers()), (None, 0));
}

#[test]
fn how_long_an_answer_counts() {
    let (memory, policy, at) = (memory(), policy(), Instant::now());
    memory.keep_active(b"t", vouched("a", NOW + 75.0), None, at);
    let kept = memory.active(b"t").unwrap();
    for (seconds, fresh, stale) in [
        (0.0, true, true),
        (59.9, true, true),
        (60.0, false, true),
        // `exp` without the leeway.
        (74.9, false, true),
        (75.0, false, false),
        (100.0, false, false),
    ] {
        let now = Now {
            wall: date(NOW + seconds),
            monotonic: later(at, Duration::from_secs_f64(seconds)),
        };
        assert_eq!(memory.is_fresh(&kept, &policy, now), fresh, "{seconds}");
        assert_eq!(memory.may_be_stale(&kept, &policy, now), stale, "{seconds}");
    }
    let error = TokenErrorKind::NotActive.into();
    memory.keep_refusal(b"t", error, at);
    assert_eq!(
        memory.refusal(b"t", later(at, Duration::from_millis(4999))),
        Some(error)
    );
    assert_eq!(
        memory.refusal(b"t", later(at, Duration::from_secs(5))),
        None
    );
}

#[test]
fn one_of_many_refreshes() {
    let (memory, at) = (memory(), Instant::now());
    memory.keep_active(b"t", vouched("a", NOW), None, at);
    let kept = memory.active(b"t").unwrap();
    let takes =
        |milliseconds: u64| kept.takes_refresh(later(at, Duration::from_millis(milliseconds)));
    assert!(!takes(44_999));
    assert!(takes(45_000));
    assert!(!takes(45_000));
    assert!(!takes(45_999));
    assert!(takes(46_000), "the first has failed");
}

/// Both memories are bounded, in entries and in bytes, and the one does not push out the other.
#[test]
fn pop_s04_no_more_than_so_many() {
    let (memory, now) = (memory(), Instant::now());
    let error = TokenErrorKind::NotActive.into();
    memory.keep_active(b"good", vouched("good", NOW), None, now);
    for n in 0..100_000 {
        memory.keep_refusal(format!("junk-{n}").as_bytes(), error, now);
    }
    assert!(memory.inactive.len() <= MAX_INACTIVE_ANSWERS);
    assert!(memory.inactive.len() > MAX_INACTIVE_ANSWERS / 2);
    assert_eq!(subject(&memory, b"good").as_deref(), Some("good"));
    for n in 0..40_000 {
        let token = format!("token-{n}");
        memory.keep_active(token.as_bytes(), vouched(&token, NOW), None, now);
    }
    assert!(memory.active_answers() <= MAX_ACTIVE_ANSWERS);
    assert!(memory.active_answers() > MAX_ACTIVE_ANSWERS / 2);
    // Long tokens count for their bytes.
    for n in 0..2_000 {
        let token = format!("{n:016384}");
        memory.keep_refusal(token.as_bytes(), error, now);
    }
    let most = MAX_INACTIVE_ANSWERS * BYTES_PER_ENTRY / (16 * 1024);
    let long = (0..2_000).filter(|n| {
        let token = format!("{n:016384}");
        memory.inactive.get(token.as_bytes()).is_some()
    });
    assert!(long.count() <= most);
    // The largest answer fits.
    let large = "x".repeat(60 * 1024);
    memory.keep_active(b"large", vouched(&large, NOW), None, now);
    assert_eq!(subject(&memory, b"large"), Some(large));
}
