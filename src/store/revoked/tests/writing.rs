//! What `revoke` takes, refuses and removes.

use super::*;
use crate::fleet::RevokeError;

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn fleet_f72_a_wrong_clock_makes_the_fleet_forget_nothing() {
    let world = World::new();
    let one = world.started().await;
    for number in 0..10 {
        one.revoke(&token(number)).await;
    }
    let ahead = clock_at(NOW + 2 * 24 * 60 * 60);
    let wrong = world.process_with(&ahead, &[&SECRET]);
    wrong.fleet.ready().await;
    wrong.revoke(&token(10)).await;
    assert_eq!(world.entries(), 11);
    let late = world.started().await;
    assert!((0..=10).all(|number| late.knows(&token(number))));
}

/// Somebody has put an entry of the far future there: the store's next ids are as late.
#[tokio::test(start_paused = true)]
async fn fleet_f72_an_id_of_the_far_future_makes_the_fleet_forget_nothing() {
    let world = World::new();
    let one = world.started().await;
    one.revoke(&token(0)).await;
    sleep(seconds(61)).await;
    world
        .store
        .append_at(NAME, (NOW + 1_000_000_000) * 1_000, 0, Some(b"junk"));
    one.revoke(&token(1)).await;
    assert_eq!(world.entries(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_needs_is_trimmed_once_a_minute() {
    let mut world = World::new();
    world.settings.keep = seconds(600);
    let one = world.started().await;
    let pass = async |time: u64, clock: &FakeClock| {
        sleep(seconds(time)).await;
        clock.set(clock_now(clock) + seconds(time));
    };
    for number in 0..3 {
        one.revoke(&token(number)).await;
        pass(300, &world.clock).await;
    }
    assert_eq!(world.entries(), 3);
    assert_eq!(world.store.calls("trim"), 3);
    // 900 s after the first: beyond what is kept, and the leeway.
    one.revoke(&token(3)).await;
    assert_eq!(world.entries(), 3);
    one.revoke(&token(4)).await;
    assert_eq!(world.store.calls("trim"), 4, "once a minute");
}

fn clock_now(clock: &FakeClock) -> SystemTime {
    at(clock.as_clock().now().wall.unix_seconds())
}

#[tokio::test(start_paused = true)]
async fn fleet_f74_a_cut_in_the_future_is_an_error() {
    let world = World::new();
    let process = world.started().await;
    let cut = async |seconds: u64| {
        let subject = Revocation::subject(ISSUER, format!("user-{seconds}"));
        process
            .fleet
            .revoke(subject.issued_before(at(seconds)))
            .await
    };
    assert!(cut(NOW).await.is_ok());
    assert!(cut(NOW + 60).await.is_ok(), "the leeway");
    assert_eq!(world.entries(), 2);
    for ahead in [NOW + 61, NOW + 3_600, NOW * 1_000] {
        let error = cut(ahead).await.unwrap_err();
        assert!(matches!(error, RevokeError::CutAhead(_)), "{error}");
        let told = error.to_string();
        assert!(
            told.contains("in the future: nothing was revoked"),
            "{told}"
        );
    }
    assert_eq!(world.entries(), 2);
    assert_eq!(process.known().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_end_that_is_too_late_is_an_error() {
    let world = World::new();
    let process = world.started().await;
    let keep = KEEP.as_secs();
    let until = async |seconds: u64| process.fleet.revoke(token(0).until(at(seconds))).await;
    let revoked = until(NOW + keep).await.unwrap();
    assert_eq!(revoked.until, at(NOW + keep));
    let error = until(NOW + keep + 1).await.unwrap_err();
    assert!(matches!(error, RevokeError::UntilTooLate(_)), "{error}");
    let told = error.to_string();
    assert!(
        told.starts_with("the revocation would last 1s longer"),
        "{told}"
    );
    assert_eq!(world.entries(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_full_list_takes_no_more_and_forgets_nothing() {
    let mut world = World::new();
    world.settings.limit = 3;
    let process = world.started().await;
    for number in 0..3 {
        process.revoke(&token(number)).await;
    }
    let error = process.fleet.revoke(token(3)).await.unwrap_err();
    assert!(matches!(error, RevokeError::RevocationsFull), "{error}");
    assert!(
        error.to_string().contains("Raise revocations_limit"),
        "{error}"
    );
    // What is known already takes no room.
    process.revoke(&token(2)).await;
    assert!((0..3).all(|number| process.knows(&token(number))));
    assert!(!process.knows(&token(3)));
}

#[tokio::test(start_paused = true)]
async fn a_store_without_room_is_an_error_that_tells_it() {
    let world = World::new();
    let process = world.started().await;
    process.revoke(&token(0)).await;
    world.store.set_fault(Some(Fault::Full));
    let error = process.fleet.revoke(token(1)).await.unwrap_err();
    let RevokeError::NotShared(fault) = error else {
        panic!("{error}");
    };
    assert!(fault.to_string().contains("OOM"), "{fault}");
    assert!(process.knows(&token(1)));
    assert_eq!(world.entries(), 1, "what is there stays");
    assert_eq!(world.store.calls("remove"), 0);
}

/// A program may revoke before it has read anything.
#[tokio::test(start_paused = true)]
async fn a_process_that_only_revokes_needs_no_list() {
    let world = World::new();
    let other = world.started().await;
    world.process().revoke(&token(0)).await;
    other.until_known(1).await;
}

#[tokio::test(start_paused = true)]
async fn each_process_of_a_rotation_hears_the_others() {
    let world = World::new();
    let (old, new) = ([7; 32], [8; 32]);
    let steps: [&[&[u8]]; 3] = [&[&old, &new], &[&new, &old], &[&old]];
    let [first, second, third] = steps.map(|secrets| world.process_with(&world.clock, secrets));
    for process in [&first, &second, &third] {
        process.fleet.ready().await;
    }
    first.revoke(&token(0)).await;
    second.revoke(&token(1)).await;
    first.until_known(2).await;
    second.until_known(2).await;
    sleep(seconds(1)).await;
    assert_eq!(third.known().len(), 1, "it has not got the new secret");
}
