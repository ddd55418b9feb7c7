//! Reports from the field: configurations that started and then refused, or were refused without
//! help.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::with_everything::with;
use super::*;
use crate::base::url_rule::UrlRule;
use crate::config::checked_issuer::Keys;
use crate::config::examples::EXAMPLES;
use crate::config::file::file_names;
use crate::config::proofs::CheckedProofs;
use crate::config::rules::check_resource;
use crate::config::{Issuer, JwtAuthConfigBuilder};
use crate::crypto::Algorithm;
use crate::test_util::TestKey;
use crate::token::AudienceRule;
use crate::{ConfigError, JwtVerifier};

const OTHER: &str = "https://other.example";

/// `build` of a good file with these members.
pub(super) fn built(changes: Value) -> Result<JwtAuthConfig, ConfigError> {
    let builder: JwtAuthConfigBuilder = serde_json::from_value(with(changes)).unwrap();
    builder.build()
}

pub(super) fn refused(changes: Value) -> String {
    file(with(changes.clone())).expect_err(&changes.to_string())
}

#[track_caller]
pub(super) fn accepts(changes: Value) {
    if let Err(error) = file(with(changes.clone())) {
        panic!("{changes}: {error}");
    }
}

/// Each row: the members, the text of the error.
#[track_caller]
pub(super) fn refuses(rows: impl IntoIterator<Item = (Value, &'static str)>) {
    for (changes, want) in rows {
        let error = refused(changes.clone());
        assert!(
            error.contains(want),
            "{changes}\n got: {error}\nwant: {want}"
        );
    }
}

/// All that a configuration does, as text.
pub(super) fn effect(builder: &JwtAuthConfigBuilder) -> Result<String, ConfigError> {
    let config = builder.clone().build()?;
    let checked = &config.0;
    let issuers = checked.issuers.iter().map(|issuer| {
        let keys = match &issuer.keys {
            Keys::Fixed(keys) => format!("{keys:?}"),
            Keys::Fetched(origin) => format!("{origin:?}"),
            Keys::Shared(_) => panic!("no other layer"),
        };
        format!(
            "{:?} {:?} {keys} {:?}",
            issuer.policy,
            issuer.answers.resource(),
            issuer.introspection,
        )
    });
    let issuers: Vec<_> = issuers.collect();
    #[cfg(feature = "redis")]
    let fleet = checked.server.fleet.as_ref().map(|fleet| {
        let store = fleet.store();
        format!(
            "{:?} {:?} {:?}",
            fleet.settings(),
            store.commands,
            store.timeout
        )
    });
    #[cfg(not(feature = "redis"))]
    let fleet = ();
    Ok(format!(
        "{issuers:?} {:?} {:?} {:?} {} {} {:?} {:?} {fleet:?}",
        checked.options,
        checked.answers.resource(),
        checked.metadata,
        checked.strip_authorization,
        checked.token_cache_entries,
        checked.finder,
        proofs(builder),
    ))
}

/// `dpop` and `mtls` of a configuration that is good.
pub(super) fn proofs(builder: &JwtAuthConfigBuilder) -> CheckedProofs {
    let rule = UrlRule::new(builder.allow_http);
    let resource = builder.resource.as_deref();
    let url = resource.map(|resource| check_resource(resource, rule).unwrap());
    let identity = resource.zip(url.as_ref());
    CheckedProofs::of(builder.dpop.as_ref(), builder.mtls.as_ref(), identity, rule).unwrap()
}

/// The builder of a file.
pub(super) fn read(file: Value) -> Result<JwtAuthConfigBuilder, String> {
    serde_json::from_value(file).map_err(|error| error.to_string())
}

fn effect_of(file: Value) -> Result<String, String> {
    effect(&read(file)?).map_err(|error| error.to_string())
}

pub(super) fn spelled_out(names: &[&'static str]) -> BTreeSet<&'static str> {
    let other = |name: &&&str| name.starts_with('$') || name.contains(char::is_uppercase);
    names.iter().filter(|name| !other(name)).copied().collect()
}

#[test]
fn field_s03_each_setting_beside_issuers_is_inherited_or_an_error() {
    let names = spelled_out(file_names().top);
    assert!(names.len() > 25, "{names:?}");
    let base = json!({
        "resource": "https://r.example/mcp",
        "issuers": [{"issuer": "https://i.example"}, {"issuer": "https://j.example"}],
        "dpop": {},
    });
    let without = effect_of(base.clone()).unwrap();
    for name in names {
        let (_, example) = EXAMPLES
            .iter()
            .find(|(other, _)| *other == name)
            .unwrap_or_else(|| panic!("src/config/examples.rs has no example of {name}"));
        if name == "fleet" {
            continue; // There is no such file; it has tests of its own.
        }
        let mut config = base.clone();
        config[name] = serde_json::from_str(example).unwrap();
        match effect_of(config) {
            Ok(effect) => assert_ne!(effect, without, "{name} has no effect"),
            Err(error) => assert!(
                error.contains(name) && error.contains("issuers"),
                "{name}: {error}"
            ),
        }
    }
}

#[test]
fn field_s03_each_setting_of_an_entry_has_an_effect() {
    let base = json!({"issuer": "https://i.example"});
    let config = |entry: Value| json!({"resource": "https://r.example/mcp", "dpop": {}, "issuers": [entry, {"issuer": "https://j.example"}]});
    let without = effect_of(config(base.clone())).unwrap();
    for name in spelled_out(file_names().issuer) {
        let mut entry = base.clone();
        let (_, example) = EXAMPLES.iter().find(|(other, _)| *other == name).unwrap();
        entry[name] = serde_json::from_str(example).unwrap();
        if name == "public_key_pem" {
            continue; // The example shows no whole key.
        }
        for (one, other) in [
            ("client_certificate_file", "client_key_file"),
            ("client_key_file", "client_certificate_file"),
        ] {
            if name == one {
                entry[other] = json!("other.pem");
            }
        }
        let with = effect_of(config(entry)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_ne!(with, without, "{name} has no effect");
    }
}

#[test]
fn field_s03_a_pinned_host_is_inherited() {
    let pinned = |config: Value| {
        let config = file(config).unwrap();
        let sources = config.0.issuers.iter().map(|issuer| match &issuer.keys {
            Keys::Fetched(origin) => format!("{:?}", origin.source),
            Keys::Fixed(_) | Keys::Shared(_) => panic!("discovered"),
        });
        sources
            .map(|source| source.contains("pinned: Some"))
            .collect::<Vec<_>>()
    };
    let issuers = |own: bool| json!([{"issuer": "https://i.example", "pin_jwks_host": own}, {"issuer": "https://j.example"}]);
    for (shared, own, want) in [
        (true, false, [true, true]),
        (false, true, [true, false]),
        (false, false, [false, false]),
    ] {
        let config = json!({"audience": "a", "pin_jwks_host": shared, "issuers": issuers(own)});
        assert_eq!(pinned(config), want, "{shared} {own}");
    }
}

#[test]
fn field_s06_the_audience_of_an_entry_counts() {
    let any = "danger_allow_any_audience";
    let rule = |config: Value| match &file(config).unwrap().0.issuers[0].policy.audience {
        AudienceRule::Any => "any".to_owned(),
        AudienceRule::AnyOf(audience) => audience.join(" "),
        AudienceRule::Resource { resource, .. } => resource.clone(),
    };
    let config = |shared: Value, entry: Value| {
        let mut config = shared;
        config["issuers"] = json!([with(entry)]);
        config
    };
    for (shared, entry, want) in [
        (json!({any: true}), json!({}), "a"),
        (json!({any: true}), json!({"audience": null}), "any"),
        (json!({"audience": "s"}), json!({}), "a"),
        (json!({"audience": "s"}), json!({"audience": null}), "s"),
        (
            json!({"audience": "s"}),
            json!({"audience": null, any: true}),
            "any",
        ),
        (
            json!({any: true}),
            json!({"audience": null, any: true}),
            "any",
        ),
        (
            json!({any: true, "resource": "https://r.example/mcp"}),
            json!({"audience": null}),
            "any",
        ),
    ] {
        let name = format!("{shared} {entry}");
        assert_eq!(rule(config(shared, entry)), want, "{name}");
    }
    let want = "audience and danger_allow_any_audience are both set: keep one of them";
    let both = json!({any: true, "audience": "a"});
    refuses([(both.clone(), want)]);
    for config in [
        config(both.clone(), json!({})),
        config(json!({}), both.clone()),
    ] {
        assert_eq!(file(config).unwrap_err(), want);
    }
    accepts(json!({any: false}));
    accepts(json!({any: true, "audience": null}));
    let by_code = JwtAuthConfig::builder()
        .issuer("https://i.example")
        .audience("a");
    assert!(by_code.clone().build().is_ok());
    assert!(by_code.danger_allow_any_audience().build().is_err());
}

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
    accepts(json!({"leeway": "60s", "required_scopes": ["a", "b"], "audience": ["a"]}));
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
fn field_c01_an_issuer_is_not_the_url_of_its_metadata() {
    let document = |issuer: &str, probably: &str| ConfigError::IssuerIsDocument {
        setting: "issuer",
        issuer: issuer.to_owned(),
        probably: probably.to_owned(),
    };
    for (issuer, probably) in [
        (
            "https://i.example/.well-known/openid-configuration",
            "https://i.example",
        ),
        (
            "https://i.example/t/.well-known/openid-configuration",
            "https://i.example/t",
        ),
        (
            "https://i.example/.well-known/oauth-authorization-server",
            "https://i.example",
        ),
        (
            "https://i.example/.well-known/oauth-authorization-server/t",
            "https://i.example/t",
        ),
        (
            "https://i.example/.well-known/openid-configuration/t/u",
            "https://i.example/t/u",
        ),
        (
            "https://i.example/.well-known/jwks.json",
            "https://i.example",
        ),
    ] {
        let want = document(issuer, probably);
        let text = want.to_string();
        assert!(
            text.contains(issuer) && text.contains(&format!("probably {probably:?}")),
            "{text}"
        );
        for elsewhere in [
            json!({}),
            json!({"jwks_uri": "https://k.example"}),
            json!({"jwk": ec_key()}),
        ] {
            let mut changes = elsewhere.clone();
            changes["issuer"] = json!(issuer);
            assert_eq!(built(changes.clone()).unwrap_err(), want, "{changes}");
            accepts(elsewhere);
            // In a list as well.
            let entry = json!({"issuer": null, "issuers": [changes]});
            assert_eq!(built(entry).unwrap_err(), want);
        }
    }
    accepts(json!({"issuer": "https://i.example/well-known/x"}));
    accepts(json!({"issuer": "spiffe://t.example/.well-known/x", "jwk": ec_key()}));
}

#[test]
fn field_c01_an_issuer_is_not_the_url_of_its_key_set() {
    for (issuer, probably) in [
        ("https://i.example/jwks", "https://i.example"),
        ("https://i.example/t/jwks.json", "https://i.example/t"),
    ] {
        let want = format!(
            "issuer {issuer:?} is the URL of a key set, which no token names: set jwks_uri to it, and issuer to what \
             tokens name in iss, probably {probably:?}"
        );
        assert_eq!(refused(json!({"issuer": issuer})), want);
        // Where keys come from elsewhere, it is a text.
        accepts(json!({"issuer": issuer, "jwks_uri": "https://k.example"}));
        accepts(json!({"issuer": issuer, "jwk": ec_key()}));
        accepts(json!({"issuer": probably, "jwks_uri": issuer}));
    }
    accepts(json!({"issuer": "https://i.example/my-jwks"}));
    accepts(json!({"issuer": "https://i.example/jwks/t"}));
}

#[test]
fn field_c01_a_query_is_text_where_keys_come_from_elsewhere() {
    for (issuer, want) in [
        (
            "https://i.example/t?v=2",
            "issuer \"https://i.example/t?v=2\" must not carry a query: the issuer is the part before it",
        ),
        (
            "https://i.example/t#v2",
            "issuer \"https://i.example/t#v2\" must not carry a fragment: the issuer is the part before it",
        ),
    ] {
        refuses([(json!({"issuer": issuer}), want)]);
        accepts(json!({"issuer": issuer, "jwks_uri": "https://k.example"}));
        accepts(json!({"issuer": issuer, "jwk": ec_key()}));
        accepts(json!({"issuer": issuer, "jwks": {"keys": [ec_key()]}}));
        // Keys to start with and a snapshot do not replace the discovery.
        refuses([(
            json!({"issuer": issuer, "initial_jwks": {"keys": [ec_key()]}}),
            want,
        )]);
    }
    accepts(json!({"issuer": "https://i.example/t"}));
}

#[test]
fn field_c03_a_pinned_host_excludes_keys_from_another() {
    let conflict = ConfigError::Conflict {
        first: "pin_jwks_host",
        second: "jwks_uri",
    };
    assert_eq!(
        conflict.to_string(),
        "pin_jwks_host accepts only keys from the host of the issuer, but jwks_uri is on another host: \
         remove one of the two settings"
    );
    let pinned = |uri: &str| json!({"pin_jwks_host": true, "jwks_uri": uri});
    for uri in [
        "https://i.example/jwks",
        "https://i.example:8443/jwks",
        "https://I.Example/jwks",
    ] {
        accepts(pinned(uri));
    }
    for uri in [
        "https://k.example/jwks",
        "https://i.example.evil.example/jwks",
        "https://keys.i.example/jwks",
    ] {
        assert_eq!(built(pinned(uri)).unwrap_err(), conflict, "{uri}");
        accepts(json!({"jwks_uri": uri}));
        let entry = json!({"issuer": "https://i.example", "jwks_uri": uri});
        let inherited = json!({"issuer": null, "pin_jwks_host": true, "issuers": [entry]});
        assert_eq!(built(inherited).unwrap_err(), conflict, "{uri}");
    }
    let mut without_host = pinned("https://i.example/jwks");
    without_host["issuer"] = json!("no url");
    assert_eq!(built(without_host).unwrap_err(), conflict);
}

/// A new folder, which is removed at the end.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        let name = format!("tower-jwt-auth-{:016x}", fastrand::u64(..));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn field_c04_each_issuer_has_a_snapshot_file_of_its_own() {
    let folder = Folder::new();
    fs::create_dir(folder.0.join("sub")).unwrap();
    let at = |name: &str| folder.0.join(name);
    let entry = |issuer: &str, path: &PathBuf| json!({"issuer": issuer, "snapshot_file": path});
    let two = |a: &PathBuf, b: &PathBuf| {
        let entries = [entry("https://i.example", a), entry(OTHER, b)];
        built(json!({"issuer": null, "issuers": entries}))
    };
    let mut same = vec![
        (at("keys.json"), at("keys.json")),
        (at("keys.json"), at("sub/../keys.json")),
        (at("keys.json"), at("./keys.json")),
        (PathBuf::from("keys.json"), PathBuf::from("./keys.json")),
    ];
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        symlink("keys.json", at("link.json")).unwrap();
        symlink("sub", at("linked")).unwrap();
        same.push((at("keys.json"), at("link.json")));
        same.push((at("sub/keys.json"), at("linked/keys.json")));
    }
    for (a, b) in same {
        let shared = ConfigError::SnapshotFileShared {
            path: b.clone(),
            first: "https://i.example".to_owned(),
            second: OTHER.to_owned(),
        };
        assert_eq!(two(&a, &b).unwrap_err(), shared, "{a:?} {b:?}");
        let text = shared.to_string();
        assert!(
            text.contains(OTHER) && text.ends_with("give each its own"),
            "{text}"
        );
    }
    for (a, b) in [
        (at("keys.json"), at("other.json")),
        (at("keys.json"), at("sub/keys.json")),
        (at("keys.json"), at("missing/keys.json")),
    ] {
        assert!(two(&a, &b).is_ok(), "{a:?} {b:?}");
    }
    // Nobody inherits one either.
    let inherited = json!({"issuer": null, "snapshot_file": at("keys.json"),
        "issuers": [{"issuer": "https://i.example"}, {"issuer": OTHER}]});
    refuses([(inherited, "issuers and snapshot_file are both set")]);
}

#[test]
fn field_c04_a_snapshot_file_is_not_a_folder() {
    let folder = Folder::new();
    let at = |name: &str| folder.0.join(name);
    let mut folders = vec![
        folder.0.clone(),
        at("missing/"),
        at(".."),
        PathBuf::from("/"),
    ];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(".", at("linked")).unwrap();
        folders.push(at("linked"));
    }
    for path in folders {
        let error = built(json!({"snapshot_file": path})).unwrap_err();
        assert_eq!(error, ConfigError::SnapshotFileIsFolder { path });
        let text = error.to_string();
        assert!(
            text.ends_with("is a folder: add the name of a file in it"),
            "{text}"
        );
    }
    refuses([(json!({"snapshot_file": ""}), "snapshot_file is empty")]);
    accepts(json!({"snapshot_file": at("keys.json")}));
    // The process starts: the folder may appear later.
    accepts(json!({"snapshot_file": at("missing/keys.json")}));
}

#[test]
fn field_c05_a_key_in_the_wrong_place_is_named() {
    let (key, set) = (ec_key(), json!({"keys": [ec_key()]}));
    accepts(json!({"jwk": key}));
    accepts(json!({"jwks": set}));
    accepts(json!({"initial_jwks": set}));
    refuses([
        (
            json!({"jwk": set}),
            "jwk cannot be used: it is a key set, not one key; give it with jwks, or give one of its keys",
        ),
        (
            json!({"jwk": [key]}),
            "jwk cannot be used: it is a list of keys, not a key set; write {\"keys\": [..]} around it",
        ),
        (
            json!({"jwk": key.to_string()}),
            "jwk cannot be used: it is JSON inside a string; write the JSON object itself, without quotes around it",
        ),
        (
            json!({"jwk": "https://i.example/jwks"}),
            "jwk cannot be used: it is a URL; give it with jwks_uri, from which keys are fetched",
        ),
        (
            json!({"jwks": key}),
            "jwks cannot be used: it is one key, not a key set; write {\"keys\": [..]} around it, or give it with jwk",
        ),
        (
            json!({"initial_jwks": key}),
            "initial_jwks cannot be used: it is one key, not a key set; write {\"keys\": [..]} around it",
        ),
    ]);
    for setting in ["jwks", "initial_jwks"] {
        for (value, want) in [
            (json!([key]), "it is a list of keys, not a key set"),
            (json!(set.to_string()), "it is JSON inside a string"),
            (
                json!("https://i.example/jwks"),
                "it is a URL; give it with jwks_uri",
            ),
            (json!({"key": 1}), "the document has no list of keys"),
        ] {
            let error = refused(json!({setting: value}));
            assert_eq!(error.split(" cannot be used: ").next(), Some(setting));
            assert!(error.contains(want), "{error}");
        }
    }
}

#[cfg(feature = "jsonwebtoken")]
#[test]
fn field_c05_a_pem_text_that_is_something_else_is_named() {
    use aws_lc_rs::encoding::AsDer as _;
    use aws_lc_rs::signature::KeyPair as _;
    let key = aws_lc_rs::signature::EcdsaKeyPair::generate(
        &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING,
    )
    .unwrap();
    let pem = super::pem(key.public_key().as_der().unwrap().as_ref());
    let one_line = pem.trim().replace('\n', "\\n");
    let labelled = |label: &str| pem.replace("PUBLIC KEY", label);
    accepts(json!({"public_key_pem": pem}));
    accepts(json!({"public_key_pem": pem.replace('\n', "\r\n")}));
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    for (text, want) in [
        (
            labelled("PRIVATE KEY"),
            "it is a private key, which only the issuer may have; give the public key",
        ),
        (labelled("RSA PRIVATE KEY"), "it is a private key"),
        (labelled("EC PRIVATE KEY"), "it is a private key"),
        (labelled("ENCRYPTED PRIVATE KEY"), "it is a private key"),
        (labelled("OPENSSH PRIVATE KEY"), "it is a private key"),
        (
            labelled("CERTIFICATE"),
            "it is a certificate; give the public key in it: openssl x509 -pubkey",
        ),
        (
            one_line,
            "it has \\n as two characters in place of each line break; give real line breaks",
        ),
        (
            "/etc/keys/public.pem".to_owned(),
            "it is the path of a file, not PEM text; give the text of the file",
        ),
        ("public.pem".to_owned(), "it is the path of a file"),
        ("./keys/public".to_owned(), "it is the path of a file"),
        (
            "https://i.example/key.pem".to_owned(),
            "it is a URL; give it with jwks_uri",
        ),
        (
            ec_key().to_string(),
            "it is JSON, not PEM text; give a JWK with jwk",
        ),
        (
            base64,
            "it is not PEM text of an RSA, EC (P-256, P-384, P-521) or Ed25519 public key; give the text with its BEGIN PUBLIC KEY line",
        ),
        (String::new(), "it is not PEM text"),
    ] {
        refuses([(json!({"public_key_pem": text}), want)]);
    }
}

#[test]
fn field_c05_a_secret_that_is_too_short_is_named() {
    let secret = |k: &str| json!({"jwk": {"kty": "oct", "k": k}, "algorithms": ["HS256"]});
    let bytes = |length: usize| crate::keys::Jwk::secret(vec![7; length]).0["k"].clone();
    let encoded = |length: usize| bytes(length).as_str().unwrap().to_owned();
    accepts(secret(&encoded(32)));
    for short in [
        encoded(31),
        "mysecretmysecretmysecretmysecret".to_owned(),
        String::new(),
    ] {
        let want = "the secret in k is too short for the algorithms; give a secret of at least 32 bytes for HS256";
        refuses([(secret(&short), want)]);
    }
    for text in [
        "a secret that is long enough, as it is",
        "secret!secret!secret!secret!secret!secret!!",
    ] {
        let want = "the secret in k is not base64url text; encode the secret as base64url, or call Jwk::secret(..) in code";
        refuses([(secret(text), want)]);
        let error = refused(secret(text));
        assert!(
            !error.contains("secret!") && !error.contains("long enough"),
            "{error}"
        );
    }
    let mut without_algorithm = secret("short");
    without_algorithm
        .as_object_mut()
        .unwrap()
        .remove("algorithms");
    refuses([(
        without_algorithm,
        "list the HS algorithm of the secret in algorithms",
    )]);
    let mut longer = secret(&encoded(32));
    longer["algorithms"] = json!(["HS256", "HS512"]);
    refuses([(
        longer,
        "algorithms lists HS512, which works only with a static secret (a jwk or jwks with kty oct): remove it, or give a secret of at least 64 bytes",
    )]);
}

#[tokio::test]
async fn field_c05_secrets_and_names_of_algorithms_in_code() {
    use crate::keys::Jwk;
    let secret = b"a secret that both of them know: 32 bytes and more";
    let builder = || {
        JwtAuthConfig::builder()
            .issuer("i")
            .audience("a")
            .jwk(Jwk::secret(secret))
    };
    let key = TestKey::generate(Algorithm::HS256, "s");
    assert!(builder().algorithms(["HS256"]).build().is_ok());
    assert!(
        builder()
            .algorithms(vec!["HS256".to_owned()])
            .build()
            .is_ok()
    );
    assert!(builder().algorithms(&["HS256".to_owned()]).build().is_ok());
    let unknown = builder()
        .algorithms(["HS256", "hs256"])
        .build()
        .unwrap_err();
    assert_eq!(
        unknown,
        ConfigError::UnknownAlgorithm {
            name: "hs256".to_owned()
        }
    );
    assert!(!format!("{:?}", Jwk::secret(secret)).contains("secret that"));
    // A token that another program would sign with these bytes.
    let of_test_key = JwtAuthConfig::builder()
        .issuer("i")
        .audience("a")
        .algorithms(["HS256"]);
    let bytes = {
        use base64::Engine as _;
        let text = key.jwk()["k"].as_str().unwrap().to_owned();
        base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(text)
            .unwrap()
    };
    let claims = r#"{"iss":"i","aud":"a","exp":4102444800}"#;
    let token = key.sign_compact(r#"{"alg":"HS256"}"#, claims);
    for (secret, good) in [(bytes.clone(), true), ([&bytes[..], b"x"].concat(), false)] {
        let config = of_test_key
            .clone()
            .jwk(Jwk::secret(secret))
            .build()
            .unwrap();
        assert_eq!(JwtVerifier::new(config).verify(&token).await.is_ok(), good);
    }
}

#[test]
fn field_c06_an_unknown_name_is_answered_with_the_nearest() {
    for (name, want) in [
        ("isuer", "unknown field `isuer`: did you mean `issuer`?"),
        (
            "jwks_url",
            "unknown field `jwks_url`: did you mean `jwks_uri`",
        ),
        ("jwks-uri", "did you mean `jwks_uri`"),
        ("JWKS_URI", "did you mean `jwks_uri`"),
        ("jwksURI", "did you mean `jwks_uri`"),
        ("aud", "did you mean `audience`?"),
        ("required_scope", "did you mean `required_scopes`?"),
        (
            "scopes",
            "did you mean `initial_scopes` or `required_scopes` or `scopes_supported`?",
        ),
        ("dangerAllowHTTP", "did you mean `danger_allow_http`?"),
        (
            "optional",
            "unknown field `optional`: it is a setting of the layer, so call JwtAuthLayer::optional in code",
        ),
        ("open_paths", "call JwtAuthLayer::open_paths in code"),
        ("openPaths", "call JwtAuthLayer::open_paths in code"),
        ("stream_expiry", "call JwtAuthLayer::stream_expiry in code"),
        ("on_rejection", "call JwtAuthLayer::on_rejection in code"),
        (
            "scope_hierarchy",
            "a file cannot hold it, so call scope_hierarchy of the JwtAuthConfigBuilder in code",
        ),
        (
            "max_age",
            "unknown field `max_age`: it belongs in jwks_cache",
        ),
        ("timeout", "it belongs in jwks_cache"),
        ("timeout", "it belongs in jwks_cache or in introspection"),
        ("clientIds", "it belongs in cognito"),
        ("trusted_peers", "it belongs in mtls.header"),
        ("public_url", "it belongs in dpop"),
        ("replay_store", "call replay_store of Dpop in code"),
        ("x", "unknown field `x`: no setting has a similar name"),
    ] {
        let error = refused(json!({name: "x"}));
        assert!(error.contains(want), "{name}: {error}");
        assert!(error.matches('`').count() <= 8, "not all of them: {error}");
    }
    for (changes, want) in [
        (
            json!({"jwks_cache": {"max_aeg": "5m"}}),
            "jwks_cache: unknown field `max_aeg`: did you mean `max_age`?",
        ),
        (
            json!({"jwks_cache": {"leeway": "5m"}}),
            "jwks_cache: unknown field `leeway`: it belongs at the top level",
        ),
        (
            json!({"cognito": {"client_id": ["c"]}}),
            "cognito: unknown field `client_id`: did you mean `client_ids`?",
        ),
        (
            json!({"issuer": null, "issuers": [{"issuer": "https://i.example"}, {"issuer": OTHER, "lee_way": "1s"}]}),
            "issuers[1]: unknown field `lee_way`: did you mean `leeway`?",
        ),
        (
            json!({"issuer": null, "issuers": [{"issuer": "https://i.example", "realm": "r"}]}),
            "issuers[0]: unknown field `realm`: it belongs at the top level",
        ),
        (
            json!({"dpop": {"window": "1s"}}),
            "dpop: unknown field `window`: did you mean `proof_window`?",
        ),
        (
            json!({"mtls": {"header": {"trusted_peer": []}}}),
            "mtls.header: unknown field `trusted_peer`: did you mean `trusted_peers`?",
        ),
        (
            json!({"introspection": {"client_sercet": "x"}}),
            "introspection: unknown field `client_sercet`: did you mean `client_secret`",
        ),
        (
            json!({"issuer": null, "issuers": [{"issuer": "https://i.example", "dpop": {}}]}),
            "issuers[0]: unknown field `dpop`: it belongs at the top level",
        ),
        (
            json!({"issuer": null, "issuers": [{"issuer": "https://i.example", "mtls": {}}]}),
            "issuers[0]: unknown field `mtls`: it belongs at the top level",
        ),
        (
            json!({"issuer": null, "issuers": [{"issuer": "https://i.example", "jwks_cache": {"ttl": "1s"}}]}),
            "issuers[0].jwks_cache: unknown field `ttl`: no setting has a similar name",
        ),
    ] {
        refuses([(changes, want)]);
    }
    // Every name is still accepted in both spellings, and what is inside a key is not ours.
    accepts(json!({"jwk": with_member(ec_key(), "isuer")}));
    accepts(json!({"jwksUri": "https://k.example"}));
}

fn with_member(mut object: Value, name: &str) -> Value {
    object[name] = json!("x");
    object
}

#[test]
fn field_c06_every_name_has_an_example() {
    let names = file_names();
    let all = [
        names.top,
        names.issuer,
        names.cache,
        names.cognito,
        names.dpop,
        names.mtls,
        names.header,
        names.introspection,
        names.fleet,
    ]
    .concat();
    let examples: BTreeSet<_> = EXAMPLES.iter().map(|(name, _)| *name).collect();
    let names = spelled_out(&all);
    assert!(names.is_subset(&examples), "{names:?}");
    // The names in `fleet` are known with the feature only.
    assert!(names == examples || !cfg!(feature = "redis"));
    for (name, example) in EXAMPLES {
        assert!(serde_json::from_str::<Value>(example).is_ok(), "{name}");
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

#[test]
fn field_c07_a_missing_scheme_is_named() {
    refuses([
        (
            json!({"issuer": "tenant.auth0.com"}),
            "issuer \"tenant.auth0.com\" is not a URL, so its keys cannot be discovered: \
             if its tokens name \"https://tenant.auth0.com\", set that, otherwise set jwks_uri, jwks or jwk",
        ),
        (
            json!({"issuer": "localhost:9000"}),
            "if its tokens name \"http://localhost:9000\", set that",
        ),
        (
            json!({"resource": "r.example/mcp"}),
            "resource \"r.example/mcp\" must be an absolute https URL: probably \"https://r.example/mcp\"",
        ),
        (
            json!({"resource": "localhost:3000/mcp"}),
            "must be an absolute https URL: probably \"http://localhost:3000/mcp\"",
        ),
        (
            json!({"resource": "https:/r.example/mcp"}),
            "must be an absolute https URL: probably \"https://r.example/mcp\"",
        ),
        (
            json!({"resource": "/mcp"}),
            "must be an absolute https URL: write it with its scheme and host",
        ),
        (
            json!({"jwks_uri": "k.example/jwks"}),
            "jwks_uri \"k.example/jwks\" must be an absolute https URL: probably \"https://k.example/jwks\"",
        ),
        (
            json!({"resource": "https://r.example/mcp", "resource_tos_uri": "r.example/terms"}),
            "resource_tos_uri \"r.example/terms\" must be an absolute https URL: probably \"https://r.example/terms\"",
        ),
    ]);
    accepts(json!({"issuer": "https://tenant.auth0.com"}));
    accepts(json!({"issuer": "accounts.google.com", "jwks_uri": "https://k.example"}));
}

#[test]
fn field_c08_debug_of_an_error_is_its_sentence() {
    fn main(config: JwtAuthConfigBuilder) -> Result<(), Box<dyn std::error::Error>> {
        config.build()?;
        Ok(())
    }
    let good = JwtAuthConfig::builder()
        .issuer("https://i.example")
        .audience("a");
    assert!(main(good.clone()).is_ok());
    let errors = [
        good.clone().leeway(std::time::Duration::from_secs(600)),
        good.clone().add_issuer(Issuer::new(OTHER)),
        JwtAuthConfig::builder(),
    ];
    for builder in errors {
        let error = main(builder).unwrap_err();
        assert_eq!(format!("{error:?}"), error.to_string());
        let error = error.downcast::<ConfigError>().unwrap();
        let text = error.to_string();
        let (variant, debug) = (format!("{error:#?}"), format!("{error:?}"));
        assert!(debug == text && !variant.contains(&text), "{variant}");
    }
    let conflict = good.add_issuer(Issuer::new(OTHER)).build().unwrap_err();
    assert_eq!(
        format!("{conflict:#?}"),
        "Conflict {\n    first: \"issuer\",\n    second: \"issuers\",\n}"
    );
}

/// A user name in front of a host may be a secret, too: `https://TOKEN@host`.
#[test]
fn field_c07_no_error_shows_what_stands_in_front_of_a_host() {
    let with = |setting: &str, value: &str| {
        let mut changes = json!({"resource": "https://r.example/mcp"});
        changes[setting] = match setting {
            "authorization_servers" => json!([value]),
            _ => json!(value),
        };
        built(changes)
    };
    let settings = [
        "authorization_servers",
        "issuer",
        "jwks_uri",
        "resource",
        "resource_documentation",
    ];
    for setting in settings {
        for value in [
            "https://u5er:s3cret@h.example/mcp",
            "https://s3cret@h.example/mcp",
            "https:/u5er:s3cret@h.example/mcp",
            "https//u5er:s3cret@h.example/mcp",
            "https://u5er:s3cret/@h.example/mcp",
            "https://u5er:s3cret?@h.example/mcp",
            "https://u5er:s3cret#x@h.example/mcp",
            "ftp://u5er:s3cret@h.example/mcp",
            "u5er:s3cret@h.example/mcp",
            "u5er:s3cret @h.example/mcp",
            "https://u5er:s3cret@h.example/mcp?scope=x",
            "https://u5er:s3cret@",
        ] {
            let error = with(setting, value).unwrap_err();
            for text in [error.to_string(), format!("{error:#?}")] {
                assert!(text.contains("(not shown)"), "{setting} {value}: {text}");
                let shows = text.contains("s3cret") || text.contains("u5er");
                assert!(!shows, "{setting} {value}: {text}");
            }
        }
        assert!(with(setting, "https://h.example/mcp").is_ok(), "{setting}");
    }
    // An `@` elsewhere hides nothing.
    refuses([
        (
            json!({"resource": "https://h.example/@mcp?a=b"}),
            "resource \"https://h.example/@mcp?a=b\" must not carry a query",
        ),
        (
            json!({"resource": "h.example/mcp"}),
            "resource \"h.example/mcp\" must be an absolute https URL",
        ),
    ]);
    let two = ["u5er:s3cret@i", "u5er:s3cret@i"].map(|issuer| json!({"issuer": issuer}));
    for changes in [
        json!({"issuer": null, "issuers": two}),
        json!({"issuer": "u5er:s3cret@i", "audience": null}),
    ] {
        let error = built(changes).unwrap_err();
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}

#[test]
fn field_f02_authorization_servers_follow_the_rule_of_issuers() {
    let servers = |url: &str| json!({"resource": "https://r.example/mcp", "authorization_servers": ["https://a.example", url]});
    refuses([
        (
            servers("https://proxy.example/t?v=2"),
            "authorization_servers \"https://proxy.example/t?v=2\" must not carry a query: the issuer is the part before it",
        ),
        (
            servers("https://proxy.example/t#v2"),
            "authorization_servers \"https://proxy.example/t#v2\" must not carry a fragment: the issuer is the part before it",
        ),
        (
            servers("https://proxy.example/t/.well-known/openid-configuration"),
            "authorization_servers \"https://proxy.example/t/.well-known/openid-configuration\" is the URL of a \
             document, which no token names: set the issuer that the document states, probably \
             \"https://proxy.example/t\"",
        ),
        (
            servers("https://proxy.example/t/jwks.json"),
            "authorization_servers \"https://proxy.example/t/jwks.json\" is the URL of a key set, which no token \
             names: set the issuer whose keys it has, probably \"https://proxy.example/t\"",
        ),
    ]);
    accepts(servers("https://proxy.example/t"));
    // Clients of several tenants sign in there, although no token names it.
    accepts(servers(
        "https://login.microsoftonline.com/organizations/v2.0",
    ));
}
