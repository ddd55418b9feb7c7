//! Tokens that are not JWTs: the issuer says what they are (RFC 7662, RFC 9701).

mod placeholder;
pub(crate) mod settings;

pub use placeholder::Introspector;
pub use settings::{ClientAuth, IntrospectedTokens, Introspection, JwtResponse};
