//! Proof of possession: a stolen token is worth nothing without the key that it is bound to
//! (DPoP, RFC 9449; certificate-bound tokens, RFC 8705 §3).
//!
//! Everything here takes values and the time as arguments and returns a verdict. The verifier calls
//! it for every request, also when the token itself is cached: the cache answers whether a token is
//! good, never whether this caller holds its key.
//!
//! `possession` is what the verifier calls. It asks the others: `dpop` and `mtls` read what the
//! request shows, `nonce` judges how fresh a proof is, and `replay` remembers which were used.
//! `settings` has the values as you set them.

pub(crate) mod dpop;
pub(crate) mod mtls;
pub(crate) mod nonce;
pub(crate) mod possession;
pub(crate) mod replay;
pub(crate) mod settings;

pub use crate::token::Confirmation;
pub use mtls::{CertificateFormat, ClientCertificate, PeerAddress, TrustedPeersError};
pub use nonce::NonceMode;
pub use replay::{ProofId, ReplayFuture, ReplayStore, ReplayStoreError};
pub use settings::{Dpop, Mtls};
