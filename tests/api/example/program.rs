//! The example `mcp_server`, as a program of its own.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

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

/// Built by `cargo test` before the tests run.
fn path() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().unwrap().parent().unwrap();
    profile.join("examples/mcp_server")
}

impl Program {
    /// Starts it on a free port of the loopback interface.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(path())
            .args(["--bind", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{:?}: {error}; cargo build --examples", path()));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let base = lines.find_map(|line| {
            line.unwrap()
                .strip_prefix("listening on ")
                .map(ToOwned::to_owned)
        });
        // Whoever writes must not find the pipe closed.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            base: base.expect("it says where it listens"),
        }
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
    let output = Command::new(path()).args(arguments).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), said)
}
