//! Junk: bounded, and no harm to good tokens.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::own::{Own, health, status};
use crate::support::seconds;

/// Ten thousand junk tokens in ten seconds, an endpoint that takes 50 ms, and fifty callers in
/// between whose answers have to be renewed meanwhile.
#[tokio::test(start_paused = true)]
async fn pop_s04_a_flood_of_junk_harms_no_good_token() {
    let own = Own::taking(Duration::from_millis(50));
    let verifier = own.verifier(|it| it.max_age(seconds(4)));
    let good: Vec<_> = (0..50).map(|n| format!("good-{n}")).collect();
    for token in &good {
        own.activate(token);
        assert_eq!(status(&verifier, token).await, 200);
    }
    let mut junk = JoinSet::new();
    let flood = verifier.clone();
    let flooding = tokio::spawn(async move {
        for n in 0..10_000 {
            let verifier = flood.clone();
            junk.spawn(async move { status(&verifier, &format!("junk-{n}")).await });
            sleep(Duration::from_millis(1)).await;
        }
        junk.join_all().await
    });
    let began = Instant::now();
    let mut served = 0;
    while began.elapsed() < seconds(10) {
        for token in &good {
            let asked = Instant::now();
            assert_eq!(status(&verifier, token).await, 200);
            assert_eq!(asked.elapsed(), Duration::ZERO, "no caller waits");
            served += 1;
        }
        sleep(Duration::from_millis(100)).await;
    }
    assert!(served > 4000, "{served}");
    let verdicts = flooding.await.unwrap();
    let refused = verdicts.iter().filter(|status| **status == 401).count();
    let unavailable = verdicts.iter().filter(|status| **status == 503).count();
    assert_eq!(refused + unavailable, 10_000);
    assert!(refused > 9_000, "{refused} junk tokens were asked about");
    assert!(own.most_at_once() <= 64, "{}", own.most_at_once());
    // Each good token is asked about every three seconds.
    for token in &good {
        assert!(
            (3..=5).contains(&own.calls_for(token)),
            "{}",
            own.calls_for(token)
        );
    }
    let health = health(&verifier);
    assert_eq!(
        (health.answers_kept, health.pause, health.in_flight),
        (50, None, 0)
    );
}

/// A new good token shares the places with the junk, and no more than that.
#[tokio::test(start_paused = true)]
async fn pop_s04_new_tokens_wait_for_their_turn() {
    let own = Own::taking(seconds(1));
    let verifier = own.verifier(|it| it);
    let mut junk = JoinSet::new();
    for n in 0..100 {
        let verifier = verifier.clone();
        junk.spawn(async move { status(&verifier, &format!("junk-{n}")).await });
    }
    sleep(Duration::from_millis(1)).await;
    assert_eq!(health(&verifier).in_flight, 48);
    own.activate("new");
    let began = Instant::now();
    assert_eq!(status(&verifier, "new").await, 200);
    assert!(began.elapsed() < seconds(4), "{:?}", began.elapsed());
    assert!(junk.join_all().await.iter().all(|status| *status == 401));
}

/// Whoever has no place within the timeout gets 503, and the endpoint is not blamed for it.
#[tokio::test(start_paused = true)]
async fn pop_s04_no_place_in_time() {
    let own = Own::taking(seconds(4));
    let verifier = own.verifier(|it| it);
    let mut junk = JoinSet::new();
    for n in 0..200 {
        let verifier = verifier.clone();
        junk.spawn(async move { status(&verifier, &format!("junk-{n}")).await });
    }
    let verdicts = junk.join_all().await;
    let refused = verdicts.iter().filter(|status| **status == 401).count();
    assert_eq!(refused, 48, "one round within the timeout of 5 s");
    let health = health(&verifier);
    assert_eq!((health.failures, health.pause), (0, None));
}

/// A hundred thousand tokens that the issuer does not know, in large batches.
#[tokio::test(start_paused = true)]
async fn pop_s04_memory_is_bounded() {
    let own = Own::taking(Duration::from_millis(1));
    let verifier = own.verifier(|it| it);
    own.activate("good");
    assert_eq!(status(&verifier, "good").await, 200);
    let mut verdicts = [0_usize; 2];
    for batch in 0..10 {
        let mut junk = JoinSet::new();
        for n in 0..10_000 {
            let verifier = verifier.clone();
            junk.spawn(async move { status(&verifier, &format!("junk-{batch}-{n}")).await });
        }
        for status in junk.join_all().await {
            verdicts[usize::from(status == 503)] += 1;
        }
        assert_eq!(status(&verifier, "good").await, 200);
    }
    let [refused, unavailable] = verdicts;
    // Those for whom there is no room to wait are told to come again.
    assert_eq!(refused, 10 * (48 + 4096));
    assert_eq!(unavailable, 100_000 - refused);
    assert_eq!(own.calls_for("good"), 1);
    assert_eq!(health(&verifier).answers_kept, 1);
}

/// While the endpoint does not answer, tokens that were active have places of their own.
#[tokio::test(start_paused = true)]
async fn pop_s04_places_for_tokens_that_were_active() {
    let own = Own::taking(Duration::from_millis(50));
    let verifier = own.verifier(|it| it.max_age(Duration::ZERO));
    for n in 0..10 {
        own.activate(&format!("good-{n}"));
        assert_eq!(status(&verifier, &format!("good-{n}")).await, 200);
    }
    let mut junk = JoinSet::new();
    for n in 0..4_000 {
        let verifier = verifier.clone();
        junk.spawn(async move { status(&verifier, &format!("junk-{n}")).await });
    }
    sleep(Duration::from_millis(1)).await;
    for n in 0..10 {
        let began = Instant::now();
        assert_eq!(status(&verifier, &format!("good-{n}")).await, 200);
        assert_eq!(
            began.elapsed(),
            Duration::from_millis(50),
            "as long as alone"
        );
    }
    assert!(junk.join_all().await.iter().all(|status| *status == 401));
}
