//! The state that the test issuer and its server share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::key::TestKey;
use crate::crypto::Algorithm;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) issuer: String,
    pub(super) jwks_uri: String,
    pub(super) state: Mutex<State>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Up,
    Down,
    Ended,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) algorithm: Algorithm,
    pub(super) signing: Arc<TestKey>,
    pub(super) published: Vec<Arc<TestKey>>,
    pub(super) keys_made: u32,
    /// The document that is served instead of the published keys.
    pub(super) document: Option<Vec<u8>>,
    pub(super) fault: Option<Fault>,
    /// The number of further responses that the fault applies to; `None` means all.
    pub(super) fault_left: Option<u32>,
    /// Random faults, and the share of the responses that they apply to.
    pub(super) flaky: Option<(Vec<Fault>, f64)>,
    pub(super) etag: bool,
    pub(super) not_modified: u64,
    pub(super) last_request: Option<http::HeaderMap>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) delay: Duration,
    pub(super) openid: bool,
    pub(super) oauth: bool,
    pub(super) metadata: Option<Value>,
    pub(super) jwks_fetches: u64,
    pub(super) metadata_fetches: u64,
}

/// A fault in the issuer's responses, until [`TestIssuer::recover`](super::TestIssuer::recover).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The connection is closed in the middle of the body.
    Cut,
    /// The body is sent at one byte per second.
    Drip,
    /// The request is read, but no response is sent.
    Hang,
    /// The connection is closed without a response.
    Reset,
    /// The response has this status and no key set.
    Status(u16),
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The fault that applies to this response.
    pub(super) fn next_fault(&mut self) -> Option<Fault> {
        if let Some(left) = &mut self.fault_left {
            match left.checked_sub(1) {
                Some(fewer) => *left = fewer,
                None => self.fault = None,
            }
        }
        let drawn = self
            .flaky
            .as_ref()
            .filter(|(_, share)| fastrand::f64() < *share);
        self.fault.or_else(|| fastrand::choice(&drawn?.0).copied())
    }

    pub(super) fn jwks(&self) -> Value {
        let keys: Vec<Value> = self.published.iter().map(|key| key.jwk()).collect();
        json!({"keys": keys})
    }
}
