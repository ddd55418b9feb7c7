//! Real processes in the situations that `docs/fleet_sim.py` models, with one issuer that counts.

use std::collections::BTreeMap;
use std::fs;
use std::future::Future;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::failures;
use crate::issuer::CountingIssuer;
use crate::load::{client, status};
use crate::replica::{Replica, Settings};
use crate::store_server::StoreServer;

/// As `MEASURED` in `docs/fleet_sim.py`.
#[derive(Clone, Copy, Debug)]
struct Situation {
    count: usize,
    lives: f64,
    over: Duration,
    rate: f64,
    every: Duration,
    max_age: Duration,
    cooldown: Duration,
}

const FULL: Situation = Situation {
    count: 50,
    lives: 6.0,
    over: Duration::from_secs(2),
    rate: 10.0,
    every: Duration::from_millis(200),
    max_age: Duration::from_secs(30),
    cooldown: Duration::from_secs(3),
};

const SHORT: Situation = Situation {
    count: 12,
    lives: 2.0,
    over: Duration::from_millis(500),
    rate: 10.0,
    every: Duration::from_millis(200),
    max_age: Duration::from_secs(6),
    cooldown: Duration::from_secs(2),
};

/// One request takes this long, less up to three tenths or more by up to a half.
const LATENCY: Duration = Duration::from_millis(150);

/// Measures all, and writes what `docs/fleet_page.py` reads.
///
/// # Panics
///
/// Panics if the file cannot be written, before anything is measured.
pub async fn run(file: &Path) -> bool {
    let opened = fs::OpenOptions::new().append(true).create(true).open(file);
    opened.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let (alone, fleet) = (Run::of(FULL, false).await, Run::of(FULL, true).await);
    let figures = both(&alone, &fleet);
    let failures = failures::walk().await;
    let text = json!({"failures": failures, "figures": figures});
    let text = serde_json::to_string_pretty(&text).expect("JSON");
    fs::write(file, text + "\n").is_ok()
}

/// Whether few processes in little time ask the issuer less with the store than without.
pub async fn short() -> bool {
    let (alone, fleet) = tokio::join!(Run::of(SHORT, false), Run::of(SHORT, true));
    let figures = both(&alone, &fleet);
    println!("{}", serde_json::to_string_pretty(&figures).expect("JSON"));
    let requests = |of: &Value, form: &str| of[form]["requests"].as_u64();
    let shared = figures.iter().filter(|(name, _)| *name != "store_down");
    // The outage is short: there every process may still have keys in both forms.
    shared.into_iter().all(|(name, of)| {
        name == "outage" || requests(of, "fleet") < requests(of, "alone").map(|alone| alone / 2)
    })
}

type Figures = BTreeMap<&'static str, Value>;

fn both(alone: &Figures, fleet: &Figures) -> Map<String, Value> {
    let forms = |name: &str| json!({"alone": alone.get(name), "fleet": fleet.get(name)});
    let names = alone.keys();
    names
        .map(|name| ((*name).to_owned(), forms(name)))
        .collect()
}

/// All situations one after the other, in one form.
struct Run {
    at: Situation,
    issuer: CountingIssuer,
    replicas: Vec<Replica>,
    client: reqwest::Client,
}

impl Run {
    async fn of(at: Situation, is_fleet: bool) -> Figures {
        let issuer = CountingIssuer::start().await;
        issuer.set_latency(LATENCY);
        let store = is_fleet.then(StoreServer::start);
        let settings = Settings {
            issuer: issuer.url(),
            store: store.as_ref().map(StoreServer::url),
            max_age: at.max_age,
            cooldown: at.cooldown,
        };
        let mut figures = BTreeMap::new();
        let (replicas, restart) = restart(&issuer, &settings, at).await;
        figures.insert("restart", restart);
        let run = Self {
            at,
            issuer,
            replicas,
            client: client(),
        };
        figures.insert("steady", run.steady().await);
        figures.insert("rotation", run.rotation().await);
        figures.insert("flood", run.flood().await);
        figures.insert("outage", run.outage().await);
        drop(store);
        figures.insert("store_down", run.rotation().await);
        for (name, figures) in &figures {
            eprintln!("{name}: {figures}");
        }
        figures
    }

    async fn steady(&self) -> Value {
        let began = Instant::now();
        sleep(self.at.max_age.mul_f64(self.at.lives)).await;
        json!({"requests": self.issuer.requests_since(began)})
    }

