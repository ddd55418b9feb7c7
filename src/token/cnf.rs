//! The claim `cnf`: which key its bearer must prove (RFC 7800 §3.1).

use std::fmt;

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use super::confirmation::{Confirmation, Thumbprint};
use super::json::{AnyVisitor, Members, Object, ReadJson, Reading, Value};
use super::json_values::MaybeText;

/// What a token says about the key of its bearer.
#[derive(Debug, Default)]
pub(super) enum Cnf {
    /// Nothing: a bearer token.
    #[default]
    Absent,
    Bound(Confirmation),
    /// It names no key, or names one in a way that this crate cannot check. Ignoring it would turn
    /// a token that its issuer has bound into a bearer token.
    Unusable,
}

impl Cnf {
    pub(super) const fn confirmation(&self) -> Option<&Confirmation> {
        match self {
            Self::Bound(confirmation) => Some(confirmation),
            Self::Absent | Self::Unusable => None,
        }
    }
}

/// The members of `cnf` that were read so far.
#[derive(Default)]
struct CnfMembers {
    jkt: Option<Thumbprint>,
    x5t_s256: Option<Thumbprint>,
    is_unusable: bool,
}

impl CnfMembers {
    fn thumbprint<'a, D: MapAccess<'a>>(
        &mut self,
        name: &'static str,
        value: Value<'_, D>,
    ) -> Result<Option<Thumbprint>, D::Error> {
        let text = value.read::<MaybeText<'a>>(name)?.0;
        let thumbprint = text.and_then(|text| Thumbprint::parse(&text));
        self.is_unusable |= thumbprint.is_none();
        Ok(thumbprint)
    }

    fn into_cnf(self) -> Cnf {
        let Self {
            jkt,
            x5t_s256,
            is_unusable,
        } = self;
        match is_unusable || (jkt.is_none() && x5t_s256.is_none()) {
            true => Cnf::Unusable,
            false => Cnf::Bound(Confirmation { jkt, x5t_s256 }),
        }
    }
}

impl<'a> Members<'a> for CnfMembers {
    fn member<D: MapAccess<'a>>(
        &mut self,
        name: &str,
        value: Value<'_, D>,
    ) -> Result<(), D::Error> {
        match name {
            "jkt" => self.jkt = self.thumbprint("cnf", value)?,
            "x5t#S256" => self.x5t_s256 = self.thumbprint("cnf", value)?,
            _ => {
                // Beside a proven key, an unknown member is ignored (RFC 7800 §3.1): Keycloak adds
                // `kc-jkt-type`.
                self.is_unusable |= OTHER_KEYS.contains(&name);
                value.skip()?;
            }
        }
        Ok(())
    }
}

impl<'a> ReadJson<'a> for Cnf {
    fn read<D: Deserializer<'a>>(deserializer: D, reading: &Reading) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CnfVisitor(reading))
    }
}

struct CnfVisitor<'r>(&'r Reading);

impl<'a> Visitor<'a> for CnfVisitor<'_> {
    type Value = Cnf;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'a>>(self, map: M) -> Result<Cnf, M::Error> {
        let mut members = CnfMembers::default();
        let target = &mut members;
        let reading = self.0;
        Object { target, reading }.visit_map(map)?;
        Ok(members.into_cnf())
    }

    fn visit_seq<S: SeqAccess<'a>>(self, seq: S) -> Result<Cnf, S::Error> {
        let walked = AnyVisitor::<()>::new(self.0).visit_seq(seq);
        walked.map(|()| Cnf::Unusable)
    }

    fn visit_str<E>(self, _: &str) -> Result<Cnf, E> {
        Ok(Cnf::Unusable)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Cnf, E> {
        Ok(Cnf::Unusable)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Cnf, E> {
        Ok(Cnf::Unusable)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Cnf, E> {
        Ok(Cnf::Unusable)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Cnf, E> {
        Ok(Cnf::Unusable)
    }

    fn visit_unit<E>(self) -> Result<Cnf, E> {
        Ok(Cnf::Unusable)
    }
}

/// Other ways to name a key: registered ones (RFC 7800 §3, RFC 9203), and names that clearly mean
/// one.
const OTHER_KEYS: [&str; 10] = [
    "ckt", "jku", "jwe", "jwk", "kid", "osc", "x5c", "x5t", "x5t#S512", "x5u",
];
