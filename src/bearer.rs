use http::HeaderMap;
use http::header::AUTHORIZATION;

/// Why a request carries no bearer token that could be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoBearer {
    /// No credentials, or those of another scheme.
    Absent,
    /// `Bearer`, and then no `b64token`.
    Malformed,
    /// More than one `Authorization` line: which one counts is anybody's guess (RFC 6750 §3.1).
    Several,
}

/// The one bearer token of a request (RFC 6750 §2.1). The query and the body are never looked at.
pub(crate) fn bearer_token(headers: &HeaderMap) -> Result<&str, NoBearer> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let line = lines.next().ok_or(NoBearer::Absent)?;
    if lines.next().is_some() {
        return Err(NoBearer::Several);
    }
    let line = line.as_bytes();
    let scheme_length = line
        .iter()
        .take_while(|byte| is_token_character(**byte))
        .count();
    let (scheme, rest) = line
        .split_at_checked(scheme_length)
        .ok_or(NoBearer::Absent)?;
    // RFC 9110 §11.1: schemes are compared in any case.
    if !scheme.eq_ignore_ascii_case(b"Bearer") {
        return Err(NoBearer::Absent);
    }
    // RFC 9110 §11.4: one or more spaces, and nothing else that looks like one.
    let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
    let token = rest.get(spaces..).unwrap_or_default();
    if spaces == 0 || !is_b64token(token) {
        return Err(NoBearer::Malformed);
    }
    std::str::from_utf8(token).map_err(|_| NoBearer::Malformed)
}

/// RFC 6750 §2.1: `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`.
fn is_b64token(bytes: &[u8]) -> bool {
    let body = bytes
        .iter()
        .rposition(|byte| *byte != b'=')
        .and_then(|last| bytes.get(..=last));
    body.is_some_and(|body| {
        body.iter().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
        })
    })
}

/// RFC 9110 §5.6.2.
fn is_token_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn one_line() {
        use NoBearer::{Absent, Malformed};
        let cases: [(&[u8], Result<&str, NoBearer>); 24] = [
            (b"Bearer a.b.c", Ok("a.b.c")),
            (b"bearer a.b.c", Ok("a.b.c")),
            (b"BEARER a.b.c", Ok("a.b.c")),
            (b"Bearer   a.b.c", Ok("a.b.c")),
            (b"Bearer a-_~+/==", Ok("a-_~+/==")),
            (b"", Absent.into_result()),
            (b"Basic dXNlcg==", Absent.into_result()),
            (b"DPoP a.b.c", Absent.into_result()),
            (b"Bearers a.b.c", Absent.into_result()),
            (b"a.b.c", Absent.into_result()),
            (b"Bearer", Malformed.into_result()),
            (b"Bearer ", Malformed.into_result()),
            (b"Bearer    ", Malformed.into_result()),
            (b"Bearer\ta.b.c", Malformed.into_result()),
            (b"Bearer \ta.b.c", Malformed.into_result()),
            (b"Bearer a b", Malformed.into_result()),
            (b"Bearer a.b.c ", Malformed.into_result()),
            (b"Bearer a, Bearer b", Malformed.into_result()),
            (b"Bearer a,b", Malformed.into_result()),
            (b"Bearer \"a\"", Malformed.into_result()),
            (b"Bearer =", Malformed.into_result()),
            (b"Bearer a=b", Malformed.into_result()),
            (b"Bearer a\xc3\xa9", Malformed.into_result()),
            (b"Bearer=a", Malformed.into_result()),
        ];
        for (line, want) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, HeaderValue::from_bytes(line).unwrap());
            assert_eq!(
                bearer_token(&headers),
                want,
                "{:?}",
                String::from_utf8_lossy(line)
            );
        }
    }

    impl NoBearer {
        fn into_result(self) -> Result<&'static str, Self> {
            Err(self)
        }
    }

    #[test]
    fn none_and_several() {
        let mut headers = HeaderMap::new();
        assert_eq!(bearer_token(&headers), Err(NoBearer::Absent));
        headers.append(AUTHORIZATION, HeaderValue::from_static("Bearer a"));
        assert_eq!(bearer_token(&headers), Ok("a"));
        headers.append(AUTHORIZATION, HeaderValue::from_static("Bearer a"));
        assert_eq!(bearer_token(&headers), Err(NoBearer::Several));
    }
}
