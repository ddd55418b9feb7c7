//! Finds the token of a request.

mod elsewhere;

use std::sync::Arc;

use http::header::{AUTHORIZATION, COOKIE, Entry, SEC_WEBSOCKET_PROTOCOL};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::token::TokenErrorKind;
use crate::wire::header_names::DPOP;
use crate::wire::token_source::Place;

/// How a token was presented (RFC 9110 §11.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// RFC 6750.
    Bearer,
    /// RFC 9449: with a proof for this request.
    Dpop,
}

/// Why a request has no token to verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoToken {
    /// No credentials, or credentials of another scheme.
    Absent,
    /// A scheme that is on, but not followed by a `b64token`.
    Malformed(Scheme),
    /// More than one `Authorization` header, or more than one value of another source: it is
    /// ambiguous which one counts (RFC 6750 §3.1).
    Several,
}

/// The token of a request, not checked yet. Without `Debug`, because the header is not marked
/// sensitive yet.
#[derive(Clone, Copy)]
pub(crate) struct Token<'h> {
    bytes: &'h [u8],
    /// The header that ends with the token. `None` if the header has more than the token.
    line: Option<&'h HeaderValue>,
    scheme: Scheme,
}

/// Where the token of a request may be. The query and the body are never searched.
#[derive(Clone, Debug, Default)]
pub(crate) struct TokenFinder {
    /// Whether `DPoP` is a scheme. Otherwise it counts as unknown.
    pub(crate) dpop: bool,
    /// The sources, in the order in which they are searched. `None`: only `Authorization`.
    pub(crate) sources: Option<Arc<[Place]>>,
}

