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
fn its_links_lead_to_files() {
    let page = readme();
    let links = page.split("](").skip(1);
    let links = links.filter_map(|link| link.split([')', '#']).next());
    let mut guides = 0;
    for link in links.filter(|link| !link.starts_with("https://") && !link.is_empty()) {
        let file = format!("{}/{link}", env!("CARGO_MANIFEST_DIR"));
        assert!(fs::exists(file).unwrap(), "{link}");
        guides += usize::from(link.starts_with("src/guide/"));
    }
    assert!(guides >= 20, "{guides} links to guides");
}
