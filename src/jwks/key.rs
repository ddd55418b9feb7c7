use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jsonwebtoken::{AlgorithmFamily, DecodingKey, DecodingKeyKind};
use serde_json::{Map, Value};

use crate::crypto::Algorithm;
use crate::crypto::{Material, SignatureKey, Verify as _};
use crate::limits::RSA_BITS;

/// One usable key of a set: what it may verify, parsed once.
#[derive(Debug)]
pub(super) struct VerificationKey {
    pub(super) kid: Option<String>,
    /// Private members came along; the operator should hear of it.
    pub(super) leaks_private: bool,
    verifiers: Vec<(Algorithm, SignatureKey)>,
}

impl VerificationKey {
    /// Takes one member of `keys`, or says why not.
    pub(super) fn parse(jwk: &Value, symmetric: &[Algorithm]) -> Result<Self, SkipReason> {
        let jwk = JwkMembers(jwk.as_object().ok_or(SkipReason::NotAnObject)?);
        let kid = jwk.text("kid")?.map(ToOwned::to_owned);
        jwk.check_purpose()?;
        let (material, fitting) = jwk.material(symmetric)?;
        let algorithms = match jwk.text("alg")? {
            None => fitting,
            Some(name) => {
                let named = Algorithm::from_name(name).ok_or(SkipReason::UnsupportedAlgorithm)?;
                fitting.into_iter().filter(|fits| *fits == named).collect()
            }
        };
        if algorithms.is_empty() {
            return Err(SkipReason::AlgorithmMismatch);
        }
        let verifiers = algorithms
            .into_iter()
            .map(|algorithm| Some((algorithm, SignatureKey::parse(algorithm, &material)?)))
            .collect::<Option<_>>()
            .ok_or(SkipReason::InvalidKey)?;
        Ok(Self {
            kid,
            leaks_private: jwk.has_private_members(),
            verifiers,
        })
    }

    pub(super) fn for_algorithm(&self, algorithm: Algorithm) -> Option<&SignatureKey> {
        self.verifiers
            .iter()
            .find(|(own, _)| *own == algorithm)
            .map(|(_, key)| key)
    }
}

/// Why a key of a set is not used. The other keys are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SkipReason {
    /// `alg` contradicts the key's type or curve (RFC 7517 §4.4).
    AlgorithmMismatch,
    /// The key material is malformed: a member is missing, has the wrong length, or (ECDSA) is no point
    /// of its curve.
    InvalidKey,
    /// The member of `keys` is not a JSON object, or a member of the key has the wrong JSON type.
    NotAnObject,
    /// `use` is not `sig`, or `key_ops` does not list `verify` (RFC 7517 §4.2, §4.3).
    NotForSignatures,
    /// The RSA modulus is even or outside 2048 to 8192 bits, or its exponent is even, below 3 or above
    /// 2^33.
    RsaParameters,
    /// A symmetric key, which is never taken from a set that was fetched, nor without an `HS*`
    /// algorithm that is listed by name.
    Symmetric,
    /// `alg` is not a signature algorithm that we support.
    UnsupportedAlgorithm,
    /// `kty` or `crv` is not one that we support.
    UnsupportedType,
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlgorithmMismatch => "alg contradicts the type of the key",
            Self::InvalidKey => "the key material is malformed",
            Self::NotAnObject => "not a JSON object of the right shape",
            Self::NotForSignatures => "use or key_ops forbid verification",
            Self::RsaParameters => "the RSA modulus or exponent is out of bounds",
            Self::Symmetric => "symmetric keys are not taken from this source",
            Self::UnsupportedAlgorithm => "alg is not a supported signature algorithm",
            Self::UnsupportedType => "kty or crv is not supported",
        })
    }
}

/// The members of a JWK, read where the RFC says which type they have.
struct JwkMembers<'j>(&'j Map<String, Value>);

