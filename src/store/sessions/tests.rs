#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::UNIX_EPOCH;

use super::*;
use crate::limits::SESSION_IDLE_TIME;
use crate::store::memory::{Fault, MemoryStore};
use crate::store::seal::Seals;
use crate::test_util::FakeClock;
use Ownership::{Other, Owner, Unknown};

const NAME: &str = "tja1:mcp-prod:session:UPDJx578kbgB5AZPAJBiew";

fn a() -> Vec<u8> {
    (0..32).collect()
}

fn process(commands: &MemoryStore, secrets: &[&[u8]]) -> FleetSessions {
    let seals = Seals::new("mcp-prod", secrets.iter().copied());
    let (clock, timeout) = (FakeClock::at(UNIX_EPOCH), Duration::from_millis(250));
    let commands = Arc::new(commands.clone());
    FleetSessions::new(&Arc::new(Store::new(
        commands,
        seals,
        clock.as_clock(),
        timeout,
    )))
}

fn user(client: Option<&str>, subject: Option<&str>) -> Principal {
    Principal::new("https://idp.example.com", client, subject)
}

async fn begins(process: &FleetSessions, principal: &Principal) -> Ownership {
    let bound = process
        .bind("session-1", principal, SESSION_IDLE_TIME)
        .await;
    bound.unwrap()
}

async fn asks(process: &FleetSessions, principal: &Principal) -> Ownership {
    let answer = process
        .owner_is("session-1", principal, SESSION_IDLE_TIME)
        .await;
    answer.unwrap()
}

/// Computed from the description of the format, with Python's `hmac`.
#[tokio::test(start_paused = true)]
async fn names_and_values_as_described() {
    let mut bound = user(Some("app"), Some("alice"));
    bound.key = Some("jkt:0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I".to_owned());
    for (principal, want) in [
        (
            user(Some("app"), Some("alice")),
            "01f1f42f700521200578c3c5b6e1bb0d33dd96852c93d9b6662e58f3ea25b50f1a25f280335194d572fa1c6ddf5793ea87",
        ),
        (
            bound,
            "0165197a862cce906e203ebf4c38799a8ea7d1f442f5bd68e1a3abc94346ff8dfa7de7f574d677688bdf3dd29bbc388973",
        ),
        (
            user(Some("app"), None),
            "013abda85dbbf36e3a730c6b44457b7554697ed70c76373923f45716ef337e19bd61fa92583b084e3c816edb1dffa724d1",
        ),
        (
            user(None, Some("alice")),
            "019b2ca8cf4c74582450a88f7e37bf722da93d227ab532a2feb6a00032c0c9f43f29f0a7b458be95b33951b5ae8d8060cb",
        ),
    ] {
        let commands = MemoryStore::default();
        let secret = a();
        let process = process(&commands, &[&secret]);
        assert_eq!(begins(&process, &principal).await, Owner);
        assert_eq!(commands.names(), [NAME]);
        let value = commands.value(NAME).unwrap();
        let hex: String = value.iter().map(|octet| format!("{octet:02x}")).collect();
        assert_eq!(hex, want, "{principal:?}");
        assert!(value.len() <= LONGEST_VALUE);
    }
}

#[tokio::test(start_paused = true)]
async fn each_part_of_a_principal_counts() {
    let commands = MemoryStore::default();
    let process = process(&commands, &[&a()]);
    let owner = user(Some("c"), Some("s"));
    assert_eq!(begins(&process, &owner).await, Owner);
    let mut with_key = owner.clone();
    with_key.key = Some("x5t".to_owned());
    for other in [
        Principal::new("https://other.example.com", Some("c"), Some("s")),
        user(Some("d"), Some("s")),
        user(Some("c"), Some("t")),
        user(None, Some("s")),
        user(Some("c"), None),
        user(Some(""), Some("s")),
        user(Some("cs"), Some("")),
        with_key,
    ] {
        assert_eq!(asks(&process, &other).await, Other, "{other:?}");
        assert_eq!(begins(&process, &other).await, Other, "{other:?}");
    }
    assert_eq!(asks(&process, &owner).await, Owner);
    assert_eq!(begins(&process, &owner).await, Owner);
}

