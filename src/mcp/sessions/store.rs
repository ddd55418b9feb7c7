use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::caller::{AuthInfo, UNKNOWN_CLIENT};
use crate::limits::{MAX_SESSIONS, MAX_SESSIONS_OF_ONE_PRINCIPAL, SESSION_IDLE_TIME};

/// Who a session belongs to: issuer, client and subject, and not the token, which changes with each
/// refresh.
///
/// ```
/// # #[cfg(feature = "test-util")] {
/// use tower_jwt_auth::AuthInfo;
/// use tower_jwt_auth::mcp::Principal;
///
/// let auth = AuthInfo::for_tests(serde_json::json!({"sub": "alice", "client_id": "app"}));
/// let principal = Principal::of(&auth).expect("it names a subject");
/// assert_eq!(principal.subject.as_deref(), Some("alice"));
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Principal {
    /// `iss`.
    pub issuer: String,
    /// See [`AuthInfo::client_id`].
    pub client_id: String,
    /// `sub`.
    pub subject: Option<String>,
}

impl Principal {
    /// The principal of a verified caller; the same as [`AuthInfo::principal`]. `None` for a token that
    /// names neither a subject nor a client, which anybody's might be.
    #[must_use]
    pub fn of(auth: &AuthInfo) -> Option<Self> {
        let (issuer, client_id, subject) = auth.principal();
        let is_named = subject.is_some() || client_id != UNKNOWN_CLIENT;
        is_named.then(|| Self {
            issuer: issuer.to_owned(),
            client_id: client_id.to_owned(),
            subject: subject.map(ToOwned::to_owned),
        })
    }
}

/// Remembers to whom each session belongs, for [`SessionBindingLayer`](crate::mcp::SessionBindingLayer).
///
/// [`MemorySessions`] does it in this process. Several processes behind a balancer that does not keep
/// a session on one of them need a store that they share.
pub trait SessionStore: fmt::Debug + Send + Sync + 'static {
    /// Makes `session` the principal's own, unless it belongs to somebody already, and says to whom it
    /// belongs now. Must be atomic: of two callers, one wins.
    fn bind<'s>(&'s self, session: &'s str, principal: Principal) -> SessionFuture<'s, Principal>;

    /// To whom `session` belongs; `None` when it is not known.
    fn owner<'s>(&'s self, session: &'s str) -> SessionFuture<'s, Option<Principal>>;

    /// Forgets `session`, which has ended, if it is this principal's. Must be atomic too.
    fn forget<'s>(&'s self, session: &'s str, owner: &'s Principal) -> SessionFuture<'s, ()>;
}

/// What a [`SessionStore`] answers with.
pub type SessionFuture<'s, T> =
    Pin<Box<dyn Future<Output = Result<T, SessionStoreError>> + Send + 's>>;

/// A store could not be asked. The request is then refused with 503.
#[derive(Debug)]
pub struct SessionStoreError(Box<dyn std::error::Error + Send + Sync>);

impl SessionStoreError {
    /// With its cause, which goes to `tracing` and never to the caller.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for SessionStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the session store could not be asked")
    }
}

impl std::error::Error for SessionStoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.0)
    }
}

/// The sessions of one process.
///
/// Bounded: [100,000](crate::limits::MAX_SESSIONS) sessions, of which
/// [1,000](crate::limits::MAX_SESSIONS_OF_ONE_PRINCIPAL) of one principal, unless
/// [said otherwise](Self::with_limits); beyond that the one that was used longest ago is forgotten,
/// first of the same principal. A session that nobody used for
/// [24 hours](crate::limits::SESSION_IDLE_TIME) is forgotten too: let the server keep none for longer.
#[derive(Clone)]
pub struct MemorySessions(Arc<Mutex<Sessions>>);

