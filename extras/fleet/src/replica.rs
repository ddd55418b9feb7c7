//! One process of the fleet: a protected service on a port of its own. It is told what to do on its
//! standard input and ends when that is closed.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines, stdin};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;
use tower_jwt_auth::config::JwksCache;
use tower_jwt_auth::fleet::{Fleet, Revocation};
use tower_jwt_auth::proof::Dpop;
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};

use crate::issuer::RESOURCE;
use crate::store_server::NAMESPACE;

/// What a process is started with.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Settings {
    pub issuer: String,
    /// The URL of the store; `None` for a process by itself.
    pub store: Option<String>,
    pub max_age: Duration,
    pub cooldown: Duration,
}

/// What a process tells of its keys.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct State {
    pub ready: bool,
    pub age: Option<Duration>,
    pub fetches: u64,
}

/// The secret of the fleet: 32 bytes, base64url.
pub const SECRET: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlBQkNERUY";

/// The process itself.
pub async fn run() -> bool {
    let mut orders = BufReader::new(stdin()).lines();
    let Ok(Some(line)) = orders.next_line().await else {
        return false;
    };
    let settings: Settings = serde_json::from_str(&line).expect("settings");
    let fleet = settings.fleet();
    let layer = JwtAuthLayer::new(settings.config(fleet.as_ref()));
    let states = layer.clone();
    let state = get(move || async move { Json(state(&states)) });
    let app = Router::new().route("/mcp", get(async || "served"));
    let app = layer.protect(app).route("/state", state);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("a bound port");
    tokio::spawn(async move { axum::serve(listener, app).await });
    say(&address.to_string());
    tokio::spawn(async move {
        while layer.wait_for_keys().await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        say("ready");
    });
    while let Ok(Some(subject)) = orders.next_line().await {
        let Some(fleet) = &fleet else { continue };
        let revocation = Revocation::subject(&settings.issuer, &subject);
        match fleet.revoke(revocation).await {
            Ok(_) => say("revoked"),
            Err(error) => say(&format!("not revoked: {error}")),
        }
    }
    true
}

impl Settings {
    fn fleet(&self) -> Option<Fleet> {
        let store = self.store.as_deref()?;
        Some(Fleet::redis(store, NAMESPACE, SECRET).expect("a fleet"))
    }

    fn config(&self, fleet: Option<&Fleet>) -> JwtAuthConfig {
        let cache = JwksCache::new()
            .max_age(self.max_age)
            .cooldown(self.cooldown);
        let mut builder = JwtAuthConfig::builder()
            .resource(RESOURCE)
            .issuer(&self.issuer)
            .jwks_cache(cache)
            .dpop(Dpop::new());
        if let Some(fleet) = fleet {
            builder = builder.fleet(fleet.clone());
        }
        builder.build().expect("a configuration")
    }
}

fn state(layer: &JwtAuthLayer) -> State {
    let health = layer.keys_health();
    let issuer = health.issuers.first();
    State {
        ready: health.is_ready(),
        age: issuer.and_then(|issuer| issuer.age),
        fetches: issuer.map_or(0, |issuer| issuer.fetches),
    }
}

fn say(line: &str) {
    println!("{line}");
}

/// A process that runs. It ends when this is dropped.
#[derive(Debug)]
pub struct Replica {
    _process: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    pub address: SocketAddr,
    pub started: Instant,
}

impl Replica {
    /// Starts a process and waits until it listens.
    pub async fn start(settings: &Settings) -> Self {
        let started = Instant::now();
        let program = std::env::current_exe().expect("the path of this program");
        let mut process = Command::new(program)
            .arg("replica")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("a process");
        let mut orders = process.stdin.take().expect("a pipe");
        let stdout = process.stdout.take().expect("a pipe");
        let settings = serde_json::to_string(settings).expect("JSON");
        let line = format!("{settings}\n");
        orders.write_all(line.as_bytes()).await.expect("it listens");
        let mut answers = BufReader::new(stdout).lines();
        let address = line_of(&mut answers).await.parse().expect("an address");
        Self {
            _process: process,
            orders,
            answers,
            address,
            started,
        }
    }

    /// Waits until it has keys, for 10 minutes at most.
    pub async fn is_ready(&mut self) {
        assert_eq!(line_of(&mut self.answers).await, "ready");
    }

    /// Has it revoke the tokens of a user, and returns its answer.
    pub async fn revoke(&mut self, subject: &str) -> String {
        let line = format!("{subject}\n");
        let sent = self.orders.write_all(line.as_bytes()).await;
        sent.expect("it listens");
        line_of(&mut self.answers).await
    }

    pub fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    pub async fn state(&self, client: &reqwest::Client) -> Option<State> {
        let url = format!("http://{}/state", self.address);
        client.get(url).send().await.ok()?.json().await.ok()
    }
}

async fn line_of(answers: &mut Lines<BufReader<ChildStdout>>) -> String {
    let line = timeout(Duration::from_secs(600), answers.next_line()).await;
    let line = line.expect("an answer in time").expect("a line");
    line.expect("the process lives")
}
