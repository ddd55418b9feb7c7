use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;
use crate::limits::{MAX_TOKEN_BYTES, MAX_UNVERIFIED_CLAIMS_BYTES};

/// A token of claims that are large, and begin like this.
fn token(start: &str) -> String {
    let padding = "x".repeat(MAX_UNVERIFIED_CLAIMS_BYTES);
    of(&format!(r#"{start},"x":"{padding}"}}"#))
}

fn of(claims: &str) -> String {
    format!("e30.{}.AAAA", URL_SAFE_NO_PAD.encode(claims))
}

fn compact(token: &str) -> Result<Compact<'_>, TokenError> {
    Compact::split(token.as_bytes(), MAX_TOKEN_BYTES)
}

/// The issuer and the expiry that a glance finds, and whether it finds an audience.
fn found(token: &str) -> Result<(Option<String>, Option<NumericDate>, bool), TokenError> {
    let mut buffer = StartBuffer::new();
    let Glance { found, .. } = Glance::at(compact(token)?, &mut buffer);
    let issuer = found.iss.map(Cow::into_owned);
    Ok((issuer, found.exp, found.aud.is_some()))
}

fn is_large(claims: &str) -> Result<bool, TokenError> {
    Ok(compact(&of(claims))?.has_large_claims())
}

#[test]
fn the_size_of_the_decoded_claims_decides() {
    for more in 0..4 {
        let small = "x".repeat(MAX_UNVERIFIED_CLAIMS_BYTES - more);
        assert_eq!(is_large(&small), Ok(false), "{more}");
        let large = "x".repeat(MAX_UNVERIFIED_CLAIMS_BYTES + 1 + more);
        assert_eq!(is_large(&large), Ok(true), "{more}");
    }
}

#[test]
fn what_stands_at_the_start_is_found_if_it_is_sure() {
    let exp = NumericDate::new(17.0);
    let issuer = |name: &str| Some(name.to_owned());
    for (start, wanted) in [
        (
            r#"{"iss":"i","aud":["a"],"exp":17"#,
            (issuer("i"), exp, true),
        ),
        (
            r#"{"\u0069ss":"\u0069","exp":17"#,
            (issuer("i"), exp, false),
        ),
        (r#"{"y":{"iss":"j"},"iss":"i""#, (issuer("i"), None, false)),
        (r#"{"y":[{"iss":"j","exp":1}]"#, (None, None, false)),
        // Nothing behind a fault, and nothing that is repeated.
        (
            r#"{"iss":"i","aud":[1],"exp":17"#,
            (issuer("i"), None, false),
        ),
        (r#"{"exp":17,"y":1,"y":1,"iss":"i""#, (None, exp, false)),
        (r#"{"iss":"i","exp":17,"\u0069ss":"j""#, (None, None, false)),
        (r#"{"iss":"i","exp":17,"exp":18"#, (None, None, false)),
        (
            r#"{"exp":17,"iss":"i","iss":["j"]"#,
            (issuer("i"), exp, false),
        ),
        (r#"["iss","i""#, (None, None, false)),
        ("", (None, None, false)),
    ] {
        assert_eq!(found(&token(start)), Ok(wanted), "{start}");
    }
    // Not UTF-8.
    let mut claims = br#"{"iss":"i","y":"y","exp":17,"#.to_vec();
    claims.resize(MAX_UNVERIFIED_CLAIMS_BYTES + 1, 0xff);
    let token = format!("e30.{}.AAAA", URL_SAFE_NO_PAD.encode(claims));
    assert_eq!(found(&token), Ok((issuer("i"), exp, false)));
}

/// Wherever the start ends, no value is cut in two and taken for another one.
#[test]
fn a_value_that_is_cut_is_not_found() {
    for length in 900..1_100 {
        let start = format!(r#"{{"y":"{}","exp":17"#, "y".repeat(length));
        let (_, exp, _) = found(&token(&start)).unwrap_or_default();
        assert!(exp.is_none() || exp == NumericDate::new(17.0), "{length}");
        let start = format!(
            r#"{{"y":"{}","iss":"i,j,k","aud":["a","b"]"#,
            "y".repeat(length)
        );
        let (issuer, _, _) = found(&token(&start)).unwrap_or_default();
        assert!(issuer.is_none_or(|issuer| issuer == "i,j,k"), "{length}");
    }
    let late = format!(r#"{{"y":"{}","exp":17"#, "y".repeat(1_100));
    assert_eq!(found(&token(&late)), Ok((None, None, false)));
}

#[test]
fn whose_large_claims_are_read() {
    let names = |token: &str, asked: &str| {
        let compact = compact(token).ok()?;
        claimed_issuer(compact, |issuer| issuer == asked)
    };
    let small = of(r#"{"iss":"i","sub":"s"}"#);
    assert_eq!(names(&small, "i").as_deref(), Some("i"));
    assert_eq!(names(&small, "j").as_deref(), Some("i"), "it costs little");
    let large = token(r#"{"iss":"i","sub":"s""#);
    assert_eq!(names(&large, "i").as_deref(), Some("i"));
    assert_eq!(names(&large, "j"), None);
    let late = format!(r#"{{"y":"{}","iss":"i""#, "y".repeat(1_100));
    assert_eq!(names(&token(&late), "j").as_deref(), Some("i"));
    let faulty = token(r#"{"iss":"i","sub":1"#);
    assert_eq!(names(&faulty, "i"), None);
}
