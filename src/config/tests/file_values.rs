//! Values in a file: the forms that are accepted, and errors that say where and what was expected.

use super::*;
use crate::config::examples::EXAMPLES;
use crate::config::file::file_names;

#[test]
fn field_g05_an_error_says_the_path_what_was_expected_and_an_example() {
    refuses([
        (
            json!({"leeway": 60}),
            "leeway: invalid type: integer `60`, expected a duration as a string with its unit; \
             write for example \"leeway\": \"30s\"",
        ),
        (
            json!({"leeway": "soon"}),
            "leeway: \"soon\" is not a duration: expected number at 0; write for example \"leeway\": \"30s\"",
        ),
        (
            json!({"leeway": "30"}),
            "leeway: \"30\" is not a duration: time unit needed, for example 30sec or 30ms; write for",
        ),
        (
            json!({"required_scopes": "a b"}),
            "required_scopes: invalid type: string \"a b\", expected a list; \
             write for example \"required_scopes\": [\"mcp:read\"]",
        ),
        (
            json!({"requiredScopes": "a b"}),
            "requiredScopes: invalid type: string \"a b\", expected a list; \
             write for example \"required_scopes\": [\"mcp:read\"]",
        ),
        (
            json!({"algorithms": 1}),
            "algorithms: invalid type: integer `1`, expected a list; write for example \"algorithms\": [",
        ),
        (
            json!({"audience": 1}),
            "audience: invalid type: integer `1`, expected a string or a list of strings; \
             write for example \"audience\": [\"api://mcp\"]",
        ),
        (
            json!({"audience": ["a", 1]}),
            "audience[1]: invalid type: integer `1`, expected a string; write for example \"audience\": [",
        ),
        (
            json!({"issuer": 1}),
            "issuer: invalid type: integer `1`, expected a string; write for example \"issuer\": \"https:",
        ),
        (
            json!({"jwks_cache": {"maxAge": 1}}),
            "jwks_cache.maxAge: invalid type: integer `1`, expected a duration as a string with its unit; \
             write for example \"max_age\": \"5m\"",
        ),
        (
            json!({"jwks_cache": "5m"}),
            "jwks_cache: invalid type: string \"5m\", expected the times as an object; \
             write for example \"jwks_cache\": {\"max_age\": \"5m\"}",
        ),
        (
            json!({"cognito": {"client_ids": "c"}}),
            "cognito.client_ids: invalid type: string \"c\", expected a list; write for example \"client_ids\": [",
        ),
        (
            json!({"cognito": {}}),
            "cognito: missing field `client_ids`",
        ),
        (
            json!({"keycloak": "yes"}),
            "keycloak: invalid type: string \"yes\", expected true or false; \
             write for example \"keycloak\": true",
        ),
        (
            json!({"token_cache_entries": -1}),
            "token_cache_entries: invalid type: integer `-1`, expected a whole number that is not negative; \
             write for example \"token_cache_entries\": 1000",
        ),
        (
            json!({"issuer": null, "issuers": {"issuer": "https://i.example"}}),
            "issuers: invalid type: map, expected a list; write for example \"issuers\": [{\"issuer\": ",
        ),
        (
            json!({"issuer": null, "issuers": ["https://i.example"]}),
            "issuers[0]: invalid type: string \"https://i.example\", expected an issuer with its settings as an object; \
             write for example \"issuers\": [{",
        ),
        (
            json!({"issuer": null, "issuers": [{"issuer": "https://i.example"}, {"leeway": "1s"}]}),
            "issuers[1]: missing field `issuer`",
        ),
        (
            json!({"issuer": null, "issuers": [{"issuer": "https://i.example", "max_token_age": 5}]}),
            "issuers[0].max_token_age: invalid type: integer `5`, expected a duration",
        ),
    ]);
    // A setting that is missing has no wrong value.
    let missing = refused(json!({"cognito": {}}));
    assert!(missing.ends_with("missing field `client_ids`"), "{missing}");
    accepts(json!({"leeway": "60s", "required_scopes": ["a", "b"], "audience": ["a"]}));
}

