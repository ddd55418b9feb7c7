//! Keys that come and go: planned, unplanned, in a flood, under a `kid` that is used again.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tower_jwt_auth::Algorithm;
use tower_jwt_auth::config::JwksCache;
use tower_jwt_auth::error::TokenErrorKind;
use tower_jwt_auth::test_util::TestKey;

use super::Verdict::{Refused, TooMany};
use super::{Good, Scenario, UNKNOWN, Unavailable, pass, seconds, took};
use crate::support::issuer_in_memory::{
    InMemoryIssuer, Verdict, claims, header, junk, key, token, verdict,
};

#[tokio::test(start_paused = true)]
async fn a19_a_planned_rotation_loses_nothing() {
    let scenario = Scenario::started(["old"]).await;
    scenario.publish(["old", "new"]);
    for second in 0..2000 {
        let signing = if second < 700 { "old" } else { "new" };
        scenario.expect(signing, Good).await;
        if second == 1000 {
            scenario.publish(["new"]);
        }
        pass(seconds(1)).await;
    }
    scenario.expect("old", UNKNOWN).await;
}

#[tokio::test(start_paused = true)]
async fn a20_the_first_token_of_an_unplanned_rotation_is_good() {
    let scenario = Scenario::started(["old"]).await;
    pass(seconds(100)).await;
    scenario.publish(["new"]);
    scenario.issuer.takes(seconds(2));
    let waited = took(scenario.expect_often("new", 500, Good)).await;
    assert_eq!((scenario.fetches(), waited), (2, seconds(2)));
}

#[tokio::test(start_paused = true)]
async fn a21_a_rotation_right_after_a_refresh_is_good() {
    let scenario = Scenario::started(["old"]).await;
    while scenario.fetches() < 2 {
        pass(seconds(1)).await;
    }
    scenario.publish(["new"]);
    scenario.expect("new", Good).await;
}

/// A fetch that somebody else's token began may bring the key, so its end is awaited.
#[tokio::test(start_paused = true)]
async fn a21_a_key_that_was_absent_a_moment_ago_is_good_after_the_fetch_under_way() {
    let scenario = Scenario::started(["old"]).await;
    scenario.expect("new", UNKNOWN).await;
    scenario.expect("new", UNKNOWN).await;
    assert_eq!(scenario.fetches(), 2, "the second time nobody asks");
    scenario.publish(["old", "new"]);
    scenario.issuer.takes(seconds(2));
    let other = tokio::spawn(scenario.ask("junk"));
    pass(Duration::from_millis(100)).await;
    assert_eq!(scenario.fetches(), 3);
    scenario.expect("new", Good).await;
    assert_eq!(other.await.unwrap(), UNKNOWN);
    assert_eq!(scenario.fetches(), 3);
}