/// Counted at the store: a look is one command, and ten minutes of use one more.
#[tokio::test(start_paused = true)]
async fn a_session_lives_for_15_minutes_until_it_is_used_again() {
    let commands = MemoryStore::default();
    let processes = [(); 2].map(|()| process(&commands, &[&a()]));
    let [here, there] = &processes;
    let (alice, bob) = (user(None, Some("alice")), user(None, Some("bob")));
    assert_eq!(begins(here, &alice).await, Owner);
    assert_eq!(commands.life(NAME), Some(NEW_SESSION_TIME));
    assert_eq!(asks(there, &bob).await, Other);
    assert_eq!(commands.calls("prolong"), 0, "another does not prolong it");
    tokio::time::advance(NEW_SESSION_TIME - Duration::from_secs(1)).await;
    assert_eq!(asks(here, &alice).await, Owner);
    assert_eq!(commands.life(NAME), Some(SESSION_IDLE_TIME));
    for (seconds, prolonged) in [(0, 1), (599, 1), (1, 2), (1, 2)] {
        tokio::time::advance(Duration::from_secs(seconds)).await;
        assert_eq!(asks(here, &alice).await, Owner);
        assert_eq!(commands.calls("prolong"), prolonged, "{seconds}");
    }
    assert_eq!(asks(there, &alice).await, Owner);
    assert_eq!(commands.calls("prolong"), 3, "each process for itself");
    assert_eq!(commands.calls("get"), 7);
    tokio::time::advance(SESSION_IDLE_TIME).await;
    assert_eq!(asks(here, &alice).await, Unknown);
    assert_eq!(begins(here, &bob).await, Owner, "nobody owns it any more");
}

#[tokio::test(start_paused = true)]
async fn what_is_unused_is_gone_after_15_minutes() {
    let commands = MemoryStore::default();
    let process = process(&commands, &[&a()]);
    let alice = user(None, Some("alice"));
    assert_eq!(begins(&process, &alice).await, Owner);
    tokio::time::advance(NEW_SESSION_TIME).await;
    assert_eq!(asks(&process, &alice).await, Unknown);
    assert!(commands.names().is_empty());
    // A shorter time that the caller wants counts.
    let short = Duration::from_secs(60);
    let bound = process.bind("session-1", &alice, short).await;
    assert_eq!(bound.unwrap(), Owner);
    assert_eq!(commands.life(NAME), Some(short));
}

/// Forgotten, prolonged and ended under the names of both secrets.
#[tokio::test(start_paused = true)]
async fn while_there_are_two_secrets_both_names_count() {
    let commands = MemoryStore::default();
    let (a, b) = (a(), vec![7; 32]);
    let old = process(&commands, &[&a]);
    let both = process(&commands, &[&b, &a]);
    let new = process(&commands, &[&b]);
    let (alice, bob) = (user(None, Some("alice")), user(None, Some("bob")));
    assert_eq!(begins(&old, &alice).await, Owner);
    assert_eq!(asks(&new, &alice).await, Unknown);
    assert_eq!(begins(&both, &bob).await, Other);
    assert_eq!(asks(&both, &bob).await, Other);
    assert_eq!(
        commands.names().len(),
        1,
        "who does not own it writes nothing"
    );
    assert_eq!(asks(&both, &alice).await, Owner);
    assert_eq!(commands.names().len(), 2, "written anew under the first");
    let under_b = commands
        .names()
        .into_iter()
        .find(|name| name != NAME)
        .unwrap();
    assert_eq!(commands.life(&under_b), Some(SESSION_IDLE_TIME));
    assert_eq!(asks(&new, &alice).await, Owner);
    assert_eq!(asks(&new, &bob).await, Other);
    both.end("session-1", &bob).await.unwrap();
    assert_eq!(commands.names().len(), 2);
    both.end("session-1", &alice).await.unwrap();
    assert!(commands.names().is_empty());
    // A session that is new while there are two is known to who has one of them.
    assert_eq!(begins(&both, &alice).await, Owner);
    for process in [&old, &new, &both] {
        assert_eq!(asks(process, &alice).await, Owner);
        assert_eq!(asks(process, &bob).await, Other);
    }
}

/// With `maxmemory` and `noeviction`, while the secret is replaced.
#[tokio::test(start_paused = true)]
async fn a_full_store_ends_no_session_of_the_second_secret() {
    let commands = MemoryStore::default();
    let (a, b) = (a(), vec![7; 32]);
    let (old, both) = (process(&commands, &[&a]), process(&commands, &[&b, &a]));
    let alice = user(None, Some("alice"));
    assert_eq!(begins(&old, &alice).await, Owner);
    commands.set_fault(Some(Fault::Full));
    assert_eq!(asks(&both, &alice).await, Owner);
    assert_eq!(commands.names(), [NAME]);
    commands.set_fault(None);
    assert_eq!(asks(&both, &alice).await, Owner);
    assert_eq!(commands.names().len(), 2);
}

