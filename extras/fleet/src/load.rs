//! Clients: who sends good tokens and counts what came back.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::{Client, RequestBuilder};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};
use tower_jwt_auth::test_util::TestClient;

use crate::issuer::{CountingIssuer, RESOURCE};

/// What one request got.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    pub at: Instant,
    pub took: Duration,
    pub status: u16,
    pub is_proof: bool,
}

/// Clients that send good tokens to each of some processes until this is stopped: ten bearer
/// tokens a second for each process, half of them never seen before, and two proofs.
#[derive(Debug)]
pub struct Load {
    answers: Arc<Mutex<Vec<Answer>>>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Load {
    pub fn start(issuer: &CountingIssuer, addresses: &[SocketAddr]) -> Self {
        let load = Self {
            answers: Arc::default(),
            stop: watch::Sender::new(false),
            tasks: Vec::new(),
        };
        let client = client();
        let tasks = addresses.iter().map(|address| {
            let url = format!("http://{address}/mcp");
            let (issuer, client) = (issuer.clone(), client.clone());
            let (answers, stop) = (load.answers.clone(), load.stop.subscribe());
            tokio::spawn(send(issuer, client, url, answers, stop))
        });
        let tasks = tasks.collect();
        Self { tasks, ..load }
    }

    /// What came back so far.
    pub fn answers(&self) -> Vec<Answer> {
        let answers = self.answers.lock();
        answers.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for the requests that are under way, and returns all answers.
    pub async fn stop(self) -> Vec<Answer> {
        self.stop.send_replace(true);
        for task in self.tasks {
            task.await.expect("no panic");
        }
        let answers = self.answers.lock();
        answers.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A client that keeps no connection for long and waits 15 s for an answer.
pub fn client() -> Client {
    let client = Client::builder().timeout(Duration::from_secs(15));
    client.build().expect("a client")
}

/// The status of one request; 0 if there was no answer.
pub async fn status(request: RequestBuilder) -> u16 {
    let response = request.send().await;
    response.map_or(0, |response| response.status().as_u16())
}

async fn send(
    issuer: CountingIssuer,
    client: Client,
    url: String,
    answers: Arc<Mutex<Vec<Answer>>>,
    mut stop: watch::Receiver<bool>,
) {
    let holder = TestClient::start();
    let bound = issuer.mint().bound_to(&holder).sign();
    let known = issuer.mint().sign();
    let mut ticks = interval(Duration::from_millis(100));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut requests = tokio::task::JoinSet::new();
    for number in 0_u64.. {
        tokio::select! {
            _ = stop.changed() => break,
            _ = ticks.tick() => {}
        }
        let bearer = match number % 2 {
            0 => known.clone(),
            _ => issuer.mint().sign(),
        };
        let bearer = client.get(&url).bearer_auth(bearer);
        requests.spawn(one(bearer, false, answers.clone()));
        if number % 5 == 0 {
            let proof = holder.proof("GET", RESOURCE).token(&bound).sign();
            let request = client.get(&url).header("dpop", proof);
            let request = request.header("authorization", format!("DPoP {bound}"));
            requests.spawn(one(request, true, answers.clone()));
        }
        while requests.try_join_next().is_some() {}
    }
    while requests.join_next().await.is_some() {}
}

async fn one(request: RequestBuilder, is_proof: bool, answers: Arc<Mutex<Vec<Answer>>>) {
    let at = Instant::now();
    let status = status(request).await;
    let took = at.elapsed();
    let answer = Answer {
        at,
        took,
        status,
        is_proof,
    };
    let answers = answers.lock();
    answers.unwrap_or_else(PoisonError::into_inner).push(answer);
}
