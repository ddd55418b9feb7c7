//! The examples `mcp_server` and `doctor`, as programs of their own.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};

pub(crate) struct Program {
    child: Child,
    pub(crate) base: String,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An example, built from the source as it is now: `cargo test --test api` alone does not build it,
/// and would run whatever an earlier build has left there.
pub(crate) fn path(example: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let profile = test.parent().unwrap().parent().unwrap();
        build(profile);
        profile.join("examples")
    });
    folder.join(format!("{example}{}", std::env::consts::EXE_SUFFIX))
}

/// Builds them as this test was built. Cargo holds no lock while tests run, and has nothing to do
/// where the programs are fresh.
fn build(profile: &Path) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo.args(["build", "--quiet", "--locked", "--example", "mcp_server"]);
    if cfg!(feature = "tracing") {
        cargo.args(["--example", "doctor"]);
    }
    let target = profile.parent().unwrap();
    // Only the root of a target folder has this file; else the test was built with `--target`.
    let root = if target.join(".rustc_info.json").exists() {
        target
    } else {
        cargo.arg("--target").arg(target.file_name().unwrap());
        target.parent().unwrap()
    };
    cargo.arg("--target-dir").arg(root);
    match profile.file_name().unwrap().to_str().unwrap() {
        "debug" => {}
        other => drop(cargo.args(["--profile", other])),
    }
    let features: Vec<_> = FEATURES.iter().filter(|(_, on)| *on).collect();
    let features: Vec<_> = features.iter().map(|(name, _)| *name).collect();
    cargo.args(["--no-default-features", "--features", &features.join(",")]);
    let output = cargo.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{cargo:?}:\n{said}");
}

macro_rules! features {
    ($($name:literal),* $(,)?) => { &[$(($name, cfg!(feature = $name))),*] };
}

/// Every feature of the crate, and whether this test was built with it.
const FEATURES: &[(&str, bool)] = features![
    "aws_lc_rs",
    "axum",
    "jsonwebtoken",
    "metrics",
    "redis",
    "reqwest",
    "rust_crypto",
    "schema",
    "test-util",
    "tracing",
];

#[test]
fn the_program_is_built_with_the_features_of_this_test() {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let manifest = std::fs::read_to_string(manifest).unwrap();
    let (_, features) = manifest.split_once("[features]\n").unwrap();
    let (features, _) = features.split_once("\n[").unwrap();
    let names = features.lines().filter_map(|line| line.split_once(" = "));
    let mut names: Vec<_> = names.map(|(name, _)| name).collect();
    names.retain(|name| !name.starts_with('#') && *name != "default");
    names.sort_unstable();
    let known: Vec<_> = FEATURES.iter().map(|(name, _)| *name).collect();
    assert_eq!(known, names, "FEATURES above and [features] of Cargo.toml");
}

impl Program {
    /// Starts it on a free port of the loopback interface.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_and_read(arguments).0
    }

    /// The same, and the lines that it prints from then on.
    pub(crate) fn start_and_read(arguments: &[&str]) -> (Self, Receiver<String>) {
        let path = path("mcp_server");
        let mut child = Command::new(&path)
            .args(["--bind", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let base = lines.find_map(|line| {
            line.unwrap()
                .strip_prefix("listening on ")
                .map(ToOwned::to_owned)
        });
        let (sender, printed) = channel();
        // Whoever writes must not find the pipe closed.
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                drop(sender.send(line));
            }
        });
        let base = base.expect("it says where it listens");
        (Self { child, base }, printed)
    }

    /// Starts it with this configuration file.
    pub(crate) fn with_config(config: &serde_json::Value, arguments: &[&str]) -> Self {
        let file = std::env::temp_dir().join(format!("mcp-server-{:x}.json", fastrand::u64(..)));
        std::fs::write(&file, config.to_string()).unwrap();
        let program = Self::start(&[&["--config", file.to_str().unwrap()], arguments].concat());
        std::fs::remove_file(file).unwrap();
        program
    }
}

/// Runs it to its end: the exit code, and what it says about it.
pub(crate) fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let (code, _, said) = run_and_read(arguments);
    (code, said)
}

/// Runs it to its end: the exit code, the standard output, and the standard error.
pub(crate) fn run_and_read(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut program = Command::new(path("mcp_server"));
    let output = program.args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}
