//! The read handle on one issuer's keys.

use std::sync::Arc;

use super::configured::KeyConfiguration;
use super::demand::{Asked, DemandOutcome, FetchId, KeyDemand};
use super::health::IssuerHealth;
use super::key_snapshot::KeySnapshot;
use super::refresh::handle::Handle;
use super::report::report_faults;
use super::settings::{KeyOrigin, Seed};
use super::snapshot::Snapshot;
use super::source::FetchError;
use crate::base::clock::{Clock, Now};
use crate::crypto::Algorithm;
use crate::jwks::KeySet;

/// The read handle on one issuer's keys. Clones share everything; the task ends with the last one.
#[derive(Clone, Debug)]
pub(crate) struct LiveKeys {
    kind: Kind,
    configured: Arc<KeyConfiguration>,
}

#[derive(Clone, Debug)]
enum Kind {
    Fixed(Arc<Snapshot>),
    Refreshed(Arc<Handle>),
}

impl LiveKeys {
    /// Keys of `issuer` that never change: `jwk`, `jwks` or PEM text in the configuration. What is
    /// wrong with them is reported as for a fetched set.
    pub(crate) fn fixed(
        issuer: &str,
        keys: Arc<KeySet>,
        allowed: &[Algorithm],
        configured: Arc<KeyConfiguration>,
    ) -> Self {
        report_faults(issuer, &keys, allowed);
        let kind = Kind::Fixed(Arc::new(Snapshot::fixed(keys)));
        Self { kind, configured }
    }

    /// Keys that the source of `origin` provides. Nothing runs until a request needs them.
    pub(crate) fn refreshed(
        origin: KeyOrigin,
        clock: Clock,
        configured: Arc<KeyConfiguration>,
    ) -> Self {
        let kind = Kind::Refreshed(Arc::new(Handle::new(origin, clock)));
        Self { kind, configured }
    }

    /// What these keys were configured with.
    pub(crate) fn configured(&self) -> &KeyConfiguration {
        &self.configured
    }

    /// The keys in use. Starts the task if it does not run; takes no lock if it does.
    pub(crate) fn in_use(&self, now: Now) -> InUse<'_> {
        match &self.kind {
            Kind::Fixed(snapshot) => InUse::Fixed(snapshot),
            Kind::Refreshed(handle) => InUse::Held(handle.in_use(now)),
        }
    }

    /// The keys in use, or `None` when no request has needed them yet. Starts nothing.
    pub(crate) fn in_use_already(&self, now: Now) -> Option<InUse<'_>> {
        let needed = match &self.kind {
            Kind::Fixed(_) => true,
            Kind::Refreshed(handle) => handle.is_running(),
        };
        needed.then(|| self.in_use(now))
    }

    /// Whether no key has this `kid` and [`ask`](Self::ask) would not bring one.
    pub(crate) fn are_known_to_lack(
        &self,
        kid: Option<&str>,
        in_use: &InUse<'_>,
        now: Now,
    ) -> bool {
        let Some(kid) = kid else {
            return false;
        };
        let Some(set) = in_use.serving(now).filter(|set| !set.keys.knows(kid)) else {
            return false;
        };
        let demand = KeyDemand::Key {
            kid: Some(kid),
            seen: set.generation,
        };
        self.would_find_absent(demand, now)
    }

    /// Whether [`ask`](Self::ask) would answer that nothing meets this demand. Uses no budget.
    pub(crate) fn would_find_absent(&self, demand: KeyDemand<'_>, now: Now) -> bool {
        match &self.kind {
            Kind::Fixed(_) => true,
            Kind::Refreshed(handle) => handle.would_find_absent(demand, now),
        }
    }

    /// States a demand that the keys in use did not meet. Most are answered at once.
    pub(crate) fn ask(&self, demand: KeyDemand<'_>, now: Now) -> Asked {
        match &self.kind {
            Kind::Fixed(_) => Asked::Answered(DemandOutcome::Absent),
            Kind::Refreshed(handle) => handle.ask(demand, now),
        }
    }

    /// Waits for the fetch that [`ask`](Self::ask) named, at most the fetch timeout.
    pub(crate) async fn wait(&self, demand: KeyDemand<'_>, fetch: FetchId) -> DemandOutcome {
        match &self.kind {
            Kind::Fixed(_) => DemandOutcome::Absent,
            Kind::Refreshed(handle) => handle.wait(demand, fetch).await,
        }
    }

    /// Waits until there are keys, or the first attempt has failed.
    pub(crate) async fn ready(&self) -> Result<(), FetchError> {
        match &self.kind {
            Kind::Fixed(_) => Ok(()),
            Kind::Refreshed(handle) => handle.ready().await,
        }
    }

    /// `allowed` are the algorithms that tokens of `issuer` may have.
    pub(crate) fn health(&self, issuer: &str, allowed: &[Algorithm], now: Now) -> IssuerHealth {
        match &self.kind {
            Kind::Fixed(snapshot) => IssuerHealth::new(issuer, Some(snapshot), allowed),
            Kind::Refreshed(handle) => handle.health(allowed, now),
        }
    }

    /// The keys in use, for a successor in this process; `None` for fixed keys and before the first
    /// set.
    pub(crate) fn seed(&self) -> Option<Seed> {
        match &self.kind {
            Kind::Fixed(_) => None,
            Kind::Refreshed(handle) => handle.seed(),
        }
    }

    /// The keys in use, for another process; `None` for fixed keys and before the first set.
    pub(crate) fn export(&self) -> Option<KeySnapshot> {
        match &self.kind {
            Kind::Fixed(_) => None,
            Kind::Refreshed(handle) => handle.export(),
        }
    }
}

