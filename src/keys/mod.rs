//! Keys over time: the only place with tasks, sockets and a store into the `ArcSwap`.
//!
//! Readers load a [`Snapshot`] and nothing else. One background task per issuer, started by the first
//! token that names it, is the sole writer; requests never fetch. A request that finds its key missing
//! says so ([`LiveKeys::ask`]) and waits, bounded by the fetch timeout, for a fetch that belongs to
//! the task: when the request goes away, the fetch goes on.

mod health;
mod persist;
pub(crate) mod refresh;
pub(crate) mod source;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

pub use health::{IssuerHealth, KeysHealth, SkippedKey};
pub use persist::file::KeySnapshot;
pub(crate) use persist::file::SnapshotFault;
use refresh::handle::Handle;
use refresh::schedule::FetchedAt;
pub(crate) use refresh::schedule::Times;
#[cfg(feature = "reqwest")]
pub(crate) use source::discovery::DiscoveredKeys;
#[cfg(feature = "reqwest")]
pub(crate) use source::jwks_uri::{HttpClient, HttpKeys};
pub use source::{FetchError, FetchFuture, Fetched, KeySource, Validators};

use crate::base::clock::{Clock, Now};
use crate::jwks::KeySet;

/// The read handle on one issuer's keys. Clones share everything; the task ends with the last one.
#[derive(Clone, Debug)]
pub(crate) struct LiveKeys(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Fixed(Arc<Snapshot>),
    Refreshed(Arc<Handle>),
}

/// Where one issuer's keys come from, and when.
#[derive(Clone, Debug)]
pub(crate) struct KeyOrigin {
    pub(crate) issuer: Arc<str>,
    pub(crate) source: Arc<dyn KeySource>,
    pub(crate) times: Times,
    /// Serves until the first fetch.
    pub(crate) seed: Option<Seed>,
    /// Where good sets are kept for the next start of the process.
    pub(crate) snapshot_file: Option<PathBuf>,
}

/// Keys that were there before the first fetch.
#[derive(Clone, Debug)]
pub(crate) struct Seed {
    pub(crate) keys: Arc<KeySet>,
    pub(crate) document: Vec<u8>,
    /// Unix seconds; as old as the process where it is not known.
    pub(crate) fetched_at: Option<u64>,
}

/// One key set and when it was fetched. A request uses one from start to end.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) keys: Arc<KeySet>,
    /// Counts sets that differ; a renewed one keeps its number.
    pub(crate) generation: u64,
    life: Option<Life>,
}

#[derive(Debug)]
struct Life {
    fetched: FetchedAt,
    /// By both clocks. Until then nothing else about its age needs to be worked out.
    fresh_until: Now,
    max_age: Duration,
    max_stale: Duration,
    origin: Arc<Origin>,
}

/// What the keys were read from.
#[derive(Debug)]
struct Origin {
    document: Vec<u8>,
    validators: Option<Validators>,
}

/// The keys in use, held for one request: no counter is touched that other requests read.
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

/// What a request lacked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lack<'k> {
    /// A key of this `kid`, if it names one, in this generation; 0 when no keys could serve at all.
    Key { kid: Option<&'k str>, seen: u64 },
    /// A signature did not verify under a key of this generation.
    Signature { seen: u64 },
}

/// What came of asking.
#[derive(Debug)]
pub(crate) enum Asked {
    Answered(Answer),
    WaitFor(Flight),
}

/// A fetch to wait for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flight {
    number: u64,
    /// It takes off after the question, so that its result settles it.
    last_word: bool,
}

/// What came of waiting.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Keys that the request has not seen: worth one more look.
    Newer(Arc<Snapshot>),
    /// The issuer's keys are current, and what was lacking is not among them.
    Absent,
    /// The issuer cannot be reached; the next attempt comes after this time.
    Unavailable { retry_after: Duration },
}

impl LiveKeys {
    /// Keys that never change: `jwk`, `jwks` or PEM text in the configuration.
    pub(crate) fn fixed(keys: Arc<KeySet>) -> Self {
        Self(Kind::Fixed(Arc::new(Snapshot {
            keys,
            generation: 1,
            life: None,
        })))
    }

    /// Keys that `source` brings. Nothing runs until they are asked for.
    pub(crate) fn refreshed(origin: KeyOrigin, clock: Clock) -> Self {
        Self(Kind::Refreshed(Arc::new(Handle::new(origin, clock))))
    }

