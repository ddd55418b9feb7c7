//! JSON-RPC messages: the members that say what a message asks for. A message that another parser
//! could read differently is refused.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What a POST carries: one message, or a batch of them (2025-03-26).
pub(in crate::mcp) struct Body<'a>(pub(in crate::mcp) Vec<Message<'a>>);

#[derive(Default)]
pub(in crate::mcp) struct Message<'a> {
    pub(in crate::mcp) method: Option<Cow<'a, str>>,
    /// It has a `result` or an `error`.
    pub(in crate::mcp) is_answer: bool,
    pub(in crate::mcp) params: Params<'a>,
}

#[derive(Default)]
pub(in crate::mcp) struct Params<'a> {
    pub(in crate::mcp) name: Option<Cow<'a, str>>,
    pub(in crate::mcp) uri: Option<Cow<'a, str>>,
    pub(in crate::mcp) reference: Reference<'a>,
    pub(in crate::mcp) subscriptions: Vec<Cow<'a, str>>,
}

#[derive(Default)]
pub(in crate::mcp) struct Reference<'a> {
    pub(in crate::mcp) name: Option<Cow<'a, str>>,
    pub(in crate::mcp) uri: Option<Cow<'a, str>>,
}

#[derive(Default)]
struct Notifications<'a>(Vec<Cow<'a, str>>);

impl<'de> Deserialize<'de> for Body<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BodyVisitor;

        impl<'de> Visitor<'de> for BodyVisitor {
            type Value = Body<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON-RPC message or a batch")
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Body<'de>, M::Error> {
                Ok(Body(vec![members(map)?]))
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Body<'de>, S::Error> {
                let mut messages: Vec<Message<'de>> = Vec::new();
                let mut resources = 0_usize;
                while let Some(Object(message)) = seq.next_element::<Object<Message<'de>>>()? {
                    if messages.len() == MAX_BATCH {
                        return Err(S::Error::custom("a batch that long"));
                    }
                    resources = resources.saturating_add(message.params.subscriptions.len());
                    // The rest is not read: it may hold a thousand more for each message.
                    if resources > MAX_TARGETS {
                        return Err(S::Error::custom("that many resources"));
                    }
                    messages.push(message);
                }
                Ok(Body(messages))
            }
        }

        deserializer.deserialize_any(BodyVisitor)
    }
}

/// An object of the protocol, of which some members mean something to us.
trait Members<'de>: Default {
    const NAMES: &'static [&'static str];

    /// Reads the member `NAMES[index]`.
    fn member<M: MapAccess<'de>>(&mut self, index: usize, map: &mut M) -> Result<(), M::Error>;
}

/// Accepts neither a list for an object, which serde's own derive does, nor a member twice, nor a
/// name that other readers may take for one of ours: in another case, or with characters beyond
/// ASCII, which some fold to ASCII letters (`paramſ`). The protocol has no such names.
fn members<'de, T: Members<'de>, M: MapAccess<'de>>(mut map: M) -> Result<T, M::Error> {
    let mut object = T::default();
    let mut seen = 0_u32;
    while let Some(Text(member)) = map.next_key()? {
        // serde_json reads an object with this one member as another document.
        if member.starts_with("$serde_json::private::") || !member.is_ascii() {
            return Err(M::Error::custom("a name with two readings"));
        }
        let index = T::NAMES
            .iter()
            .position(|name| name.eq_ignore_ascii_case(&member));
        let Some(index) = index else {
            map.next_value::<IgnoredAny>()?;
            continue;
        };
        let bit = 1_u32
            .checked_shl(u32::try_from(index).unwrap_or(u32::MAX))
            .unwrap_or(0);
        if seen & bit != 0 || T::NAMES.get(index) != Some(&&*member) {
            return Err(M::Error::custom("a member with two readings"));
        }
        seen |= bit;
        object.member(index, &mut map)?;
    }
    Ok(object)
}

