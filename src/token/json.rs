//! JSON as strictly as a token needs it: no repeated member, bounded depth, no number out of range.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use crate::numeric_date::NumericDate;

/// Takes the members of an object one by one.
pub(super) trait Members<'a> {
    /// Reads the value of `name` out of `value`, or passes it over with [`Value::skip`].
    fn member<D: MapAccess<'a>>(&mut self, name: &str, value: Value<'_, D>)
    -> Result<(), D::Error>;
}

/// Fills `target` from `text`, which must be exactly one JSON object. On failure names the member at
/// fault, where it is one of ours.
pub(super) fn read_object<'a, M: Members<'a>>(
    text: &'a str,
    target: &mut M,
) -> Result<(), Option<&'static str>> {
    let at = Cell::new(None);
    let mut json = serde_json::Deserializer::from_str(text);
    Object { target, at: &at }
        .deserialize(&mut json)
        .and_then(|()| json.end())
        .map_err(|_| at.get())
}

/// The value of a member that has not been read yet.
pub(super) struct Value<'m, D> {
    map: &'m mut D,
    at: &'m Cell<Option<&'static str>>,
}

impl<'a, D: MapAccess<'a>> Value<'_, D> {
    /// A member that means something to us: a failure is reported under `name`.
    pub(super) fn read<T: ReadJson<'a>>(self, name: &'static str) -> Result<T, D::Error> {
        self.at.set(Some(name));
        let value = self.map.next_value_seed(Typed(std::marker::PhantomData))?;
        self.at.set(None);
        Ok(value)
    }

    /// A member that means nothing to us. It is still read in full: serde's own way of skipping
    /// neither bounds the depth nor judges strings and numbers.
    pub(super) fn skip(self) -> Result<(), D::Error> {
        self.map.next_value_seed(Skipped)
    }
}

struct Object<'m, M> {
    target: &'m mut M,
    at: &'m Cell<Option<&'static str>>,
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
        let mut names: Vec<Cow<'a, str>> = Vec::with_capacity(EXPECTED_MEMBERS);
        while let Some(Text(name)) = map.next_key_seed(Typed(std::marker::PhantomData))? {
            self.target.member(
                &name,
                Value {
                    map: &mut map,
                    at: self.at,
                },
            )?;
            names.push(name);
        }
        // Sorted rather than hashed: nothing that an attacker writes can make this slow.
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        if names.len() < all {
            // RFC 7515 §4 and RFC 7519 §4 allow to reject, which leaves no room for two readings.
            return Err(D::Error::custom("a member is repeated"));
        }
        Ok(())
    }
}

/// Types that a member of a token can have. Our own trait, because serde's impls accept too much:
/// `Option` takes null for absent, numbers take what is no date.
pub(super) trait ReadJson<'a>: Sized {
    fn read<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error>;
}

struct Typed<T>(std::marker::PhantomData<T>);

impl<'a, T: ReadJson<'a>> DeserializeSeed<'a> for Typed<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<T, D::Error> {
        T::read(deserializer)
    }
}

/// A string, borrowed from the document unless it holds an escape.
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl<'a> ReadJson<'a> for Text<'a> {
    fn read<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
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

/// One string or a list of strings: `aud` (RFC 7519 §4.1.3), `scope` and `scp`.
#[derive(Debug, Default)]
pub(super) struct OneOrMany<'a>(pub(super) Vec<Cow<'a, str>>);

impl<'a> ReadJson<'a> for OneOrMany<'a> {
    fn read<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrManyVisitor;

        impl<'a> Visitor<'a> for OneOrManyVisitor {
            type Value = OneOrMany<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of strings")
            }

            fn visit_borrowed_str<E>(self, text: &'a str) -> Result<OneOrMany<'a>, E> {
                Ok(OneOrMany(vec![Cow::Borrowed(text)]))
            }

            fn visit_str<E>(self, text: &str) -> Result<OneOrMany<'a>, E> {
                Ok(OneOrMany(vec![Cow::Owned(text.to_owned())]))
            }

            fn visit_seq<S: SeqAccess<'a>>(self, mut seq: S) -> Result<OneOrMany<'a>, S::Error> {
                let mut all = Vec::new();
                while let Some(Text(text)) =
                    seq.next_element_seed(Typed(std::marker::PhantomData))?
                {
                    all.push(text);
                }
                Ok(OneOrMany(all))
            }
        }

        deserializer.deserialize_any(OneOrManyVisitor)
    }
}

/// A string where the value is one; anything else is as good as absent.
pub(super) struct MaybeText<'a>(pub(super) Option<Cow<'a, str>>);

impl<'a> ReadJson<'a> for MaybeText<'a> {
    fn read<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SkippedVisitor).map(MaybeText)
    }
}

impl<'a> ReadJson<'a> for NumericDate {
    fn read<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct DateVisitor;

        impl Visitor<'_> for DateVisitor {
            type Value = NumericDate;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of seconds")
            }

            fn visit_u64<E: serde::de::Error>(self, seconds: u64) -> Result<NumericDate, E> {
                // The cast rounds above 2^53, all of which is out of bounds anyway.
                self.visit_f64(seconds as f64)
            }

            fn visit_i64<E: serde::de::Error>(self, seconds: i64) -> Result<NumericDate, E> {
                self.visit_f64(seconds as f64)
            }

            fn visit_f64<E: serde::de::Error>(self, seconds: f64) -> Result<NumericDate, E> {
                NumericDate::new(seconds).ok_or_else(|| E::custom("out of range"))
            }
        }

        // Not `deserialize_any`: with serde_json's `arbitrary_precision`, which another crate may
        // turn on, that one hands numbers over as maps.
        deserializer.deserialize_f64(DateVisitor)
    }
}

struct Skipped;

impl<'a> DeserializeSeed<'a> for Skipped {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(SkippedVisitor).map(drop)
    }
}

/// Walks a value of any type, by recursion so that serde_json's depth limit counts, and keeps it
/// only when it is a string.
struct SkippedVisitor;

impl<'a> Visitor<'a> for SkippedVisitor {
    type Value = Option<Cow<'a, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut seq: S) -> Result<Self::Value, S::Error> {
        while seq.next_element_seed(Skipped)?.is_some() {}
        Ok(None)
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        while map.next_key::<IgnoredAny>()?.is_some() {
            map.next_value_seed(Skipped)?;
        }
        Ok(None)
    }
}

/// Access tokens carry about this many claims; more only cost another allocation.
const EXPECTED_MEMBERS: usize = 16;
