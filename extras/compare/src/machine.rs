//! The measured versions and the machine.

use std::fs::read_to_string;
use std::process::Command;

const LOCK: &str = include_str!("../../Cargo.lock");

/// The version of `package` in Cargo.lock that begins with `start`.
pub fn version(package: &str, start: &str) -> &'static str {
    let name = format!("name = \"{package}\"");
    let mut entries = LOCK
        .split("[[package]]")
        .filter(|entry| entry.lines().any(|line| line == name));
    let versions = entries.find_map(|entry| {
        let line = entry
            .lines()
            .find_map(|line| line.strip_prefix("version = \""))?;
        let version = line.strip_suffix('"')?;
        version.starts_with(start).then_some(version)
    });
    versions.expect("a package of this program")
}

/// The processor, its cores, the system and the compiler in one line.
pub fn line() -> String {
    let model = read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("processor unknown", |model| {
        model.trim_start_matches(['\t', ' ', ':'])
    });
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let rustc = Command::new("rustc").arg("--version").output();
    let rustc = rustc.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    format!(
        "{model}, {cores} cores, {} {}, {}",
        std::env::consts::OS,
        std::env::consts::ARCH,
        rustc.unwrap_or_default()
    )
}
