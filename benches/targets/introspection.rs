//! Opaque tokens: an answer at hand against a cached JWT, many requests with one new token, many
//! unknown tokens at once, and many tokens over time.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;
use tokio::task::JoinSet;
use tower_jwt_auth::introspection::{
    Introspection, IntrospectionAnswer, IntrospectionFuture, Introspector,
};
use tower_jwt_auth::{Algorithm, JwtAuthLayer};

use crate::drive::{self, batch, lines, repeated, request, service};
use crate::measure::{Case, interleaved};
use crate::table::Report;
use crate::world::{Token, World, claims, config, ready};

const ROUNDS: usize = 200;

/// How tokens begin that the issuer does not know.
const UNKNOWN: &str = "unknown-";

pub(crate) fn run(report: &mut Report) {
    report.heading("Introspection");
    at_hand(report);
    single_flight(report);
    junk_at_once(report);
    over_time(report);
}

/// Calls every token active, with the claims of the tokens of the other benches, unless it begins
/// with [`UNKNOWN`].
#[derive(Clone)]
struct Vouching(Arc<State>);

struct State {
    answer: String,
    takes: Duration,
    calls: AtomicUsize,
}

impl Vouching {
    fn taking(takes: Duration) -> Self {
        let mut answer = claims(0);
        answer["active"] = Value::Bool(true);
        Self(Arc::new(State {
            answer: answer.to_string(),
            takes,
            calls: AtomicUsize::new(0),
        }))
    }

    fn layer(&self, world: &World) -> JwtAuthLayer {
        let asking = Introspection::with_introspector(self.clone());
        ready(config(world.source()).introspection(asking))
    }

    fn calls(&self) -> usize {
        self.0.calls.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Vouching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vouching")
    }
}

