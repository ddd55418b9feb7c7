//! The stores that a program gives to other parts of this crate.

use std::time::Duration;

use super::Fleet;
use crate::limits::MAX_LEEWAY;
use crate::mcp::SessionStore;
use crate::proof::ReplayStore;
use crate::store::replays::FleetReplays;

impl Fleet {
    /// The DPoP proofs that were used in any process, for
    /// [`replay_store`](crate::proof::Dpop::replay_store). A proof then works once in the fleet.
    ///
    /// A config with this fleet and with `dpop` has it already, unless it names another store. Each
    /// proof is remembered until it has ended and for `leeway` longer; here, where the `leeway` of
    /// the config is not known, for [5 minutes](crate::limits::MAX_LEEWAY). `leeway` must cover the
    /// difference between any two clocks of the fleet, those of the servers of the store included:
    /// beyond it, a proof may work twice. The largest one that a config of this fleet, or a later
    /// list of issuers, has had counts.
    ///
    /// While the store is down, requests with a proof get 503 with `Retry-After: 1`. So they do if
    /// it does not answer within `timeout`, or within
    /// [950 milliseconds](crate::limits::MAX_FLEET_WAIT) if that is shorter. The call is not
    /// repeated, and the proof may count as used: clients make a new one for each request. Each
    /// process still limits how many proofs one key may use (429).
    ///
    /// The store must not evict: a proof that is evicted works again.
    #[must_use]
    pub fn replays(&self) -> impl ReplayStore + Clone + use<> {
        self.replays_for(MAX_LEEWAY)
    }

    /// As [`replays`](Self::replays), for a config with this `leeway`.
    pub(crate) fn replays_for(&self, leeway: Duration) -> FleetReplays {
        FleetReplays::new(self.store(), leeway)
    }

    /// The MCP sessions of all processes, for
    /// [`SessionBindingLayer::with_store`](crate::mcp::SessionBindingLayer::with_store). A session
    /// that began at one process then belongs to its principal at all of them.
    ///
    /// [`strict`](crate::mcp::SessionBindingLayer::strict) is the right setting with it: every
    /// session that lives is known. A session is kept for
    /// [15 minutes](crate::limits::NEW_SESSION_TIME), and for
    /// [24 hours](crate::limits::SESSION_IDLE_TIME) after each use once it was used a second time.
    ///
    /// This binds sessions and does not move them: an MCP server that keeps a session in memory
    /// still needs its requests to reach the same process.
    ///
    /// While the store is down, requests that name a session get 503 with `Retry-After: 1`, and so
    /// do responses that would begin one. A user may begin
    /// [1,000 sessions](crate::limits::MAX_SESSIONS_BEGUN) an hour at each process; the response
    /// that would begin one more becomes 429. No name of a user is stored, but a digest that is
    /// made with the secret.
    ///
    /// ```
    /// use tower_jwt_auth::fleet::Fleet;
    /// use tower_jwt_auth::mcp::SessionBindingLayer;
    ///
    /// fn sessions(fleet: &Fleet) -> SessionBindingLayer {
    ///     SessionBindingLayer::with_store(fleet.sessions()).strict()
    /// }
    /// ```
    #[must_use]
    pub fn sessions(&self) -> impl SessionStore + Clone + use<> {
        self.0.sessions.clone()
    }
}