impl TokenFinder {
    /// The credentials of a request, from the first source that is present.
    #[inline]
    pub(crate) fn find<'h>(&self, headers: &'h HeaderMap) -> Result<Token<'h>, NoToken> {
        let Some(sources) = &self.sources else {
            return self.in_authorization(headers);
        };
        let mut tokens = sources.iter().map(|place| self.in_place(place, headers));
        let first = tokens.find(|token| !matches!(token, Err(NoToken::Absent)));
        first.unwrap_or(Err(NoToken::Absent))
    }

    fn in_place<'h>(&self, place: &Place, headers: &'h HeaderMap) -> Result<Token<'h>, NoToken> {
        let token = match place {
            Place::Authorization => return self.in_authorization(headers),
            Place::Cookie(name) => elsewhere::cookie(headers, name).map(|it| it.map(Token::part)),
            Place::Header(name) => elsewhere::header(headers, name).map(|it| it.map(Token::whole)),
            Place::WebsocketProtocol(name) => {
                elsewhere::protocol(headers, name).map(|it| it.map(Token::part))
            }
        };
        let token = token.map_err(|elsewhere::Several| NoToken::Several)?;
        token.ok_or(NoToken::Absent)
    }

    /// The only source of a token with a proof (RFC 6750 §2.1, RFC 9449 §7.1).
    fn in_authorization<'h>(&self, headers: &'h HeaderMap) -> Result<Token<'h>, NoToken> {
        // Equal counts prove that no header is repeated, which is cheaper than searching for a
        // second one.
        let some_repeated = headers.len() != headers.keys_len();
        if some_repeated && headers.get_all(AUTHORIZATION).iter().nth(1).is_some() {
            return Err(NoToken::Several);
        }
        let line = headers.get(AUTHORIZATION).ok_or(NoToken::Absent)?;
        let (scheme, rest) = self.scheme_of(line.as_bytes()).ok_or(NoToken::Absent)?;
        // RFC 9110 §11.4: one or more spaces, and no other white space.
        let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
        match (spaces, rest) {
            (0, [next, ..]) if is_token_character(*next) => Err(NoToken::Absent),
            (0, _) => Err(NoToken::Malformed(scheme)),
            _ => Ok(Token {
                bytes: rest.get(spaces..).unwrap_or_default(),
                line: Some(line),
                scheme,
            }),
        }
    }

    /// What is wrong with the `Authorization` header, if it holds no token but seems to be meant as
    /// one. For logs only.
    pub(crate) fn fault(&self, headers: &HeaderMap) -> Option<TokenErrorKind> {
        let sources = self.sources.as_deref();
        if sources.is_some_and(|all| !all.contains(&Place::Authorization)) {
            return None;
        }
        let line = headers.get(AUTHORIZATION)?.as_bytes();
        match self.scheme_of(line) {
            // A word that only begins like the scheme, or a token without a space in front.
            Some((_, [next, ..])) if is_token_character(*next) => fault_of_scheme(line),
            Some((scheme, rest)) => fault_of(rest, scheme),
            None => fault_of_scheme(line),
        }
    }

    /// Marks the headers with the token and its proof as sensitive, because frameworks log requests
    /// with `Debug`. `Authorization` is one of them even if it is not a source: it holds a secret
    /// in any case.
    #[inline]
    pub(crate) fn hide(&self, headers: &mut HeaderMap) {
        if self.dpop {
            return self.hide_and_see(headers, |_, _| {});
        }
        hide(headers, AUTHORIZATION);
        self.hide_elsewhere(headers);
    }

    /// The same, and shows each header to `see`. One walk costs less than the look-up of a name
    /// that `http` does not know: it hashes each of its bytes.
    #[inline]
    pub(crate) fn hide_and_see(
        &self,
        headers: &mut HeaderMap,
        mut see: impl FnMut(&HeaderName, &HeaderValue),
    ) {
        // Not made and dropped for each header.
        let names = [Some(AUTHORIZATION), self.dpop.then_some(DPOP)];
        for (name, line) in headers.iter_mut() {
            if names.iter().flatten().any(|hidden| hidden == name) {
                line.set_sensitive(true);
            }
            see(name, line);
        }
        self.hide_elsewhere(headers);
    }

    /// In the sources besides `Authorization`.
    #[inline]
    fn hide_elsewhere(&self, headers: &mut HeaderMap) {
        for place in self.sources.iter().flat_map(|all| all.iter()) {
            match place {
                Place::Authorization => {}
                Place::Cookie(_) => hide(headers, COOKIE),
                Place::Header(name) => hide(headers, name.clone()),
                Place::WebsocketProtocol(_) => hide(headers, SEC_WEBSOCKET_PROTOCOL),
            }
        }
    }

    /// Removes the token, wherever it may be, and its proof.
    pub(crate) fn strip(&self, headers: &mut HeaderMap) {
        headers.remove(AUTHORIZATION);
        if self.dpop {
            headers.remove(DPOP);
        }
        for place in self.sources.iter().flat_map(|all| all.iter()) {
            match place {
                Place::Authorization => {}
                Place::Cookie(name) => elsewhere::remove_cookie(headers, name),
                Place::Header(name) => drop(headers.remove(name)),
                Place::WebsocketProtocol(name) => elsewhere::remove_protocol(headers, name),
            }
        }
    }

    /// The scheme, and what follows its name.
    fn scheme_of<'v>(&self, value: &'v [u8]) -> Option<(Scheme, &'v [u8])> {
        // As nearly all clients write it.
        if let Some(rest) = value.strip_prefix(b"Bearer") {
            return Some((Scheme::Bearer, rest));
        }
        let after = |scheme: Scheme| Some((scheme, scheme.after(value)?));
        match after(Scheme::Bearer) {
            None if self.dpop => after(Scheme::Dpop),
            bearer => bearer,
        }
    }
}

impl Scheme {
    /// As challenges write it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::Dpop => "DPoP",
        }
    }

    /// What follows the name of the scheme, which is case-insensitive (RFC 9110 §11.1).
    fn after(self, value: &[u8]) -> Option<&[u8]> {
        let (name, rest) = value.split_at_checked(self.name().len())?;
        let is_this = name.eq_ignore_ascii_case(self.name().as_bytes());
        is_this.then_some(rest)
    }
}

/// What is wrong with the value after the scheme.
fn fault_of(value: &[u8], scheme: Scheme) -> Option<TokenErrorKind> {
    let start = value
        .iter()
        .position(|byte| *byte != b' ')
        .unwrap_or(value.len());
    let value = value.get(start..).unwrap_or_default();
    let is_repeated = scheme
        .after(value)
        .is_some_and(|rest| rest.starts_with(b" "));
    match value.first() {
        None => Some(TokenErrorKind::EmptyToken),
        Some(b'"' | b'\'') => Some(TokenErrorKind::QuotedToken),
        Some(_) if is_repeated => Some(TokenErrorKind::SchemeRepeated),
        Some(_) if !is_b64token(value) => Some(TokenErrorKind::MalformedToken),
        Some(_) => None,
    }
}