struct Sessions {
    most: usize,
    most_of_one: usize,
    entries: HashMap<Box<str>, Entry>,
    /// By last use, oldest first.
    by_use: BTreeMap<u64, Box<str>>,
    by_principal: HashMap<Arc<Principal>, BTreeMap<u64, Box<str>>>,
    uses: u64,
}

struct Entry {
    principal: Arc<Principal>,
    used: u64,
    at: Instant,
}

impl MemorySessions {
    /// No session yet.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(MAX_SESSIONS, MAX_SESSIONS_OF_ONE_PRINCIPAL)
    }

    /// For `sessions` in all, of which `of_one_principal`; at least one of each. Raise the second for a
    /// gateway that begins sessions for many users as one client.
    #[must_use]
    pub fn with_limits(sessions: usize, of_one_principal: usize) -> Self {
        Self(Arc::new(Mutex::new(Sessions::new(
            sessions,
            of_one_principal,
        ))))
    }

    fn with<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Sessions, Instant) -> T,
    ) -> SessionFuture<'static, T> {
        let now = Instant::now();
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.expire(now);
        let value = change(&mut sessions, now);
        Box::pin(ready(Ok(value)))
    }
}

impl SessionStore for MemorySessions {
    fn bind<'s>(&'s self, session: &'s str, principal: Principal) -> SessionFuture<'s, Principal> {
        self.with(|sessions, now| sessions.bind(session, principal, now))
    }

    fn owner<'s>(&'s self, session: &'s str) -> SessionFuture<'s, Option<Principal>> {
        self.with(|sessions, now| sessions.touch(session, now))
    }

    fn forget<'s>(&'s self, session: &'s str, owner: &'s Principal) -> SessionFuture<'s, ()> {
        self.with(|sessions, _| {
            let entry = sessions.entries.get(session);
            if entry.is_some_and(|entry| *entry.principal == *owner) {
                sessions.remove(session);
            }
        })
    }
}

impl Default for MemorySessions {
    fn default() -> Self {
        Self::new()
    }
}

impl Sessions {
    fn new(most: usize, most_of_one: usize) -> Self {
        Self {
            most: most.max(1),
            most_of_one: most_of_one.max(1),
            entries: HashMap::new(),
            by_use: BTreeMap::new(),
            by_principal: HashMap::new(),
            uses: 0,
        }
    }

    fn bind(&mut self, session: &str, principal: Principal, now: Instant) -> Principal {
        if let Some(owner) = self.touch(session, now) {
            return owner;
        }
        let own = self.by_principal.get(&principal);
        if own.is_some_and(|own| own.len() >= self.most_of_one) {
            let oldest = own.and_then(|own| own.values().next()).cloned();
            oldest.into_iter().for_each(|oldest| self.remove(&oldest));
        }
        if self.entries.len() >= self.most {
            let oldest = self.by_use.values().next().cloned();
            oldest.into_iter().for_each(|oldest| self.remove(&oldest));
        }
        // One copy for all sessions of a principal.
        let known = self.by_principal.get_key_value(&principal);
        let shared = known.map_or_else(|| Arc::new(principal.clone()), |(known, _)| known.clone());
        self.insert(session.into(), shared, now);
        principal
    }

    fn touch(&mut self, session: &str, now: Instant) -> Option<Principal> {
        let principal = self.entries.get(session)?.principal.clone();
        self.remove(session);
        self.insert(session.into(), principal.clone(), now);
        Some((*principal).clone())
    }

    fn insert(&mut self, session: Box<str>, principal: Arc<Principal>, at: Instant) {
        self.uses = self.uses.saturating_add(1);
        let used = self.uses;
        self.by_use.insert(used, session.clone());
        self.by_principal
            .entry(principal.clone())
            .or_default()
            .insert(used, session.clone());
        let entry = Entry {
            principal,
            used,
            at,
        };
        self.entries.insert(session, entry);
    }

