//! The memory of keys.

use super::*;
use crate::limits::{MAX_KNOWN_HEADER_BYTES, MAX_KNOWN_PROOF_KEYS};
use ProofFault::Signature;

fn is_known(setup: &Setup, proof: &str) -> bool {
    let checked = setup.checks.check(&headers(&[proof]), &REQUEST, at(NOW));
    matches!(checked.ok().unwrap().key, Key::Known(_))
}

#[test]
fn proof_key_is_known_once_accepted() {
    let setup = Setup::new(Algorithm::ES256);
    let proof = setup.proof();
    assert!(!is_known(&setup, &proof));
    assert_eq!(setup.judge(&proof), Ok(()), "verified, but not accepted");
    assert!(!is_known(&setup, &proof));
    setup.accept(&proof, false);
    assert!(is_known(&setup, &proof));
    assert_eq!(setup.judge(&proof), Ok(()));
    // By the header alone: another request, another token.
    let other = with(&claims(), &[("jti", "other".into())]);
    let other = setup.sign(&setup.header(), &other);
    assert!(is_known(&setup, &other));
    setup.accept(&other, false);
    assert_eq!(setup.checks.known.len(), (1, 0));
    // Other servers have their own memory.
    let checks = &Setup::new(Algorithm::ES256).checks;
    let checked = checks.check(&headers(&[&proof]), &REQUEST, at(NOW));
    assert!(matches!(checked.ok().unwrap().key, Key::New(_)));
}

#[test]
fn proof_keys_of_one_client_alternating() {
    let (one, two) = (Setup::new(Algorithm::ES256), Setup::new(Algorithm::EdDSA));
    for _ in 0..3 {
        for client in [&one.client, &two.client] {
            let header = header_of(client).to_string();
            let proof = client.sign_compact(&header, &claims().to_string());
            let jkt = thumbprint(&client.jwk());
            let mut checked = one.check(&proof, &jkt).ok().unwrap();
            assert_eq!(checked.jkt(), &jkt);
            checked.verify().unwrap();
            one.checks.remember(&checked, false);
        }
    }
    assert_eq!(one.checks.known.len(), (2, 0));
}

/// A known header shortens the way to the key, and to nothing else.
#[test]
fn proof_of_a_known_key_is_checked_as_any_other() {
    let setup = Setup::new(Algorithm::ES256);
    let good = setup.proof();
    setup.accept(&good, true);
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (header, _) = signed.split_once('.').unwrap();
    // The payload of another proof, the signature kept.
    let other = with(&claims(), &[("jti", "other".into())]);
    let mixed = format!("{header}.{}.{signature}", BASE64.encode(other.to_string()));
    assert!(is_known(&setup, &mixed));
    assert_eq!(setup.judge(&mixed), Err(Some(Signature)));
    // The key of another token.
    assert_eq!(setup.judge_for(&good, &[0; 32]), Err(None));
    for (member, value, want) in [
        ("htm", json!("GET"), ProofFault::MethodOrUrl),
        ("ath", json!(ath(b"other")), ProofFault::OtherToken),
        ("iat", json!(0), ProofFault::NotFresh),
        ("jti", json!(1), ProofFault::Malformed),
    ] {
        let claims = with(&claims(), &[(member, value)]);
        let verdict = setup.judge(&setup.sign(&setup.header(), &claims));
        assert_eq!(verdict, Err(Some(want)), "{member}");
    }
}

/// Another header of the same key is read in full.
#[test]
fn proof_with_nearly_a_known_header() {
    let setup = Setup::new(Algorithm::ES256);
    setup.accept(&setup.proof(), false);
    let known = setup.header().to_string();
    let judge = |header: &str| {
        let proof = setup.client.sign_compact(header, &claims().to_string());
        (
            setup
                .check(&proof, &thumbprint(&setup.client.jwk()))
                .is_ok(),
            setup.judge(&proof),
        )
    };
    assert_eq!(judge(&known), (true, Ok(())));
    let moved = format!(
        r#"{{"jwk":{},"typ":"dpop+jwt","alg":"ES256"}}"#,
        setup.client.jwk()
    );
    for (name, header, want) in [
        ("a member moved", moved.clone(), Ok(())),
        ("a space more", known.replace("{", "{ "), Ok(())),
        (
            "another alg",
            known.replace("\"alg\":\"ES256\"", "\"alg\":\"ES384\""),
            Err(Some(ProofFault::KeyOrAlgorithm)),
        ),
        (
            "alg none",
            moved.replace(
                "\"typ\":\"dpop+jwt\",\"alg\":\"ES256\"",
                "\"typ\":\"dpop+jwt\",\"alg\":\"none\"",
            ),
            Err(Some(ProofFault::KeyOrAlgorithm)),
        ),
        (
            "another type",
            known.replace("dpop+jwt", "at+jwt"),
            Err(Some(ProofFault::Malformed)),
        ),
    ] {
        assert_ne!(header, known, "{name}");
        assert_eq!(judge(&header).1, want, "{name}");
    }
}