    /// Each process meets a token of the new key within a second, and its client asks again each
    /// second.
    async fn rotation(&self) -> Value {
        // Budgets of what was before are full again.
        sleep(self.at.cooldown * 2).await;
        self.issuer.set_rate(Some(self.at.rate));
        let began = Instant::now();
        self.issuer.rotate();
        let token = self.issuer.mint().sign();
        let waits = self.each(move |client, url| {
            let token = token.clone();
            async move {
                sleep(Duration::from_secs(1).mul_f64(fastrand::f64())).await;
                let since = Instant::now();
                while status(client.get(&url).bearer_auth(&token)).await != 200 {
                    sleep(Duration::from_secs(1)).await;
                }
                since.elapsed().as_secs_f64()
            }
        });
        let mut waits = waits.await;
        waits.sort_by(f64::total_cmp);
        self.issuer.set_rate(None);
        json!({
            "requests": self.issuer.requests_since(began),
            "half": waits.get(waits.len() / 2),
            "seconds": waits.last(),
        })
    }

    async fn flood(&self) -> Value {
        sleep(self.at.cooldown * 2).await;
        let (began, every) = (Instant::now(), self.at.every);
        let end = began + self.at.cooldown * 4;
        let issuer = self.issuer.clone();
        let flood = self.each(move |client, url| {
            let issuer = issuer.clone();
            async move {
                sleep(every.mul_f64(fastrand::f64())).await;
                while Instant::now() < end {
                    let request = client.get(&url).bearer_auth(issuer.junk());
                    tokio::spawn(status(request));
                    sleep(every.mul_f64(0.5 + fastrand::f64())).await;
                }
                0.0
            }
        });
        flood.await;
        json!({"requests": self.issuer.requests_since(began)})
    }

    async fn outage(&self) -> Value {
        // Fetches of the flood are over.
        sleep(self.at.cooldown * 2).await;
        let began = Instant::now();
        self.issuer.set_down(true);
        sleep(self.at.max_age.mul_f64(1.5)).await;
        let requests = self.issuer.requests_since(began);
        let back = Instant::now();
        self.issuer.set_down(false);
        let waits = self.each(move |client, url| async move {
            loop {
                let age = age(&client, &url).await;
                let fresh = Instant::now().checked_sub(age.unwrap_or(Duration::MAX));
                if fresh.is_some_and(|at| at >= back) {
                    break back.elapsed().as_secs_f64();
                }
                sleep(Duration::from_millis(50)).await;
            }
        });
        let waits = waits.await;
        json!({"requests": requests, "seconds": waits.into_iter().fold(0.0, f64::max)})
    }

    /// Runs something for all processes at once.
    async fn each<F>(&self, play: impl Fn(reqwest::Client, String) -> F) -> Vec<f64>
    where
        F: Future<Output = f64> + Send + 'static,
    {
        let mut all = JoinSet::new();
        for replica in &self.replicas {
            all.spawn(play(self.client.clone(), replica.url()));
        }
        all.join_all().await
    }
}

/// Starts all within a moment, against an issuer with a limit.
async fn restart(
    issuer: &CountingIssuer,
    settings: &Settings,
    at: Situation,
) -> (Vec<Replica>, Value) {
    issuer.set_rate(Some(at.rate));
    let began = Instant::now();
    let mut starting = JoinSet::new();
    for number in 0..at.count {
        let settings = settings.clone();
        let pause = at.over.mul_f64(number as f64 / at.count as f64);
        starting.spawn(async move {
            sleep(pause).await;
            let mut replica = Replica::start(&settings).await;
            replica.is_ready().await;
            (replica, began.elapsed())
        });
    }
    let ready = starting.join_all().await;
    let last = ready.iter().map(|(_, after)| *after).max();
    let requests = issuer.requests_since(began);
    issuer.set_rate(None);
    let replicas = ready.into_iter().map(|(replica, _)| replica).collect();
    let seconds = last.unwrap_or_default().as_secs_f64();
    (replicas, json!({"requests": requests, "seconds": seconds}))
}

/// The age of the keys of a process.
async fn age(client: &reqwest::Client, url: &str) -> Option<Duration> {
    let url = url.replace("/mcp", "/state");
    let state = client.get(url).send().await.ok()?;
    state.json::<crate::replica::State>().await.ok()?.age
}
