//! A minute of trouble: keys that live for a second, a new key every five seconds, an issuer that
//! spoils three of ten responses (resets, which are retried once, and errors, which are not), 2,000
//! junk tokens a second, and clients with DPoP proofs, each of which is sent twice. No valid token
//! and no new proof may be rejected, and no proof may work twice.
//!
//! ```sh
//! cargo run --release --example soak            # one minute
//! cargo run --release --example soak -- 10      # ten seconds
//! ```
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "it is a program, and an error means that the run has failed"
)]

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Empty;
use tokio::time::{Instant, interval, sleep};
use tower::{Layer as _, ServiceExt as _, service_fn};
use tower_jwt_auth::config::JwksCache;
use tower_jwt_auth::limits::DEFAULT_TOKEN_CACHE_ENTRIES;
use tower_jwt_auth::proof::Dpop;
use tower_jwt_auth::test_util::{Fault, TestClient, TestIssuer};
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};

const RESOURCE: &str = "https://mcp.example.com/mcp";

#[derive(Default)]
struct Tally {
    tokens: Verdicts,
    junk: Verdicts,
    proofs: Verdicts,
    nonces: AtomicU64,
    replays: Verdicts,
    latencies: Mutex<Vec<Duration>>,
    stop: AtomicBool,
}

#[derive(Default)]
struct Verdicts {
    accepted: AtomicU64,
    rejected: AtomicU64,
    unavailable: AtomicU64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let seconds = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(60);
    let issuer = Arc::new(TestIssuer::start());
    let times = JwksCache::new()
        .max_age(Duration::from_secs(1))
        .cooldown(Duration::from_secs(1));
    // `cargo run --example soak -- 10 0` turns the token cache off.
    let remembered = std::env::args().nth(2).and_then(|text| text.parse().ok());
    let config = JwtAuthConfig::builder()
        .token_cache_entries(remembered.unwrap_or(DEFAULT_TOKEN_CACHE_ENTRIES))
        .resource(RESOURCE)
        .issuer(issuer.issuer())
        .jwks_uri(issuer.jwks_uri())
        .jwks_cache(times)
        .dpop(Dpop::new());
    let layer = JwtAuthLayer::new(config.build().unwrap());
    layer.wait_for_keys().await.unwrap();

    // A reset is retried once, immediately; an error status is not.
    issuer.fail_some(&[Fault::Reset, Fault::Reset, Fault::Status(500)], 0.3);
    let tally = Arc::new(Tally::default());
    let tasks = [
        tokio::spawn(rotate(issuer.clone(), tally.clone())),
        tokio::spawn(junk(issuer.clone(), layer.clone(), tally.clone())),
        tokio::spawn(load(issuer.clone(), layer.clone(), tally.clone())),
        tokio::spawn(prove(issuer.clone(), layer.clone(), tally.clone(), 0)),
        tokio::spawn(prove(issuer.clone(), layer.clone(), tally.clone(), 120)),
    ];
    sleep(Duration::from_secs(seconds)).await;
    tally.stop.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    report(&tally, &layer, &issuer)
}

/// Publishes a new key every five seconds, signs with it four seconds later, and then withdraws the
/// old one.
async fn rotate(issuer: Arc<TestIssuer>, tally: Arc<Tally>) {
    let mut signing = issuer.signing_key().kid().to_owned();
    while !tally.stop.load(Ordering::Relaxed) {
        let next = issuer.publish_next();
        sleep(Duration::from_secs(4)).await;
        issuer.sign_with(&next);
        sleep(Duration::from_secs(1)).await;
        issuer.withdraw(&signing);
        signing = next;
    }
}

