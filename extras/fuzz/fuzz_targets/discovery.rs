//! The input is `flags issuer|metadata document`. The flags are the low bits of the first byte:
//! http is allowed, and the host is pinned.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tower_jwt_auth::fuzzing::Discovery;
use tower_jwt_auth_fuzz::part;
use url::{Host, Url};

fuzz_target!(|input: &[u8]| {
    let Some((flags, rest)) = input.split_first() else {
        return;
    };
    let (issuer, document) = part(rest, b'|');
    let Ok(issuer) = std::str::from_utf8(issuer) else {
        return;
    };
    let (allow_http, pin_host) = (flags & 1 == 1, flags & 2 == 2);
    let Some(discovery) = Discovery::new(issuer, allow_http, pin_host) else {
        return;
    };
    let url = discovery.issuer();
    let candidates = discovery.candidates();
    assert!((2..=3).contains(&candidates.len()));
    for candidate in candidates {
        assert_eq!(candidate.origin(), url.origin());
        assert!(candidate.path().contains("/.well-known/"), "{candidate}");
    }
    match discovery.jwks_uri(document) {
        Ok(found) => check_found(&found, url, issuer, document, (allow_http, pin_host)),
        Err(error) => {
            let text = error.to_string();
            assert!(text.chars().count() < 8 * issuer.len() + 1000, "{text}");
            assert!(!text.contains(char::is_control), "{text:?}");
        }
    }
});

fn check_found(
    found: &Url,
    issuer: &Url,
    name: &str,
    document: &[u8],
    (allow_http, pin_host): (bool, bool),
) {
    // Another parser may refuse the value of a member that we ignore.
    let bare = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
    if let Ok(metadata) = serde_json::from_slice::<serde_json::Value>(bare) {
        assert_eq!(metadata["issuer"], name);
    }
    assert!(
        found.scheme() == "https" || allow_http || is_local(found),
        "{found}"
    );
    assert!(matches!(found.scheme(), "http" | "https"), "{found}");
    assert!(
        !is_local(found) || allow_http || is_local(issuer),
        "{found}"
    );
    assert!(found.username().is_empty() && found.password().is_none());
    assert!(found.fragment().is_none());
    assert!(!pin_host || found.host() == issuer.host());
}

fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.trim_end_matches('.') == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Some(Host::Ipv6(address)) => {
            let inside = address.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback());
            address.is_loopback() || address.is_unspecified() || inside
        }
        None => false,
    }
}
