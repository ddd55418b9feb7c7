//! Writes the page with the tables.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::peers::{ALGORITHMS, Role};
use crate::rows::Row;
use crate::verdicts::verdicts;
use crate::{machine, text};

pub fn page(rows: &[Row], bare: &BTreeMap<String, f64>) -> String {
    let mut page = String::from(text::HEAD);
    speed(&mut page, rows, bare);
    costs(&mut page, rows);
    keys(&mut page, rows);
    page.push_str(text::VERDICTS);
    page.push_str(&verdicts(rows));
    page.push_str(text::CRATES);
    page.push_str(text::CAVEATS);
    let _ = writeln!(page, "\n## Machine and versions\n\n{}.\n", machine::line());
    let mut seen: BTreeSet<_> = rows
        .iter()
        .filter(|row| row.role == Role::Peer)
        .map(|row| format!("{} {}", row.name, row.version))
        .collect();
    let below = [
        ("jsonwebtoken", "9."),
        ("jsonwebtoken", "10."),
        ("jsonwebtoken", "11."),
        ("huskarl-resource-server", ""),
        ("axum", "0.7."),
        ("axum", "0.8."),
        ("aws-lc-rs", ""),
        ("ring", ""),
        ("tower-jwt-auth", ""),
    ];
    seen.extend(below.map(|(name, start)| format!("{name} {}", machine::version(name, start))));
    let _ = writeln!(page, "{}.", seen.into_iter().collect::<Vec<_>>().join(", "));
    page
}

fn speed(page: &mut String, rows: &[Row], bare: &BTreeMap<String, f64>) {
    page.push_str(text::SPEED);
    page.push_str("\n| | form | signatures by |");
    for algorithm in ALGORITHMS {
        let _ = write!(page, " {} |", algorithm.name());
    }
    page.push_str("\n| --- | --- | --- |");
    page.push_str(&" ---: |".repeat(ALGORITHMS.len()));
    page.push_str("\n| bare verification | | aws-lc-rs |");
    for algorithm in ALGORITHMS {
        let _ = write!(page, " 1.00 ({:.1} us) |", bare[algorithm.name()]);
    }
    for row in rows {
        let _ = write!(page, "\n| {} | {} | {} |", label(row), row.form, row.crypto);
        for algorithm in ALGORITHMS {
            let _ = match row.first.get(algorithm.name()) {
                Some(ratio) => write!(page, " {ratio:.2} |"),
                None => write!(page, " – |"),
            };
        }
    }
    page.push('\n');
}

fn costs(page: &mut String, rows: &[Row]) {
    page.push_str(text::COSTS);
    for row in rows {
        let [first, again, expired] = row.allocations;
        let _ = writeln!(
            page,
            "| {} | {} | {:.2} | {:.2} | {} | {first} | {again} | {expired} |",
            label(row),
            row.crypto,
            row.again,
            row.expired,
            if row.pays { "yes" } else { "no" },
        );
    }
}

fn keys(page: &mut String, rows: &[Row]) {
    page.push_str(text::KEYS);
    for row in rows {
        let Some(behaviour) = &row.behaviour else {
            continue;
        };
        let statuses: Vec<_> = behaviour
            .statuses
            .iter()
            .map(|(status, times)| format!("{times} x {status}"))
            .collect();
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} |",
            label(row),
            behaviour.fetches,
            statuses.join(", "),
            behaviour.rotated_at_once,
            behaviour.rotated_later,
        );
    }
}

fn label(row: &Row) -> String {
    match row.role {
        Role::Own => format!("**{}**", row.name),
        Role::Measure if row.name.starts_with("by hand") => row.name.to_owned(),
        _ => format!("{} {}", row.name, row.version),
    }
}
