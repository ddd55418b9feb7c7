//! Which fetch a request waits for.
//!
//! Fetches are numbered. A request that needs a fetch learns, under the lock, the number of the fetch
//! to wait for; the task publishes the number of each fetch after its result is in place. Comparing
//! numbers, not waiting for a signal, is what makes a wake-up impossible to lose.

/// The counter, and what is known about the next number.
#[derive(Debug, Default)]
pub(in crate::keys) struct Fetches {
    /// The number of the last fetch that took off.
    started: u64,
    in_progress: bool,
    requested: bool,
}

impl Fetches {
    pub(in crate::keys) const fn started(&self) -> u64 {
        self.started
    }

    /// The fetch in the air. It may have left before the key was published that a request lacks.
    pub(in crate::keys) fn in_progress(&self) -> Option<u64> {
        self.in_progress.then_some(self.started)
    }

    pub(in crate::keys) const fn is_requested(&self) -> bool {
        self.requested
    }

    /// The fetch that takes off next, and so after the question.
    pub(in crate::keys) const fn request(&mut self) -> u64 {
        self.requested = true;
        self.started + 1
    }

    pub(in crate::keys) const fn start(&mut self) {
        self.requested = false;
        self.in_progress = true;
        self.started += 1;
    }

    /// The number to publish.
    pub(in crate::keys) const fn finish(&mut self) -> u64 {
        self.in_progress = false;
        self.started
    }

    /// Nobody will fetch any more: the number to publish, so that nobody waits, if somebody may.
    pub(in crate::keys) fn abandon(&mut self) -> Option<u64> {
        let waited_for = self.in_progress || self.requested;
        self.started += u64::from(self.requested);
        self.requested = false;
        self.in_progress = false;
        waited_for.then_some(self.started)
    }
}

/// Every interleaving of waiters and the task, with the real counter between aliased primitives: the
/// lock is loom's, a condition variable stands for tokio's `watch` and `Notify`, and an atomic for the
/// `ArcSwap`. Those three are trusted.
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

        /// The task: one fetch for each request, until `fetches` have finished.
        fn refresh(&self, fetches: u64) {
            loop {
                let mut state = self.state.lock().unwrap();
                while !state.fetches.is_requested() {
                    if state.finished >= fetches || state.ended {
                        return;
                    }
                    state = self.changed.wait(state).unwrap();
                }
                state.fetches.start();
                drop(state);
                let fetched = self.published.load(Ordering::SeqCst);
                self.in_use.store(fetched, Ordering::SeqCst);
                let mut state = self.state.lock().unwrap();
                state.finished = state.fetches.finish();
                self.changed.notify_all();
                drop(state);
            }
        }

        /// A request that lacks `wanted`: at most two fetches, as `Handle::newer` does it.
        fn wait_for(&self, wanted: u64) -> bool {
            for _ in 0..2 {
                let mut state = self.state.lock().unwrap();
                if self.in_use.load(Ordering::SeqCst) >= wanted {
                    return true;
                }
                let (fetch, is_conclusive) = match state.fetches.in_progress() {
                    Some(fetch) => (fetch, false),
                    None => (state.fetches.request(), true),
                };
                self.changed.notify_all();
                while state.finished < fetch {
                    state = self.changed.wait(state).unwrap();
                }
                drop(state);
                if is_conclusive {
                    break;
                }
            }
            self.in_use.load(Ordering::SeqCst) >= wanted
        }

        fn end(&self) {
            self.state.lock().unwrap().ended = true;
            self.changed.notify_all();
        }

        fn fetches(&self) -> u64 {
            self.state.lock().unwrap().fetches.started()
        }
    }

    /// Every schedule with up to three preemptions; almost all races need no more to show, and without
    /// a bound the search does not end.
    fn explore(scenario: impl Fn() + Send + Sync + 'static) {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(3);
        builder.check(scenario);
    }

    #[test]
    fn two_waiters_share_flights_and_neither_is_forgotten() {
        explore(|| {
            let model = Model::new();
            let task = thread::spawn({
                let model = model.clone();
                move || model.refresh(u64::MAX)
            });
            let other = thread::spawn({
                let model = model.clone();
                move || model.wait_for(1)
            });
            assert!(model.wait_for(1));
            assert!(other.join().unwrap());
            model.end();
            task.join().unwrap();
            assert_eq!(model.fetches(), 1, "one for both, whenever the second came");
        });
    }

    #[test]
    fn a_key_published_before_the_question_is_found() {
        explore(|| {
            let model = Model::new();
            let task = thread::spawn({
                let model = model.clone();
                move || model.refresh(u64::MAX)
            });
            // Somebody else's question, whose fetch may have left before the rotation.
            let early = thread::spawn({
                let model = model.clone();
                move || model.wait_for(1)
            });
            model.published.store(2, Ordering::SeqCst);
            assert!(
                model.wait_for(2),
                "the first fetch may miss it, the second may not"
            );
            assert!(early.join().unwrap());
            model.end();
            task.join().unwrap();
        });
    }

    #[test]
    fn a_waiter_that_leaves_costs_a_flight_at_most() {
        explore(|| {
            let model = Model::new();
            let task = thread::spawn({
                let model = model.clone();
                move || model.refresh(u64::MAX)
            });
            // Asks and hangs up.
            let gone = thread::spawn({
                let model = model.clone();
                move || {
                    model.state.lock().unwrap().fetches.request();
                    model.changed.notify_all();
                }
            });
            assert!(model.wait_for(1));
            gone.join().unwrap();
            model.end();
            task.join().unwrap();
            assert!(model.fetches() <= 2);
        });
    }

    #[test]
    fn abandoned_flights_release_those_who_wait() {
        let requested = |fetches: &mut Fetches| {
            fetches.request();
        };
        let flying = |fetches: &mut Fetches| {
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
            ("on the ground", &|_| {}, None),
            ("requested", &requested, Some(1)),
            ("in the air", &flying, Some(1)),
            ("in the air, and the next requested", &both, Some(2)),
        ];
        for (name, reach, published) in cases {
            let mut fetches = Fetches::default();
            reach(&mut fetches);
            assert_eq!(fetches.abandon(), published, "{name}");
            assert_eq!(fetches.abandon(), None, "{name}: once");
        }
    }
}
