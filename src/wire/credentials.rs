use http::header::{AUTHORIZATION, Entry};
use http::{HeaderMap, HeaderValue};

use crate::token::TokenErrorKind;

/// Why a request has no bearer token to verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoBearer {
    /// No credentials, or credentials of another scheme.
    Absent,
    /// `Bearer`, but not followed by a `b64token`.
    Malformed,
    /// More than one `Authorization` header: it is ambiguous which one counts (RFC 6750 §3.1).
    Several,
}

/// The text after `Bearer`, not checked yet. Without `Debug`, because the header is not marked
/// sensitive yet.
#[derive(Clone, Copy)]
pub(crate) struct Bearer<'h> {
    line: &'h HeaderValue,
    start: usize,
}

/// Finds the bearer credentials of a request (RFC 6750 §2.1). The query and the body are never
/// searched.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<Bearer<'_>, NoBearer> {
    // Equal counts prove that no header is repeated, which is cheaper than searching for a second
    // one.
    let some_repeated = headers.len() != headers.keys_len();
    if some_repeated && headers.get_all(AUTHORIZATION).iter().nth(1).is_some() {
        return Err(NoBearer::Several);
    }
    let line = headers.get(AUTHORIZATION).ok_or(NoBearer::Absent)?;
    // RFC 9110 §11.1: the scheme is case-insensitive.
    let (scheme, rest) = line
        .as_bytes()
        .split_at_checked(SCHEME.len())
        .ok_or(NoBearer::Absent)?;
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return Err(NoBearer::Absent);
    }
    // RFC 9110 §11.4: one or more spaces, and no other white space.
    let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
    match (spaces, rest) {
        (0, [next, ..]) if is_token_character(*next) => Err(NoBearer::Absent),
        (0, _) => Err(NoBearer::Malformed),
        _ => Ok(Bearer {
            line,
            start: SCHEME.len().saturating_add(spaces),
        }),
    }
}

/// What is wrong with the `Authorization` header, if it holds no bearer token but seems to be meant
/// as one. For logs only.
pub(crate) fn fault(headers: &HeaderMap) -> Option<TokenErrorKind> {
    let line = headers.get(AUTHORIZATION)?.as_bytes();
    match line.split_at_checked(SCHEME.len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(SCHEME) => fault_of(rest),
        _ => {
            let is_jwt =
                is_b64token(line) && line.iter().filter(|byte| **byte == b'.').count() == 2;
            is_jwt.then_some(TokenErrorKind::SchemeMissing)
        }
    }
}

/// What is wrong with the value after the scheme.
pub(crate) fn fault_of(value: &[u8]) -> Option<TokenErrorKind> {
    let start = value
        .iter()
        .position(|byte| *byte != b' ')
        .unwrap_or(value.len());
    let value = value.get(start..).unwrap_or_default();
    let scheme = value.split_at_checked(SCHEME.len());
    let is_repeated = scheme.is_some_and(|(scheme, rest)| {
        scheme.eq_ignore_ascii_case(SCHEME) && rest.starts_with(b" ")
    });
    match value.first() {
        None => Some(TokenErrorKind::EmptyToken),
        Some(b'"' | b'\'') => Some(TokenErrorKind::QuotedToken),
        Some(_) if is_repeated => Some(TokenErrorKind::SchemeRepeated),
        Some(_) if !is_b64token(value) => Some(TokenErrorKind::MalformedToken),
        Some(_) => None,
    }
}

/// Marks every `Authorization` header as sensitive, because frameworks log requests with `Debug`.
pub(crate) fn hide(headers: &mut HeaderMap) {
    if let Entry::Occupied(mut lines) = headers.entry(AUTHORIZATION) {
        lines.iter_mut().for_each(|line| line.set_sensitive(true));
    }
}

impl<'h> Bearer<'h> {
    /// The bytes after the scheme and the spaces.
    pub(crate) fn bytes(self) -> &'h [u8] {
        self.line.as_bytes().get(self.start..).unwrap_or_default()
    }

    pub(crate) fn to_credentials(self) -> Credentials {
        Credentials::new(self.line.clone(), self.start)
    }
}

/// Whether this is a `b64token` (RFC 6750 §2.1): `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" /
/// "/" ) *"="`.
pub(crate) fn is_b64token(bytes: &[u8]) -> bool {
    let body = bytes
        .iter()
        .rposition(|byte| *byte != b'=')
        .and_then(|last| bytes.get(..=last));
    body.is_some_and(|body| {
        // Without an early exit, so that the compiler can vectorize the loop.
        body.iter()
            .fold(true, |all, byte| all & is_b64token_character(*byte))
    })
}

const fn is_b64token_character(byte: u8) -> bool {
    let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    // "-", ".", "/" and the digits are consecutive in ASCII.
    let middle = byte.wrapping_sub(b'-') < 13;
    letter | middle | (byte == b'_') | (byte == b'~') | (byte == b'+')
}

/// RFC 9110 §5.6.2.
fn is_token_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// The header with the token, and where in it the token starts. A clone of the value shares the
/// buffer of the request, so the token is never copied.
#[derive(Clone)]
pub(crate) struct Credentials {
    line: HeaderValue,
    start: usize,
}

impl Credentials {
    pub(crate) fn new(mut line: HeaderValue, start: usize) -> Self {
        line.set_sensitive(true);
        Self { line, start }
    }

    pub(crate) fn token(&self) -> &str {
        let token = self.line.as_bytes().get(self.start..);
        token
            .and_then(|token| std::str::from_utf8(token).ok())
            .unwrap_or_default()
    }
}

const SCHEME: &[u8] = b"Bearer";

#[cfg(test)]
mod tests {
    use http::header::COOKIE;

    use super::*;

    fn bearer_token(headers: &HeaderMap) -> Result<&str, NoBearer> {
        let token = bearer(headers)?.bytes();
        match is_b64token(token) {
            true => Ok(std::str::from_utf8(token).unwrap()),
            false => Err(NoBearer::Malformed),
        }
    }

    #[test]
    fn characters() {
        for byte in 0..=255_u8 {
            let wanted = byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
            assert_eq!(is_b64token_character(byte), wanted, "{byte:#x}");
        }
    }

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
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer a"));
        for cookie in ["a=1", "b=2"] {
            headers.append(COOKIE, HeaderValue::from_static(cookie));
        }
        assert_eq!(bearer_token(&headers), Ok("a"), "another is repeated");
    }
}