impl<'de> Members<'de> for Message<'de> {
    const NAMES: &'static [&'static str] = &["method", "params", "result", "error"];

    fn member<M: MapAccess<'de>>(&mut self, index: usize, map: &mut M) -> Result<(), M::Error> {
        match index {
            0 => self.method = Some(map.next_value::<Text<'de>>()?.0),
            1 => self.params = map.next_value::<Object<_>>()?.0,
            _ => {
                map.next_value::<IgnoredAny>()?;
                self.is_answer = true;
            }
        }
        Ok(())
    }
}

impl<'de> Members<'de> for Params<'de> {
    const NAMES: &'static [&'static str] = &["name", "uri", "ref", "notifications"];

    fn member<M: MapAccess<'de>>(&mut self, index: usize, map: &mut M) -> Result<(), M::Error> {
        match index {
            0 => self.name = map.next_value::<MaybeText<'de>>()?.0,
            1 => self.uri = map.next_value::<MaybeText<'de>>()?.0,
            2 => self.reference = map.next_value::<Object<_>>()?.0,
            _ => {
                let Object(Notifications(uris)) = map.next_value()?;
                self.subscriptions = uris;
            }
        }
        Ok(())
    }
}

impl<'de> Members<'de> for Reference<'de> {
    const NAMES: &'static [&'static str] = &["name", "uri"];

    fn member<M: MapAccess<'de>>(&mut self, index: usize, map: &mut M) -> Result<(), M::Error> {
        let place = if index == 0 {
            &mut self.name
        } else {
            &mut self.uri
        };
        *place = map.next_value::<MaybeText<'de>>()?.0;
        Ok(())
    }
}

impl<'de> Members<'de> for Notifications<'de> {
    const NAMES: &'static [&'static str] = &["resourceSubscriptions"];

    fn member<M: MapAccess<'de>>(&mut self, _: usize, map: &mut M) -> Result<(), M::Error> {
        self.0 = map.next_value::<Uris<'de>>()?.0;
        Ok(())
    }
}

/// A list of texts, not longer than the targets of a request may be.
struct Uris<'a>(Vec<Cow<'a, str>>);

impl<'de> Deserialize<'de> for Uris<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct UrisVisitor;

        impl<'de> Visitor<'de> for UrisVisitor {
            type Value = Uris<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of URIs")
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Uris<'de>, S::Error> {
                let mut uris = Vec::new();
                while let Some(Text(uri)) = seq.next_element()? {
                    if uris.len() == MAX_TARGETS {
                        return Err(S::Error::custom("that many resources"));
                    }
                    uris.push(uri);
                }
                Ok(Uris(uris))
            }
        }

        deserializer.deserialize_seq(UrisVisitor)
    }
}

/// `T` from an object, or from null, which stands for an empty one; nothing else.
struct Object<T>(T);

impl<'de, T: Members<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Members<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_unit<E>(self) -> Result<Object<T>, E> {
                Ok(Object(T::default()))
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Object<T>, M::Error> {
                members(map).map(Object)
            }
        }

        deserializer.deserialize_any(ObjectVisitor(PhantomData))
    }
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A string. Any other value is not a name and is not kept.
struct MaybeText<'a>(Option<Cow<'a, str>>);

impl<'de> Deserialize<'de> for MaybeText<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MaybeTextVisitor;

        impl<'de> Visitor<'de> for MaybeTextVisitor {
            type Value = MaybeText<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(MaybeText(Some(text.into())))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(MaybeText(Some(text.to_owned().into())))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(MaybeText(None))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
                Ok(MaybeText(None))
            }

            fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
                Ok(MaybeText(None))
            }

            fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
                Ok(MaybeText(None))
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(MaybeText(None))
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Self::Value, S::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(MaybeText(None))
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(MaybeText(None))
            }
        }

        deserializer.deserialize_any(MaybeTextVisitor)
    }
}

/// A client has no reason to send more at once, and each message costs a look at the rules.
pub(in crate::mcp) const MAX_BATCH: usize = 100;

/// How many tools, prompts and resources a request may name, in all its messages together. Each is
/// compared with all rules.
pub(in crate::mcp) const MAX_TARGETS: usize = 1000;
