use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_path_to_error::{Deserializer as PathDeserializer, Track};

use crate::base::escape::shown_up_to;

/// All of `json` as `T`.
pub(super) fn all_claims<T: DeserializeOwned>(json: &str) -> Result<T, ClaimsError> {
    read(json, || PhantomData)
}

/// One member of `json`, an object, as `T`. The other members are skipped.
pub(super) fn one_claim<T: DeserializeOwned>(
    json: &str,
    name: &str,
) -> Result<Option<T>, ClaimsError> {
    read(json, || OneClaim(name, PhantomData))
}

fn read<'j, S: DeserializeSeed<'j>>(
    json: &'j str,
    seed: impl Fn() -> S,
) -> Result<S::Value, ClaimsError> {
    let mut reader = serde_json::Deserializer::from_str(json);
    seed().deserialize(&mut reader).or_else(|_| {
        // The path costs time, so it is followed only for an error.
        let mut reader = serde_json::Deserializer::from_str(json);
        let mut track = Track::new();
        let read = seed().deserialize(PathDeserializer::new(&mut reader, &mut track));
        read.map_err(|error| ClaimsError(Fault::of(&track.path().to_string(), &error.to_string())))
    })
}

/// The claims of a valid token do not fit the requested type.
///
/// `Display` says no more than that, so it may be in a response.
/// [`source`](std::error::Error::source) says which claim it is: that is for logs. Neither they nor
/// `Debug` show a value of the token.
#[derive(Debug)]
pub struct ClaimsError(Fault);

/// The path of a claim, escaped and truncated. The message of serde is left out, because it quotes
/// what it has found.
#[derive(Debug)]
enum Fault {
    Missing(String),
    Unfit(String),
    Whole,
}

impl ClaimsError {
    #[cfg(feature = "axum")]
    pub(super) fn reason(&self) -> String {
        self.0.to_string()
    }
}

impl Fault {
    fn of(path: &str, message: &str) -> Self {
        // The path of a missing claim ends above it. Its name is that of a field of the type, and
        // not a text of the token.
        let missing = message.strip_prefix("missing field `");
        let missing = missing.and_then(|rest| rest.split_once('`'));
        match (missing, path) {
            (Some((name, _)), ".") => Self::Missing(shown(name)),
            (Some((name, _)), path) => Self::Missing(shown(&format!("{path}.{name}"))),
            (None, ".") => Self::Whole,
            (None, path) => Self::Unfit(shown(path)),
        }
    }
}

fn shown(path: &str) -> String {
    shown_up_to(path, LONGEST_PATH)
}

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

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(f, "the claim {path} is missing"),
            Self::Unfit(path) => write!(f, "the claim {path} does not fit"),
            Self::Whole => f.write_str("the claims do not fit as a whole"),
        }
    }
}

impl std::error::Error for Fault {}

const LONGEST_PATH: usize = 128;

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
        let mut claim = None;
        // No name is repeated: the verifier rejects such tokens.
        while let Some(name) = members.next_key::<Cow<'de, str>>()? {
            match name == self.0 {
                true => claim = Some(members.next_value()?),
                false => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(claim)
    }
}
