//! A real Redis or Valkey of one's own: on a free port, in a folder of its own, ended by its id.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use redis::{Connection, FromRedisValue, RedisResult, ToRedisArgs, Value};
use tempfile::TempDir;

/// What the user of the fleet may do, as the guide gives it.
pub const COMMANDS: &str = "-@all +get +getrange +set +pexpire +del +eval +xadd +xrange +xread \
                            +xtrim +xinfo|stream +info +ping";
pub const NAMESPACE: &str = "servers";
pub const USER: &str = "fleet";
pub const PASSWORD: &str = "kept-out-of-logs";

/// A server that is killed when this is dropped.
#[derive(Debug)]
pub struct StoreServer {
    process: Child,
    port: u16,
    folder: TempDir,
}

impl StoreServer {
    /// Starts the program that `FLEET_SERVER` names, or `redis-server`.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with more lines in its configuration.
    pub fn start_with(settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let port = free_port();
        let mut lines = format!(
            "bind 127.0.0.1\nport {port}\nsave \"\"\nappendonly no\ndir {}\n\
             repl-diskless-sync-delay 0\n\
             user {USER} on >{PASSWORD} resetchannels ~tja1:{NAMESPACE}:* {COMMANDS}\n",
            folder.path().display()
        );
        for setting in settings {
            let _ = writeln!(lines, "{setting}");
        }
        fs::write(config(&folder), lines).expect("a file in the folder");
        let process = spawn(folder.path());
        let server = Self {
            process,
            port,
            folder,
        };
        server.wait_until_it_answers();
        server
    }

    /// A replica of this server, once it has all that the primary has.
    pub fn replica(&self) -> Self {
        let replica = Self::start_with(&[&format!("replicaof 127.0.0.1 {}", self.port)]);
        wait_until("the replica follows", || {
            replica.info("master_link_status").as_deref() == Some("up")
        });
        replica
    }

    pub fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    /// The URL for processes of the fleet, with the user that may do no more than it needs.
    pub fn url(&self) -> String {
        url_at(self.address())
    }

    /// A command of the operator, who may do everything.
    pub fn command<T: FromRedisValue>(&self, words: &[&str]) -> RedisResult<T> {
        self.command_of(words)
    }

    /// The same with values that are no text.
    pub fn command_of<T: FromRedisValue>(&self, words: &[impl ToRedisArgs]) -> RedisResult<T> {
        let mut command = redis::Cmd::new();
        command.arg(words);
        command.query(&mut self.connection()?)
    }

    fn connection(&self) -> RedisResult<Connection> {
        let client = redis::Client::open(format!("redis://{}/", self.address()))?;
        client.get_connection_with_timeout(Duration::from_secs(1))
    }

    /// A command of the operator that must succeed.
    pub fn must(&self, words: &[&str]) -> Value {
        let answer = self.command(words);
        answer.unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }

    /// A line of `INFO`.
    pub fn info(&self, name: &str) -> Option<String> {
        let text: String = self.command(&["INFO", "everything"]).ok()?;
        let mut lines = text.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        Some(value.to_owned())
    }

    /// How often a command was called since the start, by all.
    pub fn calls(&self, command: &str) -> u64 {
        let stat = self.info(&format!("cmdstat_{command}"));
        let stat = stat.unwrap_or_default();
        let calls = stat.split(',').find_map(|part| part.strip_prefix("calls="));
        calls.and_then(|calls| calls.parse().ok()).unwrap_or(0)
    }

    /// All names of the namespace that begin so: `keys`, `lease`, `revoked`, ...
    pub fn names(&self, kind: &str) -> Vec<String> {
        let pattern = format!("tja1:{NAMESPACE}:{kind}*");
        self.command(&["KEYS", &pattern]).unwrap_or_default()
    }

    /// The first name of this kind, once there is one. Who may read the store learns it so: names
    /// are digests.
    pub fn name_of(&self, kind: &str) -> String {
        let mut name = None;
        wait_until("there is such a name", || {
            name = self.names(kind).pop();
            name.is_some()
        });
        name.unwrap_or_default()
    }

    /// The number of clients that are connected as the user of the fleet.
    pub fn clients(&self) -> usize {
        let list: String = self.command(&["CLIENT", "LIST"]).unwrap_or_default();
        let user = format!(" user={USER} ");
        list.lines().filter(|line| line.contains(&user)).count()
    }

    /// The process stands still: connections stay open, and nothing is answered.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// The end of [`freeze`](Self::freeze).
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.process.id().to_string();
        let status = Command::new("kill").args([signal, &id]).status();
        assert!(status.is_ok_and(|status| status.success()), "kill {signal}");
    }

    /// Ends the process without a warning. What it held is gone.
    pub fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Starts the server again on the same port, empty.
    pub fn restart(&mut self) {
        self.kill();
        self.process = spawn(self.folder.path());
        self.wait_until_it_answers();
    }

    fn wait_until_it_answers(&self) {
        wait_until("the server answers", || {
            self.command::<String>(&["PING"]).is_ok()
        });
    }
}

impl Drop for StoreServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The URL of a store at another address, such as that of a proxy.
pub fn url_at(address: SocketAddr) -> String {
    format!("redis://{USER}:{PASSWORD}@{address}/")
}

/// Waits for a state, for 15 seconds at most.
///
/// # Panics
///
/// Panics if the state does not come.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(15);
    while !is_so() {
        assert!(Instant::now() < end, "after 15 s still not so: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn config(folder: &TempDir) -> std::path::PathBuf {
    folder.path().join("server.conf")
}

fn spawn(folder: &Path) -> Child {
    let program = std::env::var_os("FLEET_SERVER").unwrap_or_else(|| "redis-server".into());
    let log = fs::File::create(folder.join("log")).expect("a file in the folder");
    Command::new(&program)
        .arg(folder.join("server.conf"))
        .stdin(Stdio::null())
        .stdout(log)
        .spawn()
        .unwrap_or_else(|error| {
            let program = program.display();
            panic!("{program}: {error}: install it, or name another program with FLEET_SERVER")
        })
}

/// Free a moment ago: the server does not say which port it got.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("a bound port").port()
}

/// Whether something listens there.
pub fn listens(address: SocketAddr) -> io::Result<()> {
    TcpStream::connect_timeout(&address, Duration::from_secs(1)).map(drop)
}