impl JwkMembers<'_> {
    fn text(&self, member: &str) -> Result<Option<&str>, SkipReason> {
        match self.0.get(member) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(SkipReason::NotAnObject),
        }
    }

    fn bytes(&self, member: &str) -> Result<Vec<u8>, SkipReason> {
        let text = self.text(member)?.ok_or(SkipReason::InvalidKey)?;
        decode_tolerantly(text).ok_or(SkipReason::InvalidKey)
    }

    /// RFC 7517 §4.2 and §4.3: both are optional, and both bind where they are present.
    fn check_purpose(&self) -> Result<(), SkipReason> {
        if self.text("use")?.is_some_and(|usage| usage != "sig") {
            return Err(SkipReason::NotForSignatures);
        }
        let Some(operations) = self.0.get("key_ops") else {
            return Ok(());
        };
        let operations = operations.as_array().ok_or(SkipReason::NotAnObject)?;
        if operations.len() > MAX_KEY_OPS {
            return Err(SkipReason::NotForSignatures);
        }
        let repeated = operations
            .iter()
            .enumerate()
            .any(|(i, op)| operations.iter().take(i).any(|o| o == op));
        if repeated
            || !operations.iter().all(Value::is_string)
            || !operations.iter().any(|op| op == "verify")
        {
            return Err(SkipReason::NotForSignatures);
        }
        Ok(())
    }

    /// The key itself and the algorithms that its type and curve fit.
    fn material(&self, symmetric: &[Algorithm]) -> Result<(Material, Vec<Algorithm>), SkipReason> {
        match self.text("kty")?.ok_or(SkipReason::UnsupportedType)? {
            "RSA" => Ok((
                rsa_material(&self.bytes("n")?, &self.bytes("e")?)?,
                Algorithm::RSA.to_vec(),
            )),
            "EC" => self.ec_material(),
            "OKP" => match self.text("crv")? {
                Some("Ed25519") => Ok((
                    Material::Raw(self.exactly("x", 32)?),
                    vec![Algorithm::EdDSA],
                )),
                _ => Err(SkipReason::UnsupportedType),
            },
            // ML-DSA for JOSE: `alg` is what says which, and so it is required.
            "AKP" => {
                let (algorithm, length) = match self.text("alg")? {
                    Some("ML-DSA-44") => (Algorithm::MlDsa44, 1312),
                    Some("ML-DSA-65") => (Algorithm::MlDsa65, 1952),
                    Some("ML-DSA-87") => (Algorithm::MlDsa87, 2592),
                    _ => return Err(SkipReason::UnsupportedAlgorithm),
                };
                Ok((Material::Raw(self.exactly("pub", length)?), vec![algorithm]))
            }
            "oct" => self.secret_material(symmetric),
            _ => Err(SkipReason::UnsupportedType),
        }
    }

    fn ec_material(&self) -> Result<(Material, Vec<Algorithm>), SkipReason> {
        let (algorithm, length) = match self.text("crv")? {
            Some("P-256") => (Algorithm::ES256, 32),
            Some("P-384") => (Algorithm::ES384, 48),
            Some("P-521") => (Algorithm::ES512, 66),
            _ => return Err(SkipReason::UnsupportedType),
        };
        // RFC 7518 §6.2.1.2: full length, so that a coordinate has one spelling.
        let (x, y) = (self.exactly("x", length)?, self.exactly("y", length)?);
        Ok((
            Material::Raw([&[UNCOMPRESSED_POINT][..], &x, &y].concat()),
            vec![algorithm],
        ))
    }

    fn secret_material(
        &self,
        symmetric: &[Algorithm],
    ) -> Result<(Material, Vec<Algorithm>), SkipReason> {
        let secret = self.bytes("k")?;
        if symmetric.is_empty() {
            return Err(SkipReason::Symmetric);
        }
        // RFC 7518 §3.2: at least as long as the hash.
        let fitting: Vec<_> = symmetric
            .iter()
            .copied()
            .filter(|algorithm| secret.len() >= hash_length(*algorithm))
            .collect();
        if fitting.is_empty() {
            return Err(SkipReason::InvalidKey);
        }
        Ok((Material::Secret(secret), fitting))
    }

    fn exactly(&self, member: &str, length: usize) -> Result<Vec<u8>, SkipReason> {
        Some(self.bytes(member)?)
            .filter(|bytes| bytes.len() == length)
            .ok_or(SkipReason::InvalidKey)
    }

    fn has_private_members(&self) -> bool {
        ["d", "p", "q", "dp", "dq", "qi", "oth", "priv"]
            .iter()
            .any(|name| self.0.contains_key(*name))
    }
}

