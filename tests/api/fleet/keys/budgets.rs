//! Unknown `kid`s at every process, and the budget that all of them share.

use super::*;

use Verdict::{Good, TooMany};

/// Sends junk with this many new `kid`s to each process, without waiting for verdicts.
fn flood(processes: &[Process], how_many: usize, round: usize) {
    for (place, process) in processes.iter().enumerate() {
        let verifier = process.verifier.clone();
        tokio::spawn(async move {
            for n in 0..how_many {
                let junk = junk(&format!("junk-{round}-{place}-{n}"));
                let verifier = verifier.clone();
                tokio::spawn(async move {
                    let got = verdict(&verifier, &junk).await;
                    assert_ne!(got, Good);
                });
                pass(seconds(1) / u32::try_from(how_many).unwrap()).await;
            }
        });
    }
}

#[tokio::test(start_paused = true)]
async fn fleet_f12_a_flood_costs_the_fleet_what_it_costs_one_process() {
    let mut world = World::publishing(&[&key("k")]);
    world.times = JwksCache::new().cooldown(seconds(2));
    let processes = world.processes(100);
    all_ready(&processes).await;
    let (fetches, gets) = (world.fetches(), world.store.calls("get"));
    for second in 0..4 {
        flood(&processes, 100, second);
        pass(seconds(1)).await;
    }
    let fetches = world.fetches() - fetches;
    assert!(
        (2..=5).contains(&fetches),
        "two, and three in two cooldowns: {fetches}"
    );
    // With each look come the hold and the lease; each process looks and reads once for each set.
    let gets = world.store.calls("get") - gets;
    assert!(gets <= 100 * (3 * 5 + 2 * fetches as u64), "{gets}");
}

/// In the long run: three in two cooldowns.
#[tokio::test(start_paused = true)]
async fn fleet_f12_the_budget_refills() {
    let world = World::publishing(&[&key("k")]);
    let processes = world.processes(10);
    all_ready(&processes).await;
    let before = world.fetches();
    for second in 0..300 {
        flood(&processes, 3, second);
        pass(seconds(1)).await;
    }
    // Without those of the schedule.
    let fetches = world.fetches() - before;
    assert!((10..=2 + 15 + 1).contains(&fetches), "{fetches}");
}

#[tokio::test(start_paused = true)]
async fn fleet_f13_a_new_key_works_within_a_cooldown_of_a_flood() {
    let (old, new) = (key("old"), key("new"));
    let world = World::publishing(&[&old]);
    let processes = world.processes(20);
    all_ready(&processes).await;
    let mut rotated = None;
    for second in 0..100 {
        flood(&processes, 10, second);
        if second == 20 {
            world.issuer.publish(&[&old, &new]);
            rotated = Some(Instant::now());
        }
        pass(seconds(1)).await;
        let Some(rotated) = rotated else { continue };
        let verdicts = verdicts(&processes, &token(&new)).await;
        let is_good = |verdict: &Verdict| *verdict == Good;
        assert!(
            verdicts.iter().all(|got| is_good(got) || *got == TooMany),
            "{verdicts:?}"
        );
        if verdicts.iter().all(is_good) {
            assert!(rotated.elapsed() <= seconds(32), "{:?}", rotated.elapsed());
            return;
        }
    }
    panic!("the new key was never accepted");
}

/// A process answers 401 for a `kid` only after a fetch that cannot have missed it.
#[tokio::test(start_paused = true)]
async fn fleet_f13_a_taken_set_proves_no_absence_at_once() {
    let (old, new) = (key("old"), key("new"));
    let world = World::publishing(&[&old]);
    let [first, second] = [world.process(), world.process()];
    assert!(first.is_ready().await && second.is_ready().await);
    // Two fetches that both began before the key was published.
    for kid in ["junk-1", "junk-2"] {
        assert_eq!(first.verdict(&junk(kid)).await, UNKNOWN);
    }
    assert_eq!(world.fetches(), 3);
    world.issuer.publish(&[&old, &new]);
    // The set that the second process takes was fetched before: the shared budget is spent, and
    // the key may well exist.
    assert_eq!(second.verdict(&token(&new)).await, TooMany);
    assert_eq!(
        second.verdict(&token(&new)).await,
        TooMany,
        "one look a second"
    );
    assert_eq!(first.verdict(&token(&new)).await, TooMany);
    pass(seconds(31)).await;
    assert_eq!(second.verdict(&token(&new)).await, Good);
    assert_eq!(first.verdict(&token(&new)).await, Good);
    assert_eq!(world.fetches(), 4);
}

