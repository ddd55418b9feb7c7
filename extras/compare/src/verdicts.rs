//! The best crate of each column.

use std::cmp::Ordering;
use std::fmt::Write as _;

use crate::peers::{ALGORITHMS, Role};
use crate::rows::Row;

struct Column {
    name: String,
    unit: &'static str,
    decimals: usize,
    figure: Box<dyn Fn(&Row) -> Option<f64>>,
}

/// This crate by default, this crate without its token cache, the best peer, and the best of all.
pub fn verdicts(rows: &[Row]) -> String {
    let mut table = String::new();
    for column in columns() {
        let Column {
            name,
            unit,
            decimals,
            figure,
        } = column;
        let of = |role| rows.iter().filter(move |row| row.role == role);
        let own: Vec<_> = of(Role::Own).filter_map(&figure).collect();
        let peers = of(Role::Peer).filter_map(|row| Some((figure(row)?, row)));
        let best = peers.min_by(|(one, _), (other, _)| one.total_cmp(other));
        let (&[own, without], Some((best, peer))) = (&own[..], best) else {
            continue;
        };
        let winner = match own.total_cmp(&best) {
            Ordering::Less if without > best => "tower-jwt-auth; without its token cache the peer",
            Ordering::Less => "tower-jwt-auth",
            Ordering::Equal => "neither",
            Ordering::Greater if without < best => {
                "**the peer**; tower-jwt-auth without its token cache"
            }
            Ordering::Greater => "**the peer**",
        };
        let shown = |figure: f64| format!("{figure:.decimals$}{unit}");
        let _ = writeln!(
            table,
            "| {name} | {} | {} | {}, {} with {} | {winner} |",
            shown(own),
            shown(without),
            shown(best),
            peer.name,
            peer.crypto,
        );
    }
    table
}

fn columns() -> Vec<Column> {
    let column = |name: &str, unit, decimals, figure| Column {
        name: name.to_owned(),
        unit,
        decimals,
        figure,
    };
    let first_sight = ALGORITHMS.map(|algorithm| {
        let name = format!("first sight, {}", algorithm.name());
        let figure = move |row: &Row| row.first.get(algorithm.name()).copied();
        column(&name, "", 2, Box::new(figure))
    });
    let allocations = [
        "allocations, first sight",
        "allocations, again",
        "allocations, expired",
    ];
    let mut columns = Vec::from(first_sight);
    columns.push(column("again", " us", 2, Box::new(|row| Some(row.again))));
    columns.push(column(
        "expired",
        " us",
        2,
        Box::new(|row| Some(row.expired)),
    ));
    for (place, name) in allocations.iter().enumerate() {
        let figure = move |row: &Row| Some(row.allocations[place] as f64);
        columns.push(column(name, "", 0, Box::new(figure)));
    }
    let name = "fetches for unknown `kid`s, of the crates that accept a new key immediately";
    // A peer that never fetches new keys does not win this column.
    let figure = |row: &Row| {
        let behaviour = row.behaviour.as_ref()?;
        (behaviour.rotated_at_once == 200).then_some(behaviour.fetches as f64)
    };
    columns.push(column(name, "", 0, Box::new(figure)));
    columns
}
