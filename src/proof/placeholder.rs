//! Stand-ins for types of `nonce`, `replay` and `mtls`, until those are here.
use std::fmt;

/// Stand-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NonceMode {
    /// Stand-in.
    Auto,
    /// Stand-in.
    Off,
    /// Stand-in.
    Required,
}

/// Stand-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateFormat {
    /// Stand-in.
    DerBase64,
    /// Stand-in.
    PemEscaped,
    /// Stand-in.
    PemEscapedChain,
    /// Stand-in.
    Rfc9440,
    /// Stand-in.
    Sha256Hex,
    /// Stand-in.
    Xfcc,
}

/// Stand-in.
pub trait ReplayStore: fmt::Debug + Send + Sync + 'static {}