#[tokio::test(start_paused = true)]
async fn a21_a_key_that_appears_while_a_fetch_is_under_way_is_good() {
    let scenario = Scenario::publishing(["old"]);
    scenario.issuer.takes(seconds(2));
    let first = tokio::spawn(scenario.ask("old"));
    pass(seconds(1)).await;
    // The fetch under way has read the old set already.
    scenario.publish(["old", "new"]);
    scenario.expect("new", Good).await;
    assert_eq!(first.await.unwrap(), Good);
    assert_eq!(scenario.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn a22_a_rotation_during_a_flood_is_good_within_one_cooldown() {
    let scenario = Scenario::publishing(["old"]);
    scenario.issuer.takes(seconds(1));
    let scenario = scenario.ready().await;
    let mut rotated = None;
    // Ten junk tokens a second, whose clients hang up after 150 ms.
    for tick in 0..1200_u32 {
        let (verifier, junk) = (scenario.verifier.clone(), junk(&format!("junk-{tick}")));
        tokio::spawn(async move {
            let _ = timeout(Duration::from_millis(150), verifier.verify(&junk)).await;
        });
        if tick == 300 {
            scenario.publish(["old", "new"]);
            rotated = Some(Instant::now());
        }
        scenario.expect_at_once("old", Good).await;
        if let Some(at) = rotated {
            let mine = timeout(Duration::from_millis(1), scenario.ask("new")).await;
            if mine == Ok(Good) {
                assert!(at.elapsed() <= seconds(32), "{:?}", at.elapsed());
                return;
            }
        }
        pass(Duration::from_millis(100)).await;
    }
    panic!("the new key was never accepted");
}

#[tokio::test(start_paused = true)]
async fn a28_a_kid_that_is_used_again_for_a_new_key() {
    let old = key("k");
    for new in [key("k"), TestKey::generate(Algorithm::EdDSA, "k")] {
        let issuer = InMemoryIssuer::publishing(&[&old]);
        let verifier = issuer.verifier();
        verifier.wait_for_keys().await.unwrap();
        issuer.publish(&[&new]);
        let header = header("k").replace("ES256", new.algorithm().name());
        let signed = new.sign_compact(&header, &claims());
        let young = verdict(&verifier, &signed).await;
        assert!(matches!(young, Refused(_)), "the set is young: {young:?}");
        pass(seconds(31)).await;
        let later = verdict(&verifier, &signed).await;
        assert_eq!(later, Good, "{}", new.algorithm());
        assert_eq!(issuer.fetches(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a29_a30_a_withdrawn_key_is_refused_after_the_next_refresh() {
    let times = JwksCache::new().max_stale(seconds(3600));
    let scenario = Scenario::timed(["kept", "leaked"], times).ready().await;
    scenario.publish(["kept"]);
    pass(seconds(481)).await;
    scenario.expect("leaked", UNKNOWN).await;
    scenario.expect("kept", Good).await;

    // While the issuer cannot be reached: until max_stale, and not a moment longer.
    scenario.fails();
    pass(seconds(3600)).await;
    scenario.expect("kept", Unavailable).await;
}

#[test]
fn a41_swaps_under_load_are_seen_whole() {
    let (kept, a, b) = (key("kept"), key("changing"), key("changing"));
    let issuer = InMemoryIssuer::publishing(&[&kept, &a]);
    let times = JwksCache::new().max_age(seconds(1)).cooldown(seconds(1));
    let verifier = issuer.verifier_with(times);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        verifier.wait_for_keys().await.unwrap();
        let tokens = Arc::new([token(&kept), token(&a), token(&b)]);
        let mut workers = JoinSet::new();
        for _ in 0..4 {
            let (verifier, tokens) = (verifier.clone(), tokens.clone());
            workers.spawn(async move {
                let [good, changing @ ..] = &*tokens;
                for _ in 0..1500 {
                    assert_eq!(verdict(&verifier, good).await, Good);
                    // Of the key that changes under one kid, either half of a rotation, and nothing
                    // between.
                    for token in changing {
                        let got = verdict(&verifier, token).await;
                        assert!(matches!(got, Good | BAD_SIGNATURE), "{got:?}");
                    }
                }
            });
        }
        let mut n = 0;
        let gone = key("gone");
        issuer.publish(&[&kept, &a, &gone]);
        assert_eq!(verdict(&verifier, &token(&gone)).await, Good);
        while !workers.is_empty() {
            n += 1;
            let changing = if n % 2 == 0 { &b } else { &a };
            let marker = key(&format!("fresh-{n}"));
            issuer.publish(&[&kept, changing, &marker]);
            // A key that is not known yet, or no more, has the set fetched at once, as far as the
            // budgets go: twice for each.
            let _ = verdict(&verifier, &token(&marker)).await;
            let _ = verdict(&verifier, &token(&gone)).await;
            tokio::task::yield_now().await;
            while let Some(worker) = workers.try_join_next() {
                worker.unwrap();
            }
        }
        // The first set, and one for each fetch that the budget of unknown keys holds from the
        // start; how many more depends on how long the machine takes.
        let swaps = verifier.keys_health().issuers[0].generation;
        assert!(swaps >= 3, "{swaps} key sets");
    });
}

/// Replicas that disagree for hours about which keys exist, as those of Entra ID were recorded to
/// do: each refresh may take a key away or bring it back.
#[tokio::test(start_paused = true)]
async fn flapping_replicas_cost_one_bounded_wait_each() {
    let scenario = Scenario::publishing(["steady", "flapping"]);
    scenario.issuer.takes(seconds(1));
    let scenario = scenario.ready().await;
    for _ in 0..48 {
        // A refresh on schedule meets the replica that lacks the key, a later one another.
        scenario.publish(["steady"]);
        while scenario.health().keys.len() == 2 {
            pass(seconds(10)).await;
        }
        scenario.publish(["steady", "flapping"]);
        let waited = took(scenario.expect("flapping", Good)).await;
        assert_eq!(waited, seconds(1), "one fetch");
        scenario.expect("steady", Good).await;
        pass(seconds(3600)).await;
    }
}

/// The fetch for the token meets the lacking replica once more: the next look is not put off.
#[tokio::test(start_paused = true)]
async fn a_key_that_an_earlier_set_held_is_looked_for_again_at_once() {
    let scenario = Scenario::publishing(["steady", "flapping"]);
    scenario.issuer.takes(seconds(1));
    let scenario = scenario.ready().await;
    scenario.publish(["steady"]);
    pass(seconds(500)).await;
    assert_eq!(scenario.health().generation, 2);
    let waiting = tokio::spawn(scenario.ask("flapping"));
    pass(Duration::from_millis(1500)).await;
    // The first fetch has come back without the key, and the second is under way, from the same
    // replica.
    assert!(!waiting.is_finished());
    assert_eq!(waiting.await.unwrap(), UNKNOWN);
    scenario.publish(["steady", "flapping"]);
    // The budget of this key is spent, the budget of unknown kids is not; and one cooldown brings
    // the key back.
    pass(seconds(30)).await;
    scenario.expect("flapping", Good).await;
}

const BAD_SIGNATURE: Verdict = Refused(TokenErrorKind::BadSignature);

/// Junk that uses up the fetches for unknown keys makes nobody throw a good token away.
#[tokio::test(start_paused = true)]
async fn field_s05_a_published_key_never_gets_401_in_a_flood() {
    let scenario = Scenario::started(["old"]).await;
    let mut answers = Vec::new();
    for tick in 0..400_u32 {
        let got = verdict(&scenario.verifier, &junk(&format!("junk-{tick}"))).await;
        assert!(matches!(got, UNKNOWN | TooMany), "{got:?}");
        if tick == 100 {
            scenario.publish(["old", "new"]);
        }
        if tick >= 100 {
            answers.push(scenario.ask("new").await);
        }
        pass(Duration::from_millis(250)).await;
    }
    let refused = answers.iter().take_while(|got| **got == TooMany).count();
    assert!(refused > 0, "the flood has taken the budget");
    assert!(refused <= 30 * 4, "{refused}");
    assert!(
        answers.iter().skip(refused).all(|got| *got == Good),
        "{answers:?}"
    );
    assert!(
        scenario.fetches() <= 1 + 2 + 100 / 30,
        "{}",
        scenario.fetches()
    );
}

/// An issuer that signs with a key some seconds before its key set shows the key.
#[tokio::test(start_paused = true)]
async fn field_s05_a_key_published_late_is_accepted_seconds_after() {
    for late in [1, 2, 5] {
        let scenario = Scenario::started(["old"]).await;
        let began = Instant::now();
        let accepted = loop {
            if began.elapsed() >= seconds(late) {
                scenario.publish(["old", "new"]);
            }
            match scenario.ask("new").await {
                Good => break began.elapsed(),
                got => assert_eq!(got, UNKNOWN, "{:?}", began.elapsed()),
            }
            pass(Duration::from_millis(250)).await;
        };
        // Looks come 0, 1 and 3 s after the first, then one per cooldown.
        let most = match late {
            1 => 1,
            2 => 3,
            _ => 31,
        };
        assert!(accepted <= seconds(most), "{late} s late: {accepted:?}");
    }
}

/// The second looks have fetches of their own: a flood of new `kid`s takes none of them.
#[tokio::test(start_paused = true)]
async fn field_s05_a_flood_takes_nothing_from_second_looks() {
    let scenario = Scenario::started(["old"]).await;
    scenario.expect("new", UNKNOWN).await;
    for n in 0..100 {
        let got = verdict(&scenario.verifier, &junk(&format!("junk-{n}"))).await;
        assert!(matches!(got, UNKNOWN | TooMany), "{got:?}");
    }
    let fetches = scenario.fetches();
    scenario.expect("new", UNKNOWN).await;
    assert_eq!(scenario.fetches(), fetches, "not within a second");
    scenario.publish(["old", "new"]);
    pass(seconds(1)).await;
    scenario.expect("new", Good).await;
}

/// What a fetch resolved that began for another reason costs no fetch of its own.
#[tokio::test(start_paused = true)]
async fn field_s05_any_later_fetch_tells_whether_a_kid_exists() {
    let scenario = Scenario::started(["old"]).await;
    for kid in ["junk-1", "junk-2"] {
        scenario.expect_junk(kid, UNKNOWN).await;
    }
    scenario.expect_junk("junk-3", TooMany).await;
    // The refill of the budget goes to another kid.
    pass(seconds(30)).await;
    scenario.expect_junk("junk-4", UNKNOWN).await;
    scenario.expect_junk("junk-3", UNKNOWN).await;
    scenario.expect_junk("junk-5", TooMany).await;
    assert_eq!(scenario.fetches(), 4);
}

/// A key that an earlier set held has its own budget, and the same verdicts.
#[tokio::test(start_paused = true)]
async fn field_s05_a_withdrawn_key_gets_429_until_a_fetch_has_lacked_it() {
    let scenario = Scenario::started(["kept", "a", "b"]).await;
    scenario.publish(["kept"]);
    pass(seconds(500)).await;
    scenario.expect("a", UNKNOWN).await;
    scenario.expect("a", UNKNOWN).await;
    scenario.expect("b", TooMany).await;
    pass(seconds(30)).await;
    scenario.expect("b", UNKNOWN).await;
    scenario.expect("b", UNKNOWN).await;
}
