//! A session belongs to its principal at every process of the fleet.

use std::time::Duration;

use tower_jwt_auth::fleet::Revocation;
use tower_jwt_auth::limits::{MAX_SESSIONS_BEGUN, SESSION_IDLE_TIME};
use tower_jwt_auth::mcp::{Ownership, Principal, SessionBindingLayer, SessionStore};
use tower_jwt_auth::test_util::internal::fleet::{Fault, MemoryStore, fleet};
use tower_jwt_auth::test_util::{FakeClock, TestIssuer};
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};

use super::{A, B};
use crate::mcp::sessions::bound::Bound;
use crate::support::{Answer, RESOURCE, remembering};

/// Processes with one issuer, and with the store of one fleet.
struct Processes {
    issuer: TestIssuer,
    store: MemoryStore,
}

impl Processes {
    fn new() -> Self {
        let (issuer, store) = (TestIssuer::start(), MemoryStore::default());
        Self { issuer, store }
    }

    fn sessions(&self, secrets: &[&[u8]]) -> impl SessionStore + Clone + use<> {
        // Nothing about sessions is compared with this clock.
        let clock = FakeClock::at(std::time::UNIX_EPOCH);
        fleet(&self.store, "ns", secrets, &clock).sessions()
    }

    fn one(&self, secrets: &[&[u8]]) -> Bound {
        self.with(SessionBindingLayer::with_store(self.sessions(secrets)).strict())
    }

    fn with(&self, binding: SessionBindingLayer) -> Bound {
        let config = remembering(JwtAuthConfig::builder())
            .resource(RESOURCE)
            .issuer(self.issuer.issuer())
            .jwks(self.issuer.jwks());
        Bound::new(JwtAuthLayer::new(config.build().unwrap()), binding)
    }

    fn token(&self, subject: &str) -> String {
        self.issuer.mint(RESOURCE).subject(subject).sign()
    }

    fn name(&self) -> String {
        let names = self.store.names();
        let [name] = &names[..] else {
            panic!("{names:?}");
        };
        name.clone()
    }
}

async fn begins(process: &Bound, token: &str, id: &str) -> Answer {
    process.send("POST", Some(token), &[("x-give", id)]).await
}

async fn uses(process: &Bound, token: &str, id: &str) -> u16 {
    process
        .status("POST", token, &[("mcp-session-id", id)])
        .await
}

fn unavailable(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 503, "{what}");
    assert_eq!(answer.headers["retry-after"], "1", "{what}");
    assert!(!answer.headers.contains_key("mcp-session-id"), "{what}");
    assert_eq!(answer.json()["error"], "temporarily_unavailable", "{what}");
}

#[tokio::test(start_paused = true)]
async fn fleet_f49_a_session_of_one_process_at_another() {
    let fleet = Processes::new();
    let [a, b, c] = [(); 3].map(|()| fleet.one(&[A]));
    let (alice, bob) = (fleet.token("alice"), fleet.token("bob"));
    assert_eq!(begins(&a, &alice, "s").await.status, 200);
    for process in [&b, &c] {
        assert_eq!(uses(process, &alice, "s").await, 200);
        let calls = process.calls();
        for method in ["POST", "GET", "DELETE"] {
            let named = [("mcp-session-id", "s")];
            let stolen = process.send(method, Some(&bob), &named).await;
            let unknown = [("mcp-session-id", "t")];
            let made_up = process.send(method, Some(&bob), &unknown).await;
            assert_eq!(stolen.status, 404, "{method}");
            assert_eq!(stolen, made_up, "{method}");
        }
        assert_eq!(process.calls(), calls);
    }
    // The id is nobody else's, whoever's service gives it away.
    let given = begins(&b, &bob, "s").await;
    assert_eq!(given.status, 404);
    assert!(!given.headers.contains_key("mcp-session-id"));
    let ended = c.status("DELETE", &alice, &[("mcp-session-id", "s")]).await;
    assert_eq!(ended, 200);
    assert!(fleet.store.names().is_empty());
    for process in [&a, &b, &c] {
        assert_eq!(uses(process, &alice, "s").await, 404);
    }
}

