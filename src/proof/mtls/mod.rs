//! Which certificate the client of a request has (RFC 8705 §3): of its own TLS connection, or told
//! by a proxy in a header.
//!
//! A certificate counts only as the mark of a key: TLS has proven that the client holds it. No
//! X.509 is parsed; chain, dates, names and revocation are not looked at (RFC 8705 §6.2). `peers`
//! says from whom a header is believed, `format` reads it, with `pem`, `xfcc` and `encoding`.

mod encoding;
mod format;
mod peers;
mod pem;
#[cfg(all(test, any(feature = "aws_lc_rs", feature = "rust_crypto")))]
mod tests;
mod xfcc;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::{Extensions, HeaderMap, HeaderName};

use crate::crypto::sha256;
use crate::limits::MAX_CERTIFICATE_HEADER_BYTES;
use crate::telemetry;

pub use format::CertificateFormat;
pub(crate) use peers::TrustedPeers;
pub use peers::{PeerAddress, TrustedPeersError};

/// The certificate that the client proved to hold in the TLS handshake, for tokens that are bound
/// to it (RFC 8705 §3). An extension of the request.
///
/// A server that ends TLS itself creates one for each connection whose client sent a certificate,
/// and inserts a clone into the extensions of each request, in front of
/// [`JwtAuthLayer`](crate::JwtAuthLayer). It keeps only the SHA-256 hash, so a clone costs nothing.
/// The TLS stack must have verified the signature of the handshake; it need not verify the
/// certificate itself.
///
/// ```
/// use tower_jwt_auth::proof::ClientCertificate;
///
/// // With rustls: connection.peer_certificates(), the first of them.
/// fn insert<B>(request: &mut http::Request<B>, der: &[u8]) {
///     request.extensions_mut().insert(ClientCertificate::from_der(der));
/// }
/// ```
#[derive(Clone)]
pub struct ClientCertificate {
    thumbprint: [u8; 32],
}

impl ClientCertificate {
    /// From the DER encoding of the client's own certificate, the first of the chain. Not its PEM
    /// text: the hash would be another one.
    #[must_use]
    pub fn from_der(der: &[u8]) -> Self {
        Self {
            thumbprint: sha256(&[der]),
        }
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It identifies a client in every log that shows the extensions.
        f.write_str("ClientCertificate(..)")
    }
}

/// Where certificates come from. There is one place: with two, a client could choose which counts.
#[derive(Clone, Debug)]
pub(crate) enum CertificateSource {
    /// The extension [`ClientCertificate`]. Headers are not looked at.
    Extension,
    /// A header. The extension is not looked at: it would be the certificate of the proxy.
    Header(CertificateHeader),
}

#[derive(Clone, Debug)]
pub(crate) struct CertificateHeader {
    name: HeaderName,
    format: CertificateFormat,
    peers: TrustedPeers,
    peer_missing_reported: Arc<AtomicBool>,
}

impl CertificateSource {
    pub(crate) fn header(name: HeaderName, format: CertificateFormat, peers: TrustedPeers) -> Self {
        Self::Header(CertificateHeader {
            name,
            format,
            peers,
            peer_missing_reported: Arc::default(),
        })
    }

    /// The SHA-256 hash of the client's certificate, if there is exactly one that counts.
    pub(crate) fn thumbprint(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Option<[u8; 32]> {
        let thumbprint = match self {
            Self::Extension => extensions.get::<ClientCertificate>()?.thumbprint,
            Self::Header(header) => header.thumbprint(headers, extensions)?,
        };
        (thumbprint != HASH_OF_NOTHING).then_some(thumbprint)
    }

    /// The header that the service must not see, because its sender is not trusted (RFC 9440 §4).
    pub(crate) fn header_to_remove(&self, extensions: &Extensions) -> Option<&HeaderName> {
        match self {
            Self::Header(header) if !header.peers.contain(extensions.get()) => Some(&header.name),
            Self::Header(_) | Self::Extension => None,
        }
    }
}

impl CertificateHeader {
    fn thumbprint(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<[u8; 32]> {
        let mut lines = headers.get_all(&self.name).iter();
        // Of two lines, one may be the client's own (RFC 9440 §2.2).
        let (line, None) = (lines.next()?, lines.next()) else {
            return None;
        };
        let peer = extensions.get();
        if !self.peers.contain(peer) {
            if peer.is_none() && !self.peer_missing_reported.swap(true, Ordering::Relaxed) {
                telemetry::peer_address_missing(self.name.as_str());
            }
            return None;
        }
        let is_short = line.len() <= MAX_CERTIFICATE_HEADER_BYTES;
        is_short.then(|| self.format.thumbprint(line.as_bytes()))?
    }
}

/// What a hash over a certificate is if there was none. Issuers and proxies that do not notice both
/// come to this value.
const HASH_OF_NOTHING: [u8; 32] = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];
