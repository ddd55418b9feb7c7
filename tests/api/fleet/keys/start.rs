//! Processes that start: with a store that has keys, an empty one, and none; and such that end.

use tower_jwt_auth::test_util::internal::fleet::Fault;

use super::*;

use Verdict::{Good, Unavailable};

#[tokio::test(start_paused = true)]
async fn fleet_f01_a_warm_store_costs_no_fetch() {
    let key = key("k");
    let world = World::publishing(&[&key]);
    assert!(world.process().is_ready().await);
    let processes = world.processes(1000);
    let began = Instant::now();
    all_ready(&processes).await;
    assert_eq!(verdicts(&processes, &token(&key)).await, [Good; 1000]);
    assert_eq!((world.fetches(), began.elapsed()), (1, Duration::ZERO));
    let health = processes[0].health();
    assert_eq!(
        (health.fetches, health.generation),
        (0, 1),
        "it fetched nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn fleet_f02_an_empty_store_costs_one_fetch() {
    for (takes, most) in [(0, 2000), (100, 2000), (2000, 4000)] {
        let world = World::publishing(&[&key("k")]);
        world.issuer.takes(Duration::from_millis(takes));
        let processes = world.processes(1000);
        let began = Instant::now();
        all_ready(&processes).await;
        assert_eq!(world.fetches(), 1, "{takes} ms");
        let took = began.elapsed();
        assert!(took <= Duration::from_millis(most), "{takes} ms: {took:?}");
    }
}

/// Connecting may take longer than a call, as with TLS on a machine that is busy.
#[tokio::test(start_paused = true)]
async fn fleet_f02_a_slow_connection_costs_no_fetch_more() {
    let world = World::publishing(&[&key("k")]);
    world.store.connects_in(Duration::from_millis(900));
    let processes = world.processes(100);
    let began = Instant::now();
    all_ready(&processes).await;
    assert_eq!(world.fetches(), 1);
    let took = began.elapsed();
    let range = Duration::from_millis(900)..=seconds(2);
    assert!(range.contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn fleet_f04_a_store_without_a_connection_costs_a_second() {
    let key = key("k");
    let world = World::publishing(&[&key]);
    world.store.connects_in(seconds(3600));
    world.issuer.takes(seconds(1));
    let process = world.process();
    let began = Instant::now();
    assert_eq!(process.verdict(&token(&key)).await, Good);
    assert!(began.elapsed() <= seconds(2), "{:?}", began.elapsed());
    assert_eq!(world.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn fleet_f04_without_a_store_a_process_is_alone() {
    for fault in [Fault::Down, Fault::NoAnswer, Fault::Refused, Fault::Full] {
        let key = key("k");
        let world = World::publishing(&[&key]);
        world.store.set_fault(Some(fault));
        world.issuer.takes(seconds(1));
        let process = world.process();
        let began = Instant::now();
        assert_eq!(process.verdict(&token(&key)).await, Good, "{fault:?}");
        let took = began.elapsed();
        assert!(took <= seconds(2), "{fault:?}: {took:?}");
        assert_eq!(world.fetches(), 1, "{fault:?}");
    }
}

/// A store that answers too late for every call.
#[tokio::test(start_paused = true)]
async fn fleet_f04_a_slow_store_is_none() {
    let key = key("k");
    let world = World::publishing(&[&key]);
    world.store.set_delay(Duration::from_millis(300));
    let process = world.process();
    let began = Instant::now();
    assert_eq!(process.verdict(&token(&key)).await, Good);
    assert!(began.elapsed() <= seconds(1), "{:?}", began.elapsed());
}

/// The lease is asked for, and the answer is lost: it is given back when the store answers again.
#[tokio::test(start_paused = true)]
async fn fleet_f04_a_lease_that_was_never_answered_is_given_back() {
    let key = key("k");
    let world = World::publishing(&[&key]);
    world.store.set_delay(Duration::from_millis(100));
    let process = world.process();
    let verifier = process.verifier.clone();
    let first = tokio::spawn(async move { verifier.wait_for_keys().await.is_ok() });
    // After the look and the hold, and before the lease.
    pass(Duration::from_millis(150)).await;
    world.store.set_fault(Some(Fault::NoAnswer));
    assert!(first.await.unwrap());
    let lease = world.name("lease").unwrap();
    let value = world.store.value(&lease).unwrap();
    world.store.set_fault(None);
    world.store.set_delay(Duration::ZERO);
    // As a server that stood still carries it out later.
    world.store.put(&lease, &value);
    assert_eq!(process.verdict(&junk("unknown")).await, UNKNOWN);
    assert_eq!(world.name("lease"), None);
    assert_eq!(world.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn fleet_f07_a_holder_that_is_killed_costs_two_seconds() {
    let world = World::publishing(&[&key("k")]);
    world.issuer.takes(seconds(4));
    let holder = world.process();
    let waiting = holder.verifier.clone();
    let asked = tokio::spawn(async move { waiting.wait_for_keys().await });
    pass(Duration::from_millis(1500)).await;
    assert!(world.name("lease").is_some());
    asked.abort();
    drop((asked.await, holder));
    world.issuer.takes(Duration::from_millis(500));
    let processes = world.processes(100);
    let began = Instant::now();
    all_ready(&processes).await;
    let took = began.elapsed();
    assert!(took <= Duration::from_millis(3500), "{took:?}");
    assert!(world.fetches() <= 3, "{}", world.fetches());
}

#[tokio::test(start_paused = true)]
async fn fleet_f07_warm_processes_go_on_when_a_holder_is_killed() {
    let key = key("k");
    let world = World::publishing(&[&key]);
    let mut processes = world.processes(200);
    all_ready(&processes).await;
    let before: Vec<_> = processes
        .iter()
        .map(|process| process.health().fetches)
        .collect();
    world.issuer.takes(seconds(4));
    while world.fetches() < 2 {
        pass(Duration::from_millis(100)).await;
    }
    let mut all = processes.iter().zip(&before);
    let holder = all.position(|(process, before)| process.health().fetches > *before);
    let holder = holder.unwrap();
    // Others look meanwhile, and come back soon.
    pass(seconds(3)).await;
    drop(processes.remove(holder));
    let killed = Instant::now();
    world.issuer.takes(Duration::ZERO);
    while world.fetches() < 3 {
        assert_eq!(
            verdicts(&processes, &token(&key)).await,
            vec![Good; processes.len()]
        );
        pass(Duration::from_millis(100)).await;
    }
    assert!(killed.elapsed() <= seconds(3), "{:?}", killed.elapsed());
}

/// The lease ends under the holder: both fetch, and the later set stays.
#[tokio::test(start_paused = true)]
async fn fleet_f08_the_later_of_two_sets_stays() {
    let (old, new) = (key("old"), key("new"));
    let world = World::publishing(&[&old]);
    world.issuer.takes(seconds(4));
    let slow = world.process();
    let verifier = slow.verifier.clone();
    let first = tokio::spawn(async move { verifier.wait_for_keys().await.is_ok() });
    pass(seconds(1)).await;
    world.store.delete(&world.name("lease").unwrap());
    world.issuer.takes(seconds(1));
    world.issuer.publish(&[&new]);
    let fast = world.process();
    assert!(fast.is_ready().await && first.await.unwrap());
    assert_eq!(world.fetches(), 2);
    assert_eq!(fast.verdict(&token(&new)).await, Good);
    assert_eq!(
        slow.verdict(&token(&old)).await,
        Good,
        "it has its own, older set"
    );
    // In the store is the later one, and the slow process takes it when it looks.
    let third = world.process();
    for process in [&third, &slow, &fast] {
        assert_eq!(process.verdict(&token(&new)).await, Good);
    }
    assert_eq!(world.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn fleet_f24_a_dropped_layer_leaves_nothing_behind() {
    let world = World::publishing(&[&key("k")]);
    let process = world.process();
    assert!(process.is_ready().await);
    assert!(world.issuer.holders() > 1);
    drop(process);
    pass(seconds(1)).await;
    assert_eq!(world.issuer.holders(), 1, "the source is with the task");
    let calls = world.store.all_calls();
    pass(seconds(24 * 3600)).await;
    assert_eq!(world.store.all_calls(), calls);
}

/// In the middle of each step too: while it waits for the store, for the holder of the lease, and
/// for the issuer.
#[tokio::test(start_paused = true)]
async fn fleet_f24_a_task_ends_in_the_middle_of_a_turn() {
    for step in ["the store", "the holder", "the issuer"] {
        let world = World::publishing(&[&key("k")]);
        let holder = world.process();
        match step {
            "the store" => world.store.set_delay(Duration::from_millis(200)),
            _ => world.issuer.takes(seconds(4)),
        }
        if step == "the holder" {
            let verifier = holder.verifier.clone();
            tokio::spawn(async move { verifier.wait_for_keys().await });
            pass(Duration::from_millis(1)).await;
        }
        let before = world.issuer.holders();
        let process = world.process();
        let verifier = process.verifier.clone();
        let asked = tokio::spawn(async move { verifier.wait_for_keys().await });
        pass(Duration::from_millis(100)).await;
        asked.abort();
        drop((asked.await, process));
        pass(Duration::from_millis(1)).await;
        assert_eq!(world.issuer.holders(), before, "{step}");
    }
}

#[test]
fn fleet_f24_without_a_runtime_nothing_is_asked() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().start_paused(true).build().unwrap()
    };
    let world = runtime().block_on(async { World::publishing(&[&key("k")]) });
    let process = world.process();
    assert!(process.health().generation == 0 && world.store.all_calls() == 0);
    // A runtime that ends takes the task with it, and the next one goes on.
    for _ in 0..2 {
        runtime().block_on(async {
            assert!(process.is_ready().await);
        });
    }
    let refused = runtime().block_on(async { process.verdict(&junk("unknown")).await });
    assert!([UNKNOWN, Unavailable].contains(&refused), "{refused:?}");
}
