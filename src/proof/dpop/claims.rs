//! The claims of a proof (RFC 9449 §4.2), step 9.

use std::borrow::Cow;

use serde::de::MapAccess;

use crate::base::numeric_date::NumericDate;
use crate::limits::{MAX_HTU_BYTES, MAX_JTI_BYTES, MAX_PROOF_VALUES};
use crate::token::json::{JsonError, Members, Text, Value, read_object_of};

/// Of the right types, and of limited length. Their values are not checked yet.
pub(super) struct Claims<'a> {
    pub(super) ath: Cow<'a, str>,
    pub(super) exp: Option<NumericDate>,
    pub(super) htm: Cow<'a, str>,
    pub(super) htu: Cow<'a, str>,
    pub(super) iat: NumericDate,
    pub(super) jti: Cow<'a, str>,
    pub(super) nbf: Option<NumericDate>,
    pub(super) nonce: Option<Cow<'a, str>>,
}

impl<'a> Claims<'a> {
    /// The error is the check that failed.
    pub(super) fn parse(json: &'a str) -> Result<Self, &'static str> {
        let mut read = Read::default();
        read_object_of(json, MAX_PROOF_VALUES, &mut read).map_err(unreadable)?;
        let claims = Self {
            jti: read.jti.ok_or("jti is missing")?,
            htm: read.htm.ok_or("htm is missing")?,
            htu: read.htu.ok_or("htu is missing")?,
            iat: read.iat.ok_or("iat is missing")?,
            ath: read.ath.ok_or("ath is missing")?,
            exp: read.exp,
            nbf: read.nbf,
            nonce: read.nonce,
        };
        if claims.jti.is_empty() {
            return Err("jti is empty");
        }
        if claims.jti.len() > MAX_JTI_BYTES {
            return Err("jti is too long");
        }
        match claims.htu.len() <= MAX_HTU_BYTES {
            true => Ok(claims),
            false => Err("htu is too long"),
        }
    }
}

#[derive(Default)]
struct Read<'a> {
    ath: Option<Cow<'a, str>>,
    exp: Option<NumericDate>,
    htm: Option<Cow<'a, str>>,
    htu: Option<Cow<'a, str>>,
    iat: Option<NumericDate>,
    jti: Option<Cow<'a, str>>,
    nbf: Option<NumericDate>,
    nonce: Option<Cow<'a, str>>,
}

impl<'a> Members<'a> for Read<'a> {
    fn member<D: MapAccess<'a>>(
        &mut self,
        name: &str,
        value: Value<'_, D>,
    ) -> Result<(), D::Error> {
        match name {
            "ath" => self.ath = Some(value.read::<Text<'a>>("ath")?.0),
            "exp" => self.exp = Some(value.read("exp")?),
            "htm" => self.htm = Some(value.read::<Text<'a>>("htm")?.0),
            "htu" => self.htu = Some(value.read::<Text<'a>>("htu")?.0),
            "iat" => self.iat = Some(value.read("iat")?),
            "jti" => self.jti = Some(value.read::<Text<'a>>("jti")?.0),
            "nbf" => self.nbf = Some(value.read("nbf")?),
            "nonce" => self.nonce = Some(value.read::<Text<'a>>("nonce")?.0),
            _ => value.skip()?,
        }
        Ok(())
    }
}

const fn unreadable(error: JsonError) -> &'static str {
    match error {
        JsonError::Malformed(None) => "the claims are not one JSON object without repeated members",
        JsonError::Malformed(Some(_)) => "a claim has a wrong type",
        JsonError::OutOfRange(_) => "a time is out of range",
        JsonError::TooMuch => "the claims have too many values",
    }
}
