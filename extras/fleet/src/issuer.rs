//! An issuer that counts what it is asked, bears so many requests a second, and can be down.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::time::sleep;
use tower_jwt_auth::test_util::{TestIssuer, TokenBuilder};

pub const RESOURCE: &str = "http://127.0.0.1/mcp";

/// An issuer on a port of its own. Clones are the same issuer.
#[derive(Clone, Debug)]
pub struct CountingIssuer {
    /// Makes keys and tokens. Nobody asks its own port.
    keys: Arc<TestIssuer>,
    address: SocketAddr,
    state: Arc<Mutex<Answers>>,
}

#[derive(Debug)]
struct Answers {
    is_down: bool,
    retry_after: Option<u32>,
    /// Requests a second; the same number may come at once.
    rate: Option<f64>,
    left: f64,
    at: Instant,
    latency: Duration,
    asked: VecDeque<Instant>,
    refused: usize,
}

impl CountingIssuer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let issuer = Self {
            keys: Arc::new(TestIssuer::start()),
            address: listener.local_addr().expect("a bound port"),
            state: Arc::new(Mutex::new(Answers {
                is_down: false,
                retry_after: None,
                rate: None,
                left: 0.0,
                at: Instant::now(),
                latency: Duration::ZERO,
                asked: VecDeque::new(),
                refused: 0,
            })),
        };
        let metadata = "/.well-known/oauth-authorization-server";
        let app = Router::new()
            .route(metadata, get(Self::metadata))
            .route("/jwks", get(Self::key_set))
            .with_state(issuer.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        issuer
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Begins a good token.
    pub fn mint(&self) -> TokenBuilder {
        self.keys.mint(RESOURCE).claim("iss", self.url())
    }

    /// A token with a `kid` that nobody has published.
    pub fn junk(&self) -> String {
        let kid = format!("junk-{:016x}", fastrand::u64(..));
        self.mint().header("kid", kid).sign()
    }

    /// Publishes a new key, which signs from now on, instead of the old one.
    pub fn rotate(&self) -> String {
        self.keys.rotate()
    }

    /// The keys behind the issuer.
    pub fn keys(&self) -> &TestIssuer {
        &self.keys
    }

    /// From now on every request fails.
    pub fn set_down(&self, is_down: bool) {
        self.state().is_down = is_down;
    }

    /// Failures ask for a pause of so many seconds.
    pub fn set_retry_after(&self, seconds: Option<u32>) {
        self.state().retry_after = seconds;
    }

    /// How many requests a second are answered; `None` for all.
    pub fn set_rate(&self, rate: Option<f64>) {
        let mut state = self.state();
        (state.rate, state.left, state.at) = (rate, rate.unwrap_or(0.0), Instant::now());
    }

    /// How long an answer takes, less up to three tenths or more by up to a half.
    pub fn set_latency(&self, latency: Duration) {
        self.state().latency = latency;
    }

    /// The number of requests since then.
    pub fn requests_since(&self, since: Instant) -> usize {
        let state = self.state();
        state.asked.iter().filter(|at| **at >= since).count()
    }

    /// The number of requests beyond the rate, so far.
    pub fn refused(&self) -> usize {
        self.state().refused
    }

    fn state(&self) -> MutexGuard<'_, Answers> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn metadata(State(issuer): State<Self>) -> Response {
        let document = json!({
            "issuer": issuer.url(),
            "jwks_uri": format!("{}/jwks", issuer.url()),
        });
        issuer.answer(document).await
    }

    async fn key_set(State(issuer): State<Self>) -> Response {
        let document = issuer.keys.jwks();
        issuer.answer(document).await
    }

    async fn answer(&self, document: serde_json::Value) -> Response {
        let latency = self.state().latency;
        sleep(latency.mul_f64(0.7 + 0.8 * fastrand::f64())).await;
        let mut state = self.state();
        match (state.count(), state.retry_after) {
            (Ok(()), _) => Json(document).into_response(),
            (Err(status), None) => status.into_response(),
            (Err(status), Some(pause)) => (status, [("retry-after", pause)]).into_response(),
        }
    }
}

impl Answers {
    fn count(&mut self) -> Result<(), StatusCode> {
        let now = Instant::now();
        self.asked.push_back(now);
        if self.is_down {
            return Err(StatusCode::SERVICE_UNAVAILABLE);
        }
        let Some(rate) = self.rate else {
            return Ok(());
        };
        let since = now.duration_since(self.at).as_secs_f64();
        self.at = now;
        self.left = rate.min(self.left + since * rate);
        if self.left < 1.0 {
            self.refused += 1;
            return Err(StatusCode::TOO_MANY_REQUESTS);
        }
        self.left -= 1.0;
        Ok(())
    }
}
