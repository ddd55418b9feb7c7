//! Files in which key sets are kept for the next process.

use super::*;

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
