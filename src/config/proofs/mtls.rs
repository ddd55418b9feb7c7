//! Checks of `mtls`.

use http::HeaderName;
use http::header::{AUTHORIZATION, COOKIE, HOST};

use super::super::error::ConfigError;
use super::super::named::{Named, known};
use crate::proof::mtls::{CertificateSource, TrustedPeers};
use crate::proof::settings::CertificateHeader;
use crate::proof::{CertificateFormat, Mtls};

impl Named for CertificateFormat {
    const NAMES: &'static [(&'static str, Self)] = &[
        (Self::Rfc9440.name(), Self::Rfc9440),
        (Self::Xfcc.name(), Self::Xfcc),
        (Self::PemEscaped.name(), Self::PemEscaped),
        (Self::PemEscapedChain.name(), Self::PemEscapedChain),
        (Self::DerBase64.name(), Self::DerBase64),
        (Self::Sha256Hex.name(), Self::Sha256Hex),
    ];
}

pub(super) fn check_mtls(mtls: &Mtls) -> Result<CertificateSource, ConfigError> {
    let Some(header) = &mtls.header else {
        return Ok(CertificateSource::Extension);
    };
    let format = known("mtls.header.format", &header.format)?;
    let (name, peers) = (header_name(&header.name)?, trusted_peers(header)?);
    Ok(CertificateSource::header(name, format, peers))
}

/// Not a header that has another meaning: its value would be taken for a certificate, and the
/// header removed from requests of other peers.
fn header_name(name: &str) -> Result<HeaderName, ConfigError> {
    let reserved = [AUTHORIZATION, COOKIE, HOST, DPOP];
    let valid = HeaderName::from_bytes(name.as_bytes()).ok();
    let free = valid.filter(|name| !reserved.contains(name));
    free.ok_or_else(|| ConfigError::NoCertificateHeader {
        name: name.to_owned(),
    })
}

fn trusted_peers(header: &CertificateHeader) -> Result<TrustedPeers, ConfigError> {
    match (&header.trusted_peers, header.trust_any_peer) {
        (None, true) => Ok(TrustedPeers::Any),
        (None, false) => Err(ConfigError::TrustedPeersMissing),
        (Some(_), true) => Err(ConfigError::Conflict {
            first: "mtls.header.trusted_peers",
            second: "mtls.header.danger_trust_any_peer",
        }),
        (Some(peers), false) if peers.is_empty() => Err(ConfigError::TrustedPeersMissing),
        (Some(peers), false) => {
            TrustedPeers::parse(peers).map_err(|reason| ConfigError::TrustedPeers { reason })
        }
    }
}

const DPOP: HeaderName = HeaderName::from_static("dpop");
