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
    for (length, name, megabytes) in [(36, "", 26..=30), (36, &*long, 26..=30), (256, "", 48..=53)]
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
