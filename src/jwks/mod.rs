//! What we take from a JWK Set (RFC 7517 §5) and what we pass over.
//!
//! A set is read member by member. A key that cannot be used is skipped with a [`SkipReason`] that
//! health shows; only a document that is no key set, or that holds no usable key at all, is refused
//! as a whole, so that one foreign key never takes the others down.
//!
//! | in a key | what happens |
//! | --- | --- |
//! | `use` other than `sig`, `key_ops` without `verify` | skipped (RFC 7517 §4.2, §4.3) |
//! | no `alg` | fits every algorithm of its type and curve |
//! | `alg` of another type or curve, or unknown | skipped |
//! | RSA under 2048 or over 8192 bits, modulus even, exponent even or under 3 | skipped |
//! | padding or the standard alphabet in `n`, `e`, `x`, `y` | tolerated: some providers publish it |
//! | leading zero octets in `n` | stripped: some providers publish them |
//! | private members | the public part is used, with a warning |
//! | `oct` keys | used only from a static source and with an `HS*` algorithm listed by name |
//! | `x5c`, `x5t`, `x5u` | never read |
//! | two keys with one `kid` | those that fit `alg` are tried, at most four |

mod input;
#[cfg(feature = "jsonwebtoken")]
mod jsonwebtoken;
mod key;
#[cfg(any(feature = "jsonwebtoken", feature = "test-util"))]
mod raw;
mod set;

#[cfg(feature = "jsonwebtoken")]
pub(crate) use self::jsonwebtoken::jwk_of_pem;
pub use input::{Jwk, JwkSet};
pub use key::SkipReason;
#[cfg(feature = "test-util")]
pub(crate) use raw::jwk_of_raw_key;
pub use set::KeySetError;
pub(crate) use set::{KeyMiss, KeySet, KeySetOptions};

#[cfg(all(
    test,
    any(feature = "aws_lc_rs", feature = "rust_crypto"),
    feature = "test-util"
))]
mod tests;
