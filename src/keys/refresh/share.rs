//! Carries out the turns of a process in a fleet, which `fleet` decides.
//!
//! Nothing here needs the store: a call that fails leaves the process to itself.

use std::collections::HashSet;
use std::convert::Infallible;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::adopt::ReadSet;
use super::fleet::turn::{NoFetch, Purpose, Step, Turn, milliseconds};
use super::kids::KidHash;
use super::state::{Control, Shared};
use crate::base::clock::Now;
use crate::crypto::random_secret;
use crate::keys::report::{counts, report_faults};
use crate::keys::settings::Sharing;
use crate::keys::shared::{
    Hint, Hold, LEASE_LIFE, Lease, MAX_PAYLOAD, SharedKeys, SharedSet, StoreFailed,
};
use crate::keys::snapshot::FetchedAt;
use crate::keys::source::{FetchError, Fetched};
use crate::telemetry;

/// What a turn has brought.
enum Brought {
    Fetched {
        fetched_at: u64,
        outcome: Result<Fetched, FetchError>,
    },
    Taken {
        fetched_at: u64,
        life: Duration,
        set: ReadSet,
    },
    Nothing(NoFetch),
}

impl Shared {
    pub(super) async fn turn_in_fleet(
        &self,
        sharing: &Sharing,
        epoch: u64,
        since: Instant,
        saving: &mut Option<JoinHandle<()>>,
    ) {
        let keys = &*sharing.keys;
        let Some(mut turn) = self.begin_turn() else {
            return;
        };
        let Some(brought) = self.carry_out(keys, epoch, &mut turn).await else {
            return;
        };
        let settled = match brought {
            Brought::Fetched {
                fetched_at,
                outcome,
            } => {
                let is_good = self.finish(epoch, since, outcome);
                self.keep(epoch, &turn, since);
                if is_good {
                    self.save(saving);
                    self.share_set(keys, epoch, &turn, fetched_at).await
                } else {
                    self.share_failure(keys, epoch, &turn).await
                }
            }
            Brought::Taken {
                fetched_at,
                life,
                set,
            } => {
                self.keep(epoch, &turn, since);
                self.give_back(epoch, &turn);
                if self.finish_taken(epoch, fetched_at, life, set) {
                    self.save(saving);
                }
                Ok(())
            }
            Brought::Nothing(why) => {
                self.keep(epoch, &turn, since);
                self.give_back(epoch, &turn);
                self.finish_without(epoch, since, why);
                Ok(())
            }
        };
        // A store that fails forgets the lease soon.
        if let (Ok(()), Some(lease)) = (settled, turn.lease()) {
            let _ = keys.release(lease).await;
        }
    }

    fn begin_turn(&self) -> Option<Turn> {
        let now = self.clock.now();
        let is_serving = self.serving(now).is_some();
        let mut control = self.control();
        let Control {
            schedule, fleet, ..
        } = &mut *control;
        Some(fleet.as_mut()?.turn(schedule, is_serving, now))
    }

    /// `None` if the task was given up.
    async fn carry_out(
        &self,
        keys: &dyn SharedKeys,
        epoch: u64,
        turn: &mut Turn,
    ) -> Option<Brought> {
        loop {
            self.shows_life(epoch)?;
            let now = self.clock.now();
            match turn.next(now) {
                Step::Look => {
                    turn.looked(keys.look().await);
                    self.release_orphan(keys).await;
                }
                Step::Take(hint) => {
                    if let Some(taken) = self.take(keys, turn, hint).await {
                        return Some(taken);
                    }
                }
                Step::ReadHold => turn.read_hold(keys.read_hold().await),
                Step::SeeLease => turn.saw_lease(keys.is_leased().await, now),
                Step::SpendSlot => {
                    let cooldown = self.origin.times.cooldown;
                    turn.spent_slot(keys.spend_slot(cooldown).await);
                }
                Step::GetLease => self.get_lease(keys, turn).await,
                Step::Wait(pause) => {
                    sleep(pause).await;
                    turn.waited();
                }
                Step::Fetch => return Some(self.fetch_in_fleet(keys, turn, now).await),
                Step::End(why) => return Some(Brought::Nothing(why)),
            }
        }
    }

    async fn take(&self, keys: &dyn SharedKeys, turn: &mut Turn, hint: Hint) -> Option<Brought> {
        let set = match keys.take(&hint).await {
            Ok(set) => set,
            Err(StoreFailed) => {
                turn.looked(Err(StoreFailed));
                return None;
            }
        };
        // The hint stood before the seal: what is sealed counts.
        let set = set.filter(|set| turn.replaces(set.fetched_at, self.clock.now()));
        let taken = set.and_then(|set| {
            let read = self.read(Fetched::document(set.document).with_max_age(set.life));
            Some(Brought::Taken {
                fetched_at: set.fetched_at,
                life: set.life,
                set: read.ok()?,
            })
        });
        if taken.is_none() {
            turn.pass_over(hint);
        }
        taken
    }

