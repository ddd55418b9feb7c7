//! Repeats one path through the layer, so that callgrind can count its instructions.
//! `.ci/instructions` runs it and compares; without arguments it prints the names of the paths.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "it is a program, and what cannot go on has failed"
)]

#[path = "../targets/drive.rs"]
#[allow(dead_code, reason = "shared with the other benches")]
mod drive;
#[path = "../targets/introspection.rs"]
#[allow(dead_code, reason = "shared with the other benches")]
mod introspection;
#[path = "../targets/measure.rs"]
#[allow(dead_code, reason = "shared with the other benches")]
mod measure;
#[cfg(feature = "redis")]
mod revocations;
#[path = "../targets/table.rs"]
#[allow(dead_code, reason = "shared with the other benches")]
mod table;
#[path = "../targets/tokens.rs"]
#[allow(dead_code, reason = "shared with the other benches")]
mod tokens;
#[path = "../targets/world.rs"]
#[allow(dead_code, reason = "shared with the other benches")]
mod world;
#[path = "../targets/worst.rs"]
#[allow(dead_code, reason = "shared with the other benches")]
mod worst;

use std::hint::black_box;

use http::{HeaderValue, StatusCode};
use tower_jwt_auth::Algorithm;
use tower_jwt_auth::limits::MAX_TOKEN_BYTES;
use tower_jwt_auth::proof::Dpop;

use drive::{Hello, repeated, request, service, status};
use world::World;

const CALLS: usize = 200;

fn main() {
    let wanted = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let Some(wanted) = wanted else {
        println!(
            "first-sight verification service remembered no-header unknown-kid expired \
             expired-long expired-members bearer-where-dpop-is-on opaque jwt-beside-opaque \
             no-list empty-list full-list changed-list"
        );
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .unwrap();
    let _entered = runtime.enter();
    // Its keys cost nothing to make, and what it costs to verify is counted apart.
    let world = World::new(Algorithm::EdDSA);
    let layered = service(&world.layer());
    let seen = world.token(1_000_000);
    assert_eq!(status(&layered, request(Some(&seen.line))), StatusCode::OK);
    let refused = |line: Option<&HeaderValue>| {
        run(
            layered.clone(),
            repeated(line, CALLS),
            StatusCode::UNAUTHORIZED,
        );
    };
    match wanted.as_str() {
        "first-sight" => {
            let tokens = world.tokens(CALLS);
            run(layered, drive::lines(&tokens), StatusCode::OK);
        }
        "verification" => {
            let tokens = world.tokens(CALLS);
            collect(&mut || tokens.iter().for_each(|token| world.verify(token)));
        }
        "service" => run(Hello, repeated(Some(&seen.line), CALLS), StatusCode::OK),
        "remembered" => run(
            layered.clone(),
            repeated(Some(&seen.line), CALLS),
            StatusCode::OK,
        ),
        "no-header" => refused(None),
        "unknown-kid" => {
            let line = tokens::headed(&world, "kid", "other");
            drive::spend_fetches(&layered, &line);
            refused(Some(&line));
        }
        "expired" => refused(Some(&tokens::expired(&world))),
        "expired-long" => refused(Some(&tokens::expired_long(&world))),
        "expired-members" => refused(Some(&tokens::expired_with_many_members(&world))),
        "bearer-where-dpop-is-on" => {
            let config = world::config(world.source()).dpop(Dpop::new());
            let layered = service(&world::ready(config));
            assert_eq!(status(&layered, request(Some(&seen.line))), StatusCode::OK);
            run(layered, repeated(Some(&seen.line), CALLS), StatusCode::OK);
        }
        "opaque" | "jwt-beside-opaque" => {
            let layered = service(&introspection::layer(&world));
            let token = match wanted.as_str() {
                "opaque" => introspection::opaque(0),
                _ => seen,
            };
            let status = drive::status_waiting(&layered, request(Some(&token.line)));
            assert_eq!(status, StatusCode::OK);
            run(layered, repeated(Some(&token.line), CALLS), StatusCode::OK);
        }
        #[cfg(feature = "redis")]
        "no-list" => revocations::run(&world, None, false),
        #[cfg(feature = "redis")]
        "empty-list" => revocations::run(&world, Some(0), false),
        #[cfg(feature = "redis")]
        "full-list" => revocations::run(&world, Some(revocations::ENTRIES), false),
        #[cfg(feature = "redis")]
        "changed-list" => revocations::run(&world, Some(revocations::ENTRIES), true),
        // One of the dearest refusals, by its name in the table.
        other => {
            let world = World::new(Algorithm::RS256);
            let tokens = worst::tokens(&world, MAX_TOKEN_BYTES);
            let row = tokens.iter().find(|(name, _)| *name == other);
            let (_, token) = row.unwrap_or_else(|| panic!("no path is called {other}"));
            let layered = service(&world.layer());
            let requests = repeated(Some(&token.line), CALLS);
            run(layered, requests, StatusCode::UNAUTHORIZED);
        }
    }
}

fn run<S, B>(service: S, lines: Vec<Option<HeaderValue>>, wanted: StatusCode)
where
    S: tower::Service<drive::Ask, Response = http::Response<B>, Error = std::convert::Infallible>
        + Clone
        + 'static,
{
    let mut batch = Some(drive::batch(service, lines, wanted));
    let mut kept = None;
    collect(&mut || kept = batch.take().map(|batch| (batch.run)()));
    drop(kept);
}

/// Callgrind counts inside of this alone.
#[inline(never)]
fn collect(work: &mut dyn FnMut()) {
    work();
    black_box(());
}
