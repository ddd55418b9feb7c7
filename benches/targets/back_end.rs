//! What the back end that is compiled in costs, whichever it is.

use tower_jwt_auth::Algorithm;

use crate::paths::first_sight;
use crate::table::Report;
use crate::world::World;

const ROUNDS: usize = 100;

pub(crate) fn run(report: &mut Report) {
    report.heading("First sight of a token by algorithm, over the bare verification by aws-lc-rs");
    for algorithm in [
        Algorithm::RS256,
        Algorithm::PS256,
        Algorithm::ES256,
        Algorithm::ES384,
        Algorithm::ES512,
        Algorithm::EdDSA,
        Algorithm::MlDsa44,
        Algorithm::MlDsa65,
        Algorithm::MlDsa87,
    ] {
        let sight = first_sight(&World::new(algorithm), ROUNDS);
        let ratio = sight.own / sight.bare;
        let measured = format!("{ratio:.2}x ({:.2} of {:.2} us)", sight.own, sight.bare);
        report.figure(algorithm.name(), &measured);
    }
}
