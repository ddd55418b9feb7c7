use rcgen::{CertificateParams, CertifiedKey, KeyPair};
use reqwest::Identity;

/// A self-signed certificate with its key.
pub(crate) struct Certificate(pub(crate) CertifiedKey<KeyPair>);

impl Certificate {
    pub(crate) fn new() -> Self {
        let signing_key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let cert = params.self_signed(&signing_key).unwrap();
        Self(CertifiedKey { cert, signing_key })
    }

    pub(crate) fn pem(&self) -> String {
        self.0.cert.pem()
    }

    pub(crate) fn key_pem(&self) -> String {
        self.0.signing_key.serialize_pem()
    }

    pub(crate) fn identity(&self) -> Identity {
        let pem = format!("{}{}", self.pem(), self.key_pem());
        Identity::from_pem(pem.as_bytes()).unwrap()
    }
}

/// The certificate as nginx writes it: everything but unreserved characters is percent-encoded
/// (RFC 3986 §2.3).
pub(crate) fn escaped_pem(certificate: &Certificate) -> String {
    let pem = certificate.pem().replace("\r\n", "\n");
    let escape = |character: char| match character {
        '-' | '.' | '_' | '~' => character.to_string(),
        _ if character.is_ascii_alphanumeric() => character.to_string(),
        _ => format!("%{:02X}", u32::from(character)),
    };
    pem.chars().map(escape).collect()
}
