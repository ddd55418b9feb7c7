//! The sessions of one process.
//!
//! A request reads one of the shards and stores its time in the entry; it takes no lock that
//! writes. Beginning and ending a session takes `Owners` first, then one shard at a time, always in
//! this order.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::Instant;

use super::entry::{ById, Digest, Keys, Session, after};
use super::owners::Owners;
use super::store::{Ownership, SessionFuture, SessionStore};
use crate::caller::Principal;
use crate::limits::{MAX_SESSIONS, MAX_SESSIONS_OF_ONE_USER};

/// The sessions of one process. Clones share them.
///
/// It holds at most [100,000](crate::limits::MAX_SESSIONS) sessions, of which
/// [1,000](crate::limits::MAX_SESSIONS_OF_ONE_USER) belong to one user, unless
/// [`with_limits`](Self::with_limits) sets other limits. A user is an issuer and a subject, or the
/// client if the token has no subject. At the limit of a user, a session of this user is forgotten;
/// when the store is full, a session of the user with the most sessions. It is the one that has
/// been unused for longest, of 1,024 if there are more. A forgotten session is unknown, not free
/// for others under [`strict`](crate::mcp::SessionBindingLayer::strict).
///
/// A session that has expired is unknown at once. Its memory is freed as new sessions begin: each
/// of them looks at 16 others.
///
/// Names of users are not kept: an entry holds its id and a digest of the principal, made with a
/// key that is random for each store. The digest has 128 bits, two SipHashes with different keys. A
/// caller cannot compute it, so two principals have the same digest only by chance, at about 1 in
/// 2^94 for a full store.
#[derive(Clone)]
pub struct MemorySessions(Arc<Sessions>);

struct Sessions {
    limits: Limits,
    made: Instant,
    keys: Keys,
    owners: Mutex<Owners>,
    shards: [RwLock<HashSet<ById>>; SHARDS],
}

struct Limits {
    all: usize,
    of_one_user: usize,
}

impl MemorySessions {
    /// Makes an empty store with the limits of [`limits`](crate::limits).
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(MAX_SESSIONS, MAX_SESSIONS_OF_ONE_USER)
    }

    /// Makes an empty store for at most `sessions`, of which `of_one_user` belong to one user. Each
    /// limit is at least one.
    ///
    /// Raise the second limit for a gateway that begins the sessions of many users as one client.
    #[must_use]
    pub fn with_limits(sessions: usize, of_one_user: usize) -> Self {
        Self(Arc::new(Sessions {
            limits: Limits {
                all: sessions.max(1),
                of_one_user: of_one_user.max(1),
            },
            made: Instant::now(),
            keys: Keys::new(),
            owners: Mutex::default(),
            shards: std::array::from_fn(|_| RwLock::default()),
        }))
    }
}

impl Default for MemorySessions {
    fn default() -> Self {
        Self::new()
    }
}

impl SessionStore for MemorySessions {
    fn bind<'s>(
        &'s self,
        id: &'s str,
        principal: &'s Principal,
        keep: Duration,
    ) -> SessionFuture<'s, Ownership> {
        SessionFuture::ready(Ok(self.0.bind(id, principal, keep)))
    }

    fn owner_is<'s>(
        &'s self,
        id: &'s str,
        principal: &'s Principal,
        keep: Duration,
    ) -> SessionFuture<'s, Ownership> {
        let digest = self.0.keys.of_principal(principal);
        SessionFuture::ready(Ok(self.0.owner_is(id, digest, keep)))
    }

    fn end<'s>(&'s self, id: &'s str, principal: &'s Principal) -> SessionFuture<'s, ()> {
        let digest = self.0.keys.of_principal(principal);
        let mut owners = self.0.owners();
        let session = self
            .0
            .find(id)
            .filter(|session| session.principal == digest);
        if let Some(session) = session {
            self.0.remove(&mut owners, &session);
        }
        SessionFuture::ready(Ok(()))
    }
}

impl Sessions {
    fn owner_is(&self, id: &str, principal: Digest, keep: Duration) -> Ownership {
        let now = self.now();
        match self.find(id) {
            Some(session) if !session.is_expired(now) => session.used_by(principal, now, keep),
            _ => Ownership::Unknown,
        }
    }

