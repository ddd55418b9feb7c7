//! Many keys, many issuers.

use std::time::Instant;

use http::StatusCode;
use serde_json::json;
use tower_jwt_auth::{Algorithm, Issuer, JwtAuthConfig, JwtAuthLayer};

use crate::drive::{self, batch, lines, request, service};
use crate::measure::{Case, Figures, interleaved};
use crate::table::Report;
use crate::world::{ISSUER, Memory, RESOURCE, World, config, ready};

const ROUNDS: usize = 100;

pub(crate) fn run(report: &mut Report) {
    report.heading("Many keys and issuers: first sight and remembered, over one of each");
    let world = World::new(Algorithm::EdDSA);
    let one = |layer: &dyn Fn() -> JwtAuthLayer| measure(&world, layer);
    let (first, again) = one(&|| world.layer());
    report.figure(
        "1 key, 1 issuer",
        &format!("{:.2} us, {:.3} us", first.least, again.least),
    );
    for keys in [100, 128] {
        let figures = one(&|| ready(config(source(&world, keys))));
        compare(report, &format!("{keys} keys"), (first, again), figures);
    }
    swap(report);
    for issuers in [100, 1000] {
        let figures = one(&|| many(&world, issuers));
        compare(
            report,
            &format!("{issuers} issuers"),
            (first, again),
            figures,
        );
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

fn compare(report: &mut Report, what: &str, one: (Figures, Figures), many: (Figures, Figures)) {
    // 5 % for what memory and noise do.
    let first = many.0.least / one.0.least;
    report.at_most(&format!("{what}, first sight"), 1.05, first, "", "x");
    let again = many.1.least / one.1.least;
    report.at_most(&format!("{what}, remembered"), 1.05, again, "", "x");
}

fn measure(world: &World, layer: &dyn Fn() -> JwtAuthLayer) -> (Figures, Figures) {
    let tokens = world.tokens(25);
    let warmed = || {
        let service = service(&layer());
        let extra = world.token(1_000_000);
        drive::status(&service, request(Some(&extra.line)));
        service
    };
    let seen = warmed();
    for token in &tokens {
        drive::status(&seen, request(Some(&token.line)));
    }
    let all = || lines(&tokens);
    let [first] = interleaved(
        ROUNDS,
        [Case::new(|| batch(warmed(), all(), StatusCode::OK))],
    );
    // Apart from the others: making a layer of many issuers empties the caches.
    let [again] = interleaved(
        ROUNDS,
        [Case::new(|| batch(seen.clone(), all(), StatusCode::OK))],
    );
    (first, again)
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
