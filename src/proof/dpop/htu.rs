//! The URL that a proof names (RFC 9449 §4.3 (9)), and the one at which the request arrived.
//!
//! Two URLs are the same if their bytes are, or if they are after the normalisation of RFC 3986
//! §6.2.2 and §6.2.3: case of scheme and host, default port, empty port, empty path,
//! percent-escapes, dot segments. Nothing else: the case of the path, a slash at its end, `//` and
//! `%2F` count. The parsers of browsers (and the crate `url`) turn `\` into `/` and drop tabs, so
//! none is used.
//!
//! The origin and the prefix come from the settings. Nothing that a caller sends (`Host`,
//! `:authority`, `Forwarded`, an absolute request target) enters the expected URL, because whoever
//! gets a client to call `https://evil.example/mcp` holds a proof for that URL.

use std::fmt::Write as _;

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
    let is_same = |url: &PublicUrl| htu.strip_prefix(&*url.text) == Some(path);
    if urls.iter().any(is_same) && is_path(path) {
        return true;
    }
    let (Some(named), true) = (Parts::of(htu).and_then(Parts::normal), is_path(path)) else {
        return false;
    };
    // The path alone is normalised, so that no `..` of the caller leads out of the prefix.
    let Some(path) = normal_path(path) else {
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
        if !url.bytes().all(is_plain) {
            return None;
        }
        let end = url.find(['?', '#']).unwrap_or(url.len());
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

/// `None` if a percent-escape is malformed.
fn normal_path(path: &str) -> Option<String> {
    let mut normal = String::with_capacity(path.len().saturating_add(1));
    let mut ends_in_dots = true;
    // What is in front of the first slash is empty.
    for segment in path.split('/').skip(1) {
        let start = normal.len();
        normal.push('/');
        push_normal(&mut normal, segment)?;
        // RFC 3986 §5.2.4.
        let dots = match normal.get(start..) {
            Some("/.") => Some(start),
            Some("/..") => normal.get(..start)?.rfind('/').or(Some(0)),
            _ => None,
        };
        ends_in_dots = dots.is_some();
        normal.truncate(dots.unwrap_or(normal.len()));
    }
    if ends_in_dots {
        normal.push('/');
    }
    Some(normal)
}

/// RFC 3986 §6.2.2.1 and §6.2.2.2.
fn push_normal(normal: &mut String, segment: &str) -> Option<()> {
    let mut parts = segment.split('%');
    normal.push_str(parts.next()?);
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let byte = u8::from_str_radix(digits, 16).ok().filter(|_| is_hex)?;
        match is_unreserved(byte) {
            true => normal.push(char::from(byte)),
            false => write!(normal, "%{byte:02X}").ok()?,
        }
        normal.push_str(rest);
    }
    Some(())
}

/// Whether the path of a request can be one of a URL.
fn is_path(path: &str) -> bool {
    let is_plain = |byte| is_plain(byte) && !matches!(byte, b'?' | b'#');
    let is_escape = |rest: &str| {
        let digits = rest.as_bytes().first_chunk::<2>();
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    path.starts_with('/') && path.bytes().all(is_plain) && path.split('%').skip(1).all(is_escape)
}

/// Visible ASCII but for the backslash. More than RFC 3986 allows: clients do not escape every
/// character that they should.
const fn is_plain(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7e) && byte != b'\\'
}

/// RFC 3986 §2.3.
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

#[cfg(test)]
mod by_the_rfc;
#[cfg(test)]
mod tests;