    fn bind(&self, id: &str, principal: &Principal, keep: Duration) -> Ownership {
        let (user, digest) = (
            self.keys.of_user(principal),
            self.keys.of_principal(principal),
        );
        let now = self.now();
        // Held to the end, so that of two callers only one binds the session.
        let mut owners = self.owners();
        if let Some(session) = self.find(id) {
            if !session.is_expired(now) {
                return session.used_by(digest, now, keep);
            }
            self.remove(&mut owners, &session);
        }
        self.sweep(&mut owners, now);
        self.make_room(&mut owners, user);
        let session = Arc::new(Session::new(id, digest, user, after(now, keep)));
        owners.add(session.clone());
        let mut shard = self
            .shard(id)
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        shard.insert(ById(session));
        Ownership::Owner
    }

    /// Forgets a session if `user` has as many as one user may have, or if the store is full.
    fn make_room(&self, owners: &mut Owners, user: Digest) {
        let forgotten = if owners.sessions_of(user).len() >= self.limits.of_one_user {
            owners.longest_unused_of(user, &self.keys)
        } else if owners.len() >= self.limits.all {
            owners.longest_unused(&self.keys)
        } else {
            None
        };
        if let Some(session) = forgotten {
            self.remove(owners, &session);
        }
    }

    /// Looks at the next few sessions of the store, and forgets those that have expired.
    fn sweep(&self, owners: &mut Owners, now: u64) {
        for _ in 0..SWEPT_AT_ONCE {
            if let Some(session) = owners.next_expired(now) {
                self.remove(owners, &session);
            }
        }
    }

    fn remove(&self, owners: &mut Owners, session: &Arc<Session>) {
        owners.remove(session);
        let shard = self.shard(&session.id);
        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
        shard.remove(&*session.id);
    }

    fn find(&self, id: &str) -> Option<Arc<Session>> {
        let shard = self
            .shard(id)
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        shard.get(id).map(|ById(session)| session.clone())
    }

    fn shard(&self, id: &str) -> &RwLock<HashSet<ById>> {
        #[expect(
            clippy::indexing_slicing,
            clippy::arithmetic_side_effects,
            clippy::cast_possible_truncation,
            reason = "a remainder is below the number of shards, which is not zero"
        )]
        &self.shards[(self.keys.of_id(id) % SHARDS as u64) as usize]
    }

    fn owners(&self) -> MutexGuard<'_, Owners> {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        let since = Instant::now().saturating_duration_since(self.made);
        after(0, since)
    }
}

impl fmt::Debug for MemorySessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Session ids stay out of logs.
        f.debug_struct("MemorySessions")
            .field("sessions", &self.0.owners().len())
            .finish_non_exhaustive()
    }
}

/// More shards than cores, so that the counters of their locks are rarely shared.
const SHARDS: usize = 64;

