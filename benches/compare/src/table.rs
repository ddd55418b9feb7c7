//! The rows, and the page that shows them.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::machine;
use crate::peers::{ALGORITHMS, Crypto, Peer, Role};
use crate::process::Backend;
use crate::results::{Behaviour, Counts, Timings};

/// A peer with one back end.
pub struct Row {
    pub name: &'static str,
    pub version: &'static str,
    pub form: &'static str,
    pub crypto: String,
    pub role: Role,
    /// Over the bare verification of the same process, by algorithm.
    pub first: BTreeMap<String, f64>,
    pub again: f64,
    pub expired: f64,
    /// Whether an expired token costs a signature check.
    pub pays: bool,
    pub allocations: [u64; 3],
    pub behaviour: Option<Behaviour>,
}

/// The measures first, then this crate, then the peers with the fastest at the top.
pub fn rows(of: Vec<(Backend, Timings, Counts)>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (backend, mut timings, counts) in of {
        for peer in backend.peers() {
            rows.push(row(&peer, backend, &mut timings, &counts));
        }
    }
    let rank = |role| match role {
        Role::Measure => 0,
        Role::Own => 1,
        Role::Peer => 2,
    };
    rows.sort_by(|one, other| {
        let by_speed = match one.role {
            Role::Own => Ordering::Equal,
            _ => one.first["RS256"].total_cmp(&other.first["RS256"]),
        };
        rank(one.role).cmp(&rank(other.role)).then(by_speed)
    });
    rows
}

fn row(peer: &Peer, backend: Backend, timings: &mut Timings, counts: &Counts) -> Row {
    let first = timings.first.remove(peer.name).expect("it was measured");
    let over = |(algorithm, own): (String, f64)| {
        let bare = timings.bare[&algorithm];
        (algorithm, own / bare)
    };
    let expired = timings.expired[peer.name];
    let own = |version| format!("jsonwebtoken {}", machine::version("jsonwebtoken", version));
    Row {
        name: peer.name,
        version: machine::version(peer.package.0, peer.package.1),
        form: peer.form,
        crypto: match (peer.crypto, backend) {
            (Crypto::AwsLc, _) => "aws-lc-rs".to_owned(),
            (Crypto::PlainRing, _) => "ring".to_owned(),
            (Crypto::RustCrypto, _) => "RustCrypto".to_owned(),
            (Crypto::Ring(version), _) => format!("ring ({})", own(version)),
            (Crypto::Chosen(version), Backend::AwsLc) => format!("aws-lc-rs ({})", own(version)),
            (Crypto::Chosen(version), Backend::RustCrypto) => {
                format!("RustCrypto ({})", own(version))
            }
        },
        role: peer.role,
        first: first.into_iter().map(over).collect(),
        again: timings.again[peer.name],
        expired,
        pays: expired > timings.bare["RS256"] * 0.9,
        allocations: [&counts.first, &counts.again, &counts.expired]
            .map(|counts| counts[peer.name]),
        behaviour: timings.behaviour.remove(peer.name),
    }
}

pub fn page(rows: &[Row], bare: &BTreeMap<String, f64>) -> String {
    let mut page = String::from(HEAD);
    speed(&mut page, rows, bare);
    costs(&mut page, rows);
    keys(&mut page, rows);
    verdicts(&mut page, rows);
    page.push_str(CAVEATS);
    let _ = writeln!(page, "\n## Machine and versions\n\n{}.\n", machine::line());
    let mut seen = std::collections::BTreeSet::new();
    for row in rows.iter().filter(|row| row.role != Role::Measure) {
        seen.insert(format!(
            "{} {}",
            row.name.split(',').next().unwrap_or_default(),
            row.version
        ));
    }
    seen.extend(
        ["9", "10", "11"]
            .map(|major| format!("jsonwebtoken {}", machine::version("jsonwebtoken", major))),
    );
    for package in ["aws-lc-rs", "ring", "axum"] {
        seen.insert(format!("{package} {}", machine::version(package, "")));
    }
    let _ = writeln!(page, "{}.", seen.into_iter().collect::<Vec<_>>().join(", "));
    page
}

