//! How many calls there are at a time.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::{
    INTROSPECTION_CALLS_FOR_KNOWN, MAX_INTROSPECTION_CALLS, MAX_INTROSPECTION_WAITING,
};

/// The places for calls to one endpoint. Some are kept for tokens that were active before, so that
/// junk cannot use up all of them.
#[derive(Debug)]
pub(super) struct Places {
    for_all: Arc<Semaphore>,
    for_known: Arc<Semaphore>,
    /// Those that wait or call, of the tokens never seen active.
    admitted: Arc<Semaphore>,
}

/// Held while a call is made.
#[derive(Debug)]
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
}

/// Held from the first wait to the end of the call. `None` in it for a token that was active
/// before: those are bounded by the answers that are kept.
#[derive(Debug)]
pub(super) struct Admission {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Places {
    pub(super) fn new() -> Self {
        let with = |permits| Arc::new(Semaphore::new(permits));
        Self {
            for_all: with(FOR_ALL),
            for_known: with(INTROSPECTION_CALLS_FOR_KNOWN),
            admitted: with(FOR_ALL.saturating_add(MAX_INTROSPECTION_WAITING)),
        }
    }

    /// `None` if too many wait already.
    pub(super) fn admit(&self, is_known: bool) -> Option<Admission> {
        let permit = match is_known {
            true => None,
            false => Some(self.admitted.clone().try_acquire_owned().ok()?),
        };
        Some(Admission { _permit: permit })
    }

    /// Waits for a place. `None` never comes: the semaphores are never closed.
    pub(super) async fn take(&self, is_known: bool) -> Option<Place> {
        let for_all = self.for_all.clone().acquire_owned();
        let permit = match is_known {
            false => for_all.await,
            true => tokio::select! {
                biased;
                permit = self.for_known.clone().acquire_owned() => permit,
                permit = for_all => permit,
            },
        };
        permit.ok().map(|permit| Place { _permit: permit })
    }

    /// The calls that are made now.
    pub(super) fn in_flight(&self) -> usize {
        let free = self.for_all.available_permits();
        let free = free.saturating_add(self.for_known.available_permits());
        MAX_INTROSPECTION_CALLS.saturating_sub(free)
    }
}

const FOR_ALL: usize = MAX_INTROSPECTION_CALLS.saturating_sub(INTROSPECTION_CALLS_FOR_KNOWN);

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// What the future gives at once.
    fn now<T>(future: impl Future<Output = T>) -> Option<T> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    fn take(places: &Places, is_known: bool, most: usize) -> Vec<Place> {
        let taken = (0..most).map_while(|_| now(places.take(is_known)));
        taken.map(Option::unwrap).collect()
    }

    #[test]
    fn junk_leaves_places_for_tokens_that_were_active() {
        let places = Places::new();
        let junk = take(&places, false, 100);
        assert_eq!((junk.len(), places.in_flight()), (48, 48));
        let known = take(&places, true, 100);
        assert_eq!((known.len(), places.in_flight()), (16, 64));
        drop(junk);
        // Tokens that were active may use all places.
        let more = take(&places, true, 100);
        assert_eq!((more.len(), places.in_flight()), (48, 64));
        drop(known);
        assert_eq!(take(&places, false, 100).len(), 0);
        drop(more);
        assert_eq!(places.in_flight(), 0);
    }

    #[test]
    fn only_so_many_may_wait() {
        let places = Places::new();
        let admitted: Vec<_> = (0..10_000).map_while(|_| places.admit(false)).collect();
        assert_eq!(admitted.len(), 48 + MAX_INTROSPECTION_WAITING);
        assert!(places.admit(true).is_some());
        drop(admitted);
        assert!(places.admit(false).is_some());
    }
}
