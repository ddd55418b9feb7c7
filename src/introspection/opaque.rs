//! Which tokens are opaque.

use std::fmt;

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Whether the token is neither a JWT nor a JWE, so that only its issuer knows what it means.
///
/// A JWT has exactly two dots, and its first segment is a JSON object with a text `alg`, whatever
/// the rest holds: a JWT with `alg` `none` is shown to nobody. A JWE has four dots, and its first
/// segment is an object with `enc`. Counting dots would not do: opaque tokens may have some.
pub(crate) fn is_opaque(token: &[u8]) -> bool {
    let mut dots = memchr::memchr_iter(b'.', token);
    let Some(first) = dots.next() else {
        return true;
    };
    let names_its_kind = match dots.count() {
        1 => |members: &Members| members.has_alg,
        3 => |members: &Members| members.has_enc,
        _ => return true,
    };
    let header = token.get(..first).and_then(decoded);
    let members = header.and_then(|header| serde_json::from_slice::<Members>(&header).ok());
    !members.is_some_and(|members| names_its_kind(&members))
}

/// What decides. Everything else in the header is left to the checks of a JWT, and a header that
/// they refuse is still the header of a JWT.
#[derive(Default)]
struct Members {
    has_alg: bool,
    has_enc: bool,
}

impl<'a> serde::Deserialize<'a> for Members {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'a> Visitor<'a> for MembersVisitor {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<Members, M::Error> {
                let mut members = Members::default();
                while let Some(name) = map.next_key::<String>()? {
                    match name.as_str() {
                        // A repeated member counts: the token is no less a JWT.
                        "alg" => {
                            let value = map.next_value::<&RawValue>()?.get();
                            members.has_alg |= value.starts_with('"');
                        }
                        "enc" => {
                            map.next_value::<IgnoredAny>()?;
                            members.has_enc = true;
                        }
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}

/// In either alphabet of base64, or in both.
fn decoded(segment: &[u8]) -> Option<Vec<u8>> {
    let url_safe = segment.iter().map(|byte| match byte {
        b'+' => b'-',
        b'/' => b'_',
        byte => *byte,
    });
    TOLERANT.decode(url_safe.collect::<Vec<_>>()).ok()
}

/// A JWT that is not written as RFC 7515 §2 says is refused, and not shown to the issuer.
const TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn token(header: &str, rest: &str) -> String {
        format!(
            "{}{rest}",
            base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(header)
        )
    }

    #[test]
    fn pop_i32_a_jwt_is_not_opaque() {
        for (header, rest) in [
            (r#"{"alg":"RS256"}"#, ".e30.AAAA"),
            (r#"{"typ":"at+jwt","alg":"new"}"#, ".e30.AAAA"),
            (r#"{"alg":"none"}"#, ".e30."),
            (r#"{"alg":"RS256"}"#, ".."),
            (r#"{"alg":"RS256"}"#, ".not json.!"),
            (r#" {"alg":"RS256","crit":[]}"#, ".e30.AAAA"),
            (r#"{"alg":"RS256","alg":1}"#, ".e30.AAAA"),
            (r#"{"alg":1,"alg":"RS256"}"#, ".e30.AAAA"),
            // A JWE, in its compact form.
            (r#"{"alg":"dir","enc":"A128GCM"}"#, "..AAAA.AAAA.AAAA"),
            (r#"{"enc":null}"#, ".AAAA.AAAA.AAAA.AAAA"),
        ] {
            let token = token(header, rest);
            assert!(!is_opaque(token.as_bytes()), "{token}");
        }
        let deep = format!(
            r#"{{"alg":"RS256","alg":{}{}}}"#,
            "[".repeat(999),
            "]".repeat(999)
        );
        let token_with_deep = token(&deep, ".e30.AAAA");
        assert!(!is_opaque(token_with_deep.as_bytes()));
        for header in [
            r#"{"alg":"none","a":"???>>>"}"#,
            r#"{"alg":"none", "a":"~~~"}"#,
        ] {
            let token = format!("{}.e30.AAAA", STANDARD.encode(header));
            assert!(token.contains(['+', '/']), "{token}");
            assert!(!is_opaque(token.as_bytes()), "the other alphabet: {token}");
        }
        let padded = "eyJhbGciOiJSUzI1NiJ9====.e30.AAAA";
        let spare_bits = "eyJhbGciOiJub25lIiwiYSI6MX2.e30.AAAA";
        for token in [padded.replace("====", ""), spare_bits.to_owned()] {
            assert!(!is_opaque(token.as_bytes()), "{token}");
        }
    }

    #[test]
    fn pop_w23_an_opaque_token_may_have_dots() {
        for token in [
            "",
            "2YotnFZFEjr1zCsicMWpAA",
            // RFC 9449 §4.3 and §7.1.
            "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU",
            "a.b",
            "a.b.c",
            "..",
            "a.b.c.d",
            "a.b.c.d.e",
            "v4.local.AAAA",
        ] {
            assert!(is_opaque(token.as_bytes()), "{token}");
        }
        for (header, rest) in [
            (r#"{"alg":"RS256"}"#, ".e30"),
            (r#"{"alg":"RS256"}"#, ".e30.AAAA.AAAA"),
            (r#"{"alg":7}"#, ".e30.AAAA"),
            (r#"{"typ":"JWT"}"#, ".e30.AAAA"),
            (r#"["alg"]"#, ".e30.AAAA"),
            (r#"{"alg":"RS256"}x"#, ".e30.AAAA"),
            (r#"{"alg":"RS256""#, ".e30.AAAA"),
            (r#"{"alg":"dir"}"#, "..AAAA.AAAA.AAAA"),
        ] {
            let token = token(header, rest);
            assert!(is_opaque(token.as_bytes()), "{token}");
        }
        assert!(is_opaque(&[0xff, b'.', 0xfe, b'.']));
    }

    #[test]
    fn a_deep_header_is_no_header() {
        let deep = format!(r#"{{"alg":"RS256","x":{}"#, "[".repeat(10_000));
        assert!(is_opaque(token(&deep, ".e30.AAAA").as_bytes()));
    }
}