/// `template` with `value` in place of each `"@"`.
fn placed(template: &Value, value: &Value) -> Value {
    match template {
        Value::String(text) if text == "@" => value.clone(),
        Value::Array(items) => items.iter().map(|item| placed(item, value)).collect(),
        Value::Object(members) => {
            let members = members.iter();
            let members = members.map(|(name, member)| (name.clone(), placed(member, value)));
            Value::Object(members.collect())
        }
        other => other.clone(),
    }
}

/// serde reads a list as a struct whose members stand in order.
#[test]
fn field_g05_a_list_is_no_object() {
    let issuer = "https://i.example";
    let of_entry =
        |setting: &str| json!({"issuer": null, "issuers": [{"issuer": issuer, setting: "@"}]});
    let secrets = json!({"client_id": "c", "client_secret": "s"});
    let header = json!({"name": "x-cert", "format": "rfc9440", "trusted_peers": ["unix"]});
    // (where an object stands, a file, a good value, its members in order)
    let mut rows = vec![
        (
            "jwks_cache",
            json!({"jwks_cache": "@"}),
            json!({}),
            json!(["5m", "10m"]),
        ),
        (
            "jwksCache",
            json!({"jwksCache": "@"}),
            json!({}),
            json!(["5m", "10m"]),
        ),
        (
            "issuers[0].jwks_cache",
            of_entry("jwks_cache"),
            json!({}),
            json!(["5m", "10m"]),
        ),
        (
            "cognito",
            json!({"cognito": "@"}),
            json!({"client_ids": ["c"]}),
            json!([["c"]]),
        ),
        (
            "issuers[0].cognito",
            of_entry("cognito"),
            json!({"client_ids": ["c"]}),
            json!([["c"]]),
        ),
        (
            "introspection",
            json!({"introspection": "@"}),
            secrets.clone(),
            json!([null, "c", "s"]),
        ),
        (
            "issuers[0].introspection",
            of_entry("introspection"),
            secrets,
            json!([null, "c", "s"]),
        ),
        (
            "dpop",
            json!({"resource": "https://r.example", "dpop": "@"}),
            json!({}),
            json!([["ES256"]]),
        ),
        (
            "mtls",
            json!({"mtls": "@"}),
            json!({"header": header}),
            json!([header]),
        ),
        (
            "mtls.header",
            json!({"mtls": {"header": "@"}}),
            header.clone(),
            json!(["x-cert", "rfc9440", ["unix"]]),
        ),
        (
            "issuers[0]",
            json!({"issuer": null, "issuers": ["@"]}),
            json!({"issuer": issuer}),
            json!([issuer]),
        ),
        (
            "token_sources[0]",
            json!({"token_sources": ["@"]}),
            json!({"header": "x-token"}),
            json!(["header", "x-token"]),
        ),
    ];
    if cfg!(feature = "redis") {
        let list = json!(["redis://127.0.0.1"]);
        rows.push(("fleet", json!({"fleet": "@"}), Value::Null, list));
    }
    for (path, template, good, members) in rows {
        if !good.is_null() {
            accepts(placed(&template, &good));
        }
        for list in [json!([]), members] {
            let error = refused(placed(&template, &list));
            assert!(error.starts_with(&format!("{path}: ")), "{list}: {error}");
            assert!(error.contains("invalid type: sequence"), "{list}: {error}");
        }
    }
    let in_order = json!([null, "https://r.example", null, issuer]);
    for list in [json!([]), in_order] {
        let error = file(list.clone()).unwrap_err();
        let want = "invalid type: sequence, expected a configuration as an object";
        assert!(error.contains(want), "{list}: {error}");
        let entry: Result<crate::config::Issuer, _> = serde_json::from_value(list);
        let error = entry.unwrap_err().to_string();
        let want = "invalid type: sequence, expected an issuer with its settings as an object";
        assert!(error.contains(want), "{error}");
    }
}

