//! What is written is heard, whatever happens to the connection and to the stream.

use super::*;

#[tokio::test(start_paused = true)]
async fn fleet_f25_a_revocation_is_heard_by_the_others_at_once() {
    let world = World::new();
    let (one, other) = (world.started().await, world.started().await);
    for number in 0..10 {
        one.revoke(&token(number)).await;
        assert!(one.knows(&token(number)));
        let took = other.until_known(number + 1).await;
        assert!(took <= Duration::from_millis(60), "{took:?}");
        assert!(other.knows(&token(number)));
    }
    assert!(!other.knows(&token(10)));
}

#[tokio::test(start_paused = true)]
async fn fleet_f26_no_revocation_is_missed_when_the_connection_is_cut() {
    let world = World::new();
    let (one, other) = (world.started().await, world.started().await);
    for number in 0..1_000 {
        one.revoke(&token(number)).await;
        if number % 10 == 0 {
            world.store.cut();
        }
        sleep(Duration::from_millis(13)).await;
    }
    other.until_known(1_000).await;
    assert!((0..1_000).all(|number| other.knows(&token(number))));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_dead_without_a_sign_is_noticed() {
    let world = World::new();
    let (one, other) = (world.started().await, world.started().await);
    one.revoke(&token(0)).await;
    other.until_known(1).await;
    sleep(seconds(1)).await;
    assert_eq!(other.last_error(), None);

    world.fall_silent().await;
    one.revoke(&token(1)).await;
    let took = other.until_known(2).await;
    assert!(took <= seconds(7), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn fleet_f30_what_nobody_with_the_secret_has_written_is_passed_over() {
    let world = World::new();
    let good = world.sealed(&token(0));
    let process = world.started().await;

    let mut forged = good.clone();
    forged[20] ^= 1;
    let elsewhere = Seals::new("other", [&SECRET[..]]);
    let stranger = Seals::new("ns", [&[8; 32][..]]);
    let seal = |seals: &Seals, payload: &[u8]| seals.iter().next().unwrap().close(NAME, payload);
    let ours = Seals::new("ns", [&SECRET[..]]);
    let payload = &good[1..34];
    let bad = [
        ("with one bit changed", Some(forged)),
        ("cut short", Some(good[..49].to_vec())),
        ("empty", Some(Vec::new())),
        ("without a field e", None),
        ("without a seal", Some(payload.to_vec())),
        ("of another namespace", Some(seal(&elsewhere, payload))),
        ("of another secret", Some(seal(&stranger, payload))),
        ("of another length", Some(seal(&ours, &payload[..32]))),
        ("of a later version", Some([&[2], &good[1..]].concat())),
    ];
    let id = |at: usize| NOW * 1_000 + u64::try_from(at).unwrap();
    for (at, (name, value)) in bad.iter().enumerate() {
        world.store.append_at(NAME, id(at), 0, value.as_deref());
        sleep(seconds(1)).await;
        assert_eq!(process.known().len(), 0, "{name}");
    }
    world.store.append_at(NAME, id(20), 0, Some(&good));
    process.until_known(1).await;
    assert!(process.knows(&token(0)));

    // The same again changes nothing, and what comes after it is heard.
    world.store.append_at(NAME, id(21), 0, Some(&good));
    world
        .store
        .append_at(NAME, id(22), 0, Some(&world.sealed(&token(1))));
    process.until_known(2).await;
    assert_eq!(world.started().await.known().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn fleet_f30_many_records_that_do_not_open_are_read_once_a_second() {
    let world = World::new();
    let process = world.started().await;
    let mut next = NOW * 1_000;
    let mut add = |value: &[u8]| {
        next += 1;
        world.store.append_at(NAME, next, 0, Some(value));
    };
    (0..2_000).for_each(|_| add(b"junk"));
    sleep(seconds(2)).await;

    let before = world.store.calls("read");
    for _ in 0..10_000 {
        add(b"junk");
        sleep(Duration::from_millis(1)).await;
    }
    let reads = world.store.calls("read") - before;
    assert!(reads <= 45, "{reads} reads in 10 s");

    // A good one among them is heard no later than the next read.
    add(&world.sealed(&token(0)));
    let took = process.until_known(1).await;
    assert!(took <= seconds(1), "{took:?}");

    // A minute later, all is as before.
    sleep(seconds(61)).await;
    add(&world.sealed(&token(1)));
    assert!(process.until_known(2).await <= Duration::from_millis(100));
}

/// The clock of a server that has taken over may be behind, so that an entry comes before the last
/// one that was read.
#[tokio::test(start_paused = true)]
async fn an_entry_before_the_position_is_heard_when_the_reader_comes_back() {
    let world = World::new();
    let process = world.started().await;
    let ahead = NOW * 1_000 + 60_000;
    world
        .store
        .append_at(NAME, ahead, 0, Some(&world.sealed(&token(0))));
    process.until_known(1).await;

    let earlier = |at, number| {
        let value = world.sealed(&token(number));
        world.store.append_at(NAME, at, 0, Some(&value));
    };
    earlier(ahead - 119_000, 1);
    earlier(ahead - 121_000, 2);
    sleep(seconds(60)).await;
    assert_eq!(process.known().len(), 1);
    world.store.cut();
    process.until_known(2).await;
    assert!(process.knows(&token(1)));
    assert!(!process.knows(&token(2)), "two minutes are the limit");

    // And without a cut, after ten minutes.
    earlier(ahead - 100_000, 3);
    sleep(seconds(10 * 60)).await;
    assert!(process.knows(&token(3)));
}

/// Where the user may not use `INFO`: the look back after ten minutes is not a whole read.
#[tokio::test(start_paused = true)]
async fn who_may_not_know_the_server_reads_the_whole_list_at_each_connection_only() {
    let world = World::new();
    world.store.hide_identity();
    for number in 0..5_000_usize {
        // One a second.
        let at = NOW - 6_000 + u64::try_from(number).unwrap();
        world.store.append_at(NAME, at * 1_000, 0, Some(b"junk"));
    }
    let process = world.started().await;
    let reads_in = async |time| {
        let before = world.store.calls("read");
        sleep(time).await;
        world.store.calls("read") - before
    };
    let minutes = |minutes: u64| seconds(minutes * 60);
    let steady = reads_in(minutes(9)).await;
    let with_looks = reads_in(minutes(27)).await;
    assert!(with_looks <= 3 * steady + 9, "{with_looks} {steady}");
    world.store.cut();
    let again = reads_in(seconds(5)).await;
    assert!(again >= 10, "{again}: all of it");
    assert_eq!(process.last_error(), None);
}

/// The server ends the connection of who reads an entry that is larger than its answers may be.
#[tokio::test(start_paused = true)]
async fn an_entry_that_is_too_large_is_passed_over() {
    let world = World::new();
    let process = world.started().await;
    world.store.limit_answers(1_000);
    let id = |at: u64| NOW * 1_000 + at;
    let add = |at, value: &[u8]| world.store.append_at(NAME, id(at), 0, Some(value));
    add(1, &world.sealed(&token(0)));
    add(2, &[b'x'; 1_001]);
    add(3, &world.sealed(&token(1)));
    assert!(process.until_known(2).await <= seconds(3));
    add(4, &world.sealed(&token(2)));
    assert!(process.until_known(3).await <= Duration::from_millis(100));
    // Who starts reads over it too, and who heals.
    let late = world.started().await;
    assert_eq!(late.known().len(), 3);
    assert!(world.store.calls("read_small") > 0, "it was too large");
    world.store.lose(NAME, id(1), 0);
    assert_eq!(world.entries(), 3);
    world.store.set_identity(7);
    world.store.cut();
    until(|| world.entries() == 4).await;
}

/// One process revokes as fast as it can: the list is not copied for each revocation.
#[tokio::test(start_paused = true)]
async fn what_arrives_together_goes_in_together() {
    let world = World::new();
    let process = world.started().await;
    let before = world.store.calls("read");
    for number in 0..200_usize {
        let value = world.sealed(&token(number));
        let at = NOW * 1_000 + u64::try_from(number).unwrap();
        world.store.append_at(NAME, at, 0, Some(&value));
        sleep(Duration::from_millis(1)).await;
    }
    process.until_known(200).await;
    let reads = world.store.calls("read") - before;
    assert!(reads <= 15, "{reads} reads in 200 ms");
}

#[tokio::test(start_paused = true)]
async fn the_reader_ends_with_the_last_who_uses_the_list() {
    let world = World::new();
    let process = world.started().await;
    let list = process.list().clone();
    drop(process);
    world
        .store
        .append_at(NAME, NOW * 1_000, 0, Some(&world.sealed(&token(0))));
    until(|| list.len() == 1).await;

    drop(list);
    sleep(seconds(1)).await;
    let calls = world.store.all_calls();
    sleep(seconds(60)).await;
    assert_eq!(world.store.all_calls(), calls);
}
