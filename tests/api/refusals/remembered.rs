//! N119-N121: a token that was good once. Each is sent several times first, so that the cache of
//! verified tokens holds it.

use tower_jwt_auth::error::TokenErrorKind::{
    BadSignature, Expired, IssuedInTheFuture, UnknownKey, WrongAudience, WrongIssuer,
};
use tower_jwt_auth::test_util::internal::unix;

use super::*;
use crate::support::issuer_in_memory::key;
use crate::support::{pass, seconds};

/// The usual rules with keys of this source and a clock of its own.
fn at(clock: &FakeClock, keys: &InMemoryIssuer) -> JwtAuthLayer {
    JwtAuthLayer::new(
        rules()
            .clock(clock)
            .key_source(keys.clone())
            .build()
            .unwrap(),
    )
}

/// Three times the same verdict, by the layer in front of a service and by the verifier.
async fn thrice(layer: &JwtAuthLayer, token: &str, want: Result<(), TokenErrorKind>, name: &str) {
    let inner = Counting::default();
    for time in 1..=3 {
        let answer = call(layer, &inner, request(Some(token))).await;
        let status = if want.is_ok() { 200 } else { 401 };
        assert_eq!(answer.status, status, "{name}, time {time}");
        assert_eq!(
            inner.calls(),
            if want.is_ok() { time } else { 0 },
            "{name}, time {time}"
        );
        assert_eq!(
            outcome(&layer.verifier(), token).await,
            want,
            "{name}, time {time}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn n119_a_good_token_lends_nothing_to_another() {
    let k = key("k");
    let layer = at(
        &FakeClock::at(unix(NOW)),
        &InMemoryIssuer::publishing(&[&k]),
    );
    let own = |claims: &Value| sign(&k, &with(header(), &json!({"kid": "k"})), claims);
    let alice = own(&with(claims(), &json!({"sub": "alice"})));
    thrice(&layer, &alice, Ok(()), "n119 the first").await;
    // The same header and payload under other signatures.
    let mut flipped = signature_of(&alice);
    flipped[63] ^= 1;
    let attacker = signature_of(&sign(
        &key("k"),
        &with(header(), &json!({"kid": "k"})),
        &claims(),
    ));
    for (name, signature) in [
        ("one bit", flipped),
        ("of an attacker", attacker),
        ("cut", signature_of(&alice)[..63].to_vec()),
        ("longer", [signature_of(&alice), vec![0]].concat()),
        ("none but zeros", vec![0; 64]),
    ] {
        thrice(
            &layer,
            &resigned(&alice, &signature),
            Err(BadSignature),
            name,
        )
        .await;
    }
    // Another payload under the same signature, with the same start and the same end.
    let bob = own(&with(claims(), &json!({"sub": "bobby"})));
    assert_eq!((bob.len(), &bob[..100]), (alice.len(), &alice[..100]));
    thrice(
        &layer,
        &resigned(&bob, &signature_of(&alice)),
        Err(BadSignature),
        "n119 the signature of another",
    )
    .await;
    // Other good tokens are accepted as themselves: a second signature of one text, and the token
    // of another subject.
    let again = own(&with(claims(), &json!({"sub": "alice"})));
    assert_ne!(again, alice);
    for (token, who) in [(&again, "alice"), (&bob, "bobby"), (&alice, "alice")] {
        thrice(&layer, token, Ok(()), who).await;
        let answer = call(&layer, &Counting::default(), request(Some(token))).await;
        assert_eq!(answer.json()["subject"], who, "n119");
        assert_eq!(
            layer.verifier().verify(token).await.unwrap().token(),
            token,
            "n119"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn n119_layers_share_no_verdict() {
    let k = key("k");
    let keys = InMemoryIssuer::publishing(&[&k]);
    let layer = |change: &dyn Fn(JwtAuthConfigBuilder) -> JwtAuthConfigBuilder| {
        JwtAuthLayer::new(change(rules()).key_source(keys.clone()).build().unwrap())
    };
    let token = sign(&k, &with(header(), &json!({"kid": "k"})), &claims());
    let ours = layer(&|rules| rules);
    thrice(&ours, &token, Ok(()), "n119 ours").await;
    let elsewhere = layer(&|rules| rules.audience("https://elsewhere.example"));
    thrice(
        &elsewhere,
        &token,
        Err(WrongAudience),
        "n119 another audience",
    )
    .await;
    let late = FakeClock::at(unix(NOW + 700.0));
    thrice(
        &layer(&|rules| rules.clock(&late)),
        &token,
        Err(Expired),
        "n119 another clock",
    )
    .await;
    let other_issuer = JwtAuthConfig::builder()
        .resource(RESOURCE)
        .issuer("https://other.example")
        .clock(&FakeClock::at(unix(NOW)))
        .key_source(keys.clone());
    let other_issuer = JwtAuthLayer::new(other_issuer.build().unwrap());
    thrice(
        &other_issuer,
        &token,
        Err(WrongIssuer),
        "n119 another issuer",
    )
    .await;
    let scoped = layer(&|rules| rules.required_scopes(["mcp:read"]));
    for _ in 0..3 {
        let answer = call(&scoped, &Counting::default(), request(Some(&token))).await;
        assert_eq!(answer.status, 403, "n119 a scope that only this one needs");
    }
    let stranger = InMemoryIssuer::publishing(&[&key("k")]);
    thrice(
        &at(&FakeClock::at(unix(NOW)), &stranger),
        &token,
        Err(BadSignature),
        "n119 other keys",
    )
    .await;
    thrice(&ours, &token, Ok(()), "n119 ours still").await;
}

#[tokio::test(start_paused = true)]
async fn n120_a_key_that_is_withdrawn() {
    let (old, new) = (key("old"), key("new"));
    let keys = InMemoryIssuer::publishing(&[&old, &new]);
    let layer = at(&FakeClock::at(unix(NOW)), &keys);
    let good = |key: &TestKey| labelled(key, "ES256", key.kid());
    let (of_old, of_new) = (good(&old), good(&new));
    thrice(&layer, &of_old, Ok(()), "n120 published").await;
    thrice(&layer, &of_new, Ok(()), "n120 published").await;
    keys.publish(&[&new]);
    pass(seconds(600)).await;
    assert_eq!(
        layer.keys_health().issuers[0].generation,
        2,
        "the set was refreshed"
    );
    thrice(&layer, &of_old, Err(UnknownKey), "n120 withdrawn").await;
    thrice(&layer, &of_new, Ok(()), "n120 the other stays").await;
    // Another key under the same kid.
    let twin = key("new");
    keys.publish(&[&twin]);
    pass(seconds(600)).await;
    thrice(&layer, &of_new, Err(BadSignature), "n120 replaced").await;
    // A set that cannot be used changes nothing, so the key is still there.
    keys.publish(&[&twin]);
    thrice(&layer, &good(&twin), Ok(()), "n120 the twin").await;
    keys.publish(&[]);
    pass(seconds(600)).await;
    thrice(
        &layer,
        &good(&twin),
        Ok(()),
        "n120 an empty set withdraws nothing",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn n120_a_token_that_expires() {
    let k = key("k");
    let keys = InMemoryIssuer::publishing(&[&k]);
    for (leeway, last) in [(0, 599.75), (60, 659.75)] {
        let clock = FakeClock::at(unix(NOW));
        let config = rules()
            .leeway(seconds(leeway))
            .clock(&clock)
            .key_source(keys.clone());
        let layer = JwtAuthLayer::new(config.build().unwrap());
        let token = labelled(&k, "ES256", "k");
        thrice(&layer, &token, Ok(()), "n120 fresh").await;
        clock.set(unix(NOW + last));
        thrice(&layer, &token, Ok(()), "n120 a quarter of a second before").await;
        clock.set(unix(NOW + last + 0.25));
        thrice(&layer, &token, Err(Expired), "n120 on time").await;
    }
}

/// Tokens follow the wall clock, whichever way it jumps. Another test covers the age of keys.
#[tokio::test(start_paused = true)]
async fn n121_tokens_follow_the_wall_clock() {
    let k = key("k");
    let keys = InMemoryIssuer::publishing(&[&k]);
    let clock = FakeClock::at(unix(NOW));
    let layer = at(&clock, &keys);
    let header = with(header(), &json!({"kid": "k"}));
    let token = sign(
        &k,
        &header,
        &with(claims(), &json!({"iat": NOW as u64 - 60})),
    );
    thrice(&layer, &token, Ok(()), "n121 now").await;
    clock.set(unix(NOW + 3600.0));
    thrice(&layer, &token, Err(Expired), "n121 an hour ahead").await;
    clock.set(unix(NOW));
    thrice(&layer, &token, Ok(()), "n121 set right").await;
    clock.set(unix(NOW - 3600.0));
    thrice(&layer, &token, Err(IssuedInTheFuture), "n121 an hour back").await;
    clock.set(unix(NOW));
    thrice(&layer, &token, Ok(()), "n121 set right again").await;
    // An hour on the monotonic clock alone makes no token older.
    pass(seconds(3600)).await;
    thrice(&layer, &token, Ok(()), "n121 an hour by the other clock").await;
}
