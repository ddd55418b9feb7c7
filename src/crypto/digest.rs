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

#[cfg(all(test, any(feature = "aws_lc_rs", feature = "rust_crypto")))]
mod tests {
    use super::*;

    /// The examples of FIPS 180-4 for one block and for two, and the empty message.
    #[test]
    fn sha256_of_the_examples() {
        let hex = |hash: [u8; 32]| hash.map(|octet| format!("{octet:02x}")).concat();
        let two_blocks = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        for (message, want) in [
            (
                &b""[..],
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
            (
                b"abc",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                two_blocks,
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            ),
        ] {
            assert_eq!(hex(sha256(&[message])), want);
            for at in 0..=message.len() {
                let (one, two) = message.split_at(at);
                assert_eq!(hex(sha256(&[one, &[], two])), want);
            }
        }
    }
}
