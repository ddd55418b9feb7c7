//! What a list of revocations costs a token that was seen before.

use std::time::SystemTime;

use http::StatusCode;
use tower_jwt_auth::fleet::Revocation;
use tower_jwt_auth::test_util::FakeClock;
use tower_jwt_auth::test_util::internal::fleet::RevocationList;
use tower_jwt_auth::{Algorithm, JwtAuthLayer};

use crate::drive::{self, batch, lines, request, service};
use crate::measure::{Case, interleaved};
use crate::table::Report;
use crate::world::{ISSUER, Token, World, config, ready};

const ROUNDS: usize = 1000;
const TOKENS: usize = 300;
const ENTRIES: usize = 10_000;

/// A process whose list has this many entries.
struct Process {
    clock: FakeClock,
    list: RevocationList,
    layer: JwtAuthLayer,
}

impl Process {
    fn new(world: &World, entries: usize) -> Self {
        let clock = FakeClock::at(SystemTime::now());
        let list = RevocationList::new(&[&[1; 32]], 100_000, &clock);
        for number in 0..entries {
            let revocation = Revocation::token(ISSUER, format!("revoked-{number}"));
            list.revoke(&revocation).unwrap();
        }
        let layer = ready(config(world.source()).revocations(&list));
        Self { clock, list, layer }
    }

    /// The reader is alive.
    fn tick(&self) {
        self.clock.set(SystemTime::now());
        self.list.tick();
    }
}

pub(crate) fn run(report: &mut Report) {
    report.heading("A token that was seen before, with a list of revocations");
    let world = World::new(Algorithm::EdDSA);
    let tokens = world.tokens(TOKENS);
    let [empty, full, changing] = [0, ENTRIES, ENTRIES].map(|it| Process::new(&world, it));
    let warm = |layer: &JwtAuthLayer| {
        let service = service(layer);
        for token in &tokens {
            assert_eq!(drive::status(&service, request(Some(&token.line))), 200);
        }
        service
    };
    let without = warm(&world.layer());
    let with = [&empty, &full, &changing].map(|process| {
        process.tick();
        warm(&process.layer)
    });
    let [of_empty, of_full, of_changing] = &with;
    let all = |tokens: &[Token]| lines(tokens);
    let mut number = ENTRIES;
    let figures = interleaved(
        ROUNDS,
        [
            Case::new(|| batch(without.clone(), all(&tokens), StatusCode::OK)),
            Case::new(|| {
                empty.tick();
                batch(of_empty.clone(), all(&tokens), StatusCode::OK)
            }),
            Case::new(|| {
                full.tick();
                batch(of_full.clone(), all(&tokens), StatusCode::OK)
            }),
            Case::new(|| {
                changing.tick();
                number += 1;
                let revocation = Revocation::token(ISSUER, format!("revoked-{number}"));
                changing.list.revoke(&revocation).unwrap();
                batch(of_changing.clone(), all(&tokens), StatusCode::OK)
            }),
        ],
    );
    let [without, empty, full, changed] = figures;
    report.figure("without a list", &format!("{:.3} us", without.least));
    for (what, figures) in [("an empty list", empty), ("10,000 entries", full)] {
        let detail = format!(
            "x (+{:.0} ns; median +{:.0} ns)",
            (figures.least - without.least) * 1e3,
            (figures.median - without.median) * 1e3
        );
        report.at_most(what, 1.03, figures.least / without.least, "", &detail);
    }
    let more = changed.least - without.least;
    let detail = format!(
        " (median {:.0} ns; {:.3}x)",
        (changed.median - without.median) * 1e3,
        changed.least / without.least
    );
    report.at_most(
        "10,000 entries, one of them new",
        100.0,
        more * 1e3,
        " ns",
        &detail,
    );
}
