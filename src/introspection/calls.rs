//! Which tokens are asked about now. Whoever asks about the same token waits for the same call,
//! which a task makes: the first one who asked may go away.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::base::clock::later;

/// The calls for one issuer, by token.
pub(super) struct Calls<A>(Arc<Mutex<ByToken<A>>>);

type ByToken<A> = HashMap<Arc<[u8]>, Current<A>>;

struct Current<A> {
    call: Arc<()>,
    lost_at: Instant,
    result: watch::Receiver<Option<A>>,
}

/// Held by the task that makes a call. However it ends, nobody waits for it any longer.
pub(super) struct Call<A> {
    token: Arc<[u8]>,
    deadline: Instant,
    id: Arc<()>,
    result: watch::Sender<Option<A>>,
    calls: Arc<Mutex<ByToken<A>>>,
}

/// Held by whoever waits for a call.
pub(super) struct Waiting<A> {
    lost_at: Instant,
    result: watch::Receiver<Option<A>>,
}

/// What comes of asking.
pub(super) enum Joined<A> {
    /// The answer is at hand.
    Answered(A),
    /// A call must be made, and is awaited.
    First(Call<A>, Waiting<A>),
    /// The call is under way.
    Later(Waiting<A>),
}

impl<A: Clone> Calls<A> {
    pub(super) fn new() -> Self {
        Self(Arc::default())
    }

    /// Joins the call for `token`, or begins one that ends at `deadline`. `at_hand` is asked first:
    /// a call keeps its answer before it leaves the table, so that nobody asks twice.
    pub(super) fn join(
        &self,
        token: &[u8],
        now: Instant,
        deadline: Instant,
        at_hand: impl FnOnce() -> Option<A>,
    ) -> Joined<A> {
        let mut calls = lock(&self.0);
        if let Some(current) = calls.get(token).filter(|current| now < current.lost_at) {
            return Joined::Later(current.wait());
        }
        if let Some(answer) = at_hand() {
            return Joined::Answered(answer);
        }
        let (result, seen) = watch::channel(None);
        let call = Call {
            token: token.into(),
            deadline,
            id: Arc::default(),
            result,
            calls: self.0.clone(),
        };
        let current = Current {
            call: call.id.clone(),
            lost_at: later(deadline, GRACE),
            result: seen,
        };
        let waiting = current.wait();
        calls.insert(call.token.clone(), current);
        Joined::First(call, waiting)
    }

    /// Lets the call for `token` keep nothing, and the next one who asks begin another.
    pub(super) fn forget(&self, token: &[u8]) {
        lock(&self.0).remove(token);
    }
}

impl<A> Current<A> {
    fn wait(&self) -> Waiting<A> {
        Waiting {
            lost_at: self.lost_at,
            result: self.result.clone(),
        }
    }
}

impl<A> Call<A> {
    pub(super) fn token(&self) -> &[u8] {
        &self.token
    }

    pub(super) const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Ends the call. `keep` is called first, unless the token was forgotten meanwhile.
    pub(super) fn finish(self, result: A, keep: impl FnOnce()) {
        {
            let calls = lock(&self.calls);
            if self.is_current(&calls) {
                keep();
            }
        }
        self.result.send_replace(Some(result));
    }

    fn is_current(&self, calls: &ByToken<A>) -> bool {
        let current = calls.get(&self.token);
        current.is_some_and(|current| Arc::ptr_eq(&current.call, &self.id))
    }
}

impl<A> Drop for Call<A> {
    fn drop(&mut self) {
        let mut calls = lock(&self.calls);
        if self.is_current(&calls)
            && let Entry::Occupied(current) = calls.entry(self.token.clone())
        {
            current.remove();
        }
    }
}

impl<A: Clone> Waiting<A> {
    /// The result; `None` if the call was lost with its runtime.
    pub(super) async fn result(mut self) -> Option<A> {
        let result = self.result.wait_for(Option::is_some);
        let result = timeout_at(self.lost_at, result).await;
        result.ok()?.ok()?.clone()
    }
}

/// Every value in it is replaced as a whole, so a panic elsewhere cannot have broken one.
fn lock<A>(calls: &Mutex<ByToken<A>>) -> MutexGuard<'_, ByToken<A>> {
    calls.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<A> fmt::Debug for Calls<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").finish_non_exhaustive()
    }
}

/// A call ends at its deadline. One that has not ended this much later belongs to a runtime that is
/// not driven.
const GRACE: Duration = Duration::from_millis(100);