impl Introspector for Vouching {
    fn introspect<'a>(&'a self, token: &'a str) -> IntrospectionFuture<'a> {
        Box::pin(async move {
            self.0.calls.fetch_add(1, Ordering::Relaxed);
            if !self.0.takes.is_zero() {
                tokio::time::sleep(self.0.takes).await;
            }
            Ok(match token.starts_with(UNKNOWN) {
                true => IntrospectionAnswer::json(r#"{"active":false}"#),
                false => IntrospectionAnswer::json(self.0.answer.clone()),
            })
        })
    }
}

/// A layer that asks about opaque tokens, and gets its answers at once.
pub(crate) fn layer(world: &World) -> JwtAuthLayer {
    Vouching::taking(Duration::ZERO).layer(world)
}

/// As Zitadel and others issue them: 87 characters.
pub(crate) fn opaque(number: usize) -> Token {
    Token::new(format!(
        "{number:08}{}",
        "Kz8mXK1EalYznwHLC1fBAo4LjpzsPENeOgxU".repeat(3)
    ))
}

fn at_hand(report: &mut Report) {
    let world = World::new(Algorithm::RS256);
    let layer = layer(&world);
    let service = service(&layer);
    let tokens: Vec<_> = (0..100).map(opaque).collect();
    let jwts = world.tokens(100);
    for token in tokens.iter().chain(&jwts) {
        let status = drive::status_waiting(&service, request(Some(&token.line)));
        assert_eq!(status, StatusCode::OK);
    }
    let plain = world.layer();
    let plain = drive::service(&plain);
    for token in &jwts {
        drive::status_waiting(&plain, request(Some(&token.line)));
    }
    let again = |tokens: &[Token]| (0..5).flat_map(|_| lines(tokens)).collect();
    let one = |token: &Token| repeated(Some(&token.line), 500);
    let [of_plain, of_jwt, of_opaque, hot_jwt, hot_opaque] = interleaved(
        ROUNDS,
        [
            Case::new(|| batch(plain.clone(), again(&jwts), StatusCode::OK)),
            Case::new(|| batch(service.clone(), again(&jwts), StatusCode::OK)),
            Case::new(|| batch(service.clone(), again(&tokens), StatusCode::OK)),
            Case::new(|| batch(service.clone(), one(&jwts[0]), StatusCode::OK)),
            Case::new(|| batch(service.clone(), one(&tokens[0]), StatusCode::OK)),
        ],
    );
    let detail = |one: f64, other: f64| format!(" ({one:.3} of {other:.3} us)");
    for (what, figure, base) in [
        (
            "an opaque token, answer at hand, over a cached JWT",
            of_opaque,
            of_jwt,
        ),
        ("the same, one token", hot_opaque, hot_jwt),
        (
            "a cached JWT, with introspection over without",
            of_jwt,
            of_plain,
        ),
    ] {
        let ratio = figure.least / base.least;
        report.at_most(what, 1.05, ratio, "", &detail(figure.least, base.least));
    }
}

fn single_flight(report: &mut Report) {
    let world = World::new(Algorithm::EdDSA);
    let vouching = Vouching::taking(Duration::from_millis(20));
    let layer = vouching.layer(&world);
    let token = opaque(0);
    tokio::runtime::Handle::current().block_on(async {
        let mut all = JoinSet::new();
        for _ in 0..1000 {
            let (verifier, token) = (layer.verifier(), token.text.clone());
            all.spawn(async move { verifier.verify(&token).await.is_ok() });
        }
        assert!(all.join_all().await.into_iter().all(|accepted| accepted));
    });
    let calls = vouching.calls() as f64;
    report.at_most(
        "1,000 requests with one new token",
        1.0,
        calls,
        " calls",
        "",
    );
}

/// Ten thousand unknown tokens at once. While the clock stands still, 48 calls are under way and
/// thousands of requests wait: what a token with an answer at hand costs then. After that the clock
/// runs as fast as the machine.
fn junk_at_once(report: &mut Report) {
    const JUNK: usize = 10_000;
    let world = World::new(Algorithm::EdDSA);
    let vouching = Vouching::taking(Duration::from_millis(50));
    let (quiet, flooded) = (layer(&world), vouching.layer(&world));
    let (quiet_service, flooded_service) = (service(&quiet), service(&flooded));
    let good: Vec<_> = (0..100).map(opaque).collect();
    for service in [&quiet_service, &flooded_service] {
        for token in &good {
            let status = drive::status_waiting(service, request(Some(&token.line)));
            assert_eq!(status, StatusCode::OK);
        }
    }
    let calls_before = vouching.calls();
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().unwrap();
    let mut junk = JoinSet::new();
    runtime.block_on(async {
        for number in 0..JUNK {
            let (verifier, token) = (flooded.verifier(), format!("{UNKNOWN}{number}"));
            junk.spawn(async move { verifier.verify(&token).await.err().map(|it| it.status()) });
        }
        for _ in 0..JUNK {
            tokio::task::yield_now().await;
        }
    });
    let again = || (0..5).flat_map(|_| lines(&good)).collect();
    let [alone, beside] = interleaved(
        ROUNDS,
        [
            Case::new(|| batch(quiet_service.clone(), again(), StatusCode::OK)),
            Case::new(|| batch(flooded_service.clone(), again(), StatusCode::OK)),
        ],
    );
    let (asked, delayed, verdicts) = runtime.block_on(async {
        let verifier = flooded.verifier();
        let (mut asked, mut delayed) = (0, 0);
        // Until the last of those who wait has its verdict: the timeout is 5 seconds.
        for _ in 0..500 {
            for token in &good {
                let began = tokio::time::Instant::now();
                let accepted = verifier.verify(&token.text).await.is_ok();
                delayed += usize::from(!accepted || !began.elapsed().is_zero());
                asked += 1;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        (asked, delayed, junk.join_all().await)
    });
    let refused = verdicts
        .iter()
        .filter(|verdict| **verdict == Some(StatusCode::UNAUTHORIZED));
    let (refused, calls) = (refused.count(), vouching.calls() - calls_before);
    let what = "10,000 unknown tokens at once, endpoint at 50 ms: good ones refused or delayed";
    report.at_most(what, 0.0, delayed as f64, "", &format!(" of {asked}"));
    let others = JUNK - refused;
    let detail = format!("{calls} calls; {refused} tokens refused, {others} answered with 503");
    report.figure("the same, calls", &detail);
    let ratio = beside.least / alone.least;
    let detail = format!(" ({:.3} of {:.3} us)", beside.least, alone.least);
    let what = "a token with an answer at hand meanwhile, over the same without them";
    report.at_most(what, 1.05, ratio, "", &detail);
}

/// On a clock that runs as fast as the machine: a thousand tokens, each used once a second.
fn over_time(report: &mut Report) {
    const SECONDS: usize = 180;
    let world = World::new(Algorithm::EdDSA);
    let vouching = Vouching::taking(Duration::from_millis(50));
    let layer = vouching.layer(&world);
    let before = resident();
    std::thread::scope(|scope| {
        let work = || {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            let runtime = builder.enable_time().start_paused(true).build().unwrap();
            runtime.block_on(every_second(&layer, SECONDS));
        };
        scope.spawn(work).join().unwrap();
    });
    let calls = vouching.calls();
    report.figure(
        "1,000 tokens, each used once a second for 3 min, max_age 60 s",
        &format!(
            "{calls} calls for {} requests, {:.0} a second",
            1000 * SECONDS,
            calls as f64 / SECONDS as f64
        ),
    );
    let health = layer.introspection().health();
    let kept = health.first().map_or(0, |health| health.answers_kept);
    let bytes = resident().saturating_sub(before);
    let size = format!("{kept} answers, {} KiB of memory", bytes / 1024);
    report.figure("the same, kept", &size);
}

async fn every_second(layer: &JwtAuthLayer, seconds: usize) {
    let tokens: Vec<_> = (0..1000).map(|number| opaque(number).text).collect();
    for _ in 0..seconds {
        let mut all = JoinSet::new();
        for token in &tokens {
            let (verifier, token) = (layer.verifier(), token.clone());
            all.spawn(async move { verifier.verify(&token).await.is_ok() });
        }
        assert!(all.join_all().await.into_iter().all(|accepted| accepted));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Bytes of memory in use, as Linux counts them; 0 elsewhere.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = pages
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<usize>().ok());
    pages.unwrap_or_default().saturating_mul(4096)
}