fn rsa_material(n: &[u8], e: &[u8]) -> Result<Material, SkipReason> {
    let n = without_leading_zeros(n);
    let e = without_leading_zeros(e);
    let unused_bits = n.first().map_or(0, |first| first.leading_zeros() as usize);
    let bits = n.len().saturating_mul(8).saturating_sub(unused_bits);
    // An odd exponent above 2, and no larger than any real one, since it multiplies the work.
    let exponent = (e.len() <= 8).then(|| {
        e.iter()
            .fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte))
    });
    let exponent_fits = exponent.is_some_and(|e| e > 2 && e % 2 == 1 && e < MAX_RSA_EXPONENT);
    // A product of odd primes, as some back ends only find out when a signature comes.
    let modulus_fits = RSA_BITS.contains(&bits) && n.last().is_some_and(|last| last % 2 == 1);
    if modulus_fits && exponent_fits {
        Ok(Material::Rsa {
            n: n.to_vec(),
            e: e.to_vec(),
        })
    } else {
        Err(SkipReason::RsaParameters)
    }
}

fn without_leading_zeros(mut bytes: &[u8]) -> &[u8] {
    while let Some(rest) = bytes.strip_prefix(&[0]) {
        bytes = rest;
    }
    bytes
}

/// Base64url as RFC 7515 wants it, and the padding or standard alphabet that some providers publish.
/// Only key material is read like this: that a key has two spellings harms nobody.
fn decode_tolerantly(text: &str) -> Option<Vec<u8>> {
    const CONFIG: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);
    const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
    URL_SAFE
        .decode(text)
        .or_else(|_| STANDARD.decode(text))
        .ok()
}

const fn hash_length(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::HS384 => 48,
        Algorithm::HS512 => 64,
        _ => 32,
    }
}

/// A key that jsonwebtoken read (from PEM, say) as a JWK. `None` for material that is no public key
/// of a type that we know.
pub(super) fn jwk_of_decoding_key(key: &DecodingKey) -> Option<Value> {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let text = |bytes: &[u8]| Value::String(URL_SAFE_NO_PAD.encode(bytes));
    let members = match (key.family(), key.kind()) {
        (AlgorithmFamily::Rsa, DecodingKeyKind::RsaModulusExponent { n, e }) => {
            vec![("kty", "RSA".into()), ("n", text(n)), ("e", text(e))]
        }
        (AlgorithmFamily::Rsa, DecodingKeyKind::SecretOrDer(der)) => {
            let (n, e) = rsa_components(der)?;
            vec![("kty", "RSA".into()), ("n", text(n)), ("e", text(e))]
        }
        (AlgorithmFamily::Ec, DecodingKeyKind::SecretOrDer(point)) => {
            let (curve, coordinates) = match (point.len(), point.split_first()?) {
                (65, (&UNCOMPRESSED_POINT, xy)) => ("P-256", xy),
                (97, (&UNCOMPRESSED_POINT, xy)) => ("P-384", xy),
                (133, (&UNCOMPRESSED_POINT, xy)) => ("P-521", xy),
                _ => return None,
            };
            let (x, y) = coordinates.split_at_checked(coordinates.len() / 2)?;
            vec![
                ("kty", "EC".into()),
                ("crv", curve.into()),
                ("x", text(x)),
                ("y", text(y)),
            ]
        }
        (AlgorithmFamily::Ed, DecodingKeyKind::SecretOrDer(raw)) => {
            vec![
                ("kty", "OKP".into()),
                ("crv", "Ed25519".into()),
                ("x", text(raw)),
            ]
        }
        (AlgorithmFamily::Hmac, DecodingKeyKind::SecretOrDer(secret)) => {
            vec![("kty", "oct".into()), ("k", text(secret))]
        }
        _ => return None,
    };
    Some(Value::Object(
        members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    ))
}

