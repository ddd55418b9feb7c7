//! Which fetch a request waits for, and how many.
//!
//! Fetches are numbered. A request that needs a fetch learns, under the lock, the number of the
//! fetch to wait for; the task publishes the number of each fetch after its result is in place. A
//! wake-up cannot be lost, because requests compare numbers and do not wait for a signal.

use crate::keys::demand::FetchId;

/// Counts the fetches, and knows whether one is in progress or requested.
#[derive(Debug, Default)]
pub(in crate::keys) struct Fetches {
    /// The number of the last fetch that started.
    started: u64,
    in_progress: bool,
    requested: bool,
}

impl Fetches {
    pub(in crate::keys) const fn started(&self) -> u64 {
        self.started
    }

    pub(in crate::keys) const fn is_requested(&self) -> bool {
        self.requested
    }

    /// The fetch in progress. It may have started before the key that a request needs was
    /// published, so it is conclusive only for a request that is content with any newer set.
    pub(in crate::keys) fn join(&self, is_any_set_good: bool) -> Option<FetchId> {
        self.in_progress.then_some(FetchId {
            number: self.started,
            is_conclusive: is_any_set_good,
        })
    }

    /// Requests the fetch that starts next, and so after the request asked.
    pub(in crate::keys) const fn request(&mut self) -> FetchId {
        self.requested = true;
        FetchId {
            number: self.started.saturating_add(1),
            is_conclusive: true,
        }
    }

    pub(in crate::keys) const fn start(&mut self) {
        self.requested = false;
        self.in_progress = true;
        self.started = self.started.saturating_add(1);
    }

    /// Returns the number to publish.
    pub(in crate::keys) const fn finish(&mut self) -> u64 {
        self.in_progress = false;
        self.started
    }

    /// Gives up the fetch in progress and the one requested. Returns the number to publish, if a
    /// request may wait for it.
    pub(in crate::keys) fn abandon(&mut self) -> Option<u64> {
        let is_waited_for = self.in_progress || self.requested;
        self.started = self.started.saturating_add(u64::from(self.requested));
        self.requested = false;
        self.in_progress = false;
        is_waited_for.then_some(self.started)
    }
}

/// The fetches that one request has waited for.
#[derive(Debug, Default)]
pub(in crate::keys) struct Turns {
    finished: u32,
    lost: u32,
}

/// How the fetch that a request waited for ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::keys) enum End {
    /// Its result is in place.
    Finished,
    /// The task was lost before the fetch finished.
    Lost,
}

/// What a request does after a fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::keys) enum Step {
    /// Takes what is in use now as the answer.
    Conclude,
    /// Asks once more, and waits if it is told to.
    AskAgain,
}

impl Turns {
    /// At most two fetches that finish: one that was in progress and may have missed the key, and
    /// one that started after the request asked. `may_come_back` says that replicas of the issuer
    /// disagree about the key, so that even a conclusive fetch deserves a second one.
    pub(in crate::keys) fn next_step(
        &mut self,
        fetch: FetchId,
        end: End,
        may_come_back: impl FnOnce() -> bool,
    ) -> Step {
        let is_over = match end {
            End::Lost => {
                self.lost = self.lost.saturating_add(1);
                self.lost == MOST_LOST
            }
            End::Finished => {
                self.finished = self.finished.saturating_add(1);
                self.finished == MOST_FINISHED || (fetch.is_conclusive && !may_come_back())
            }
        };
        match is_over {
            true => Step::Conclude,
            false => Step::AskAgain,
        }
    }
}

const MOST_FINISHED: u32 = 2;

/// How many runtimes may end under one request before it gives up.
const MOST_LOST: u32 = 3;

/// Every interleaving of requests and the task. Which fetch a request waits for, and what it does
/// afterwards, is decided by the code above; trusted are three primitives: the lock is loom's, a
/// condition variable stands for tokio's `watch`, and an atomic for the `ArcSwap`.
#[cfg(test)]
mod tests {
    use loom::sync::atomic::{AtomicU64, Ordering};
    use loom::sync::{Arc, Condvar, Mutex};
    use loom::thread;

    use super::*;

    #[derive(Default)]
    struct State {
        fetches: Fetches,
        finished: u64,
        lost: u64,
        ended: bool,
    }

    struct Model {
        state: Mutex<State>,
        changed: Condvar,
        /// What the issuer publishes, and what is in use here.
        published: AtomicU64,
        in_use: AtomicU64,
    }

    impl Model {
        fn new() -> Arc<Self> {
            Arc::new(Self {
                state: Mutex::new(State::default()),
                changed: Condvar::new(),
                published: AtomicU64::new(1),
                in_use: AtomicU64::new(0),
            })
        }

        /// The task: one fetch for each request, until it is told to end.
        fn run(&self) {
            while self.start() {
                let fetched = self.published.load(Ordering::SeqCst);
                self.in_use.store(fetched, Ordering::SeqCst);
                let mut state = self.state.lock().unwrap();
                state.finished = state.fetches.finish();
                self.changed.notify_all();
            }
        }

        fn start(&self) -> bool {
            let mut state = self.state.lock().unwrap();
            while !state.fetches.is_requested() {
                if state.ended {
                    return false;
                }
                state = self.changed.wait(state).unwrap();
            }
            state.fetches.start();
            true
        }

        /// The task's runtime ends in the middle of a fetch.
        fn abandon(&self) {
            let mut state = self.state.lock().unwrap();
            if let Some(number) = state.fetches.abandon() {
                (state.finished, state.lost) = (number, number);
            }
            self.changed.notify_all();
        }

