//! The URL that a proof names (RFC 9449 §4.3 (9)), and the one at which the request arrived.
//!
//! Two URLs are the same if their bytes are, or if they are after the normalisation of RFC 3986
//! §6.2.2 and §6.2.3: case of scheme and host, default port, empty port, empty path,
//! percent-escapes, dot segments. A port is a decimal number, and normalisers leave it out if its
//! value is the default (§3.2.3), so `:0443` is `:443`. Nothing else: the case of the path, a slash
//! at its end, `//` and `%2F` count. The parsers of browsers (and the crate `url`) turn `\` into
//! `/` and drop tabs, so none is used.
//!
//! The origin and the prefix come from the settings. Nothing that a caller sends (`Host`,
//! `:authority`, `Forwarded`, an absolute request target) enters the expected URL, because whoever
//! gets a client to call `https://evil.example/mcp` holds a proof for that URL.

use std::fmt::Write as _;

use crate::limits::MAX_HTU_BYTES;

/// Where the root of this service is reached from outside: an origin, and a prefix of the path if a
/// proxy strips one.
#[derive(Clone, Debug)]
pub(crate) struct PublicUrl {
    /// As it is written, without a slash at the end.
    text: String,
    /// Normalised, without a slash at the end.
    normal: String,
}

impl PublicUrl {
    /// `None` for a text that is no http(s) URL, or that has user information, a query, a fragment,
    /// a character that no URL has, or a slash at the end of a prefix. The slash at the end of a
    /// bare origin is dropped.
    pub(crate) fn parse(url: &str) -> Option<Self> {
        let parts = Parts::of(url)?;
        let is_bare = matches!(parts.path, "" | "/");
        let normal = parts.normal()?;
        if url.contains(['?', '#']) || normal.ends_with('/') != is_bare {
            return None;
        }
        let without_slash = |url: &str| url.strip_suffix('/').unwrap_or(url).to_owned();
        Some(Self {
            text: without_slash(url),
            normal: without_slash(&normal),
        })
    }

    /// As it is written, without a slash at the end.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

/// Whether `htu` is the URL of `path` at one of `urls`. The query and the fragment of `htu` are
/// dropped.
pub(super) fn is_one_of(htu: &str, urls: &[PublicUrl], path: &str) -> bool {
    if !is_path(path) {
        return false;
    }
    let is_same = |url: &PublicUrl| htu.strip_prefix(&*url.text) == Some(path);
    if urls.iter().any(is_same) {
        return has_good_escapes(path);
    }
    // The path alone is normalised, so that no `..` of the caller leads out of the prefix.
    let named = Parts::of(htu).and_then(Parts::normal);
    let (Some(named), Some(path)) = (named, normal_path(path)) else {
        return false;
    };
    urls.iter()
        .any(|url| named.strip_prefix(&*url.normal) == Some(&*path))
}

/// The parts of a URL that are compared (RFC 3986 §3).
#[derive(Clone, Copy)]
struct Parts<'u> {
    is_https: bool,
    host: &'u str,
    /// Empty if there is none.
    port: &'u str,
    /// Empty, or with a slash in front.
    path: &'u str,
}

