//! The JSON Schema of the file (feature `schema`): derived from the structs in `file`, and
//! completed with what serde knows and the derive does not: the second spelling of each name,
//! numbers and booleans as text, and examples.

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::examples::example_of;
use super::named::Named;

/// Completes the schema of one struct of a file.
pub(super) fn complete(schema: &mut Schema) {
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    let mut complete = Map::new();
    for (name, property) in std::mem::take(properties) {
        let mut property = with_text(property);
        if let (Some(members), Some(example)) = (property.as_object_mut(), example_of(&name)) {
            members.remove("default");
            if let Ok(example) = serde_json::from_str::<Value>(example) {
                members.insert("examples".to_owned(), json!([example]));
            }
        }
        let other = camel_case(&name);
        if other != name {
            complete.insert(other, property.clone());
        }
        complete.insert(name, property);
    }
    *properties = complete;
    require_one_spelling(schema);
}

/// A name that is required may be there in either spelling.
fn require_one_spelling(schema: &mut Schema) {
    let Some(Value::Array(required)) = schema.remove("required") else {
        return;
    };
    let spellings = required.iter().filter_map(Value::as_str).map(|name| {
        let mut spellings = vec![name.to_owned(), camel_case(name)];
        spellings.dedup();
        let one_of_them = spellings.iter().map(|name| json!({"required": [name]}));
        json!({"anyOf": one_of_them.collect::<Vec<_>>()})
    });
    let all = spellings.collect::<Vec<_>>();
    schema.insert("allOf".to_owned(), all.into());
}

/// A boolean and a whole number may also be text.
fn with_text(mut property: Value) -> Value {
    let Some(members) = property.as_object_mut() else {
        return property;
    };
    let has_type = |members: &Map<String, Value>, name: &str| match members.get("type") {
        Some(Value::String(only)) => only == name,
        Some(Value::Array(types)) => types.iter().any(|one| one == name),
        _ => false,
    };
    if has_type(members, "boolean") {
        members.remove("type");
        members.insert("enum".to_owned(), json!([true, false, "true", "false"]));
    } else if has_type(members, "integer") {
        members.remove("format");
        members.insert("type".to_owned(), json!(["integer", "string", "null"]));
        members.insert("pattern".to_owned(), DIGITS.into());
    }
    property
}

/// `jwks_uri` as `jwksUri`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut text, word| {
        let mut letters = word.chars();
        text.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        text.push_str(letters.as_str());
        text
    })
}

/// A duration as a string.
pub(super) struct Lasting;

impl JsonSchema for Lasting {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": DURATION})
    }
}

/// A duration as a string, or `required`.
#[cfg(feature = "redis")]
pub(super) struct AtStartText;

#[cfg(feature = "redis")]
impl JsonSchema for AtStartText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "AtStart".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let duration = generator.subschema_for::<Lasting>();
        json_schema!({"anyOf": [duration, {"enum": ["required"]}]})
    }
}

/// A string or a list of strings.
pub(super) struct OneOrMore;

impl JsonSchema for OneOrMore {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "OneOrMore".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "array", "null"], "items": {"type": "string"}})
    }
}

/// An object, `true` for one without members, or `false` for none.
pub(super) struct Switch<T>(PhantomData<T>);

impl<T: JsonSchema> JsonSchema for Switch<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Switch_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let object = generator.subschema_for::<T>();
        json_schema!({"anyOf": [object, {"enum": [true, false, "true", "false", null]}]})
    }
}

/// The name of a value.
pub(super) struct OneOf<T>(PhantomData<T>);

impl<T: Named> JsonSchema for OneOf<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Name".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<_> = T::NAMES.iter().map(|(name, _)| name).collect();
        json_schema!({"enum": names})
    }
}

/// A key or a key set.
pub(super) struct Keys;

impl JsonSchema for Keys {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Keys".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["object", "null"]})
    }
}

const DIGITS: &str = "^[0-9]+$";

/// Numbers with units; `0` needs none.
const DURATION: &str = r"^\s*(0|([0-9][0-9.\s]*[a-zA-Zµ]+\s*)+)$";