/// Both look at the same moment, with each order of the secrets.
#[tokio::test(start_paused = true)]
async fn fleet_f50_two_principals_bind_one_session_at_two_processes() {
    let orders: [[&[&[u8]]; 2]; 6] = [
        [&[A], &[A]],
        [&[A], &[A, B]],
        [&[A, B], &[A]],
        [&[A, B], &[B, A]],
        [&[B, A], &[A, B]],
        [&[B], &[B, A]],
    ];
    for secrets in orders {
        for (delay, ahead) in [(0, 0), (10, 0), (10, 5), (10, 15), (10, 25)] {
            let fleet = Processes::new();
            fleet.store.set_delay(Duration::from_millis(delay));
            let [here, there] = secrets.map(|secrets| fleet.sessions(secrets));
            let user = |name| Principal::new("https://i.example", Some("c"), Some(name));
            let (alice, bob) = (user("alice"), user("bob"));
            let answers = tokio::join!(here.bind("s", &alice, SESSION_IDLE_TIME), async {
                tokio::time::sleep(Duration::from_millis(ahead)).await;
                there.bind("s", &bob, SESSION_IDLE_TIME).await
            });
            let (winner, loser) = match (answers.0.unwrap(), answers.1.unwrap()) {
                (Ownership::Owner, Ownership::Other) => (&alice, &bob),
                (Ownership::Other, Ownership::Owner) => (&bob, &alice),
                other => panic!("{secrets:?} {delay} {ahead}: {other:?}"),
            };
            for (principal, want) in [(winner, Ownership::Owner), (loser, Ownership::Other)] {
                for answer in [
                    here.owner_is("s", principal, SESSION_IDLE_TIME).await,
                    there.owner_is("s", principal, SESSION_IDLE_TIME).await,
                ] {
                    assert_eq!(answer.unwrap(), want, "{secrets:?} {delay} {ahead}");
                }
            }
        }
    }
}

/// By somebody who can write to the store, and does not have the secret.
#[tokio::test(start_paused = true)]
async fn fleet_f51_a_forged_session_is_nobodys() {
    let fleet = Processes::new();
    let strict = fleet.one(&[A]);
    let lenient = fleet.with(SessionBindingLayer::with_store(fleet.sessions(&[A])));
    let (alice, mallory) = (fleet.token("alice"), fleet.token("mallory"));
    assert_eq!(begins(&strict, &alice, "s").await.status, 200);
    assert_eq!(begins(&strict, &mallory, "m").await.status, 200);
    let [s, m]: [String; 2] = {
        let names = fleet.store.names();
        let of_alice = Processes::new();
        let own = of_alice.one(&[A]);
        assert_eq!(
            begins(&own, &of_alice.token("alice"), "s").await.status,
            200
        );
        let s = of_alice.name();
        let m = names.iter().find(|name| **name != s).unwrap();
        [s, m.clone()]
    };
    let good = fleet.store.value(&s).unwrap();
    let mut flipped = good.clone();
    flipped[20] ^= 1;
    let mut longer = good.clone();
    longer.resize(64, 0);
    for (what, value) in [
        ("of another session", fleet.store.value(&m).unwrap()),
        ("one bit", flipped),
        ("cut short", good[..48].to_vec()),
        ("longer", longer),
        ("much longer", vec![0; 1 << 20]),
        ("in clear", b"mallory".to_vec()),
        ("another version", [&[2], &good[1..]].concat()),
    ] {
        fleet.store.put(&s, &value);
        for process in [&strict, &lenient] {
            for token in [&alice, &mallory] {
                let calls = process.calls();
                assert_eq!(uses(process, token, "s").await, 404, "{what}");
                assert_eq!(process.calls(), calls, "{what}");
                assert_eq!(begins(process, token, "s").await.status, 404, "{what}");
            }
        }
        assert_eq!(
            fleet.store.value(&s),
            Some(value),
            "{what}: not overwritten"
        );
        assert_eq!(fleet.store.life(&s), None, "{what}: not touched");
    }
    fleet.store.put(&s, &good);
    assert_eq!(uses(&strict, &alice, "s").await, 200);
    assert_eq!(uses(&strict, &mallory, "s").await, 404);
    // Removed: a new session is needed.
    fleet.store.delete(&s);
    assert_eq!(uses(&strict, &alice, "s").await, 404);
}

#[tokio::test(start_paused = true)]
async fn fleet_f52_the_store_is_down_in_the_middle_of_a_session() {
    let fleet = Processes::new();
    let [here, there] = [(); 2].map(|()| fleet.one(&[A]));
    let (alice, bob) = (fleet.token("alice"), fleet.token("bob"));
    assert_eq!(begins(&here, &alice, "s").await.status, 200);
    let named = [("mcp-session-id", "s")];
    for fault in [Fault::Down, Fault::NoAnswer, Fault::Refused] {
        fleet.store.set_fault(Some(fault));
        for process in [&here, &there] {
            let calls = process.calls();
            for method in ["POST", "GET", "DELETE", "POST"] {
                for token in [&alice, &bob] {
                    let answer = process.send(method, Some(token), &named).await;
                    unavailable(&answer, method);
                }
            }
            assert_eq!(process.calls(), calls, "{fault:?}");
            // The service has begun it, and its client does not learn the id.
            unavailable(&begins(process, &alice, "new").await, "new");
            // What names no session needs no store.
            assert_eq!(process.status("POST", &alice, &[]).await, 200);
        }
        fleet.store.set_fault(None);
        tokio::time::advance(Duration::from_secs(1)).await;
        for process in [&here, &there] {
            assert_eq!(uses(process, &alice, "s").await, 200, "{fault:?}");
            assert_eq!(uses(process, &bob, "s").await, 404, "{fault:?}");
        }
    }
    // Full: what lives goes on, nothing new begins.
    fleet.store.set_fault(Some(Fault::Full));
    assert_eq!(uses(&there, &alice, "s").await, 200);
    unavailable(&begins(&there, &alice, "other").await, "full");
    let ended = there.status("DELETE", &alice, &named).await;
    assert_eq!(ended, 200);
    // A store that was emptied knows no session.
    fleet.store.set_fault(None);
    assert_eq!(begins(&here, &alice, "s").await.status, 200);
    fleet.store.flush();
    assert_eq!(uses(&there, &alice, "s").await, 404);
}