/// A public key in its raw form as a JWK: PKCS #1 for RSA, a point for EC, 32 bytes for Ed25519.
#[cfg(feature = "test-util")]
pub(crate) fn jwk_of_raw_key(algorithm: Algorithm, raw: &[u8]) -> Option<Value> {
    jwk_of_decoding_key(&match algorithm {
        Algorithm::EdDSA => DecodingKey::from_ed_der(raw),
        Algorithm::ES256 | Algorithm::ES384 | Algorithm::ES512 => DecodingKey::from_ec_der(raw),
        _ => DecodingKey::from_rsa_der(raw),
    })
}

/// `RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }` (RFC 8017 §A.1.1), as a JWK
/// has them: without the sign octet (RFC 7518 §6.3.1.1).
fn rsa_components(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (sequence, rest) = der_value(der, 0x30)?;
    let (n, e) = der_value(sequence, 0x02)?;
    let (e, end) = der_value(e, 0x02)?;
    let numbers = (without_leading_zeros(n), without_leading_zeros(e));
    (rest.is_empty() && end.is_empty()).then_some(numbers)
}

/// The content of the first DER value, which must have this tag, and what follows it (X.690 §8.1).
fn der_value(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        let length = (bytes.len() <= 2).then(|| {
            bytes
                .iter()
                .fold(0, |sum, byte| sum << 8 | usize::from(*byte))
        })?;
        (length, rest)
    };
    if found == tag {
        rest.split_at_checked(length)
    } else {
        None
    }
}

/// SEC 1 §2.3.3.
const UNCOMPRESSED_POINT: u8 = 4;

/// RFC 7517 §4.3 registers eight; a list is compared with itself, so it must not be long.
const MAX_KEY_OPS: usize = 16;

/// aws-lc's own bound; real exponents are 3 and 65537.
const MAX_RSA_EXPONENT: u64 = 1 << 33;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn der_of_an_rsa_key() {
        let integer = |bytes: &[u8]| [&[0x02, bytes.len() as u8], bytes].concat();
        let sequence = |content: &[u8]| [&[0x30, content.len() as u8], content].concat();
        let (n, e) = (integer(&[0, 0xc3]), integer(&[1, 0, 1]));
        let both = [&n[..], &e].concat();
        let key = sequence(&both);
        assert_eq!(
            rsa_components(&key),
            Some((&[0xc3][..], &[1, 0, 1][..])),
            "without the sign octet"
        );
        let long = [&[0x30, 0x82, 0, both.len() as u8], &both[..]].concat();
        assert_eq!(rsa_components(&long), rsa_components(&key));
        let filled = [&integer(&[0x77; 121])[..], &e].concat();
        let indefinite = [&[0x30, 0x80], &filled[..]].concat();
        assert_eq!(filled.len(), 128);
        let rows = [
            ("a byte behind", [&key[..], &[0]].concat()),
            ("a byte behind e", sequence(&[&both[..], &[0]].concat())),
            ("a third number", sequence(&[&both[..], &e].concat())),
            ("one number", sequence(&n)),
            ("cut short", key[..key.len() - 1].to_vec()),
            ("no sequence", [&[0x31], &key[1..]].concat()),
            ("no integer", sequence(&[&n[..], &[0x03], &e[1..]].concat())),
            (
                "a length of three bytes",
                [&[0x30, 0x83, 0, 0, both.len() as u8], &both[..]].concat(),
            ),
            ("an indefinite length", indefinite),
            ("nothing", vec![]),
        ];
        for (name, der) in rows {
            assert_eq!(rsa_components(&der), None, "{name}");
        }
    }

    #[test]
    fn reasons_differ() {
        use SkipReason::*;
        let reasons = [
            AlgorithmMismatch,
            InvalidKey,
            NotAnObject,
            NotForSignatures,
            RsaParameters,
            Symmetric,
            UnsupportedAlgorithm,
            UnsupportedType,
        ];
        let texts: std::collections::HashSet<_> = reasons.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), reasons.len());
        assert!(texts.iter().all(|text| !text.is_empty()));
    }
}
