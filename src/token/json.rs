//! JSON parsing as strict as a token needs it: no repeated member, bounded depth and number of
//! values, no number out of range. `serde_json` parses the text; this module decides what is
//! accepted. `json_values` has the types that a member can have.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::error::{TokenError, TokenErrorKind};
use super::names::Names;
use crate::limits::{MAX_JSON_MEMBERS, MAX_JSON_VALUES};

/// Receives the members of an object one by one.
pub(crate) trait Members<'a> {
    /// Reads the value of `name` from `value`, or skips it with [`Value::skip`].
    fn member<D: MapAccess<'a>>(&mut self, name: &str, value: Value<'_, D>)
    -> Result<(), D::Error>;
}

/// Why a text was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonError {
    /// The text is not a JSON object, repeats a member, or holds a value of the wrong type. The
    /// member is named if it is one that we read.
    Malformed(Option<&'static str>),
    /// This member is a number, and too large for a time.
    OutOfRange(&'static str),
    /// The text has more members or values than the limits allow.
    TooMuch,
}

impl JsonError {
    /// Converts this into an error about the token. `malformed` is the kind for this text: header
    /// or claims.
    pub(crate) const fn of(self, malformed: TokenErrorKind) -> TokenError {
        match self {
            Self::Malformed(member) => TokenError::at(malformed, member),
            Self::OutOfRange(member) => TokenError::at(malformed, Some(out_of_range(member))),
            Self::TooMuch => TokenError::new(TokenErrorKind::TooManyValues),
        }
    }
}

/// The claim and its fault, for the text of a [`TokenError`].
const fn out_of_range(claim: &'static str) -> &'static str {
    match claim.as_bytes() {
        b"exp" => "exp is out of range",
        b"iat" => "iat is out of range",
        b"nbf" => "nbf is out of range",
        _ => claim,
    }
}

/// Fills `target` from `text`, which must be exactly one JSON object.
pub(crate) fn read_object<'a, M: Members<'a>>(
    text: &'a str,
    target: &mut M,
) -> Result<(), JsonError> {
    read_object_of(text, MAX_JSON_VALUES, target)
}

/// The same for a text with at most this many values.
pub(crate) fn read_object_of<'a, M: Members<'a>>(
    text: &'a str,
    max_values: usize,
    target: &mut M,
) -> Result<(), JsonError> {
    let reading = Reading {
        error: Cell::new(JsonError::Malformed(None)),
        values_left: Cell::new(max_values),
        depth: Cell::new(0),
    };
    let mut json = serde_json::Deserializer::from_str(text);
    let object = Object {
        target,
        reading: &reading,
    };
    object
        .deserialize(&mut json)
        .and_then(|()| json.end())
        .map_err(|_| reading.error.get())
}

/// The state of reading one text. It holds the error to report, because serde's own errors carry
/// text of the token.
pub(crate) struct Reading {
    /// The error to report if reading fails now.
    error: Cell<JsonError>,
    values_left: Cell<usize>,
    /// How many lists and objects are open around the value that is read.
    depth: Cell<u32>,
}

impl Reading {
    // Out of the way of `count`, which is called for each value.
    #[cold]
    fn too_much<E: Error>(&self) -> E {
        self.error.set(JsonError::TooMuch);
        E::custom("more than is read")
    }

    /// The number that is read is too large for its type.
    pub(crate) fn out_of_range<E: Error>(&self) -> E {
        if let JsonError::Malformed(Some(member)) = self.error.get() {
            self.error.set(JsonError::OutOfRange(member));
        }
        E::custom("out of range")
    }

    /// A list or an object of a value that is not used begins.
    fn enter<E: Error>(&self) -> Result<(), E> {
        let depth = self.depth.get();
        self.depth.set(depth.saturating_add(1));
        match depth {
            0 => Ok(()),
            _ => self.count(VALUES_OF_A_NESTED_ONE),
        }
    }

    fn leave(&self) {
        self.depth.set(self.depth.get().saturating_sub(1));
    }

    /// Counts towards the limit: each value that is skipped, the names inside it, and each item of
    /// a list.
    pub(crate) fn count<E: Error>(&self, values: usize) -> Result<(), E> {
        let left = self.values_left.get().checked_sub(values);
        self.values_left.set(left.ok_or_else(|| self.too_much())?);
        Ok(())
    }
}

/// The value of a member that has not been read yet.
pub(crate) struct Value<'m, D> {
    map: &'m mut D,
    reading: &'m Reading,
}

impl<'a, D: MapAccess<'a>> Value<'_, D> {
    /// Reads a member that we use; a failure is reported under `name`.
    pub(crate) fn read<T: ReadJson<'a>>(self, name: &'static str) -> Result<T, D::Error> {
        self.reading.error.set(JsonError::Malformed(Some(name)));
        let value = self.map.next_value_seed(Typed::new(self.reading))?;
        self.reading.error.set(JsonError::Malformed(None));
        Ok(value)
    }

    /// Skips a member that we do not use. Its value is still parsed in full: serde's own way of
    /// skipping neither bounds the depth nor validates strings and numbers.
    pub(crate) fn skip(self) -> Result<(), D::Error> {
        let Skipped = self.map.next_value_seed(Typed::new(self.reading))?;
        Ok(())
    }
}

