//! Where a reader stands in the stream, and what it must read to have missed nothing. No clock and
//! no I/O.
//!
//! A server that was emptied, restarted or replaced may have lost entries, and may give ids below
//! those that it gave before. So the reader does not trust that what comes after its position is
//! all that is new.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::revocation::Record;
use crate::store::commands::EntryId;

/// The place of a reader in the stream.
#[derive(Debug, Default)]
pub(super) struct Position {
    /// The last entry of the stream that was read. It is there until it is lost: trimming keeps
    /// the newest.
    last: EntryId,
    /// The server of the last read that was complete.
    identity: Option<String>,
    /// A read of the whole stream that is due or under way.
    whole: Option<Whole>,
    was_read: bool,
}

/// What the server says before a read.
#[derive(Debug)]
pub(super) struct Look {
    /// `None` where `INFO` does not tell.
    pub(super) identity: Option<String>,
    /// The last id of the stream. `None` where `XINFO` does not tell; zero without a stream.
    pub(super) last: Option<EntryId>,
    /// Nothing has failed since the last read, so it is the server of that read.
    pub(super) is_same_connection: bool,
}

/// A read of several pages.
#[derive(Debug)]
pub(super) struct Reading {
    /// The next page begins after this id.
    pub(super) after: EntryId,
    /// What is added later is left to the reads that follow, so that a flood of entries cannot
    /// keep a read from its end.
    end: EntryId,
    is_whole: bool,
    has_met_last: bool,
}

/// What a read has told.
#[derive(Debug)]
pub(super) enum Read {
    /// All of the stream, and what it lacks.
    Whole(Absent),
    /// What was added since the position, and shortly before.
    Recent,
    /// The entry at the position is gone, so others are too: all must be read.
    NotEnough,
}

/// The state of a read of the whole stream. It goes on where it was when the connection breaks.
#[derive(Debug)]
struct Whole {
    after: EntryId,
    absent: Absent,
}

/// The revocations in force that a read has not found so far.
#[derive(Debug, Default)]
pub(super) struct Absent(HashMap<[u8; 16], (Record, Found)>);

/// The latest times that were found. They may come from two entries.
#[derive(Debug, Default)]
struct Found {
    cut: u64,
    until: u64,
}

impl Position {
    /// Begins a read of what may have been missed: of all, if the server is another one or has
    /// lost entries, and else from two minutes before the position, because the clock of a server
    /// that has taken over may be behind.
    pub(super) fn begin(&mut self, look: &Look, in_force: impl FnOnce() -> Vec<Record>) -> Reading {
        let is_told = look.identity.is_some() || look.is_same_connection;
        let is_same = is_told && look.identity == self.identity;
        let is_behind = look.last.is_some_and(|last| last < self.last);
        if look.identity != self.identity || is_behind {
            self.whole = None;
        }
        if !self.was_read || !is_same || is_behind || self.whole.is_some() {
            return self.begin_whole(look, in_force);
        }
        let before = EntryId {
            milliseconds: self.last.milliseconds.saturating_sub(LOOK_BACK_MS),
            sequence: 0,
        };
        self.reading(before, look, false)
    }

    /// The next read is one of all.
    pub(super) fn begin_anew(&mut self) {
        self.whole = None;
        self.was_read = false;
    }

    fn begin_whole(&mut self, look: &Look, in_force: impl FnOnce() -> Vec<Record>) -> Reading {
        let whole = self.whole.get_or_insert_with(|| Whole {
            after: EntryId::default(),
            absent: Absent::new(in_force()),
        });
        let after = whole.after;
        self.identity.clone_from(&look.identity);
        self.reading(after, look, true)
    }

    fn reading(&self, after: EntryId, look: &Look, is_whole: bool) -> Reading {
        Reading {
            after,
            end: look.last.unwrap_or(EntryId::MAX),
            is_whole,
            has_met_last: self.last == EntryId::default(),
        }
    }

    /// Notes a page of a read: the ids of its entries, and the records of those that open. Returns
    /// whether the read is complete.
    pub(super) fn note_page(
        &mut self,
        reading: &mut Reading,
        ids: &[EntryId],
        records: &[Record],
        is_last: bool,
    ) -> bool {
        if let Some(last) = ids.last() {
            reading.after = *last;
        }
        reading.has_met_last |= ids.contains(&self.last);
        if reading.is_whole
            && let Some(whole) = &mut self.whole
        {
            whole.after = reading.after;
            whole.absent.note(records);
        }
        is_last || reading.after >= reading.end
    }

    /// Ends a read.
    pub(super) fn end(&mut self, reading: &Reading) -> Read {
        if reading.is_whole {
            // Not the later of both: a stream that was made anew may have earlier ids.
            self.last = reading.after;
            self.was_read = true;
            let whole = self.whole.take();
            return Read::Whole(whole.map(|whole| whole.absent).unwrap_or_default());
        }
        if !reading.has_met_last {
            self.was_read = false;
            return Read::NotEnough;
        }
        self.last = self.last.max(reading.after);
        Read::Recent
    }

    /// Moves over entries that have arrived.
    pub(super) fn advance(&mut self, ids: &[EntryId]) {
        self.last = ids.iter().copied().fold(self.last, EntryId::max);
    }

    pub(super) fn identity(&self) -> Option<String> {
        self.identity.clone()
    }

    pub(super) const fn last(&self) -> EntryId {
        self.last
    }

    /// Whether the stream with this last id was emptied or made anew.
    pub(super) fn is_ahead_of(&self, last: EntryId) -> bool {
        last < self.last
    }
}

impl Absent {
    pub(super) fn new(in_force: Vec<Record>) -> Self {
        let absent = in_force.into_iter();
        Self(
            absent
                .map(|record| (record.digest, (record, Found::default())))
                .collect(),
        )
    }

    pub(super) fn note(&mut self, records: &[Record]) {
        for record in records {
            let Some((wanted, found)) = self.0.get_mut(&record.digest) else {
                continue;
            };
            found.cut = found.cut.max(record.cut);
            found.until = found.until.max(record.until);
            if found.cut >= wanted.cut && found.until >= wanted.until {
                self.0.remove(&record.digest);
            }
        }
    }

    pub(super) fn add(&mut self, record: Record) {
        let new = (record, Found::default());
        let (wanted, found) = self.0.entry(record.digest).or_insert(new);
        wanted.cut = wanted.cut.max(record.cut);
        wanted.until = wanted.until.max(record.until);
        // What was found before may be what is absent now.
        *found = Found::default();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn records(self) -> Vec<Record> {
        self.0.into_values().map(|(record, _)| record).collect()
    }
}

/// Counts the entries that do not open, by the minute.
#[derive(Debug, Default)]
pub(super) struct Foreign {
    since: Option<Instant>,
    count: usize,
}

impl Foreign {
    pub(super) fn note(&mut self, entries: usize, now: Instant) {
        let is_over = |since| now.saturating_duration_since(since) >= MINUTE;
        if self.since.is_none_or(is_over) {
            *self = Self {
                since: Some(now),
                count: 0,
            };
        }
        self.count = self.count.saturating_add(entries);
    }

    /// Whether there are so many that the reader reads seldom, and much at once.
    pub(super) fn is_flood(&self, now: Instant) -> bool {
        let is_now = |since| now.saturating_duration_since(since) < MINUTE;
        self.count > MAX_FOREIGN && self.since.is_some_and(is_now)
    }
}

const LOOK_BACK_MS: u64 = 2 * 60 * 1000;
const MINUTE: Duration = Duration::from_secs(60);
const MAX_FOREIGN: usize = 1_000;