#[test]
fn field_s14_a_value_that_cannot_be_is_answered_with_the_way_out() {
    let empty = |setting| format!("{setting} is empty: give it a value or leave it out");
    let file = |path: &str| json!({"client_id": "c", "client_secret_file": path});
    for (changes, want) in [
        (json!({"max_token_bytes": 0}), empty("max_token_bytes")),
        (
            json!({"introspection": file("")}),
            empty("introspection.client_secret_file"),
        ),
        (
            json!({"issuer": "https://user@i.example"}),
            "must not carry a user name or password: leave them out".to_owned(),
        ),
    ] {
        let error = refused(changes);
        assert!(error.ends_with(&want), "{error}");
    }
}

#[test]
fn field_g05_the_line_of_the_file_stays() {
    let error = |text: &str| serde_json::from_str::<JwtAuthConfig>(text).unwrap_err();
    let leeway = error("{\"issuer\": \"https://i.example\",\n \"leeway\": 60}");
    assert_eq!((leeway.line(), leeway.column()), (2, 13));
    let text = leeway.to_string();
    assert!(
        text.starts_with("leeway: invalid type: integer `60`"),
        "{text}"
    );
    assert!(text.ends_with("\"30s\" at line 2 column 13"), "{text}");
    let unknown = error("{\"issuer\": \"https://i.example\",\n \"isuer\": 60}");
    assert_eq!(unknown.line(), 2);
    let twice = error(r#"{"issuer": "https://i.example", "issuer": "https://i.example"}"#);
    let text = twice.to_string();
    assert!(
        text.contains("duplicate field `issuer` at line 1"),
        "{text}"
    );
    let list = error("[]").to_string();
    assert!(list.contains("a configuration as an object"), "{list}");
}

#[test]
fn field_c10_numbers_and_booleans_may_be_text() {
    let number = |value: Value| built(json!({"token_cache_entries": value}));
    let cached = |value: Value| number(value).unwrap().0.token_cache_entries;
    assert_eq!(cached(json!(16384)), 16384);
    assert_eq!(cached(json!("16384")), 16384);
    assert_eq!(cached(json!("0")), 0);
    let top = file_names().top;
    let flags = EXAMPLES.iter().filter(|(_, example)| *example == "true");
    for (name, flag) in flags.filter(|(name, _)| top.contains(name)) {
        let effect = |value: Value| {
            let changes = json!({"audience": null, "resource": "https://r.example", "dpop": true});
            let mut file = with(changes);
            file[*name] = value;
            effect_of(file).unwrap()
        };
        let (on, off) = (effect(json!(true)), effect(json!(false)));
        assert_eq!(effect(json!(flag)), on, "{name}");
        assert_eq!(effect(json!("false")), off, "{name}");
        assert_ne!(on, off, "{name}");
        for other in ["True", "yes", "1", "on", "", " true"] {
            refuses([(json!({*name: other}), "expected true or false")]);
        }
        for other in [json!(1), json!([true])] {
            refuses([(json!({*name: other}), "expected true or false")]);
        }
    }
    for other in [
        "",
        "+5",
        "-1",
        "5 ",
        "0x10",
        "1e3",
        "5.0",
        "99999999999999999999999",
    ] {
        refuses([(
            json!({"token_cache_entries": other}),
            "expected a whole number",
        )]);
    }
    for other in [json!(5.0), json!(-1), json!(true), json!([5])] {
        refuses([(
            json!({"token_cache_entries": other}),
            "expected a whole number",
        )]);
    }
    // The reverse stays an error: a number does not say its unit, and text is no number.
    for (changes, want) in [
        (json!({"leeway": 60}), "leeway: invalid type"),
        (json!({"max_token_age": 60}), "max_token_age: invalid type"),
        (
            json!({"jwks_cache": {"timeout": 5}}),
            "jwks_cache.timeout: invalid type",
        ),
        (json!({"realm": 5}), "realm: invalid type"),
        (json!({"realm": true}), "realm: invalid type"),
        (
            json!({"required_scopes": [5]}),
            "required_scopes[0]: invalid type",
        ),
    ] {
        refuses([(changes, want)]);
    }
}

#[test]
fn field_c07_a_variable_that_was_not_replaced_is_named() {
    let resource = json!({"resource": "https://r.example/mcp"});
    for (setting, value, variable) in [
        ("issuer", json!("${ISSUER}"), "${ISSUER}"),
        ("issuer", json!("https://${HOST}/t"), "${HOST}"),
        ("issuer", json!("$ISSUER"), "$ISSUER"),
        ("issuer", json!("%ISSUER%"), "%ISSUER%"),
        ("issuer", json!("{{ issuer }}"), "{{ issuer }}"),
        // A default may be a secret.
        ("realm", json!("${REALM:-pass word}"), "${REALM..}"),
        ("realm", json!("${REALM-password}"), "${REALM..}"),
        ("realm", json!("${REALM:password}"), "${REALM..}"),
        ("realm", json!("${:-password}"), "${..}"),
        (
            "realm",
            json!("{{ .Values.realm | default \"password\" }}"),
            "{{ .Values.realm..}}",
        ),
        (
            "resource",
            json!("https://u:${PASSWORD:-password}@h"),
            "${PASSWORD..}",
        ),
        ("resource", json!("https://${HOST}/mcp"), "${HOST}"),
        ("audience", json!("${AUDIENCE}"), "${AUDIENCE}"),
        ("audience", json!(["a", "${AUDIENCE}"]), "${AUDIENCE}"),
        ("required_scopes", json!(["${SCOPE}"]), "${SCOPE}"),
        ("scopes_supported", json!(["${SCOPE}"]), "${SCOPE}"),
        ("realm", json!("${REALM}"), "${REALM}"),
        ("cognito", json!({"client_ids": ["${CLIENT}"]}), "${CLIENT}"),
        ("jwks_uri", json!("https://${HOST}/jwks"), "${HOST}"),
        ("jwks", json!("${JWKS}"), "${JWKS}"),
        ("jwk", json!("$JWK"), "$JWK"),
        ("initial_jwks", json!("${JWKS}"), "${JWKS}"),
        ("public_key_pem", json!("${PEM}"), "${PEM}"),
        ("snapshot_file", json!("${HOME}/keys.json"), "${HOME}"),
        ("resource_name", json!("${NAME}"), "${NAME}"),
        (
            "resource_documentation",
            json!("https://${HOST}"),
            "${HOST}",
        ),
        ("resource_jwks_uri", json!("https://${HOST}"), "${HOST}"),
        ("resource_policy_uri", json!("https://${HOST}"), "${HOST}"),
        ("resource_tos_uri", json!("https://${HOST}"), "${HOST}"),
    ] {
        let mut changes = resource.clone();
        changes[setting] = value;
        let want = ConfigError::NotReplaced {
            setting,
            variable: variable.to_owned(),
        };
        assert_eq!(built(changes).unwrap_err(), want);
        let text = want.to_string();
        assert!(
            text.contains(variable) && text.contains("write the value"),
            "{text}"
        );
        assert!(!text.contains("password"), "{text}");
    }
    let entry =
        json!({"issuer": null, "issuers": [{"issuer": "https://i.example", "audience": "${A}"}]});
    refuses([(entry, "audience contains \"${A}\"")]);
    accepts(json!({"audience": ["US$5", "{x}", "$x", "100%"]}));
    accepts(json!({"resource_name": "costs $5", "resource": "https://r.example/mcp"}));
}
