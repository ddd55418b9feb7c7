//! The revocations that one process knows, and its look at a token.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::record::{Record, marks_of};
use super::streams::Streams;
use super::table::{Entry, Map, Tables};
use super::waiting::{State, Ticks};
use crate::base::clock::{Clock, Now};
use crate::telemetry;
use crate::token::marks::{Digest, Marks};
use crate::token::verified::Verified;

/// The revocations that a process knows. Shared by the verifiers, and by who fills it.
pub(crate) struct Revocations {
    /// k(`revoked`) of each secret. A token is looked for under all of them.
    keys: Box<[[u8; 32]]>,
    limit: usize,
    /// Seconds for which a revocation is remembered.
    keep: AtomicU64,
    pub(super) clock: Clock,
    tables: ArcSwap<Tables>,
    /// The version of the tables, or [`NOT_NOW`] while requests have to wait. One load tells a
    /// request that nothing has changed.
    serving: AtomicU64,
    /// Held while `tables` or `state` changes, so that `serving` fits both.
    writer: Mutex<Upkeep>,
    pub(super) state: watch::Sender<State>,
    /// For how long a request waits.
    pub(super) patience: Duration,
    pub(super) ticks: Ticks,
    /// The clock was ahead, and all of the list was not read since.
    pub(super) is_forgetful: AtomicBool,
    pub(super) start: OnceLock<Box<dyn Fn() + Send + Sync>>,
    pub(super) streams: Streams,
    /// The issuers of which a token had a `sid`.
    with_sessions: RwLock<HashSet<Box<str>>>,
}

/// When this was done last, in Unix seconds.
#[derive(Default)]
struct Upkeep {
    swept: u64,
    told_too_short: u64,
    told_without_effect: u64,
}

/// What the list says of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Looked {
    NotRevoked,
    Revoked,
    /// There is no list to judge by: [`Revocations::wait`] for it.
    Wait,
}

/// `revocations_limit` distinct revocations are in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RevocationsFull;

impl Revocations {
    /// An empty list that was not read yet. `keys` are k(`revoked`) of each secret, `limit` is
    /// `revocations_limit`, `keep` is `revocation_keep`, and a request waits for `patience`.
    pub(crate) fn new(
        keys: impl IntoIterator<Item = [u8; 32]>,
        limit: usize,
        keep: Duration,
        patience: Duration,
        clock: Clock,
    ) -> Self {
        Self {
            keys: keys.into_iter().collect(),
            limit,
            keep: AtomicU64::new(keep.as_secs()),
            clock,
            tables: ArcSwap::default(),
            serving: AtomicU64::new(NOT_NOW),
            writer: Mutex::default(),
            state: watch::Sender::default(),
            patience,
            ticks: Ticks::default(),
            is_forgetful: AtomicBool::new(false),
            start: OnceLock::new(),
            streams: Streams::default(),
            with_sessions: RwLock::default(),
        }
    }

    /// For how long a revocation is remembered.
    pub(crate) fn keep(&self) -> Duration {
        Duration::from_secs(self.keep.load(Ordering::Relaxed))
    }

    /// From now on, a revocation is remembered for so long.
    pub(crate) fn set_keep(&self, keep: Duration) {
        self.keep.store(keep.as_secs(), Ordering::Relaxed);
    }

    /// The number of distinct revocations, with those that have just come to their end.
    pub(crate) fn len(&self) -> usize {
        self.tables.load().len()
    }

    /// Counts the changes that can refuse a token.
    pub(super) fn version(&self) -> u64 {
        self.tables.load().version
    }

    /// All in force, for whoever finds that the store has lost some.
    pub(crate) fn in_force(&self, now: Now) -> Vec<Record> {
        let tables = self.tables.load();
        let in_force = tables.in_force(now.wall.unix_seconds());
        in_force
            .map(|(digest, entry)| entry.record(digest))
            .collect()
    }

