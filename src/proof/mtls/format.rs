use super::encoding::{base64, sha256_of_der, sha256_of_hex, unescaped};
use super::{pem, xfcc};

/// How a proxy writes the client's certificate into a header. There is no default: each proxy has
/// its own way.
///
/// A value that is not exactly of the format counts as no certificate.
/// [The guide](crate::guide::proof_of_possession::mtls) has the settings of the proxies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateFormat {
    /// `der_base64` in a file. Base64 of the DER of one certificate: Traefik from 2.9.4 on, with
    /// `X-Forwarded-Tls-Client-Cert`. A comma, after which it writes the next certificate of a
    /// chain, is refused.
    DerBase64,
    /// `pem_escaped`. One certificate as percent-encoded PEM: nginx with
    /// `$ssl_client_escaped_cert`, AWS ALB with `X-Amzn-Mtls-Clientcert-Leaf`. `+` stays `+`. Text
    /// around the certificate is refused, and so is a second certificate.
    PemEscaped,
    /// `pem_escaped_chain`. The same with a chain, of which the first certificate counts: AWS ALB
    /// in passthrough mode, with `X-Amzn-Mtls-Clientcert`.
    PemEscapedChain,
    /// `rfc9440`. The header `Client-Cert` of RFC 9440: one byte sequence `:base64:`, without
    /// parameters.
    Rfc9440,
    /// `sha256_hex`. The SHA-256 hash of the DER as 64 hexadecimal digits: HAProxy with
    /// `%[ssl_c_der,sha2(256),hex]`.
    Sha256Hex,
    /// `xfcc`. `X-Forwarded-Client-Cert` of Envoy and Istio, with exactly one element. Its `Hash`
    /// counts, or `Cert`; if both are there, they must agree. Two elements mean that two proxies
    /// wrote it, and it is unknown which of them met the client.
    Xfcc,
}

impl CertificateFormat {
    /// The name in a file.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::DerBase64 => "der_base64",
            Self::PemEscaped => "pem_escaped",
            Self::PemEscapedChain => "pem_escaped_chain",
            Self::Rfc9440 => "rfc9440",
            Self::Sha256Hex => "sha256_hex",
            Self::Xfcc => "xfcc",
        }
    }

    /// The SHA-256 hash of the certificate.
    pub(super) fn thumbprint(self, value: &[u8]) -> Option<[u8; 32]> {
        let value = value.trim_ascii();
        match self {
            Self::DerBase64 => sha256_of_der(&base64(value)?),
            Self::PemEscaped => sha256_of_der(&pem::only(&unescaped(value)?)?),
            Self::PemEscapedChain => sha256_of_der(&pem::first(&unescaped(value)?)?),
            Self::Rfc9440 => match value {
                [b':', value @ .., b':'] => sha256_of_der(&base64(value)?),
                _ => None,
            },
            Self::Sha256Hex => sha256_of_hex(value),
            Self::Xfcc => xfcc::thumbprint(value),
        }
    }
}
