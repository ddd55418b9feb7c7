//! SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104) by the back end in use.

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

/// The MAC of all parts, one after another.
#[cfg(feature = "aws_lc_rs")]
pub(crate) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    use aws_lc_rs::hmac::{Context, HMAC_SHA256, Key};

    let mut context = Context::with_key(&Key::new(HMAC_SHA256, key));
    for part in parts {
        context.update(part);
    }
    let mut mac = [0; 32];
    mac.copy_from_slice(context.sign().as_ref());
    mac
}

/// The MAC of all parts, one after another.
#[cfg(all(feature = "rust_crypto", not(feature = "aws_lc_rs")))]
#[expect(
    clippy::expect_used,
    reason = "HMAC takes keys of any length (RFC 2104 §2)"
)]
pub(crate) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    use hmac::{Hmac, KeyInit as _, Mac as _};

    let mut context = Hmac::<sha2::Sha256>::new_from_slice(key).expect("a key of any length");
    for part in parts {
        context.update(part);
    }
    context.finalize().into_bytes().into()
}

/// Never called: without a back end `build()` fails.
#[cfg(not(any(feature = "aws_lc_rs", feature = "rust_crypto")))]
pub(crate) fn hmac_sha256(_: &[u8], _: &[&[u8]]) -> [u8; 32] {
    [0; 32]
}

#[cfg(all(test, any(feature = "aws_lc_rs", feature = "rust_crypto")))]
mod tests {
    use super::*;

    fn hex(octets: [u8; 32]) -> String {
        octets.map(|octet| format!("{octet:02x}")).concat()
    }

    /// The examples of FIPS 180-4 for one block and for two, and the empty message.
    #[test]
    fn sha256_of_the_examples() {
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

    /// RFC 4231 §4.2, §4.3 and §4.7: a short key, a shorter one, and one of more than a block.
    #[test]
    fn hmac_sha256_of_the_examples() {
        for (key, message, want) in [
            (
                &[0x0b; 20][..],
                "Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe",
                "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 131],
                "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            assert_eq!(hex(hmac_sha256(key, &[message.as_bytes()])), want);
            for at in 0..=message.len() {
                let (one, two) = message.split_at(at);
                let parts = [one.as_bytes(), &[], two.as_bytes()];
                assert_eq!(hex(hmac_sha256(key, &parts)), want);
            }
        }
    }
}
