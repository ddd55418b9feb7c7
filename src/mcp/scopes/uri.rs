//! Whether a server that resolves the URI of a resource can end up at another resource.

use crate::base::hex;

/// Whether every reading of the URI stays below each prefix that the URI has (RFC 3986 §5.2.4).
///
/// Parsers remove tabs and line breaks, turn `\` into `/`, resolve dot segments, and decode
/// percent-encodings, some of them twice; file systems ignore spaces at the end. So a plain URI
/// consists of the characters of RFC 3986 §2 alone, and no segment of it, percent-decoded until
/// nothing changes, is a dot segment or contains a separator or a control character.
pub(super) fn is_plain(uri: &str) -> bool {
    let mut segments = uri.split([':', '/', '?', '#']);
    has_only_uri_characters(uri.as_bytes())
        && segments.all(|segment| is_plain_segment(&decoded(segment.as_bytes())))
}

/// The text before the first expression of a URI template (RFC 6570 §2.2), with which every URI of
/// the template begins. `None` if `template` is none, or is not plain: neither with a plain segment
/// in place of each expression, nor with nothing, which an expression may stand for as well.
pub(super) fn plain_template(template: &str) -> Option<&str> {
    let (literal, _) = template.split_once('{')?;
    let is_plain_with = |value| expanded(template, value).is_some_and(|uri| is_plain(&uri));
    (is_plain_with("x") && is_plain_with("")).then_some(literal)
}

/// The template with `value` in place of each expression. `None` if a brace is missing or inside
/// another.
fn expanded(template: &str, value: &str) -> Option<String> {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((literal, behind)) = rest.split_once('{') {
        let (expression, behind) = behind.split_once('}')?;
        if expression.contains('{') {
            return None;
        }
        out.push_str(literal);
        out.push_str(value);
        rest = behind;
    }
    out.push_str(rest);
    Some(out)
}

/// The characters of RFC 3986 §2, with two hexadecimal digits after each `%`.
fn has_only_uri_characters(uri: &[u8]) -> bool {
    let mut rest = uri;
    while let Some((&first, behind)) = rest.split_first() {
        rest = match (first, behind) {
            (b'%', [high, low, behind @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                behind
            }
            (b'%', _) => return false,
            _ if first.is_ascii_alphanumeric() || PUNCTUATION.contains(&first) => behind,
            _ => return false,
        };
    }
    true
}

const PUNCTUATION: &[u8] = b"-._~:/?#[]@!$&'()*+,;=";

/// The segment without percent-encodings, also without those that decoding brings about
/// (`%252e`). Takes one pass: each octet that is added may complete an encoding.
fn decoded(segment: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(segment.len());
    for &octet in segment {
        out.push(octet);
        while let [.., b'%', high, low] = out[..]
            && let Some(octet) = hex::octet([high, low])
        {
            out.truncate(out.len().saturating_sub(3));
            out.push(octet);
        }
    }
    out
}

/// The URI in the form in which rules compare it, so that another spelling does not evade a rule:
/// without query and fragment, with scheme and host in lower case, percent-decoded, and without
/// empty segments. A path without a scheme is one of a file. Only for comparison with another
/// result of this function.
pub(super) fn normalised(uri: &str) -> Vec<u8> {
    let end = uri.find(['?', '#']).unwrap_or(uri.len());
    let uri = uri.get(..end).unwrap_or_default();
    let (scheme, rest) = match uri.split_once(':') {
        None if uri.starts_with('/') => ("file", uri),
        None => ("", uri),
        Some(parts) => parts,
    };
    let scheme = scheme.to_ascii_lowercase();
    let (host, path) = match (rest.strip_prefix("//"), default_port(&scheme)) {
        (_, Some(port)) => {
            // Parsers take any number of slashes there (WHATWG URL §4.4).
            let (host, path) = split_at_slash(rest.trim_start_matches('/'));
            (web_host(host, port), path)
        }
        (None, None) => (String::new(), rest),
        (Some(rest), None) => {
            let (host, path) = split_at_slash(rest);
            (host.to_ascii_lowercase(), path)
        }
    };
    let host = match (&*scheme, &*host) {
        ("file", "localhost") => "",
        (_, host) => host,
    };
    let mut out = format!("{scheme}://{host}").into_bytes();
    if scheme == "file" && !path.is_empty() {
        // Also where the URI has no slash: `file:a` is `file:///a`.
        out.push(b'/');
    }
    for octet in decoded(path.as_bytes()) {
        if octet != b'/' || out.last() != Some(&b'/') || out.ends_with(b"://") {
            out.push(octet);
        }
    }
    out
}

/// For the schemes whose hosts are compared as servers of the web do.
fn default_port(scheme: &str) -> Option<&'static str> {
    match scheme {
        "ftp" => Some(":21"),
        "http" | "ws" => Some(":80"),
        "https" | "wss" => Some(":443"),
        _ => None,
    }
}

/// Without user name, default port, and the dot at the end of a name.
fn web_host(authority: &str, port: &str) -> String {
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = decoded(host.as_bytes()).to_ascii_lowercase();
    let host = String::from_utf8_lossy(&host);
    let ports = [port, ":"];
    let without_port = ports.iter().find_map(|port| host.strip_suffix(port));
    let host = without_port.unwrap_or(&host);
    host.strip_suffix('.').unwrap_or(host).to_owned()
}

fn split_at_slash(rest: &str) -> (&str, &str) {
    rest.split_at(rest.find('/').unwrap_or(rest.len()))
}

fn is_plain_segment(decoded: &[u8]) -> bool {
    // Some servers cut off what follows a semicolon, or a decoded `?` or `#`, before they resolve
    // dot segments.
    let name = decoded.split(|octet| b";?#".contains(octet)).next();
    let is_dots = name.is_some_and(|name| matches!(name.trim_ascii(), b"." | b".."));
    let is_separated = |octet: &u8| matches!(octet, b'/' | b'\\') || octet.is_ascii_control();
    // Overlong encodings of a dot or a slash are not UTF-8 (RFC 3629 §10).
    !is_dots && !decoded.iter().any(is_separated) && std::str::from_utf8(decoded).is_ok()
}

#[cfg(test)]
mod tests;
