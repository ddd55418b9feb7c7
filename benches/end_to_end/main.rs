//! Requests per second of an axum service with and without the layer, measured by `wrk`: one core
//! for the server and one for `wrk`. The services take turns.
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
use std::sync::{Arc, mpsc};
use std::thread;

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
    let world = Arc::new(World::new(Algorithm::RS256));
    let token = world.token(1);
    let ports = serve(&world, &token);
    let mut best = [0.0_f64; 4];
    for _ in 0..ROUNDS {
        for (port, best) in ports.iter().zip(&mut best) {
            *best = best.max(requests_per_second(*port, &token));
        }
    }
    let [unprotected, remembered, possible, first_sight] = best;

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

/// The ports of four services on one thread: without the layer, with the layer and its token cache,
/// with only the bare verification, and with the layer without its token cache.
fn serve(world: &Arc<World>, token: &Token) -> [u16; 4] {
    let (source, never) = (world.source(), world.source());
    let (world, token) = (world.clone(), Arc::new(token.clone()));
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
                ready(config(never).token_cache_entries(0)),
            )
        };
        runtime.block_on(async move {
            let hello = || Router::new().route("/mcp", get(async || "hello"));
            let protected = |layer: JwtAuthLayer| spawn(hello().layer(layer));
            let verify = move || {
                world.verify(&token);
                std::future::ready("hello")
            };
            let ports = [
                spawn(hello()).await,
                protected(layers.0).await,
                spawn(Router::new().route("/mcp", get(verify))).await,
                protected(layers.1).await,
            ];
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