/// A session that is used goes on through every step, and is never anybody else's.
#[tokio::test(start_paused = true)]
async fn sessions_go_on_while_the_secret_is_replaced() {
    let fleet = Processes::new();
    let (alice, bob) = (fleet.token("alice"), fleet.token("bob"));
    let steps: [&[&[u8]]; 4] = [&[A], &[A, B], &[B, A], &[B]];
    let mut begun = vec!["0".to_owned()];
    assert_eq!(begins(&fleet.one(&[A]), &alice, "0").await.status, 200);
    for (at, step) in steps.windows(2).enumerate() {
        // The step is half done: some processes have it, some do not.
        let processes = [0, 1].map(|at| fleet.one(step[at]));
        for (which, process) in processes.iter().enumerate() {
            let id = format!("{at}-{which}");
            assert_eq!(begins(process, &alice, &id).await.status, 200);
            begun.push(id);
        }
        for id in &begun {
            for process in &processes {
                assert_eq!(uses(process, &alice, id).await, 200, "{id} {step:?}");
                assert_eq!(uses(process, &bob, id).await, 404, "{id} {step:?}");
                assert_eq!(begins(process, &bob, id).await.status, 404, "{id}");
            }
        }
        // The step is done everywhere, and half a day passes.
        tokio::time::advance(Duration::from_secs(12 * 60 * 60)).await;
        let done = fleet.one(step[1]);
        for id in &begun {
            assert_eq!(uses(&done, &alice, id).await, 200, "{id} {step:?}");
        }
    }
    let last = fleet.one(&[B]);
    for id in &begun {
        let ended = last
            .status("DELETE", &alice, &[("mcp-session-id", id)])
            .await;
        assert_eq!(ended, 200, "{id}");
    }
    // Another secret alone, as after a leak: sessions begin anew.
    assert_eq!(begins(&last, &alice, "s").await.status, 200);
    assert_eq!(uses(&fleet.one(&[A]), &alice, "s").await, 404);
}

#[tokio::test(start_paused = true)]
async fn fleet_f76_one_user_begins_sessions_without_end() {
    let fleet = Processes::new();
    let [here, there] = [(); 2].map(|()| fleet.one(&[A]));
    // Whatever client: a new one for each, as with dynamic registration.
    let mallory = |client: u32| {
        let token = fleet.issuer.mint(RESOURCE).subject("mallory");
        token.client_id(&format!("client-{client}")).sign()
    };
    let mut refused = 0;
    for at in 0..MAX_SESSIONS_BEGUN + 200 {
        let answer = begins(&here, &mallory(at % 50), &format!("m-{at}")).await;
        if answer.status == 200 {
            continue;
        }
        assert_eq!(answer.status, 429, "{at}");
        assert_eq!(answer.headers["retry-after"], "3600");
        assert!(!answer.headers.contains_key("mcp-session-id"));
        assert!(!answer.headers.contains_key("www-authenticate"));
        assert_eq!(answer.json()["error"], "too_many_requests");
        refused += 1;
    }
    assert_eq!(refused, 200);
    let limit = usize::try_from(MAX_SESSIONS_BEGUN).unwrap();
    assert_eq!(fleet.store.names().len(), limit);
    // Nobody else is concerned, nor what the user has begun.
    assert_eq!(begins(&here, &fleet.token("alice"), "a").await.status, 200);
    assert_eq!(uses(&here, &mallory(0), "m-0").await, 200);
    assert_eq!(begins(&there, &mallory(0), "m-there").await.status, 200);
    // What was begun and not used is gone, and an hour later there is room.
    tokio::time::advance(Duration::from_secs(15 * 60)).await;
    assert_eq!(fleet.store.names().len(), 1);
    assert_eq!(begins(&here, &mallory(0), "m-x").await.status, 429);
    tokio::time::advance(Duration::from_secs(45 * 60)).await;
    assert_eq!(begins(&here, &mallory(0), "m-x").await.status, 200);
    // Nor is there no room for a revocation.
    let clock = FakeClock::at(std::time::SystemTime::now());
    let revokes = self::fleet(&fleet.store, "ns", &[A], &clock);
    let revocation = Revocation::subject(fleet.issuer.issuer(), "mallory");
    revokes.revoke(revocation).await.unwrap();
}
