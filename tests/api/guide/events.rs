//! `guide::operations` has one row for each event: what is alerted on is looked up there.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn the_guide_has_one_row_for_each_event() {
    let mut source = fs::read_to_string(format!("{ROOT}/src/telemetry.rs")).unwrap();
    for file in fs::read_dir(Path::new(ROOT).join("src/telemetry")).unwrap() {
        source += &fs::read_to_string(file.unwrap().path()).unwrap();
    }
    // An event may be sent at two levels, so it may be in the source twice.
    let names = source.split("event = \"").skip(1);
    let mut rows: BTreeMap<_, _> = names.map(|rest| (until(rest, '"'), 0)).collect();
    assert!(rows.len() > 40, "{rows:?}");

    let page = fs::read_to_string(format!("{ROOT}/src/guide/operations.rs")).unwrap();
    let page = page.split("//! # Events").nth(1).unwrap();
    let page = page.split("//! # Metrics").next().unwrap();
    for row in page.lines().filter(|line| line.starts_with("//! | `")) {
        let cell = row["//! | ".len()..].split('|').next().unwrap();
        for name in cell.split('`').skip(1).step_by(2) {
            *rows.entry(name).or_insert(10) += 1;
        }
    }
    let wrong: Vec<_> = rows.iter().filter(|(_, rows)| **rows != 1).collect();
    assert!(wrong.is_empty(), "not one row each: {wrong:?}");
}

fn until(text: &str, end: char) -> &str {
    text.split(end).next().unwrap_or_default()
}
