//! Proof of possession: a stolen token is worth nothing without the key that it is bound to
//! (DPoP, RFC 9449; certificate-bound tokens, RFC 8705 §3).
//!
//! Everything here takes values and the time as arguments and returns a verdict. The verifier calls
//! it for every request, also when the token itself is cached: the cache answers whether a token is
//! good, never whether this caller holds its key.

pub(crate) mod dpop;
#[cfg_attr(
    not(test),
    expect(
        dead_code,
        reason = "the verifier asks it for the certificate of a client"
    )
)]
pub(crate) mod mtls;
pub(crate) mod nonce;
pub(crate) mod replay;

pub use crate::token::Confirmation;
pub use mtls::{
    CertificateFormat, ClientCertificate, PeerAddress, TrustedPeersError, UnknownCertificateFormat,
};
