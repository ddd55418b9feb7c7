//! `guide::providers`: a row and a page for each provider.

use std::fs;

use serde_json::Value;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/guide/providers");

#[test]
fn field_h08_each_provider_has_a_row_a_file_and_a_pitfall() {
    let index = fs::read_to_string(format!("{FOLDER}/mod.rs")).unwrap();
    let wanted = [
        "adfs",
        "authentik",
        "better_auth",
        "clerk",
        "cloudflare_access",
        "django_oauth_toolkit",
        "glewlwyd",
        "kubernetes",
        "lemonldap_ng",
        "supabase",
        "zitadel",
    ];
    for name in wanted {
        assert!(index.contains(&format!("//! | [`{name}`]")), "{name}");
    }
    for name in pages() {
        assert!(index.contains(&format!("//! | [`{name}`]")), "{name}");
        let page = fs::read_to_string(format!("{FOLDER}/{name}.rs")).unwrap();
        assert!(page.contains("**The pitfall"), "{name} has no pitfall");
        assert!(
            page.contains("\n//! - DPoP: "),
            "{name} does not mention DPoP"
        );
        let file = configuration(&page).unwrap_or_else(|| panic!("{name} has no file"));
        let file: Value = serde_json::from_str(&file).unwrap();
        assert!(file["issuer"].is_string(), "{name}: {file}");
    }
}

#[test]
fn field_h08_what_ran_is_told_from_what_did_not() {
    let index = fs::read_to_string(format!("{FOLDER}/mod.rs")).unwrap();
    let scripts = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/issuers");
    for name in pages() {
        let ran = fs::exists(format!("{scripts}/{name}/provider.mjs")).unwrap();
        let marked = index.contains(&format!("//! | [`{name}`] ✓ |"));
        assert_eq!(marked, ran, "{name}");
    }
}

/// The names of the files in the folder, without their index.
fn pages() -> Vec<String> {
    let files = fs::read_dir(FOLDER).unwrap().map(|file| {
        let name = file.unwrap().file_name().into_string().unwrap();
        name.strip_suffix(".rs").unwrap().to_owned()
    });
    let pages: Vec<_> = files.filter(|name| name != "mod").collect();
    assert!(pages.len() >= 18, "{pages:?}");
    pages
}

/// The first configuration file in a page.
fn configuration(page: &str) -> Option<String> {
    let text: String = page
        .lines()
        .map(|line| line.trim_start_matches("//!").trim_start())
        .collect::<Vec<_>>()
        .join("\n");
    let (_, rest) = text.split_once("```json\n")?;
    Some(rest[..rest.find("\n```")?].to_owned())
}
