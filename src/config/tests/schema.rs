//! The JSON Schema of the file against what the file accepts.

use std::fs;
use std::path::Path;

use regex_automata::dfa::regex::Regex;

use super::files::{bad_files, good_files};
use super::*;
use crate::config::JwtAuthConfigBuilder;
use crate::config::file::file_names;
use crate::config::names::simplified;

fn schema() -> Value {
    schemars::schema_for!(JwtAuthConfigBuilder).to_value()
}

#[test]
fn field_c11_the_committed_schema_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/config.schema.json");
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        let text = serde_json::to_string_pretty(&schema()).unwrap();
        fs::write(&path, text + "\n").unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap();
    let committed: Value = serde_json::from_str(&committed).unwrap();
    assert_eq!(
        committed,
        schema(),
        "UPDATE_SCHEMA=1 cargo test --all-features --lib field_c11 writes it"
    );
    let config = schemars::schema_for!(JwtAuthConfig).to_value();
    assert_eq!(config, schema(), "both types have it");
}

#[test]
fn field_c11_the_schema_has_every_name_in_each_spelling() {
    let schema = schema();
    let names = file_names();
    let top = &schema["properties"];
    let mtls = &top["mtls"]["anyOf"][0]["properties"];
    for (properties, names) in [
        (top, names.top),
        (&top["issuers"]["items"]["properties"], names.issuer),
        (&top["jwks_cache"]["properties"], names.cache),
        (&top["cognito"]["anyOf"][0]["properties"], names.cognito),
        (&top["dpop"]["anyOf"][0]["properties"], names.dpop),
        (mtls, names.mtls),
        (&mtls["header"]["anyOf"][0]["properties"], names.header),
        (&top["introspection"]["properties"], names.introspection),
        (&top["fleet"]["properties"], names.fleet),
    ] {
        let mut names = names.to_vec();
        names.sort_unstable();
        let properties = properties.as_object().unwrap();
        let mut described: Vec<_> = properties.keys().map(String::as_str).collect();
        described.sort_unstable();
        assert_eq!(described, names);
        for (name, property) in properties {
            let text = property["description"].as_str().unwrap_or_default();
            assert!(text.ends_with('.'), "{name} is described");
        }
    }
}

#[test]
fn field_c11_the_schema_and_the_file_form_agree() {
    let schema = schema();
    for good in good_files() {
        assert_eq!(fits(&schema, &good), Ok(()), "{good}");
    }
    let mut refused = 0;
    for (changes, _) in bad_files() {
        let bad = with(changes);
        // The schema knows names and types, and `build` knows the rest.
        if serde_json::from_value::<JwtAuthConfigBuilder>(bad.clone()).is_err() {
            assert!(fits(&schema, &bad).is_err(), "{bad}");
            refused += 1;
        }
    }
    assert!(refused > 5, "{refused}");
    // Values of each type in each place: both say the same.
    let values = [
        json!(null),
        json!(true),
        json!("true"),
        json!("yes"),
        json!(5),
        json!(-5),
        json!(5.5),
        json!("5"),
        json!("-5"),
        json!("30s"),
        json!("1h 30m"),
        json!("1.5h"),
        json!("30"),
        json!(["a"]),
        json!([5]),
        json!([]),
        json!({}),
        json!({"client_ids": ["a"]}),
        json!({"client_ids": "a"}),
        json!({"max_age": "30s"}),
        json!({"maxAge": 30}),
        json!([{"issuer": "a"}]),
        json!([{"issuer": "a", "x": 1}]),
        json!([{"issuer": "a", "leeway": "1s"}]),
        json!([{"issuer": "a", "leeway": 1}]),
        json!([{"leeway": "1s"}]),
        json!(["authorization"]),
        json!(["authorization", {"header": "x-token"}]),
        json!([{"cookie": "a"}, {"websocket_protocol": "a"}]),
        json!([{"websocketProtocol": "a"}]),
        json!([{"header": "a", "cookie": "a"}]),
        json!([{"header": 1}]),
        json!([{"query": "a"}]),
        json!([{}]),
    ];
    for name in file_names().top {
        for value in &values {
            let file = json!({*name: value});
            let read = serde_json::from_value::<JwtAuthConfigBuilder>(file.clone());
            let is_key = ["jwk", "jwks", "initialjwks"].contains(&&*simplified(name));
            // serde reads a struct from a list of its values too, which nobody writes.
            if simplified(name) == "jwkscache" && value.is_array() {
                continue;
            }
            // `build` reports a key that is not an object.
            let is_good = read.is_ok() && (!is_key || value.is_object() || value.is_null());
            let described = fits(&schema, &file);
            assert_eq!(described.is_ok(), is_good, "{file}: {described:?} {read:?}");
        }
    }
}

#[test]
fn field_c11_a_file_may_name_its_schema() {
    let named = json!({"$schema": "https://example.com/config.schema.json"});
    assert!(file(with(named)).is_ok());
    let error = file(with(json!({"$schema": 1}))).err().unwrap();
    assert!(error.starts_with("$schema: invalid type"), "{error}");
    let entry = json!({"issuer": "https://i.example", "$schema": "x"});
    let error = file(json!({"audience": "a", "issuers": [entry]}))
        .err()
        .unwrap();
    assert!(error.contains("unknown field `$schema`"), "{error}");
}

/// As much of JSON Schema as this schema uses. Any other keyword fails the test.
fn fits(schema: &Value, value: &Value) -> Result<(), String> {
    for (keyword, rule) in schema.as_object().unwrap() {
        let holds = match keyword.as_str() {
            "$schema" | "default" | "description" | "examples" | "title" => true,
            "additionalProperties" => {
                assert_eq!(rule, false);
                let known = &schema["properties"];
                let mut names = value.as_object().into_iter().flatten();
                names.all(|(name, _)| known.get(name).is_some())
            }
            "allOf" => {
                let mut rules = rule.as_array().unwrap().iter();
                rules.all(|rule| fits(rule, value).is_ok())
            }
            "anyOf" => {
                let mut rules = rule.as_array().unwrap().iter();
                rules.any(|rule| fits(rule, value).is_ok())
            }
            "enum" => rule.as_array().unwrap().contains(value),
            "items" => {
                for item in value.as_array().into_iter().flatten() {
                    fits(rule, item)?;
                }
                true
            }
            "minimum" => value.as_f64() >= rule.as_f64() || !value.is_number(),
            "pattern" => {
                let pattern = Regex::new(rule.as_str().unwrap()).unwrap();
                value.as_str().is_none_or(|text| pattern.is_match(text))
            }
            "properties" => {
                for (name, rule) in rule.as_object().unwrap() {
                    if let Some(member) = value.get(name) {
                        fits(rule, member).map_err(|error| format!("{name}: {error}"))?;
                    }
                }
                true
            }
            "required" => {
                let mut names = rule.as_array().unwrap().iter();
                let has = |name: &Value| value.get(name.as_str().unwrap()).is_some();
                !value.is_object() || names.all(has)
            }
            "type" => {
                let mut types = match rule {
                    Value::Array(types) => types.iter(),
                    one => std::slice::from_ref(one).iter(),
                };
                types.any(|one| match one.as_str().unwrap() {
                    "array" => value.is_array(),
                    "integer" => value.is_i64() || value.is_u64(),
                    "null" => value.is_null(),
                    "object" => value.is_object(),
                    "string" => value.is_string(),
                    other => panic!("the test does not know the type {other}"),
                })
            }
            other => panic!("the test does not know {other}"),
        };
        if !holds {
            return Err(format!("{keyword} {rule}"));
        }
    }
    Ok(())
}
