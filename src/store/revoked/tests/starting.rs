//! Before the list was read, and after the process stood still.

use super::super::Reminder;
use super::*;
use crate::base::clock::Now;

#[tokio::test(start_paused = true)]
async fn fleet_f37_a_process_that_starts_without_the_store_waits_ten_seconds_for_the_list() {
    let mut world = World::new();
    world.started().await.revoke(&token(0)).await;
    world.store.set_fault(Some(Fault::Down));

    let process = world.process();
    let began = Instant::now();
    assert!(!process.list().wait().await);
    assert_eq!(began.elapsed(), Duration::from_millis(250), "a request");
    process.fleet.ready().await;
    let took = began.elapsed();
    assert!((seconds(10)..seconds(11)).contains(&took), "{took:?}");
    assert!(process.list().wait().await);
    assert!(!process.list().is_read());

    world.settings.at_start = AtStart::Required;
    let careful = world.process();
    for _ in 0..100 {
        assert!(!careful.list().wait().await);
        sleep(seconds(10)).await;
    }
    world.settings.at_start = AtStart::AtMost(Duration::ZERO);
    let hasty = world.process();
    let began = Instant::now();
    assert!(hasty.list().wait().await);
    assert_eq!(began.elapsed(), Duration::ZERO, "nothing to wait for");

    world.store.set_fault(None);
    let took = careful
        .until_known(1)
        .await
        .max(process.until_known(1).await);
    assert!(took <= seconds(3), "{took:?}");
    assert!(careful.list().wait().await);
}

#[tokio::test(start_paused = true)]
async fn fleet_f38_a_process_that_stood_still_reads_before_it_judges() {
    let world = World::new();
    let one = world.started().await;
    let clock = clock_at(NOW);
    let frozen = world.process_with(&clock, &[&SECRET]);
    frozen.fleet.ready().await;
    sleep(seconds(1)).await;

    // Its connection is dead, and an hour passes.
    world.fall_silent().await;
    one.revoke(&token(0)).await;
    clock.set(SystemTime::UNIX_EPOCH + seconds(NOW + 3_600));
    frozen.list().notice(clock.as_clock().now());
    assert!(!frozen.knows(&token(0)));
    let began = Instant::now();
    assert!(frozen.list().wait().await);
    assert!(frozen.knows(&token(0)), "after {:?}", began.elapsed());
    assert!(began.elapsed() <= Duration::from_millis(250));
}

/// By a clock that is ahead, what is revoked has ended, and its tokens have too. Then they come
/// back.
#[tokio::test(start_paused = true)]
async fn a_clock_that_was_ahead_for_a_while_makes_nothing_forgotten() {
    let two_days = 2 * 24 * 60 * 60;
    for (ahead, wrong_for) in [(two_days, 0), (two_days, 2_000), (two_days, 1_200_000)] {
        let world = World::new();
        let one = world.started().await;
        let clock = clock_at(NOW);
        let set = |to| clock.set(SystemTime::UNIX_EPOCH + seconds(to));
        let wrong = world.process_with(&clock, &[&SECRET]);
        wrong.fleet.ready().await;
        one.revoke(&token(0)).await;
        wrong.until_known(1).await;

        set(NOW + ahead);
        wrong.list().notice(clock.as_clock().now());
        sleep(Duration::from_millis(wrong_for)).await;
        one.revoke(&token(1)).await;
        sleep(seconds(1)).await;
        assert_eq!(wrong.known().len(), 0);
        set(NOW + 10);
        wrong.list().notice(clock.as_clock().now());
        assert!(wrong.list().wait().await);
        for number in 0..2 {
            assert!(wrong.knows(&token(number)), "{number}, {wrong_for} ms");
        }
    }
}

fn paused_runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap()
}

/// The runtime of the reader is there, and nobody drives it.
#[test]
fn fleet_f38_a_reader_that_nobody_drives_is_replaced() {
    let (one, other) = (paused_runtime(), paused_runtime());
    let world = other.block_on(async { World::new() });
    let process = one.block_on(world.started());
    other.block_on(async {
        world.started().await.revoke(&token(0)).await;
        world.clock.set(SystemTime::UNIX_EPOCH + seconds(NOW + 60));
        tokio::time::advance(seconds(60)).await;
        process.list().notice(world.clock.as_clock().now());
        assert!(process.list().wait().await);
        assert!(process.knows(&token(0)));
    });
    // The first reader comes back, and leaves the work to the second.
    one.block_on(async { sleep(seconds(5)).await });
    let before = world.store.calls("read");
    one.block_on(async { sleep(seconds(60)).await });
    assert_eq!(world.store.calls("read"), before);
}

/// A runtime that is gone has taken the reader with it.
#[test]
fn fleet_f38_a_reader_whose_runtime_is_gone_is_replaced_at_once() {
    let (one, other) = (paused_runtime(), paused_runtime());
    let world = other.block_on(async { World::new() });
    let process = one.block_on(world.started());
    other.block_on(async {
        // Only one reader at a time: nothing begins while the first may live.
        let before = world.store.calls("read");
        process.list().demand();
        sleep(Duration::from_millis(100)).await;
        assert_eq!(world.store.calls("read"), before);
    });
    drop(one);
    other.block_on(async {
        world.started().await.revoke(&token(0)).await;
        process.list().demand();
        let took = process.until_known(1).await;
        assert!(took <= seconds(1), "{took:?}");
    });
}

