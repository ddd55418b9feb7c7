//! The stream of revocations: every process reads it, each adds what it revokes, and any of them
//! puts back what the store has lost.
//!
//! [`Stream`] is what a fleet holds. The list of [`revocation`](crate::revocation) is what it
//! fills; the list asks for the reader when a request needs it, and owns it: the reader ends when
//! the last who uses the list is gone.
//!
//! [`reader`] is the task, [`position`] is what it must read to have missed nothing, [`healing`]
//! adds entries, and [`writer`] is the call of a program that revokes.
//!
//! # When the reader is lost
//!
//! It lives on the runtime of the request that started it. If that is gone, or is not driven, there
//! are no ticks. The next request finds that and waits, as after any standstill, and the reader
//! starts on its runtime. One that was given up ends itself when its runtime comes back: `epoch`
//! then names another.

mod healing;
mod position;
mod reader;
mod unshared;
mod writer;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::runtime;
use tokio::sync::watch;
use tokio::time::Instant;

use self::position::{Absent, Foreign, Position};
use self::unshared::Unshared;
use super::Store;
use super::commands::{StoreError, StoreErrorKind};
use super::seal::Seal;
use crate::base::clock::{Now, later};
use crate::limits::DEFAULT_REVOCATIONS_AT_START;
use crate::revocation::{Record, Revocations};
use crate::telemetry;

pub use writer::{RevokeError, Revoked, StoreFault};

/// The stream of one fleet, as one process uses it. Dropping it ends the reader.
#[derive(Debug)]
pub(crate) struct Stream(Arc<Shared>);

/// What requests get at the start, before the list was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AtStart {
    /// 503 until then.
    Required,
    /// 503 until then, but no longer than this.
    AtMost(Duration),
}

/// What a fleet is told of revocations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RevocationSettings {
    pub(crate) keep: Duration,
    pub(crate) limit: usize,
    pub(crate) at_start: AtStart,
    pub(crate) leeway: Duration,
}

/// How a process stands with the stream.
#[derive(Clone, Debug)]
pub(crate) struct StreamHealth {
    /// When the store last told that this process knows everything.
    pub(crate) heard: Option<SystemTime>,
    /// Nothing was heard for longer than a reader waits.
    pub(crate) is_behind: bool,
    pub(crate) last_error: Option<String>,
}

#[derive(Debug)]
struct Shared {
    store: Arc<Store>,
    /// The first one seals.
    seal: Seal,
    /// Not owned, because it owns the reader.
    list: Weak<Revocations>,
    name: String,
    at_start: AtStart,
    /// The least: configurations tell the store of more.
    leeway: Duration,
    /// Never held across an await.
    control: Mutex<Control>,
    /// The number of the task that reads. Another number ends a task.
    epoch: watch::Sender<u64>,
    /// Wakes who heals.
    healing: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Control {
    epoch: u64,
    /// When the list was first asked for.
    asked: Option<Instant>,
    /// When the task last showed life; `None` if there is none.
    ticked: Option<Instant>,
    position: Position,
    foreign: Foreign,
    /// What the stream lacked when all of it was read, and what it did not confirm, less what was
    /// heard since.
    absent: Absent,
    /// How often something became absent.
    asked_to_heal: u64,
    /// What this process revoked and the store has not confirmed.
    unshared: Unshared,
    /// There is a value of another type under the name of the stream.
    is_spoiled: bool,
    heard: Option<Now>,
    last_error: Option<String>,
    unread: Reminder,
    behind: Reminder,
    trimmed: Option<Instant>,
}

impl Stream {
    /// The list, and what fills it. Starts nothing yet: the list starts the reader on demand.
    /// `None` without a secret.
    pub(crate) fn new(
        store: Arc<Store>,
        settings: RevocationSettings,
    ) -> Option<(Arc<Revocations>, Arc<Self>)> {
        let seal = store.seals.iter().next()?.clone();
        let keys = store.seals.iter().map(|seal| seal.revoked);
        let RevocationSettings {
            keep,
            limit,
            at_start,
            leeway,
        } = settings;
        let list = Revocations::new(keys, limit, keep, store.timeout, store.clock.clone());
        let list = Arc::new(list);
        let stream = Arc::new(Self(Arc::new(Shared {
            name: store.seals.stream(),
            store,
            seal,
            list: Arc::downgrade(&list),
            at_start,
            leeway,
            control: Mutex::default(),
            epoch: watch::Sender::default(),
            healing: watch::Sender::default(),
        })));
        let owned = stream.clone();
        list.on_demand(move || owned.0.ensure_running());
        Some((list, stream))
    }

    pub(crate) fn health(&self, now: Now) -> StreamHealth {
        let control = self.0.control();
        StreamHealth {
            heard: control
                .heard
                .map(|heard| system_time(heard.wall.unix_seconds())),
            is_behind: control.is_behind(now.monotonic),
            last_error: control.last_error.clone(),
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.epoch.send_replace(CLOSED);
    }
}

impl Shared {
    fn control(&self) -> MutexGuard<'_, Control> {
        // Every change leaves the state whole, so a panic elsewhere cannot have broken it.
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The clocks of the fleet and of the issuers may differ by this much.
    fn leeway(&self) -> Duration {
        self.leeway.max(self.store.leeway())
    }

    /// `None` when the last who uses the list is gone.
    fn list(&self) -> Option<Arc<Revocations>> {
        self.list.upgrade()
    }

