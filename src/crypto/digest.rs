//! SHA-256 (FIPS 180-4) by the back end in use.

/// The hash of all parts, one after another.
#[cfg(feature = "aws_lc_rs")]
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    use aws_lc_rs::digest::{Context, SHA256};

    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// The hash of all parts, one after another.
#[cfg(all(feature = "rust_crypto", not(feature = "aws_lc_rs")))]
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    use sha2::{Digest as _, Sha256};

    let mut context = Sha256::new();
    for part in parts {
        context.update(part);
    }
    context.finalize().into()
}

/// Never called: without a back end `build()` fails.
#[cfg(not(any(feature = "aws_lc_rs", feature = "rust_crypto")))]
pub(crate) fn sha256(_: &[&[u8]]) -> [u8; 32] {
    [0; 32]
}
