//! The public key of a proof (RFC 7517, RFC 7518 §6, RFC 8037 §2), read so strictly that a key has
//! one spelling only: its thumbprint is made of the texts.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{DeserializeSeed as _, Deserializer, MapAccess};

use super::error::ProofError;
use crate::base::proof_fault::ProofFault;
use crate::crypto::{Algorithm, Material, SignatureKey, Verify as _, sha256};
use crate::jwks::{UNCOMPRESSED_POINT, rsa_material};
use crate::limits::PROOF_RSA_BITS;
use crate::token::json::{Members, Object, ReadJson, Reading, Text, Value};
use crate::token::json_values::OneOrMany;

/// A key of the right form for its algorithm (step 7). Nothing was computed with it yet.
pub(super) struct ProofKey {
    algorithm: Algorithm,
    material: Material,
}

impl ProofKey {
    /// The first part of step 16.
    pub(super) fn build(&self) -> Result<SignatureKey, ProofError> {
        let is_weak = match &self.material {
            Material::Raw(key) if self.algorithm == Algorithm::EdDSA => is_weak_ed25519(key),
            _ => false,
        };
        let built = SignatureKey::parse(self.algorithm, &self.material);
        built.filter(|_| !is_weak).ok_or(ProofError::new(
            ProofFault::KeyOrAlgorithm,
            "jwk is not a usable key",
        ))
    }
}

/// The members that are read. `kid`, `ext`, `x5c`, `x5u` and `x5t` have no meaning here.
#[derive(Default)]
pub(super) struct Jwk<'a> {
    alg: Option<Cow<'a, str>>,
    crv: Option<Cow<'a, str>>,
    e: Option<Cow<'a, str>>,
    key_ops: Option<OneOrMany<'a>>,
    kty: Option<Cow<'a, str>>,
    n: Option<Cow<'a, str>>,
    public: Option<Cow<'a, str>>,
    usage: Option<Cow<'a, str>>,
    x: Option<Cow<'a, str>>,
    y: Option<Cow<'a, str>>,
    is_private: bool,
}

type Found = Result<(Material, [u8; 32]), &'static str>;

impl Jwk<'_> {
    /// Step 7: the key for `algorithm`, and its thumbprint (RFC 7638 §3.2). The error is the check
    /// that failed.
    pub(super) fn key(&self, algorithm: Algorithm) -> Result<(ProofKey, [u8; 32]), &'static str> {
        if self.is_private {
            return Err("jwk has a private member");
        }
        self.check_purpose(algorithm)?;
        let (material, jkt) = match algorithm {
            Algorithm::ES256 => self.ec("P-256", 32)?,
            Algorithm::ES384 => self.ec("P-384", 48)?,
            Algorithm::ES512 => self.ec("P-521", 66)?,
            Algorithm::EdDSA => self.ed25519()?,
            Algorithm::MlDsa44 => self.ml_dsa(algorithm, 1312)?,
            Algorithm::MlDsa65 => self.ml_dsa(algorithm, 1952)?,
            Algorithm::MlDsa87 => self.ml_dsa(algorithm, 2592)?,
            _ if Algorithm::RSA.contains(&algorithm) => self.rsa()?,
            _ => return Err(OTHER_TYPE),
        };
        let key = ProofKey {
            algorithm,
            material,
        };
        Ok((key, jkt))
    }

    /// RFC 7517 §4.2 to §4.4: all three are optional, and apply where they are present.
    fn check_purpose(&self, algorithm: Algorithm) -> Result<(), &'static str> {
        let names = |name: &str| Algorithm::from_name(name) == Some(algorithm);
        if self.alg.as_deref().is_some_and(|name| !names(name)) {
            return Err("alg of jwk is not alg of the header");
        }
        let verifies = match &self.key_ops {
            None => true,
            Some(OneOrMany::Many(operations)) => operations.iter().any(|one| one == "verify"),
            Some(_) => false,
        };
        match verifies && self.usage.as_deref().is_none_or(|usage| usage == "sig") {
            true => Ok(()),
            false => Err("use or key_ops of jwk forbid verification"),
        }
    }

    /// RFC 7518 §6.2.1.
    fn ec(&self, curve: &str, length: usize) -> Found {
        self.is_of("EC", Some(curve))?;
        let (x, y) = (text(&self.x)?, text(&self.y)?);
        let point = [
            &[UNCOMPRESSED_POINT][..],
            &decoded(x, length)?,
            &decoded(y, length)?,
        ];
        let parts = [
            r#"{"crv":""#,
            curve,
            r#"","kty":"EC","x":""#,
            x,
            r#"","y":""#,
            y,
            r#""}"#,
        ];
        Ok((Material::Raw(point.concat()), thumbprint(parts)))
    }

    /// RFC 8037 §2.
    fn ed25519(&self) -> Found {
        self.is_of("OKP", Some("Ed25519"))?;
        let x = text(&self.x)?;
        let parts = [r#"{"crv":"Ed25519","kty":"OKP","x":""#, x, r#""}"#];
        Ok((Material::Raw(decoded(x, 32)?), thumbprint(parts)))
    }

    /// ML-DSA for JOSE: only `alg` names the parameter set, so it is required.
    fn ml_dsa(&self, algorithm: Algorithm, length: usize) -> Found {
        self.is_of("AKP", None)?;
        text(&self.alg)?;
        let public = text(&self.public)?;
        let parts = [
            r#"{"alg":""#,
            algorithm.name(),
            r#"","kty":"AKP","pub":""#,
            public,
            r#""}"#,
        ];
        Ok((Material::Raw(decoded(public, length)?), thumbprint(parts)))
    }

    /// RFC 7518 §6.3.1.
    fn rsa(&self) -> Found {
        self.is_of("RSA", None)?;
        let (n, e) = (text(&self.n)?, text(&self.e)?);
        let parts = [r#"{"e":""#, e, r#"","kty":"RSA","n":""#, n, r#""}"#];
        let material = rsa_material(&number(n)?, &number(e)?, &PROOF_RSA_BITS);
        let material = material.map_err(|_| "modulus or exponent of jwk are out of bounds")?;
        Ok((material, thumbprint(parts)))
    }

    fn is_of(&self, kty: &str, crv: Option<&str>) -> Result<(), &'static str> {
        let is_of_curve = crv.is_none() || self.crv.as_deref() == crv;
        match self.kty.as_deref() == Some(kty) && is_of_curve {
            true => Ok(()),
            false => Err(OTHER_TYPE),
        }
    }
}