    /// Whether this, or more, is in force.
    pub(crate) fn has(&self, record: &Record, now: Now) -> bool {
        let known = self.tables.load().get(&record.digest).copied();
        let (new, second) = (Entry::of(*record), now.wall.unix_seconds());
        known.is_some_and(|known| known.is_in_force(second) && known.and(new) == known)
    }

    /// Whether anything is known under this digest.
    pub(crate) fn knows(&self, digest: &Digest) -> bool {
        self.tables.load().get(digest).is_some()
    }

    /// Adds what was heard, and returns whether that changed anything: of two records with one
    /// digest, the later cut and the later end count. What comes within 50 ms should come in one
    /// call, because each call that changes something copies the newest part of the list.
    ///
    /// `revocations_limit` is no limit here: processes that revoke at the same time may go beyond
    /// it together, and nothing that was revoked is forgotten. Only beyond [`MOST`] are new ones
    /// passed over.
    pub(crate) fn apply(&self, records: impl IntoIterator<Item = Record>, now: Now) -> bool {
        let writer = self.writer();
        let changed = self.change(records, now);
        drop(writer);
        self.end_streams(now);
        changed
    }

    /// Adds a revocation of this process, unless the list is full. Returns whether that changed
    /// anything.
    pub(crate) fn add(&self, record: Record, now: Now) -> Result<bool, RevocationsFull> {
        let mut writer = self.writer();
        let is_known = |tables: &Tables| tables.get(&record.digest).is_some();
        let is_full = || {
            let tables = self.tables.load();
            tables.len() >= self.limit && !is_known(&tables)
        };
        if is_full() {
            self.sweep(&mut writer, now);
        }
        if is_full() {
            return Err(RevocationsFull);
        }
        let changed = self.change([record], now);
        drop(writer);
        self.end_streams(now);
        Ok(changed)
    }

    /// Called while the writer's lock is held.
    fn change(&self, records: impl IntoIterator<Item = Record>, now: Now) -> bool {
        let second = now.wall.unix_seconds();
        let tables = self.tables.load();
        let mut changes = Map::default();
        for record in records.into_iter().filter(|record| record.until > second) {
            let known = changes.get(&record.digest);
            let known = known.or_else(|| tables.get(&record.digest)).copied();
            if known.is_none() && tables.len().saturating_add(changes.len()) >= MOST {
                telemetry::revocations_passed_over(MOST);
                continue;
            }
            let new = Entry::of(record);
            let in_force = known.filter(|known| known.is_in_force(second));
            let entry = in_force.map_or(new, |known| known.and(new));
            if known != Some(entry) {
                changes.insert(record.digest, entry);
            }
        }
        let has_changed = !changes.is_empty();
        if has_changed {
            self.tables.store(tables.with(changes, second).into());
            let state = *self.state.borrow();
            self.show_version(state);
        }
        has_changed
    }

    /// Forgets what is no longer in force, once a minute.
    pub(super) fn sweep_if_due(&self, now: Now) {
        let mut writer = self.writer();
        if now.wall.unix_seconds() >= writer.swept.saturating_add(SWEEP_SECONDS) {
            self.sweep(&mut writer, now);
        }
    }

    fn sweep(&self, writer: &mut Upkeep, now: Now) {
        let second = now.wall.unix_seconds();
        writer.swept = second;
        let tables = self.tables.load();
        if tables.in_force(second).count() < tables.len() {
            self.tables.store(tables.without_expired(second).into());
        }
    }

    /// The clock was ahead: what had ended by it may be in force, here or in the store.
    pub(super) fn remember_again(&self) {
        let mut writer = self.writer();
        *writer = Upkeep::default();
        // Another version: tokens were looked for while nothing seemed to be in force.
        let anew = self.tables.load().anew();
        self.tables.store(anew.into());
        self.is_forgetful.store(true, Ordering::Release);
    }

    /// Changes whether requests have to wait.
    pub(super) fn change_state(&self, change: impl FnOnce(&mut State)) {
        let _writer = self.writer();
        self.state.send_if_modified(|state| {
            let before = *state;
            change(state);
            // Before any waiter wakes.
            self.show_version(*state);
            *state != before
        });
    }

