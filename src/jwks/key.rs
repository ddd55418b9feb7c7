use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use super::skip_reason::SkipReason;
use crate::crypto::Algorithm;
use crate::crypto::{Material, SignatureKey, Verify as _};
use crate::limits::RSA_BITS;

/// One usable key of a set, parsed once for each algorithm that it may verify.
///
/// Two keys are equal if they have the same material, `kid` and `alg`: nothing else of a JWK has an
/// effect on the tokens that the key verifies.
#[derive(Debug)]
pub(super) struct VerificationKey {
    pub(super) kid: Option<String>,
    /// `None` if the JWK names none: the type and the curve then decide.
    algorithm: Option<Algorithm>,
    material: Material,
    /// Whether the JWK holds private members, so that the operator can be warned.
    pub(super) leaks_private: bool,
    verifiers: Vec<(Algorithm, SignatureKey)>,
}

impl VerificationKey {
    /// Parses one member of `keys`, or returns the reason to skip it.
    pub(super) fn parse(jwk: &Value, symmetric: &[Algorithm]) -> Result<Self, SkipReason> {
        let jwk = JwkMembers(jwk.as_object().ok_or(SkipReason::NotAnObject)?);
        let kid = jwk.text("kid")?.map(ToOwned::to_owned);
        jwk.check_purpose()?;
        let (material, fitting) = jwk.material(symmetric)?;
        let algorithm = jwk
            .text("alg")?
            .map(|name| Algorithm::from_name(name).ok_or(SkipReason::UnsupportedAlgorithm))
            .transpose()?;
        let algorithms: Vec<_> = fitting
            .into_iter()
            .filter(|fits| algorithm.is_none_or(|named| *fits == named))
            .collect();
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
            algorithm,
            material,
            leaks_private: jwk.has_private_members(),
            verifiers,
        })
    }

    pub(super) fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.verifiers.iter().map(|(own, _)| *own)
    }

    pub(super) fn verifies_one_of(&self, allowed: &[Algorithm]) -> bool {
        self.algorithms()
            .any(|algorithm| allowed.contains(&algorithm))
    }

    pub(super) fn for_algorithm(&self, algorithm: Algorithm) -> Option<&SignatureKey> {
        self.verifiers
            .iter()
            .find(|(own, _)| *own == algorithm)
            .map(|(_, key)| key)
    }
}

impl PartialEq for VerificationKey {
    fn eq(&self, other: &Self) -> bool {
        self.kid == other.kid
            && self.algorithm == other.algorithm
            && self.material == other.material
    }
}

/// The members of a JWK, read with the types that the RFC gives them. Some serialisers write `null`
/// for a member that is not set, so `null` is read as absent.
struct JwkMembers<'j>(&'j Map<String, Value>);

