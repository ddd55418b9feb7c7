//! A fleet in a file, and files with its secrets and password.

use super::*;
use crate::config::examples::EXAMPLES;
use crate::config::file::file_names;

#[test]
fn files_of_a_fleet() {
    let folder = tempfolder();
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let bare = || Fleet::builder().redis(URL).namespace("ns");
    let two = file("two", &format!("{SECRET}\n{OTHER}\n"));
    bare().secret_file(&two).build().unwrap();
    let password = file("password", "hidden-password\n");
    good().password_file(&password).build().unwrap();
    let plain = good().redis("redis://cache.internal");
    assert!(plain.clone().build().is_ok());
    let error = plain.password_file(&password).build().unwrap_err();
    assert!(error.to_string().contains("in clear"), "{error}");
    let same = file("same", SECRET);
    let error = good().password_file(&same).build().unwrap_err();
    assert!(error.to_string().contains("it is the password"), "{error}");

    let (empty, junk) = (file("empty", "\n"), file("junk", "no certificate"));
    let gone = folder.join("gone");
    for (builder, want) in [
        (bare().secret_file(&empty), "it is empty"),
        (bare().secret_file(&gone), "it cannot be read"),
        (good().password_file(&empty), "it is empty"),
        (good().password_file(&gone), "it cannot be read"),
        (good().ca_file(&gone), "it cannot be read"),
        (good().ca_file(&junk), "ca_file holds no certificate"),
        (
            good().client_certificate_file(&junk),
            "fleet.client_certificate_file is set without fleet.client_key_file",
        ),
        (
            good().client_key_file(&junk),
            "fleet.client_key_file is set without fleet.client_certificate_file",
        ),
        (
            good().client_key_file(&junk).client_certificate_file(&junk),
            "fleet cannot be used: ",
        ),
    ] {
        let error = builder.build().unwrap_err().to_string();
        assert!(error.contains(want), "{error}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

fn tempfolder() -> std::path::PathBuf {
    let name = format!("tower-jwt-auth-fleet-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn a_variable_in_a_fleet_is_named() {
    for (changes, setting, variable) in [
        (
            json!({"redis": "rediss://u:hidden@${HOST}"}),
            "fleet.redis",
            "${HOST}",
        ),
        (
            json!({"redis": ["rediss://${HOST}"]}),
            "fleet.redis",
            "${HOST}",
        ),
        (json!({"namespace": "$STAGE"}), "fleet.namespace", "$STAGE"),
        (json!({"secret": "${SECRET}"}), "fleet.secret", "${SECRET}"),
        (
            json!({"secrets": ["${SECRET}"]}),
            "fleet.secret",
            "${SECRET}",
        ),
        (
            json!({"secret_file": "${DIR}/f"}),
            "fleet.secret_file",
            "${DIR}",
        ),
        (json!({"ca_file": "${DIR}/f"}), "fleet.ca_file", "${DIR}"),
        (
            json!({"password_file": "${DIR}/f"}),
            "fleet.password_file",
            "${DIR}",
        ),
    ] {
        let error = built(file_with(changes)).unwrap_err();
        let variable = variable.to_owned();
        assert_eq!(error, ConfigError::NotReplaced { setting, variable });
    }
}

#[test]
fn a_fleet_in_a_file() {
    let config = built(file_with(json!({}))).unwrap();
    assert!(config.fleet().is_some());
    assert!(built(json!({})).unwrap().fleet().is_none());
    refuses([
        (json!({"fleet": {}}), "fleet.redis is missing"),
        (
            json!({"fleet": true}),
            "fleet: invalid type: boolean `true`, expected an object",
        ),
        (
            file_with(json!({"redis": 1})),
            "fleet.redis: invalid type: number",
        ),
        (
            file_with(json!({"redis": [1]})),
            "fleet.redis: invalid type: number",
        ),
        (
            file_with(json!({"timeout": 250})),
            "fleet.timeout: invalid type",
        ),
        (
            file_with(json!({"revocations_at_start": "needed"})),
            "fleet.revocations_at_start: \"needed\" is not a duration",
        ),
        (
            file_with(json!({"secretfile": "x"})),
            "fleet: unknown field `secretfile`: did you mean `secret_file`",
        ),
        (
            json!({"namespace": "x"}),
            "unknown field `namespace`: it belongs in fleet",
        ),
    ]);
    for value in [json!({"s": "hidden"}), json!(["hidden", 1]), json!(12345)] {
        for name in ["redis", "secret", "secrets"] {
            let error = refused(file_with(json!({name: value})));
            assert!(
                !error.contains("hidden") && !error.contains("12345"),
                "{error}"
            );
        }
    }
    let all = json!({
        "redis": ["redis://127.0.0.1:7000"],
        "secrets": [SECRET, OTHER],
        "secret": null,
        "timeout": "100ms",
        "keys": "false",
        "revocations": true,
        "revocationKeep": "2h",
        "revocationsLimit": "5",
        "revocationsAtStart": "required",
        "dangerAllowPlainRedis": true,
    });
    let config = built(file_with(all)).unwrap();
    let fleet = config.fleet().unwrap();
    assert_eq!(fleet.store().timeout, Duration::from_millis(100));
    assert_eq!(fleet.store().seals.iter().len(), 2);
    let settings = format!("{:?}", fleet.settings());
    for want in ["keys: false", "keep: 7200s", "limit: 5", "Required"] {
        assert!(settings.contains(want), "{settings}");
    }
}

#[test]
fn the_examples_of_a_fleet_are_accepted() {
    let names = spelled_out(file_names().fleet);
    assert!(names.len() > 10, "{names:?}");
    let without = effect(&read(with(file_with(json!({})))).unwrap()).unwrap();
    for name in names {
        if name.starts_with("secret") || name.ends_with("_file") {
            continue; // No secret that works is published, and there is no such file.
        }
        let (_, example) = EXAMPLES.iter().find(|(other, _)| *other == name).unwrap();
        let example: Value = serde_json::from_str(example).unwrap();
        let changes = match name {
            "danger_allow_plain_redis" => json!({name: example, "redis": "redis://u:p@host"}),
            "namespace" | "redis" => json!({name: example, "timeout": "1s"}),
            _ => json!({name: example}),
        };
        let with = effect(&read(with(file_with(changes))).unwrap()).unwrap();
        assert_ne!(with, without, "{name}");
    }
}
