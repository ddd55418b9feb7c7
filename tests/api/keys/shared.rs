//! Layers that share the keys of their issuers, and nothing else.

use tower_jwt_auth::config::{Issuer, JwksCache, JwtAuthConfigBuilder};
use tower_jwt_auth::error::TokenErrorKind;
use tower_jwt_auth::test_util::TestIssuer;
use tower_jwt_auth::{Algorithm, ConfigError, JwtAuthConfig, JwtAuthLayer, JwtVerifier};

use super::Verdict::{Refused, TooMany};
use super::{Good, Scenario, UNKNOWN, pass, seconds};
use crate::support::issuer_in_memory::{
    AUDIENCE, ISSUER, InMemoryIssuer, junk, key, token, verdict,
};
use crate::support::{Counting, call, remembering, request};

fn layer(config: JwtAuthConfigBuilder) -> JwtAuthLayer {
    JwtAuthLayer::new(config.build().unwrap())
}

/// Keys, budgets and the task are one: what one layer has used up, the other lacks.
#[tokio::test(start_paused = true)]
async fn field_f10_layers_share_keys_budgets_and_the_task() {
    let k = key("k");
    let issuer = InMemoryIssuer::publishing(&[&k]);
    let config = issuer.config();
    let (first, second, third) = {
        let first = layer(config.clone());
        let second = layer(config.clone().keys_of(&first));
        let third = layer(config.clone().keys_of(&second));
        (first.verifier(), second.verifier(), third.verifier())
    };
    let alone = JwtVerifier::new(config.build().unwrap());

    first.wait_for_keys().await.unwrap();
    for verifier in [&first, &second, &third] {
        assert_eq!(verdict(verifier, &token(&k)).await, Good);
        assert_eq!(verifier.keys_health().issuers[0].fetches, 1);
    }
    assert_eq!(issuer.fetches(), 1);
    // Two fetches for unknown keys, whoever asks for them.
    assert_eq!(verdict(&first, &junk("a")).await, UNKNOWN);
    assert_eq!(verdict(&second, &junk("b")).await, UNKNOWN);
    assert_eq!(verdict(&third, &junk("c")).await, TooMany);
    assert_eq!(issuer.fetches(), 3);
    // What one has learned to be missing, the others know.
    assert_eq!(verdict(&third, &junk("a")).await, UNKNOWN);
    assert_eq!(issuer.fetches(), 3);
    // A layer that shares nothing has its own.
    assert_eq!(verdict(&alone, &token(&k)).await, Good);
    assert_eq!(verdict(&alone, &junk("c")).await, UNKNOWN);
    assert_eq!(issuer.fetches(), 5);
    drop(alone);

    // One task refreshes for all, and lives as long as any of them.
    drop((first, second));
    let (before, kept) = (issuer.fetches(), issuer.holders());
    pass(seconds(3600)).await;
    let rounds = issuer.fetches() - before;
    assert!(
        (6..=9).contains(&rounds),
        "one round in eight to ten minutes: {rounds}"
    );
    assert_eq!(verdict(&third, &token(&k)).await, Good);
    drop(third);
    pass(seconds(1)).await;
    assert!(issuer.holders() < kept, "the task has ended");
    let ended = issuer.fetches();
    pass(seconds(3600)).await;
    assert_eq!(issuer.fetches(), ended);
}

/// The withdrawal of a key holds for all at the same moment.
#[tokio::test(start_paused = true)]
async fn field_f10_a_rotation_reaches_every_layer() {
    let scenario = Scenario::started(["old"]).await;
    let config = scenario.issuer.config();
    let other = layer(config.clone());
    let sharing = || scenario.another(|_| config.clone().keys_of(&other));
    let (first, second) = (sharing(), sharing());
    for it in [&first, &second] {
        it.expect("old", Good).await;
    }
    scenario.publish(["new"]);
    first.expect("new", Good).await;
    second.expect_at_once("new", Good).await;
    second.expect("old", UNKNOWN).await;
}

/// One token is good for one server and not for the other, whichever saw it first.
#[tokio::test]
async fn field_f10_remembered_tokens_are_not_shared() {
    let issuer = TestIssuer::start();
    let both = remembering(JwtAuthConfig::builder()).issuer(issuer.issuer());
    let [notes, mail] = [
        "https://mcp.example.com/notes",
        "https://mcp.example.com/mail",
    ];
    let first = layer(both.clone().resource(notes));
    let second = layer(both.resource(mail).keys_of(&first));
    for (own, other, resource) in [(&first, &second, notes), (&second, &first, mail)] {
        let token = issuer.mint(resource).sign();
        for _ in 0..2 {
            for (layer, status) in [(own, 200), (other, 401), (own, 200)] {
                let answer = call(layer, &Counting::default(), request(Some(&token))).await;
                assert_eq!(answer.status, status, "{resource}");
            }
        }
    }
    assert_eq!(issuer.fetches(), 1);
}

/// Only issuers that both name, and each by itself.
#[tokio::test(start_paused = true)]
async fn field_f10_issuers_of_one_layer_alone_are_its_own() {
    let (shared, own) = (key("shared"), key("own"));
    let (common, extra) = (
        InMemoryIssuer::publishing(&[&shared]),
        InMemoryIssuer::publishing(&[&own]),
    );
    let first = layer(common.config());
    let config = JwtAuthConfig::builder()
        .audience(AUDIENCE)
        .add_issuer(Issuer::new("another").key_source(extra.clone()))
        .keys_of(&first);
    let second = JwtVerifier::new(config.build().unwrap());
    second.wait_for_keys().await.unwrap();
    assert_eq!((common.fetches(), extra.fetches()), (0, 1));
    assert_eq!(second.keys_health().issuers.len(), 1, "no issuer is added");
    let foreign = verdict(&second, &token(&shared)).await;
    assert_eq!(foreign, Refused(TokenErrorKind::WrongIssuer));
}

