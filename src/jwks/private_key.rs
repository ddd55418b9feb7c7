//! A private key of this server, from a file: PEM (PKCS #8, SEC1, PKCS #1) or a JWK.
//!
//! It signs the assertions with which the server authenticates itself (RFC 7523). It must not be
//! encrypted.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::der::der_value;
use super::key::{decode_tolerantly, without_leading_zeros};
use crate::crypto::Algorithm;
use crate::crypto::signing::{PrivateMaterial, RsaPrivate, SIGNS_WITH_RSA, SigningKey};

/// A key that is ready to sign, and the header members that name it.
#[derive(Debug)]
pub(crate) struct PrivateKey {
    pub(crate) key: SigningKey,
    pub(crate) algorithm: Algorithm,
    /// Only a JWK has one.
    pub(crate) kid: Option<String>,
}

/// Why the key in a file cannot be used. The text never holds the content of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PrivateKeyError {
    /// The key is encrypted.
    Encrypted,
    /// RSA keys need the feature `aws_lc_rs`.
    NeedsAwsLcRs,
    /// Neither PEM nor a JWK with a private key, or a broken one.
    NoKey,
    /// The key is of another type or curve, or its `alg` does not fit.
    Unsupported,
}

impl PrivateKey {
    pub(crate) fn parse(file: &[u8]) -> Result<Self, PrivateKeyError> {
        let text = std::str::from_utf8(file).map_err(|_| PrivateKeyError::NoKey)?;
        let (material, kid) = match text.trim_start().starts_with('{') {
            true => of_jwk(text)?,
            false => (of_pem(text)?, None),
        };
        let algorithm = material.algorithm();
        let is_rsa = matches!(material, PrivateMaterial::Rsa(_));
        let unusable = match is_rsa && !SIGNS_WITH_RSA {
            true => PrivateKeyError::NeedsAwsLcRs,
            false => PrivateKeyError::NoKey,
        };
        let key = SigningKey::parse(&material).ok_or(unusable)?;
        Ok(Self {
            key,
            algorithm,
            kid,
        })
    }
}

type Read<T> = Result<T, PrivateKeyError>;

fn of_jwk(text: &str) -> Read<(PrivateMaterial, Option<String>)> {
    use PrivateKeyError::{NoKey, Unsupported};
    let jwk: Value = serde_json::from_str(text).map_err(|_| NoKey)?;
    let member = |name: &str| jwk.get(name).and_then(Value::as_str);
    let number = |name: &str| member(name).and_then(decode_tolerantly).ok_or(NoKey);
    let material = match (member("kty"), member("crv")) {
        (Some("EC"), Some(curve)) => {
            let algorithm = match curve {
                "P-256" => Algorithm::ES256,
                "P-384" => Algorithm::ES384,
                "P-521" => Algorithm::ES512,
                _ => return Err(Unsupported),
            };
            PrivateMaterial::Ec(algorithm, number("d")?)
        }
        (Some("OKP"), Some("Ed25519")) => PrivateMaterial::Ed25519(number("d")?),
        (Some("RSA"), _) => PrivateMaterial::Rsa(Box::new(RsaPrivate {
            n: number("n")?,
            e: number("e")?,
            d: number("d")?,
            p: number("p")?,
            q: number("q")?,
            dp: number("dp")?,
            dq: number("dq")?,
            qi: number("qi")?,
        })),
        (Some(_), _) => return Err(Unsupported),
        (None, _) => return Err(NoKey),
    };
    let fits = |name: &str| Algorithm::from_name(name) == Some(material.algorithm());
    match member("alg").is_none_or(fits) {
        true => Ok((material, member("kid").map(ToOwned::to_owned))),
        false => Err(Unsupported),
    }
}

/// The first block with a private key (RFC 7468): `openssl ecparam` writes another one before it.
fn of_pem(text: &str) -> Read<PrivateMaterial> {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        let (label, after) = after.split_once("-----").ok_or(PrivateKeyError::NoKey)?;
        let (body, after) = after
            .split_once("-----END ")
            .ok_or(PrivateKeyError::NoKey)?;
        rest = after;
        // A header in the block (RFC 1421) says how the body is encrypted.
        let is_encrypted = body.contains(':');
        let read: fn(&[u8]) -> Read<PrivateMaterial> = match label {
            "ENCRYPTED PRIVATE KEY" => return Err(PrivateKeyError::Encrypted),
            _ if label.ends_with("PRIVATE KEY") && is_encrypted => {
                return Err(PrivateKeyError::Encrypted);
            }
            "PRIVATE KEY" => of_pkcs8,
            "EC PRIVATE KEY" => |der| of_sec1(der, None),
            "RSA PRIVATE KEY" => of_pkcs1,
            _ => continue,
        };
        let base64: Vec<u8> = body
            .bytes()
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect();
        let der = STANDARD
            .decode(base64)
            .map_err(|_| PrivateKeyError::NoKey)?;
        return read(&der);
    }
    Err(PrivateKeyError::NoKey)
}

