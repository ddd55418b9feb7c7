//! Which fetch a request waits for.
//!
//! Flights are numbered. A request that needs a fetch learns, under the lock, the number of the flight
//! to wait for; the task publishes the number of each flight after its result is in place. Comparing
//! numbers, not waiting for a signal, is what makes a wake-up impossible to lose.

/// The counter, and what is known about the next number.
#[derive(Debug, Default)]
pub(in crate::keys) struct Flights {
    /// The number of the last flight that took off.
    started: u64,
    in_flight: bool,
    requested: bool,
}

impl Flights {
    pub(in crate::keys) const fn started(&self) -> u64 {
        self.started
    }

    /// The flight in the air. It may have left before the key was published that a request lacks.
    pub(in crate::keys) fn under_way(&self) -> Option<u64> {
        self.in_flight.then_some(self.started)
    }

    pub(in crate::keys) const fn is_requested(&self) -> bool {
        self.requested
    }

    /// The flight that takes off next, and so after the question.
    pub(in crate::keys) const fn request(&mut self) -> u64 {
        self.requested = true;
        self.started + 1
    }

    pub(in crate::keys) const fn take_off(&mut self) {
        self.requested = false;
        self.in_flight = true;
        self.started += 1;
    }

    /// The number to publish.
    pub(in crate::keys) const fn land(&mut self) -> u64 {
        self.in_flight = false;
        self.started
    }

    /// Nobody will fly any more: the number to publish, so that nobody waits, if somebody may.
    pub(in crate::keys) fn abandon(&mut self) -> Option<u64> {
        let waited_for = self.in_flight || self.requested;
        self.started += u64::from(self.requested);
        self.requested = false;
        self.in_flight = false;
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
        flights: Flights,
        landed: u64,
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

        /// The task: one flight for each request, until `flights` have landed.
        fn refresh(&self, flights: u64) {
            loop {
                let mut state = self.state.lock().unwrap();
                while !state.flights.is_requested() {
                    if state.landed >= flights || state.ended {
                        return;
                    }
                    state = self.changed.wait(state).unwrap();
                }
                state.flights.take_off();
                drop(state);
                let fetched = self.published.load(Ordering::SeqCst);
                self.in_use.store(fetched, Ordering::SeqCst);
                let mut state = self.state.lock().unwrap();
                state.landed = state.flights.land();
                self.changed.notify_all();
                drop(state);
            }
        }

        /// A request that lacks `wanted`: at most two flights, as `Handle::newer` does it.
        fn wait_for(&self, wanted: u64) -> bool {
            for _ in 0..2 {
                let mut state = self.state.lock().unwrap();
                if self.in_use.load(Ordering::SeqCst) >= wanted {
                    return true;
                }
                let (flight, last_word) = match state.flights.under_way() {
                    Some(flight) => (flight, false),
                    None => (state.flights.request(), true),
                };
                self.changed.notify_all();
                while state.landed < flight {
                    state = self.changed.wait(state).unwrap();
                }
                drop(state);
                if last_word {
                    break;
                }
            }
            self.in_use.load(Ordering::SeqCst) >= wanted
        }

        fn end(&self) {
            self.state.lock().unwrap().ended = true;
            self.changed.notify_all();
        }

        fn flights(&self) -> u64 {
            self.state.lock().unwrap().flights.started()
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
            assert_eq!(model.flights(), 1, "one for both, whenever the second came");
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
            // Somebody else's question, whose flight may have left before the rotation.
            let early = thread::spawn({
                let model = model.clone();
                move || model.wait_for(1)
            });
            model.published.store(2, Ordering::SeqCst);
            assert!(
                model.wait_for(2),
                "the first flight may miss it, the second may not"
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
                    model.state.lock().unwrap().flights.request();
                    model.changed.notify_all();
                }
            });
            assert!(model.wait_for(1));
            gone.join().unwrap();
            model.end();
            task.join().unwrap();
            assert!(model.flights() <= 2);
        });
    }

    #[test]
    fn abandoned_flights_release_those_who_wait() {
        let requested = |flights: &mut Flights| {
            flights.request();
        };
        let flying = |flights: &mut Flights| {
            flights.request();
            flights.take_off();
        };
        let both = |flights: &mut Flights| {
            flights.request();
            flights.take_off();
            flights.request();
        };
        type Reach = dyn Fn(&mut Flights);
        let cases: [(&str, &Reach, Option<u64>); 4] = [
            ("on the ground", &|_| {}, None),
            ("requested", &requested, Some(1)),
            ("in the air", &flying, Some(1)),
            ("in the air, and the next requested", &both, Some(2)),
        ];
        for (name, reach, published) in cases {
            let mut flights = Flights::default();
            reach(&mut flights);
            assert_eq!(flights.abandon(), published, "{name}");
            assert_eq!(flights.abandon(), None, "{name}: once");
        }
    }
}