/// For a value that does not begin with a scheme that this server accepts.
fn fault_of_scheme(line: &[u8]) -> Option<TokenErrorKind> {
    let (name, rest) = match line.iter().position(|byte| *byte == b' ') {
        Some(end) => line.split_at(end),
        None => (line, &[] as &[u8]),
    };
    let is = |scheme: &str| name.eq_ignore_ascii_case(scheme.as_bytes());
    if name.is_empty() || OTHER_SCHEMES.iter().any(|other| is(other)) {
        return None;
    }
    Some(match rest.is_empty() {
        _ if is(Scheme::Dpop.name()) => TokenErrorKind::DpopIsOff,
        true => TokenErrorKind::SchemeMissing,
        false => TokenErrorKind::UnknownScheme,
    })
}

/// HTTP schemes that carry no tokens: browsers and probes send them for other reasons.
const OTHER_SCHEMES: [&str; 4] = ["Basic", "Digest", "Negotiate", "NTLM"];

fn hide(headers: &mut HeaderMap, name: HeaderName) {
    // `entry` costs twice as much for one line.
    if headers.len() == headers.keys_len() {
        if let Some(line) = headers.get_mut(name) {
            line.set_sensitive(true);
        }
        return;
    }
    if let Entry::Occupied(mut lines) = headers.entry(name) {
        lines.iter_mut().for_each(|line| line.set_sensitive(true));
    }
}

impl<'h> Token<'h> {
    /// The whole value of a header.
    fn whole(line: &'h HeaderValue) -> Self {
        Self {
            bytes: line.as_bytes(),
            line: Some(line),
            scheme: Scheme::Bearer,
        }
    }

    /// A part of a header.
    fn part(bytes: &'h [u8]) -> Self {
        Self {
            bytes,
            line: None,
            scheme: Scheme::Bearer,
        }
    }

    /// The bytes after the scheme and the spaces.
    #[inline]
    pub(crate) const fn bytes(self) -> &'h [u8] {
        self.bytes
    }

    pub(crate) const fn scheme(self) -> Scheme {
        self.scheme
    }

    /// Why the bytes are not a `b64token`, for logs.
    pub(crate) fn fault(self) -> Option<TokenErrorKind> {
        fault_of(self.bytes, self.scheme)
    }

    #[inline]
    pub(crate) fn to_credentials(self) -> Credentials {
        let (line, start) = match self.line {
            Some(line) => (line.clone(), line.len().saturating_sub(self.bytes.len())),
            // The rest of that header is not kept.
            None => {
                let token = HeaderValue::from_bytes(self.bytes);
                (token.unwrap_or(HeaderValue::from_static("")), 0)
            }
        };
        Credentials {
            scheme: self.scheme,
            ..Credentials::new(line, start)
        }
    }
}

/// Whether this is a `b64token` (RFC 6750 §2.1): `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" /
/// "/" ) *"="`.
pub(crate) fn is_b64token(bytes: &[u8]) -> bool {
    let body = bytes
        .iter()
        .rposition(|byte| *byte != b'=')
        .and_then(|last| bytes.get(..=last));
    // Without an early exit, so that the compiler can vectorize the loop.
    let are_characters = |part: &[u8]| {
        part.iter()
            .fold(true, |all, byte| all & is_b64token_character(*byte))
    };
    body.is_some_and(|body| match body.last_chunk::<VECTOR>() {
        // What does not fill a vector is looked at twice, which costs half as much as byte by byte.
        Some(last) => body.chunks_exact(VECTOR).all(are_characters) && are_characters(last),
        None => are_characters(body),
    })
}

/// Two registers of every x86-64 processor.
const VECTOR: usize = 32;

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
    /// Not `usize`, because every request moves this: with `scheme` it fills one word.
    start: u32,
    scheme: Scheme,
}

impl Credentials {
    /// For a token without a proof.
    pub(crate) fn new(mut line: HeaderValue, start: usize) -> Self {
        line.set_sensitive(true);
        Self {
            line,
            // No header is that long; it would hold no token.
            start: u32::try_from(start).unwrap_or(u32::MAX),
            scheme: Scheme::Bearer,
        }
    }

    pub(crate) const fn scheme(&self) -> Scheme {
        self.scheme
    }

    pub(crate) fn token(&self) -> &str {
        let token = self.line.as_bytes().get(self.start as usize..);
        token
            .and_then(|token| std::str::from_utf8(token).ok())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