    /// Starts the task unless it runs; also when its runtime is gone, or is not driven.
    fn ensure_running(self: &Arc<Self>) {
        let Ok(runtime) = runtime::Handle::try_current() else {
            return;
        };
        let now = Instant::now();
        let epoch = {
            let mut control = self.control();
            if control.is_running(now) {
                return;
            }
            control.asked.get_or_insert(now);
            control.ticked = Some(now);
            control.epoch = control.epoch.saturating_add(1);
            control.epoch
        };
        self.epoch.send_replace(epoch);
        if self.at_start == AtStart::AtMost(Duration::ZERO) {
            self.list().inspect(|list| list.give_up_waiting());
        }
        // The guard exists before the task is spawned, so that it also runs when the runtime drops
        // the task without a poll.
        let task = Running {
            shared: self.clone(),
            epoch,
        };
        runtime.spawn(async move { task.shared.run(task.epoch).await });
    }

    fn note_tick(&self) {
        let (Some(list), now) = (self.list(), self.store.clock.now()) else {
            return;
        };
        list.tick(now);
        let is_read = list.is_read();
        let (is_unread, is_behind, silent) = {
            let mut control = self.control();
            control.ticked = Some(now.monotonic);
            let overdue = !is_read && control.is_overdue(self.at_start, now.monotonic);
            let behind = is_read && control.is_behind(now.monotonic);
            (
                (overdue, control.unread.is_due(overdue, now.monotonic)),
                control.behind.is_due(behind, now.monotonic),
                control.silent(now.monotonic),
            )
        };
        let (is_overdue, is_told) = is_unread;
        if is_overdue && self.at_start != AtStart::Required {
            list.give_up_waiting();
        }
        if is_told {
            telemetry::revocations_unread(self.at_start == AtStart::Required);
        }
        if is_behind {
            telemetry::revocations_behind(silent);
        }
    }

    /// The store has answered, and this process knows what is in the stream.
    fn note_heard(&self) {
        let now = self.store.clock.now();
        {
            let mut control = self.control();
            control.heard = Some(now);
            control.last_error = None;
        }
        telemetry::revocations_heard(now.wall.unix_seconds());
    }

    fn note_caught_up(&self) {
        self.note_heard();
        if let Some(list) = self.list() {
            list.set_read();
            telemetry::revocations_known(list.len());
        }
    }

    fn note_failure(&self, error: &StoreError) {
        let mut control = self.control();
        control.last_error = Some(error.message.clone());
        control.is_spoiled |= error.kind == StoreErrorKind::WrongType;
        drop(control);
        self.healing.send_replace(());
    }

    fn ask_for_healing(&self, absent: Absent) {
        self.control().ask(absent.records());
        self.healing.send_replace(());
    }

    fn in_force(&self) -> Vec<Record> {
        let now = self.store.clock.now();
        let list = self.list();
        list.map(|list| list.in_force(now)).unwrap_or_default()
    }

    fn apply(&self, records: &[Record]) {
        let Some(list) = self.list() else {
            return;
        };
        if list.apply(records.iter().copied(), self.store.clock.now()) {
            telemetry::revocations_known(list.len());
        }
    }
}

impl Control {
    fn is_running(&self, now: Instant) -> bool {
        let is_late = |ticked| now.saturating_duration_since(ticked) > LATE;
        self.ticked.is_some_and(|ticked| !is_late(ticked))
    }

    fn needs_healing(&self) -> bool {
        self.is_spoiled || !self.absent.is_empty()
    }

    /// Adds to what is absent: something else may have become so since these were looked for.
    fn ask(&mut self, absent: impl IntoIterator<Item = Record>) {
        for record in absent {
            self.absent.add(record);
            self.asked_to_heal = self.asked_to_heal.saturating_add(1);
        }
    }

    /// All is there that was absent when this was `asked`. Returns whether nothing became so since.
    fn healed(&mut self, asked: u64) -> bool {
        let is_all = self.asked_to_heal == asked;
        if is_all {
            self.absent = Absent::default();
            self.is_spoiled = false;
        }
        is_all
    }

    /// Whether the list should have been read by now.
    fn is_overdue(&self, at_start: AtStart, now: Instant) -> bool {
        let longest = match at_start {
            AtStart::Required => DEFAULT_REVOCATIONS_AT_START,
            AtStart::AtMost(longest) => longest,
        };
        let is_over = |asked| now.saturating_duration_since(asked) >= longest;
        self.asked.is_some_and(is_over)
    }

    /// How long the store has told nothing.
    fn silent(&self, now: Instant) -> Duration {
        let heard = self.heard.map(|heard| heard.monotonic).or(self.asked);
        heard.map_or(Duration::ZERO, |heard| now.saturating_duration_since(heard))
    }

    fn is_behind(&self, now: Instant) -> bool {
        self.silent(now) > LATE
    }
}

/// Marks the task as gone however it ends.
struct Running {
    shared: Arc<Shared>,
    epoch: u64,
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut control = self.shared.control();
        if control.epoch == self.epoch {
            control.ticked = None;
        }
    }
}

/// An event that is repeated each minute while its cause lasts.
#[derive(Debug, Default)]
struct Reminder(Option<Instant>);

impl Reminder {
    /// Whether the event is due now.
    fn is_due(&mut self, lasts: bool, now: Instant) -> bool {
        let due = lasts && self.0.is_none_or(|next| now >= next);
        match (lasts, due) {
            (false, _) => self.0 = None,
            (true, true) => self.0 = Some(later(now, MINUTE)),
            (true, false) => {}
        }
        due
    }
}

fn system_time(seconds: u64) -> SystemTime {
    let since = Duration::from_secs(seconds);
    UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
}

/// Entries of a page: 0.4 ms of a server.
const PAGE: usize = 500;
const LATE: Duration = Duration::from_secs(15);
const MINUTE: Duration = Duration::from_secs(60);
const CLOSED: u64 = u64::MAX;

#[cfg(all(
    test,
    any(feature = "aws_lc_rs", feature = "rust_crypto"),
    feature = "test-util"
))]
mod tests;
