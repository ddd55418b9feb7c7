//! The URLs at which the metadata of an issuer may be: which one is asked when, and whose answer
//! counts.
//!
//! A URL that does not answer must not use up the time of the others. So each of them has a share
//! of the timeout: the next one is asked when the one before has failed, or has not answered within
//! its share. All of them still count. The first one in the order of preference wins once every one
//! before it has failed, or once the shares of all are over. The rest of the timeout is for the
//! fetch of the keys.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use url::Url;

use super::FetchError;
use super::exchange::TimeLimit;
use crate::base::clock::later;
use crate::telemetry;

/// The URLs of one issuer, in the order of preference.
#[derive(Debug)]
pub(crate) struct Candidates {
    issuer: Arc<str>,
    urls: Vec<Url>,
    /// The place of the URL that worked last. It is asked first, because an issuer hardly ever
    /// moves its metadata.
    worked: AtomicUsize,
}

impl Candidates {
    pub(crate) fn new(issuer: Arc<str>, urls: Vec<Url>) -> Self {
        Self {
            issuer,
            urls,
            worked: AtomicUsize::new(0),
        }
    }

    /// Asks until a URL wins or the deadline comes. The error names each URL and its outcome.
    pub(crate) async fn first_usable<'u, T, F>(
        &'u self,
        within: TimeLimit,
        ask: impl Fn(&'u Url) -> F,
    ) -> Result<T, FetchError>
    where
        F: Future<Output = Result<T, FetchError>> + Send + 'u,
    {
        let share = within.timeout.mul_f64(SHARE);
        let mut attempts = Attempts(self.in_order().collect());
        let mut now = Instant::now();
        let shares_end = attempts.0.iter().fold(now, |end, _| later(end, share));
        loop {
            attempts.ask_next(now, share, &ask);
            if let Some((place, found)) = attempts.take_winner(now >= shares_end) {
                self.worked.store(place, Ordering::Relaxed);
                telemetry::metadata_found(&self.issuer, &attempts);
                return Ok(found);
            }
            if now >= within.deadline || attempts.are_over() {
                return Err(self.none_usable(&attempts));
            }
            let next_step = attempts
                .share_ends(share)
                .chain([shares_end])
                .filter(|at| *at > now)
                .fold(within.deadline, Instant::min);
            tokio::select! {
                biased;
                () = poll_fn(|cx| attempts.poll(cx)) => {}
                () = sleep_until(next_step) => {}
            }
            now = Instant::now();
        }
    }

    fn in_order<T>(&self) -> impl Iterator<Item = Attempt<'_, T>> {
        let worked = self.worked.load(Ordering::Relaxed);
        let places = || self.urls.iter().enumerate();
        places()
            .filter(move |(place, _)| *place == worked)
            .chain(places().filter(move |(place, _)| *place != worked))
            .map(|(place, url)| Attempt {
                place,
                url,
                state: State::NotAsked,
            })
    }

    fn none_usable<T>(&self, attempts: &Attempts<'_, T>) -> FetchError {
        let message = format!(
            "no metadata of {} could be used; set jwks_uri if it publishes none: {attempts}",
            self.issuer
        );
        // The `Retry-After` of one response applies to the whole host.
        let waits = attempts
            .0
            .iter()
            .filter_map(|attempt| match &attempt.state {
                State::Failed(error) => error.wait(),
                _ => None,
            });
        let is_unanswered = |attempt: &Attempt<'_, T>| match &attempt.state {
            State::Failed(error) => error.is_unreachable(),
            State::NotAsked | State::Asked { .. } => true,
            State::Usable(_) | State::Used => false,
        };
        match waits.max() {
            Some(wait) => FetchError::retry_after(message, wait),
            None if attempts.0.iter().all(is_unanswered) => FetchError::unanswered(message, None),
            None => FetchError::new(message),
        }
    }
}

/// In the order in which the URLs are asked.
struct Attempts<'u, T>(Vec<Attempt<'u, T>>);

struct Attempt<'u, T> {
    /// Its place among the candidates.
    place: usize,
    url: &'u Url,
    state: State<'u, T>,
}

enum State<'u, T> {
    NotAsked,
    Asked {
        since: Instant,
        answer: Answer<'u, T>,
    },
    Failed(FetchError),
    Usable(T),
    Used,
}

type Answer<'u, T> = Pin<Box<dyn Future<Output = Result<T, FetchError>> + Send + 'u>>;

impl<'u, T> Attempts<'u, T> {
    /// Asks the next URL if the one before has failed or its share is over.
    fn ask_next<F>(&mut self, now: Instant, share: Duration, ask: impl Fn(&'u Url) -> F)
    where
        F: Future<Output = Result<T, FetchError>> + Send + 'u,
    {
        let mut is_due = true;
        for Attempt { url, state, .. } in &mut self.0 {
            match state {
                State::NotAsked if is_due => {
                    let answer = Box::pin(ask(url));
                    *state = State::Asked { since: now, answer };
                    return;
                }
                State::NotAsked | State::Usable(_) | State::Used => return,
                State::Asked { since, .. } => is_due = now >= later(*since, share),
                State::Failed(_) => is_due = true,
            }
        }
    }

    /// Ready when an answer has come.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut progress = Poll::Pending;
        for Attempt { state, .. } in &mut self.0 {
            let State::Asked { answer, .. } = state else {
                continue;
            };
            if let Poll::Ready(result) = answer.as_mut().poll(cx) {
                *state = result.map_or_else(State::Failed, State::Usable);
                progress = Poll::Ready(());
            }
        }
        progress
    }

    /// The first usable answer, unless one that is preferred may still come. Also returns its place
    /// among the candidates.
    fn take_winner(&mut self, is_time_over: bool) -> Option<(usize, T)> {
        let is_out = |attempt: &Attempt<'_, T>| match attempt.state {
            State::NotAsked | State::Asked { .. } => is_time_over,
            State::Failed(_) | State::Used => true,
            State::Usable(_) => false,
        };
        let first = self.0.iter_mut().find(|attempt| !is_out(attempt))?;
        match std::mem::replace(&mut first.state, State::Used) {
            State::Usable(found) => Some((first.place, found)),
            other => {
                first.state = other;
                None
            }
        }
    }

    /// Whether no answer can come any more.
    fn are_over(&self) -> bool {
        let has_failed = |attempt: &Attempt<'_, T>| matches!(attempt.state, State::Failed(_));
        self.0.iter().all(has_failed)
    }

    fn share_ends(&self, share: Duration) -> impl Iterator<Item = Instant> {
        self.0
            .iter()
            .filter_map(move |attempt| match attempt.state {
                State::Asked { since, .. } => Some(later(since, share)),
                _ => None,
            })
    }
}

impl<T> fmt::Display for Attempts<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, Attempt { url, state, .. }) in self.0.iter().enumerate() {
            f.write_str(if place == 0 { "" } else { "; " })?;
            match state {
                State::NotAsked => write!(f, "{url} was not asked"),
                State::Asked { .. } => write!(f, "{url} has not answered"),
                State::Failed(error) => error.fmt(f),
                State::Usable(_) | State::Used => write!(f, "{url} has answered"),
            }?;
        }
        Ok(())
    }
}

/// The part of the timeout that is one share. Three candidates leave two fifths for the keys.
const SHARE: f64 = 0.2;

#[cfg(test)]
mod tests;
