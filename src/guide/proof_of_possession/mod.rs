//! Tokens that are bound to a key of the client: a stolen one is worth nothing without it.
//!
//! - [`dpop`]: the client signs a proof for each request (DPoP, RFC 9449). For apps, agents and
//!   pages, and for every server that is behind a proxy.
//! - [`mtls`]: certificate-bound tokens (RFC 8705 §3), with TLS in your process or at a proxy. For
//!   machines that have certificates anyway.
//!
//! # What it protects against
//!
//! A bearer token works for everybody who has it: from a log, a crash report, another server, a
//! page with foreign script. A bound token names a key, and each request must prove that its sender
//! holds that key.
//!
//! | attack | bearer token | bound token |
//! | --- | --- | --- |
//! | the token is read from a log, a cache, a proxy, a trace | works until `exp` | is refused |
//! | another server, to which the user also gave a token, sends it here | is refused by its `aud` | is refused |
//! | the whole request is recorded and sent again | works | is refused: a proof works once |
//! | the request is recorded, and sent to another URL or with another method | works | is refused |
//! | the body of a request on its way is replaced | works | works: a proof covers method and URL, not query and body (RFC 9449 §11.7) |
//! | the client itself is taken over, with its key | works | works, as long as the attacker has the client |
//!
//! # How to roll it out
//!
//! 1. Set `dpop` (or `mtls`). Bearer tokens go on working; bound tokens, which were refused so far,
//!    work now.
//! 2. Let your issuer bind tokens, and let your clients prove their keys. The claim `cnf` of a
//!    token shows whether it is bound; [`AuthInfo::is_bound`](crate::AuthInfo::is_bound) tells your
//!    code.
//! 3. Require it where most is at stake: [`RequireBoundLayer`](crate::RequireBoundLayer) for single
//!    routes, or a [`check`](crate::config::JwtAuthConfigBuilder::check) for single scopes.
//! 4. When every client is there, set
//!    [`require_bound_tokens`](crate::config::JwtAuthConfigBuilder::require_bound_tokens). It comes
//!    last, because it locks out every client that does not know it.

pub mod dpop;
pub mod mtls;
