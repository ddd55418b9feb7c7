//! A store that somebody else writes to, and clocks that are wrong.

use super::*;
use crate::support::capture;

use Verdict::{Good, TooMany};

/// What processes write of a set of `keys`, in a world of its own.
async fn sealed(keys: &[&TestKey], namespace: &str, secret: &[u8]) -> (String, Vec<u8>) {
    let world = World::publishing(keys);
    let process = world.process_with(namespace, &[secret], Duration::ZERO);
    assert!(process.is_ready().await);
    pass(Duration::ZERO).await;
    let name = world.name("keys").unwrap();
    let value = world.store.value(&name).unwrap();
    (name, value)
}

#[tokio::test(start_paused = true)]
async fn fleet_f14_what_the_fleet_did_not_seal_is_absent() {
    let (good, evil) = (key("good"), key("evil"));
    let (name, authentic) = sealed(&[&evil], "fleet", A).await;
    let flip = |at: usize| {
        let mut value = authentic.clone();
        value[at] ^= 1;
        value
    };
    let last = authentic.len() - 1;
    let jwks = serde_json::json!({"keys": [evil.jwk()]}).to_string();
    let mut unsealed = vec![1];
    unsealed.extend_from_slice(&authentic[1..29]);
    unsealed.extend_from_slice(jwks.as_bytes());
    let mut padded = authentic.clone();
    padded.resize(10_000_000, 0);
    let rows = [
        ("the time", flip(8)),
        ("the life", flip(12)),
        ("the digest", flip(20)),
        ("the set", flip(100)),
        ("the seal", flip(last)),
        ("another namespace", sealed(&[&evil], "other", A).await.1),
        ("another secret", sealed(&[&evil], "fleet", B).await.1),
        ("cut short", authentic[..last].to_vec()),
        ("the hint alone", authentic[..29].to_vec()),
        ("less than the hint", authentic[..28].to_vec()),
        ("one byte", vec![1]),
        ("empty", Vec::new()),
        ("10 MB", padded),
        ("JSON", jwks.into_bytes()),
        ("no seal", unsealed),
    ];
    // Each differs in one thing from what is taken.
    let world = World::publishing(&[&good]);
    world.store.put(&name, &authentic);
    assert_eq!(world.process().verdict(&token(&evil)).await, Good);
    assert_eq!(world.fetches(), 0);
    for (what, value) in rows {
        let world = World::publishing(&[&good]);
        let warm = world.process();
        assert!(warm.is_ready().await);
        assert_eq!(world.name("keys").as_ref(), Some(&name));
        world.store.put(&name, &value);
        let cold = world.process();
        assert_eq!(cold.verdict(&token(&good)).await, Good, "{what}");
        assert_eq!(world.fetches(), 2, "{what}: it fetches");
        world.store.put(&name, &value);
        for process in [&warm, &cold] {
            assert_ne!(process.verdict(&token(&evil)).await, Good, "{what}");
        }
        pass(seconds(700)).await;
        for process in [&warm, &cold] {
            assert_eq!(process.verdict(&token(&good)).await, Good, "{what}");
        }
    }
}

/// A value of another issuer, under the name of this one.
#[tokio::test(start_paused = true)]
async fn fleet_f14_a_value_that_was_moved_is_absent() {
    let (good, evil) = (key("good"), key("evil"));
    let world = World::publishing(&[&good]);
    let clock = running_clock(now());
    let theirs = InMemoryIssuer::publishing(&[&evil]);
    let config = tower_jwt_auth::JwtAuthConfig::builder()
        .issuer("another")
        .audience("tests")
        .key_source(theirs)
        .clock(&clock)
        .fleet(fleet_of_keys(&world.store, "fleet", &[A], &clock));
    let other = JwtVerifier::new(config.build().unwrap());
    other.wait_for_keys().await.unwrap();
    pass(Duration::ZERO).await;
    let moved = world.store.value(&world.name("keys").unwrap()).unwrap();
    world.store.flush();
    assert!(world.process().is_ready().await);
    world.store.put(&world.name("keys").unwrap(), &moved);
    let process = world.process();
    assert_eq!(process.verdict(&token(&good)).await, Good);
    assert_eq!(world.fetches(), 2);
    assert_ne!(process.verdict(&token(&evil)).await, Good);
}

