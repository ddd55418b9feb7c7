//! What the store has lost is there again.

use tokio::time::timeout;

use super::*;

/// Three processes, of which one is gone, and what they have revoked.
async fn with_revocations(world: &World, count: usize) -> (Process, Process) {
    let (one, other) = (world.started().await, world.started().await);
    let gone = world.started().await;
    for number in 0..count {
        let process = if number % 2 == 0 { &gone } else { &one };
        process.revoke(&token(number)).await;
    }
    other.until_known(count).await;
    (one, other)
}

#[tokio::test(start_paused = true)]
async fn fleet_f28_a_store_that_was_restarted_empty_has_all_again() {
    let world = World::new();
    let (one, other) = with_revocations(&world, 700).await;
    sleep(seconds(600)).await;

    world.store.flush();
    world.store.set_identity(2);
    // Somebody writes before the readers are back: the stream's last id is later than theirs.
    world.process().revoke(&token(700)).await;
    world.store.cut();
    let took = until(|| world.entries() == 701).await;
    assert!(took <= seconds(5), "{took:?}");
    sleep(seconds(30)).await;
    assert_eq!(world.entries(), 701, "one process adds them");

    let late = world.started().await;
    for process in [one, other, late] {
        assert!((0..=700).all(|number| process.knows(&token(number))));
    }
}

#[tokio::test(start_paused = true)]
async fn fleet_f28_a_stream_that_was_emptied_has_all_again() {
    let world = World::new();
    let (_one, _other) = with_revocations(&world, 10).await;
    // No connection breaks, and a reader that is blocked hears nothing.
    world.store.delete(NAME);
    let took = until(|| world.entries() == 10).await;
    assert!(took <= seconds(9), "{took:?}");
    sleep(seconds(30)).await;
    assert_eq!(world.entries(), 10);
    // Nobody goes on healing.
    let leases = world.store.calls("set_if_absent");
    sleep(seconds(60)).await;
    assert_eq!(world.store.calls("set_if_absent"), leases);
}

#[tokio::test(start_paused = true)]
async fn fleet_f29_what_a_fail_over_has_lost_is_there_again() {
    let world = World::new();
    world.store.set_clock_ahead(seconds(5));
    let (one, other) = with_revocations(&world, 10).await;

    // The new server lacks two entries, and its clock is 5 s behind that of the old one.
    world.store.set_clock_ahead(Duration::ZERO);
    world.store.fail_over(NAME, 2);
    assert_eq!(world.entries(), 8);
    world.process().revoke(&token(10)).await;
    until(|| world.entries() == 11).await;
    for process in [&one, &other] {
        process.until_known(11).await;
    }
    let late = world.started().await;
    assert!((0..=10).all(|number| late.knows(&token(number))));
    sleep(seconds(30)).await;
    assert_eq!(world.entries(), 11);
}

#[tokio::test(start_paused = true)]
async fn fleet_f71_a_stream_that_takes_no_entries_is_made_anew() {
    let spoil: [(&str, fn(&MemoryStore)); 2] = [
        ("its ids are used up", |store| {
            store.append_at(NAME, u64::MAX, u64::MAX, Some(b"junk"));
        }),
        ("it is a string", |store| store.put(NAME, b"junk")),
    ];
    for (name, spoil) in spoil {
        let world = World::new();
        let (one, other) = with_revocations(&world, 10).await;
        spoil(&world.store);
        one.revoke(&token(10)).await;
        assert!(other.until_known(11).await <= seconds(8), "{name}");
        until(|| world.entries() == 11).await;
        let late = world.started().await;
        assert!((0..=10).all(|number| late.knows(&token(number))), "{name}");
    }
}