    async fn get_lease(&self, keys: &dyn SharedKeys, turn: &mut Turn) {
        let mut lease = Lease::default();
        let secret = random_secret();
        lease
            .iter_mut()
            .zip(secret)
            .for_each(|(to, from)| *to = from);
        let is_ours = keys.get_lease(&lease).await;
        if is_ours.is_err() {
            // It may still be granted, when nobody waits for it any more.
            self.note_orphan(Some(lease));
        }
        turn.asked_for_lease(lease, is_ours, self.clock.now());
    }

    async fn release_orphan(&self, keys: &dyn SharedKeys) {
        let orphan = self
            .control()
            .fleet
            .as_mut()
            .and_then(|fleet| fleet.orphan.take());
        if let Some(orphan) = orphan
            && keys.release(&orphan).await.is_err()
        {
            self.note_orphan(Some(orphan));
        }
    }

    fn note_orphan(&self, orphan: Option<Lease>) {
        if let Some(fleet) = &mut self.control().fleet {
            fleet.orphan = orphan;
        }
    }

    async fn fetch_in_fleet(&self, keys: &dyn SharedKeys, turn: &Turn, now: Now) -> Brought {
        let fetched_at = {
            let mut control = self.control();
            control.schedule.note_failures(turn.failures(now));
            let fleet = control.fleet.as_mut();
            fleet.map_or(0, |fleet| fleet.begin_fetch(now))
        };
        let outcome = match turn.lease() {
            None => self.fetch().await,
            Some(lease) => {
                tokio::select! {
                    biased;
                    outcome = self.fetch() => outcome,
                    never = prolong(keys, lease) => match never {},
                }
            }
        };
        Brought::Fetched {
            fetched_at,
            outcome,
        }
    }

    /// Puts the set of another process in place. Returns whether there are keys to save.
    fn finish_taken(&self, epoch: u64, fetched_at: u64, life: Duration, set: ReadSet) -> bool {
        let now = self.clock.now();
        let age = now.wall.unix_milliseconds().saturating_sub(fetched_at);
        let fetched = FetchedAt::before(now, Duration::from_millis(age));
        let mut control = self.control();
        if control.epoch != epoch {
            return false;
        }
        let old = self.snapshot.load_full();
        let adopted = self.adopt(set, fetched);
        let has_recovered = control.last_error.is_some();
        let number = control.fetches.finish();
        let proved = control.note_taken(fetched_at, life, number);
        self.note_success(&mut control, old.as_deref(), &adopted, fetched, proved, now);
        drop(control);
        self.publish(number);
        let (issuer, keys) = (&self.origin.issuer, &adopted.snapshot.keys);
        let (generation, changed) = (adopted.snapshot.generation, adopted.changed);
        let (at, age) = (fetched_at / 1000, Duration::from_millis(age));
        telemetry::keys_taken(
            self.origin.labelled(),
            generation,
            counts(keys, &self.origin.algorithms),
            changed,
            at,
            age,
        );
        if changed || adopted.has_new_faults {
            report_faults(issuer, keys, &self.origin.algorithms);
        }
        if has_recovered {
            telemetry::keys_recovered(issuer);
        }
        true
    }

    fn finish_without(&self, epoch: u64, since: Instant, why: NoFetch) {
        let now = self.clock.now();
        let mut control = self.control();
        if control.epoch != epoch {
            return;
        }
        control.keep_asking();
        if let NoFetch::Held { .. } = why {
            let error = || FetchError::new(format!("{} {HELD}", self.origin.issuer));
            control.last_error.get_or_insert_with(error);
        }
        let Control {
            schedule, fleet, ..
        } = &mut *control;
        if let Some(fleet) = fleet {
            fleet.ended(why, schedule, since, now);
        }
        let number = control.fetches.finish();
        drop(control);
        self.publish(number);
        if let NoFetch::Held { until } = why {
            let pause = until.saturating_duration_since(now.monotonic);
            let serving = self.serving(now).is_some();
            telemetry::keys_put_off(self.origin.labelled(), pause, serving);
        }
    }

    /// This process has not fetched, so that its budget is not spent.
    fn give_back(&self, epoch: u64, turn: &Turn) {
        let mut control = self.control();
        if control.epoch == epoch
            && let Purpose::Asked(permit) = turn.purpose
            && let Some(lookup) = permit.spent()
        {
            control.schedule.give_back(lookup);
        }
    }

    fn keep(&self, epoch: u64, turn: &Turn, since: Instant) {
        let mut control = self.control();
        if control.epoch == epoch
            && let Some(fleet) = &mut control.fleet
        {
            fleet.keep(turn, since);
        }
    }