    /// Called while the writer's lock is held.
    fn show_version(&self, state: State) {
        let version = match state.must_wait() {
            true => NOT_NOW,
            false => self.tables.load().version,
        };
        self.serving.store(version, Ordering::Release);
    }

    /// Whether the token was looked for in this list before, nothing has come since, and no request
    /// has to wait.
    #[inline]
    pub(crate) fn has_passed(&self, token: &Verified) -> bool {
        self.serving.load(Ordering::Acquire) == token.marks().looked_at()
    }

    /// The look at the list, for a token that has not [passed](Self::has_passed). `now` reads the
    /// clock, which few tokens need.
    pub(crate) fn look(&self, token: &Verified, now: impl Fn() -> Now) -> Looked {
        if self.serving.load(Ordering::Acquire) == NOT_NOW {
            return Looked::Wait;
        }
        self.judge(token, now)
    }

    /// What the list says as it is.
    pub(crate) fn judge(&self, token: &Verified, now: impl Fn() -> Now) -> Looked {
        match self.has_revoked(token, now) {
            true => Looked::Revoked,
            false => Looked::NotRevoked,
        }
    }

    pub(super) fn has_revoked(&self, token: &Verified, now: impl Fn() -> Now) -> bool {
        let tables = self.tables.load();
        let marks = token.marks();
        let seen = Some(marks.looked_at()).filter(|seen| *seen != Marks::NEVER);
        if seen.is_none() && token.sid().is_some() {
            self.note_session_of(token.issuer());
        }
        if tables.len() > 0 {
            let names = marks.names(|| marks_of(token, &self.keys));
            if tables.refuse(names, seen, token.times().iat, &now) {
                return true;
            }
        }
        if seen.is_none() {
            self.tell_too_short(token, now());
        }
        marks.set_looked_at(tables.version);
        false
    }

    /// Once an hour: a revocation of this token would be forgotten before the token expires.
    fn tell_too_short(&self, token: &Verified, now: Now) {
        let left = token.not_after().since(now.wall);
        let keep = self.keep();
        if left <= keep {
            return;
        }
        let mut writer = self.writer();
        let second = now.wall.unix_seconds();
        if second >= writer.told_too_short.saturating_add(TELL_SECONDS) {
            writer.told_too_short = second;
            telemetry::revocation_too_short(token.issuer(), left, keep);
        }
    }

    /// Only trusted issuers come here, so they are not many.
    fn note_session_of(&self, issuer: &str) {
        if !self.has_sessions(issuer) {
            let issuers = self.with_sessions.write();
            let mut issuers = issuers.unwrap_or_else(PoisonError::into_inner);
            issuers.insert(issuer.into());
        }
    }

    fn has_sessions(&self, issuer: &str) -> bool {
        let issuers = self.with_sessions.read();
        let issuers = issuers.unwrap_or_else(PoisonError::into_inner);
        issuers.contains(issuer)
    }

    /// Once an hour: a session of `issuer` was revoked, and no token of it since the start had a
    /// `sid`.
    pub(crate) fn tell_without_effect(&self, issuer: &str, now: Now) {
        if self.has_sessions(issuer) {
            return;
        }
        let mut writer = self.writer();
        let second = now.wall.unix_seconds();
        if second >= writer.told_without_effect.saturating_add(TELL_SECONDS) {
            writer.told_without_effect = second;
            telemetry::logout_without_effect(issuer);
        }
    }

    fn writer(&self) -> MutexGuard<'_, Upkeep> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Revocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revocations").finish_non_exhaustive()
    }
}

/// No tables have this version.
const NOT_NOW: u64 = u64::MAX - 1;

/// What a process remembers at most. Twice the highest `revocations_limit`: 64 bytes each.
const MOST: usize = 200_000;

const SWEEP_SECONDS: u64 = 60;
const TELL_SECONDS: u64 = 60 * 60;
