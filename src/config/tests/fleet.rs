use std::time::Duration;

use super::*;
use crate::fleet::{Fleet, FleetBuilder};

mod files;

const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

const OTHER: &str = "AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

const URL: &str = "rediss://cache.internal:6379";

fn good() -> FleetBuilder {
    Fleet::builder().redis(URL).namespace("ns").secret(SECRET)
}

/// A file with `fleet`, which is good but for these changes.
fn file_with(changes: Value) -> Value {
    let mut fleet = json!({"redis": URL, "namespace": "ns", "secret": SECRET});
    for (name, value) in changes.as_object().unwrap() {
        fleet[name] = value.clone();
    }
    json!({"fleet": fleet})
}

#[track_caller]
fn refuses_fleet(rows: impl IntoIterator<Item = (FleetBuilder, &'static str)>) {
    assert!(good().build().is_ok());
    for (builder, want) in rows {
        let error = builder.build().expect_err(want);
        assert_eq!(error.to_string(), want);
        assert_eq!(format!("{error:?}"), want);
    }
}

#[test]
fn what_is_missing_is_named() {
    let all = |fleet: FleetBuilder| fleet.build().unwrap_err().to_string();
    let empty = Fleet::builder();
    for (builder, missing) in [
        (empty.clone(), "fleet.redis"),
        (empty.clone().redis(URL), "fleet.namespace"),
        (empty.redis(URL).namespace("ns"), "fleet.secret"),
        (good().secrets(Vec::<String>::new()), "fleet.secret"),
    ] {
        let want = format!("{missing} is missing: a fleet has no default for it");
        let error = all(builder);
        let is_empty = error == format!("{missing} is empty: give it a value or leave it out");
        assert!(error == want || is_empty, "{error}");
    }
    assert!(Fleet::redis(URL, "ns", SECRET).is_ok());
}

#[test]
fn urls_of_a_store() {
    let one = |url: &str| good().redis(url).build();
    let cluster = |urls: &[&str]| good().redis_cluster(urls.iter().copied()).build();
    for url in [
        "redis://127.0.0.1",
        "redis://127.0.0.1:6379/0",
        "redis://user:password@127.0.0.1:6379/15",
        "redis://:password@localhost",
        "redis://[::1]:6379",
        "redis://user:password@[::1]:6379",
        "redis://cache.internal",
        "rediss://user:password@cache.internal:6379",
        "unix:///run/redis.sock",
        "unix:///run/redis.sock?db=1&user=u&pass=p",
    ] {
        assert!(one(url).is_ok(), "{url}: {:?}", one(url));
    }
    for (url, shown, want) in [
        (
            "cache.internal:6379",
            "cache.internal:6379",
            "must be a URL",
        ),
        ("cache", "(not shown)", "must be a URL"),
        ("redis://", "redis://", "must be a URL"),
        (
            "https://cache.internal",
            "https://cache.internal/",
            "must be a URL",
        ),
        (
            "rediss://u:SECRET@cache.internal/#insecure",
            "rediss://cache.internal/#insecure",
            "must not carry a fragment",
        ),
        (
            "rediss://u:SECRET@cache.internal/?protocol=resp3",
            "rediss://cache.internal/",
            "must not carry a query",
        ),
        (
            "unix:///run/redis.sock?pass=SECRET&protocol=resp3",
            "unix:///run/redis.sock",
            "must not carry a query",
        ),
        (
            "rediss://cache.internal/x",
            "rediss://cache.internal/x",
            "number of a database",
        ),
        (
            "rediss://u:12/SECRET@cache.internal",
            "(not shown)",
            "number of a database",
        ),
        (
            "rediss://u:12#SECRET@cache.internal",
            "(not shown)",
            "must not carry a fragment",
        ),
        (
            "redis://u:SECRET@cache.internal",
            "redis://cache.internal",
            "would send the password in clear",
        ),
        (
            "redis://u:SECRET@127.0.0.1.internal",
            "redis://127.0.0.1.internal",
            "would send the password in clear",
        ),
    ] {
        let error = one(url).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("fleet.redis {shown:?} ")),
            "{error}"
        );
        assert!(error.contains(want), "{error}");
        assert!(!error.contains("SECRET"), "{error}");
    }
    let plain = good().redis("redis://u:SECRET@cache.internal");
    assert!(plain.danger_allow_plain_redis().build().is_ok());

    assert!(cluster(&["rediss://a", "rediss://b:7000"]).is_ok());
    assert!(cluster(&["rediss://a"]).is_ok());
    for (urls, want) in [
        (&[][..], "fleet.redis is empty"),
        (
            &["rediss://a", "unix:///run/a"],
            "must not be a unix socket",
        ),
        (&["rediss://a", "redis://127.0.0.1"], "different TLS modes"),
        (&["rediss://u:SECRET@a", "rediss://b"], "different password"),
    ] {
        let error = cluster(urls).unwrap_err().to_string();
        assert!(error.contains(want), "{error}");
        assert!(!error.contains("SECRET"), "{error}");
    }
}

