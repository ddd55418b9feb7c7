//! First sight of a token, and every later one.

use http::StatusCode;
use tower_jwt_auth::Algorithm;

use crate::drive::{self, Hello, batch, repeated, request, service};
use crate::measure::{Batch, Case, allocations, interleaved};
use crate::table::Report;
use crate::world::World;

const ROUNDS: usize = 300;
const TOKENS: usize = 25;

pub(crate) fn run(report: &mut Report) {
    report.heading("First sight of a token, over the bare verification");
    let algorithms = [
        (Algorithm::RS256, 1.12),
        (Algorithm::PS256, 1.12),
        (Algorithm::ES256, 1.04),
        (Algorithm::EdDSA, 1.05),
    ];
    for (algorithm, target) in algorithms {
        first_sight(report, algorithm, target);
    }
    report.heading("A token that was seen before");
    remembered(report);
}

fn first_sight(report: &mut Report, algorithm: Algorithm, target: f64) {
    let world = World::new(algorithm);
    let tokens = world.tokens(TOKENS + 1);
    let (warm, tokens) = tokens.split_first().unwrap();
    let requests = || {
        let lines = tokens.iter().map(|token| &token.line);
        lines.map(|line| request(Some(line))).collect::<Vec<_>>()
    };
    // A layer of its own for each round: the tokens are new to it.
    let fresh = || {
        let service = service(&world.layer());
        assert_eq!(
            drive::status(&service, request(Some(&warm.line))),
            StatusCode::OK
        );
        service
    };
    let [through, nothing, bare] = interleaved(
        ROUNDS,
        [
            Case::new(|| batch(fresh(), requests(), StatusCode::OK)),
            Case::new(|| batch(Hello, requests(), StatusCode::OK)),
            Case::new(|| {
                Batch::new(tokens.len(), || {
                    tokens.iter().for_each(|token| world.verify(token))
                })
            }),
        ],
    );
    let own = through.least - nothing.least;
    let detail = format!(
        "x ({:.2} of {:.2} us; medians {:.3}x)",
        own,
        bare.least,
        (through.median - nothing.median) / bare.median
    );
    report.at_most(algorithm.name(), target, own / bare.least, "", &detail);
    if algorithm == Algorithm::RS256 {
        let bytes = tokens[0].text.len();
        report.figure("bytes of the RS256 token", &bytes.to_string());
        let (layered, token) = (fresh(), request(Some(&tokens[0].line)));
        let through = allocations(|| {
            drive::status(&layered, token);
        });
        let without = request(Some(&tokens[0].line));
        let bare = allocations(|| {
            drive::status(&Hello, without);
        });
        let own = (through - bare) as f64;
        report.at_most("Rust allocations", 8.0, own, "", "");
    }
}

fn remembered(report: &mut Report) {
    const CALLS: usize = 300;
    let world = World::new(Algorithm::RS256);
    let service = service(&world.layer());
    let token = world.token(0);
    let warm = |line| drive::status(&service, request(Some(line)));
    assert_eq!(warm(&token.line), StatusCode::OK);
    let [through, nothing] = interleaved(
        ROUNDS,
        [
            Case::new(|| {
                let requests = repeated(Some(&token.line), CALLS);
                batch(service.clone(), requests, StatusCode::OK)
            }),
            Case::new(|| batch(Hello, repeated(Some(&token.line), CALLS), StatusCode::OK)),
        ],
    );
    let detail = format!(
        " (median {:.3}; bare service {:.3})",
        through.median - nothing.median,
        nothing.least
    );
    let own = through.least - nothing.least;
    report.at_most("one token", 0.75, own, " us", &detail);
    report.at_most("one token, with a keyed MAC", 0.4, own, " us", "");
    let (again, without) = (request(Some(&token.line)), request(Some(&token.line)));
    let through = allocations(|| {
        drive::status(&service, again);
    });
    let bare = allocations(|| {
        drive::status(&Hello, without);
    });
    report.at_most("Rust allocations", 2.0, (through - bare) as f64, "", "");
    in_turn(report);
}

/// Ten thousand sessions; EdDSA, because signing that many takes RSA ten seconds.
fn in_turn(report: &mut Report) {
    const TOKENS: usize = 10_000;
    let world = World::new(Algorithm::EdDSA);
    let service = service(&world.layer());
    let tokens = world.tokens(TOKENS);
    for token in &tokens {
        drive::status(&service, request(Some(&token.line)));
    }
    let all = || {
        tokens
            .iter()
            .map(|token| request(Some(&token.line)))
            .collect()
    };
    let [through, nothing] = interleaved(
        20,
        [
            Case::new(|| batch(service.clone(), all(), StatusCode::OK)),
            Case::new(|| batch(Hello, all(), StatusCode::OK)),
        ],
    );
    let own = through.least - nothing.least;
    let detail = format!(" (median {:.3})", through.median - nothing.median);
    report.at_most("10,000 tokens in turn", 1.5, own, " us", &detail);
}
