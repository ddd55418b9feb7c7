//! Tokens that are not JWTs: the issuer says what they are (RFC 7662, RFC 9701).
//!
//! The verifier calls this folder through `Introspected`, one for each issuer that is asked. A
//! token takes these steps, in order:
//!
//! 1. `opaque`: a JWT is verified, and shown to nobody unless the configuration says so.
//! 2. `memory`: an answer that still counts needs no call. One that will soon be too old is renewed
//!    in the background.
//! 3. `calls`: whoever asks about the same token waits for the same call. A task makes it, so that
//!    a caller who goes away takes nothing with it.
//! 4. `state` and its `pauses`: an endpoint that fails is left alone for a while. `places`: only so
//!    many calls are made at a time, and junk cannot use all of them.
//! 5. `client` asks over HTTP, or an `introspector` of the application. `failure` says what it
//!    means for other calls if there is no answer.
//! 6. `response` judges the answer, with `jwt` if it is signed; the rules are those of `token`.
//!
//! `settings` has the values as you set them.
//!
//! A token is shown to its issuer, and to nobody else: it is in no event, error or `Debug`.

mod calls;
pub(crate) mod client;
mod failure;
mod handle;
mod health;
mod introspected;
mod introspector;
mod jwt;
mod memory;
mod opaque;
mod pauses;
mod places;
mod recent;
mod response;
pub(crate) mod settings;
mod state;

pub use crate::net::FetchError;
pub use handle::Introspections;
pub use health::IntrospectionHealth;
pub(crate) use introspected::{Answered, Introspected, Looked, Plan, Source};
pub use introspector::{IntrospectionAnswer, IntrospectionFuture, Introspector};
pub(crate) use jwt::{AnswerKeys, KeysUnavailable, Signed, SignedAnswers, VerifyFuture};
pub(crate) use opaque::is_opaque;
pub use settings::{ClientAuth, IntrospectedTokens, Introspection, JwtResponse};