impl<'u> Parts<'u> {
    fn of(url: &'u str) -> Option<Self> {
        if !is_plain(url) {
            return None;
        }
        let end = memchr::memchr2(b'?', b'#', url.as_bytes()).unwrap_or(url.len());
        let (scheme, rest) = url.get(..end)?.split_once("://")?;
        let is_https = scheme.eq_ignore_ascii_case("https");
        if !is_https && !scheme.eq_ignore_ascii_case("http") {
            return None;
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = host_and_port(authority)?;
        Some(Self {
            is_https,
            host,
            port,
            path,
        })
    }

    fn normal(self) -> Option<String> {
        let (scheme, default) = match self.is_https {
            true => ("https", 443),
            false => ("http", 80),
        };
        let mut normal = format!("{scheme}://{}", self.host.to_ascii_lowercase());
        if !self.port.is_empty() {
            let port: u16 = self.port.parse().ok()?;
            if port != default {
                write!(normal, ":{port}").ok()?;
            }
        }
        normal.push_str(&normal_path(self.path)?);
        Some(normal)
    }
}

/// A user is refused, and so is an escape in the host: no host of a public URL has either.
fn host_and_port(authority: &str) -> Option<(&str, &str)> {
    let (host, port) = match authority.find(']') {
        Some(end) => {
            let (host, port) = authority.split_at(end.saturating_add(1));
            let address = host.strip_prefix('[')?.strip_suffix(']')?;
            let is_address = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
            (!address.is_empty() && address.bytes().all(is_address)).then_some((host, port))?
        }
        None => {
            let (host, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
            let is_name = |byte: u8| is_unreserved(byte) || b"!$&'()*+,;=".contains(&byte);
            (host.bytes().all(is_name)).then_some((host, port))?
        }
    };
    let digits = port.strip_prefix(':').unwrap_or(port);
    let is_port = digits.len() < port.len() || port.is_empty();
    let is_good = is_port && digits.bytes().all(|byte| byte.is_ascii_digit());
    (is_good && !host.is_empty()).then_some((host, digits))
}

/// RFC 3986 §6.2.2; `None` if an escape is malformed. One pass over the bytes, because anybody may
/// send a path that is all escapes and dots.
fn normal_path(path: &str) -> Option<String> {
    let mut normal = Vec::with_capacity(path.len().saturating_add(1));
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => push_escape(&mut normal, [bytes.next()?, bytes.next()?])?,
            b'/' => {
                remove_dots(&mut normal);
                normal.push(b'/');
            }
            _ => normal.push(byte),
        }
    }
    if remove_dots(&mut normal) || normal.is_empty() {
        normal.push(b'/');
    }
    String::from_utf8(normal).ok()
}

/// RFC 3986 §6.2.2.1 and §6.2.2.2.
fn push_escape(normal: &mut Vec<u8>, digits: [u8; 2]) -> Option<()> {
    let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
    let byte = u8::try_from(high? << 4 | low?).ok()?;
    match is_unreserved(byte) {
        true => normal.push(byte),
        false => {
            normal.push(b'%');
            normal.extend(digits.map(|digit| digit.to_ascii_uppercase()));
        }
    }
    Some(())
}

/// Where a segment ends: removes it if it is `.`, and the one before it too if it is `..` (RFC 3986
/// §5.2.4).
fn remove_dots(normal: &mut Vec<u8>) -> bool {
    if normal.ends_with(b"/.") {
        normal.truncate(normal.len().saturating_sub(2));
    } else if normal.ends_with(b"/..") {
        normal.truncate(normal.len().saturating_sub(3));
        let before = normal.iter().rposition(|byte| *byte == b'/');
        normal.truncate(before.unwrap_or(0));
    } else {
        return false;
    }
    true
}

/// Whether a URL that a proof may name can have this path, escapes aside.
fn is_path(path: &str) -> bool {
    let is_whole = memchr::memchr2(b'?', b'#', path.as_bytes()).is_none();
    path.starts_with('/') && path.len() <= MAX_HTU_BYTES && is_whole && is_plain(path)
}

/// Whether every `%` begins an escape.
fn has_good_escapes(path: &str) -> bool {
    path.split('%').skip(1).all(|rest| {
        let digits = rest.as_bytes().first_chunk::<2>();
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

/// Visible ASCII but for the backslash. More than RFC 3986 allows: clients do not escape every
/// character that they should.
fn is_plain(text: &str) -> bool {
    // Without an early end, so that the compiler compares many bytes at a time.
    let is_plain = |byte| matches!(byte, 0x21..=0x7e) && byte != b'\\';
    text.bytes().fold(true, |all, byte| all & is_plain(byte))
}

/// RFC 3986 §2.3.
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

#[cfg(test)]
mod by_the_rfc;
#[cfg(test)]
mod tests;