#[test]
fn namespaces() {
    let named = |name: &str| good().namespace(name).build();
    let long = "x".repeat(64);
    for name in ["a", "mcp-prod", "A.b_c-1", &long] {
        assert!(named(name).is_ok(), "{name}");
    }
    for name in ["", "a b", "a:b", "ä", "a/b", "{a}", &format!("{long}x")] {
        let error = named(name).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "fleet.namespace {name:?} must have 1 to 64 letters, digits, '.', '_' and '-': name \
                 the service and its stage, such as mcp-prod"
            )
        );
    }
    let url = named("rediss://u:SECRET@a").unwrap_err().to_string();
    assert!(!url.contains("SECRET"), "{url}");
}

#[test]
fn secrets_of_a_fleet() {
    assert!(good().secrets([SECRET, OTHER]).build().is_ok());
    let way_out = "write 32 random bytes or more as base64url, which openssl rand -base64 32 | tr '+/' '-_' makes";
    let with_password = format!("rediss://u:{OTHER}@cache.internal");
    for (builder, want) in [
        (
            good().secret("x y"),
            "secret 1 of fleet.secret cannot be used: it is not base64url text",
        ),
        (
            good().secret("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg"),
            "secret 1 of fleet.secret cannot be used: it has 31 bytes, and 32 are needed",
        ),
        (
            good().secret("BwcH".repeat(11)),
            "secret 1 of fleet.secret cannot be used: it is one byte over and over",
        ),
        (
            good().secrets([SECRET, SECRET]),
            "secret 2 of fleet.secret cannot be used: it is the same as the one before",
        ),
        (
            good().redis(&with_password).secrets([SECRET, OTHER]),
            "secret 2 of fleet.secret cannot be used: it is the password of the store, which others have",
        ),
    ] {
        let error = builder.build().unwrap_err().to_string();
        assert_eq!(error, format!("{want}; {way_out}"));
    }
    assert!(good().redis(&with_password).build().is_ok());
    refuses_fleet([
        (
            good().secrets([SECRET, OTHER, SECRET]),
            "fleet.secret is 3: give at most 2",
        ),
        (
            good().secret_file("/nonexistent"),
            "fleet.secret and fleet.secret_file are both set: keep one of them",
        ),
    ]);
}