fn speed(page: &mut String, rows: &[Row], bare: &BTreeMap<String, f64>) {
    page.push_str("\n## First sight of a token\n\n| | form | signatures by |");
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
    page.push_str(COSTS);
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
    page.push_str(KEYS);
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

/// Who is best, column by column: this crate as it comes, this crate without its memory, the best peer.
fn verdicts(page: &mut String, rows: &[Row]) {
    page.push_str(VERDICTS);
    for algorithm in ALGORITHMS {
        let name = algorithm.name();
        verdict(page, rows, &format!("first sight, {name}"), "", |row| {
            row.first.get(name).copied()
        });
    }
    verdict(page, rows, "the same token again", " us", |row| {
        Some(row.again)
    });
    verdict(page, rows, "an expired token", " us", |row| {
        Some(row.expired)
    });
    for (column, what) in ["first sight", "the same token again", "an expired token"]
        .iter()
        .enumerate()
    {
        verdict(page, rows, &format!("allocations, {what}"), "", |row| {
            Some(row.allocations[column] as f64)
        });
    }
}

fn verdict(
    page: &mut String,
    rows: &[Row],
    what: &str,
    unit: &str,
    column: impl Fn(&Row) -> Option<f64>,
) {
    let own: Vec<_> = rows
        .iter()
        .filter(|row| row.role == Role::Own)
        .filter_map(&column)
        .collect();
    let peers = rows.iter().filter(|row| row.role == Role::Peer);
    let best = peers.filter_map(|row| Some((column(row)?, row)));
    let Some((best, peer)) = best.min_by(|(one, _), (other, _)| one.total_cmp(other)) else {
        return;
    };
    // Counts are whole.
    let shown = |figure: f64| match what.starts_with("allocations") {
        true => format!("{figure:.0}"),
        false => format!("{figure:.2}"),
    };
    let winner = match own[0].total_cmp(&best) {
        Ordering::Less if own[1] > best => "tower-jwt-auth; without its memory the peer",
        Ordering::Less => "tower-jwt-auth",
        Ordering::Equal => "neither",
        Ordering::Greater => "**the peer**",
    };
    let (own, without) = (shown(own[0]), shown(own[1]));
    let peer = format!("{}{unit}, {} with {}", shown(best), peer.name, peer.crypto);
    let _ = writeln!(
        page,
        "| {what} | {own}{unit} | {without}{unit} | {peer} | {winner} |"
    );
}

fn label(row: &Row) -> String {
    match row.role {
        Role::Own => format!("**{}**", row.name),
        Role::Measure if row.name.starts_with("by hand") => row.name.to_owned(),
        _ => format!("{} {}", row.name, row.version),
    }
}

const HEAD: &str = "# Against other crates

`benches/compare/run` wrote this page and `compare.svg`; it takes the same tokens through every crate, in turns, in one process.

![Bars: time of each crate over the bare verification, and for a token that was seen before](compare.svg)
";

const COSTS: &str = "
Time of the crate alone (the same service without it is subtracted) over the time of the bare signature check. A dash: it does not take such
tokens.

## What else a request costs

RS256. Rust allocations over those of the service behind; the C code of the crypto has its own.

| | signatures by | same token again, us | expired token, us | expired token pays a signature check | allocations, first sight | again | expired |
| --- | --- | ---: | ---: | --- | ---: | ---: | ---: |
";

const KEYS: &str = "
## Keys

A thousand tokens of a stranger, each with another `kid` that nobody knows: how often the issuer was asked for its keys, and the answers. Then
the issuer replaces its key: the answer to the first token of the new key, seconds after the process started and 65 seconds after. Several
crates let a minute pass between two fetches and count the one at the start, hence both. A 401 here is a caller who was turned away with a good
token.

| | fetches for 1,000 unknown `kid`s | answers | new key, at once | new key, 65 s after the start |
| --- | ---: | --- | --- | --- |
";

const VERDICTS: &str = "
## Who wins

Among the crates; what is written by hand and the bare `decode` are measures.

| | tower-jwt-auth | without its memory | best peer | winner |
| --- | ---: | ---: | --- | --- |
";
const CAVEATS: &str = "";