impl JwkMembers<'_> {
    fn get(&self, member: &str) -> Option<&Value> {
        self.0.get(member).filter(|value| !value.is_null())
    }

    fn text(&self, member: &'static str) -> Result<Option<&str>, SkipReason> {
        match self.get(member) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(SkipReason::WrongType { member }),
        }
    }

    fn bytes(&self, member: &'static str) -> Result<Vec<u8>, SkipReason> {
        let text = self.text(member)?.ok_or(SkipReason::InvalidKey)?;
        decode_tolerantly(text).ok_or(SkipReason::InvalidKey)
    }

    /// RFC 7517 §4.2 and §4.3: both are optional, and both apply where they are present.
    fn check_purpose(&self) -> Result<(), SkipReason> {
        if self.text("use")?.is_some_and(|usage| usage != "sig") {
            return Err(SkipReason::NotForSignatures { member: "use" });
        }
        let member = "key_ops";
        let Some(operations) = self.get(member) else {
            return Ok(());
        };
        let operations = operations
            .as_array()
            .ok_or(SkipReason::WrongType { member })?;
        if operations.len() > MAX_KEY_OPS {
            return Err(SkipReason::NotForSignatures { member });
        }
        let repeated = operations
            .iter()
            .enumerate()
            .any(|(i, op)| operations.iter().take(i).any(|o| o == op));
        if repeated
            || !operations.iter().all(Value::is_string)
            || !operations.iter().any(|op| op == "verify")
        {
            return Err(SkipReason::NotForSignatures { member });
        }
        Ok(())
    }

    /// The key material and the algorithms that fit its type and curve.
    fn material(&self, symmetric: &[Algorithm]) -> Result<(Material, Vec<Algorithm>), SkipReason> {
        match self.text("kty")?.ok_or(SkipReason::UnsupportedType)? {
            "RSA" => Ok((
                rsa_material(&self.bytes("n")?, &self.bytes("e")?, &RSA_BITS)?,
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
            // ML-DSA for JOSE: only `alg` names the parameter set, so it is required.
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
        // RFC 7518 §6.2.1.2: full length, so that a coordinate has only one encoding.
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
        if symmetric.is_empty() {
            return Err(SkipReason::Symmetric);
        }
        let text = self.text("k")?.ok_or(SkipReason::InvalidKey)?;
        let secret = decode_tolerantly(text).ok_or(SkipReason::SecretNotBase64)?;
        // RFC 7518 §3.2: a secret is at least as long as the hash.
        let fitting: Vec<_> = symmetric
            .iter()
            .copied()
            .filter(|algorithm| secret.len() >= hash_length(*algorithm))
            .collect();
        if fitting.is_empty() {
            return Err(SkipReason::SecretTooShort);
        }
        Ok((Material::Secret(secret), fitting))
    }

    fn exactly(&self, member: &'static str, length: usize) -> Result<Vec<u8>, SkipReason> {
        Some(self.bytes(member)?)
            .filter(|bytes| bytes.len() == length)
            .ok_or(SkipReason::InvalidKey)
    }

    fn has_private_members(&self) -> bool {
        ["d", "p", "q", "dp", "dq", "qi", "oth", "priv"]
            .iter()
            .any(|name| self.get(name).is_some())
    }
}

/// `bits` are the accepted sizes of the modulus.
pub(crate) fn rsa_material(
    n: &[u8],
    e: &[u8],
    bits: &RangeInclusive<usize>,
) -> Result<Material, SkipReason> {
    let n = without_leading_zeros(n);
    let e = without_leading_zeros(e);
    let unused_bits = n.first().map_or(0, |first| first.leading_zeros() as usize);
    let size = n.len().saturating_mul(8).saturating_sub(unused_bits);
    // The exponent must be odd and above 2. It is bounded because a larger one makes each
    // verification slower.
    let exponent = (e.len() <= 8).then(|| {
        e.iter()
            .fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte))
    });
    let exponent_fits = exponent.is_some_and(|e| e > 2 && e % 2 == 1 && e < MAX_RSA_EXPONENT);
    // The modulus must be odd, as a product of odd primes is. Some back ends detect an even one
    // only when they verify a signature.
    let modulus_fits = bits.contains(&size) && n.last().is_some_and(|last| last % 2 == 1);
    if modulus_fits && exponent_fits {
        Ok(Material::Rsa {
            n: n.to_vec(),
            e: e.to_vec(),
        })
    } else {
        Err(SkipReason::RsaParameters)
    }
}

pub(super) fn without_leading_zeros(mut bytes: &[u8]) -> &[u8] {
    while let Some(rest) = bytes.strip_prefix(&[0]) {
        bytes = rest;
    }
    bytes
}

/// Decodes base64url as RFC 7515 defines it, and tolerates the padding or standard alphabet that
/// some providers publish. Only key material is decoded like this: a second encoding of a key is
/// harmless.
pub(super) fn decode_tolerantly(text: &str) -> Option<Vec<u8>> {
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

/// The first octet of an uncompressed point (SEC 1 §2.3.3).
pub(crate) const UNCOMPRESSED_POINT: u8 = 4;

/// RFC 7517 §4.3 registers eight. The search for repeated values is quadratic, so a list must be
/// short.
const MAX_KEY_OPS: usize = 16;

/// aws-lc's own bound; real exponents are 3 and 65537.
const MAX_RSA_EXPONENT: u64 = 1 << 33;
