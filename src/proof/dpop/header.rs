//! The header of a proof (RFC 9449 §4.2), steps 4 to 7.

use std::borrow::Cow;

use serde::de::MapAccess;

use super::error::ProofError;
use super::jwk::{Jwk, ProofKey};
use crate::base::proof_fault::ProofFault;
use crate::crypto::Algorithm;
use crate::limits::MAX_PROOF_VALUES;
use crate::token::json::{JsonError, Members, Text, Value, read_object_of};
use crate::token::without_application;

/// The key that the header holds, and its thumbprint.
pub(super) fn parse(
    json: &str,
    algorithms: &[Algorithm],
) -> Result<(ProofKey, [u8; 32]), ProofError> {
    let mut header = Header::default();
    read_object_of(json, MAX_PROOF_VALUES, &mut header)
        .map_err(|error| first_fault(json, error))?;
    header.check_type()?;
    let not_accepted = |step| ProofError::new(ProofFault::KeyOrAlgorithm, step);
    let algorithm = header
        .alg
        .and_then(|name| Algorithm::from_name(&name))
        .filter(|algorithm| algorithms.contains(algorithm))
        .ok_or(not_accepted("alg is not an accepted algorithm"))?;
    let jwk = header.jwk.ok_or(not_accepted("jwk is missing"))?;
    jwk.key(algorithm).map_err(not_accepted)
}

/// The members that are read. Other ways to name a key (`kid`, `jku`, `x5u`, `x5c`) are not among
/// them, because the key of a proof is in `jwk`.
#[derive(Default)]
struct Header<'a> {
    alg: Option<Cow<'a, str>>,
    jwk: Option<Jwk<'a>>,
    typ: Option<Cow<'a, str>>,
    has_crit: bool,
}

impl Header<'_> {
    /// Step 5 and the end of step 4.
    fn check_type(&self) -> Result<(), ProofError> {
        if self.has_crit {
            return Err(ProofError::malformed("the header has crit or b64"));
        }
        let is_proof = |typ: &str| without_application(typ).eq_ignore_ascii_case("dpop+jwt");
        match self.typ.as_deref().is_some_and(is_proof) {
            true => Ok(()),
            false => Err(ProofError::malformed("typ is not dpop+jwt")),
        }
    }
}

impl<'a> Members<'a> for Header<'a> {
    fn member<D: MapAccess<'a>>(
        &mut self,
        name: &str,
        value: Value<'_, D>,
    ) -> Result<(), D::Error> {
        match name {
            "alg" => self.alg = Some(value.read::<Text<'a>>("alg")?.0),
            "jwk" => self.jwk = Some(value.read("jwk")?),
            "typ" => self.typ = Some(value.read::<Text<'a>>("typ")?.0),
            // RFC 7515 §4.1.11: we understand no extension, and a JWT must not use `b64` (RFC 7797
            // §7).
            "b64" | "crit" => {
                self.has_crit = true;
                value.skip()?;
            }
            _ => value.skip()?,
        }
        Ok(())
    }
}

/// A member of a wrong type ends the reading, wherever it stands. A fault of the whole header (step
/// 4) or of `typ` (step 5) is told before one of `alg` or `jwk`.
fn first_fault(json: &str, error: JsonError) -> ProofError {
    let JsonError::Malformed(Some(_)) = error else {
        return unreadable(error);
    };
    let mut outline = Outline(Header::default());
    match read_object_of(json, MAX_PROOF_VALUES, &mut outline) {
        Err(earlier) => unreadable(earlier),
        Ok(()) => {
            let earlier = outline.0.check_type().err();
            earlier.unwrap_or_else(|| unreadable(error))
        }
    }
}

/// The header without `alg` and `jwk`.
struct Outline<'a>(Header<'a>);

impl<'a> Members<'a> for Outline<'a> {
    fn member<D: MapAccess<'a>>(
        &mut self,
        name: &str,
        value: Value<'_, D>,
    ) -> Result<(), D::Error> {
        match name {
            "alg" | "jwk" => value.skip(),
            _ => self.0.member(name, value),
        }
    }
}

fn unreadable(error: JsonError) -> ProofError {
    let not_accepted = |step| ProofError::new(ProofFault::KeyOrAlgorithm, step);
    match error {
        JsonError::Malformed(None) => {
            ProofError::malformed("the header is not one JSON object without repeated members")
        }
        JsonError::Malformed(Some("alg")) => not_accepted("alg is not a text"),
        JsonError::Malformed(Some("jwk")) => not_accepted("jwk is not an object"),
        JsonError::Malformed(Some("typ")) => ProofError::malformed("typ is not a text"),
        JsonError::Malformed(Some(_)) | JsonError::OutOfRange(_) => {
            not_accepted("a member of jwk has a wrong type")
        }
        JsonError::TooMuch => ProofError::malformed("the header has too many values"),
    }
}
