//! Verification of one JWT access token, from its bytes to a `Verified`. Nothing here reads the
//! clock or does I/O: the time, the policy and the keys are arguments.
//!
//! `verifier` calls the stages, and `config` builds the policy; `wire` and `caller` use only the
//! errors and `Verified`. `proof` reads its JWTs with `compact` and `json`.
//!
//! The checks run in this order, the cheapest first, so that a token costs a fetch or a signature
//! verification only after it has passed all the others:
//!
//! 1. size of the token (`max_token_bytes`)
//! 2. three segments (RFC 7515 §7.1), each canonical base64url (RFC 7515 §2), checked when it is
//!    decoded: the header now, the claims before step 4, the signature before step 9
//! 3. header: one JSON object, no repeated member, no `crit`, `b64`, `enc`, nested `cty`, `zip` of
//!    `DEF` (RFC 7515 §4, RFC 7797 §7), and an `alg` in the allow-list of at least one issuer (RFC
//!    8725 §3.1)
//! 4. claims: one JSON object, no repeated member, every type correct (RFC 7519 §4)
//! 5. `alg` in the allow-list of the token's issuer, `typ` of an access token, no `events` (RFC
//!    8725 §3.1, §3.11, §3.12; RFC 9068 §4)
//! 6. `iss`, `aud` (RFC 7519 §4.1.1, §4.1.3; RFC 8707 §2), or the client of a token without `aud`,
//!    if that is allowed
//! 7. `exp`, `nbf`, `iat` (RFC 7519 §4.1.4-6), and the age of the token if it is limited
//! 8. members that the profile or the provider requires (RFC 9068 §2.2), and a `cnf` whose key can
//!    be proven here, or none (RFC 7800 §3.1)
//! 9. the key: by `kid`, key type, `alg`, `use` and `key_ops` (RFC 7517 §4)
//! 10. the signature (RFC 7515 §5.2)
//!
//! Claims of more than [`MAX_UNVERIFIED_CLAIMS_BYTES`](crate::limits::MAX_UNVERIFIED_CLAIMS_BYTES)
//! are not decoded at step 4. A glance at their start names the issuer, and what it finds passes
//! steps 5 to 7 (`glance`). Steps 9 and 10 come next, and then all of steps 4 to 8: only the issuer
//! makes us read so much. Where the key is missing, or a fetch may bring another one, steps 4 to 8
//! come before the fetch. Where the start does not name the issuer, and several are trusted, the
//! order is that of any token.
//!
//! For a token that is not a JWT, `answer` judges what its issuer says about it.

mod answer;
mod claims;
mod cnf;
#[allow(
    clippy::arithmetic_side_effects,
    reason = "places in a token, which is bounded"
)]
mod compact;
mod confirmation;
mod error;
mod glance;
mod header;
pub(crate) mod json;
pub(crate) mod json_values;
#[cfg(feature = "redis")]
pub(crate) mod marks;
#[allow(
    clippy::arithmetic_side_effects,
    reason = "a count of members, which are bounded"
)]
mod names;
mod policy;
mod read_options;
mod stages;
#[allow(
    clippy::arithmetic_side_effects,
    reason = "lengths of texts that are in memory"
)]
pub(crate) mod verified;

pub(crate) use answer::{AnswerError, AnswerRules, Vouched, judge};
pub(crate) use claims::ScopeClaim;
pub(crate) use compact::{Compact, HeaderBuffer, Scratch, SignatureBuffer, StartBuffer};
pub use confirmation::Confirmation;
#[cfg(test)]
pub(crate) use confirmation::Thumbprint;
pub use error::{TokenError, TokenErrorKind};
pub(crate) use glance::{Glance, claimed_issuer};
pub(crate) use header::{Header, without_application};
pub(crate) use policy::{AudienceRule, KeyProofs, Profile, ProviderRule, ValidationPolicy};
pub(crate) use read_options::ReadOptions;
pub(crate) use stages::{Checked, HeaderRead, SignatureVerified, Unread};
#[cfg(feature = "test-util")]
pub(crate) use stages::{verified_of_claims, verify_jws, verify_raw};