    /// Writes the set that this process has fetched, unless the store has a later one by now.
    async fn share_set(
        &self,
        keys: &dyn SharedKeys,
        epoch: u64,
        turn: &Turn,
        fetched_at: u64,
    ) -> Result<(), StoreFailed> {
        if self.shows_life(epoch).is_none() {
            return Ok(());
        }
        if let Some(set) = self.set_to_share(fetched_at)
            && !self.leaves_set(keys, turn, fetched_at).await?
        {
            keys.write(&set, self.origin.times.max_stale).await?;
        }
        keys.clear_hold().await
    }

    /// `None` if the set is too large.
    fn set_to_share(&self, fetched_at: u64) -> Option<SharedSet> {
        let life = self.control().fleet.as_ref()?.life();
        let in_use = self.snapshot.load_full()?;
        let document = &in_use.life.as_ref()?.origin.document;
        let set = SharedSet {
            fetched_at,
            life,
            document: document.clone(),
        };
        let is_small = set.size() <= MAX_PAYLOAD;
        if !is_small {
            telemetry::keys_too_large_to_share(&self.origin.issuer, document.len());
        }
        is_small.then_some(set)
    }

    /// Whether the set in the store is to stay there.
    async fn leaves_set(
        &self,
        keys: &dyn SharedKeys,
        turn: &Turn,
        fetched_at: u64,
    ) -> Result<bool, StoreFailed> {
        let hints = keys.look().await?;
        let now = self.clock.now();
        let mut later = hints.iter().filter(|hint| hint.fetched_at > fetched_at);
        let has_later = later.any(|hint| turn.wants(hint, now));
        let is_left_behind = || {
            let fleet = &mut self.control().fleet;
            let fleet = fleet.as_mut();
            fleet.is_some_and(|fleet| fleet.is_left_behind(&hints, now))
        };
        Ok(has_later || is_left_behind())
    }

    /// Tells the fleet until when not to fetch.
    async fn share_failure(
        &self,
        keys: &dyn SharedKeys,
        epoch: u64,
        turn: &Turn,
    ) -> Result<(), StoreFailed> {
        if self.shows_life(epoch).is_none() {
            return Ok(());
        }
        let before = keys.read_hold().await?;
        let now = self.clock.now();
        let (pause, failures) = {
            let control = self.control();
            let retry_at = control.schedule.retry_at(now.monotonic);
            let pause = retry_at.saturating_duration_since(now.monotonic);
            (pause, control.schedule.failures())
        };
        let wall = now.wall.unix_milliseconds();
        let hold = Hold {
            until: wall.saturating_add(milliseconds(pause)),
            failures: u16::try_from(failures).unwrap_or(u16::MAX),
        };
        let hold = turn.no_earlier(hold, before, now);
        let pause = Duration::from_millis(hold.until.saturating_sub(wall));
        // Its count doubles the next pause.
        let remembered = self.origin.times.cooldown.saturating_mul(2);
        keys.write_hold(hold, pause.saturating_add(remembered))
            .await
    }

    /// Each step of a turn takes less time than this promises. `None` if the task was given up.
    fn shows_life(&self, epoch: u64) -> Option<()> {
        let control = self.control();
        (control.epoch == epoch).then(|| {
            let late = self.origin.times.timeout.saturating_mul(2);
            self.expect_tick(Instant::now(), late.saturating_add(LONGEST_CALLS));
        })
    }
}

impl Control {
    /// The outcome of a fetch of this process: how long its issuer says that the set stays fresh.
    pub(super) fn note_own_fetch(&mut self, number: u64, good: Option<Option<Duration>>) {
        let Some(fleet) = &mut self.fleet else { return };
        match good {
            Some(max_age) => fleet.fetched(max_age, number),
            None => fleet.failed(),
        }
    }

    /// Returns the `kid`s that a taken set proves absent unless it holds them.
    fn note_taken(&mut self, fetched_at: u64, life: Duration, number: u64) -> HashSet<KidHash> {
        self.keep_asking();
        let Some(fleet) = &mut self.fleet else {
            return HashSet::new();
        };
        let proved = fleet.taken(fetched_at, life, number, &self.asked_since);
        self.asked_since.retain(|kid| !proved.contains(kid));
        proved
    }
}

/// Keeps the lease as long as the fetch runs.
async fn prolong(keys: &dyn SharedKeys, lease: &Lease) -> Infallible {
    loop {
        sleep(LEASE_LIFE.div_f64(2.0)).await;
        // If it is lost meanwhile, another process fetches too: the later set counts.
        let _ = keys.prolong(lease).await;
    }
}

const HELD: &str = "could not be asked for keys by another process of the fleet, which has said how \
                    long to wait";

/// What the calls of one step take at most.
const LONGEST_CALLS: Duration = Duration::from_secs(30);