/// A few microseconds for each new session.
const SWEPT_AT_ONCE: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::SESSION_IDLE_TIME;
    use Ownership::{Other, Owner, Unknown};

    fn principal(subject: &str) -> Principal {
        Principal::new("https://i.example", Some("c"), Some(subject))
    }

    impl MemorySessions {
        fn begin(&self, id: &str, principal: &Principal) -> Ownership {
            self.0.bind(id, principal, SESSION_IDLE_TIME)
        }

        fn ask(&self, id: &str, principal: &Principal) -> Ownership {
            let digest = self.0.keys.of_principal(principal);
            self.0.owner_is(id, digest, SESSION_IDLE_TIME)
        }

        fn count(&self) -> usize {
            let owners = self.0.owners();
            let in_shards = self
                .0
                .shards
                .iter()
                .map(|shard| shard.read().unwrap().len());
            assert_eq!(in_shards.sum::<usize>(), owners.len());
            owners.check();
            owners.len()
        }
    }

    #[tokio::test]
    async fn the_first_owner_stays_until_it_ends_the_session() {
        let sessions = MemorySessions::new();
        let (alice, bob) = (principal("alice"), principal("bob"));
        assert_eq!(sessions.ask("s", &alice), Unknown);
        assert_eq!(sessions.begin("s", &alice), Owner);
        assert_eq!(sessions.begin("s", &bob), Other);
        assert_eq!(sessions.begin("s", &alice), Owner);
        assert_eq!(
            (sessions.ask("s", &alice), sessions.ask("s", &bob)),
            (Owner, Other)
        );
        sessions.end("s", &bob).await.unwrap();
        assert_eq!(sessions.ask("s", &alice), Owner);
        sessions.end("s", &alice).await.unwrap();
        assert_eq!((sessions.ask("s", &alice), sessions.count()), (Unknown, 0));
    }

    #[test]
    fn each_part_of_a_principal_counts() {
        let sessions = MemorySessions::new();
        let owner = Principal::new("i", Some("c"), Some("s"));
        sessions.begin("s", &owner);
        let mut with_key = owner.clone();
        with_key.key = Some("jkt:k".to_owned());
        for other in [
            Principal::new("j", Some("c"), Some("s")),
            Principal::new("i", Some("d"), Some("s")),
            Principal::new("i", Some("c"), Some("t")),
            Principal::new("i", None, Some("s")),
            Principal::new("i", Some("c"), None),
            Principal::new("ic", Some(""), Some("s")),
            with_key,
        ] {
            assert_eq!(sessions.ask("s", &other), Other, "{other:?}");
        }
        assert_eq!(sessions.ask("s", &owner), Owner);
    }

    #[tokio::test(start_paused = true)]
    async fn idle_sessions_are_forgotten() {
        let sessions = MemorySessions::new();
        let (alice, bob) = (principal("alice"), principal("bob"));
        sessions.begin("a", &alice);
        sessions.begin("b", &bob);
        tokio::time::advance(SESSION_IDLE_TIME - Duration::from_secs(1)).await;
        assert_eq!(sessions.ask("a", &alice), Owner);
        // Another principal does not prolong it.
        assert_eq!(sessions.ask("b", &alice), Other);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(
            (sessions.ask("a", &alice), sessions.ask("b", &bob)),
            (Owner, Unknown)
        );
        assert_eq!(
            sessions.begin("b", &alice),
            Owner,
            "nobody owns it any more"
        );
        assert_eq!(sessions.count(), 2);
    }

    #[test]
    fn memory_is_bounded_and_a_flood_pushes_out_its_own() {
        let sessions = MemorySessions::with_limits(100, 10);
        sessions.begin("alice's", &principal("alice"));
        for i in 0..=10 {
            sessions.begin(&format!("m{i}"), &principal("mallory"));
        }
        assert_eq!(sessions.count(), 11);
        assert_eq!(sessions.ask("m0", &principal("mallory")), Unknown);
        assert_eq!(sessions.ask("m1", &principal("mallory")), Owner);
        for i in 0..200 {
            sessions.begin(&format!("s{i}"), &principal(&i.to_string()));
        }
        assert_eq!(sessions.count(), 100);
        let least = MemorySessions::with_limits(0, 0);
        for id in ["a", "b"] {
            least.begin(id, &principal("alice"));
        }
        assert_eq!(
            (least.ask("a", &principal("alice")), least.count()),
            (Unknown, 1)
        );
    }

    /// However many clients it uses.
    #[test]
    fn the_user_with_the_most_sessions_makes_room() {
        let sessions = MemorySessions::with_limits(50, 1_000);
        for user in 0..10 {
            sessions.begin(&format!("u{user}"), &principal(&user.to_string()));
        }
        for i in 0..500 {
            let client = format!("c{i}");
            let mallory = Principal::new("https://i.example", Some(&client), Some("mallory"));
            sessions.begin(&format!("m{i}"), &mallory);
        }
        assert_eq!(sessions.count(), 50);
        for user in 0..10 {
            let session = format!("u{user}");
            assert_eq!(sessions.ask(&session, &principal(&user.to_string())), Owner);
        }
    }

    #[test]
    fn of_many_callers_one_binds() {
        let sessions = MemorySessions::new();
        let owners = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|i| {
                    let sessions = &sessions;
                    scope.spawn(move || sessions.begin("s", &principal(&i.to_string())))
                })
                .collect();
            let bound = threads.into_iter().map(|thread| thread.join().unwrap());
            bound.filter(|ownership| *ownership == Owner).count()
        });
        assert_eq!((owners, sessions.count()), (1, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn unused_sessions_make_room_wherever_they_are() {
        let (alice, id) = (principal("alice"), |i: usize| i.to_string());
        let of_one = MemorySessions::with_limits(1_000, 100);
        let of_many = MemorySessions::with_limits(100, 100);
        for i in 0..2_100 {
            if i == 100 {
                tokio::time::advance(Duration::from_secs(1)).await;
            }
            of_one.begin(&id(i), &alice);
            of_many.begin(&id(i), &principal(&id(i)));
        }
        assert_eq!((of_one.count(), of_many.count()), (100, 100));
        for i in 0..100 {
            assert_eq!(of_one.ask(&id(i), &alice), Unknown, "{i}");
            assert_eq!(of_many.ask(&id(i), &principal(&id(i))), Unknown, "{i}");
        }
    }

    /// The figure of `MAX_SESSIONS`: 28.5 MB were measured.
    #[test]
    fn a_full_store_takes_as_much_memory_as_documented() {
        let sessions = MemorySessions::new();
        let used = allocation_counter::measure(|| {
            for i in 0..MAX_SESSIONS {
                sessions.begin(&format!("{i:036}"), &principal(&i.to_string()));
            }
        });
        assert_eq!(sessions.count(), MAX_SESSIONS);
        let megabytes = used.bytes_current / 1_000_000;
        assert!((24..=30).contains(&megabytes), "{megabytes} MB");
    }

    /// One user with 100 clients, as whoever registers a client for each sign-in has.
    #[test]
    fn field_s07_no_number_of_clients_pushes_out_the_sessions_of_others() {
        let mallory = |client: &str| Principal::new("https://i.example", Some(client), Some("m"));
        let sessions = MemorySessions::new();
        let others = 2_000;
        for i in 0..others {
            sessions.begin(&format!("o{i}"), &principal(&i.to_string()));
        }
        for client in 0..100 {
            let mallory = mallory(&client.to_string());
            for i in 0..MAX_SESSIONS_OF_ONE_USER {
                sessions.begin(&format!("m{client}-{i}"), &mallory);
            }
        }
        assert_eq!(sessions.count(), others + MAX_SESSIONS_OF_ONE_USER);
        for i in 0..others {
            let owner = principal(&i.to_string());
            assert_eq!(sessions.ask(&format!("o{i}"), &owner), Owner, "{i}");
        }
        // Its own oldest ones are gone, whichever client they were of.
        for i in [0, MAX_SESSIONS_OF_ONE_USER - 1] {
            let ended = sessions.ask(&format!("m98-{i}"), &mallory("98"));
            assert_eq!(ended, Unknown, "{i}");
            assert_eq!(sessions.ask(&format!("m99-{i}"), &mallory("99")), Owner);
        }
        // A client without a subject is a user of its own; so is the same subject at another
        // issuer.
        let client = Principal::new("https://i.example", Some("99"), None);
        let elsewhere = Principal::new("https://j.example", Some("99"), Some("m"));
        sessions.begin("client's", &client);
        sessions.begin("elsewhere's", &elsewhere);
        sessions.begin("one more", &mallory("0"));
        assert_eq!(sessions.ask("client's", &client), Owner);
        assert_eq!(sessions.ask("elsewhere's", &elsewhere), Owner);
        assert_eq!(sessions.ask("m99-1", &mallory("99")), Unknown);
        assert_eq!(sessions.ask("m99-2", &mallory("99")), Owner);
    }

    #[test]
    fn field_s07_the_oldest_of_whoever_holds_most_goes() {
        let (alice, bob) = (principal("alice"), principal("bob"));
        let sessions = MemorySessions::with_limits(1_000, 900);
        for i in 0..400 {
            sessions.begin(&format!("b{i}"), &bob);
        }
        for i in 0..600 {
            sessions.begin(&format!("a{i}"), &alice);
        }
        // What is used is not the oldest.
        assert_eq!(sessions.ask("a0", &alice), Owner);
        for i in 0..100 {
            sessions.begin(&format!("n{i}"), &principal(&i.to_string()));
        }
        assert_eq!(sessions.count(), 1_000);
        for i in 0..400 {
            assert_eq!(sessions.ask(&format!("b{i}"), &bob), Owner, "{i}");
        }
        for i in 0..600 {
            let gone = (1..=100).contains(&i);
            let want = if gone { Unknown } else { Owner };
            assert_eq!(sessions.ask(&format!("a{i}"), &alice), want, "{i}");
        }
    }

    /// A gateway with more sessions than are looked at.
    #[tokio::test(start_paused = true)]
    async fn field_s07_of_many_sessions_of_one_user_an_unused_one_goes() {
        let gateway = principal("gateway");
        let sessions = MemorySessions::with_limits(10_000, 3_000);
        for i in 0..3_000 {
            sessions.begin(&i.to_string(), &gateway);
        }
        tokio::time::advance(Duration::from_secs(1)).await;
        // So many that any 1,024 in a row hold some, also after twenty are gone.
        let is_used = |i: &usize| !i.is_multiple_of(20);
        for i in (0..3_000).filter(is_used) {
            assert_eq!(sessions.ask(&i.to_string(), &gateway), Owner);
        }
        for i in 0..20 {
            sessions.begin(&format!("n{i}"), &gateway);
        }
        assert_eq!(sessions.count(), 3_000);
        for i in (0..3_000).filter(is_used) {
            assert_eq!(sessions.ask(&i.to_string(), &gateway), Owner, "{i}");
        }
        let unused = (0..3_000).filter(|i| !is_used(i));
        let gone = unused.filter(|i| sessions.ask(&i.to_string(), &gateway) == Unknown);
        assert_eq!(gone.count(), 20);
    }

    /// A subject, a client and a user are those of one issuer.
    #[test]
    fn field_s14_users_of_two_issuers_do_not_share_a_limit() {
        for (client, subject) in [
            (Some("c"), Some("alice")),
            (None, Some("alice")),
            (Some("c"), None),
        ] {
            let sessions = MemorySessions::with_limits(100, 2);
            let [own, namesake] = ["https://i.example", "https://j.example"]
                .map(|issuer| Principal::new(issuer, client, subject));
            for id in ["n1", "n2"] {
                sessions.begin(id, &namesake);
            }
            for id in ["o1", "o2", "o3"] {
                sessions.begin(id, &own);
            }
            let found = ["n1", "n2"].map(|id| sessions.ask(id, &namesake));
            assert_eq!(found, [Owner, Owner], "{client:?} {subject:?}");
            let found = ["o1", "o2", "o3"].map(|id| sessions.ask(id, &own));
            assert_eq!(found, [Unknown, Owner, Owner], "{client:?} {subject:?}");
            assert_eq!(sessions.ask("o3", &namesake), Other);
        }
    }

    /// The figures of `MAX_SESSIONS`: 28.5 MB and 50.5 MB were measured.
    #[test]
    fn field_s08_a_full_store_takes_as_much_memory_as_documented_whatever_the_names() {
        let long = "x".repeat(2_000);
        for (length, name, megabytes) in
            [(36, "", 26..=30), (36, &*long, 26..=30), (256, "", 48..=53)]
        {
            let sessions = MemorySessions::new();
            let used = allocation_counter::measure(|| {
                for i in 0..MAX_SESSIONS {
                    let (client, subject) = (format!("{name}{i}"), format!("{i}{name}"));
                    let user = Principal::new("https://i.example", Some(&client), Some(&subject));
                    sessions.begin(&format!("{i:0length$}"), &user);
                }
            });
            assert_eq!(sessions.count(), MAX_SESSIONS);
            let taken = used.bytes_current / 1_000_000;
            assert!(
                megabytes.contains(&taken),
                "{length} {}: {taken} MB",
                name.len()
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn field_s08_expired_sessions_are_swept_as_new_ones_begin() {
        let sessions = MemorySessions::new();
        let owner = |i: usize| principal(&i.to_string());
        for i in 0..1_000 {
            sessions.begin(&i.to_string(), &owner(i));
        }
        tokio::time::advance(SESSION_IDLE_TIME - Duration::from_secs(1)).await;
        let in_use = |i: &usize| i.is_multiple_of(10);
        for i in (0..1_000).filter(in_use) {
            assert_eq!(sessions.ask(&i.to_string(), &owner(i)), Owner);
        }
        sessions.begin("early", &principal("new"));
        assert_eq!(sessions.count(), 1_001, "nothing has expired");
        tokio::time::advance(Duration::from_secs(1)).await;
        // Each new session removes no more than it looks at.
        for new in 0..150 {
            let before = sessions.count();
            sessions.begin(&format!("new{new}"), &principal("new"));
            let removed = before + 1 - sessions.count();
            assert!(removed <= SWEPT_AT_ONCE, "{removed}");
        }
        assert_eq!(sessions.count(), 100 + 1 + 150);
        for i in 0..1_000 {
            let want = if in_use(&i) { Owner } else { Unknown };
            assert_eq!(sessions.ask(&i.to_string(), &owner(i)), want, "{i}");
        }
        // What belongs to nobody any more is free.
        assert_eq!(sessions.begin("1", &owner(2)), Owner);
        sessions.count();
    }
}