#[test]
fn numbers_and_durations_have_bounds() {
    let (ms, s) = (Duration::from_millis, Duration::from_secs);
    let day = s(86_400);
    for fleet in [
        good().timeout(ms(10)),
        good().timeout(s(5)),
        good().revocation_keep(s(60)),
        good().revocation_keep(day * 31),
        good().revocations_limit(1),
        good().revocations_limit(100_000),
        good().revocations_at_start(Duration::ZERO),
        good().revocations_at_start(s(300)),
        good().require_revocations_at_start(),
        good().revocations(false).keys(false),
    ] {
        fleet.build().unwrap();
    }
    refuses_fleet([
        (
            good().timeout(ms(9)),
            "fleet.timeout is 9ms: it must be between 10ms and 5s",
        ),
        (
            good().timeout(ms(5001)),
            "fleet.timeout is 5s 1ms: it must be between 10ms and 5s",
        ),
        (
            good().revocation_keep(s(59)),
            "fleet.revocation_keep is 59s: it must be between 1m and 1month 13h 26m 24s",
        ),
        (
            good().revocation_keep(day * 31 + s(1)),
            "fleet.revocation_keep is 1month 13h 26m 25s: it must be between 1m and 1month 13h 26m 24s",
        ),
        (
            good().revocations_limit(0),
            "fleet.revocations_limit is 0: it must be between 1 and 100000",
        ),
        (
            good().revocations_limit(100_001),
            "fleet.revocations_limit is 100001: it must be between 1 and 100000",
        ),
        (
            good().revocations_at_start(s(301)),
            "fleet.revocations_at_start is 5m 1s: it must be between 0s and 5m",
        ),
    ]);
}

#[test]
fn nothing_shows_a_secret() {
    let url = "rediss://hidden-user:hidden-password@cache.internal";
    let builder = good().redis(url);
    let shown = format!("{builder:?} {:?}", builder.clone().build().unwrap());
    let cluster = good().redis_cluster([url]);
    let shown = format!("{shown} {cluster:?} {:?}", cluster.clone().build().unwrap());
    for hidden in ["hidden-", SECRET] {
        assert!(!shown.contains(hidden), "{shown}");
    }
    assert!(shown.contains("cache.internal"), "{shown}");
}

#[test]
fn a_second_fleet_is_an_error() {
    let fleet = good().build().unwrap();
    let config = || {
        JwtAuthConfig::builder()
            .issuer("https://i.example")
            .audience("a")
    };
    assert!(config().fleet(fleet.clone()).build().is_ok());
    let twice = config().fleet(fleet.clone()).fleet(fleet.clone());
    assert_eq!(twice.build().unwrap_err(), ConfigError::FleetTwice);
    let file = read(with(file_with(json!({})))).unwrap();
    assert_eq!(
        file.fleet(fleet).build().unwrap_err(),
        ConfigError::FleetTwice
    );
    assert_eq!(
        ConfigError::FleetTwice.to_string(),
        "there are two fleets: call fleet() once, or set fleet in the file and not in the program"
    );
}

#[test]
fn revocations_are_kept_as_long_as_tokens_live() {
    let (hour, minute) = (Duration::from_secs(3600), Duration::from_secs(60));
    let keep = |fleet: &Fleet| fleet.revocations().unwrap().keep();
    let config = |fleet: &Fleet| {
        let config = JwtAuthConfig::builder().issuer("https://i.example");
        config.audience("a").fleet(fleet.clone())
    };
    let fleet = good().build().unwrap();
    assert_eq!(keep(&fleet), hour * 24, "no configuration yet");
    config(&fleet).max_token_age(hour).build().unwrap();
    assert_eq!(keep(&fleet), hour + minute * 2);
    let shorter = config(&fleet).max_token_age(minute);
    shorter.leeway(minute / 2).build().unwrap();
    assert_eq!(keep(&fleet), hour + minute * 2, "the largest");
    config(&fleet).build().unwrap();
    assert_eq!(keep(&fleet), hour * 24, "a layer without max_token_age");

    let short = good().build().unwrap();
    let second = Duration::from_secs(1);
    let config_of = config(&short).max_token_age(second).leeway(Duration::ZERO);
    config_of.build().unwrap();
    assert_eq!(keep(&short), minute, "never shorter");

    let set = good().revocation_keep(hour * 2).build().unwrap();
    config(&set).build().unwrap();
    assert_eq!(keep(&set), hour * 2);
    let small = good().revocation_keep(minute).build().unwrap();
    assert!(config(&small).leeway(minute).build().is_ok());
    let error = config(&small).leeway(minute * 2).build().unwrap_err();
    assert!(
        matches!(
            error,
            ConfigError::OutOfOrder {
                larger: "fleet.revocation_keep",
                ..
            }
        ),
        "{error}"
    );
}
