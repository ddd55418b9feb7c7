//! How the values of a file are read: each reader says in its error what it expects.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde_json::Value;

use crate::base::secret::Secret;

/// `true` or `false`, also as text: a variable of the environment is always text.
pub(super) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    // Any value first, because a format that is asked for a boolean rejects text.
    match Value::deserialize(deserializer)? {
        Value::Bool(flag) => Ok(flag),
        Value::String(text) if text == "true" => Ok(true),
        Value::String(text) if text == "false" => Ok(false),
        other => Err(D::Error::invalid_type(kind_of(&other), &"true or false")),
    }
}

/// As [`flag`], for a setting whose default depends on others.
pub(super) fn choice<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    flag(deserializer).map(Some)
}

/// A whole number, also as text.
pub(super) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let count = match &value {
        Value::Null => return Ok(None),
        Value::Number(number) => number.as_u64().and_then(|count| count.try_into().ok()),
        // `parse` alone would accept a plus sign.
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    };
    count.map(Some).ok_or_else(|| {
        let expected = "a whole number that is not negative";
        D::Error::invalid_type(kind_of(&value), &expected)
    })
}

/// A duration is text with a unit: a number could mean seconds or milliseconds.
pub(super) fn duration<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    struct Text;

    impl Visitor<'_> for Text {
        type Value = Duration;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a duration as a string with its unit")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Duration, E> {
            humantime::parse_duration(text)
                .map_err(|error| E::custom(format!("{text:?} is not a duration: {error}")))
        }
    }

    deserializer.deserialize_str(Text).map(Some)
}

pub(super) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    let list = Option::<List<T>>::deserialize(deserializer)?;
    Ok(list.map(|List(items)| items))
}

pub(super) fn required_list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    List::deserialize(deserializer).map(|List(items)| items)
}

/// One string or a list of strings.
pub(super) fn one_or_more<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<String>>, D::Error> {
    struct OneOrMore;

    impl<'de> Visitor<'de> for OneOrMore {
        type Value = Option<Vec<String>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string or a list of strings")
        }

        fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(self, some: D) -> Result<Self::Value, D::Error> {
            some.deserialize_any(self)
        }

        fn visit_str<E: Error>(self, one: &str) -> Result<Self::Value, E> {
            Ok(Some(vec![one.to_owned()]))
        }

        fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
            Vec::deserialize(SeqAccessDeserializer::new(items)).map(Some)
        }
    }

    deserializer.deserialize_any(OneOrMore)
}

/// A list whose error says "list", where the error of `Vec` says "sequence".
struct List<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Vec<T>, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(items))
            }
        }

        deserializer.deserialize_seq(Items(PhantomData)).map(Self)
    }
}

/// A struct that is read from an object alone. serde would read it from a list too, whose items it
/// takes for the members in their order.
pub(super) struct Whole<T>(pub(super) T);

/// What the error says where there is no object.
pub(super) trait Expected {
    const EXPECTED: &'static str;
}

impl<'de, T: Deserialize<'de> + Expected> Deserialize<'de> for Whole<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de> + Expected> Visitor<'de> for Members<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(T::EXPECTED)
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members))
            }
        }

        deserializer.deserialize_map(Members(PhantomData)).map(Self)
    }
}

/// An object, where `null` is an error.
pub(super) fn whole<'de, D: Deserializer<'de>, T: Deserialize<'de> + Expected>(
    deserializer: D,
) -> Result<T, D::Error> {
    Whole::deserialize(deserializer).map(|Whole(value)| value)
}

/// The same, where `null` is no value.
pub(super) fn whole_or_none<'de, D: Deserializer<'de>, T: Deserialize<'de> + Expected>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let value = Option::<Whole<T>>::deserialize(deserializer)?;
    Ok(value.map(|Whole(value)| value))
}

/// A list of objects.
pub(super) fn objects<'de, D: Deserializer<'de>, T: Deserialize<'de> + Expected>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    let list = list::<D, Whole<T>>(deserializer)?;
    Ok(list.map(|items| items.into_iter().map(|Whole(item)| item).collect()))
}

/// An object with settings.
pub(super) fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_any(Object::<T> {
        read_flag: |_| None,
        expected: "an object",
    })
}

/// An object with settings. `true` is the same as an object without any, and `false` the same as no
/// value.
pub(super) fn switch<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_any(Object::<T> {
        read_flag: |flag| Some(flag.then(T::default)),
        expected: "an object, true or false",
    })
}

/// Reads an object. No error shows a text or a number in its place, which may be a secret.
struct Object<T> {
    /// What a boolean means, if it means something.
    read_flag: fn(bool) -> Option<Option<T>>,
    expected: &'static str,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(Some)
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, some: D) -> Result<Self::Value, D::Error> {
        some.deserialize_any(self)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
        let read = (self.read_flag)(flag);
        read.ok_or_else(|| E::invalid_type(Unexpected::Bool(flag), &self))
    }

    /// A variable of the environment is always text.
    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let flag = match text {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        };
        let read = flag.and_then(self.read_flag);
        read.ok_or_else(|| E::invalid_type(Unexpected::Other("string"), &self))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Err(E::invalid_type(Unexpected::Other("number"), &self))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Err(E::invalid_type(Unexpected::Other("number"), &self))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Err(E::invalid_type(Unexpected::Other("number"), &self))
    }
}

/// A text that no error shows.
pub(super) fn secret<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Secret<String>>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(Secret::new(text))),
        other => Err(not_a_secret(&other, "a string")),
    }
}

/// One text or a list of texts that no error shows.
pub(super) fn secrets<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<Secret<String>>>, D::Error> {
    let expected = "a string or a list of strings";
    let one = |item: Value| match item {
        Value::String(text) => Ok(Secret::new(text)),
        other => Err(not_a_secret(&other, expected)),
    };
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::Array(items) => items
            .into_iter()
            .map(one)
            .collect::<Result<_, _>>()
            .map(Some),
        other => one(other).map(|secret| Some(vec![secret])),
    }
}

fn not_a_secret<E: Error>(value: &Value, expected: &str) -> E {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    };
    E::invalid_type(Unexpected::Other(kind), &expected)
}

fn kind_of(value: &Value) -> Unexpected<'_> {
    match value {
        Value::Null => Unexpected::Unit,
        Value::Bool(flag) => Unexpected::Bool(*flag),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => Unexpected::Unsigned(number),
            (_, Some(number)) => Unexpected::Signed(number),
            _ => Unexpected::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => Unexpected::Str(text),
        Value::Array(_) => Unexpected::Seq,
        Value::Object(_) => Unexpected::Map,
    }
}
