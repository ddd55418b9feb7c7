//! An issuer or a store that fails.

use tower_jwt_auth::test_util::internal::fleet::Fault;

use super::*;

use Verdict::{Good, Unavailable};

/// Asks at every process, and expects a quick 503 at each.
async fn all_unavailable(processes: &[Process], token: &str) {
    let began = Instant::now();
    let verdicts = verdicts(processes, token).await;
    assert!(
        verdicts.iter().all(|verdict| *verdict == Unavailable),
        "{verdicts:?}"
    );
    assert!(began.elapsed() <= seconds(5), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn fleet_f03_an_issuer_that_fails_is_asked_once_per_hold() {
    let key = key("k");
    let world = World::publishing(&[]);
    world.issuer.answer(Answer::Fails);
    let processes = world.processes(1000);
    let token = token(&key);
    for second in 0..120 {
        if second % 10 == 0 {
            all_unavailable(&processes, &token).await;
        }
        pass(seconds(1)).await;
    }
    // Pauses of 1, 2, 4, 8, 16 and 30 s, each up to a quarter shorter.
    let fetches = world.fetches();
    assert!((6..=9).contains(&fetches), "{fetches}");
    assert_eq!(
        most_in_a_second(&world.issuer, Instant::now() - seconds(100)),
        1
    );
    world.issuer.publish(&[&key]);
    let returned = Instant::now();
    all_ready(&processes).await;
    let took = returned.elapsed();
    assert!(took <= seconds(32), "{took:?}");
    assert_eq!(world.fetches(), fetches + 1);
}

#[tokio::test(start_paused = true)]
async fn fleet_f03_an_issuer_that_hangs_is_asked_once_per_hold() {
    let key = key("k");
    let world = World::publishing(&[]);
    world.issuer.answer(Answer::Hangs);
    let processes = world.processes(1000);
    let began = Instant::now();
    while began.elapsed() < seconds(60) {
        all_unavailable(&processes, &token(&key)).await;
        pass(seconds(1)).await;
    }
    let fetches = world.fetches();
    assert!((3..=6).contains(&fetches), "{fetches}");
    for pause in world.issuer.pauses() {
        assert!(pause > seconds(5), "{pause:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn fleet_f05_a_store_that_dies_spreads_the_fetches() {
    for fault in [Fault::Down, Fault::Full] {
        let key = key("k");
        let world = World::publishing(&[&key]);
        let processes = world.processes(200);
        all_ready(&processes).await;
        let fetched = Instant::now();
        pass(seconds(100)).await;
        world.store.set_fault(Some(fault));
        let token = token(&key);
        for _ in 0..180 {
            assert_eq!(verdicts(&processes, &token).await, [Good; 200]);
            pass(seconds(10)).await;
        }
        // The times are drawn by chance: 200 in 120 s put more than 10 into one second in three
        // lives of 10,000, and more than 13 in less than one of a million.
        let most = most_in_a_second(&world.issuer, fetched + seconds(1));
        assert!(most <= 13, "{fault:?}: {most}");
        let fetches = world.issuer.state().fetches.clone();
        let first: Vec<_> = fetches[1..=200].iter().map(|at| *at - fetched).collect();
        let range = seconds(480)..=seconds(601);
        assert!(
            first.iter().all(|age| range.contains(age)),
            "{fault:?}: {first:?}"
        );
        for process in &processes {
            assert!(process.health().fetches >= 2, "each fetches by itself");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn fleet_f06_a_store_that_comes_back_is_used_again() {
    let (old, new) = (key("old"), key("new"));
    let world = World::publishing(&[&old]);
    let processes = world.processes(50);
    all_ready(&processes).await;
    world.store.set_fault(Some(Fault::Down));
    pass(seconds(1300)).await;
    let alone = world.fetches();
    assert!(alone >= 100, "{alone}");
    world.store.set_fault(None);
    pass(seconds(10)).await;
    let before = world.fetches();
    world.issuer.takes(Duration::from_millis(300));
    world.issuer.publish(&[&old, &new]);
    assert_eq!(verdicts(&processes, &token(&new)).await, [Good; 50]);
    assert_eq!(world.fetches(), before + 1);
    // And the refreshes are shared again: one for each life.
    pass(seconds(1200)).await;
    assert!(
        world.fetches() <= before + 1 + 3,
        "{} {before}",
        world.fetches()
    );
}

#[tokio::test(start_paused = true)]
async fn fleet_f09_one_failure_counts_for_all() {
    let key = key("k");
    let world = World::publishing(&[]);
    world.issuer.answer(Answer::Fails);
    assert!(!world.process().is_ready().await);
    pass(Duration::ZERO).await;
    assert_eq!(world.name("lease"), None);
    let hold = world.name("hold").unwrap();
    let life = world.store.life(&hold).unwrap();
    assert!((seconds(60)..=seconds(61)).contains(&life), "{life:?}");

    world.issuer.publish(&[&key]);
    let processes = world.processes(10);
    all_unavailable(&processes, &token(&key)).await;
    assert_eq!(world.fetches(), 1);
    let error = processes[0].health().last_error.unwrap();
    assert!(error.contains("another process of the fleet"), "{error}");
    pass(seconds(1)).await;
    all_ready(&processes).await;
    assert_eq!(world.fetches(), 2);
    assert_eq!(world.name("hold"), None, "a success deletes it");
    assert_eq!(processes[0].health().last_error, None);
}

/// While it is put off, a process asks neither the issuer nor the store.
#[tokio::test(start_paused = true)]
async fn fleet_f09_requests_during_a_pause_cost_nothing() {
    let world = World::publishing(&[]);
    world.issuer.answer(Answer::FailsFor(seconds(60)));
    assert!(!world.process().is_ready().await);
    pass(Duration::ZERO).await;
    let (process, token) = (world.process(), token(&key("k")));
    assert_eq!(process.verdict(&token).await, Unavailable);
    let calls = world.store.all_calls();
    for _ in 0..50 {
        assert_eq!(process.verdict(&token).await, Unavailable);
        pass(seconds(1)).await;
    }
    assert_eq!(world.store.all_calls(), calls);
    assert_eq!(world.fetches(), 1);
}

/// The count outlives the pause, so that the next one is twice as long, whoever fails next.
#[tokio::test(start_paused = true)]
async fn fleet_f09_pauses_double_for_the_whole_fleet() {
    let world = World::publishing(&[]);
    world.issuer.answer(Answer::Fails);
    // No process fails twice.
    for pause in [1, 2, 4, 8, 16, 30, 30] {
        let process = world.process();
        assert!(!process.is_ready().await);
        drop(process);
        let hold = world.name("hold").unwrap();
        let left = world.store.life(&hold).unwrap() - seconds(60);
        let (least, most) = (seconds(pause).mul_f64(0.74), seconds(pause));
        assert!(left >= least && left <= most, "{pause}: {left:?}");
        pass(left + Duration::from_millis(2)).await;
    }
    assert_eq!(world.fetches(), 7);
}

#[tokio::test(start_paused = true)]
async fn fleet_f10_retry_after_counts_for_all() {
    let key = key("k");
    let world = World::publishing(&[&key]);
    world.issuer.answer(Answer::FailsFor(seconds(60)));
    assert!(!world.process().is_ready().await);
    let limited = Instant::now();
    world.issuer.publish(&[&key]);
    let processes = world.processes(100);
    all_unavailable(&processes, &token(&key)).await;
    all_ready(&processes).await;
    assert_eq!(world.fetches(), 2, "they do not all come back");
    let pause = world.issuer.pauses()[0];
    assert!((seconds(60)..=seconds(90)).contains(&pause), "{pause:?}");
    assert!(limited.elapsed() <= pause + seconds(2));
}

/// Who did not hear of the pause, and fails by itself, does not end it for the others.
#[tokio::test(start_paused = true)]
async fn fleet_f10_another_failure_does_not_shorten_the_pause() {
    let key = key("k");
    let world = World::publishing(&[&key]);
    world.issuer.answer(Answer::FailsFor(seconds(60)));
    assert!(!world.process().is_ready().await);
    pass(Duration::ZERO).await;
    let limited = Instant::now();
    world.issuer.answer(Answer::Fails);
    world.issuer.takes(seconds(1));
    world.store.set_fault(Some(Fault::Down));
    let other = world.process();
    let verifier = other.verifier.clone();
    let asked = tokio::spawn(async move { verifier.wait_for_keys().await.is_ok() });
    pass(Duration::from_millis(500)).await;
    world.store.set_fault(None);
    assert!(!asked.await.unwrap());
    pass(Duration::ZERO).await;
    assert_eq!(world.fetches(), 2);
    drop(other);
    world.issuer.publish(&[&key]);
    while limited.elapsed() < seconds(60) {
        assert!(!world.process().is_ready().await);
        pass(seconds(1)).await;
    }
    assert_eq!(world.fetches(), 2);
    pass(seconds(31)).await;
    assert!(world.process().is_ready().await);
}
