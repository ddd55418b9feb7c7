//! Where requests carry their tokens: the entries of a file, and the check.

#[cfg(feature = "schema")]
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

#[cfg(feature = "schema")]
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Unexpected, Visitor};

use super::builder::JwtAuthConfigBuilder;
use super::error::ConfigError;
use crate::wire::token_source::{Place, TokenSource};

impl JwtAuthConfigBuilder {
    /// `None` for the default.
    pub(super) fn checked_token_sources(&self) -> Result<Option<Arc<[Place]>>, ConfigError> {
        let Some(sources) = &self.token_sources else {
            return Ok(None);
        };
        let setting = "token_sources";
        if sources.is_empty() {
            return Err(ConfigError::Empty { setting });
        }
        let mut places = Vec::new();
        for source in sources {
            let place = source.place().ok_or_else(|| ConfigError::NoTokenSource {
                kind: source.kind(),
                name: source.name().to_owned(),
            })?;
            if places.contains(&place) {
                let value = match source.name() {
                    "" => source.kind(),
                    name => name,
                };
                let value = value.to_owned();
                return Err(ConfigError::ListedTwice { setting, value });
            }
            places.push(place);
        }
        if self.dpop.is_some() && !places.contains(&Place::Authorization) {
            return Err(ConfigError::Incomplete {
                setting: "dpop",
                missing: "authorization in token_sources",
            });
        }
        Ok(Some(places.into()))
    }
}

/// `"authorization"`, or an object with the name of one other place.
pub(super) struct SourceEntry(TokenSource);

impl From<SourceEntry> for TokenSource {
    fn from(SourceEntry(source): SourceEntry) -> Self {
        source
    }
}

impl<'de> Deserialize<'de> for SourceEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Entry).map(Self)
    }
}

struct Entry;

impl<'de> Visitor<'de> for Entry {
    type Value = TokenSource;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"authorization\", or an object with header, cookie or websocket_protocol")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<TokenSource, E> {
        match text {
            "authorization" => Ok(TokenSource::authorization()),
            other => Err(E::invalid_value(Unexpected::Str(other), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<TokenSource, A::Error> {
        let Some(kind) = members.next_key::<String>()? else {
            return Err(A::Error::invalid_length(0, &self));
        };
        let source: fn(String) -> TokenSource = match &*kind {
            "cookie" => TokenSource::cookie,
            "header" => TokenSource::header,
            "websocket_protocol" | "websocketProtocol" => TokenSource::websocket_protocol,
            other => return Err(A::Error::unknown_field(other, OBJECTS)),
        };
        let source = source(members.next_value()?);
        match members.next_key::<IgnoredAny>()? {
            None => Ok(source),
            Some(_) => Err(A::Error::custom(
                "one object is one source: give each other source an object of its own",
            )),
        }
    }
}

const OBJECTS: &[&str] = &["cookie", "header", "websocket_protocol"];

#[cfg(feature = "schema")]
impl JsonSchema for SourceEntry {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "TokenSource".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names = OBJECTS.iter().chain(&["websocketProtocol"]);
        let objects = names.map(|name| {
            json_schema!({
                "type": "object",
                "properties": {*name: {"type": "string"}},
                "required": [name],
                "additionalProperties": false,
            })
        });
        let word = json_schema!({"enum": ["authorization"]});
        let all: Vec<_> = [word].into_iter().chain(objects).collect();
        json_schema!({"anyOf": all})
    }
}
