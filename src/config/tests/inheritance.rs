//! What the entries of `issuers` take from the settings beside them.

use std::time::Duration;

use super::*;
use crate::config::examples::EXAMPLES;
use crate::config::file::file_names;
use crate::token::AudienceRule;

#[test]
fn entries_inherit_what_they_do_not_set() {
    let config = file(json!({
        "audience": "shared", "leeway": "10s", "algorithms": ["ES256"], "required_scopes": ["a"],
        "issuers": [
            {"issuer": "https://i.example"},
            {"issuer": "https://j.example", "audience": "own", "leeway": "0s", "algorithms": ["RS256"], "required_scopes": ["b"]},
        ],
    }))
    .unwrap();
    let [i, j] = &config.0.issuers[..] else {
        panic!("two")
    };
    for (entry, audience, leeway, algorithm, scope) in [
        (i, "shared", 10, Algorithm::ES256, "a"),
        (j, "own", 0, Algorithm::RS256, "b"),
    ] {
        assert!(matches!(&entry.policy.audience, AudienceRule::AnyOf(list) if list == &[audience]));
        assert_eq!(entry.policy.leeway, Duration::from_secs(leeway));
        assert_eq!(entry.policy.algorithms, [algorithm]);
        assert_eq!(entry.answers.resource().required_scopes.as_slice(), [scope]);
    }
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
