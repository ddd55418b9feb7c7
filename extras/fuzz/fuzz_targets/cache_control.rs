//! The input is `max_age|cooldown|failures|Cache-Control|Age|Retry-After`: the first three are
//! numbers, and `&` separates several lines of `Cache-Control`.
#![no_main]

use std::time::Duration;

use http::header::{AGE, CACHE_CONTROL, RETRY_AFTER};
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use tower_jwt_auth::fuzzing::pauses;
use tower_jwt_auth::limits::{MAX_DURATION, MIN_SERVER_MAX_AGE};
use tower_jwt_auth_fuzz::part;

fuzz_target!(|input: &[u8]| {
    let (max_age, rest) = part(input, b'|');
    let (cooldown, rest) = part(rest, b'|');
    let (failures, rest) = part(rest, b'|');
    let (cache_control, rest) = part(rest, b'|');
    let (age, retry_after) = part(rest, b'|');

    let mut headers = HeaderMap::new();
    for line in cache_control.split(|byte| *byte == b'&') {
        headers.append(CACHE_CONTROL, value(line));
    }
    headers.insert(AGE, value(age));
    headers.insert(RETRY_AFTER, value(retry_after));
    let (max_age, cooldown) = (configured(max_age), configured(cooldown));
    let failures = number(failures) as u8;

    for jitter in [0.0, 0.999] {
        let pauses = pauses(&headers, max_age, cooldown, failures, jitter);
        // Refreshed after 80 % of the lifetime, which is at most `max_age` and at least 30 s or
        // `max_age`.
        let least = MIN_SERVER_MAX_AGE.min(max_age).mul_f64(0.8 * 0.9);
        let most = max_age.mul_f64(0.8);
        assert!((least..=most).contains(&pauses.good), "{pauses:?}");
        // The back-off is at least a second minus the jitter, and `Retry-After` is capped.
        let least = Duration::from_secs(1).mul_f64(0.75);
        assert!(
            (least..=max_age.max(cooldown)).contains(&pauses.failed),
            "{pauses:?}"
        );
    }
});

/// A duration that the configuration accepts.
fn configured(text: &[u8]) -> Duration {
    Duration::from_secs(number(text)).clamp(Duration::from_secs(1), MAX_DURATION)
}

fn number(text: &[u8]) -> u64 {
    let text = std::str::from_utf8(text).unwrap_or_default();
    text.parse().unwrap_or_default()
}

fn value(text: &[u8]) -> HeaderValue {
    HeaderValue::from_bytes(text).unwrap_or(HeaderValue::from_static(""))
}
