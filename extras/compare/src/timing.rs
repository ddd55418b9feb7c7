//! Measures the first sight of a token, the same token again, and an expired token.

use std::collections::BTreeMap;

use http::StatusCode;
use tower_jwt_auth::Algorithm;

use crate::drive::{self, App, Call, request};
use crate::issuer::Issuer;
use crate::measure::{Case, interleaved};
use crate::peers::{ALGORITHMS, Peer};
use crate::process::start;
use crate::results::Timings;
use crate::token::{self, Bare, Token};

const ROUNDS: usize = 200;
/// Enough for a peer's keys and code to be warm, and few enough that the machine keeps its speed
/// within a round.
const TOKENS: usize = 32;
/// How many of them are not timed, so that what ran before does not influence the result.
const WARMING: usize = 8;

/// The name of a peer, and whether the peer is measured or only the service behind it.
type Side = (&'static str, bool);

const BARE: Side = ("", true);

type Wanted = fn(StatusCode) -> bool;

const SERVED: Wanted = |status| status.is_success();
const REFUSED: Wanted = |status| status.is_client_error();

pub fn run(peers: &[Peer]) -> Timings {
    let mut timings = Timings::default();
    // RS256 comes last, because it sorts the tables: caches allocate during the first algorithms.
    for algorithm in ALGORITHMS.into_iter().rev() {
        first_sight(peers, algorithm, &mut timings);
    }
    let issuer = Issuer::start(Algorithm::RS256);
    let seen = token::good(&issuer, 1);
    let seen = vec![&seen; TOKENS];
    timings.again = with_all(peers, &issuer, &seen, SERVED, |app| app.bare);
    let expired: Vec<_> = (0..TOKENS)
        .map(|number| token::expired(&issuer, number))
        .collect();
    let expired: Vec<&Token> = expired.iter().collect();
    // The service is never reached, so only the request itself is subtracted.
    timings.expired = with_all(peers, &issuer, &expired, REFUSED, |_| drive::nothing());
    timings
}

/// No peer has seen the tokens of a round before.
fn first_sight(peers: &[Peer], algorithm: Algorithm, timings: &mut Timings) {
    let issuer = Issuer::start(algorithm);
    let bare = Bare::of(&issuer.jwk(), algorithm);
    // The first two were sent when the peers were started.
    let numbers = 2..2 + ROUNDS * TOKENS;
    let tokens: Vec<_> = numbers.map(|number| token::good(&issuer, number)).collect();
    let tokens: Vec<&Token> = tokens.iter().collect();
    let mut cases = Vec::new();
    let takes = |peer: &&Peer| peer.algorithms.contains(&algorithm);
    for peer in peers.iter().filter(takes) {
        // Each peer runs in each place: its predecessor changes the time by 2 %, and the fastest
        // round counts.
        cases.push((BARE, verifying(&bare, tokens.chunks(TOKENS))));
        let app = start(peer, &issuer);
        for (with, call) in [(true, app.call), (false, app.bare)] {
            let case = in_turn(call, tokens.chunks(TOKENS), SERVED);
            cases.push(((peer.name, with), case));
        }
    }
    let mut least = interleaved(ROUNDS, cases);
    let bare = least.remove(&BARE).expect("it was measured");
    timings.bare.insert(algorithm.name().to_owned(), bare);
    for (peer, own) in own(&least) {
        let of_peer = timings.first.entry(peer).or_default();
        of_peer.insert(algorithm.name().to_owned(), own);
    }
}

/// Measures peers that get the same tokens again and again.
fn with_all(
    peers: &[Peer],
    issuer: &Issuer,
    tokens: &[&Token],
    wanted: Wanted,
    without: fn(App) -> Call,
) -> BTreeMap<String, f64> {
    let mut cases = Vec::new();
    for peer in peers {
        let app = start(peer, issuer);
        let rounds = || std::iter::repeat(tokens);
        let with = in_turn(app.call.clone(), rounds(), wanted);
        cases.push(((peer.name, true), with));
        let without = in_turn(without(app), rounds(), SERVED);
        cases.push(((peer.name, false), without));
    }
    own(&interleaved(ROUNDS, cases))
}

fn verifying<'c>(
    bare: &'c Bare,
    mut rounds: impl Iterator<Item = &'c [&'c Token]> + 'c,
) -> Case<'c> {
    Box::new(move || {
        let (warming, tokens) = rounds.next().unwrap_or_default().split_at(WARMING);
        // Touches the bytes, as reading from a socket does, so that they are cached for every peer.
        all_of(&drive::nothing(), tokens, SERVED);
        warming.iter().for_each(|token| bare.verify(token));
        Box::new(|| {
            tokens.iter().for_each(|token| bare.verify(token));
            tokens.len()
        })
    })
}

/// Hands out the tokens round by round.
fn in_turn<'c>(
    call: Call,
    mut rounds: impl Iterator<Item = &'c [&'c Token]> + 'c,
    wanted: Wanted,
) -> Case<'c> {
    Box::new(move || {
        let (warming, tokens) = rounds.next().unwrap_or_default().split_at(WARMING);
        let call = call.clone();
        all_of(&call, warming, wanted);
        Box::new(move || all_of(&call, tokens, wanted))
    })
}

/// Requests are made within the measured time, as in a server. The bare service makes them too, so
/// that their cost is subtracted.
fn all_of(call: &Call, tokens: &[&Token], wanted: Wanted) -> usize {
    for token in tokens {
        let status = call(request(&token.line));
        assert!(wanted(status), "{status}");
    }
    tokens.len()
}

/// The time of a peer with its service, minus the service.
fn own(least: &BTreeMap<Side, f64>) -> BTreeMap<String, f64> {
    let with = least.iter().filter(|((_, with), _)| *with);
    with.map(|((peer, _), with)| ((*peer).to_owned(), with - least[&(*peer, false)]))
        .collect()
}