pub(crate) struct Object<'m, M> {
    pub(crate) target: &'m mut M,
    pub(crate) reading: &'m Reading,
}

impl<'a, M: Members<'a>> DeserializeSeed<'a> for Object<'_, M> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a, M: Members<'a>> Visitor<'a> for Object<'_, M> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<D: MapAccess<'a>>(self, mut map: D) -> Result<(), D::Error> {
        let Self { target, reading } = self;
        let mut names = Names::default();
        while let Some(Text(name)) = map.next_key_seed(Typed::new(reading))? {
            if names.count() == MAX_JSON_MEMBERS {
                return Err(reading.too_much());
            }
            let value = Value {
                map: &mut map,
                reading,
            };
            target.member(&name, value)?;
            if !names.add(name) {
                // RFC 7515 §4 and RFC 7519 §4 allow rejection. It ensures that no two parsers read
                // a token differently.
                return Err(D::Error::custom("a member is repeated"));
            }
        }
        Ok(())
    }
}

/// Types that a member of a token can have. Not serde's trait, because its impls accept too much:
/// `Option` treats null as absent, and numbers include values that are not dates.
pub(crate) trait ReadJson<'a>: Sized {
    fn read<D: Deserializer<'a>>(deserializer: D, reading: &Reading) -> Result<Self, D::Error>;
}

pub(crate) struct Typed<'r, T> {
    reading: &'r Reading,
    of: PhantomData<T>,
}

impl<'r, T> Typed<'r, T> {
    pub(crate) const fn new(reading: &'r Reading) -> Self {
        Self {
            reading,
            of: PhantomData,
        }
    }
}

impl<'a, T: ReadJson<'a>> DeserializeSeed<'a> for Typed<'_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<T, D::Error> {
        T::read(deserializer, self.reading)
    }
}

/// A string, borrowed from the document unless it holds an escape.
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl<'a> ReadJson<'a> for Text<'a> {
    fn read<D: Deserializer<'a>>(deserializer: D, _: &Reading) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'a> Visitor<'a> for TextVisitor {
            type Value = Text<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Text<'a>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'a>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(TextVisitor)
    }
}

/// A value that we do not use. With serde_json's `arbitrary_precision`, which another crate may
/// turn on, a number is presented as a map that holds its text: its range is then not checked, and
/// it counts as three values.
struct Skipped;

impl<'a> ReadJson<'a> for Skipped {
    fn read<D: Deserializer<'a>>(deserializer: D, reading: &Reading) -> Result<Self, D::Error> {
        reading.count(1)?;
        deserializer
            .deserialize_any(AnyVisitor::new(reading))
            .map(|()| Skipped)
    }
}

/// Walks a value of any type, recursively so that serde_json's depth limit applies.
pub(crate) struct AnyVisitor<'r, T> {
    reading: &'r Reading,
    of: PhantomData<T>,
}

/// What is left of a value that was walked: nothing, or the text if it is a string.
pub(crate) trait Walked<'a>: Default {
    fn borrowed(text: &'a str) -> Self;

    fn copied(text: &str) -> Self;
}

impl Walked<'_> for () {
    fn borrowed(_: &str) {}

    fn copied(_: &str) {}
}

impl<'a> Walked<'a> for Option<Cow<'a, str>> {
    fn borrowed(text: &'a str) -> Self {
        Some(Cow::Borrowed(text))
    }

    fn copied(text: &str) -> Self {
        Some(Cow::Owned(text.to_owned()))
    }
}

impl<'r, T> AnyVisitor<'r, T> {
    pub(crate) const fn new(reading: &'r Reading) -> Self {
        Self {
            reading,
            of: PhantomData,
        }
    }
}

impl<'a, T: Walked<'a>> Visitor<'a> for AnyVisitor<'_, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<T, E> {
        Ok(T::borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::copied(text))
    }

    fn visit_bool<E>(self, _: bool) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<T, E> {
        // A number with many digits takes as long to parse as ten other values.
        self.reading.count(VALUES_OF_A_FRACTION)?;
        Ok(T::default())
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut seq: S) -> Result<T, S::Error> {
        self.reading.enter()?;
        while let Some(Skipped) = seq.next_element_seed(Typed::new(self.reading))? {}
        self.reading.leave();
        Ok(T::default())
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<T, M::Error> {
        self.reading.enter()?;
        while map.next_key::<IgnoredAny>()?.is_some() {
            self.reading.count(1)?;
            let Skipped = map.next_value_seed(Typed::new(self.reading))?;
        }
        self.reading.leave();
        Ok(T::default())
    }
}

/// Counted in addition to the one that each value counts as.
const VALUES_OF_A_FRACTION: usize = 7;

/// Counted in addition for a list or an object inside another one: it takes as long to read as four
/// other values.
const VALUES_OF_A_NESTED_ONE: usize = 3;
