//! Requests per second of an axum service with and without the layer, as `wrk` sees them: one core for the
//! server, one for `wrk`, in turns.
//!
//! ```sh
//! cargo bench --all-features --bench end_to_end   # needs wrk; half a minute
//! ```
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "it is a program, and what cannot go on has failed"
)]

#[path = "../targets/table.rs"]
#[allow(dead_code, reason = "shared with the other benches")]
mod table;
#[path = "../targets/world.rs"]
#[allow(dead_code, reason = "shared with the other benches")]
mod world;

use std::process::{Command, ExitCode};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;
use tower_jwt_auth::{Algorithm, JwtAuthLayer};

use table::Report;
use world::{Token, World, config, ready};

const ROUNDS: usize = 4;
const SECONDS: &str = "1s";

fn main() -> ExitCode {
    if Command::new("wrk").arg("-v").output().is_err() {
        println!("there is no wrk here: nothing was measured");
        return ExitCode::SUCCESS;
    }
    let world = World::new(Algorithm::RS256);
    let token = world.token(1);
    let (bare, remembering, forgetting) = serve(&world);
    let [mut unprotected, mut remembered, mut first_sight] = [0.0_f64; 3];
    for _ in 0..ROUNDS {
        unprotected = unprotected.max(requests_per_second(bare, &token));
        remembered = remembered.max(requests_per_second(remembering, &token));
        first_sight = first_sight.max(requests_per_second(forgetting, &token));
    }
    let signature = seconds_of_a_signature(&world, &token);
    let possible = 1.0 / (1.0 / unprotected + signature);

    let mut report = Report::default();
    report.heading("Requests per second, axum behind wrk, one server core");
    report.figure("unprotected", &format!("{unprotected:.0}"));
    let detail = format!(" of the unprotected ({remembered:.0})");
    report.at_least("remembered tokens", 0.92, remembered / unprotected, &detail);
    let detail = format!(" of what the signature alone allows ({first_sight:.0} of {possible:.0})");
    report.at_least(
        "a signature for each request, RS256",
        0.95,
        first_sight / possible,
        &detail,
    );
    report.finish()
}

/// The ports of three services on one thread: bare, remembering tokens, and checking each signature.
fn serve(world: &World) -> (u16, u16, u16) {
    let (source, never) = (world.source(), world.source());
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let layers = {
            // Keys are fetched on another runtime, which may block; this one takes them over.
            let other = tokio::runtime::Runtime::new().unwrap();
            let _entered = other.enter();
            (
                ready(config(source)),
                ready(config(never).remembered_tokens(0)),
            )
        };
        runtime.block_on(async move {
            let hello = || Router::new().route("/mcp", get(async || "hello"));
            let bare = spawn(hello()).await;
            let protected = |layer: JwtAuthLayer| spawn(hello().layer(layer));
            let ports = (bare, protected(layers.0).await, protected(layers.1).await);
            tell.send(ports).unwrap();
            std::future::pending::<()>().await;
        });
    });
    told.recv().unwrap()
}

async fn spawn(app: Router) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    port
}

fn requests_per_second(port: u16, token: &Token) -> f64 {
    let run = Command::new("wrk")
        .args(["-t1", "-c16", "-d", SECONDS, "-H"])
        .arg(format!("Authorization: Bearer {}", token.text))
        .arg(format!("http://127.0.0.1:{port}/mcp"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(!said.contains("Non-2xx"), "{said}");
    let figure = said
        .lines()
        .find_map(|line| line.strip_prefix("Requests/sec:"));
    figure.unwrap().trim().parse().unwrap()
}

fn seconds_of_a_signature(world: &World, token: &Token) -> f64 {
    const CALLS: u32 = 200;
    let rounds = (0..50).map(|_| {
        let began = Instant::now();
        (0..CALLS).for_each(|_| world.verify(token));
        began.elapsed().as_secs_f64() / f64::from(CALLS)
    });
    rounds.fold(f64::MAX, f64::min)
}
