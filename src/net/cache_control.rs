//! The freshness lifetime of an HTTP response (RFC 9111 §4.2).

use std::time::Duration;

use http::HeaderMap;
use http::header::{AGE, CACHE_CONTROL};

/// The server's `max-age` minus its `Age`; zero for `no-store` and `no-cache`. `None` if there is
/// no valid value: a malformed header must neither shorten nor extend the lifetime of keys.
///
/// `s-maxage` is for shared caches, and this one is private; `Expires` is not read, because every
/// provider that we know of sends `max-age`.
pub(crate) fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let directives = headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let mut shortest: Option<Duration> = None;
    for directive in directives {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        let name = name.trim();
        let lifetime = if name.eq_ignore_ascii_case("max-age") {
            seconds(value.trim().trim_matches('"'))
        } else if name.eq_ignore_ascii_case("no-store") || name.eq_ignore_ascii_case("no-cache") {
            Some(Duration::ZERO)
        } else {
            None
        };
        // RFC 9111 §4.2.1: of conflicting directives, the most restrictive one counts.
        shortest = [shortest, lifetime].into_iter().flatten().min();
    }
    let age = headers
        .get(AGE)
        .and_then(|age| seconds(age.to_str().ok()?.trim()))
        .unwrap_or_default();
    shortest.map(|fresh| fresh.saturating_sub(age))
}

/// `delta-seconds` (RFC 9111 §1.2.2): digits only; a value that overflows is a very long time.
fn seconds(digits: &str) -> Option<Duration> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(Duration::from_secs(
        digits.parse().unwrap_or(u32::MAX).into(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives() {
        let cases: [(&[&str], Option<&str>, Option<u64>); 17] = [
            (&[], None, None),
            (&["max-age=300"], None, Some(300)),
            (&["public, max-age=300, must-revalidate"], None, Some(300)),
            (&["Max-Age = 300"], None, Some(300)),
            (&["max-age=\"300\""], None, Some(300)),
            (&["max-age=0"], None, Some(0)),
            (&["no-store"], None, Some(0)),
            (&["no-cache, max-age=300"], None, Some(0)),
            (&["max-age=300", "max-age=60"], None, Some(60)),
            (&["max-age=300, max-age=60"], None, Some(60)),
            (&["max-age=-1"], None, None),
            (&["max-age=soon"], None, None),
            (&["max-age"], None, None),
            (&["s-maxage=5"], None, None),
            (
                &["max-age=99999999999999999999"],
                None,
                Some(u64::from(u32::MAX)),
            ),
            (&["max-age=300"], Some("100"), Some(200)),
            (&["max-age=300"], Some("400"), Some(0)),
        ];
        for (values, age, want) in cases {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(CACHE_CONTROL, value.parse().unwrap());
            }
            if let Some(age) = age {
                headers.insert(AGE, age.parse().unwrap());
            }
            assert_eq!(
                max_age(&headers),
                want.map(Duration::from_secs),
                "{values:?} {age:?}"
            );
        }
    }
}
