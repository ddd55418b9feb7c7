use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

/// One member of `json`, an object, as `T`. The other members are skipped.
pub(super) fn one_claim<T: DeserializeOwned>(
    json: &str,
    name: &str,
) -> Result<Option<T>, ClaimsError> {
    let mut json = serde_json::Deserializer::from_str(json);
    let one = OneClaim(name, PhantomData);
    one.deserialize(&mut json).map_err(ClaimsError)
}

/// The claims of a valid token do not fit the requested type.
#[derive(Debug)]
pub struct ClaimsError(pub(super) serde_json::Error);

impl fmt::Display for ClaimsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the claims do not fit the requested type")
    }
}

impl std::error::Error for ClaimsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// Reads one member of an object and skips the others.
struct OneClaim<'n, T>(&'n str, PhantomData<T>);

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for OneClaim<'_, T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for OneClaim<'_, T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the claims of a token")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Option<T>, A::Error> {
        let mut found = None;
        // No name is repeated: the verifier rejects such tokens.
        while let Some(name) = members.next_key::<Cow<'de, str>>()? {
            match name == self.0 {
                true => found = Some(members.next_value()?),
                false => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }
}
