//! The tests' own store: the same commands, by tokio's clock, and faults on command.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::commands::{Entry, EntryId, ServerMemory, StoreError, StoreErrorKind, StoreFuture};

mod commands;
mod control;

/// A store in memory. Clones share what is stored: one for each process of a test.
#[derive(Clone, Debug)]
pub struct MemoryStore(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Wakes who waits for an entry.
    appended: watch::Sender<u64>,
    started: Instant,
}

#[derive(Debug, Default)]
struct State {
    strings: HashMap<String, Stored>,
    streams: HashMap<String, Stream>,
    calls: BTreeMap<&'static str, u64>,
    fault: Option<Fault>,
    delay: Duration,
    clock_ahead_ms: u64,
    cuts: u64,
    identity: u64,
    hides_identity: bool,
    /// There is no connection before this time.
    connects_at: Option<Instant>,
    /// No answer has room for a longer record.
    longest_record: Option<usize>,
    policy: Option<String>,
    maxmemory: Option<u64>,
    used: u64,
    evicted: u64,
    largest_answer: usize,
}

#[derive(Debug)]
struct Stored {
    value: Vec<u8>,
    until: Option<Instant>,
}

#[derive(Debug, Default)]
struct Stream {
    entries: BTreeMap<EntryId, Entry>,
    last: EntryId,
}

/// What goes wrong with each command until it is set back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// No command is executed or answered.
    Down,
    /// Commands are executed, and no answer comes.
    NoAnswer,
    /// What writes more is refused, as with `maxmemory` and `noeviction`.
    Full,
    /// The user may not do this.
    Refused,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self(Arc::new(Shared {
            state: Mutex::default(),
            appended: watch::Sender::new(0),
            started: Instant::now(),
        }))
    }
}

impl MemoryStore {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Executes a command in one step, as a server does. A process gives up after a while of its
    /// own: `NoAnswer` and `Down` stay silent for ever.
    fn run<'a, T: Send + 'a>(
        &'a self,
        command: &'static str,
        adds: bool,
        execute: impl FnOnce(&mut State) -> Result<T, StoreError> + Send + 'a,
    ) -> StoreFuture<'a, T> {
        Box::pin(async move {
            let (fault, delay) = {
                self.connected().await;
                let mut state = self.state();
                let count = state.calls.entry(command).or_default();
                *count = count.saturating_add(1);
                (state.fault, state.delay)
            };
            if !delay.is_zero() {
                sleep(delay).await;
            }
            let execute = || execute(&mut self.state());
            match fault {
                None => execute(),
                Some(Fault::Full) if adds => {
                    Err(error(StoreErrorKind::Full, "OOM command not allowed"))
                }
                Some(Fault::Full) => execute(),
                Some(Fault::Refused) => Err(error(StoreErrorKind::Refused, "NOPERM")),
                Some(Fault::Down) => Err(error(StoreErrorKind::Unreachable, "connection refused")),
                Some(Fault::NoAnswer) => {
                    drop(execute());
                    std::future::pending().await
                }
            }
        })
    }

    fn wake_readers(&self) {
        self.0
            .appended
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    async fn connected(&self) {
        let connects_at = self.state().connects_at;
        if let Some(at) = connects_at {
            tokio::time::sleep_until(at).await;
        }
    }
}

impl State {
    fn memory(&self) -> ServerMemory {
        ServerMemory {
            maxmemory: self.maxmemory,
            used_memory: Some(self.used),
            maxmemory_policy: self.policy.clone(),
            evicted_keys: Some(self.evicted),
        }
    }

    fn live(&mut self, name: &str) -> Option<&mut Stored> {
        let now = Instant::now();
        if self
            .strings
            .get(name)
            .is_some_and(|stored| !stored.lives(now))
        {
            self.strings.remove(name);
        }
        self.strings.get_mut(name)
    }

    fn store(&mut self, name: &str, value: &[u8], life: Duration) -> Result<(), StoreError> {
        if life.as_millis() == 0 {
            return Err(error(
                StoreErrorKind::Other,
                "invalid expire time in 'set' command",
            ));
        }
        self.streams.remove(name);
        let (value, until) = (value.to_vec(), Instant::now().checked_add(life));
        self.strings
            .insert(name.to_owned(), Stored { value, until });
        Ok(())
    }
}

impl Stored {
    fn lives(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    fn live_for(&mut self, life: Duration) {
        self.until = Instant::now().checked_add(life);
    }
}

fn error(kind: StoreErrorKind, message: &str) -> StoreError {
    StoreError {
        kind,
        message: message.to_owned(),
    }
}
