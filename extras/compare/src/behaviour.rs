//! How a peer behaves under a flood of unknown `kid`s, and when the issuer has a new key.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tower_jwt_auth::Algorithm;
use tower_jwt_auth::test_util::TestKey;

use crate::drive::{App, request};
use crate::issuer::Issuer;
use crate::peers::{Peer, Role};
use crate::process::start;
use crate::results::{Behaviour, Timings};
use crate::token;

const STRANGERS: usize = 1000;
/// Several peers wait a minute after each fetch, including the first one.
const LATER: Duration = Duration::from_secs(65);

/// Peers that have been running for a while.
pub struct Waiting {
    since: Instant,
    apps: Vec<(&'static str, Issuer, App)>,
}

/// Each peer has its own issuer, so that each fetch can be attributed.
fn started(peer: &Peer) -> (Issuer, App) {
    let algorithm = match peer.algorithms.contains(&Algorithm::ES256) {
        true => Algorithm::ES256,
        false => Algorithm::RS256,
    };
    let issuer = Issuer::start(algorithm);
    let app = start(peer, &issuer);
    (issuer, app)
}

pub fn run(peers: &[Peer], timings: &mut Timings) -> Waiting {
    let peers = || peers.iter().filter(|peer| peer.role != Role::Measure);
    for peer in peers() {
        let (fetches, statuses) = flood(peer);
        let (issuer, app) = started(peer);
        let behaviour = Behaviour {
            fetches,
            statuses,
            rotated_at_once: rotated(&issuer, &app),
            rotated_later: 0,
        };
        timings.behaviour.insert(peer.name.to_owned(), behaviour);
    }
    let start = |peer: &Peer| {
        let (issuer, app) = started(peer);
        (peer.name, issuer, app)
    };
    Waiting {
        apps: peers().map(start).collect(),
        since: Instant::now(),
    }
}

impl Waiting {
    pub fn finish(self, timings: &mut Timings) {
        std::thread::sleep(LATER.saturating_sub(self.since.elapsed()));
        for (name, issuer, app) in self.apps {
            let behaviour = timings.behaviour.entry(name.to_owned()).or_default();
            behaviour.rotated_later = rotated(&issuer, &app);
        }
    }
}

fn flood(peer: &Peer) -> (u64, BTreeMap<u16, u32>) {
    let (issuer, app) = started(peer);
    let stranger = TestKey::generate(issuer.algorithm(), "stranger");
    let tokens = (0..STRANGERS).map(|number| token::of_stranger(&issuer, &stranger, number));
    let tokens: Vec<_> = tokens.collect();
    let before = issuer.fetches();
    let mut statuses = BTreeMap::new();
    for token in tokens {
        let status = (app.call)(request(&token.line));
        *statuses.entry(status.as_u16()).or_default() += 1;
    }
    (issuer.fetches() - before, statuses)
}

/// The response to the first token of a new key.
fn rotated(issuer: &Issuer, app: &App) -> u16 {
    issuer.rotate();
    (app.call)(request(&token::good(issuer, 2).line)).as_u16()
}