impl<'a> Members<'a> for Jwk<'a> {
    fn member<D: MapAccess<'a>>(
        &mut self,
        name: &str,
        value: Value<'_, D>,
    ) -> Result<(), D::Error> {
        let member = match name {
            "alg" => &mut self.alg,
            "crv" => &mut self.crv,
            "e" => &mut self.e,
            "kty" => &mut self.kty,
            "n" => &mut self.n,
            "pub" => &mut self.public,
            "use" => &mut self.usage,
            "x" => &mut self.x,
            "y" => &mut self.y,
            "key_ops" => {
                self.key_ops = Some(value.read(MEMBER)?);
                return Ok(());
            }
            // RFC 7518 §6.2.2, §6.3.2, §6.4.1, RFC 8037 §2; `priv` of ML-DSA.
            "d" | "dp" | "dq" | "k" | "oth" | "p" | "priv" | "q" | "qi" => {
                self.is_private = true;
                return value.skip();
            }
            _ => return value.skip(),
        };
        *member = Some(value.read::<Text<'a>>(MEMBER)?.0);
        Ok(())
    }
}

impl<'a> ReadJson<'a> for Jwk<'a> {
    fn read<D: Deserializer<'a>>(deserializer: D, reading: &Reading) -> Result<Self, D::Error> {
        let mut jwk = Self::default();
        let target = &mut jwk;
        Object { target, reading }.deserialize(deserializer)?;
        Ok(jwk)
    }
}

fn text<'t>(member: &'t Option<Cow<'_, str>>) -> Result<&'t str, &'static str> {
    member.as_deref().ok_or("a member of jwk is missing")
}

/// RFC 7515 §2: the only encoding. `length` is the full one, so that a value has one spelling.
fn decoded(text: &str, length: usize) -> Result<Vec<u8>, &'static str> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| OTHER_SPELLING)?;
    match bytes.len() == length {
        true => Ok(bytes),
        false => Err(OTHER_SPELLING),
    }
}

/// RFC 7518 §2 Base64urlUInt: no leading zero octet.
fn number(text: &str) -> Result<Vec<u8>, &'static str> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| OTHER_SPELLING)?;
    match bytes.first() {
        Some(0) => Err(OTHER_SPELLING),
        _ => Ok(bytes),
    }
}

/// The texts need no escapes: each is a name of ours, or base64url.
fn thumbprint<const N: usize>(json: [&str; N]) -> [u8; 32] {
    sha256(&json.map(str::as_bytes))
}

/// Whether the key is a point of small order, or not in its only encoding (RFC 8032 §5.1.3). Under
/// a key of small order, one signature can verify for every message, and both back ends accept such
/// keys. The sign bit is passed over: no other point has one of these `y`.
fn is_weak_ed25519(key: &[u8]) -> bool {
    let (Some(low), Some(high)) = (key.first_chunk(), key.last_chunk()) else {
        return true;
    };
    let high = u128::from_le_bytes(*high) & (u128::MAX >> 1);
    let y = [high, u128::from_le_bytes(*low)];
    y >= ED25519_PRIME || ED25519_SMALL_ORDER.contains(&y)
}

/// The name that a wrong type of any member of `jwk` is reported under.
const MEMBER: &str = "a member of jwk";

const OTHER_SPELLING: &str = "a member of jwk has another length or spelling";

const OTHER_TYPE: &str = "kty or crv of jwk does not fit alg";

/// 2^255 - 19, as the higher and the lower half.
const ED25519_PRIME: [u128; 2] = [
    0x7fff_ffff_ffff_ffff_ffff_ffff_ffff_ffff,
    0xffff_ffff_ffff_ffff_ffff_ffff_ffff_ffed,
];

/// The `y` of the eight points whose order divides eight: the neutral point, the one of order two,
/// those of order four, and two of order eight, each with both signs of `x`.
const ED25519_SMALL_ORDER: [[u128; 2]; 5] = [
    [0, 1],
    [
        0x7fff_ffff_ffff_ffff_ffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff_ffff_ffff_ffff_ffec,
    ],
    [0, 0],
    [
        0x05fc_536d_8802_38b1_3933_c6d3_05ac_dfd5,
        0xf098_eff2_89f4_c345_b027_b2c2_8f95_e826,
    ],
    [
        0x7a03_ac92_77fd_c74e_c6cc_392c_fa53_202a,
        0x0f67_100d_760b_3cba_4fd8_4d3d_706a_17c7,
    ],
];