    fn remove(&mut self, session: &str) {
        let Some(Entry {
            principal, used, ..
        }) = self.entries.remove(session)
        else {
            return;
        };
        self.by_use.remove(&used);
        if let Some(own) = self.by_principal.get_mut(&principal) {
            own.remove(&used);
            if own.is_empty() {
                self.by_principal.remove(&principal);
            }
        }
    }

    fn expire(&mut self, now: Instant) {
        while let Some(oldest) = self.by_use.values().next().cloned() {
            let idle = self.entries.get(&oldest).map_or(Duration::MAX, |entry| {
                now.saturating_duration_since(entry.at)
            });
            if idle < SESSION_IDLE_TIME {
                return;
            }
            self.remove(&oldest);
        }
    }
}

impl fmt::Debug for MemorySessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Session ids stay out of logs.
        let sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("MemorySessions")
            .field("sessions", &sessions.entries.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(subject: &str) -> Principal {
        Principal {
            issuer: "https://i.example".to_owned(),
            client_id: "c".to_owned(),
            subject: Some(subject.to_owned()),
        }
    }

    #[test]
    fn the_first_owner_stays() {
        let (mut sessions, now) = (
            Sessions::new(MAX_SESSIONS, MAX_SESSIONS_OF_ONE_PRINCIPAL),
            Instant::now(),
        );
        assert_eq!(sessions.touch("s", now), None);
        assert_eq!(
            sessions.bind("s", principal("alice"), now),
            principal("alice")
        );
        assert_eq!(
            sessions.bind("s", principal("bob"), now),
            principal("alice")
        );
        assert_eq!(sessions.touch("s", now), Some(principal("alice")));
        sessions.remove("s");
        assert_eq!(sessions.touch("s", now), None);
        assert!(sessions.by_use.is_empty() && sessions.by_principal.is_empty());
    }

    #[test]
    fn idle_sessions_are_forgotten() {
        let (mut sessions, now) = (
            Sessions::new(MAX_SESSIONS, MAX_SESSIONS_OF_ONE_PRINCIPAL),
            Instant::now(),
        );
        sessions.bind("a", principal("alice"), now);
        sessions.bind("b", principal("bob"), now);
        let later = now + SESSION_IDLE_TIME - Duration::from_secs(1);
        sessions.expire(later);
        assert_eq!(sessions.touch("a", later), Some(principal("alice")));
        sessions.expire(now + SESSION_IDLE_TIME);
        assert_eq!(sessions.entries.len(), 1);
        assert!(sessions.touch("a", later).is_some());
    }

    #[tokio::test]
    async fn only_its_owner_has_a_session_forgotten() {
        let sessions = MemorySessions::with_limits(0, 0);
        let (alice, bob) = (principal("alice"), principal("bob"));
        sessions.bind("s", alice.clone()).await.unwrap();
        sessions.forget("s", &bob).await.unwrap();
        assert_eq!(sessions.owner("s").await.unwrap(), Some(alice.clone()));
        sessions.forget("s", &alice).await.unwrap();
        assert_eq!(sessions.owner("s").await.unwrap(), None);
        for session in ["a", "b"] {
            sessions.bind(session, alice.clone()).await.unwrap();
        }
        assert_eq!(sessions.owner("a").await.unwrap(), None, "at least one");
    }

    #[test]
    fn memory_is_bounded_and_a_flood_pushes_out_its_own() {
        let (mut sessions, now) = (Sessions::new(100, 10), Instant::now());
        sessions.bind("alice's", principal("alice"), now);
        for i in 0..=10 {
            sessions.bind(&format!("m{i}"), principal("mallory"), now);
        }
        assert_eq!(sessions.entries.len(), 11);
        assert_eq!(sessions.touch("m0", now), None);
        assert_eq!(sessions.touch("alice's", now), Some(principal("alice")));
        for i in 0..100 {
            sessions.bind(&format!("s{i}"), principal(&i.to_string()), now);
        }
        assert_eq!((sessions.entries.len(), sessions.by_use.len()), (100, 100));
        assert_eq!(sessions.touch("alice's", now), None);
    }
}
