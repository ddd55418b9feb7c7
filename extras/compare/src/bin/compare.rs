//! Runs the measuring programs and writes their results to the folder `docs`.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use compare::process::Backend;
use compare::results::{Counts, Timings};
use compare::{plot, rows, table};
use serde::de::DeserializeOwned;

fn main() {
    let measured = Backend::ALL.map(|backend| {
        let timings: Timings = output_of("time", backend);
        let counts: Counts = output_of("count", backend);
        (backend, timings, counts)
    });
    let bare = measured[0].1.bare.clone();
    let rows = rows::rows(measured.into());
    let docs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let page = table::page(&rows, &bare);
    std::fs::write(docs.join("compare.md"), &page).expect("the folder docs");
    std::fs::write(docs.join("compare.svg"), plot::svg(&rows, bare["RS256"]))
        .expect("the folder docs");
    println!("{page}");
}

fn output_of<T: DeserializeOwned>(program: &str, backend: Backend) -> T {
    eprintln!("{program} {}", backend.name());
    let path = std::env::current_exe()
        .expect("a path")
        .with_file_name(program);
    let output = Command::new(path)
        .arg(backend.name())
        .stderr(Stdio::inherit())
        .output();
    let output = output.expect("built beside this program");
    assert!(output.status.success(), "{program}: {}", output.status);
    serde_json::from_slice(&output.stdout).expect("what it prints")
}