/// The keys in use, held for one request. Holding them touches no counter that other requests read.
pub(crate) enum InUse<'k> {
    Fixed(&'k Snapshot),
    Held(arc_swap::Guard<Option<Arc<Snapshot>>>),
}

impl InUse<'_> {
    /// The keys, unless there are none or they are past `max_stale`.
    pub(crate) fn serving(&self, now: Now) -> Option<&Snapshot> {
        let snapshot = match self {
            Self::Fixed(snapshot) => Some(*snapshot),
            Self::Held(held) => held.as_deref(),
        };
        snapshot.filter(|snapshot| snapshot.may_serve(now))
    }
}

#[cfg(all(
    test,
    feature = "test-util",
    any(feature = "aws_lc_rs", feature = "rust_crypto")
))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use std::sync::Mutex;
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::keys::settings::Times;
    use crate::keys::source::{FetchFuture, FetchRequest, Fetched, KeySource};
    use crate::telemetry::IssuerLabels;
    use crate::test_util::TestKey;

    #[derive(Debug)]
    struct Source(Mutex<Vec<TestKey>>);

    impl KeySource for Source {
        fn fetch<'a>(&'a self, _: FetchRequest<'a>) -> FetchFuture<'a> {
            let keys: Vec<_> = self.0.lock().unwrap().iter().map(TestKey::jwk).collect();
            Box::pin(async move { Ok(Fetched::document(json!({"keys": keys}).to_string())) })
        }
    }

    fn refreshed(source: &Arc<Source>, max_age: Duration) -> (LiveKeys, Clock) {
        let seconds = Duration::from_secs;
        let origin = KeyOrigin {
            issuer: "i".into(),
            algorithms: Algorithm::ASYMMETRIC.into(),
            source: source.clone(),
            times: Times {
                min_age: seconds(10),
                max_age,
                max_stale: seconds(100),
                cooldown: seconds(30),
                timeout: seconds(5),
            },
            seed: None,
            snapshot_file: None,
            #[cfg(feature = "redis")]
            shared: None,
            ignores_file: false,
            labels: IssuerLabels::default(),
        };
        let clock = Clock::default();
        let keys = LiveKeys::refreshed(origin, clock.clone(), Arc::default());
        (keys, clock)
    }

    #[tokio::test(start_paused = true)]
    async fn what_came_after_the_look_is_not_known_to_be_lacking() {
        let key = |kid| TestKey::generate(Algorithm::ES256, kid);
        let source = Arc::new(Source(Mutex::new(vec![key("old")])));
        let seconds = Duration::from_secs;
        let (keys, clock) = refreshed(&source, seconds(10));
        keys.ready().await.unwrap();
        let look = keys.in_use(clock.now());
        let lacks = |kid: &str| keys.are_known_to_lack(Some(kid), &look, clock.now());
        assert!(!lacks("new"), "it may be asked for");
        for kid in ["junk", "new"] {
            let demand = KeyDemand::Key {
                kid: Some(kid),
                seen: 1,
            };
            match keys.ask(demand, clock.now()) {
                Asked::WaitFor(fetch) => drop(keys.wait(demand, fetch).await),
                Asked::Answered(answer) => panic!("{answer:?}"),
            }
        }
        assert!(lacks("new") && !lacks("old"), "a fetch has just lacked it");
        assert!(!lacks("other"), "no fetch has looked for it");
        source.0.lock().unwrap().push(key("new"));
        tokio::time::sleep(seconds(10)).await;
        assert!(!lacks("new"), "the schedule has brought it");
    }

    #[tokio::test(start_paused = true)]
    async fn whether_a_failed_signature_is_worth_a_fetch() {
        let source = Arc::new(Source(Mutex::new(vec![TestKey::generate(
            Algorithm::ES256,
            "k",
        )])));
        let (keys, clock) = refreshed(&source, Duration::from_secs(100));
        let would_ask = |seen| {
            let demand = KeyDemand::Signature { seen };
            !keys.would_find_absent(demand, clock.now())
        };
        keys.ready().await.unwrap();
        assert!(!would_ask(1), "the set is young");
        assert!(would_ask(0), "a newer set is here");
        tokio::time::sleep(Duration::from_secs(31)).await;
        drop(keys.in_use(clock.now()));
        for _ in 0..2 {
            assert!(would_ask(1), "the question spends nothing");
        }
        let demand = KeyDemand::Signature { seen: 1 };
        let Asked::WaitFor(fetch) = keys.ask(demand, clock.now()) else {
            panic!("no fetch");
        };
        assert!(would_ask(1), "it is in progress");
        keys.wait(demand, fetch).await;
        assert!(!would_ask(1), "it has brought the same set");
        let fixed = LiveKeys::fixed("i", Arc::new(KeySet::empty()), &[], Arc::default());
        assert!(fixed.would_find_absent(demand, clock.now()));
    }
}
