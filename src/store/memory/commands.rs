//! The commands as the server executes them.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::{MemoryStore, error};
use crate::limits::STORE_CONNECT_TIMEOUT;
use crate::store::commands::{
    Commands, Entry, EntryId, ServerMemory, StoreError, StoreErrorKind, StoreFuture,
};

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
            Ok(stored.map(|stored| stored.live_for(life)).is_some())
        })
    }

    fn prolong<'a>(&'a self, name: &'a str, life: Duration) -> StoreFuture<'a, bool> {
        self.run("prolong", false, move |state| {
            let stored = state.live(name);
            Ok(stored.map(|stored| stored.live_for(life)).is_some())
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
            self.wake_readers();
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
        self.run("identity", false, |state| match state.hides_identity {
            true => Err(error(StoreErrorKind::Refused, "NOPERM")),
            false => Ok(Some(state.identity.to_string())),
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

impl MemoryStore {
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

/// The time at which the store of a test starts, in milliseconds: that of `FakeClock` by default
/// does not matter, since ids are the store's own time.
const EPOCH_MS: u64 = 1_800_000_000_000;
