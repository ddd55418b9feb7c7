//! What a refused request costs. Every one of them can be sent by anybody.

use http::{HeaderValue, StatusCode};
use serde_json::json;
use tower_jwt_auth::Algorithm;

use crate::drive::{self, Hello, batch, repeated, request, service};
use crate::measure::{Batch, Case, interleaved};
use crate::table::Report;
use crate::tokens::{claiming, expired, forged, headed};
use crate::world::World;

const ROUNDS: usize = 300;
const CALLS: usize = 40;

pub(crate) fn run(report: &mut Report) {
    report.heading("Refusals");
    let world = World::new(Algorithm::RS256);
    let service = service(&world.layer());
    let rows: [(&str, f64, Option<HeaderValue>); 8] = [
        ("no header", 0.3, None),
        (
            "malformed",
            0.3,
            Some(HeaderValue::from_static("Bearer a b")),
        ),
        (
            "unknown kid, inside the cooldown",
            0.5,
            Some(headed(&world, "kid", "other")),
        ),
        ("wrong alg", 0.5, Some(headed(&world, "alg", "HS256"))),
        ("expired", 2.0, Some(expired(&world))),
        (
            "wrong audience",
            2.0,
            Some(claiming(&world, "aud", json!("https://other.example.com"))),
        ),
        (
            "wrong issuer",
            2.0,
            Some(claiming(&world, "iss", json!("https://other.example.com"))),
        ),
        ("bad signature", f64::NAN, Some(forged(&world).line)),
    ];
    // As under load: other tokens are remembered meanwhile.
    for token in world.tokens(100) {
        drive::status(&service, request(Some(&token.line)));
    }
    for (name, target, line) in rows {
        if name.starts_with("unknown kid") {
            line.iter()
                .for_each(|line| drive::spend_fetches(&service, line));
        }
        let token = world.token(1);
        let [through, nothing, bare] = interleaved(
            ROUNDS,
            [
                Case::new(|| {
                    let requests = repeated(line.as_ref(), CALLS);
                    batch(service.clone(), requests, StatusCode::UNAUTHORIZED)
                }),
                Case::new(|| batch(Hello, repeated(line.as_ref(), CALLS), StatusCode::OK)),
                Case::new(|| Batch::new(20, || (0..20).for_each(|_| world.verify(&token)))),
            ],
        );
        let own = through.least - nothing.least;
        if target.is_nan() {
            let detail = format!("x ({own:.2} of {:.2} us)", bare.least);
            report.at_most(name, 1.08, own / bare.least, "", &detail);
        } else {
            let detail = format!(" (median {:.3})", through.median - nothing.median);
            report.at_most(name, target, own, " us", &detail);
        }
    }
}
