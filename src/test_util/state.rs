//! The state that the test issuer and its server share.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::key::TestKey;
use super::token::TokenBuilder;
use crate::crypto::Algorithm;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) issuer: String,
    pub(super) jwks_uri: String,
    pub(super) introspection_endpoint: String,
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
    pub(super) introspection: Introspection,
}

/// The state of the introspection endpoint.
#[derive(Debug, Default)]
pub(super) struct Introspection {
    /// Whether the metadata names the endpoint.
    pub(super) is_announced: bool,
    /// The answers for tokens that are known.
    pub(super) answers: HashMap<String, Value>,
    /// The status, the headers and the body for every token.
    pub(super) fixed: Option<(u16, Vec<(String, String)>, Vec<u8>)>,
    pub(super) media_type: Option<String>,
    /// The client that may ask.
    pub(super) client: Option<(String, String)>,
    pub(super) signed: Option<Signed>,
    pub(super) fault: Option<Fault>,
    /// The number of further responses that the fault applies to; `None` means all.
    pub(super) fault_left: Option<u32>,
    pub(super) delay: Duration,
    pub(super) calls: Vec<HashMap<String, String>>,
    pub(super) last_headers: http::HeaderMap,
    pub(super) connections: usize,
    pub(super) at_once: usize,
    pub(super) most_at_once: usize,
}

/// How answers are signed: for this audience, with a change of the test.
#[derive(Clone)]
pub(super) struct Signed {
    pub(super) audience: String,
    pub(super) change: Arc<dyn Fn(TokenBuilder) -> TokenBuilder + Send + Sync>,
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signed(..)")
    }
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
        count_down(&mut self.fault, &mut self.fault_left);
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

/// One more response: a fault for a number of responses ends after the last of them.
pub(super) fn count_down(fault: &mut Option<Fault>, left: &mut Option<u32>) {
    if let Some(left) = left {
        match left.checked_sub(1) {
            Some(fewer) => *left = fewer,
            None => *fault = None,
        }
    }
}
