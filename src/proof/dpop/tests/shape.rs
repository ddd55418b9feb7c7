//! Steps 2 and 3: how many proofs, of which size and shape.

use super::*;
use ProofFault::{Malformed, Missing, Several};

#[test]
fn proof_missing_or_several() {
    let setup = Setup::new(Algorithm::ES256);
    let good = setup.proof();
    let check = |lines: &[&str]| {
        let checked = setup.checks.check(&headers(lines), &REQUEST, at(NOW));
        checked.map(drop).map_err(fault)
    };
    let joined = format!("{good}, {good}");
    for (name, lines, want) in [
        ("one", &[&*good][..], Ok(())),
        ("none", &[], Err(Some(Missing))),
        ("the same twice", &[&good, &good], Err(Some(Several))),
        ("a second, empty", &[&good, ""], Err(Some(Several))),
        ("a first, empty", &["", &good], Err(Some(Several))),
        ("one, empty", &[""], Err(Some(Malformed))),
        ("two in one line", &[&joined], Err(Some(Malformed))),
    ] {
        assert_eq!(check(lines), want, "{name}");
    }
}

#[test]
fn proof_of_another_shape() {
    let setup = Setup::new(Algorithm::ES256);
    let good = setup.proof();
    assert_eq!(setup.judge(&good), Ok(()));
    let [header, payload, signature] = segments_of(&good);
    let json = json!({"payload": payload, "protected": header, "signature": signature});
    for (name, proof) in [
        ("no JWT", "this-is-not-a-jwt".to_owned()),
        ("five segments", format!("{good}.{payload}.{signature}")),
        ("two segments", format!("{header}.{payload}")),
        ("no signature", format!("{header}.{payload}.")),
        ("no payload", format!("{header}..{signature}")),
        ("no header", format!(".{payload}.{signature}")),
        ("JSON serialisation", json.to_string()),
        ("a space in front", format!("x {good}")),
        ("a scheme", format!("DPoP {good}")),
    ] {
        assert_eq!(setup.judge(&proof), Err(Some(Malformed)), "{name}");
    }
}

/// RFC 7515 §2: no padding, the alphabet for URLs, spare bits zero.
#[test]
fn proof_in_another_encoding() {
    let setup = Setup::new(Algorithm::ES256);
    // Lengths that leave two spare bits in each segment, and characters of both alphabets.
    let (mut header, mut claims) = (setup.header(), claims());
    for (object, name) in [(&mut header, "x"), (&mut claims, "x")] {
        // Holds a `_` wherever it begins.
        object[name] = "??????".into();
        while object.to_string().len() % 3 != 2 {
            let longer = format!("{}.", object[name].as_str().unwrap());
            object[name] = longer.into();
        }
    }
    let good = setup.sign(&header, &claims);
    assert_eq!(setup.judge(&good), Ok(()));
    let segments = segments_of(&good);
    for at in 0..3 {
        let change = |change: &dyn Fn(&str) -> String| {
            let mut changed = segments.map(str::to_owned);
            changed[at] = change(segments[at]);
            changed.join(".")
        };
        let standard = |text: &str| text.replace('-', "+").replace('_', "/");
        let mut changes = vec![
            ("padded", change(&|text| format!("{text}="))),
            ("padded twice", change(&|text| format!("{text}=="))),
            ("spare bits", change(&next_character)),
            ("percent", change(&|text| format!("{text}%"))),
            ("not ASCII", change(&|text| format!("{text}\u{e9}"))),
        ];
        let is_other = standard(segments[at]) != *segments[at];
        assert!(is_other || at == 2, "{at}");
        if is_other {
            changes.push(("standard alphabet", change(&standard)));
        }
        for (name, proof) in changes {
            let headers = HeaderValue::from_bytes(proof.as_bytes()).map(|line| (DPOP, line));
            let headers = headers.into_iter().collect();
            let checked = setup.checks.check(&headers, &REQUEST, super::at(NOW));
            let checked = checked.and_then(|mut proof| proof.verify());
            assert_eq!(
                checked.map_err(fault),
                Err(Some(Malformed)),
                "{name} in {at}"
            );
        }
    }
}

/// No header of HTTP/1 or HTTP/2 carries one, so the bytes are given to the reader.
#[test]
fn pop_p07_a_newline_in_a_proof() {
    let good = Setup::new(Algorithm::ES256).proof();
    let read = |proof: &str| {
        let compact = Compact::split(proof.as_bytes(), MAX_PROOF_BYTES).map_err(encoding)?;
        compact.check_encoding().map_err(encoding)
    };
    assert_eq!(read(&good), Ok(()));
    for at in [0, 5, good.len() - 3, good.len()] {
        for line_break in ["\n", "\r\n"] {
            let mut broken = good.clone();
            broken.insert_str(at, line_break);
            assert_eq!(read(&broken).map_err(fault), Err(Some(Malformed)), "{at}");
            assert!(HeaderValue::from_str(&broken).is_err());
        }
    }
}

#[test]
fn proof_of_limited_size() {
    let setup = Setup::new(Algorithm::ES256);
    let of_size = |bytes: usize| {
        let mut claims = claims();
        // Three bytes are four characters.
        for room in (0..bytes / 4 * 3).rev().take(2_000) {
            claims["pad"] = "x".repeat(room).into();
            let proof = setup.sign(&setup.header(), &claims);
            if proof.len() <= bytes {
                return proof;
            }
        }
        panic!("no such proof")
    };
    let largest = of_size(MAX_PROOF_BYTES);
    assert!(largest.len() > MAX_PROOF_BYTES - 3, "{}", largest.len());
    assert_eq!(setup.judge(&largest), Ok(()));
    let larger = of_size(MAX_PROOF_BYTES + 4);
    assert!(larger.len() > MAX_PROOF_BYTES, "{}", larger.len());
    assert_eq!(setup.judge(&larger), Err(Some(Malformed)));
    // Nothing of it is read: it is no proof at all.
    let junk = "\u{21}".repeat(MAX_PROOF_BYTES + 1);
    let expected = ProofError::malformed("the proof is too long");
    assert_eq!(setup.check(&junk, &[0; 32]).map(drop), Err(expected));
}

fn segments_of(proof: &str) -> [&str; 3] {
    let segments: Vec<_> = proof.split('.').collect();
    segments.try_into().unwrap()
}

/// The last character plus one: its spare bits are no longer zero.
fn next_character(text: &str) -> String {
    let (start, last) = text.split_at(text.len() - 1);
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let at = alphabet.find(last).unwrap();
    format!("{start}{}", &alphabet[at + 1..=at + 1])
}