#[test]
fn field_f10_other_settings_for_the_same_issuer_do_not_build() {
    let file = std::env::temp_dir().join("keys_of.json");
    let (a, b) = (key("a").jwk(), key("b").jwk());
    let of = |name: &str| JwtAuthConfig::builder().issuer(name).audience(AUDIENCE);
    let web = || of("https://idp.example.com");
    let text = || of(ISSUER);
    let age = |minutes: u64| JwksCache::new().max_age(seconds(60 * minutes));
    let set = |key: &serde_json::Value| serde_json::json!({"keys": [key]});
    let same = |config: &JwtAuthConfigBuilder| (config.clone(), config.clone());
    let client = reqwest::Client::new();
    let source = || InMemoryIssuer::publishing(&[]);
    let with_client = web().http_client(client.clone());
    let with_source = text().key_source(source());
    for (name, (first, second), differs) in [
        ("nothing set", (web(), web()), None),
        (
            "a jwks_uri",
            same(&web().jwks_uri("https://idp.example.com/a")),
            None,
        ),
        (
            "other jwks_uri",
            (
                web().jwks_uri("https://idp.example.com/a"),
                web().jwks_uri("https://idp.example.com/b"),
            ),
            Some("jwks_uri"),
        ),
        (
            "jwks_uri in one",
            (web().jwks_uri("https://idp.example.com/a"), web()),
            Some("jwks_uri"),
        ),
        ("a time", same(&web().jwks_cache(age(5))), None),
        (
            "the default, written out",
            (web(), web().jwks_cache(age(10))),
            None,
        ),
        (
            "other time",
            (web().jwks_cache(age(5)), web().jwks_cache(age(6))),
            Some("jwks_cache"),
        ),
        (
            "pinned",
            (web(), web().pin_jwks_host()),
            Some("pin_jwks_host"),
        ),
        (
            "http",
            (web().danger_allow_http(), web()),
            Some("danger_allow_http"),
        ),
        ("a file", same(&web().snapshot_file(&file)), None),
        (
            "other file",
            (web(), web().snapshot_file(&file)),
            Some("snapshot_file"),
        ),
        ("initial keys", same(&web().initial_jwks(set(&a))), None),
        (
            "other initial keys",
            (web().initial_jwks(set(&a)), web().initial_jwks(set(&b))),
            Some("initial_jwks"),
        ),
        ("one client", same(&with_client), None),
        (
            "two clients",
            (with_client, web().http_client(client)),
            Some("http_client"),
        ),
        ("one source", same(&with_source), None),
        (
            "two sources",
            (with_source, text().key_source(source())),
            Some("key_source"),
        ),
        ("a fixed key", same(&text().jwk(a.clone())), None),
        (
            "other fixed key",
            (text().jwk(a.clone()), text().jwk(b.clone())),
            Some("jwk"),
        ),
        ("a fixed set", same(&text().jwks(set(&a))), None),
        (
            "other fixed set",
            (text().jwks(set(&a)), text().jwks(set(&b))),
            Some("jwks"),
        ),
        (
            "fixed or fetched",
            (text().jwk(a.clone()), text().key_source(source())),
            Some("key_source"),
        ),
        // Settings that are not about keys.
        (
            "other scopes",
            (web().required_scopes(["a"]), web().leeway(seconds(1))),
            None,
        ),
        (
            "other algorithms",
            (web().algorithms([Algorithm::RS256]), web()),
            None,
        ),
        (
            "other issuer",
            (
                of("https://a.example.com"),
                of("https://b.example.com").pin_jwks_host(),
            ),
            None,
        ),
    ] {
        let built = second.keys_of(&layer(first)).build();
        match (built, differs) {
            (Ok(_), None) => {}
            (
                Err(ConfigError::OtherKeySettings {
                    issuer, setting, ..
                }),
                Some(differs),
            ) => {
                assert_eq!(setting, differs, "{name}");
                assert!(
                    [ISSUER, "https://idp.example.com"].contains(&&*issuer),
                    "{name}"
                );
            }
            (built, _) => panic!("{name}: {built:?}"),
        }
    }
}

/// A pin that all issuers inherit counts as their own: keys of another host are not shared with it.
#[test]
fn field_f10_an_inherited_pin_is_a_setting_of_the_keys() {
    let base = || {
        let config = JwtAuthConfig::builder().resource("https://mcp.example.com/mcp");
        config.add_issuer(Issuer::new("https://i.example"))
    };
    let loose = layer(base());
    let pinned = layer(base().pin_jwks_host());
    let own = JwtAuthConfig::builder().resource("https://mcp.example.com/mcp");
    let own = own.add_issuer(Issuer::new("https://i.example").pin_jwks_host());
    for (name, config, is_same) in [
        ("neither pinned", base().keys_of(&loose), true),
        ("both pinned", base().pin_jwks_host().keys_of(&pinned), true),
        ("one by its own setting", own.keys_of(&pinned), true),
        (
            "the second alone",
            base().pin_jwks_host().keys_of(&loose),
            false,
        ),
        ("the first alone", base().keys_of(&pinned), false),
    ] {
        let built = config.build().map(drop);
        match is_same {
            true => assert_eq!(built, Ok(()), "{name}"),
            false => assert!(
                built.unwrap_err().to_string().contains("pin_jwks_host"),
                "{name}"
            ),
        }
    }
}