/// The second set that another process fetched since the `kid` was asked for began after that.
#[tokio::test(start_paused = true)]
async fn fleet_f13_a_second_taken_set_proves_absence() {
    let key = key("k");
    let world = World::publishing(&[&key]);
    let [first, second] = [world.process(), world.process()];
    assert!(first.is_ready().await && second.is_ready().await);
    for kid in ["junk-1", "junk-2"] {
        assert_eq!(first.verdict(&junk(kid)).await, UNKNOWN);
    }
    assert_eq!(world.fetches(), 3);
    // The shared budget is spent. The set that it takes may have been under way.
    assert_eq!(second.verdict(&junk("junk-3")).await, TooMany);
    pass(seconds(31)).await;
    assert_eq!(first.verdict(&junk("junk-4")).await, UNKNOWN);
    assert_eq!(world.fetches(), 4);
    assert_eq!(second.verdict(&junk("junk-3")).await, UNKNOWN);
    assert_eq!(world.fetches(), 4);
}

/// The set of another process may have been under way, so it is not the last word while the budget
/// allows a fetch.
#[tokio::test(start_paused = true)]
async fn fleet_f13_a_taken_set_without_the_key_is_followed_by_a_fetch() {
    let (old, new) = (key("old"), key("new"));
    let world = World::publishing(&[&old]);
    let [first, second] = [world.process(), world.process()];
    assert!(first.is_ready().await && second.is_ready().await);
    assert_eq!(first.verdict(&junk("junk-1")).await, UNKNOWN);
    world.issuer.publish(&[&old, &new]);
    assert_eq!(second.verdict(&token(&new)).await, Good);
    assert_eq!(world.fetches(), 3);
}

/// What was looked for once is absent, and not in doubt, when the shared budget is spent.
#[tokio::test(start_paused = true)]
async fn fleet_f13_what_a_fetch_lacked_is_absent_while_the_budget_is_spent() {
    let key = key("k");
    let world = World::publishing(&[&key]);
    let [first, second] = [world.process(), world.process()];
    assert!(first.is_ready().await && second.is_ready().await);
    assert_eq!(second.verdict(&junk("junk-1")).await, UNKNOWN);
    assert_eq!(first.verdict(&junk("junk-2")).await, UNKNOWN);
    assert_eq!(world.fetches(), 3);
    for _ in 0..3 {
        pass(seconds(5)).await;
        assert_eq!(second.verdict(&junk("junk-1")).await, UNKNOWN);
    }
    assert_eq!(second.verdict(&junk("junk-3")).await, TooMany);
    assert_eq!(world.fetches(), 3);
}

/// Nobody's fetch is used up by a set that another process has brought.
#[tokio::test(start_paused = true)]
async fn fleet_f13_what_others_fetch_costs_no_budget() {
    let keys = ["a", "b", "c", "d", "e"].map(key);
    let world = World::publishing(&[&keys[0]]);
    let [first, second] = [world.process(), world.process()];
    assert!(first.is_ready().await && second.is_ready().await);
    for (place, key) in keys.iter().enumerate().skip(1) {
        let published: Vec<_> = keys.iter().take(place + 1).collect();
        world.issuer.publish(&published);
        assert_eq!(first.verdict(&token(key)).await, Good);
        assert_eq!(second.verdict(&token(key)).await, Good);
        pass(seconds(45)).await;
    }
    assert_eq!(world.fetches(), 5);
}
