use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use super::introspection::{INTROSPECTION_PATH, TestIntrospection};
use super::key::TestKey;
use super::server;
use super::state::{Fault, Introspection, Mode, Shared, State};
use super::token::TokenBuilder;
use crate::crypto::Algorithm;

/// An issuer on the loopback interface, with its own thread and runtime.
///
/// It publishes its key set at `/jwks` and its metadata in both well-known forms. Dropping it
/// closes the port.
#[derive(Debug)]
pub struct TestIssuer {
    shared: Arc<Shared>,
    address: SocketAddr,
    mode: watch::Sender<Mode>,
}

impl TestIssuer {
    /// Starts an issuer that signs with `ES256`.
    ///
    /// # Panics
    ///
    /// Panics if no loopback port is available.
    #[must_use]
    pub fn start() -> Self {
        Self::with_algorithm(Algorithm::ES256)
    }

    /// Starts an issuer that signs with `algorithm`.
    ///
    /// # Panics
    ///
    /// Panics if no loopback port is available.
    #[must_use]
    pub fn with_algorithm(algorithm: Algorithm) -> Self {
        Self::with_path(algorithm, "")
    }

    /// Starts an issuer whose identifier ends in `path`, such as `/tenant` or `/`.
    ///
    /// # Panics
    ///
    /// Panics if no loopback port is available.
    #[must_use]
    pub fn with_path(algorithm: Algorithm, path: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a loopback port is free");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let key = Arc::new(TestKey::generate(algorithm, "key-1"));
        let shared = Arc::new(Shared {
            issuer: format!("http://{address}{path}"),
            jwks_uri: format!("http://{address}/jwks"),
            introspection_endpoint: format!("http://{address}{INTROSPECTION_PATH}"),
            state: Mutex::new(State {
                algorithm,
                signing: key.clone(),
                published: vec![key],
                keys_made: 1,
                document: None,
                fault: None,
                fault_left: None,
                flaky: None,
                etag: false,
                not_modified: 0,
                last_request: None,
                headers: Vec::new(),
                delay: Duration::ZERO,
                openid: true,
                oauth: true,
                metadata: None,
                jwks_fetches: 0,
                metadata_fetches: 0,
                introspection: Introspection::default(),
            }),
        });
        let (mode, seen) = watch::channel(Mode::Up);
        let served = shared.clone();
        thread::spawn(move || server::run(listener, address, &served, seen));
        Self {
            shared,
            address,
            mode,
        }
    }

