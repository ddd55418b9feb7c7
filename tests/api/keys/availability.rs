//! The availability half of the catalogue, rows that need no wire: an issuer in memory, and a clock
//! that runs as fast as nothing happens.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;
use tower_jwt_auth::test_util::{FakeClock, TestKey};
use tower_jwt_auth::{Algorithm, Issuer, JwksCache, JwtAuthConfig, JwtVerifier, TokenErrorKind};

use crate::support::issuer_in_memory::{
    AUDIENCE, Answer, ISSUER, InMemoryIssuer, UNKNOWN, Verdict, claims, header, is_unavailable,
    junk, key, token, verdict,
};
use crate::support::{pass, seconds, until};

async fn all(verifier: &JwtVerifier, token: &str, requests: usize) -> Vec<Verdict> {
    let mut running = JoinSet::new();
    for _ in 0..requests {
        let (verifier, token) = (verifier.clone(), token.to_owned());
        running.spawn(async move { verdict(&verifier, &token).await });
    }
    running.join_all().await
}

#[tokio::test(start_paused = true)]
async fn a01_a_thousand_first_requests_make_one_fetch() {
    let key = key("k");
    let memory = InMemoryIssuer::publishing(&[&key]);
    memory.takes(seconds(1));
    let verifier = memory.verifier();
    let began = Instant::now();
    assert!(
        all(&verifier, &token(&key), 1000)
            .await
            .into_iter()
            .all(|verdict| verdict == Verdict::Good)
    );
    assert_eq!((memory.fetches(), began.elapsed()), (1, seconds(1)));

    // Those who come while the fetch is under way share it.
    let memory = InMemoryIssuer::publishing(&[&key]);
    memory.takes(seconds(2));
    let verifier = memory.verifier();
    let first = tokio::spawn({
        let (verifier, token) = (verifier.clone(), token(&key));
        async move { all(&verifier, &token, 10).await }
    });
    pass(seconds(1)).await;
    let late = all(&verifier, &token(&key), 1000).await;
    assert!(
        late.into_iter()
            .chain(first.await.unwrap())
            .all(|verdict| verdict == Verdict::Good)
    );
    assert_eq!(memory.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a02_while_the_issuer_is_down_each_answer_comes_within_one_timeout() {
    let key = key("k");
    let memory = InMemoryIssuer::publishing(&[&key]);
    memory.answer(Answer::Hangs);
    let verifier = memory.verifier();
    let began = Instant::now();
    assert!(
        all(&verifier, &token(&key), 200)
            .await
            .into_iter()
            .all(is_unavailable)
    );
    assert_eq!((memory.fetches(), began.elapsed()), (1, seconds(5)));
    // The first failure answers those who wait; who comes in the back-off does not wait at all.
    memory.answer(Answer::Fails);
    memory.takes(seconds(2));
    pass(seconds(1)).await;
    let began = Instant::now();
    assert!(is_unavailable(verdict(&verifier, &token(&key)).await));
    assert!(began.elapsed() <= seconds(2), "{:?}", began.elapsed());
    let began = Instant::now();
    assert!(is_unavailable(verdict(&verifier, &token(&key)).await));
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a03_recovers_by_itself_after_failures() {
    let key = key("k");
    let memory = InMemoryIssuer::publishing(&[]);
    memory.answer(Answer::Fails);
    let verifier = memory.verifier();
    assert!(verifier.ready().await.is_err());
    pass(seconds(4)).await;
    assert_eq!(memory.fetches(), 3, "after 1 s and 2 s more");
    memory.publish(&[&key]);
    pass(seconds(4)).await;
    assert_eq!(verdict(&verifier, &token(&key)).await, Verdict::Good);
    // A long outage: attempts go on, and never further apart than the cooldown.
    memory.answer(Answer::Fails);
    pass(seconds(3600)).await;
    let state = memory.state();
    let longest = state
        .fetches
        .windows(2)
        .skip(4)
        .map(|pair| pair[1] - pair[0])
        .max()
        .unwrap();
    assert!(
        longest <= seconds(600) && state.fetches.len() > 100,
        "{longest:?} {}",
        state.fetches.len()
    );
    let last = state.fetches.len() - 1;
    assert!(state.fetches[last] - state.fetches[last - 1] <= seconds(30));
}

#[tokio::test(start_paused = true)]
async fn a05_seeded_keys_serve_until_max_stale() {
    let key = key("k");
    let memory = InMemoryIssuer::publishing(&[&key]);
    memory.answer(Answer::Fails);
    let seed = serde_json::json!({"keys": [key.jwk()]});
    let verifier = JwtVerifier::new(memory.config().initial_jwks(seed).build().unwrap());
    assert_eq!(memory.fetches(), 0, "building fetches nothing");
    for _ in 0..23 {
        assert_eq!(verdict(&verifier, &token(&key)).await, Verdict::Good);
        pass(seconds(3600)).await;
    }
    pass(seconds(3600)).await;
    assert!(is_unavailable(verdict(&verifier, &token(&key)).await));
}

#[tokio::test(start_paused = true)]
async fn a05_an_exported_snapshot_keeps_its_age() {
    let key = key("k");
    let memory = InMemoryIssuer::publishing(&[&key]);
    let clock = FakeClock::at(1_800_000_000.0);
    let first = JwtVerifier::new(memory.config().clock(&clock).build().unwrap());
    first.ready().await.unwrap();
    let exported = first.keys().export().remove(0);
    assert_eq!(
        (exported.issuer(), exported.fetched_at()),
        (ISSUER, 1_800_000_000)
    );

    memory.answer(Answer::Fails);
    for (hours_later, serves) in [(0, true), (23, true), (24, false), (100, false)] {
        let clock = FakeClock::at(1_800_000_000.0 + f64::from(hours_later) * 3600.0);
        let config = memory.config().clock(&clock).initial_jwks(exported.clone());
        let restarted = JwtVerifier::new(config.build().unwrap());
        let got = verdict(&restarted, &token(&key)).await;
        assert_eq!(got == Verdict::Good, serves, "{hours_later} h: {got:?}");
    }
    let other = JwtAuthConfig::builder()
        .issuer("other")
        .audience("a")
        .key_source(memory.clone());
    assert!(
        other.initial_jwks(exported).build().is_err(),
        "of another issuer"
    );
}

#[tokio::test(start_paused = true)]
async fn a05_a_snapshot_file_outlives_the_process() {
    let key = key("k");
    let memory = InMemoryIssuer::publishing(&[&key]);
    let path = std::env::temp_dir().join(format!("tower-jwt-auth-{:x}.json", fastrand::u64(..)));
    let start = || JwtVerifier::new(memory.config().snapshot_file(&path).build().unwrap());
    let first = start();
    first.ready().await.unwrap();
    until("the file is there", || path.exists()).await;
    drop(first);

    memory.answer(Answer::Fails);
    let second = start();
    assert!(second.keys().is_ready(), "before anything is fetched");
    assert_eq!(verdict(&second, &token(&key)).await, Verdict::Good);
    // A file that cannot be used gives way to the keys of the configuration.
    let old = std::fs::read_to_string(&path).unwrap();
    let clock = FakeClock::at(4_000_000_000.0);
    let config = || memory.config().snapshot_file(&path).clock(&clock);
    assert!(
        !JwtVerifier::new(config().build().unwrap())
            .keys()
            .is_ready(),
        "too old: {old}"
    );
    let seed = serde_json::json!({"keys": [key.jwk()]});
    assert!(
        JwtVerifier::new(config().initial_jwks(seed).build().unwrap())
            .keys()
            .is_ready()
    );
    std::fs::write(&path, "damaged").unwrap();
    assert!(!start().keys().is_ready());
    std::fs::remove_file(&path).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a06_refresh_ahead_holds_nobody_up() {
    let key = key("k");
    let memory = InMemoryIssuer::publishing(&[&key]);
    let verifier = memory.verifier();
    verifier.ready().await.unwrap();
    memory.takes(seconds(3));
    for second in 0..600 {
        let began = Instant::now();
        assert_eq!(
            verdict(&verifier, &token(&key)).await,
            Verdict::Good,
            "second {second}"
        );
        assert_eq!(began.elapsed(), Duration::ZERO, "second {second}");
        pass(seconds(1)).await;
    }
    let state = memory.state();
    assert_eq!(state.fetches.len(), 2);
    let ahead = state.fetches[1] - state.fetches[0];
    assert!(
        ahead >= seconds(600 * 72 / 100) && ahead <= seconds(600 * 80 / 100),
        "{ahead:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a07_without_traffic_the_keys_stay_fresh() {
    let (old, new) = (key("old"), key("new"));
    let memory = InMemoryIssuer::publishing(&[&old]);
    let verifier = memory.verifier();
    verifier.ready().await.unwrap();
    memory.publish(&[&new]);
    pass(seconds(6000)).await;
    assert!(memory.fetches() >= 12, "{}", memory.fetches());
    let began = Instant::now();
    assert_eq!(verdict(&verifier, &token(&new)).await, Verdict::Good);
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a08_a09_an_outage_costs_nobody_anything_until_max_stale() {
    let key = key("k");
    let memory = InMemoryIssuer::publishing(&[&key]);
    let verifier = memory.verifier_with(
        JwksCache::new()
            .max_age(seconds(60))
            .max_stale(seconds(3600)),
    );
    verifier.ready().await.unwrap();
    memory.answer(Answer::Fails);
    for second in 0..3599 {
        assert_eq!(
            verdict(&verifier, &token(&key)).await,
            Verdict::Good,
            "second {second}"
        );
        pass(seconds(1)).await;
    }
    let health = verifier.keys();
    assert!(health.is_ready() && health.issuers[0].stale);
    assert!(
        memory.fetches() < 180,
        "one for each step of the back-off: {}",
        memory.fetches()
    );

    pass(seconds(2)).await;
    assert!(!verifier.keys().is_ready());
    assert!(is_unavailable(verdict(&verifier, &token(&key)).await));
    memory.publish(&[&key]);
    pass(seconds(30)).await;
    assert_eq!(verdict(&verifier, &token(&key)).await, Verdict::Good);
    assert!(verifier.keys().is_ready() && !verifier.keys().issuers[0].stale);
}

#[tokio::test(start_paused = true)]
async fn a10_a_fetch_that_hangs_ends_and_blocks_no_reader() {
    let key = key("k");
    let memory = InMemoryIssuer::publishing(&[&key]);
    let verifier = memory.verifier();
    verifier.ready().await.unwrap();
    memory.answer(Answer::Hangs);
    pass(seconds(480)).await;
    for _ in 0..100 {
        let began = Instant::now();
        assert_eq!(verdict(&verifier, &token(&key)).await, Verdict::Good);
        assert_eq!(began.elapsed(), Duration::ZERO);
        pass(seconds(1)).await;
    }
    assert!(
        verifier.keys().issuers[0]
            .last_error
            .as_ref()
            .unwrap()
            .contains("within the timeout of 5s")
    );
    memory.publish(&[&key]);
    pass(seconds(40)).await;
    assert_eq!(verifier.keys().issuers[0].last_error, None);
}

#[tokio::test(start_paused = true)]
async fn a14_an_empty_set_is_a_failed_fetch() {
    let (old, new) = (key("old"), key("new"));
    let memory = InMemoryIssuer::publishing(&[&old]);
    let verifier = memory.verifier();
    verifier.ready().await.unwrap();
    memory.publish(&[]);
    pass(seconds(481)).await;
    assert_eq!(verdict(&verifier, &token(&old)).await, Verdict::Good);
    assert!(verifier.keys().issuers[0].failures >= 1);
    // It opened no cooldown: the next good set is found at the back-off's pace.
    memory.publish(&[&old, &new]);
    pass(seconds(30)).await;
    assert_eq!(verdict(&verifier, &token(&new)).await, Verdict::Good);
}

#[tokio::test(start_paused = true)]
async fn a17_the_issuer_may_shorten_a_life_and_not_stretch_it() {
    for (max_age, said, between) in [
        (600, None, (432, 480)),
        (600, Some(0), (21, 24)),
        (600, Some(1), (21, 24)),
        (600, Some(100), (72, 80)),
        (600, Some(31_536_000), (432, 480)),
        (10, Some(0), (7, 8)),
        (1, Some(600), (0, 1)),
    ] {
        let key = key("k");
        let memory = InMemoryIssuer::publishing(&[&key]);
        memory.state().max_age = said.map(seconds);
        let verifier = memory.verifier_with(JwksCache::new().max_age(seconds(max_age)));
        verifier.ready().await.unwrap();
        until("it is refreshed", || memory.fetches() == 1).await;
        while memory.fetches() < 2 {
            pass(Duration::from_millis(100)).await;
        }
        let life = {
            let state = memory.state();
            state.fetches[1] - state.fetches[0]
        };
        assert!(
            life >= seconds(between.0) && life <= seconds(between.1),
            "{max_age} {said:?}: {life:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a18_not_modified_renews_and_means_nothing_without_keys() {
    let key = key("k");
    let memory = InMemoryIssuer::publishing(&[&key]);
    memory.answer(Answer::NotModified);
    let verifier = memory.verifier();
    assert!(
        verifier
            .ready()
            .await
            .unwrap_err()
            .to_string()
            .contains("not modified")
    );
    memory.publish(&[&key]);
    pass(seconds(1)).await;
    assert_eq!(verdict(&verifier, &token(&key)).await, Verdict::Good);
    memory.answer(Answer::NotModified);
    pass(seconds(100_000)).await;
    let health = &verifier.keys().issuers[0];
    assert_eq!(
        (health.generation, health.ready, health.stale),
        (1, true, false)
    );
    assert_eq!(verdict(&verifier, &token(&key)).await, Verdict::Good);
}

#[tokio::test(start_paused = true)]
async fn a19_a_planned_rotation_loses_nothing() {
    let (old, new) = (key("old"), key("new"));
    let memory = InMemoryIssuer::publishing(&[&old]);
    let verifier = memory.verifier();
    verifier.ready().await.unwrap();
    memory.publish(&[&old, &new]);
    for second in 0..2000 {
        let signing = if second < 700 { &old } else { &new };
        assert_eq!(
            verdict(&verifier, &token(signing)).await,
            Verdict::Good,
            "second {second}"
        );
        if second == 1000 {
            memory.publish(&[&new]);
        }
        pass(seconds(1)).await;
    }
    assert_eq!(verdict(&verifier, &token(&old)).await, UNKNOWN);
}

#[tokio::test(start_paused = true)]
async fn a20_the_first_token_of_an_unplanned_rotation_is_good() {
    let (old, new) = (key("old"), key("new"));
    let memory = InMemoryIssuer::publishing(&[&old]);
    let verifier = memory.verifier();
    verifier.ready().await.unwrap();
    pass(seconds(100)).await;
    memory.publish(&[&new]);
    memory.takes(seconds(2));
    let began = Instant::now();
    assert!(
        all(&verifier, &token(&new), 500)
            .await
            .into_iter()
            .all(|verdict| verdict == Verdict::Good)
    );
    assert_eq!((memory.fetches(), began.elapsed()), (2, seconds(2)));
}

#[tokio::test(start_paused = true)]
async fn a21_a_rotation_right_after_a_refresh_is_good() {
    let (old, new) = (key("old"), key("new"));
    let memory = InMemoryIssuer::publishing(&[&old]);
    let verifier = memory.verifier();
    verifier.ready().await.unwrap();
    while memory.fetches() < 2 {
        pass(seconds(1)).await;
    }
    memory.publish(&[&new]);
    assert_eq!(verdict(&verifier, &token(&new)).await, Verdict::Good);
}

#[tokio::test(start_paused = true)]
async fn a21_a_key_that_appears_while_a_fetch_is_under_way_is_good() {
    let (old, new) = (key("old"), key("new"));
    let memory = InMemoryIssuer::publishing(&[&old]);
    memory.takes(seconds(2));
    let verifier = memory.verifier();
    let first = tokio::spawn({
        let (verifier, token) = (verifier.clone(), token(&old));
        async move { verdict(&verifier, &token).await }
    });
    pass(seconds(1)).await;
    // The fetch under way has read the old set already.
    memory.publish(&[&old, &new]);
    assert_eq!(verdict(&verifier, &token(&new)).await, Verdict::Good);
    assert_eq!(first.await.unwrap(), Verdict::Good);
    assert_eq!(memory.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn a22_a_rotation_during_a_flood_is_good_within_one_cooldown() {
    let (old, new) = (key("old"), key("new"));
    let memory = InMemoryIssuer::publishing(&[&old]);
    memory.takes(seconds(1));
    let verifier = memory.verifier();
    verifier.ready().await.unwrap();
    let mut rotated = None;
    // Ten junk tokens a second, whose clients hang up after 150 ms.
    for tick in 0..1200_u32 {
        let (verifier_of_junk, junk) = (verifier.clone(), junk(&format!("junk-{tick}")));
        tokio::spawn(async move {
            let _ =
                tokio::time::timeout(Duration::from_millis(150), verifier_of_junk.verify(&junk))
                    .await;
        });
        if tick == 300 {
            memory.publish(&[&old, &new]);
            rotated = Some(Instant::now());
        }
        let began = Instant::now();
        assert_eq!(
            verdict(&verifier, &token(&old)).await,
            Verdict::Good,
            "tick {tick}"
        );
        assert_eq!(began.elapsed(), Duration::ZERO, "good tokens never wait");
        if let Some(at) = rotated {
            let mine =
                tokio::time::timeout(Duration::from_millis(1), verdict(&verifier, &token(&new)))
                    .await;
            if mine == Ok(Verdict::Good) {
                assert!(at.elapsed() <= seconds(32), "{:?}", at.elapsed());
                return;
            }
        }
        pass(Duration::from_millis(100)).await;
    }
    panic!("the new key was never accepted");
}

#[tokio::test(start_paused = true)]
async fn a23_a_flood_of_kids_makes_few_fetches() {
    let key = key("k");
    let memory = InMemoryIssuer::publishing(&[&key]);
    let verifier = memory.verifier();
    verifier.ready().await.unwrap();
    let good = token(&key);
    for second in 0..60 {
        for n in 0..1667 {
            assert_eq!(
                verdict(&verifier, &junk(&format!("{second}-{n}"))).await,
                UNKNOWN
            );
        }
        let began = Instant::now();
        assert_eq!(verdict(&verifier, &good).await, Verdict::Good);
        assert_eq!(began.elapsed(), Duration::ZERO);
        pass(seconds(1)).await;
    }
    assert!(memory.fetches() <= 1 + 2 + 60 / 30, "{}", memory.fetches());
}

#[tokio::test(start_paused = true)]
async fn a24_one_bogus_kid_is_asked_for_once_per_cooldown() {
    let (old, new) = (key("old"), key("new"));
    let memory = InMemoryIssuer::publishing(&[&old]);
    let verifier = memory.verifier();
    verifier.ready().await.unwrap();
    for _ in 0..100 {
        assert_eq!(verdict(&verifier, &junk("bogus")).await, UNKNOWN);
    }
    assert_eq!(memory.fetches(), 2);
    // A new set empties the memory: what was unknown may have come with the next one.
    memory.publish(&[&old, &new]);
    assert_eq!(verdict(&verifier, &token(&new)).await, Verdict::Good);
    assert_eq!(memory.fetches(), 3);
    pass(seconds(31)).await;
    assert_eq!(verdict(&verifier, &junk("bogus")).await, UNKNOWN);
    assert_eq!(memory.fetches(), 4);
}

#[tokio::test(start_paused = true)]
async fn a25_a_flood_while_the_issuer_is_down() {
    let key = key("k");
    let memory = InMemoryIssuer::publishing(&[&key]);
    let verifier = memory.verifier();
    verifier.ready().await.unwrap();
    memory.answer(Answer::Fails);
    for second in 0..60 {
        for n in 0..20 {
            assert!(is_unavailable(
                verdict(&verifier, &junk(&format!("{second}-{n}"))).await
            ));
        }
        assert_eq!(verdict(&verifier, &token(&key)).await, Verdict::Good);
        pass(seconds(1)).await;
    }
    assert!(memory.fetches() <= 1 + 2 + 60 / 30, "{}", memory.fetches());
}

#[tokio::test(start_paused = true)]
async fn a26_tokens_that_fail_a_cheap_check_ask_for_nothing() {
    let key = key("k");
    let memory = InMemoryIssuer::publishing(&[&key]);
    let (verifier, never_asked) = (memory.verifier(), memory.verifier());
    verifier.ready().await.unwrap();
    let sign = |header: String, claims: String| key.sign_compact(&header, &claims);
    // A `kid` of its own for each: one that is known to be absent asks for nothing, whatever else is wrong.
    let header = |kid: &str, more: &str| format!(r#"{{"alg":"ES256","kid":"{kid}"{more}}}"#);
    let plain = |kid: &str, claims: String| sign(header(kid, ""), claims);
    let with = |from: &str, to: &str| claims().replace(from, to);
    let cases = [
        ("passes", plain("a", claims()), 1),
        (
            "typ",
            sign(header("b", r#","typ":"logout+jwt""#), claims()),
            0,
        ),
        ("crit", sign(header("c", r#","crit":["x"]"#), claims()), 0),
        (
            "alg",
            sign(r#"{"alg":"HS256","kid":"d"}"#.into(), claims()),
            0,
        ),
        ("iss", plain("e", with(ISSUER, "other")), 0),
        ("aud", plain("f", with(AUDIENCE, "other")), 0),
        ("exp", plain("g", with("4102444800", "1000000000")), 0),
        ("cnf", plain("h", with("\"iss\"", "\"cnf\":{},\"iss\"")), 0),
        ("padded signature", plain("i", claims()) + "=", 0),
        ("junk behind", plain("j", claims()) + " junk", 0),
        ("shape", "a.b".to_owned(), 0),
        ("passes too", plain("k2", claims()), 1),
    ];
    for (name, token, fetches) in cases {
        let before = memory.fetches();
        for _ in 0..10 {
            assert!(
                matches!(verdict(&verifier, &token).await, Verdict::Refused(_)),
                "{name}"
            );
        }
        assert_eq!(memory.fetches() - before, fetches, "{name}");
        if fetches == 0 {
            // Nor do they begin the life of keys that nobody has needed yet.
            verdict(&never_asked, &token).await;
            pass(seconds(1)).await;
            assert_eq!(memory.fetches(), before, "{name}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a27_a_bad_signature_asks_once_per_cooldown_and_never_of_a_young_set() {
    let (known, forger) = (key("k"), key("k"));
    let memory = InMemoryIssuer::publishing(&[&known]);
    let verifier = memory.verifier();
    verifier.ready().await.unwrap();
    let forged = token(&forger);
    let refused = Verdict::Refused(TokenErrorKind::BadSignature);
    for second in 0..90 {
        assert_eq!(verdict(&verifier, &forged).await, refused);
        let most = 1 + usize::from(second >= 30) + usize::from(second >= 60);
        assert!(
            memory.fetches() <= most,
            "second {second}: {}",
            memory.fetches()
        );
        pass(seconds(1)).await;
    }
    assert!(memory.fetches() > 1, "it is on by default");
    // Without an answer from the issuer it is still a bad signature, and no outage.
    memory.answer(Answer::Fails);
    pass(seconds(31)).await;
    assert_eq!(verdict(&verifier, &forged).await, refused);
}

#[tokio::test(start_paused = true)]
async fn a28_a_kid_that_is_used_again_for_a_new_key() {
    let old = key("k");
    for new in [key("k"), TestKey::generate(Algorithm::EdDSA, "k")] {
        let memory = InMemoryIssuer::publishing(&[&old]);
        let verifier = memory.verifier();
        verifier.ready().await.unwrap();
        memory.publish(&[&new]);
        let signed = new.sign_compact(
            &header("k").replace("ES256", new.algorithm().name()),
            &claims(),
        );
        assert!(
            matches!(verdict(&verifier, &signed).await, Verdict::Refused(_)),
            "the set is young"
        );
        pass(seconds(31)).await;
        assert_eq!(
            verdict(&verifier, &signed).await,
            Verdict::Good,
            "{}",
            new.algorithm()
        );
        assert_eq!(memory.fetches(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a29_a30_a_withdrawn_key_is_refused_after_the_next_refresh() {
    let (kept, leaked) = (key("kept"), key("leaked"));
    let memory = InMemoryIssuer::publishing(&[&kept, &leaked]);
    let verifier = memory.verifier_with(JwksCache::new().max_stale(seconds(3600)));
    verifier.ready().await.unwrap();
    memory.publish(&[&kept]);
    pass(seconds(481)).await;
    assert_eq!(verdict(&verifier, &token(&leaked)).await, UNKNOWN);
    assert_eq!(verdict(&verifier, &token(&kept)).await, Verdict::Good);

    // While the issuer cannot be reached: until max_stale, and not a moment longer.
    memory.answer(Answer::Fails);
    pass(seconds(3600)).await;
    assert!(is_unavailable(verdict(&verifier, &token(&kept)).await));
}

#[test]
fn a31_a_result_that_comes_too_late_is_discarded() {
    let (old, new) = (key("k"), key("k"));
    let memory = InMemoryIssuer::publishing(&[&old]);
    memory.takes(seconds(1));
    let times = JwksCache::new().timeout(Duration::from_millis(100));
    let verifier = memory.verifier_with(times.timeout(seconds(2)));
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap()
    };
    // The first runtime begins a fetch of the old set and is then not driven any more.
    let stuck = runtime();
    stuck.block_on(async {
        let token = token(&old);
        let first = verdict(&verifier, &token);
        assert!(
            tokio::time::timeout(Duration::from_millis(10), first)
                .await
                .is_err()
        );
    });
    memory.publish(&[&new]);
    // The second finds that out, and carries the task on.
    let driven = runtime();
    driven.block_on(async {
        let mut tries = 0;
        while verdict(&verifier, &token(&new)).await != Verdict::Good {
            tries += 1;
            assert!(tries < 10);
            pass(seconds(1)).await;
        }
    });
    // Whatever the first does when it comes back.
    stuck.block_on(pass(seconds(60)));
    driven.block_on(async { assert_eq!(verdict(&verifier, &token(&new)).await, Verdict::Good) });
}

#[tokio::test(start_paused = true)]
async fn a32_a_client_that_hangs_up_takes_no_fetch_with_it() {
    let key = key("k");
    let memory = InMemoryIssuer::publishing(&[&key]);
    memory.takes(seconds(1));
    let verifier = memory.verifier();
    let hung_up =
        tokio::time::timeout(Duration::from_millis(150), verifier.verify(&token(&key))).await;
    assert!(hung_up.is_err());
    pass(seconds(1)).await;
    let began = Instant::now();
    assert_eq!(verdict(&verifier, &token(&key)).await, Verdict::Good);
    assert_eq!((memory.fetches(), began.elapsed()), (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a33_a_panic_fails_one_fetch_and_not_the_task() {
    let key = key("k");
    let memory = InMemoryIssuer::publishing(&[&key]);
    let verifier = memory.verifier();
    memory.answer(Answer::Panics);
    assert!(is_unavailable(verdict(&verifier, &token(&key)).await));
    let health = &verifier.keys().issuers[0];
    assert_eq!(health.failures, 1);
    assert!(health.last_error.as_ref().unwrap().contains("panicked"));
    memory.publish(&[&key]);
    pass(seconds(1)).await;
    assert_eq!(verdict(&verifier, &token(&key)).await, Verdict::Good);
}

#[tokio::test(start_paused = true)]
async fn a34_the_task_ends_with_the_last_clone() {
    let key = key("k");
    let memory = InMemoryIssuer::publishing(&[&key]);
    let verifier = memory.verifier();
    let clones: Vec<_> = (0..10).map(|_| verifier.clone()).collect();
    for clone in &clones {
        clone.ready().await.unwrap();
    }
    assert_eq!(memory.fetches(), 1, "clones share one task");
    drop(verifier);
    pass(seconds(6000)).await;
    assert!(memory.fetches() > 5);
    // In the middle of a fetch, too.
    memory.answer(Answer::Hangs);
    pass(seconds(500)).await;
    drop(clones);
    let holders = || memory.holders();
    until("nothing holds the source any more", || holders() == 1).await;
    let fetches = memory.fetches();
    pass(seconds(6000)).await;
    assert_eq!(memory.fetches(), fetches);
}

#[test]
fn a35_no_runtime_is_an_answer_and_no_panic() {
    let key = key("k");
    let memory = InMemoryIssuer::publishing(&[&key]);
    let verifier = memory.verifier();
    let token = token(&key);
    let mut pending = std::pin::pin!(verdict(&verifier, &token));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let polled = std::future::Future::poll(pending.as_mut(), &mut context);
    assert!(
        matches!(polled, std::task::Poll::Ready(Verdict::Unavailable { .. })),
        "{polled:?}"
    );
    assert_eq!(memory.fetches(), 0);
}

#[test]
fn a35_a_caller_without_a_runtime_is_answered_while_the_task_runs_elsewhere() {
    let (old, new) = (key("old"), key("new"));
    let memory = InMemoryIssuer::publishing(&[&old]);
    let verifier = memory.verifier();
    let elsewhere = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    elsewhere.block_on(verifier.ready()).unwrap();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    for (token, good) in [(token(&old), true), (token(&new), false)] {
        let polled =
            std::future::Future::poll(std::pin::pin!(verdict(&verifier, &token)), &mut context);
        let std::task::Poll::Ready(got) = polled else {
            panic!("it waits")
        };
        assert_eq!((got == Verdict::Good, is_unavailable(got)), (good, !good));
    }
}

#[test]
fn a35_waiters_outlive_the_runtime_that_carried_their_fetch() {
    let key = key("k");
    let memory = InMemoryIssuer::publishing(&[&key]);
    memory.takes(Duration::from_millis(300));
    let verifier = memory.verifier();
    let carrier = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let warm_up = verifier.clone();
    drop(carrier.spawn(async move { warm_up.ready().await }));
    while memory.fetches() == 0 {
        std::thread::yield_now();
    }
    let serving = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    serving.block_on(async {
        let token = token(&key);
        let waiting = verdict(&verifier, &token);
        tokio::pin!(waiting);
        tokio::select! {
            biased;
            early = &mut waiting => panic!("{early:?}"),
            () = tokio::task::yield_now() => {}
        }
        carrier.shutdown_background();
        assert_eq!(waiting.await, Verdict::Good);
    });
    assert_eq!(memory.fetches(), 2);
}

#[test]
fn a35_a_silent_task_is_replaced_without_anybody_waiting_for_it() {
    let (kept, withdrawn) = (key("kept"), key("withdrawn"));
    let memory = InMemoryIssuer::publishing(&[&kept, &withdrawn]);
    let verifier = memory.verifier();
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap()
    };
    let warm_up = runtime();
    warm_up.block_on(verifier.ready()).unwrap();
    memory.publish(&[&kept]);
    runtime().block_on(async {
        // Only tokens whose keys are known: nobody ever waits.
        for _ in 0..1300 {
            assert_eq!(verdict(&verifier, &token(&kept)).await, Verdict::Good);
            pass(seconds(1)).await;
        }
        assert_eq!(verdict(&verifier, &token(&withdrawn)).await, UNKNOWN);
    });
    drop(warm_up);
}

#[test]
fn a35_a_runtime_that_nobody_drives_does_not_keep_the_task() {
    let (old, new) = (key("old"), key("new"));
    let memory = InMemoryIssuer::publishing(&[&old]);
    let verifier = memory.verifier();
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap()
    };
    // Warmed up on one runtime, which stays alive and idle; served on another.
    let warm_up = runtime();
    warm_up.block_on(verifier.ready()).unwrap();
    memory.publish(&[&old, &new]);
    let serving = runtime();
    serving.block_on(async {
        assert_eq!(verdict(&verifier, &token(&old)).await, Verdict::Good);
        assert!(
            is_unavailable(verdict(&verifier, &token(&new)).await),
            "this one finds out"
        );
        pass(seconds(30)).await;
        assert_eq!(verdict(&verifier, &token(&new)).await, Verdict::Good);
    });
    drop(warm_up);
}

#[tokio::test(start_paused = true)]
async fn a36_n121_a_machine_that_slept_refreshes_at_once() {
    let (old, new) = (key("old"), key("new"));
    let memory = InMemoryIssuer::publishing(&[&old]);
    let clock = FakeClock::at(1_800_000_000.0);
    let verifier = JwtVerifier::new(memory.config().clock(&clock).build().unwrap());
    verifier.ready().await.unwrap();
    memory.publish(&[&new]);
    // Set back an hour, or ahead by less than max_age: the keys are as old as they are.
    for ahead in [-3600.0, 300.0] {
        clock.set(1_800_000_000.0 + ahead);
        assert_eq!(verdict(&verifier, &token(&old)).await, Verdict::Good);
        pass(seconds(1)).await;
        assert_eq!(memory.fetches(), 1, "{ahead}");
    }
    // Five hours of sleep, of which the monotonic clock knows nothing: stale, and refreshed at once.
    clock.set(1_800_000_000.0 + 5.0 * 3600.0);
    assert_eq!(
        verdict(&verifier, &token(&old)).await,
        Verdict::Good,
        "stale keys serve"
    );
    until("one refresh, and no burst of missed ones", || {
        memory.fetches() == 2
    })
    .await;
    pass(seconds(1)).await;
    assert_eq!(verdict(&verifier, &token(&old)).await, UNKNOWN);
    assert_eq!(verdict(&verifier, &token(&new)).await, Verdict::Good);
    assert_eq!(
        memory.fetches(),
        4,
        "and two for a kid that an earlier set held"
    );
    // Two days: past max_stale. The request waits for the fetch.
    clock.set(1_800_000_000.0 + 53.0 * 3600.0);
    assert_eq!(verdict(&verifier, &token(&new)).await, Verdict::Good);
    assert_eq!(memory.fetches(), 5);
}

#[tokio::test(start_paused = true)]
async fn a38_a_hundred_processes_that_start_together_do_not_stay_together() {
    let key = key("k");
    let memories: Vec<_> = (0..100)
        .map(|_| InMemoryIssuer::publishing(&[&key]))
        .collect();
    let verifiers: Vec<_> = memories.iter().map(InMemoryIssuer::verifier).collect();
    for verifier in &verifiers {
        verifier.ready().await.unwrap();
    }
    pass(seconds(500)).await;
    let mut seconds_of_refresh: Vec<_> = memories
        .iter()
        .map(|memory| {
            let state = memory.state();
            (state.fetches[1] - state.fetches[0]).as_secs()
        })
        .collect();
    seconds_of_refresh.sort_unstable();
    seconds_of_refresh.dedup();
    assert!(seconds_of_refresh.len() > 20, "{seconds_of_refresh:?}");
}

#[test]
fn a41_swaps_under_load_are_seen_whole() {
    let (kept, a, b) = (key("kept"), key("changing"), key("changing"));
    let memory = InMemoryIssuer::publishing(&[&kept, &a]);
    let times = JwksCache::new().max_age(seconds(1)).cooldown(seconds(1));
    let verifier = memory.verifier_with(times);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        verifier.ready().await.unwrap();
        let good = Arc::new(token(&kept));
        let (token_a, token_b) = (Arc::new(token(&a)), Arc::new(token(&b)));
        let mut workers = JoinSet::new();
        for _ in 0..4 {
            let (verifier, good, token_a, token_b) = (
                verifier.clone(),
                good.clone(),
                token_a.clone(),
                token_b.clone(),
            );
            workers.spawn(async move {
                for _ in 0..1500 {
                    assert_eq!(verdict(&verifier, &good).await, Verdict::Good);
                    // Of the key that changes under one kid, either half of a rotation, and nothing between.
                    for token in [&token_a, &token_b] {
                        let got = verdict(&verifier, token).await;
                        assert!(
                            matches!(
                                got,
                                Verdict::Good | Verdict::Refused(TokenErrorKind::BadSignature)
                            ),
                            "{got:?}"
                        );
                    }
                }
            });
        }
        let mut n = 0;
        let gone = key("gone");
        memory.publish(&[&kept, &a, &gone]);
        assert_eq!(verdict(&verifier, &token(&gone)).await, Verdict::Good);
        while !workers.is_empty() {
            n += 1;
            let changing = if n % 2 == 0 { &b } else { &a };
            let fresh = format!("fresh-{n}");
            let marker = TestKey::generate(Algorithm::ES256, fresh);
            memory.publish(&[&kept, changing, &marker]);
            // A key that is not known yet, or no more, has the set fetched at once, as far as the
            // budgets go: twice for each.
            let _ = verdict(&verifier, &token(&marker)).await;
            let _ = verdict(&verifier, &token(&gone)).await;
            tokio::task::yield_now().await;
            while let Some(worker) = workers.try_join_next() {
                worker.unwrap();
            }
        }
        while let Some(worker) = workers.join_next().await {
            worker.unwrap();
        }
        // The first set, and one for each fetch that the budget of unknown keys holds from the start; how
        // many more depends on how long the machine takes.
        let swaps = verifier.keys().issuers[0].generation;
        assert!(swaps >= 3, "{swaps} key sets");
    });
}

#[tokio::test(start_paused = true)]
async fn a45_a_flooded_issuer_takes_nothing_from_another() {
    let (ours, theirs) = (key("ours"), key("theirs"));
    let (well, flooded) = (
        InMemoryIssuer::publishing(&[&ours]),
        InMemoryIssuer::publishing(&[&theirs]),
    );
    flooded.answer(Answer::Hangs);
    let config = JwtAuthConfig::builder()
        .audience(AUDIENCE)
        .add_issuer(Issuer::new(ISSUER).key_source(well.clone()))
        .add_issuer(Issuer::new("flooded").key_source(flooded.clone()));
    let verifier = JwtVerifier::new(config.build().unwrap());
    verifier.verify(&token(&ours)).await.unwrap();
    let of_flooded = |kid: &str| {
        use base64::Engine as _;
        let encode = |text: String| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        format!(
            "{}.{}.AAAA",
            encode(header(kid)),
            encode(claims().replace(ISSUER, "flooded"))
        )
    };
    for n in 0..200 {
        let (verifier, junk) = (verifier.clone(), of_flooded(&n.to_string()));
        tokio::spawn(async move { verifier.verify(&junk).await.is_err() });
    }
    tokio::task::yield_now().await;
    well.publish(&[&ours, &theirs]);
    let began = Instant::now();
    assert_eq!(verdict(&verifier, &token(&ours)).await, Verdict::Good);
    // Its own budget is whole: a new key is found at once.
    assert_eq!(verdict(&verifier, &token(&theirs)).await, Verdict::Good);
    assert_eq!((began.elapsed(), flooded.fetches()), (Duration::ZERO, 1));
}

#[tokio::test(start_paused = true)]
async fn a45_a_thousand_issuers_start_when_they_are_used() {
    let key = key("k");
    let memories: Vec<_> = (0..1000)
        .map(|_| InMemoryIssuer::publishing(&[&key]))
        .collect();
    let mut config = JwtAuthConfig::builder().audience(AUDIENCE);
    for (n, memory) in memories.iter().enumerate() {
        config = config.add_issuer(Issuer::new(format!("{ISSUER}-{n}")).key_source(memory.clone()));
    }
    let verifier = JwtVerifier::new(config.build().unwrap());
    let of = |n: usize| {
        key.sign_compact(
            &header("k"),
            &claims().replace(ISSUER, &format!("{ISSUER}-{n}")),
        )
    };
    for n in [7, 700] {
        assert_eq!(verdict(&verifier, &of(n)).await, Verdict::Good);
    }
    pass(seconds(500)).await;
    let used: Vec<_> = memories
        .iter()
        .enumerate()
        .filter(|(_, memory)| memory.fetches() > 0)
        .map(|(n, _)| n)
        .collect();
    assert_eq!(used, [7, 700]);
}

#[tokio::test(start_paused = true)]
async fn a46_health_tells_what_there_is_to_know() {
    let key = key("k");
    let memory = InMemoryIssuer::publishing(&[&key]);
    let verifier = memory.verifier();
    let health = || verifier.keys().issuers.remove(0);
    let before = health();
    assert_eq!(
        (
            before.ready,
            before.generation,
            before.age,
            before.next_attempt,
            before.fetches
        ),
        (false, 0, None, None, 0)
    );
    verifier.ready().await.unwrap();
    pass(seconds(100)).await;
    let fresh = health();
    assert_eq!(
        (fresh.ready, fresh.stale, fresh.generation, fresh.age),
        (true, false, 1, Some(seconds(100)))
    );
    assert_eq!(
        (fresh.keys, fresh.fetches, fresh.failures),
        (vec![Some("k".to_owned())], 1, 0)
    );
    let next = fresh.next_attempt.unwrap();
    assert!(next >= seconds(332) && next <= seconds(380), "{next:?}");
    memory.answer(Answer::FailsFor(seconds(120)));
    pass(seconds(600)).await;
    let failing = health();
    assert!(failing.ready && failing.stale && failing.failures >= 1);
    assert_eq!(failing.last_error.as_deref(), Some("memory: not now"));
    assert!(failing.next_attempt.unwrap() <= seconds(120));
}

/// Replicas that disagree for hours about which keys exist, as Entra ID's were recorded to do: each
/// refresh may take a key away or bring it back.
#[tokio::test(start_paused = true)]
async fn flapping_replicas_cost_one_bounded_wait_each() {
    let (steady, flapping) = (key("steady"), key("flapping"));
    let memory = InMemoryIssuer::publishing(&[&steady, &flapping]);
    memory.takes(seconds(1));
    let verifier = memory.verifier();
    verifier.ready().await.unwrap();
    for hour in 0..48 {
        // A refresh on schedule meets the replica that lacks the key, a later one another.
        memory.publish(&[&steady]);
        while verifier.keys().issuers[0].keys.len() == 2 {
            pass(seconds(10)).await;
        }
        memory.publish(&[&steady, &flapping]);
        let began = Instant::now();
        assert_eq!(
            verdict(&verifier, &token(&flapping)).await,
            Verdict::Good,
            "hour {hour}"
        );
        assert_eq!(began.elapsed(), seconds(1), "hour {hour}: one fetch");
        assert_eq!(verdict(&verifier, &token(&steady)).await, Verdict::Good);
        pass(seconds(3600)).await;
    }
}

/// The fetch for the token meets the lacking replica once more: the next look is not put off.
#[tokio::test(start_paused = true)]
async fn a_key_that_an_earlier_set_held_is_looked_for_again_at_once() {
    let (steady, flapping) = (key("steady"), key("flapping"));
    let memory = InMemoryIssuer::publishing(&[&steady, &flapping]);
    memory.takes(seconds(1));
    let verifier = memory.verifier();
    verifier.ready().await.unwrap();
    memory.publish(&[&steady]);
    pass(seconds(500)).await;
    assert_eq!(verifier.keys().issuers[0].generation, 2);
    let waiting = tokio::spawn({
        let (verifier, token) = (verifier.clone(), token(&flapping));
        async move { verdict(&verifier, &token).await }
    });
    pass(Duration::from_millis(1500)).await;
    // The first fetch has come back without it, and the second is under way... from the same replica.
    assert!(!waiting.is_finished());
    assert_eq!(waiting.await.unwrap(), UNKNOWN);
    memory.publish(&[&steady, &flapping]);
    // Its own budget is spent, that of unknown kids is not; and one cooldown brings it back.
    pass(seconds(30)).await;
    assert_eq!(verdict(&verifier, &token(&flapping)).await, Verdict::Good);
}