/// What does not open is read once, not at each look.
#[tokio::test(start_paused = true)]
async fn fleet_f14_what_does_not_open_is_not_read_again() {
    let key = key("k");
    let world = World::publishing(&[&key]);
    let process = world.process();
    assert!(process.is_ready().await);
    // A look is all that the budget allows from now on.
    for kid in ["a", "b"] {
        assert_eq!(process.verdict(&junk(kid)).await, UNKNOWN);
    }
    let name = world.name("keys").unwrap();
    let mut value = world.store.value(&name).unwrap();
    // A later set that its seal belies.
    put_later(&mut value);
    let before = world.store.calls("get");
    world.store.put(&name, &value);
    for kid in 0..20 {
        assert_eq!(
            process.verdict(&junk(&format!("junk-{kid}"))).await,
            TooMany
        );
        pass(seconds(1)).await;
    }
    let gets = world.store.calls("get") - before;
    assert_eq!(gets, 20 + 1, "a look each, and the set once");
}

/// From now on the first bytes name a later time, which is no further ahead than clocks may be.
fn put_later(value: &mut [u8]) {
    let fetched_at: [u8; 8] = value[1..9].try_into().unwrap();
    let later = u64::from_be_bytes(fetched_at) + 50_000;
    value[1..9].copy_from_slice(&later.to_be_bytes());
}

/// The value is changed between the look at its first bytes and the read of all of it.
#[tokio::test(start_paused = true)]
async fn fleet_f15_what_is_sealed_counts_and_not_what_was_seen_before() {
    let (old, new) = (key("old"), key("new"));
    let world = World::publishing(&[&old]);
    let warm = world.process();
    assert!(warm.is_ready().await);
    pass(Duration::ZERO).await;
    let name = world.name("keys").unwrap();
    let early = world.store.value(&name).unwrap();
    world.issuer.publish(&[&new]);
    pass(seconds(700)).await;
    let mut later = world.store.value(&name).unwrap();
    put_later(&mut later);
    world.store.put(&name, &later);
    world.issuer.answer(Answer::Fails);
    world.store.set_delay(Duration::from_millis(100));
    let verifier = warm.verifier.clone();
    let asked = tokio::spawn(async move { verdict(&verifier, &junk("one")).await });
    pass(Duration::from_millis(150)).await;
    world.store.put(&name, &early);
    asked.await.unwrap();
    world.store.set_delay(Duration::ZERO);
    assert_eq!(warm.verdict(&token(&new)).await, Good);
    assert_ne!(warm.verdict(&token(&old)).await, Good);
}

#[tokio::test(start_paused = true)]
async fn fleet_f15_older_never_replaces_newer() {
    let (old, new) = (key("old"), key("new"));
    let world = World::publishing(&[&old]);
    let warm = world.process();
    assert!(warm.is_ready().await);
    pass(Duration::ZERO).await;
    let name = world.name("keys").unwrap();
    let early = world.store.value(&name).unwrap();
    world.issuer.publish(&[&new]);
    pass(seconds(3600)).await;
    let before = world.fetches();
    world.store.put(&name, &early);
    assert_eq!(warm.verdict(&token(&new)).await, Good);
    let cold = world.process();
    assert_eq!(cold.verdict(&token(&new)).await, Good);
    assert_eq!(world.fetches(), before + 1, "the cold one fetches");
    for process in [&warm, &cold] {
        world.store.put(&name, &early);
        assert_ne!(process.verdict(&token(&old)).await, Good);
    }
}