/// RFC 5958 §2 `OneAsymmetricKey`.
fn of_pkcs8(der: &[u8]) -> Read<PrivateMaterial> {
    let mut info = Der(Der(der).next(SEQUENCE)?);
    info.next(INTEGER)?;
    let mut algorithm = Der(info.next(SEQUENCE)?);
    let kind = algorithm.next(OBJECT_IDENTIFIER)?;
    let key = info.next(OCTET_STRING)?;
    match kind {
        EC_PUBLIC_KEY => of_sec1(key, Some(algorithm.next(OBJECT_IDENTIFIER)?)),
        // RFC 8410 §7: the seed is an octet string inside the octet string.
        ED25519 => Ok(PrivateMaterial::Ed25519(
            Der(key).next(OCTET_STRING)?.into(),
        )),
        RSA => of_pkcs1(key),
        _ => Err(PrivateKeyError::Unsupported),
    }
}

/// RFC 5915 §3 `ECPrivateKey`. In PKCS #8 the curve is named outside.
fn of_sec1(der: &[u8], curve: Option<&[u8]>) -> Read<PrivateMaterial> {
    let mut key = Der(Der(der).next(SEQUENCE)?);
    key.next(INTEGER)?;
    let number = key.next(OCTET_STRING)?;
    let curve = match curve {
        Some(curve) => curve,
        None => Der(key.next(PARAMETERS)?).next(OBJECT_IDENTIFIER)?,
    };
    let (algorithm, length) = match curve {
        P256 => (Algorithm::ES256, 32_usize),
        P384 => (Algorithm::ES384, 48),
        P521 => (Algorithm::ES512, 66),
        _ => return Err(PrivateKeyError::Unsupported),
    };
    // Some writers leave out leading zeros.
    let zeros = vec![0; length.saturating_sub(number.len())];
    Ok(PrivateMaterial::Ec(algorithm, [&zeros, number].concat()))
}

/// RFC 8017 §A.1.2 `RSAPrivateKey`.
fn of_pkcs1(der: &[u8]) -> Read<PrivateMaterial> {
    let mut key = Der(Der(der).next(SEQUENCE)?);
    key.next(INTEGER)?;
    // The sign octet is not a part of the number.
    let mut number = || Read::Ok(without_leading_zeros(key.next(INTEGER)?).to_vec());
    // In this order.
    let (n, e, d) = (number()?, number()?, number()?);
    let (p, q) = (number()?, number()?);
    let (dp, dq, qi) = (number()?, number()?, number()?);
    Ok(PrivateMaterial::Rsa(Box::new(RsaPrivate {
        n,
        e,
        d,
        p,
        q,
        dp,
        dq,
        qi,
    })))
}

/// Values in DER (X.690), one after another.
struct Der<'d>(&'d [u8]);

impl<'d> Der<'d> {
    /// The content of the next value, which must have this tag.
    fn next(&mut self, tag: u8) -> Read<&'d [u8]> {
        let (content, rest) = der_value(self.0, tag).ok_or(PrivateKeyError::NoKey)?;
        self.0 = rest;
        Ok(content)
    }
}

impl std::error::Error for PrivateKeyError {}

impl fmt::Display for PrivateKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Encrypted => "holds an encrypted key: decrypt it",
            Self::NeedsAwsLcRs => "holds an RSA key, which needs the feature aws_lc_rs: turn it on, or use an EC or Ed25519 key",
            Self::NoKey => "holds no private key: give one as PEM (PKCS #8 or SEC1) or as a JWK",
            Self::Unsupported => "holds a key of an unsupported type: give an EC key on P-256, P-384 or P-521, an Ed25519 key, or an RSA key",
        })
    }
}

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
/// Of `ECPrivateKey`.
const PARAMETERS: u8 = 0xa0;

/// RFC 5480 §2.1.1.
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
/// RFC 8410 §3.
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
/// RFC 8017 §C.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

#[cfg(all(test, any(feature = "aws_lc_rs", feature = "rust_crypto")))]
mod tests;
