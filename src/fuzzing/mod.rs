//! Access to private functions for the targets in `fuzz/`, which are its only callers. Compiled
//! only by `cargo fuzz`; not part of the public interface. `keys` holds the functions about
//! fetching keys; the functions here read the token of a request and a key set.

mod keys;

use http::HeaderMap;

use crate::Algorithm;
use crate::jwks::{KeySet, KeySetError, KeySetOptions};
pub use keys::{Discovery, Pauses, pauses};

/// The bearer token of a request, if it carries exactly one.
#[must_use]
pub fn bearer(headers: &mut HeaderMap) -> Option<&str> {
    let finder = crate::wire::credentials::TokenFinder::default();
    let token = finder.find(headers).ok()?.bytes();
    let is_token = crate::wire::credentials::is_b64token(token);
    std::str::from_utf8(token).ok().filter(|_| is_token)
}

/// The number of keys in a key set, by result.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct KeyCounts {
    /// Above the limit, and not read.
    pub beyond_limit: usize,
    /// Not usable.
    pub skipped: usize,
    /// Whether a key serves an `HS*` algorithm.
    pub symmetric: bool,
    /// Usable.
    pub used: usize,
}

/// Reads a key set: as a static one if `HS*` algorithms are listed, otherwise as a fetched one.
///
/// # Errors
///
/// If it is rejected as a whole.
pub fn key_counts(document: &[u8], symmetric: &[Algorithm]) -> Result<KeyCounts, KeySetError> {
    let options = KeySetOptions {
        symmetric,
        ..KeySetOptions::default()
    };
    let keys = KeySet::parse(document, options)?;
    let secret = [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];
    Ok(KeyCounts {
        beyond_limit: keys.beyond_limit(),
        skipped: keys.skipped().len(),
        symmetric: secret.iter().any(|algorithm| keys.has_key_for(*algorithm)),
        used: keys.len(),
    })
}

/// Whether two fetched key sets hold the same usable keys; `false` if one of them is rejected.
#[must_use]
pub fn have_same_keys(one: &[u8], other: &[u8]) -> bool {
    let parse = |document| KeySet::parse(document, KeySetOptions::default());
    match (parse(one), parse(other)) {
        (Ok(one), Ok(other)) => one.has_same_keys(&other),
        _ => false,
    }
}
