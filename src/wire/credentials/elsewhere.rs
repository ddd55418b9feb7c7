//! Tokens in other places than `Authorization`: found, and removed.

use std::iter;

use http::header::{COOKIE, SEC_WEBSOCKET_PROTOCOL};
use http::{HeaderMap, HeaderName, HeaderValue};

/// The source has more than one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Several;

/// The value of a header. As in `Authorization` (RFC 9110 §11.6.2), an empty one holds nothing.
pub(super) fn header<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'h HeaderValue>, Several> {
    let line = only(headers.get_all(name).iter())?;
    Ok(line.filter(|line| !line.is_empty()))
}

/// The value of a cookie (RFC 6265 §4.2.1). After a sign-out it may be empty.
pub(super) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h [u8]>, Several> {
    let lines = headers.get_all(COOKIE).iter();
    let pairs = lines.flat_map(|line| parts(line, b';'));
    let value = only(pairs.filter_map(|pair| value_of(pair, name)))?;
    Ok(value.filter(|value| !value.is_empty()))
}

/// The subprotocol after the one called `name` (RFC 6455 §11.3.4): an empty token if none follows.
pub(super) fn protocol<'h>(
    headers: &'h HeaderMap,
    name: &str,
) -> Result<Option<&'h [u8]>, Several> {
    let mut protocols = protocols(headers);
    only(iter::from_fn(|| {
        protocols.find(|protocol| *protocol == name.as_bytes())?;
        Some(protocols.next().unwrap_or_default())
    }))
}

/// Every other cookie stays, byte for byte.
pub(super) fn remove_cookie(headers: &mut HeaderMap, name: &str) {
    let is_it = |pair: &[u8]| value_of(pair, name).is_some();
    let mut lines = headers.get_all(COOKIE).iter();
    if !lines.any(|line| parts(line, b';').any(is_it)) {
        return;
    }
    let lines: Vec<_> = headers.get_all(COOKIE).iter().cloned().collect();
    headers.remove(COOKIE);
    for line in lines {
        let kept: Vec<_> = parts(&line, b';').filter(|pair| !is_it(pair)).collect();
        let rest = HeaderValue::from_bytes(&kept.join(&b"; "[..]));
        if let Some(mut rest) = rest.ok().filter(|rest| !rest.is_empty()) {
            rest.set_sensitive(line.is_sensitive());
            headers.append(COOKIE, rest);
        }
    }
}

/// Every other subprotocol stays. So does `name`, which the server may choose.
pub(super) fn remove_protocol(headers: &mut HeaderMap, name: &str) {
    let mut is_token = false;
    let (mut kept, mut are_all) = (Vec::new(), true);
    for protocol in protocols(headers) {
        if is_token {
            (is_token, are_all) = (false, false);
        } else {
            is_token = protocol == name.as_bytes();
            kept.push(protocol);
        }
    }
    if let (false, Ok(rest)) = (are_all, HeaderValue::from_bytes(&kept.join(&b", "[..]))) {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, rest);
    }
}

/// The subprotocols that the client offers: a list, which may be spread over several headers.
fn protocols(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let lines = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    lines
        .flat_map(|line| parts(line, b','))
        .filter(|protocol| !protocol.is_empty())
}

fn parts(line: &HeaderValue, separator: u8) -> impl Iterator<Item = &[u8]> {
    let parts = line.as_bytes().split(move |byte| *byte == separator);
    parts.map(<[u8]>::trim_ascii)
}

/// The value of a cookie, if it has this name.
fn value_of<'p>(pair: &'p [u8], name: &str) -> Option<&'p [u8]> {
    let end = pair.iter().position(|byte| *byte == b'=')?;
    let (this, value) = pair.split_at_checked(end)?;
    let is_it = this.trim_ascii_end() == name.as_bytes();
    is_it.then(|| value.get(1..).unwrap_or_default().trim_ascii_start())
}

/// The only one. Several are ambiguous, even if they are equal.
fn only<T>(mut all: impl Iterator<Item = T>) -> Result<Option<T>, Several> {
    let first = all.next();
    match all.next() {
        None => Ok(first),
        Some(_) => Err(Several),
    }
}