    /// The keys in use. Makes sure that the task runs; takes no lock when it does.
    pub(crate) fn in_use(&self, now: Now) -> InUse<'_> {
        match &self.0 {
            Kind::Fixed(snapshot) => InUse::Fixed(snapshot),
            Kind::Refreshed(handle) => InUse::Held(handle.in_use(now)),
        }
    }

    /// The keys in use, unless nobody has needed them yet: starts nothing.
    pub(crate) fn in_use_already(&self, now: Now) -> Option<InUse<'_>> {
        let needed = match &self.0 {
            Kind::Fixed(_) => true,
            Kind::Refreshed(handle) => handle.is_running(),
        };
        needed.then(|| self.in_use(now))
    }

    /// Whether no key has this `kid`, and [`ask`](Self::ask) would bring none.
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
        match &self.0 {
            Kind::Fixed(_) => true,
            Kind::Refreshed(handle) => handle.would_find_absent(kid, set.generation, now),
        }
    }

    /// Asks for what was lacking. Nearly always it is known at once that nothing is to be had.
    pub(crate) fn ask(&self, lack: Lack<'_>, now: Now) -> Asked {
        match &self.0 {
            Kind::Fixed(_) => Asked::Answered(Answer::Absent),
            Kind::Refreshed(handle) => handle.ask(lack, now),
        }
    }

    /// Waits for what was asked for, at most the fetch timeout.
    pub(crate) async fn wait(&self, lack: Lack<'_>, flight: Flight) -> Answer {
        match &self.0 {
            Kind::Fixed(_) => Answer::Absent,
            Kind::Refreshed(handle) => handle.wait(lack, flight).await,
        }
    }

    /// Waits until there are keys, or the first attempt has failed.
    pub(crate) async fn ready(&self) -> Result<(), FetchError> {
        match &self.0 {
            Kind::Fixed(_) => Ok(()),
            Kind::Refreshed(handle) => handle.ready().await,
        }
    }

    pub(crate) fn health(&self, issuer: &str, now: Now) -> IssuerHealth {
        match &self.0 {
            Kind::Fixed(snapshot) => IssuerHealth::of_fixed(issuer, snapshot),
            Kind::Refreshed(handle) => handle.health(now),
        }
    }
}

impl Life {
    fn new(fetched: FetchedAt, times: Times, origin: Arc<Origin>) -> Self {
        let Times {
            max_age, max_stale, ..
        } = times;
        Self {
            fetched,
            fresh_until: fetched.fresh_until(max_age),
            max_age,
            max_stale,
            origin,
        }
    }

    fn is_fresh(&self, now: Now) -> bool {
        now.monotonic < self.fresh_until.monotonic && now.wall < self.fresh_until.wall
    }
}

impl Snapshot {
    /// Younger than `max_age`, by whichever clock.
    fn is_fresh(&self, now: Now) -> bool {
        self.life.as_ref().is_none_or(|life| life.is_fresh(now))
    }

    fn age(&self, now: Now) -> Option<Duration> {
        self.life
            .as_ref()
            .map(|life| life.fetched.age(now, life.max_age))
    }

    fn validators(&self) -> Option<&Validators> {
        self.life.as_ref()?.origin.validators.as_ref()
    }

    fn export(&self, issuer: &str) -> Option<KeySnapshot> {
        let life = self.life.as_ref()?;
        Some(KeySnapshot {
            issuer: issuer.to_owned(),
            fetched_at: life.fetched.unix_seconds(),
            jwks: String::from_utf8(life.origin.document.clone()).ok()?,
        })
    }

    /// Past this the keys serve no more: one that was withdrawn in the meantime would still be
    /// trusted.
    fn may_serve(&self, now: Now) -> bool {
        self.life.as_ref().is_none_or(|life| {
            life.is_fresh(now) || life.fetched.age(now, life.max_age) < life.max_stale
        })
    }

    /// The machine slept: the task's timer does not know how late it is.
    fn overslept(&self, now: Now) -> bool {
        self.life.as_ref().is_some_and(|life| {
            life.fetched.measured(now) < life.max_age
                && life.fetched.age(now, life.max_age) >= life.max_age
        })
    }
}

/// At least a second: clients take `Retry-After: 0` as an invitation.
fn time_until(at: Instant, now: Instant) -> Duration {
    at.saturating_duration_since(now)
        .max(Duration::from_secs(1))
}

#[cfg(all(
    test,
    feature = "test-util",
    any(feature = "aws_lc_rs", feature = "rust_crypto")
))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use std::sync::Mutex;

    use serde_json::json;

    use super::*;
    use crate::crypto::Algorithm;
    use crate::test_util::TestKey;

    #[derive(Debug)]
    struct Source(Mutex<Vec<TestKey>>);

    impl KeySource for Source {
        fn fetch<'a>(&'a self, _: Option<&'a Validators>) -> FetchFuture<'a> {
            let keys: Vec<_> = self.0.lock().unwrap().iter().map(TestKey::jwk).collect();
            Box::pin(async move { Ok(Fetched::document(json!({"keys": keys}).to_string())) })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_came_after_the_look_is_not_known_to_be_lacking() {
        let key = |kid| TestKey::generate(Algorithm::ES256, kid);
        let source = Arc::new(Source(Mutex::new(vec![key("old")])));
        let seconds = Duration::from_secs;
        let origin = KeyOrigin {
            issuer: "i".into(),
            source: source.clone(),
            times: Times {
                max_age: seconds(10),
                max_stale: seconds(100),
                cooldown: seconds(30),
                timeout: seconds(5),
            },
            seed: None,
            snapshot_file: None,
        };
        let clock = Clock::default();
        let keys = LiveKeys::refreshed(origin, clock.clone());
        keys.ready().await.unwrap();
        let look = keys.in_use(clock.now());
        let lacks = |kid: &str| keys.are_known_to_lack(Some(kid), &look, clock.now());
        assert!(!lacks("new"), "it may be asked for");
        for kid in ["junk", "more junk"] {
            let lack = Lack::Key {
                kid: Some(kid),
                seen: 1,
            };
            match keys.ask(lack, clock.now()) {
                Asked::WaitFor(flight) => drop(keys.wait(lack, flight).await),
                Asked::Answered(answer) => panic!("{answer:?}"),
            }
        }
        assert!(lacks("new") && !lacks("old"), "the budget is spent");
        source.0.lock().unwrap().push(key("new"));
        tokio::time::sleep(seconds(10)).await;
        assert!(!lacks("new"), "the schedule has brought it");
        assert!(lacks("other"));
    }
}
