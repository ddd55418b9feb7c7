//! The README: short, and true.

use std::fs;

fn readme() -> String {
    fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap()
}

#[test]
fn it_is_short_and_begins_with_code() {
    let page = readme();
    let words = page.split_whitespace().count();
    assert!(words <= 1_400, "{words} words");
    let before = page.split("```rust").next().unwrap();
    assert!(before.lines().count() <= 25, "the first Rust comes late");
    let first = page.split("```rust").nth(1).unwrap();
    let lines = first.split("```").next().unwrap().lines().skip(1).count();
    assert!(lines <= 20, "{lines} lines in the quick start");
    // Neither the code host nor the registry page shows them everywhere.
    assert!(!page.contains("```mermaid"));
}

#[test]
fn its_links_to_guides_lead_to_pages() {
    let page = readme();
    let start = "https://docs.rs/tower-jwt-auth/latest/tower_jwt_auth/";
    let mut links = 0;
    for link in page.split(start).skip(1) {
        let path = link.split([')', '#']).next().unwrap().trim_end_matches('/');
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src/");
        let is_page = [
            format!("{source}{path}.rs"),
            format!("{source}{path}/mod.rs"),
        ]
        .iter()
        .any(|file| fs::exists(file).unwrap());
        assert!(is_page, "{path}");
        links += 1;
    }
    assert!(links >= 20, "{links} links");
}
