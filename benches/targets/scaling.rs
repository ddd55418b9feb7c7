//! Many keys, many issuers.

use std::time::Instant;

use http::StatusCode;
use serde_json::json;
use tower_jwt_auth::config::Issuer;
use tower_jwt_auth::{Algorithm, JwtAuthConfig, JwtAuthLayer};

use crate::drive::{self, batch, lines, request, service};
use crate::measure::{Case, interleaved};
use crate::table::Report;
use crate::world::{ISSUER, Memory, RESOURCE, World, config, ready};

const ROUNDS: usize = 100;

pub(crate) fn run(report: &mut Report) {
    report.heading("Many keys and issuers: first sight and remembered, over one of each");
    let world = World::new(Algorithm::EdDSA);
    for keys in [100, 128] {
        let layer = || ready(config(source(&world, keys)));
        compare(report, &format!("{keys} keys"), &world, &layer);
    }
    swap(report);
    for issuers in [100, 1000] {
        let layer = || many(&world, issuers);
        compare(report, &format!("{issuers} issuers"), &world, &layer);
    }
}

/// What the task does when 128 keys arrive: requests go on with the old ones meanwhile.
fn swap(report: &mut Report) {
    let world = World::new(Algorithm::RS256);
    let source = source(&world, 128);
    let times = (0..20).map(|_| {
        let began = Instant::now();
        drop(ready(config(source.clone())));
        began.elapsed().as_secs_f64() * 1e3
    });
    let least = times.fold(f64::MAX, f64::min);
    report.at_most(
        "128 RSA keys, from the fetch until they serve",
        5.0,
        least,
        " ms",
        "",
    );
}

/// Takes turns with a layer of one key and one issuer, so that other work on the machine affects
/// both.
fn compare(report: &mut Report, what: &str, world: &World, many: &dyn Fn() -> JwtAuthLayer) {
    let tokens = world.tokens(25);
    let extra = world.token(1_000_000);
    let warmed = |layer: JwtAuthLayer| {
        let service = service(&layer);
        drive::status(&service, request(Some(&extra.line)));
        service
    };
    let [first_of_one, first] = interleaved(
        ROUNDS,
        [
            Case::new(|| batch(warmed(world.layer()), lines(&tokens), StatusCode::OK)),
            Case::new(|| batch(warmed(many()), lines(&tokens), StatusCode::OK)),
        ],
    );
    // Apart from the others: making a layer of many issuers empties the caches.
    let seen = [world.layer(), many()].map(warmed);
    for service in &seen {
        for token in &tokens {
            drive::status(service, request(Some(&token.line)));
        }
    }
    let [one, other] = &seen;
    let again = || (0..10).flat_map(|_| lines(&tokens)).collect();
    let [again_of_one, again] = interleaved(
        ROUNDS,
        [
            Case::new(|| batch(one.clone(), again(), StatusCode::OK)),
            Case::new(|| batch(other.clone(), again(), StatusCode::OK)),
        ],
    );
    // 5 % for what memory and noise do.
    for (sight, of_one, of_many) in [
        ("first sight", first_of_one, first),
        ("remembered", again_of_one, again),
    ] {
        let detail = format!("x ({:.3} of {:.3} us)", of_many.least, of_one.least);
        let ratio = of_many.least / of_one.least;
        report.at_most(&format!("{what}, {sight}"), 1.05, ratio, "", &detail);
    }
}

/// The key of `world` and others of its kind.
fn source(world: &World, keys: usize) -> Memory {
    let mut all: Vec<_> = (1..keys)
        .map(|number| {
            let mut jwk = world.key.jwk();
            jwk["kid"] = format!("key-{number}").into();
            jwk
        })
        .collect();
    all.insert(keys / 2, world.key.jwk());
    Memory::publishing(all)
}

fn many(world: &World, issuers: usize) -> JwtAuthLayer {
    let keys = json!({"keys": [world.key.jwk()]});
    let others =
        (1..issuers).map(|number| format!("https://tenant-{number}.eu.auth0.example.com/"));
    let mut builder = JwtAuthConfig::builder().resource(RESOURCE);
    for issuer in others.chain([ISSUER.to_owned()]) {
        builder = builder.add_issuer(Issuer::new(issuer).jwks(keys.clone()));
    }
    JwtAuthLayer::new(builder.build().unwrap())
}
