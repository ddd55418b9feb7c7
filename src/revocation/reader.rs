//! What the reader of the list says, and how requests wait for it.
//!
//! Who reads the list from the store says [`tick`](Revocations::tick) twice a second, by a timer of
//! its own. If there was no tick for 15 s, the process stood still, and may have missed
//! revocations. A store that does not answer makes nobody wait, because the timer goes on.
//!
//! While the clock is ahead, revocations end early, and are forgotten. Their tokens have ended too,
//! until the clock is set back: then all of the list is read again.

use std::sync::atomic::Ordering;

use tokio::time::timeout;

use super::list::Revocations;
use super::waiting::State;
use crate::base::clock::Now;

impl Revocations {
    /// Who starts reading the list. Called for each request that waits, so it returns at once, and
    /// starts a reader only if none is there. The first caller of this counts.
    pub(crate) fn on_demand(&self, start: impl Fn() + Send + Sync + 'static) {
        // Another one would be a second reader of the same list.
        let _ = self.start.set(Box::new(start));
    }

    /// Starts reading the list, if nobody does yet.
    pub(crate) fn demand(&self) {
        if let Some(start) = self.start.get() {
            start();
        }
    }

    /// The list was read: at the start, or after the process stood still.
    pub(crate) fn set_read(&self) {
        self.change_state(|state| {
            *state = State {
                read: true,
                ..State::default()
            };
        });
    }

    /// `revocations_at_start` is over: requests are judged by what is there.
    pub(crate) fn give_up_waiting(&self) {
        self.change_state(|state| state.given_up = true);
    }

    /// The list cannot be read after the process stood still: requests are judged by what is there,
    /// as in any outage of the store.
    pub(crate) fn go_on(&self) {
        self.change_state(|state| state.stood_still = false);
    }

    /// Whether it was read once.
    pub(crate) fn is_read(&self) -> bool {
        self.state.borrow().read
    }

    /// Whether requests wait for the first reading.
    pub(crate) fn is_unread(&self) -> bool {
        self.state.borrow().is_unread()
    }

    /// The reader is alive. Twice a second; also forgets what has come to its end, and ends the
    /// streams of tokens that were revoked.
    pub(crate) fn tick(&self, now: Now) {
        self.notice(now);
        self.ticks.set(now);
        self.sweep_if_due(now);
        self.end_streams(now);
    }

    /// Finds out whether the process stood still, or its clock was ahead. With each request, so it
    /// costs a few comparisons.
    #[inline]
    pub(crate) fn notice(&self, now: Now) {
        if !self.ticks.fit(now) {
            self.stand_still(now);
        }
    }

    #[cold]
    fn stand_still(&self, now: Now) {
        let was_ahead = self.ticks.are_ahead(now);
        // Found once only, also if the reader is gone.
        self.ticks.set(now);
        if was_ahead {
            self.remember_again();
        }
        self.change_state(|state| state.stood_still = true);
    }

    /// Whether all of the list must be read, because some of it may be forgotten here. `true` once.
    pub(crate) fn take_forgetful(&self) -> bool {
        self.is_forgetful.swap(false, Ordering::AcqRel)
    }

    /// Completes once the process has stood still: the reader then reads the list, and says
    /// [`set_read`](Self::set_read) or [`go_on`](Self::go_on). Does not borrow the list, which
    /// would outlive all who use it.
    pub(crate) fn stood_still(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut state = self.state.subscribe();
        async move {
            // An error means that the list is gone.
            let _ = state.wait_for(|state| state.stood_still).await;
        }
    }

    /// Waits until there is a list to judge by, at most for the timeout of the store. Returns
    /// whether there is one. Dropping the future stops nothing.
    pub(crate) async fn wait(&self) -> bool {
        self.demand();
        let mut state = self.state.subscribe();
        let ready = state.wait_for(|state| !state.must_wait());
        if timeout(self.patience, ready).await.is_err() {
            self.go_on();
        }
        !self.state.borrow().must_wait()
    }

    /// Waits until the list was read once, or `revocations_at_start` is over.
    pub(crate) async fn ready(&self) {
        self.demand();
        let _ = self
            .state
            .subscribe()
            .wait_for(|state| !state.is_unread())
            .await;
    }
}
