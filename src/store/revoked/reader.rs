//! The task that reads the stream. It ticks, it follows the stream, and it heals it when asked.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::position::{Look, Read, Reading};
use super::{PAGE, Shared};
use crate::base::clock::later;
use crate::limits::STORE_CONNECT_TIMEOUT;
use crate::revocation::Record;
use crate::store::commands::{Entry, EntryId, StoreError, StoreErrorKind};
use crate::store::within;
use crate::telemetry;

impl Shared {
    /// Ends when a later task has taken over, or the last handle is gone.
    pub(super) async fn run(&self, epoch: u64) {
        let mut epochs = self.epoch.subscribe();
        tokio::select! {
            biased;
            _ = epochs.wait_for(|last| *last != epoch) => {}
            () = self.tick() => {}
            () = self.follow() => {}
            () = self.heal_when_asked() => {}
        }
    }

    async fn tick(&self) {
        loop {
            self.note_tick();
            sleep(TICK).await;
        }
    }

    async fn follow(&self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let began = Instant::now();
            tokio::select! {
                biased;
                () = self.stood_still() => self.catch_up_at_once().await,
                () = async {
                    let Err(error) = self.follow_connection().await;
                    self.note_failure(&error);
                    if began.elapsed() > LONGEST_PAUSE {
                        pause = FIRST_PAUSE;
                    }
                    // Random, so that the processes of a fleet do not come back in one moment.
                    sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
                    pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
                } => {}
            }
        }
    }

    async fn stood_still(&self) {
        // Without a list the task is about to end.
        if let Some(stood_still) = self.list().map(|list| list.stood_still()) {
            stood_still.await;
        }
    }

    /// Requests wait: the process stood still, and its connections may be gone.
    async fn catch_up_at_once(&self) {
        let caught_up = async {
            while let Err(error) = self.catch_up(Why::AtOnce).await {
                self.note_failure(&error);
                sleep(AT_ONCE).await;
            }
        };
        if timeout(self.store.timeout, caught_up).await.is_err()
            && let Some(list) = self.list()
        {
            list.go_on();
        }
    }

    /// Reads until a call fails.
    async fn follow_connection(&self) -> Result<std::convert::Infallible, StoreError> {
        let mut why = Why::Connected;
        loop {
            self.catch_up(why).await?;
            why = Why::LookBack;
            // Up to a tenth earlier, so that processes that came back together look apart.
            let pause = LOOK_BACK.mul_f64(1.0 - fastrand::f64() / 10.0);
            let look_back = later(Instant::now(), pause);
            while Instant::now() < look_back {
                if self.wait_for_entries().await? {
                    break;
                }
            }
        }
    }

    /// Reads what this process may have missed, page by page.
    async fn catch_up(&self, why: Why) -> Result<(), StoreError> {
        loop {
            let look = self.look(why).await?;
            let is_forgetful = self.list().is_some_and(|list| list.take_forgetful());
            let mut reading = {
                let mut control = self.control();
                if is_forgetful {
                    control.position.begin_anew();
                }
                control.position.begin(&look, || self.in_force())
            };
            while !self.read_page(&mut reading).await? {}
            let read = self.control().position.end(&reading);
            match read {
                Read::NotEnough => continue,
                Read::Recent => {}
                Read::Whole(absent) => self.ask_for_healing(absent),
            }
            self.note_caught_up();
            return Ok(());
        }
    }

    async fn look(&self, why: Why) -> Result<Look, StoreError> {
        let commands = &self.store.commands;
        let last = told(self.ask(commands.last_id(&self.name)).await)?;
        let identity = match why {
            // `INFO` goes over the connection of the requests, which may be dead. It is asked as
            // soon as the requests are served.
            Why::AtOnce => self.control().position.identity(),
            Why::Connected | Why::LookBack => {
                told(self.ask(commands.identity(&self.name)).await)?.flatten()
            }
        };
        Ok(Look {
            identity,
            last: last.map(Option::unwrap_or_default),
            is_same_connection: why == Why::LookBack,
        })
    }

    /// Reads a page. Returns whether it was the last. Then rests for as long as that took: many
    /// processes that start together must leave the server time for others.
    async fn read_page(&self, reading: &mut Reading) -> Result<bool, StoreError> {
        let began = Instant::now();
        let entries = self.page(reading.after, PAGE).await?;
        let took = began.elapsed();
        let ids: Vec<_> = entries.iter().map(|entry| entry.id).collect();
        let records = self.take(&entries);
        let is_last = entries.len() < PAGE;
        let is_complete = {
            let mut control = self.control();
            control.position.note_page(reading, &ids, &records, is_last)
        };
        if !is_complete {
            sleep(took).await;
        }
        Ok(is_complete)
    }

    pub(super) async fn page(
        &self,
        after: EntryId,
        count: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let (commands, name) = (&self.store.commands, &self.name);
        let page = async {
            match commands.read(name, after, count, None).await {
                // Where the server limits its answers, an entry that is larger ends the connection.
                Err(error) if error.kind == StoreErrorKind::Unreachable => {
                    commands.read_small(name, after, count).await
                }
                page => page,
            }
        };
        within(PAGE_TIMEOUT, page).await
    }

    /// Waits for entries, and takes those that come. Returns whether the stream was emptied or
    /// made anew, so that waiting for what comes after the position would be in vain.
    async fn wait_for_entries(&self) -> Result<bool, StoreError> {
        let last = self.control().position.last();
        let commands = &self.store.commands;
        let read = commands.read(&self.name, last, PAGE, Some(SILENCE));
        let entries = within(SILENCE.saturating_add(SLACK), read).await?;
        if entries.is_empty() {
            return self.was_emptied().await;
        }
        let ids: Vec<_> = entries.iter().map(|entry| entry.id).collect();
        self.take(&entries);
        let is_flood = {
            let mut control = self.control();
            control.position.advance(&ids);
            control.foreign.is_flood(Instant::now())
        };
        self.note_heard();
        // What arrives meanwhile comes with the next read, all together. In a flood, a reader
        // still reads as much as there is.
        let is_all = entries.len() < PAGE;
        sleep(if is_flood && is_all { SELDOM } else { TOGETHER }).await;
        Ok(false)
    }

    /// Asked at each silence: under `DEL` a blocked reader hears nothing.
    async fn was_emptied(&self) -> Result<bool, StoreError> {
        let last = told(self.ask(self.store.commands.last_id(&self.name)).await)?;
        self.note_heard();
        let is_ahead_of = |last: Option<_>| {
            let control = self.control();
            control.position.is_ahead_of(last.unwrap_or_default())
        };
        Ok(last.is_some_and(is_ahead_of))
    }

    /// A call that does not count as one of the requests', because the reader has its own pauses.
    /// It may have to connect first.
    async fn ask<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let limit = self.store.timeout.saturating_add(STORE_CONNECT_TIMEOUT);
        within(limit, call).await
    }

    /// Puts the records of these entries into the list. Returns them.
    fn take(&self, entries: &[Entry]) -> Vec<Record> {
        let records: Vec<_> = entries
            .iter()
            .filter_map(|entry| self.open(entry))
            .collect();
        let foreign = entries.len().saturating_sub(records.len());
        {
            let mut control = self.control();
            control.absent.note(&records);
            control.foreign.note(foreign, Instant::now());
        }
        if foreign > 0 {
            telemetry::store_foreign_records(foreign);
        }
        self.apply(&records);
        records
    }

    pub(super) fn open(&self, entry: &Entry) -> Option<Record> {
        let value = entry.record.as_deref()?;
        let mut seals = self.store.seals.iter();
        let payload = seals.find_map(|seal| seal.open(&self.name, value).ok())?;
        Record::from_bytes(payload)
    }
}

/// Why a process reads what it may have missed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    /// Requests wait for it.
    AtOnce,
    /// At the start, and when a call has failed.
    Connected,
    /// It is time, or the stream was made anew.
    LookBack,
}

/// Who may not ask `INFO` or `XINFO` reads more than it must.
fn told<T>(answer: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    use StoreErrorKind::{Unreachable, WrongType};
    match answer {
        Err(error) if matches!(error.kind, Unreachable | WrongType) => Err(error),
        answer => Ok(answer.ok()),
    }
}

const TICK: Duration = Duration::from_millis(500);
const TOGETHER: Duration = Duration::from_millis(50);
const SELDOM: Duration = Duration::from_secs(1);
const AT_ONCE: Duration = Duration::from_millis(20);

/// How long a read waits for an entry.
const SILENCE: Duration = Duration::from_secs(5);

/// What the answer of such a read may take beyond that. A connection that is dead without a sign
/// is noticed after both.
const SLACK: Duration = Duration::from_millis(1_500);
const PAGE_TIMEOUT: Duration = Duration::from_secs(10);

const LOOK_BACK: Duration = Duration::from_secs(10 * 60);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
