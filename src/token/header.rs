use std::borrow::Cow;

use serde::de::MapAccess;

use super::error::{TokenError, TokenErrorKind};
use super::json::{Members, Text, Value, read_object};
use crate::crypto::Algorithm;

/// The members of a JOSE header that verification needs (RFC 7515 §4.1).
#[derive(Clone, Debug)]
pub(crate) struct Header<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<Cow<'a, str>>,
    pub(crate) typ: Option<Cow<'a, str>>,
}

impl<'a> Header<'a> {
    pub(crate) fn parse(json: &'a str) -> Result<Self, TokenError> {
        let mut read = Read::default();
        read_object(json, &mut read).map_err(|error| error.of(TokenErrorKind::MalformedHeader))?;
        if let Some(member) = read.unsupported {
            return Err(TokenError::at(
                TokenErrorKind::UnsupportedHeader,
                Some(member),
            ));
        }
        if read.cty.as_deref().is_some_and(is_nested_jwt) {
            return Err(TokenError::at(
                TokenErrorKind::UnsupportedHeader,
                Some("cty"),
            ));
        }
        let missing = TokenError::at(TokenErrorKind::MalformedHeader, Some("alg"));
        let name = read.alg.ok_or(missing)?;
        Ok(Self {
            algorithm: Algorithm::from_name(&name).ok_or(TokenErrorKind::AlgorithmNotAllowed)?,
            kid: read.kid,
            typ: read.typ,
        })
    }
}

/// The members that are read. `jwk`, `jku`, `x5u`, `x5c` and `x5t` are not among them, because a
/// token must not supply its own key (RFC 8725 §3.10).
#[derive(Default)]
struct Read<'a> {
    alg: Option<Cow<'a, str>>,
    cty: Option<Cow<'a, str>>,
    kid: Option<Cow<'a, str>>,
    typ: Option<Cow<'a, str>>,
    unsupported: Option<&'static str>,
}

impl<'a> Members<'a> for Read<'a> {
    fn member<D: MapAccess<'a>>(
        &mut self,
        name: &str,
        value: Value<'_, D>,
    ) -> Result<(), D::Error> {
        match name {
            "alg" => self.alg = Some(value.read::<Text<'a>>("alg")?.0),
            "cty" => self.cty = Some(value.read::<Text<'a>>("cty")?.0),
            "kid" => self.kid = Some(value.read::<Text<'a>>("kid")?.0),
            "typ" => self.typ = Some(value.read::<Text<'a>>("typ")?.0),
            // RFC 7515 §4.1.11: we understand no extension, so every `crit` is refused, and so is
            // `b64`, which a JWT must not use (RFC 7797 §7). `enc` belongs to JWE.
            "b64" => self.refuse("b64", value)?,
            "crit" => self.refuse("crit", value)?,
            "enc" => self.refuse("enc", value)?,
            "zip" => {
                let Text(zip) = value.read("zip")?;
                // Belongs to JWE, so RFC 7515 §4 passes it over, and some providers send `NONE`.
                // The one registered value would mean that the claims are compressed.
                if zip.eq_ignore_ascii_case("DEF") {
                    self.unsupported = Some("zip");
                }
            }
            _ => value.skip()?,
        }
        Ok(())
    }
}

impl Read<'_> {
    fn refuse<'a, D: MapAccess<'a>>(
        &mut self,
        name: &'static str,
        value: Value<'_, D>,
    ) -> Result<(), D::Error> {
        self.unsupported = Some(name);
        value.skip()
    }
}

/// RFC 7519 §5.2 writes `JWT`; media types are case-insensitive and may omit `application/`.
fn is_nested_jwt(cty: &str) -> bool {
    without_application(cty).eq_ignore_ascii_case("JWT")
}

/// RFC 7515 §4.1.9: a media type without another `/` may leave out `application/`.
pub(crate) fn without_application(media_type: &str) -> &str {
    const PREFIX: &str = "application/";
    match media_type.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
        _ => media_type,
    }
}

#[cfg(test)]
mod tests;
