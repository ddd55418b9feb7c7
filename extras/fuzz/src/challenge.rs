use http::HeaderValue;

/// The parameters of a challenge.
///
/// # Panics
///
/// When the challenge is not written as RFC 6750 §3 allows, or its parameters are in another order
/// than ours.
pub fn parameters(challenge: &HeaderValue) -> Vec<(&str, &str)> {
    let line = challenge.to_str().expect("visible ASCII");
    let rest = line.strip_prefix("Bearer ").expect("the scheme");
    let parameters: Vec<_> = rest
        .split("\", ")
        .map(|parameter| parameter.split_once("=\"").expect("a quoted parameter"))
        .map(|(name, value)| (name, value.strip_suffix('"').unwrap_or(value)))
        .collect();
    assert!(rest.ends_with('"'), "{line}");
    assert!(
        parameters.iter().all(|(_, value)| is_plain(value)),
        "{line}"
    );
    let places: Vec<_> = parameters
        .iter()
        .map(|(name, _)| ORDER.iter().position(|known| known == name))
        .collect();
    assert!(places.is_sorted_by(|a, b| a < b), "{line}");
    assert!(places.iter().all(Option::is_some), "{line}");
    assert!(!parameters.contains(&("scope", "")), "{line}");
    parameters
}

/// `%x20-21 / %x23-5B / %x5D-7E`
fn is_plain(value: &str) -> bool {
    value
        .bytes()
        .all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

const ORDER: [&str; 5] = [
    "realm",
    "error",
    "scope",
    "resource_metadata",
    "error_description",
];
