//! The types that a member of a token can have, besides a string.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize as _;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use serde_json::value::RawValue;

use super::json::{AnyVisitor, ReadJson, Reading, Text, Typed};
use crate::base::numeric_date::NumericDate;

/// One string or a list of strings: `aud` (RFC 7519 §4.1.3), `scope` and `scp`.
#[derive(Debug, Default)]
pub(crate) enum OneOrMany<'a> {
    #[default]
    None,
    One(Cow<'a, str>),
    Many(Vec<Cow<'a, str>>),
}

impl<'a> OneOrMany<'a> {
    pub(crate) fn as_slice(&self) -> &[Cow<'a, str>] {
        match self {
            Self::None => &[],
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// Adds to a list. A long one grows by more than usual: each time that it grows it is copied.
fn push<'a>(all: &mut Vec<Cow<'a, str>>, text: Cow<'a, str>) {
    if all.len() == all.capacity() {
        all.reserve(all.len().saturating_mul(3).max(4));
    }
    all.push(text);
}

impl<'a> ReadJson<'a> for OneOrMany<'a> {
    fn read<D: Deserializer<'a>>(deserializer: D, reading: &Reading) -> Result<Self, D::Error> {
        struct OneOrManyVisitor<'r>(&'r Reading);

        impl<'a> Visitor<'a> for OneOrManyVisitor<'_> {
            type Value = OneOrMany<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of strings")
            }

            fn visit_borrowed_str<E>(self, text: &'a str) -> Result<OneOrMany<'a>, E> {
                Ok(OneOrMany::One(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<OneOrMany<'a>, E> {
                Ok(OneOrMany::One(Cow::Owned(text.to_owned())))
            }

            fn visit_seq<S: SeqAccess<'a>>(self, mut seq: S) -> Result<OneOrMany<'a>, S::Error> {
                let mut all = Vec::new();
                while let Some(Text(text)) = seq.next_element_seed(Typed::new(self.0))? {
                    self.0.count(1)?;
                    push(&mut all, text);
                }
                Ok(OneOrMany::Many(all))
            }
        }

        deserializer.deserialize_any(OneOrManyVisitor(reading))
    }
}

impl<'a> ReadJson<'a> for NumericDate {
    fn read<D: Deserializer<'a>>(deserializer: D, reading: &Reading) -> Result<Self, D::Error> {
        struct DateVisitor<'r>(&'r Reading);

        impl Visitor<'_> for DateVisitor<'_> {
            type Value = NumericDate;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of seconds")
            }

            fn visit_u64<E: Error>(self, seconds: u64) -> Result<NumericDate, E> {
                // The cast rounds only values above 2^53, which are out of bounds anyway.
                self.visit_f64(seconds as f64)
            }

            fn visit_i64<E: Error>(self, seconds: i64) -> Result<NumericDate, E> {
                self.visit_f64(seconds as f64)
            }

            fn visit_f64<E: Error>(self, seconds: f64) -> Result<NumericDate, E> {
                NumericDate::new(seconds).ok_or_else(|| self.0.out_of_range())
            }
        }

        // Not `deserialize_any`: with serde_json's `arbitrary_precision`, which another crate may
        // turn on, `deserialize_any` presents numbers as maps.
        deserializer.deserialize_f64(DateVisitor(reading))
    }
}

/// A string if the value is one; any other value counts as absent.
pub(crate) struct MaybeText<'a>(pub(crate) Option<Cow<'a, str>>);

impl<'a> ReadJson<'a> for MaybeText<'a> {
    fn read<D: Deserializer<'a>>(deserializer: D, reading: &Reading) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(AnyVisitor::new(reading))
            .map(MaybeText)
    }
}

/// A value, or null, which counts as absent.
pub(super) struct OrNull<T>(pub(super) Option<T>);

impl<'a, T: ReadJson<'a>> ReadJson<'a> for OrNull<T> {
    fn read<D: Deserializer<'a>>(deserializer: D, reading: &Reading) -> Result<Self, D::Error> {
        struct OrNullVisitor<'r, T>(&'r Reading, PhantomData<T>);

        impl<'a, T: ReadJson<'a>> Visitor<'a> for OrNullVisitor<'_, T> {
            type Value = OrNull<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value or null")
            }

            fn visit_none<E>(self) -> Result<OrNull<T>, E> {
                Ok(OrNull(None))
            }

            fn visit_some<D: Deserializer<'a>>(self, value: D) -> Result<OrNull<T>, D::Error> {
                T::read(value, self.0).map(|value| OrNull(Some(value)))
            }
        }

        deserializer.deserialize_option(OrNullVisitor(reading, PhantomData))
    }
}

impl<'a> ReadJson<'a> for bool {
    fn read<D: Deserializer<'a>>(deserializer: D, _: &Reading) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

/// An object as it is written. Its content is neither checked nor counted.
pub(crate) struct RawObject<'a>(pub(crate) &'a str);

impl<'a> ReadJson<'a> for RawObject<'a> {
    fn read<D: Deserializer<'a>>(deserializer: D, _: &Reading) -> Result<Self, D::Error> {
        let text = <&'a RawValue>::deserialize(deserializer)?.get();
        match text.starts_with('{') {
            true => Ok(Self(text)),
            false => Err(D::Error::custom("no object")),
        }
    }
}

/// A string or a list of strings; `None` for any other value.
pub(crate) struct MaybeOneOrMany<'a>(pub(crate) Option<OneOrMany<'a>>);

impl<'a> ReadJson<'a> for MaybeOneOrMany<'a> {
    fn read<D: Deserializer<'a>>(deserializer: D, reading: &Reading) -> Result<Self, D::Error> {
        struct ListVisitor<'r>(&'r Reading);

        impl ListVisitor<'_> {
            const fn of_another_type(&self) -> AnyVisitor<'_, ()> {
                AnyVisitor::new(self.0)
            }
        }

        impl<'a> Visitor<'a> for ListVisitor<'_> {
            type Value = MaybeOneOrMany<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.of_another_type().expecting(f)
            }

            fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Self::Value, E> {
                Ok(MaybeOneOrMany(Some(OneOrMany::One(Cow::Borrowed(text)))))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                let text = Cow::Owned(text.to_owned());
                Ok(MaybeOneOrMany(Some(OneOrMany::One(text))))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(MaybeOneOrMany(None))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
                Ok(MaybeOneOrMany(None))
            }

            fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
                Ok(MaybeOneOrMany(None))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
                let walked = self.of_another_type().visit_f64(number);
                walked.map(|()| MaybeOneOrMany(None))
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(MaybeOneOrMany(None))
            }

            fn visit_seq<S: SeqAccess<'a>>(self, mut seq: S) -> Result<Self::Value, S::Error> {
                let reading = self.0;
                let mut all = Vec::new();
                let mut are_texts = true;
                while let Some(MaybeText(text)) = seq.next_element_seed(Typed::new(reading))? {
                    reading.count(1)?;
                    match text {
                        Some(text) => push(&mut all, text),
                        None => are_texts = false,
                    }
                }
                Ok(MaybeOneOrMany(are_texts.then_some(OneOrMany::Many(all))))
            }

            fn visit_map<M: MapAccess<'a>>(self, map: M) -> Result<Self::Value, M::Error> {
                let walked = self.of_another_type().visit_map(map);
                walked.map(|()| MaybeOneOrMany(None))
            }
        }

        deserializer.deserialize_any(ListVisitor(reading))
    }
}