/// Nobody revokes, and nobody knows any revocation.
#[tokio::test(start_paused = true)]
async fn a_process_without_revocations_repairs_the_stream_too() {
    let world = World::new();
    world.store.put(NAME, b"junk");
    let process = world.started().await;
    until(|| world.store.value(NAME).is_none()).await;
    sleep(seconds(5)).await;
    assert_eq!(process.last_error(), None);
    // Then nothing is left to be done.
    let leases = world.store.calls("set_if_absent");
    sleep(seconds(60)).await;
    assert_eq!(world.store.calls("set_if_absent"), leases);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_never_ends_only_delays_healing() {
    let world = World::new();
    let (_one, _other) = with_revocations(&world, 10).await;
    let seals = Seals::new("ns", [&SECRET[..]]);
    let lease = seals.iter().next().unwrap().name("lease", &[b"revoked"]);
    world.store.put(&lease, b"forged");
    world.store.delete(NAME);
    until(|| world.store.calls("set_if_absent") > 0).await;
    assert_eq!(world.entries(), 0);
    let took = until(|| world.entries() >= 10).await;
    // Five attempts leave it to the one who has the lease.
    assert!((seconds(5)..=seconds(20)).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_revocation_that_the_store_did_not_take_is_added_later() {
    let world = World::new();
    let (one, other) = (world.started().await, world.started().await);
    world.store.set_fault(Some(Fault::Down));
    let error = one.fleet.revoke(token(0)).await.unwrap_err();
    assert!(matches!(error, crate::fleet::RevokeError::NotShared(_)));
    assert!(one.knows(&token(0)));
    sleep(seconds(60)).await;
    assert!(!other.knows(&token(0)));
    assert_eq!(world.store.calls("remove"), 0, "the stream is not to blame");
    world.store.set_fault(None);
    let took = other.until_known(1).await;
    assert!(took <= seconds(10), "{took:?}");
}

/// Somebody revokes, and does not wait for the store.
async fn revoke_and_leave(process: &Process, revocation: &Revocation) {
    let call = process.fleet.revoke(revocation.clone());
    let left = timeout(Duration::from_millis(50), call).await;
    assert!(left.is_err(), "the store was faster");
    assert!(process.knows(revocation));
}

#[tokio::test(start_paused = true)]
async fn a_revocation_whose_caller_has_left_is_added_later() {
    let world = World::new();
    let (one, other) = (world.started().await, world.started().await);
    world.store.set_delay(Duration::from_millis(100));
    revoke_and_leave(&one, &token(0)).await;
    world.store.set_delay(Duration::ZERO);
    let took = other.until_known(1).await;
    assert!(took <= seconds(5), "{took:?}");
    sleep(seconds(30)).await;
    assert_eq!(world.entries(), 1);
}

/// What is healed was read before it was revoked.
#[tokio::test(start_paused = true)]
async fn a_revocation_that_fails_during_healing_is_added_later() {
    let world = World::new();
    let one = world.started().await;
    for number in 0..10 {
        one.revoke(&token(number)).await;
    }
    // Its reader hears them too.
    sleep(seconds(1)).await;
    world.store.set_delay(Duration::from_millis(100));
    world.store.delete(NAME);
    until(|| world.entries() > 0).await;
    revoke_and_leave(&one, &token(10)).await;
    world.store.set_delay(Duration::ZERO);
    until(|| world.entries() == 11).await;
    sleep(seconds(30)).await;
    assert_eq!(world.entries(), 11);
}

#[tokio::test(start_paused = true)]
async fn a_revocation_that_fails_while_the_list_is_read_is_added_later() {
    let world = World::new();
    let gone = world.started().await;
    for number in 0..1_200 {
        gone.revoke(&token(number)).await;
    }
    drop(gone);
    for _ in 0..5 {
        let one = world.process();
        let before = world.entries();
        world.store.set_delay(Duration::from_millis(100));
        one.list().demand();
        until(|| one.known().len() >= 500).await;
        revoke_and_leave(&one, &token(before)).await;
        world.store.set_delay(Duration::ZERO);
        until(|| world.entries() > before).await;
    }
}

/// One entry of the third page is lost.
#[tokio::test(start_paused = true)]
async fn fleet_f28_only_what_is_lost_is_added() {
    let world = World::new();
    let id = |number: u64| NOW * 1_000 + number;
    for number in 0..1_200 {
        let value = world.sealed(&token(usize::try_from(number).unwrap()));
        world.store.append_at(NAME, id(number), 0, Some(&value));
    }
    let _one = world.started().await;
    world.store.lose(NAME, id(1_100), 0);
    assert_eq!(world.entries(), 1_199);
    world.store.set_identity(2);
    world.store.cut();
    until(|| world.entries() == 1_200).await;
    sleep(seconds(30)).await;
    assert_eq!(world.entries(), 1_200);
    assert_eq!(world.store.calls("append"), 1);
    assert_eq!(
        world.store.calls("set_if_absent"),
        1,
        "at the first attempt"
    );
}

/// The process that heals holds the lease, and the store fails while that process reads which
/// entries are absent.
#[tokio::test(start_paused = true)]
async fn a_read_that_fails_during_healing_removes_nothing() {
    let world = World::new();
    let one = world.started().await;
    for number in 0..10 {
        one.revoke(&token(number)).await;
    }
    sleep(seconds(1)).await;
    let first = world.store.entries(NAME).remove(0);
    world.store.set_delay(Duration::from_millis(100));
    world.store.lose(NAME, first.0, first.1);
    world.store.set_identity(2);
    world.store.cut();
    until(|| world.store.calls("set_if_absent") == 1).await;
    world.store.set_fault(Some(Fault::Down));
    sleep(seconds(5)).await;
    assert_eq!(world.entries(), 9);
    world.store.set_fault(None);
    until(|| world.entries() == 10).await;
    assert_eq!(world.store.calls("remove"), 0);
}
