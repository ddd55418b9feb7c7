//! Counts the allocations by Rust code for one request, minus the allocations of the bare service.
//! The C code of the crypto allocates too, and is not counted. This is a separate program, because
//! counting takes time.
//!
//! ```sh
//! cargo bench --all-features --bench allocations -- 10    # new tokens for ten minutes, to see that nothing grows
//! ```
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "it is a program, and what cannot go on has failed"
)]

#[path = "../targets/client.rs"]
#[allow(dead_code, reason = "shared with the other benches")]
mod client;
#[path = "../targets/drive.rs"]
#[allow(dead_code, reason = "shared with the other benches")]
mod drive;
#[path = "../targets/measure.rs"]
#[allow(dead_code, reason = "shared with the other benches")]
mod measure;
#[path = "../targets/proof.rs"]
#[allow(dead_code, reason = "shared with the other benches")]
mod proof;
#[path = "../targets/table.rs"]
#[allow(dead_code, reason = "shared with the other benches")]
mod table;
#[path = "../targets/world.rs"]
#[allow(dead_code, reason = "shared with the other benches")]
mod world;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use allocation_counter::{AllocationInfo, measure};
use tower_jwt_auth::Algorithm;
use tower_jwt_auth::test_util::TestKey;

use client::{BoundClient, Key};
use drive::{Ask, Hello, request, service, status};
use http::StatusCode;
use proof::Server;
use table::Report;
use world::{World, config, ready};

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .unwrap();
    let _entered = runtime.enter();
    let mut report = Report::default();
    report.heading("Rust allocations for one request, over the bare service");
    let world = World::new(Algorithm::RS256);
    let layered = service(&world.layer());
    let tokens = world.tokens(1001);
    let (token, others) = tokens.split_first().unwrap();
    // The first token makes the cache itself.
    let (warm, others) = others.split_first().unwrap();
    status(&layered, request(Some(&warm.line)));
    let ask = || request(Some(&token.line));
    let bare = counted(
        |request| assert!(status(&Hello, request).is_success()),
        ask(),
    );
    let own = |info: AllocationInfo| (info.count_total - bare.count_total) as f64;
    let through = |request: Ask| {
        status(&layered, request);
    };
    report.at_most(
        "first sight, RS256",
        8.0,
        own(counted(through, ask())),
        "",
        "",
    );
    report.at_most("remembered", 2.0, own(counted(through, ask())), "", "");
    through(request(None));
    report.at_most(
        "no header",
        8.0,
        own(counted(through, request(None))),
        "",
        "",
    );

    bound(&mut report);
    proofs(&mut report);

    report.heading("Bytes of cached tokens");
    let (mut all, requests) = (0, others.iter().map(|token| request(Some(&token.line))));
    for request in requests.collect::<Vec<_>>() {
        all += counted(through, request).bytes_current;
    }
    // What a request leaves behind: its own buffers were there before and are given back.
    let released = others
        .iter()
        .map(|token| counted(through, request(Some(&token.line))).bytes_current)
        .sum::<i64>();
    let each = (all - released) as f64 / others.len() as f64;
    report.at_most("each, for a token of 953 bytes", 2000.0, each, "", "");

    report.heading("Bytes that a layer holds while each request brings another token");
    growth(&mut report);
    report.finish()
}

/// A token that was seen before, with a new proof of a key that is known.
fn bound(report: &mut Report) {
    let client = BoundClient::new();
    let layered = service(&client.layer());
    let token = client.new_token();
    let through = |request: Ask| assert!(status(&layered, request).is_success());
    // The first second of the memory of proofs, and what grows once.
    for _ in 0..200 {
        through(client.request(&token, Key::Known));
    }
    let requests = [(); 2].map(|()| client.request(&token, Key::Known));
    let [request, again] = requests;
    let bare = counted(
        |request| assert!(status(&Hello, request).is_success()),
        request,
    );
    let own = counted(through, again).count_total - bare.count_total;
    report.at_most("bound token, key known", 4.0, own as f64, "", "");
}

/// One proof, from the headers to the verified signature.
fn proofs(report: &mut Report) {
    report.heading("Rust allocations for one DPoP proof");
    let client = TestKey::generate(Algorithm::ES256, "client");
    let server = Server::new(&client);
    let (knowing, proof) = (server.knowing(&client), server.good(&client));
    let known = measure(|| server.accept(&knowing, &proof, true));
    report.at_most("known key", 4.0, known.count_total as f64, "", "");
    let new = measure(|| server.verify_without_memory(&proof));
    let measured = new.count_total.to_string();
    report.figure("key not known, and not remembered", &measured);
}

/// A cache of 1,024 entries gets 1,024 tokens, and then twenty times as many; or new ones for as
/// many minutes as the command line says.
fn growth(report: &mut Report) {
    const ENTRIES: usize = 1024;
    // Signed in the time that it takes; the size of the claims is what counts.
    let world = World::new(Algorithm::EdDSA);
    let layered = service(&ready(config(world.source()).token_cache_entries(ENTRIES)));
    let mut number = 0;
    let mut held = |tokens: usize| {
        let mut bytes = 0;
        for _ in 0..tokens {
            number += 1;
            let token = world.token(number);
            // The request comes and goes in here: what is left is the layer's.
            let left = measure(|| {
                let request = request(Some(&token.line));
                assert_eq!(status(&layered, request), StatusCode::OK);
            });
            bytes += left.bytes_current;
        }
        bytes
    };
    let full = held(ENTRIES * 10);
    let minutes = std::env::args().find_map(|minutes| minutes.parse::<u64>().ok());
    let until = Instant::now() + Duration::from_secs(minutes.unwrap_or(0) * 60);
    let (mut tokens, mut more) = (0, 0);
    while tokens < ENTRIES * 20 || Instant::now() < until {
        more += held(ENTRIES);
        tokens += ENTRIES;
    }
    report.at_most(
        &format!("{tokens} tokens more, over what is held by then"),
        0.01,
        more as f64 / full as f64,
        "",
        "",
    );
}

fn counted(work: impl FnOnce(Ask), request: Ask) -> AllocationInfo {
    measure(|| work(request))
}
