//! What a request costs, as ratios to the bare verification of its signature in the same run.
//!
//! ```sh
//! cargo bench --all-features --bench targets              # every table, about two minutes
//! cargo bench --all-features --bench targets -- paths     # one of: back_end, paths, proof, bound, refusals, worst, scaling, introspection, threads, replay, revocations
//! cargo bench --no-default-features --features rust_crypto,test-util --bench targets -- back_end
//! ```
//!
//! `../README.md` says what the figures mean.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "it is a program, and what cannot go on has failed"
)]

mod back_end;
mod bound;
mod client;
mod drive;
mod introspection;
mod measure;
mod paths;
mod proof;
mod refusals;
mod replay;
#[cfg(feature = "redis")]
mod revocations;
mod scaling;
#[allow(dead_code, reason = "shared with the other benches")]
mod table;
mod threads;
#[allow(dead_code, reason = "shared with the other benches")]
mod tokens;
mod world;
mod worst;

use std::process::ExitCode;

use table::Report;

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    let runs = |name: &str| wanted.is_empty() || wanted.iter().any(|one| one == name);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .unwrap();
    let _entered = runtime.enter();
    let mut report = Report::default();
    let parts: &[(&str, fn(&mut Report))] = &[
        ("back_end", back_end::run),
        ("paths", paths::run),
        ("proof", proof::run),
        ("bound", bound::run),
        ("refusals", refusals::run),
        ("worst", worst::run),
        ("scaling", scaling::run),
        ("introspection", introspection::run),
        ("threads", threads::run),
        ("replay", replay::run),
        #[cfg(feature = "redis")]
        ("revocations", revocations::run),
    ];
    for (name, run) in parts {
        if runs(name) {
            run(&mut report);
        }
    }
    report.finish()
}