/// A proof whose signature does not verify leaves nothing behind, whatever its caller does.
#[test]
fn proof_that_fails_is_not_remembered() {
    let setup = Setup::new(Algorithm::ES256);
    let good = setup.proof();
    let forged = Setup::new(Algorithm::ES256).sign(&setup.header(), &claims());
    let jkt = thumbprint(&setup.client.jwk());
    let mut checked = setup.check(&forged, &jkt).ok().unwrap();
    setup.checks.remember(&checked, true);
    checked.verify().unwrap_err();
    setup.checks.remember(&checked, true);
    assert_eq!(setup.checks.known.len(), (0, 0));
    setup.accept(&good, true);
    assert_eq!(setup.checks.known.len(), (1, 1));
}

/// The mark is one of the key: another spelling of the header does not lose it.
#[test]
fn proof_key_that_uses_nonces() {
    let setup = Setup::new(Algorithm::ES256);
    let plain = setup.proof();
    let spaced = {
        let header = format!(" {}", setup.header());
        setup.client.sign_compact(&header, &claims().to_string())
    };
    let jkt = thumbprint(&setup.client.jwk());
    let uses = |proof: &str| setup.check(proof, &jkt).ok().unwrap().key_uses_nonces();
    assert!(!uses(&plain));
    setup.accept(&plain, false);
    assert!(!uses(&plain) && !uses(&spaced));
    setup.accept(&spaced, true);
    assert!(uses(&plain) && uses(&spaced));
    setup.accept(&plain, false);
    assert!(uses(&plain), "a proof without a nonce takes no mark away");
    assert_eq!(setup.checks.known.len(), (2, 1));
    let other = Setup::of_client(TestKey::generate(Algorithm::ES256, "other")).client;
    let proof = other.sign_compact(&header_of(&other).to_string(), &claims().to_string());
    let other = thumbprint(&other.jwk());
    assert!(!setup.check(&proof, &other).ok().unwrap().key_uses_nonces());
}

#[test]
fn proof_with_a_long_header_is_not_remembered() {
    let setup = Setup::new(Algorithm::ES256);
    let of_length = |characters: usize| {
        let mut header = setup.header();
        header["pad"] = "".into();
        let bytes = characters * 3 / 4 - header.to_string().len();
        header["pad"] = "x".repeat(bytes).into();
        let proof = setup.sign(&header, &claims());
        assert_eq!(proof.find('.'), Some(characters));
        proof
    };
    let long = of_length(MAX_KNOWN_HEADER_BYTES + 2);
    setup.accept(&long, false);
    assert!(!is_known(&setup, &long));
    let longest = of_length(MAX_KNOWN_HEADER_BYTES);
    setup.accept(&longest, false);
    assert!(is_known(&setup, &longest));
    assert_eq!(setup.checks.known.len(), (1, 0));
    // RSA keys of every size have room.
    let setup = Setup::new(Algorithm::RS256);
    let proof = setup.proof();
    setup.accept(&proof, false);
    assert!(is_known(&setup, &proof));
}

#[test]
fn pop_s09_proof_keys_are_bounded() {
    let setup = Setup::new(Algorithm::ES256);
    let accepted = setup.accept(&setup.proof(), true);
    let Key::Built(key) = &accepted.key else {
        panic!()
    };
    let known = &setup.checks.known;
    for number in 0..2 * MAX_KNOWN_PROOF_KEYS {
        known.insert(&number.to_be_bytes(), Arc::clone(key));
        known.mark(hash(&number.to_be_bytes()));
    }
    let (keys, marks) = known.len();
    assert!(
        keys > MAX_KNOWN_PROOF_KEYS / 2 && keys <= MAX_KNOWN_PROOF_KEYS,
        "{keys}"
    );
    assert!(
        marks > MAX_KNOWN_PROOF_KEYS / 2 && marks <= MAX_KNOWN_PROOF_KEYS,
        "{marks}"
    );
}

/// The figures of `MAX_KNOWN_PROOF_KEYS`, as far as this crate allocates. aws-lc-rs has memory of
/// its own for a key: between 300 and 800 bytes were measured.
#[cfg(feature = "aws_lc_rs")]
#[test]
fn known_keys_take_as_much_memory_as_documented() {
    for (algorithm, documented) in [
        (Algorithm::EdDSA, 350..=550),
        (Algorithm::ES256, 400..=650),
        (Algorithm::RS256, 900..=1_300),
    ] {
        let setup = Setup::new(algorithm);
        let text = setup.header().to_string();
        let read = crate::proof::dpop::header::parse(&text, &setup.checks.algorithms);
        let (key, jkt) = read.unwrap();
        let mut header = BASE64.encode(&text).into_bytes();
        let known = KnownKeys::new();
        let used = allocation_counter::measure(|| {
            for number in 0..MAX_KNOWN_PROOF_KEYS as u64 {
                header[..8].copy_from_slice(&number.to_be_bytes());
                let key = key.build().unwrap();
                known.insert(&header, Arc::new(KnownKey { key, jkt }));
            }
        });
        let marks = allocation_counter::measure(|| {
            for number in 0..MAX_KNOWN_PROOF_KEYS as u64 {
                known.mark(hash(&number.to_be_bytes()));
            }
        });
        let (keys, marked) = known.len();
        let each = used.bytes_current / keys as i64;
        assert!(documented.contains(&each), "{algorithm:?}: {each} bytes");
        let each = marks.bytes_current / marked as i64;
        assert!((70..=120).contains(&each), "{algorithm:?}: {each} bytes");
    }
}