    /// The issuer identifier, which tokens carry in `iss`.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.shared.issuer
    }

    /// The URL of the key set.
    #[must_use]
    pub fn jwks_uri(&self) -> &str {
        &self.shared.jwks_uri
    }

    /// The address that the issuer listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Begins a valid access token for `audience`, signed with the current key, with a lifetime of
    /// an hour.
    pub fn mint(&self, audience: &str) -> TokenBuilder {
        TokenBuilder::new(self.signing_key(), &self.shared.issuer, audience)
    }

    /// The key that signs tokens at present.
    #[must_use]
    pub fn signing_key(&self) -> Arc<TestKey> {
        self.shared.state().signing.clone()
    }

    /// The key set of the published keys.
    #[must_use]
    pub fn jwks(&self) -> Value {
        self.shared.state().jwks()
    }

    /// The introspection endpoint of the issuer, which its metadata names from now on.
    #[must_use]
    pub fn introspection(&self) -> TestIntrospection {
        self.shared.state().introspection.is_announced = true;
        TestIntrospection::new(self.shared.clone())
    }

    /// Replaces the key: the new one signs and is the only one published. Returns its `kid`.
    pub fn rotate(&self) -> String {
        let kid = self.publish_next();
        self.sign_with(&kid);
        let mut state = self.shared.state();
        let signing = state.signing.clone();
        state.published = vec![signing];
        kid
    }

    /// Publishes a new key beside the others; it does not sign yet. Returns its `kid`.
    pub fn publish_next(&self) -> String {
        let algorithm = self.shared.state().algorithm;
        self.publish(algorithm)
    }

    /// Publishes a new key of `algorithm` beside the others. Returns its `kid`.
    pub fn publish(&self, algorithm: Algorithm) -> String {
        let kid = {
            let mut state = self.shared.state();
            state.keys_made += 1;
            format!("key-{}", state.keys_made)
        };
        // Outside the lock: an RSA key takes a while, and the server must be able to respond.
        self.publish_key(TestKey::generate(algorithm, kid.clone()));
        kid
    }

    /// Publishes this key beside the others.
    pub fn publish_key(&self, key: TestKey) {
        self.shared.state().published.push(Arc::new(key));
    }

    /// Signs with the published key with this `kid` from now on.
    ///
    /// # Panics
    ///
    /// Panics if no published key has this `kid`.
    pub fn sign_with(&self, kid: &str) {
        let mut state = self.shared.state();
        let key = state.published.iter().find(|key| key.kid() == kid).cloned();
        state.signing = key.expect("a published key");
    }

    /// Stops publishing the key with this `kid`.
    pub fn withdraw(&self, kid: &str) {
        self.shared.state().published.retain(|key| key.kid() != kid);
    }

    /// Serves this document instead of the key set; `None` restores the key set.
    pub fn serve_document(&self, document: Option<&[u8]>) {
        self.shared.state().document = document.map(ToOwned::to_owned);
    }

    /// Adds these headers to each response with a key set. They replace the headers of an earlier
    /// call.
    pub fn serve_headers(&self, headers: &[(&str, &str)]) {
        let owned = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.shared.state().headers = owned.collect();
    }

    /// Waits this long, by the real clock, before each response.
    pub fn serve_after(&self, delay: Duration) {
        self.shared.state().delay = delay;
    }

    /// Sets which metadata is served: OpenID Connect Discovery, RFC 8414. Both are served at first.
    pub fn serve_discovery(&self, openid: bool, oauth: bool) {
        let mut state = self.shared.state();
        state.openid = openid;
        state.oauth = oauth;
    }

    /// Serves this metadata document instead of the correct one; `None` restores the correct one.
    pub fn serve_metadata(&self, metadata: Option<Value>) {
        self.shared.state().metadata = metadata;
    }

    /// Applies `fault` to every response.
    pub fn fail(&self, fault: Fault) {
        let mut state = self.shared.state();
        state.fault = Some(fault);
        state.fault_left = None;
    }

    /// Applies `fault` to the next `answers` responses; later responses are correct again.
    pub fn fail_next(&self, fault: Fault, answers: u32) {
        let mut state = self.shared.state();
        state.fault = Some(fault);
        state.fault_left = Some(answers);
    }

    /// Applies one of `faults` to a share of the responses. The share is from 0 to 1, and the
    /// choice is random for each response.
    pub fn fail_some(&self, faults: &[Fault], share: f64) {
        self.shared.state().flaky = Some((faults.to_vec(), share));
    }

    /// Sends an `ETag` with each key set, and responds with 304 to a request that carries the same
    /// `ETag`.
    pub fn serve_etag(&self) {
        self.shared.state().etag = true;
    }

    /// The number of 304 responses.
    #[must_use]
    pub fn not_modified(&self) -> u64 {
        self.shared.state().not_modified
    }

    /// The value of a header of the last request for the key set.
    #[must_use]
    pub fn last_header(&self, name: &str) -> Option<String> {
        let state = self.shared.state();
        let value = state.last_request.as_ref()?.get(name)?;
        value.to_str().ok().map(ToOwned::to_owned)
    }

    /// Makes responses correct again.
    pub fn recover(&self) {
        let mut state = self.shared.state();
        state.fault = None;
        state.flaky = None;
    }

    /// Closes the port, so that connections are refused. Returns when the port is closed.
    pub fn go_down(&self) {
        self.switch(Mode::Down);
    }

    /// Opens the port again. Returns when the port is open.
    pub fn come_up(&self) {
        self.switch(Mode::Up);
    }

    fn switch(&self, mode: Mode) {
        self.mode.send_replace(mode);
        // Connecting to the port shows its state: no channel back from the server is needed.
        let reached = || std::net::TcpStream::connect(self.address).is_ok() == (mode == Mode::Up);
        while !reached() {
            thread::yield_now();
        }
    }

    /// The number of requests for the key set, including failed ones.
    #[must_use]
    pub fn fetches(&self) -> u64 {
        self.shared.state().jwks_fetches
    }

    /// The number of requests for metadata, including failed ones.
    #[must_use]
    pub fn metadata_fetches(&self) -> u64 {
        self.shared.state().metadata_fetches
    }
}

impl Drop for TestIssuer {
    fn drop(&mut self) {
        self.mode.send_replace(Mode::Ended);
    }
}
