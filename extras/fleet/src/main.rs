//! The demonstration and the measurements; `USAGE` says how they are called.

use std::process::ExitCode;

const USAGE: &str = "\
fleet                     the demonstration
fleet failures            the same tokens while the store fails in all the ways there are
fleet measure FILE        50 processes, for docs/fleet.md; takes a quarter of an hour
fleet measure --short     12 processes and less time; prints
fleet replica             one process of them; the others start it

Needs redis-server. FLEET_SERVER names another program, such as valkey-server.";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let is_good = match words.as_slice() {
        [] => fleet::demonstration::run().await,
        ["failures"] => fleet::failures::run().await,
        ["measure", "--short"] => fleet::measure::short().await,
        ["measure", file] if !file.starts_with('-') => fleet::measure::run(file.as_ref()).await,
        ["replica"] => fleet::replica::run().await,
        _ => {
            eprintln!("{USAGE}");
            false
        }
    };
    match is_good {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
