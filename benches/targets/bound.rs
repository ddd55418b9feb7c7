//! Tokens bound to a key (DPoP) through the layer, and what a bearer token pays where they are on.

use std::sync::Mutex;

use http::StatusCode;
use tower_jwt_auth::Algorithm;
use tower_jwt_auth::proof::Dpop;
use tower_jwt_auth::service::JwtAuth;
use tower_jwt_auth::test_util::TestClient;

use crate::client::{BoundClient, Key};
use crate::drive::{Ask, Hello, batch, lines, repeated, request, service, status};
use crate::measure::{Batch, Case, interleaved};
use crate::table::Report;
use crate::threads::{self, factor};
use crate::world::{World, config, ready};

const ROUNDS: usize = 150;
const CALLS: usize = 20;

pub(crate) fn run(report: &mut Report) {
    report.heading("A bound token through the layer, over the bare ES256 verification");
    bound(report);
    report.heading("A bearer token, with `dpop` on over off");
    bearer(report);
    report.heading("Bound tokens on two threads, over the factor of the bare verification");
    two_threads(report);
}

fn bound(report: &mut Report) {
    let client = BoundClient::new();
    let token = client.new_token();
    // A layer for each case: one key may hold a sixteenth of the memory of proofs.
    let [known, new_key, both_new, replayed] = [(); 4].map(|()| {
        let service = service(&client.layer());
        send(
            &service,
            vec![client.request(&token, Key::Known)],
            StatusCode::OK,
        );
        service
    });
    let requests = |key| (0..CALLS).map(|_| client.request(&token, key)).collect();
    let bare = client.new_token();
    let [known, new_key, both_new, replayed, nothing, bare] = interleaved(
        ROUNDS,
        [
            Case::new(|| prepared(known.clone(), requests(Key::Known), StatusCode::OK)),
            Case::new(|| prepared(new_key.clone(), requests(Key::New), StatusCode::OK)),
            Case::new(|| {
                let new = || client.request(&client.new_token(), Key::New);
                let requests = (0..CALLS).map(|_| new()).collect();
                prepared(both_new.clone(), requests, StatusCode::OK)
            }),
            Case::new(|| {
                let requests: Vec<Ask> = requests(Key::Known);
                send(&replayed, requests.clone(), StatusCode::OK);
                prepared(replayed.clone(), requests, StatusCode::UNAUTHORIZED)
            }),
            Case::new(|| {
                let requests: Vec<Ask> = requests(Key::Known);
                Batch::new(CALLS, || {
                    for request in requests {
                        assert_eq!(status(&Hello, request), StatusCode::OK);
                    }
                })
            }),
            Case::new(|| {
                let verify = || (0..CALLS).for_each(|_| client.world.verify(&bare));
                Batch::new(CALLS, verify)
            }),
        ],
    );
    for (what, target, figures) in [
        ("token seen before, key known", 1.15, known),
        ("token seen before, key new", 1.35, new_key),
        ("both new", 2.4, both_new),
        ("replay", 1.2, replayed),
    ] {
        let own = figures.least - nothing.least;
        let detail = format!("x ({own:.2} of {:.2} us)", bare.least);
        report.at_most(what, target, own / bare.least, "", &detail);
    }
}

fn send(service: &JwtAuth<Hello>, requests: Vec<Ask>, wanted: StatusCode) {
    for request in requests {
        assert_eq!(status(service, request), wanted);
    }
}

fn prepared(service: JwtAuth<Hello>, requests: Vec<Ask>, wanted: StatusCode) -> Batch<'static> {
    Batch::keeping(requests.len(), move || {
        send(&service, requests, wanted);
        service
    })
}

/// Whole requests, with the service behind.
fn bearer(report: &mut Report) {
    const CACHED: usize = 300;
    const ROUNDS: usize = 400;
    let world = World::new(Algorithm::ES256);
    let tokens = world.tokens(CALLS + 1);
    let (warm, new) = tokens.split_first().unwrap();
    let warmed = |is_on: bool| {
        let config = config(world.source());
        let service = service(&ready(match is_on {
            true => config.dpop(Dpop::new()),
            false => config,
        }));
        assert_eq!(status(&service, request(Some(&warm.line))), StatusCode::OK);
        service
    };
    let [on, off] = [true, false].map(warmed);
    let cached = |service: &JwtAuth<Hello>| {
        let requests = repeated(Some(&warm.line), CACHED);
        batch(service.clone(), requests, StatusCode::OK)
    };
    // A layer of its own for each round: the tokens are new to it.
    let first_sight = |is_on| batch(warmed(is_on), lines(new), StatusCode::OK);
    // Two at a time: who follows the signatures of another case begins with caches that are cold.
    let [on, off] = interleaved(
        ROUNDS,
        [Case::new(|| cached(&on)), Case::new(|| cached(&off))],
    );
    let [new_on, new_off] = interleaved(
        ROUNDS,
        [
            Case::new(|| first_sight(true)),
            Case::new(|| first_sight(false)),
        ],
    );
    for (what, on, off) in [("cached", on, off), ("first sight, ES256", new_on, new_off)] {
        let detail = format!("x ({:.3} of {:.3} us)", on.least, off.least);
        report.at_most(what, 1.02, on.least / off.least, "", &detail);
    }
}

/// Two clients with a key each, at one layer.
fn two_threads(report: &mut Report) {
    if std::thread::available_parallelism().map_or(1, usize::from) < 2 {
        return;
    }
    let client = BoundClient::new();
    let service = service(&client.layer());
    let bare = client.new_token();
    let requests = [(); 2].map(|()| {
        let other = TestClient::start();
        let token = client.new_token_of(&other);
        let request = || client.request_of(&other, &token, Key::Known);
        send(&service, vec![request()], StatusCode::OK);
        let rounds = threads::ROUNDS * 2;
        let all: Vec<Vec<Ask>> = (0..rounds)
            .map(|_| (0..CALLS).map(|_| request()).collect())
            .collect();
        Mutex::new(all)
    });
    let (linear, _) = factor(|_| (0..CALLS).for_each(|_| client.world.verify(&bare)));
    let (measured, both) = factor(|thread| {
        let requests = requests[thread].lock().unwrap().pop();
        send(&service, requests.unwrap(), StatusCode::OK);
    });
    let detail = format!("x ({measured:.2} times; both threads {both:.0} us)");
    report.at_least("a key each", 0.9, measured / linear, &detail);
}
