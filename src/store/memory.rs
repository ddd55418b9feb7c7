//! The tests' own store: the same commands, by tokio's clock, and faults on command.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::commands::{
    Commands, Entry, EntryId, ServerMemory, StoreError, StoreErrorKind, StoreFuture,
};
use crate::limits::STORE_CONNECT_TIMEOUT;

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
    /// From now on each command goes wrong so; `None` ends it.
    pub fn set_fault(&self, fault: Option<Fault>) {
        self.state().fault = fault;
        // A blocked reader notices.
        self.0
            .appended
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Ends the connections over which somebody waits for entries.
    pub fn cut(&self) {
        let mut state = self.state();
        state.cuts = state.cuts.saturating_add(1);
        drop(state);
        self.0
            .appended
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Another server takes over, which lacks the last entries of a stream, and whose ids go on
    /// after those that it has.
    pub fn fail_over(&self, name: &str, lost: usize) {
        let mut state = self.state();
        state.identity = state.identity.saturating_add(1);
        if let Some(stream) = state.streams.get_mut(name) {
            (0..lost).for_each(|_| drop(stream.entries.pop_last()));
            let last = stream.entries.last_key_value();
            stream.last = last.map(|(id, _)| *id).unwrap_or_default();
        }
        drop(state);
        self.cut();
    }

    /// From now on each command takes this long.
    pub fn set_delay(&self, delay: Duration) {
        self.state().delay = delay;
    }

    /// Who connects from now on has a connection when this time has passed.
    pub fn connects_in(&self, connecting: Duration) {
        self.state().connects_at = Instant::now().checked_add(connecting);
    }

    /// From now on the user may not use `INFO`.
    pub fn hide_identity(&self) {
        self.state().hides_identity = true;
    }

    /// As `client-output-buffer-limit`: who reads an entry with a longer record is disconnected.
    pub fn limit_answers(&self, longest_record: usize) {
        self.state().longest_record = Some(longest_record);
    }

    /// From now on ids of entries are made by a clock that is ahead by this much.
    pub fn set_clock_ahead(&self, ahead: Duration) {
        self.state().clock_ahead_ms = u64::try_from(ahead.as_millis()).unwrap_or(u64::MAX);
    }

    /// `FLUSHALL`.
    pub fn flush(&self) {
        let mut state = self.state();
        state.strings.clear();
        state.streams.clear();
    }

    /// Another server, as after a fail-over.
    pub fn set_identity(&self, identity: u64) {
        self.state().identity = identity;
    }

    /// What `INFO` tells of memory.
    pub fn set_memory(&self, maxmemory: Option<u64>, used: u64, policy: &str, evicted: u64) {
        let mut state = self.state();
        (state.maxmemory, state.used, state.evicted) = (maxmemory, used, evicted);
        state.policy = Some(policy.to_owned());
    }

    /// All names of strings and streams.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let state = self.state();
        let now = Instant::now();
        let strings = state.strings.iter().filter(|(_, stored)| stored.lives(now));
        let mut names: Vec<_> = strings.map(|(name, _)| name.clone()).collect();
        names.extend(state.streams.keys().cloned());
        names.sort();
        names
    }

    /// The value of a name, whatever its length.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<Vec<u8>> {
        let state = self.state();
        let stored = state.strings.get(name)?;
        stored.lives(Instant::now()).then(|| stored.value.clone())
    }

    /// How long a name still lives; `None` without such a name, or without an end.
    #[must_use]
    pub fn life(&self, name: &str) -> Option<Duration> {
        let state = self.state();
        let until = state.strings.get(name)?.until?;
        Some(until.saturating_duration_since(Instant::now()))
    }

    /// Puts a value there as somebody else who may write: without a seal, and without an end.
    pub fn put(&self, name: &str, value: &[u8]) {
        let mut state = self.state();
        let value = value.to_vec();
        state.streams.remove(name);
        state
            .strings
            .insert(name.to_owned(), Stored { value, until: None });
    }

    /// Removes a name, as somebody else who may write.
    pub fn delete(&self, name: &str) {
        let mut state = self.state();
        state.strings.remove(name);
        state.streams.remove(name);
    }

    /// The entries of a stream, as they were written.
    #[must_use]
    pub fn entries(&self, name: &str) -> Vec<(u64, u64, Option<Vec<u8>>)> {
        let state = self.state();
        let entries = state
            .streams
            .get(name)
            .into_iter()
            .flat_map(|stream| stream.entries.values());
        entries
            .map(|entry| {
                (
                    entry.id.milliseconds,
                    entry.id.sequence,
                    entry.record.clone(),
                )
            })
            .collect()
    }

    /// Adds an entry with an id of one's own choice, as somebody else who may write.
    pub fn append_at(&self, name: &str, milliseconds: u64, sequence: u64, record: Option<&[u8]>) {
        let id = EntryId {
            milliseconds,
            sequence,
        };
        let mut state = self.state();
        let stream = state.streams.entry(name.to_owned()).or_default();
        let record = record.map(<[u8]>::to_vec);
        stream.entries.insert(id, Entry { id, record });
        stream.last = stream.last.max(id);
        drop(state);
        self.0
            .appended
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Removes one entry, as a fail-over does that loses a write.
    pub fn lose(&self, name: &str, milliseconds: u64, sequence: u64) {
        let id = EntryId {
            milliseconds,
            sequence,
        };
        if let Some(stream) = self.state().streams.get_mut(name) {
            stream.entries.remove(&id);
        }
    }

    /// How often a command was called: `get`, `set`, `set_if_absent`, ...
    #[must_use]
    pub fn calls(&self, command: &str) -> u64 {
        self.state().calls.get(command).copied().unwrap_or(0)
    }

    /// How many commands were called, without the looks at the memory, which depend on the time.
    #[must_use]
    pub fn all_calls(&self) -> u64 {
        let state = self.state();
        let calls = state.calls.iter().filter(|(name, _)| **name != "memory");
        calls.map(|(_, count)| count).sum()
    }

    /// The bytes of the largest value that was read.
    #[must_use]
    pub fn largest_answer(&self) -> usize {
        self.state().largest_answer
    }

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

    async fn connected(&self) {
        let connects_at = self.state().connects_at;
        if let Some(at) = connects_at {
            tokio::time::sleep_until(at).await;
        }
    }

    fn entries_after(
        &self,
        name: &str,
        after: EntryId,
        count: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let state = self.state();
        if state.strings.contains_key(name) {
            return Err(error(StoreErrorKind::WrongType, "WRONGTYPE"));
        }
        let Some(stream) = state.streams.get(name) else {
            return Ok(Vec::new());
        };
        let behind = (std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded);
        let entries = stream.entries.range(behind).take(count);
        Ok(entries.map(|(_, entry)| entry.clone()).collect())
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
}

impl Commands for MemoryStore {
    fn connect(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let connected = timeout(STORE_CONNECT_TIMEOUT, self.connected()).await;
            connected.map_err(|_| error(StoreErrorKind::Unreachable, "no connection"))
        })
    }

    fn get<'a>(&'a self, name: &'a str, at_most: usize) -> StoreFuture<'a, Option<Vec<u8>>> {
        self.run("get", false, move |state| {
            if state.streams.contains_key(name) {
                return Ok(Some(Vec::new()));
            }
            let value = state.live(name).map(|stored| &stored.value);
            let most = at_most.saturating_add(1);
            let start = |value: &Vec<u8>| value.iter().take(most).copied().collect();
            let start: Option<Vec<u8>> = value.filter(|value| !value.is_empty()).map(start);
            let length = start.as_ref().map_or(0, Vec::len);
            state.largest_answer = state.largest_answer.max(length);
            Ok(start)
        })
    }

    fn set<'a>(&'a self, name: &'a str, value: &'a [u8], life: Duration) -> StoreFuture<'a, ()> {
        self.run("set", true, move |state| state.store(name, value, life))
    }

    fn set_if_absent<'a>(
        &'a self,
        name: &'a str,
        value: &'a [u8],
        life: Duration,
    ) -> StoreFuture<'a, bool> {
        self.run("set_if_absent", true, move |state| {
            let is_there = state.live(name).is_some() || state.streams.contains_key(name);
            match is_there {
                true => Ok(false),
                false => state.store(name, value, life).map(|()| true),
            }
        })
    }

    fn remove_if<'a>(&'a self, name: &'a str, value: &'a [u8]) -> StoreFuture<'a, bool> {
        self.run("remove_if", false, move |state| {
            let is_there = state.live(name).is_some_and(|stored| stored.value == value);
            if is_there {
                state.strings.remove(name);
            }
            Ok(is_there)
        })
    }

    fn prolong_if<'a>(
        &'a self,
        name: &'a str,
        value: &'a [u8],
        life: Duration,
    ) -> StoreFuture<'a, bool> {
        self.run("prolong_if", false, move |state| {
            let stored = state.live(name).filter(|stored| stored.value == value);
            Ok(stored
                .map(|stored| stored.until = Instant::now().checked_add(life))
                .is_some())
        })
    }

    fn prolong<'a>(&'a self, name: &'a str, life: Duration) -> StoreFuture<'a, bool> {
        self.run("prolong", false, move |state| {
            let stored = state.live(name);
            Ok(stored
                .map(|stored| stored.until = Instant::now().checked_add(life))
                .is_some())
        })
    }

    fn remove<'a>(&'a self, name: &'a str) -> StoreFuture<'a, ()> {
        self.run("remove", false, move |state| {
            state.strings.remove(name);
            state.streams.remove(name);
            Ok(())
        })
    }

    fn append<'a>(&'a self, name: &'a str, record: &'a [u8]) -> StoreFuture<'a, EntryId> {
        let appended = self.run("append", true, move |state| {
            if state.live(name).is_some() {
                return Err(error(StoreErrorKind::WrongType, "WRONGTYPE"));
            }
            let since_start = self.0.started.elapsed().as_millis();
            let since_start = u64::try_from(since_start).unwrap_or(u64::MAX);
            let now = EPOCH_MS
                .saturating_add(since_start)
                .saturating_add(state.clock_ahead_ms);
            let stream = state.streams.entry(name.to_owned()).or_default();
            let fresh = EntryId {
                milliseconds: now,
                sequence: 0,
            };
            let id = match fresh {
                fresh if fresh > stream.last => fresh,
                _ => stream
                    .last
                    .next()
                    .ok_or_else(|| error(StoreErrorKind::IdsExhausted, "exhausted"))?,
            };
            stream.last = id;
            let record = Some(record.to_vec());
            stream.entries.insert(id, Entry { id, record });
            Ok(id)
        });
        Box::pin(async move {
            let id = appended.await?;
            self.0
                .appended
                .send_modify(|count| *count = count.wrapping_add(1));
            Ok(id)
        })
    }

    fn read<'a>(
        &'a self,
        name: &'a str,
        after: EntryId,
        count: usize,
        wait: Option<Duration>,
    ) -> StoreFuture<'a, Vec<Entry>> {
        Box::pin(async move {
            let mut appended = self.0.appended.subscribe();
            let cuts = self.state().cuts;
            let mut wait_is_over = std::pin::pin!(sleep(wait.unwrap_or_default()));
            loop {
                // Marked as seen before the look, so that what comes meanwhile is not missed.
                appended.mark_unchanged();
                self.run("read", false, |_| Ok(())).await?;
                if self.state().cuts != cuts {
                    return Err(error(StoreErrorKind::Unreachable, "connection reset"));
                }
                let entries = self.entries_after(name, after, count)?;
                let longest = self.state().longest_record;
                let is_longer = |limit| entries.iter().any(|entry| entry.size() > limit);
                if longest.is_some_and(is_longer) {
                    return Err(error(StoreErrorKind::Unreachable, "connection reset"));
                }
                if !entries.is_empty() || wait.is_none() || wait_is_over.is_elapsed() {
                    return Ok(entries);
                }
                tokio::select! {
                    _ = appended.changed() => {}
                    () = &mut wait_is_over => {}
                }
            }
        })
    }

    fn read_small<'a>(
        &'a self,
        name: &'a str,
        after: EntryId,
        count: usize,
    ) -> StoreFuture<'a, Vec<Entry>> {
        Box::pin(async move {
            self.run("read_small", false, |_| Ok(())).await?;
            let mut entries = self.entries_after(name, after, count)?;
            for entry in &mut entries {
                entry.record = entry.record.take().filter(|record| record.len() <= 64);
            }
            Ok(entries)
        })
    }

    fn last_id<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Option<EntryId>> {
        self.run("last_id", false, move |state| {
            match state.strings.contains_key(name) {
                true => Err(error(StoreErrorKind::WrongType, "WRONGTYPE")),
                false => Ok(state.streams.get(name).map(|stream| stream.last)),
            }
        })
    }

    fn trim<'a>(&'a self, name: &'a str, before: EntryId) -> StoreFuture<'a, ()> {
        self.run("trim", false, move |state| {
            if let Some(stream) = state.streams.get_mut(name) {
                stream.entries = stream.entries.split_off(&before);
            }
            Ok(())
        })
    }

    fn identity<'a>(&'a self, _: &'a str) -> StoreFuture<'a, Option<String>> {
        self.run("identity", false, |state| {
            Ok((!state.hides_identity).then(|| state.identity.to_string()))
        })
    }

    fn memory(&self) -> StoreFuture<'_, Vec<ServerMemory>> {
        self.run("memory", false, |state| Ok(vec![state.memory()]))
    }
}

impl Entry {
    fn size(&self) -> usize {
        self.record.as_ref().map_or(0, Vec::len)
    }
}

impl EntryId {
    fn next(self) -> Option<Self> {
        let same = self
            .sequence
            .checked_add(1)
            .map(|sequence| Self { sequence, ..self });
        same.or_else(|| {
            let milliseconds = self.milliseconds.checked_add(1)?;
            Some(Self {
                milliseconds,
                sequence: 0,
            })
        })
    }
}

fn error(kind: StoreErrorKind, message: &str) -> StoreError {
    StoreError {
        kind,
        message: message.to_owned(),
    }
}

/// The time at which the store of a test starts, in milliseconds: that of `FakeClock` by default
/// does not matter, since ids are the store's own time.
const EPOCH_MS: u64 = 1_800_000_000_000;
