//! What a test does to the store, and what it sees of it.

use std::time::Duration;

use tokio::time::Instant;

use super::{Entry, EntryId, Fault, MemoryStore, Stored};

impl MemoryStore {
    /// From now on each command goes wrong so; `None` ends it.
    pub fn set_fault(&self, fault: Option<Fault>) {
        self.state().fault = fault;
        // A blocked reader notices.
        self.wake_readers();
    }

    /// Ends the connections over which somebody waits for entries.
    pub fn cut(&self) {
        let mut state = self.state();
        state.cuts = state.cuts.saturating_add(1);
        drop(state);
        self.wake_readers();
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
        self.wake_readers();
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
}
