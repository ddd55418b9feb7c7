//! Tokens that would have keys fetched, in numbers: the budgets hold, and good tokens do not
//! notice.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tower_jwt_auth::config::Issuer;
use tower_jwt_auth::error::TokenErrorKind;
use tower_jwt_auth::{JwtAuthConfig, JwtVerifier};

use super::Verdict::{self, Refused, TooMany};
use super::{Good, Scenario, UNKNOWN, Unavailable, pass, seconds};
use crate::support::issuer_in_memory::{
    AUDIENCE, ISSUER, InMemoryIssuer, claims, header, key, token, verdict,
};

#[tokio::test(start_paused = true)]
async fn a23_a_flood_of_kids_makes_few_fetches() {
    let scenario = Scenario::started(["k"]).await;
    for second in 0..60 {
        for n in 0..1667 {
            // Only what was looked for is known not to exist.
            let is_looked_for = n == 0 && [0, 30].contains(&second) || (second, n) == (0, 1);
            let verdict = if is_looked_for { UNKNOWN } else { TooMany };
            scenario
                .expect_junk(&format!("{second}-{n}"), verdict)
                .await;
        }
        scenario.expect_at_once("k", Good).await;
        pass(seconds(1)).await;
    }
    let fetches = scenario.fetches();
    assert!(fetches <= 1 + 2 + 60 / 30, "{fetches}");
}

#[tokio::test(start_paused = true)]
async fn a24_one_bogus_kid_is_asked_for_once_per_cooldown() {
    let scenario = Scenario::started(["old"]).await;
    for _ in 0..100 {
        scenario.expect_junk("bogus", UNKNOWN).await;
    }
    assert_eq!(scenario.fetches(), 2);
    // Again after a second, and two seconds after that.
    for (wait, fetches) in [(999, 2), (1, 3), (1999, 3), (1, 4)] {
        pass(Duration::from_millis(wait)).await;
        scenario.expect_junk("bogus", UNKNOWN).await;
        assert_eq!(scenario.fetches(), fetches);
    }
    // Then as the budget for it allows: one fetch per cooldown.
    pass(seconds(26)).await;
    scenario.expect_junk("bogus", UNKNOWN).await;
    assert_eq!(scenario.fetches(), 4);
    pass(seconds(2)).await;
    scenario.expect_junk("bogus", UNKNOWN).await;
    assert_eq!(scenario.fetches(), 5);
    // A new set empties the memory: what was unknown may have come with the next one.
    scenario.publish(["old", "new"]);
    scenario.expect("new", Good).await;
    assert_eq!(scenario.fetches(), 6);
    scenario.expect_junk("bogus", UNKNOWN).await;
    assert_eq!(scenario.fetches(), 7);
}

#[tokio::test(start_paused = true)]
async fn a25_a_flood_while_the_issuer_is_down() {
    let scenario = Scenario::started(["k"]).await;
    scenario.fails();
    for second in 0..60 {
        for n in 0..20 {
            let kid = format!("{second}-{n}");
            scenario.expect_junk(&kid, Unavailable).await;
        }
        scenario.expect("k", Good).await;
        pass(seconds(1)).await;
    }
    let fetches = scenario.fetches();
    assert!(fetches <= 1 + 2 + 60 / 30, "{fetches}");
}

#[tokio::test(start_paused = true)]
async fn a26_tokens_that_fail_a_cheap_check_ask_for_nothing() {
    let key = key("k");
    let issuer = InMemoryIssuer::publishing(&[&key]);
    let (verifier, never_asked) = (issuer.verifier(), issuer.verifier());
    verifier.wait_for_keys().await.unwrap();
    let sign = |header: String, claims: String| key.sign_compact(&header, &claims);
    // A `kid` of its own for each: one that is known to be absent asks for nothing, whatever else
    // is wrong.
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
        let before = issuer.fetches();
        for _ in 0..10 {
            let got = verdict(&verifier, &token).await;
            assert!(matches!(got, Refused(_)), "{name}: {got:?}");
        }
        assert_eq!(issuer.fetches() - before, fetches, "{name}");
        if fetches == 0 {
            // Nor do they begin the life of keys that nobody has needed yet.
            verdict(&never_asked, &token).await;
            pass(seconds(1)).await;
            assert_eq!(issuer.fetches(), before, "{name}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a27_a_bad_signature_asks_once_per_cooldown_and_never_of_a_young_set() {
    const BAD_SIGNATURE: Verdict = Refused(TokenErrorKind::BadSignature);
    let scenario = Scenario::started(["k"]).await;
    let forged = token(&key("k"));
    let refused = async || {
        let got = verdict(&scenario.verifier, &forged).await;
        assert_eq!(got, BAD_SIGNATURE);
    };
    for second in 0..90 {
        refused().await;
        let most = 1 + usize::from(second >= 30) + usize::from(second >= 60);
        let fetches = scenario.fetches();
        assert!(fetches <= most, "second {second}: {fetches}");
        pass(seconds(1)).await;
    }
    assert!(scenario.fetches() > 1, "it is on by default");
    // Without an answer from the issuer it is still a bad signature, and no outage.
    scenario.fails();
    pass(seconds(31)).await;
    refused().await;
}

#[tokio::test(start_paused = true)]
async fn a45_a_flooded_issuer_takes_nothing_from_another() {
    let well = Scenario::publishing(["ours"]);
    let flooded = InMemoryIssuer::publishing(&[&well.key("theirs")]);
    flooded.answer(super::Answer::Hangs);
    let config = JwtAuthConfig::builder()
        .audience(AUDIENCE)
        .add_issuer(Issuer::new(ISSUER).key_source(well.issuer.clone()))
        .add_issuer(Issuer::new("flooded").key_source(flooded.clone()));
    let verifier = JwtVerifier::new(config.build().unwrap());
    let well = well.seen_by(verifier);
    well.expect("ours", Good).await;
    let of_flooded = |kid: &str| {
        let claims = claims().replace(ISSUER, "flooded");
        let [header, claims] = [header(kid), claims].map(|text| URL_SAFE_NO_PAD.encode(text));
        format!("{header}.{claims}.AAAA")
    };
    for n in 0..200 {
        let (verifier, junk) = (well.verifier.clone(), of_flooded(&n.to_string()));
        tokio::spawn(async move { verifier.verify(&junk).await.is_err() });
    }
    tokio::task::yield_now().await;
    well.publish(["ours", "theirs"]);
    well.expect_at_once("ours", Good).await;
    // Its own budget is whole: a new key is found at once.
    well.expect_at_once("theirs", Good).await;
    assert_eq!(flooded.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a45_a_thousand_issuers_start_when_they_are_used() {
    let key = key("k");
    let issuers: Vec<_> = (0..1000)
        .map(|_| InMemoryIssuer::publishing(&[&key]))
        .collect();
    let name = |n: usize| format!("{ISSUER}-{n}");
    let mut config = JwtAuthConfig::builder().audience(AUDIENCE);
    for (n, issuer) in issuers.iter().enumerate() {
        config = config.add_issuer(Issuer::new(name(n)).key_source(issuer.clone()));
    }
    let verifier = JwtVerifier::new(config.build().unwrap());
    for n in [7, 700] {
        let token = key.sign_compact(&header("k"), &claims().replace(ISSUER, &name(n)));
        assert_eq!(verdict(&verifier, &token).await, Good);
    }
    pass(seconds(500)).await;
    let used: Vec<_> = (0..1000).filter(|n| issuers[*n].fetches() > 0).collect();
    assert_eq!(used, [7, 700]);
}
