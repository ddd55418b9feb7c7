//! A second normaliser of URLs, for the tests and for the fuzz target: the rules of `htu` once
//! more, as RFC 3986 writes them.

pub(crate) fn by_the_rfc(url: &str) -> Option<String> {
    let allowed = |one: char| one.is_ascii_graphic() && one != '\\';
    if !url.chars().all(allowed) {
        return None;
    }
    let without_fragment = url.split('#').next()?;
    let without_query = without_fragment.split('?').next()?;
    let (scheme, rest) = without_query.split_once(':')?;
    let scheme = scheme.to_ascii_lowercase();
    let default = match &*scheme {
        "http" => "80",
        "https" => "443",
        _ => return None,
    };
    let rest = rest.strip_prefix("//")?;
    let (authority, path) = match rest.split_once('/') {
        Some((authority, path)) => (authority, format!("/{path}")),
        None => (rest, "/".to_owned()),
    };
    let digits = |one: char| one.is_ascii_digit();
    let (host, port) = match authority.trim_end_matches(digits).strip_suffix(':') {
        Some(host) => (host, &authority[host.len() + 1..]),
        None => (authority, ""),
    };
    let host = host.to_ascii_lowercase();
    if !is_host(&host) {
        return None;
    }
    let port = match shortest(port) {
        "" => String::new(),
        port if port == default => String::new(),
        port if port.len() > 5 || port.parse::<u32>().is_ok_and(|port| port > 65_535) => {
            return None;
        }
        port => format!(":{port}"),
    };
    let path = without_dots(&unescaped(&path)?);
    Some(format!("{scheme}://{host}{port}{path}"))
}

/// RFC 3986 §3.2.2, without escapes.
fn is_host(host: &str) -> bool {
    let address = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let allowed = |one: char| match address {
        Some(_) => "0123456789abcdef:.".contains(one),
        None => one.is_ascii_alphanumeric() || "-._~!$&'()*+,;=".contains(one),
    };
    let text = address.unwrap_or(host);
    !text.is_empty() && text.chars().all(allowed)
}

/// A number without leading zeros.
fn shortest(port: &str) -> &str {
    match port.trim_start_matches('0') {
        "" if !port.is_empty() => "0",
        port => port,
    }
}

/// RFC 3986 §6.2.2.1, §6.2.2.2.
fn unescaped(path: &str) -> Option<String> {
    let (mut rest, mut output) = (path, String::new());
    while let Some(one) = rest.chars().next() {
        let length = if one == '%' { 3 } else { 1 };
        let (piece, behind) = rest.split_at_checked(length)?;
        rest = behind;
        let Some(digits) = piece.strip_prefix('%') else {
            output.push(one);
            continue;
        };
        let mut value = 0;
        for digit in digits.chars() {
            value = value * 16 + digit.to_digit(16)?;
        }
        match char::from_u32(value) {
            Some(one) if one.is_ascii_alphanumeric() || "-._~".contains(one) => output.push(one),
            _ => output.push_str(&piece.to_ascii_uppercase()),
        }
    }
    Some(output)
}

/// RFC 3986 §5.2.4.
fn without_dots(path: &str) -> String {
    let (mut input, mut output) = (path.to_owned(), String::new());
    while !input.is_empty() {
        if input.starts_with("/./") {
            input.replace_range(..2, "");
        } else if input == "/." {
            input = "/".to_owned();
        } else if input.starts_with("/../") || input == "/.." {
            input.replace_range(..3, "");
            if input.is_empty() {
                input.push('/');
            }
            output.truncate(output.rfind('/').unwrap_or(0));
        } else {
            let end = input[1..].find('/').map_or(input.len(), |at| at + 1);
            output.push_str(&input[..end]);
            input.replace_range(..end, "");
        }
    }
    output
}
