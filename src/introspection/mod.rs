//! Tokens that are not JWTs: the issuer says what they are (RFC 7662, RFC 9701).
