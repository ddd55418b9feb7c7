//! First sight of a token, and every later one.

use http::StatusCode;
use tower_jwt_auth::Algorithm;
use tower_jwt_auth::limits::DEFAULT_TOKEN_CACHE_ENTRIES;

use crate::drive::{self, Hello, batch, lines, repeated, request, service};
use crate::measure::{Batch, Case, interleaved};
use crate::table::Report;
use crate::world::{Token, World, config, ready};

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
        let sight = first_sight(&World::new(algorithm), ROUNDS);
        let detail = format!(
            "x ({:.2} of {:.2} us; medians {:.3}x)",
            sight.own, sight.bare, sight.medians
        );
        let ratio = sight.own / sight.bare;
        report.at_most(algorithm.name(), target, ratio, "", &detail);
        if algorithm == Algorithm::RS256 {
            report.figure("bytes of the RS256 token", &sight.bytes.to_string());
        }
    }
    report.heading("A token that was seen before");
    remembered(report);
}

/// Microseconds of the layer for a token that is new to it, and of the bare verification.
pub(crate) struct FirstSight {
    pub(crate) own: f64,
    pub(crate) bare: f64,
    medians: f64,
    bytes: usize,
}

pub(crate) fn first_sight(world: &World, rounds: usize) -> FirstSight {
    let tokens = world.tokens(TOKENS + 1);
    let (warm, tokens) = tokens.split_first().unwrap();
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
        rounds,
        [
            Case::new(|| batch(fresh(), lines(tokens), StatusCode::OK)),
            Case::new(|| batch(Hello, lines(tokens), StatusCode::OK)),
            Case::new(|| {
                Batch::new(tokens.len(), || {
                    tokens.iter().for_each(|token| world.verify(token))
                })
            }),
        ],
    );
    FirstSight {
        own: through.least - nothing.least,
        bare: bare.least,
        medians: (through.median - nothing.median) / bare.median,
        bytes: tokens[0].text.len(),
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
    report.at_most("one token", 0.4, own, " us", &detail);
    for how_many in [10_000, DEFAULT_TOKEN_CACHE_ENTRIES] {
        in_turn(report, how_many);
    }
    churn(report);
}

/// As many sessions; EdDSA, because signing that many takes RSA ten seconds.
fn in_turn(report: &mut Report, how_many: usize) {
    const IN_TURN: usize = 50;
    let world = World::new(Algorithm::EdDSA);
    let service = service(&world.layer());
    let tokens = world.tokens(how_many);
    for token in &tokens {
        drive::status(&service, request(Some(&token.line)));
    }
    // In small batches, as if just read from the socket: the bytes of the request are in the
    // processor's cache, the entries of the token cache are not.
    let mut turn = tokens.iter().cycle();
    let mut next = || {
        let tokens = turn.by_ref().take(IN_TURN);
        let read = tokens.map(|token| Some(Token::new(token.text.clone()).line));
        read.collect::<Vec<_>>()
    };
    let [through, nothing] = interleaved(
        how_many / IN_TURN * 4,
        [
            Case::new(|| batch(service.clone(), next(), StatusCode::OK)),
            Case::new(|| {
                let requests = repeated(Some(&tokens[0].line), IN_TURN);
                batch(Hello, requests, StatusCode::OK)
            }),
        ],
    );
    // The median: which tokens a batch holds differs.
    let own = through.median - nothing.median;
    let detail = format!(" (least {:.3})", through.least - nothing.least);
    let what = format!("{how_many} tokens in turn, of {DEFAULT_TOKEN_CACHE_ENTRIES} asked for");
    report.at_most(&what, 1.5, own, " us", &detail);
}

/// Each token is new to a cache that is full, and evicts another.
fn churn(report: &mut Report) {
    const ENTRIES: usize = 1024;
    const IN_TURN: usize = 50;
    const BATCHES: usize = 200;
    let world = World::new(Algorithm::EdDSA);
    let [full, without] = [ENTRIES, 0].map(|entries| {
        let config = config(world.source()).token_cache_entries(entries);
        service(&ready(config))
    });
    let tokens = world.tokens(ENTRIES * 2 + IN_TURN * BATCHES);
    let (fill, new) = tokens.split_at(ENTRIES * 2);
    for token in fill {
        drive::status(&full, request(Some(&token.line)));
    }
    let batches = || new.chunks(IN_TURN).map(lines);
    let (mut of_full, mut of_without) = (batches(), batches());
    let [through, nothing] = interleaved(
        BATCHES,
        [
            Case::new(|| batch(full.clone(), of_full.next().unwrap(), StatusCode::OK)),
            Case::new(|| batch(without.clone(), of_without.next().unwrap(), StatusCode::OK)),
        ],
    );
    let detail = format!("x ({:.3} of {:.3} us)", through.median, nothing.median);
    let ratio = through.median / nothing.median;
    report.at_most(
        "a new token in a full cache, over none",
        1.06,
        ratio,
        "",
        &detail,
    );
}