/// A set that is too old for a cold start is taken once a fetch of this process has failed.
#[tokio::test(start_paused = true)]
async fn fleet_f15_a_stale_set_is_taken_after_an_own_failure() {
    let key = key("k");
    let world = World::publishing(&[&key]);
    assert!(world.process().is_ready().await);
    world.issuer.answer(Answer::Fails);
    // (how much time passes, whether the set may serve at once, and after a failure)
    for (passes, at_once, later) in [
        (599, true, true),
        (2, false, true),
        (23 * 3600, false, true),
        (3600, false, false),
    ] {
        pass(seconds(passes)).await;
        let process = world.process();
        assert_eq!(process.is_ready().await, at_once, "{passes}");
        pass(seconds(2)).await;
        let is_good = process.verdict(&token(&key)).await == Good;
        assert_eq!(is_good, later, "{passes}");
        // No hold of one row in the next.
        drop(process);
        pass(seconds(100)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn fleet_f16_a_set_from_the_future_is_not_taken() {
    for (ahead, fetches) in [(60, 1), (61, 2), (24 * 3600, 2)] {
        let world = World::publishing(&[&key("k")]);
        assert!(world.ahead(seconds(ahead)).is_ready().await);
        assert!(world.process().is_ready().await);
        assert_eq!(world.fetches(), fetches, "{ahead}");
        // And stands in nobody's way.
        assert!(world.process().is_ready().await);
        assert_eq!(world.fetches(), fetches, "{ahead}");
    }
}

#[tokio::test(start_paused = true)]
async fn fleet_f17_a_clock_that_is_behind_costs_its_own_fetches() {
    let key = key("k");
    // A life is 432 to 480 s, and each clock has its own.
    let most = 2 * 14;
    for right in [1, 10] {
        let world = World::publishing(&[&key]);
        let mut processes = world.processes(right);
        let late = world.process();
        late.clock.set(now() - seconds(3600));
        processes.push(late);
        all_ready(&processes).await;
        assert_eq!(world.fetches(), 2, "one for each clock");
        pass(seconds(6000)).await;
        let fetches = world.fetches() - 2;
        // Until the late one has seen twice that the others go on, what it writes in the middle of
        // their looks has one of them fetch once more.
        assert!(fetches <= most + 4, "{right}: {fetches}");
        let got = verdicts(&processes, &token(&key)).await;
        assert!(got.iter().all(|verdict| *verdict == Good), "{got:?}");
        let mut health = processes.iter().map(Process::health);
        assert!(health.all(|health| health.generation == 1));
    }
}

/// A process whose clock was a day ahead, and is right now.
#[tokio::test(start_paused = true)]
async fn fleet_f17_a_clock_that_is_set_right_shares_again() {
    let key = key("k");
    let world = World::publishing(&[&key]);
    let mut processes = world.processes(5);
    let odd = world.ahead(seconds(24 * 3600));
    processes.push(odd);
    all_ready(&processes).await;
    processes[5].clock.set(now());
    // Each fetches, or takes, what is known by the right time.
    pass(seconds(1500)).await;
    let before = world.fetches();
    pass(seconds(4800)).await;
    let fetches = world.fetches() - before;
    assert!(fetches <= 12, "one for each life: {fetches}");
    let got = verdicts(&processes, &token(&key)).await;
    assert!(got.iter().all(|verdict| *verdict == Good), "{got:?}");
}

/// Somebody has put a value of another type under the name.
#[tokio::test(start_paused = true)]
async fn fleet_f14_a_value_of_another_type_is_absent() {
    let key = key("k");
    let world = World::publishing(&[&key]);
    assert!(world.process().is_ready().await);
    let name = world.name("keys").unwrap();
    let (log, _guard) = capture();
    for fetches in [2, 3] {
        spoil(&world.store, &name);
        assert_eq!(world.process().verdict(&token(&key)).await, Good);
        assert_eq!(world.fetches(), fetches, "it fetches");
        // And writes over it.
        assert_eq!(world.process().verdict(&token(&key)).await, Good);
        assert_eq!(world.fetches(), fetches, "it is shared again");
    }
    assert!(log.counts("store_tampered") <= 1, "at most once a minute");
}

fn spoil(store: &MemoryStore, name: &str) {
    store.delete(name);
    store.append_at(name, 1, 0, None);
}

/// All names that processes use for these keys.
async fn all_names() -> Vec<String> {
    let world = World::publishing(&[&key("k")]);
    let process = world.process();
    assert!(process.is_ready().await);
    world.issuer.takes(seconds(1));
    let mut names = Vec::new();
    let verifier = process.verifier.clone();
    let asked = tokio::spawn(async move { verdict(&verifier, &junk("one")).await });
    pass(Duration::from_millis(500)).await;
    names.extend(world.store.names());
    asked.await.unwrap();
    process.verdict(&junk("two")).await;
    names.extend(world.store.names());
    world.issuer.answer(Answer::Fails);
    pass(seconds(61)).await;
    process.verdict(&junk("three")).await;
    pass(Duration::ZERO).await;
    names.extend(world.store.names());
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 5, "{names:?}");
    names
}

/// Everything but the key set, set by somebody else and for ever.
#[tokio::test(start_paused = true)]
async fn fleet_f69_who_writes_may_delay_a_fetch_and_not_prevent_it() {
    let names = all_names().await;
    let (old, new) = (key("old"), key("new"));
    let values = [Some(&b"1"[..]), Some(&[1; 27]), Some(&[0xff; 16]), None];
    for value in values {
        let world = World::publishing(&[&old]);
        let processes = world.processes(5);
        all_ready(&processes).await;
        for name in names.iter().filter(|name| !name.contains(":keys:")) {
            match value {
                Some(value) => world.store.put(name, value),
                None => spoil(&world.store, name),
            }
        }
        let fetched = Instant::now();
        world.issuer.publish(&[&new]);

        // The shared budget is young, so its names are believed for a while.
        let mut works = None;
        while works.is_none() {
            let verdicts = verdicts(&processes, &token(&new)).await;
            let good = verdicts.iter().filter(|verdict| **verdict == Good).count();
            works = (good == processes.len()).then(|| fetched.elapsed());
            assert!(fetched.elapsed() < seconds(200), "{verdicts:?}");
            pass(seconds(1)).await;
        }
        let (works, most) = (works.unwrap(), seconds(2 * 30 + 60 + 6 + 2));
        assert!(works <= most, "{works:?}");

        // Without requests for unknown keys: the schedule alone.
        world.issuer.publish(&[&old]);
        pass(seconds(721)).await;
        for process in &processes {
            assert_ne!(process.verdict(&token(&new)).await, Good, "withdrawn");
        }

        // A process without keys, and without a set in the store.
        world
            .store
            .delete(names.iter().find(|name| name.contains(":keys:")).unwrap());
        world.issuer.takes(seconds(1));
        let cold = world.process();
        let began = Instant::now();
        while cold.verdict(&token(&old)).await != Good {}
        let took = began.elapsed();
        assert!(took <= seconds(5 + 1 + 1), "{took:?}");
    }
}

/// Names of the budget that somebody else has set count as long as a fetch may have spent it.
#[tokio::test(start_paused = true)]
async fn fleet_f69_a_forged_budget_is_believed_for_a_while() {
    let names = all_names().await;
    let (old, new) = (key("old"), key("new"));
    let world = World::publishing(&[&old]);
    let process = world.process();
    assert!(process.is_ready().await);
    for name in names.iter().filter(|name| name.contains(":kid:")) {
        world.store.put(name, b"");
    }
    world.issuer.publish(&[&old, &new]);
    pass(seconds(119)).await;
    assert_eq!(process.verdict(&token(&new)).await, TooMany);
    pass(seconds(2)).await;
    assert_eq!(process.verdict(&token(&new)).await, Good);
}

/// What the fleet forbids, or another process has fetched, costs no budget of this process.
#[tokio::test(start_paused = true)]
async fn fleet_f69_only_an_own_fetch_costs_the_budget_of_the_process() {
    let slots = all_names().await;
    let slots = || slots.iter().filter(|name| name.contains(":kid:"));
    let keys = ["a", "b", "c", "d"].map(key);
    for is_forbidden in [true, false] {
        let world = World::publishing(&[&keys[0]]);
        let [first, second] = [world.process(), world.process()];
        assert!(first.is_ready().await && second.is_ready().await);
        if is_forbidden {
            slots().for_each(|name| world.store.put(name, b""));
            world.issuer.publish(&[&keys[0], &keys[3]]);
            for _ in 0..3 {
                assert_eq!(second.verdict(&token(&keys[3])).await, TooMany);
                pass(seconds(1)).await;
            }
        } else {
            for published in 2..=3 {
                let published: Vec<_> = keys[..published].iter().collect();
                world.issuer.publish(&published);
                let newest = token(published.last().unwrap());
                assert_eq!(first.verdict(&newest).await, Good);
                assert_eq!(second.verdict(&newest).await, Good);
            }
            world.issuer.publish(&[&keys[3]]);
        }
        let fetches = world.fetches();
        slots().for_each(|name| world.store.delete(name));
        assert_eq!(second.verdict(&token(&keys[3])).await, Good);
        assert_eq!(world.fetches(), fetches + 1, "{is_forbidden}");
    }
}

#[tokio::test(start_paused = true)]
async fn fleet_f73_a_value_of_200_mb_is_not_read() {
    let names = all_names().await;
    let key = key("k");
    // The key set begins as one that would be taken.
    let (keys, mut huge) = sealed(&[&key], "fleet", A).await;
    let world = World::publishing(&[&key]);
    huge.resize(200_000_000, 0);
    for name in &names {
        world.store.put(name, &huge);
    }
    drop(huge);
    assert!(names.contains(&keys));
    let process = world.process();
    assert_eq!(process.verdict(&token(&key)).await, Verdict::Unavailable);
    pass(seconds(2)).await;
    assert_eq!(process.verdict(&token(&key)).await, Good);
    let largest = world.store.largest_answer();
    assert!((1..=256 * 1024 + 46).contains(&largest), "{largest}");
}
