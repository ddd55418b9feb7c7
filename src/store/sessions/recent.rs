//! What one process remembers about sessions. Both memories are bounded, and forget first what is
//! seldom looked at: then a session is prolonged once more, and a user may begin more sessions.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quick_cache::unsync::Cache;
use tokio::time::Instant;

use crate::limits::{MAX_SESSIONS_BEGUN, SESSION_PROLONG_PAUSE};
use crate::mcp::Principal;

/// How many sessions each user has begun in its current hour. A user is an issuer and a subject, or
/// the client if there is no subject.
pub(super) struct Begun {
    hasher: RandomState,
    hours: Mutex<Cache<u64, Hour>>,
}

#[derive(Clone, Copy)]
struct Hour {
    began: Instant,
    sessions: u32,
}

/// When sessions were last prolonged, by their name in the store.
pub(super) struct Prolonged(Mutex<Cache<String, Instant>>);

impl Begun {
    pub(super) fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            hours: Mutex::new(Cache::new(MOST_USERS)),
        }
    }

    /// Counts one more session of this user. The error is the time until there may be one more.
    pub(super) fn begin(&self, principal: &Principal, now: Instant) -> Result<(), Duration> {
        let user = self.user(principal);
        let mut hours = lock(&self.hours);
        let passed = |hour: &Hour| now.saturating_duration_since(hour.began);
        let hour = hours.get(&user).copied();
        let hour = hour.filter(|hour| passed(hour) < HOUR).unwrap_or(Hour {
            began: now,
            sessions: 0,
        });
        if hour.sessions >= MAX_SESSIONS_BEGUN {
            return Err(HOUR.saturating_sub(passed(&hour)));
        }
        let sessions = hour.sessions.saturating_add(1);
        hours.insert(user, Hour { sessions, ..hour });
        Ok(())
    }

    /// Counts one less: nothing was begun.
    pub(super) fn undo(&self, principal: &Principal) {
        let user = self.user(principal);
        if let Some(mut hour) = lock(&self.hours).get_mut(&user) {
            hour.sessions = hour.sessions.saturating_sub(1);
        }
    }

    fn user(&self, principal: &Principal) -> u64 {
        let Principal {
            issuer,
            client_id,
            subject,
            ..
        } = principal;
        let client = client_id.as_ref().filter(|_| subject.is_none());
        self.hasher.hash_one((issuer, client, subject))
    }
}

impl Prolonged {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Cache::new(MOST_SESSIONS)))
    }

    pub(super) fn is_due(&self, name: &str, now: Instant) -> bool {
        let recent = lock(&self.0).get(name).copied();
        recent.is_none_or(|at| now.saturating_duration_since(at) >= SESSION_PROLONG_PAUSE)
    }

    pub(super) fn note(&self, name: &str, now: Instant) {
        lock(&self.0).insert(name.to_owned(), now);
    }
}

fn lock<T>(memory: &Mutex<T>) -> MutexGuard<'_, T> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Some 50 bytes each.
const MOST_USERS: usize = 16 * 1024;

/// Some 130 bytes each.
const MOST_SESSIONS: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn user(subject: &str) -> Principal {
        Principal::new("https://i.example", Some("c"), Some(subject))
    }

    #[tokio::test(start_paused = true)]
    async fn a_thousand_an_hour() {
        let begun = Begun::new();
        let start = Instant::now();
        for _ in 0..MAX_SESSIONS_BEGUN {
            assert_eq!(begun.begin(&user("m"), start), Ok(()));
        }
        let later = start + Duration::from_secs(60);
        assert_eq!(
            begun.begin(&user("m"), later),
            Err(HOUR - Duration::from_secs(60))
        );
        // Whatever client it uses, and whichever key.
        let mut other_client = Principal::new("https://i.example", Some("d"), Some("m"));
        other_client.key = Some("jkt:k".to_owned());
        assert!(begun.begin(&other_client, later).is_err());
        for other in [
            user("n"),
            Principal::new("https://j.example", Some("c"), Some("m")),
            Principal::new("https://i.example", Some("c"), None),
            Principal::new("https://i.example", Some("m"), None),
        ] {
            assert_eq!(begun.begin(&other, later), Ok(()), "{other:?}");
        }
        begun.undo(&user("m"));
        assert_eq!(begun.begin(&user("m"), later), Ok(()));
        assert!(begun.begin(&user("m"), later).is_err());
        assert_eq!(begun.begin(&user("m"), start + HOUR), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn memory_is_bounded_and_who_floods_is_not_forgotten() {
        let (begun, prolonged) = (Begun::new(), Prolonged::new());
        let now = Instant::now();
        let mut refused = 0;
        for at in 0..100_000_u32 {
            begun.begin(&user(&at.to_string()), now).unwrap();
            prolonged.note(&at.to_string(), now);
            refused += u32::from(begun.begin(&user("m"), now).is_err());
        }
        assert_eq!(refused, 100_000 - MAX_SESSIONS_BEGUN);
        assert!(lock(&begun.hours).len() <= MOST_USERS);
        assert!(lock(&prolonged.0).len() <= MOST_SESSIONS);
    }

    #[tokio::test(start_paused = true)]
    async fn prolonged_once_in_ten_minutes() {
        let prolonged = Prolonged::new();
        let start = Instant::now();
        assert!(prolonged.is_due("s", start));
        prolonged.note("s", start);
        for (seconds, due) in [(0, false), (599, false), (600, true)] {
            let now = start + Duration::from_secs(seconds);
            assert_eq!(prolonged.is_due("s", now), due, "{seconds}");
        }
        assert!(prolonged.is_due("t", start));
    }
}
