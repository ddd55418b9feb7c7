//! Keys that come and go at an issuer whose keys are shared.

use super::*;

use Verdict::Good;

/// Asks each process within one second, a bit later than the one before, and expects `Good`.
async fn used_everywhere(processes: &[Process], token: &str) {
    let mut asking = JoinSet::new();
    let step = seconds(1) / u32::try_from(processes.len()).unwrap();
    for process in processes {
        let (verifier, token) = (process.verifier.clone(), token.to_owned());
        asking.spawn(async move { verdict(&verifier, &token).await });
        pass(step).await;
    }
    let verdicts = asking.join_all().await;
    assert!(
        verdicts.iter().all(|verdict| *verdict == Good),
        "{verdicts:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn fleet_f11_a_rotation_costs_one_fetch() {
    // The clock of the process that sees the new key first.
    for ahead in [0, 50] {
        let keys = ["a", "b", "c"].map(key);
        let [a, b, c] = &keys;
        let world = World::publishing(&[a]);
        world.issuer.takes(Duration::from_millis(400));
        let mut processes = vec![world.ahead(seconds(ahead))];
        processes.extend(world.processes(20));
        all_ready(&processes).await;
        assert_eq!(world.fetches(), 1);
        pass(seconds(100)).await;
        world.issuer.publish(&[a, b]);
        used_everywhere(&processes, &token(b)).await;
        assert_eq!(world.fetches(), 2, "{ahead}");
        // Within the time by which its clock is ahead, seen first by another process: that set is
        // the later one, whatever the clocks say.
        pass(seconds(5)).await;
        world.issuer.publish(&[a, b, c]);
        processes.reverse();
        used_everywhere(&processes, &token(c)).await;
        assert_eq!(world.fetches(), 3, "{ahead}");
    }
}

/// Right after a fetch too, when the shared budget is young.
#[tokio::test(start_paused = true)]
async fn fleet_f11_who_comes_second_waits_for_the_first() {
    let (old, new) = (key("old"), key("new"));
    let world = World::publishing(&[&old]);
    let processes = world.processes(30);
    all_ready(&processes).await;
    world.issuer.takes(seconds(2));
    world.issuer.publish(&[&old, &new]);
    assert_eq!(verdicts(&processes, &token(&new)).await, [Good; 30]);
    assert_eq!(world.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn fleet_f18_a_withdrawn_key_is_gone_everywhere() {
    let (kept, withdrawn) = (key("kept"), key("withdrawn"));
    let world = World::publishing(&[&kept, &withdrawn]);
    let mut processes = world.processes(30);
    all_ready(&processes).await;
    world.issuer.publish(&[&kept]);
    // Processes that start later take a set that is not fresh any more.
    pass(seconds(300)).await;
    processes.extend(world.processes(30));
    all_ready(&processes).await;
    assert_eq!(world.fetches(), 1);
    pass(seconds(301)).await;
    assert_eq!(verdicts(&processes, &token(&kept)).await, [Good; 60]);
    let verdicts = verdicts(&processes, &token(&withdrawn)).await;
    assert!(!verdicts.contains(&Good), "{verdicts:?}");
}

/// One fetch for each life, whichever process it is, and the life that the issuer wants.
#[tokio::test(start_paused = true)]
async fn fleet_f18_a_steady_hour_costs_one_fetch_per_life() {
    for (max_age, life) in [(None, 600.0_f64), (Some(seconds(300)), 300.0)] {
        let key = key("k");
        let world = World::publishing(&[&key]);
        world.issuer.state().max_age = max_age;
        let processes = world.processes(100);
        all_ready(&processes).await;
        let looks = world.store.calls("get");
        pass(seconds(3600)).await;
        let most = (3600.0 / (life * 0.72)).ceil() as usize;
        let least = (3600.0 / (life * 0.8)).floor() as usize;
        let fetches = world.fetches() - 1;
        assert!((least..=most).contains(&fetches), "{fetches} of {life} s");
        // A look and the set, and a little more for who fetches.
        let looks = world.store.calls("get") - looks;
        assert!(looks <= fetches as u64 * (100 * 3 + 30), "{looks}");
        assert_eq!(verdicts(&processes, &token(&key)).await, [Good; 100]);
        assert!(
            processes
                .iter()
                .all(|process| process.health().generation == 1)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn fleet_f19_only_other_keys_are_a_new_generation() {
    let (a, b, c) = (key("a"), key("b"), key("c"));
    let document = |keys: &[&TestKey], more: &str| {
        let keys: Vec<_> = keys.iter().map(|key| key.jwk()).collect();
        let keys = serde_json::to_string(&keys).unwrap();
        Answer::Document(format!("{{{more}\"keys\": {keys}}}").into_bytes())
    };
    let another_b = key("b");
    for (what, answer, generation) in [
        ("the same bytes", document(&[&a, &b], ""), 1),
        ("another order", document(&[&b, &a], ""), 1),
        ("another member", document(&[&a, &b], "\"x\": 1,"), 1),
        ("white space", document(&[&a, &b], "  "), 1),
        ("a key more", document(&[&a, &b, &c], ""), 2),
        ("a key less", document(&[&a], ""), 2),
        ("another key of a kid", document(&[&a, &another_b], ""), 2),
    ] {
        let world = World::publishing(&[&a, &b]);
        let processes = world.processes(5);
        all_ready(&processes).await;
        world.issuer.answer(answer);
        pass(seconds(490)).await;
        assert_eq!(world.fetches(), 2, "{what}");
        for process in &processes {
            let health = process.health();
            assert_eq!(health.generation, generation, "{what}");
            assert!(health.age.unwrap() < seconds(60), "{what}: it was taken");
        }
    }
}

/// What the source confirms is shared as the set that it confirms.
#[tokio::test(start_paused = true)]
async fn fleet_f19_a_set_that_is_not_modified_is_shared() {
    let key = key("k");
    let world = World::publishing(&[&key]);
    assert!(world.process().is_ready().await, "a process that ends");
    let processes = world.processes(5);
    all_ready(&processes).await;
    world.issuer.answer(Answer::NotModified);
    pass(seconds(490)).await;
    assert_eq!(world.fetches(), 2);
    let cold = world.process();
    assert_eq!(cold.verdict(&token(&key)).await, Good);
    assert!(cold.health().age.unwrap() < seconds(60));
    assert_eq!(world.fetches(), 2);
}
