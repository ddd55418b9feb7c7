//! JWK Sets (RFC 7517 §5): which keys are used, which are skipped, and which one verifies a token.
//!
//! `keys` parses fetched sets here, `config` static ones, and `token` verifies signatures with
//! them. In order:
//!
//! 1. `input` takes the keys of the configuration as JSON; `jsonwebtoken` and `raw` convert other
//!    forms to JWKs.
//! 2. `set` reads a set member by member, and `key` parses each key. A key that cannot be used is
//!    skipped with a [`SkipReason`], which the health report shows. Only a document that is not a
//!    key set, or that holds no usable key at all, is refused as a whole, so that one unsupported
//!    key never makes the others unusable.
//!    A set that is fetched again is compared by its usable keys, not by its bytes.
//! 3. `KeySet::verify` selects the key by `kid` and `alg`, and verifies the signature.
//!
//! The private key of this server itself comes from a file, through `private_key`.
//!
//! | in a key | effect |
//! | --- | --- |
//! | `use` other than `sig`, `key_ops` without `verify` | skipped (RFC 7517 §4.2, §4.3) |
//! | no `alg` | fits every algorithm of its type and curve |
//! | `alg` of another type or curve, or unknown | skipped |
//! | RSA under 2048 or over 8192 bits, modulus even, exponent even or under 3 | skipped |
//! | padding or the standard alphabet in `n`, `e`, `x`, `y` | tolerated: some providers publish it |
//! | leading zero octets in `n` | stripped: some providers publish them |
//! | private members | the public part is used, with a warning |
//! | a member that is `null` | read as absent: some serialisers write members that are not set |
//! | `oct` keys | used only from a static source and with an `HS*` algorithm listed by name |
//! | `x5c`, `x5t`, `x5u` | never read |
//! | two keys with one `kid` | the keys that fit `alg` are tried, at most four |

mod der;
mod input;
#[cfg(feature = "jsonwebtoken")]
mod jsonwebtoken;
mod key;
mod private_key;
#[cfg(any(feature = "jsonwebtoken", feature = "test-util"))]
mod raw;
mod set;
mod skip_reason;

#[cfg(feature = "jsonwebtoken")]
pub(crate) use self::jsonwebtoken::jwk_of_pem;
pub use input::{Jwk, JwkSet};
pub(crate) use key::{UNCOMPRESSED_POINT, rsa_material};
pub(crate) use private_key::{PrivateKey, PrivateKeyError};
#[cfg(feature = "test-util")]
pub(crate) use raw::jwk_of_raw_key;
pub(crate) use set::{KeyMiss, KeySet, KeySetOptions};
pub use set::{KeySetError, SkippedKey};
pub use skip_reason::SkipReason;

#[cfg(all(
    test,
    any(feature = "aws_lc_rs", feature = "rust_crypto"),
    feature = "test-util"
))]
mod tests;