/// To begin a session that the caller owns already is to use it.
#[tokio::test(start_paused = true)]
async fn a_session_that_is_begun_again_is_kept_as_one_in_use() {
    let commands = MemoryStore::default();
    let (a, b) = (a(), vec![7; 32]);
    let (old, both) = (process(&commands, &[&a]), process(&commands, &[&b, &a]));
    let alice = user(None, Some("alice"));
    assert_eq!(begins(&old, &alice).await, Owner);
    assert_eq!(begins(&both, &alice).await, Owner);
    let names = commands.names();
    let anew = names.iter().find(|name| *name != NAME).unwrap();
    assert_eq!(commands.life(anew), Some(SESSION_IDLE_TIME));
}

/// Only for want of room is an owner let in whose session was not written anew.
#[tokio::test(start_paused = true)]
async fn a_store_that_fails_in_between_is_an_error() {
    for (fault, is_owner) in [
        (None, true),
        (Some(Fault::Full), true),
        (Some(Fault::Refused), false),
        (Some(Fault::Down), false),
    ] {
        let commands = MemoryStore::default();
        let (a, b) = (a(), vec![7; 32]);
        let (old, both) = (process(&commands, &[&a]), process(&commands, &[&b, &a]));
        let alice = user(None, Some("alice"));
        assert_eq!(begins(&old, &alice).await, Owner);
        // It is looked for under both names, and then written.
        commands.set_delay(Duration::from_millis(10));
        let spoil = async {
            tokio::time::sleep(Duration::from_millis(15)).await;
            commands.set_fault(fault);
        };
        let asked = both.owner_is("session-1", &alice, SESSION_IDLE_TIME);
        let (asked, ()) = tokio::join!(asked, spoil);
        assert_eq!(asked.ok() == Some(Owner), is_owner, "{fault:?}");
    }
}

/// A process that has one of two secrets was first: nothing of the loser's stays.
#[tokio::test(start_paused = true)]
async fn who_finds_the_second_name_taken_leaves_the_first() {
    let (alice, bob) = (user(None, Some("alice")), user(None, Some("bob")));
    let (a, b) = (a(), vec![7; 32]);
    for secret in [&a, &b] {
        let commands = MemoryStore::default();
        // Both look before either sets.
        commands.set_delay(Duration::from_millis(10));
        let (one, both) = (process(&commands, &[secret]), process(&commands, &[&a, &b]));
        let (first, second) = tokio::join!(
            async {
                tokio::time::sleep(Duration::from_millis(15)).await;
                begins(&one, &alice).await
            },
            begins(&both, &bob)
        );
        let owners = [first, second].iter().filter(|it| **it == Owner).count();
        assert_eq!(owners, 1, "{first:?} {second:?}");
        let (winner, loser) = match first {
            Owner => (&alice, &bob),
            _ => (&bob, &alice),
        };
        for process in [&one, &both] {
            assert_eq!(asks(process, winner).await, Owner);
            assert_eq!(asks(process, loser).await, Other);
        }
    }
}

/// What is removed between the two commands is taken at the second try. What can neither be set nor
/// read belongs to nobody.
#[tokio::test(start_paused = true)]
async fn a_place_that_vanishes_is_tried_once_more() {
    let commands = MemoryStore::default();
    let process = process(&commands, &[&a()]);
    let alice = user(None, Some("alice"));
    commands.put(NAME, b"");
    assert_eq!(asks(&process, &alice).await, Unknown);
    assert_eq!(begins(&process, &alice).await, Other);
    assert_eq!(commands.calls("set_if_absent"), 2);
    commands.set_delay(Duration::from_millis(10));
    let vanishes = async {
        tokio::time::sleep(Duration::from_millis(15)).await;
        commands.delete(NAME);
    };
    let (bound, ()) = tokio::join!(begins(&process, &alice), vanishes);
    assert_eq!(bound, Owner);
}

/// An outage uses up nothing of what a user may begin.
#[tokio::test(start_paused = true)]
async fn what_was_not_begun_is_not_counted() {
    let commands = MemoryStore::default();
    let process = process(&commands, &[&a()]);
    let alice = user(None, Some("alice"));
    commands.set_fault(Some(Fault::Down));
    for _ in 0..=crate::limits::MAX_SESSIONS_BEGUN {
        let bound = process.bind("session-1", &alice, SESSION_IDLE_TIME).await;
        assert_eq!(bound.unwrap_err().to_string(), "the session store failed");
    }
    commands.set_fault(None);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(begins(&process, &alice).await, Owner);
}
