//! Secrets that this process makes up.

use std::hash::{BuildHasher as _, RandomState};

/// 32 bytes that nobody else can predict.
#[cfg(feature = "aws_lc_rs")]
pub(crate) fn random_secret() -> [u8; 32] {
    let mut secret = of_hash_keys();
    // Ends the process rather than return an error.
    let _ = aws_lc_rs::rand::fill(&mut secret);
    secret
}

/// 32 bytes that nobody else can predict.
#[cfg(not(feature = "aws_lc_rs"))]
pub(crate) fn random_secret() -> [u8; 32] {
    of_hash_keys()
}

/// The standard library seeds its hashes with 128 random bits of the operating system, as many as a
/// nonce has. They need no further dependency.
fn of_hash_keys() -> [u8; 32] {
    let keys = RandomState::new();
    let mut secret = [0; 32];
    for (at, part) in secret.chunks_exact_mut(8).enumerate() {
        part.copy_from_slice(&keys.hash_one(at).to_ne_bytes());
    }
    secret
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_their_parts_differ() {
        let secrets = [
            random_secret(),
            random_secret(),
            of_hash_keys(),
            of_hash_keys(),
        ];
        let parts: std::collections::HashSet<&[u8]> =
            secrets.iter().flat_map(|secret| secret.chunks(8)).collect();
        assert_eq!(parts.len(), 16);
    }
}