/// 2,000 tokens a second that pass every check but the signature, each with a different `kid`.
async fn junk(issuer: Arc<TestIssuer>, layer: JwtAuthLayer, tally: Arc<Tally>) {
    let good = issuer.mint(RESOURCE).header("kid", "KID").sign();
    let (_, rest) = good.split_once('.').unwrap();
    let mut tick = interval(Duration::from_millis(10));
    while !tally.stop.load(Ordering::Relaxed) {
        tick.tick().await;
        for _ in 0..20 {
            let header = format!(r#"{{"alg":"ES256","kid":"junk-{:x}"}}"#, fastrand::u64(..));
            let token = format!("{}.{rest}", base64(header.as_bytes()));
            let (layer, tally) = (layer.clone(), tally.clone());
            tokio::spawn(async move {
                tally.junk.count(ask(&layer, bearer(&token)).await.status());
            });
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// Valid tokens, as fast as four clients can send them, each signed with the current key.
async fn load(issuer: Arc<TestIssuer>, layer: JwtAuthLayer, tally: Arc<Tally>) {
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (issuer, layer, tally) = (issuer.clone(), layer.clone(), tally.clone());
            tokio::spawn(async move {
                while !tally.stop.load(Ordering::Relaxed) {
                    let token = issuer.mint(RESOURCE).sign();
                    for _ in 0..10 {
                        let began = Instant::now();
                        let answer = ask(&layer, bearer(&token)).await;
                        tally.tokens.count(answer.status());
                        tally.latencies.lock().unwrap().push(began.elapsed());
                        tokio::task::yield_now().await;
                    }
                    sleep(Duration::from_millis(1)).await;
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
}

/// Clients whose tokens are bound to a key. Their clocks are this many seconds late: with a minute
/// or more, a client needs the nonce that it is given.
async fn prove(issuer: Arc<TestIssuer>, layer: JwtAuthLayer, tally: Arc<Tally>, late: u64) {
    while !tally.stop.load(Ordering::Relaxed) {
        let client = TestClient::start();
        let token = issuer.mint(RESOURCE).bound_to(&client).sign();
        let mut nonce: Option<String> = None;
        for _ in 0..10 {
            let time = SystemTime::now() - Duration::from_secs(late);
            let mut proof = client.proof("POST", RESOURCE).token(&token).at(time);
            if let Some(nonce) = &nonce {
                proof = proof.nonce(nonce);
            }
            let request = Request::post(RESOURCE)
                .header("authorization", format!("DPoP {token}"))
                .header("dpop", proof.sign());
            let request = request.body(Empty::new()).unwrap();
            let answer = ask(&layer, request.clone()).await;
            let given = answer.headers().get("dpop-nonce");
            if let (None, Some(given)) = (&nonce, given) {
                nonce = given.to_str().ok().map(str::to_owned);
                tally.nonces.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            tally.proofs.count(answer.status());
            tally.replays.count(ask(&layer, request).await.status());
        }
        sleep(Duration::from_millis(10)).await;
    }
}

type Empties = Request<Empty<Bytes>>;

fn bearer(token: &str) -> Empties {
    let request = Request::post(RESOURCE).header("authorization", format!("Bearer {token}"));
    request.body(Empty::new()).unwrap()
}

async fn ask(layer: &JwtAuthLayer, request: Empties) -> Response<()> {
    let service = layer.layer(service_fn(|_: Empties| async {
        Ok::<_, std::convert::Infallible>(Response::new(Empty::<Bytes>::new()))
    }));
    let response = service.oneshot(request).await;
    response.unwrap_or_else(|never| match never {}).map(drop)
}

impl Verdicts {
    fn count(&self, status: StatusCode) {
        let counter = match status {
            StatusCode::OK => &self.accepted,
            StatusCode::SERVICE_UNAVAILABLE => &self.unavailable,
            _ => &self.rejected,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Accepted, rejected and unavailable.
    fn all(&self) -> [u64; 3] {
        let all = [&self.accepted, &self.rejected, &self.unavailable];
        all.map(|counter| counter.load(Ordering::Relaxed))
    }
}

fn report(tally: &Tally, layer: &JwtAuthLayer, issuer: &TestIssuer) -> ExitCode {
    let mut latencies = std::mem::take(&mut *tally.latencies.lock().unwrap());
    latencies.sort_unstable();
    let percentile = |part: f64| latencies[((latencies.len() - 1) as f64 * part) as usize];
    let health = &layer.keys_health().issuers[0];
    for (what, verdicts) in [
        ("valid tokens", &tally.tokens),
        ("junk tokens", &tally.junk),
        ("new proofs", &tally.proofs),
        ("proofs used again", &tally.replays),
    ] {
        let [accepted, rejected, unavailable] = verdicts.all();
        println!("{what}: {accepted} accepted, {rejected} rejected, {unavailable} unavailable");
    }
    let nonces = tally.nonces.load(Ordering::Relaxed);
    println!("nonces given to clients with a late clock: {nonces}");
    println!(
        "fetches: {} started, {} failed, {} seen by the issuer; {} key sets",
        health.fetches,
        health.failures,
        issuer.fetches(),
        health.generation
    );
    println!(
        "latency of valid tokens: p50 {:?}, p99 {:?}, p99.9 {:?}, max {:?}",
        percentile(0.5),
        percentile(0.99),
        percentile(0.999),
        percentile(1.0)
    );
    let [tokens, junk] = [&tally.tokens, &tally.junk].map(Verdicts::all);
    let [proofs, replays] = [&tally.proofs, &tally.replays].map(Verdicts::all);
    let lost = tokens[1] + tokens[2] + proofs[1] + proofs[2];
    // Without load, or without new keys, the run would prove nothing.
    let busy = tokens[0] > 1000
        && junk.iter().sum::<u64>() > 1000
        && proofs[0] > 500
        && nonces > 0
        && health.generation > 2
        && (health.failures > 0 || issuer.fetches() > health.fetches);
    println!("{lost} lost");
    match busy && lost + junk[0] + replays[0] == 0 {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