        /// A request that needs set `wanted`: asks, waits and asks again as `Handle::wait` does.
        fn wait_for(&self, wanted: u64) -> bool {
            let mut turns = Turns::default();
            loop {
                let mut state = self.state.lock().unwrap();
                if self.in_use.load(Ordering::SeqCst) >= wanted {
                    return true;
                }
                let joined = state.fetches.join(false);
                let fetch = joined.unwrap_or_else(|| state.fetches.request());
                self.changed.notify_all();
                while state.finished < fetch.number {
                    state = self.changed.wait(state).unwrap();
                }
                let end = match fetch.number <= state.lost {
                    true => End::Lost,
                    false => End::Finished,
                };
                drop(state);
                if turns.next_step(fetch, end, || false) == Step::Conclude {
                    return self.in_use.load(Ordering::SeqCst) >= wanted;
                }
            }
        }

        fn end(&self) {
            self.state.lock().unwrap().ended = true;
            self.changed.notify_all();
        }

        fn started(&self) -> u64 {
            self.state.lock().unwrap().fetches.started()
        }
    }

    /// Every schedule with up to three preemptions; almost all races need no more to show, and
    /// without a bound the search does not end.
    fn explore(scenario: impl Fn() + Send + Sync + 'static) {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(3);
        builder.check(scenario);
    }

    fn spawn(model: &Arc<Model>, run: impl FnOnce(&Model) + 'static) -> thread::JoinHandle<()> {
        let model = model.clone();
        thread::spawn(move || run(&model))
    }

    #[test]
    fn two_requests_share_a_fetch_and_neither_is_forgotten() {
        explore(|| {
            let model = Model::new();
            let task = spawn(&model, Model::run);
            let other = spawn(&model, |model| assert!(model.wait_for(1)));
            assert!(model.wait_for(1));
            other.join().unwrap();
            model.end();
            task.join().unwrap();
            assert_eq!(model.started(), 1, "one for both, whenever the second came");
        });
    }

    #[test]
    fn a_key_published_before_the_request_is_found() {
        explore(|| {
            let model = Model::new();
            let task = spawn(&model, Model::run);
            // Another request, whose fetch may have started before the rotation.
            let early = spawn(&model, |model| assert!(model.wait_for(1)));
            model.published.store(2, Ordering::SeqCst);
            assert!(
                model.wait_for(2),
                "the first fetch may miss it, the second may not"
            );
            early.join().unwrap();
            model.end();
            task.join().unwrap();
        });
    }

    #[test]
    fn a_request_that_leaves_costs_at_most_one_fetch() {
        explore(|| {
            let model = Model::new();
            let task = spawn(&model, Model::run);
            // Asks and hangs up.
            let gone = spawn(&model, |model| {
                model.state.lock().unwrap().fetches.request();
                model.changed.notify_all();
            });
            assert!(model.wait_for(1));
            gone.join().unwrap();
            model.end();
            task.join().unwrap();
            assert!(model.started() <= 2);
        });
    }

    #[test]
    fn a_request_outlives_the_task_that_carried_its_fetch() {
        explore(|| {
            let model = Model::new();
            let task = spawn(&model, |model| {
                // The first task is lost in the middle of its fetch; another one takes its place.
                assert!(model.start());
                model.abandon();
                model.run();
            });
            assert!(model.wait_for(1));
            model.end();
            task.join().unwrap();
        });
    }

    #[test]
    fn a_request_asks_again_a_bounded_number_of_times() {
        let fetch = |is_conclusive| FetchId {
            number: 1,
            is_conclusive,
        };
        let (early, conclusive) = (fetch(false), fetch(true));
        // (the fetches that end, whether the key may come back, the step after the last of them)
        type Row<'a> = (&'a [(FetchId, End)], bool, Step);
        let rows: [Row<'_>; 8] = [
            (&[(conclusive, End::Finished)], false, Step::Conclude),
            (&[(early, End::Finished)], false, Step::AskAgain),
            (&[(conclusive, End::Finished)], true, Step::AskAgain),
            (&[(early, End::Finished); 2], false, Step::Conclude),
            (&[(conclusive, End::Finished); 2], true, Step::Conclude),
            (&[(conclusive, End::Lost); 2], false, Step::AskAgain),
            (&[(conclusive, End::Lost); 3], false, Step::Conclude),
            (
                &[(conclusive, End::Lost), (early, End::Finished)],
                false,
                Step::AskAgain,
            ),
        ];
        for (ends, may_come_back, want) in rows {
            let mut turns = Turns::default();
            let steps = ends
                .iter()
                .map(|(fetch, end)| turns.next_step(*fetch, *end, || may_come_back));
            assert_eq!(steps.last(), Some(want), "{ends:?} {may_come_back}");
        }
    }

    #[test]
    fn abandoned_fetches_release_the_requests_that_wait() {
        let requested = |fetches: &mut Fetches| {
            fetches.request();
        };
        let in_progress = |fetches: &mut Fetches| {
            fetches.request();
            fetches.start();
        };
        let both = |fetches: &mut Fetches| {
            fetches.request();
            fetches.start();
            fetches.request();
        };
        type Reach = dyn Fn(&mut Fetches);
        let cases: [(&str, &Reach, Option<u64>); 4] = [
            ("idle", &|_| {}, None),
            ("requested", &requested, Some(1)),
            ("in progress", &in_progress, Some(1)),
            ("in progress, and the next requested", &both, Some(2)),
        ];
        for (name, reach, published) in cases {
            let mut fetches = Fetches::default();
            reach(&mut fetches);
            assert_eq!(fetches.abandon(), published, "{name}");
            assert_eq!(fetches.abandon(), None, "{name}: once");
        }
    }
}