/// Who stood still reads what was added meanwhile, and not a list that the same server still has.
#[tokio::test(start_paused = true)]
async fn who_stood_still_reads_only_what_is_new() {
    let world = World::new();
    for number in 0..5_000_u64 {
        // One a second.
        let at = (NOW - 6_000 + number) * 1_000;
        world.store.append_at(NAME, at, 0, Some(b"junk"));
    }
    let process = world.started().await;
    sleep(seconds(1)).await;
    let reads_of = async |is_another: bool| {
        let before = world.store.calls("read");
        if is_another {
            world.store.set_identity(2);
            world.store.cut();
        }
        let now = process.clock.as_clock().now().wall.unix_seconds();
        process
            .clock
            .set(SystemTime::UNIX_EPOCH + seconds(now + 60));
        process.list().notice(process.clock.as_clock().now());
        assert!(process.list().wait().await);
        sleep(Duration::from_millis(200)).await;
        world.store.calls("read") - before
    };
    let reads = reads_of(false).await;
    assert!(reads <= 5, "{reads}");
    let reads = reads_of(true).await;
    assert!(reads > 10, "{reads}: all of another server");
}

/// The last id of the stream is that of an entry which is gone.
#[tokio::test(start_paused = true)]
async fn a_stream_without_its_last_entry_is_read_to_its_end() {
    let world = World::new();
    let value = world.sealed(&token(0));
    for number in 0..2 {
        let at = NOW * 1_000 + number;
        world.store.append_at(NAME, at, 0, Some(&value));
    }
    world.store.lose(NAME, NOW * 1_000 + 1, 0);
    let process = world.process();
    process.list().demand();
    let took = until(|| process.list().is_read()).await;
    assert!(took <= seconds(1), "{took:?}");
    assert!(process.knows(&token(0)));
}

#[tokio::test(start_paused = true)]
async fn a_process_is_behind_after_fifteen_seconds() {
    let world = World::new();
    let process = world.started().await;
    world.store.set_fault(Some(Fault::Down));
    let (_, stream) = process.fleet.revoking_for_tests().unwrap();
    let heard = stream.0.control().heard.unwrap();
    for (silent, is_behind) in [(0, false), (15_000, false), (15_001, true)] {
        let monotonic = heard.monotonic + Duration::from_millis(silent);
        let health = stream.health(Now { monotonic, ..heard });
        assert_eq!(health.is_behind, is_behind, "{silent} ms");
    }
}

/// An event at once and then each minute, and at once again when its cause has come back.
#[test]
fn a_reminder_is_due_once_a_minute() {
    let began = Instant::now();
    let mut reminder = Reminder::default();
    for (at, lasts, is_due) in [
        (0, false, false),
        (1, true, true),
        (2, true, false),
        (60, true, false),
        (61, true, true),
        (62, true, false),
        (63, false, false),
        (64, true, true),
        (123, true, false),
        (124, true, true),
    ] {
        let now = began + seconds(at);
        assert_eq!(reminder.is_due(lasts, now), is_due, "{at}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_delays_no_request_of_a_process_that_was_up() {
    let world = World::new();
    let process = world.started().await;
    world.store.set_fault(Some(Fault::NoAnswer));
    for _ in 0..60 {
        sleep(seconds(1)).await;
        let now = process.clock.as_clock().now();
        process.list().notice(now);
        let began = Instant::now();
        assert!(process.list().wait().await);
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
    assert!(process.last_error().is_some());
}

/// Each page takes 10 ms of the server.
#[tokio::test(start_paused = true)]
async fn processes_that_start_together_read_a_full_list_page_by_page() {
    let world = World::new();
    for number in 0..10_000_usize {
        let at = NOW * 1_000 + u64::try_from(number).unwrap();
        let value = world.sealed(&token(number));
        world.store.append_at(NAME, at, 0, Some(&value));
    }
    world.store.set_delay(Duration::from_millis(10));
    let processes: Vec<_> = (0..20).map(|_| world.process()).collect();
    let began = Instant::now();
    processes.iter().for_each(|process| process.list().demand());
    for process in &processes {
        process.until_known(10_000).await;
    }
    let took = began.elapsed();
    // As long as a page took, the server has time for others.
    assert!(
        (Duration::from_millis(400)..seconds(5)).contains(&took),
        "{took:?}"
    );
    let pages = world.store.calls("read");
    assert!(pages <= 20 * 23, "{pages} pages");
}

#[tokio::test(start_paused = true)]
async fn a_page_that_fails_is_asked_for_again_and_not_the_list() {
    let world = World::new();
    for number in 0..10_000_usize {
        let at = NOW * 1_000 + u64::try_from(number).unwrap();
        let value = world.sealed(&token(number));
        world.store.append_at(NAME, at, 0, Some(&value));
    }
    world.store.set_delay(Duration::from_millis(10));
    let process = world.process();
    process.list().demand();
    process.until_known(5_000).await;
    world.store.set_fault(Some(Fault::Down));
    sleep(seconds(5)).await;
    let before = world.store.calls("read");
    world.store.set_fault(None);
    process.until_known(10_000).await;
    let pages = world.store.calls("read") - before;
    assert!(pages <= 12, "{pages} pages");
    assert_eq!(process.list().len(), 10_000);
}
