//! The issuers: what they were asked, the keys that they publish, and their clocks.

use std::time::{Duration, SystemTime};

use tower_jwt_auth::keys::{IssuerHealth, KeysHealth};
use tower_jwt_auth::limits::DEFAULT_LEEWAY;
use tower_jwt_auth::{Algorithm, JwtVerifier};

use crate::advice;
use crate::events::{Event, Events};
use crate::report::Report;
use crate::settings::Wanted;

/// Fetches the keys of each issuer. Returns the events of that.
pub(crate) async fn check(
    verifier: &JwtVerifier,
    wanted: &[Wanted],
    events: &Events,
    report: &mut Report,
) -> Vec<Event> {
    // Returns at the first failure; the others go on.
    let _ = verifier.wait_for_keys().await;
    let health = settled(verifier).await;
    let events = events.take();
    report.heading("requests to the issuers");
    let asked: Vec<_> = events
        .iter()
        .filter(|event| event.is("exchanged"))
        .collect();
    for event in &asked {
        report.note(&request(event));
    }
    if asked.is_empty() {
        report.note("none");
    }
    for issuer in &health.issuers {
        report.heading(&format!("keys of {}", issuer.issuer));
        keys_of(issuer, &events, report);
        let wanted = wanted.iter().find(|wanted| wanted.issuer == issuer.issuer);
        if let Some(allowed) = wanted.and_then(|wanted| wanted.algorithms.as_deref()) {
            compare_algorithms(issuer, allowed, report);
        }
    }
    events
}

/// The health once no issuer's first fetch is under way.
async fn settled(verifier: &JwtVerifier) -> KeysHealth {
    loop {
        let health = verifier.keys_health();
        // Keys that no algorithm allows are there, and verify nothing.
        let is_over = |issuer: &IssuerHealth| {
            issuer.ready || issuer.generation > 0 || issuer.last_error.is_some()
        };
        if health.issuers.iter().all(is_over) {
            return health;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) fn request(event: &Event) -> String {
    let field = |name| event.get(name).unwrap_or("?");
    let (url, took) = (field("url"), field("milliseconds"));
    match event.get("error") {
        Some(error) => format!("{error} ({took} ms)"),
        None => format!(
            "{} {url} answered {} with {} bytes ({took} ms)",
            field("method"),
            field("status"),
            field("bytes")
        ),
    }
}

fn keys_of(issuer: &IssuerHealth, events: &[Event], report: &mut Report) {
    let name = |kid: &Option<String>| match kid {
        Some(kid) => format!("{:?}", shortened(kid)),
        None => "a key without kid".to_owned(),
    };
    match &issuer.last_error {
        Some(error) => not_fetched(&issuer.issuer, error, report),
        None if issuer.keys.is_empty() => {}
        None => {
            let keys: Vec<_> = issuer.keys.iter().map(name).collect();
            report.good(&format!("{} in use: {}", keys.len(), keys.join(", ")));
        }
    }
    for key in &issuer.skipped {
        report.note(&format!("not used: {}: {}", name(&key.kid), key.reason));
    }
    if issuer.beyond_limit > 0 {
        report.note(&format!("{} more keys are not read", issuer.beyond_limit));
    }
    let is_leaked = |event: &Event| {
        event.is("private_key_published") && event.get("issuer") == Some(&*issuer.issuer)
    };
    if events.iter().any(is_leaked) {
        let advice = "The issuer must replace these keys: whoever has read them can sign tokens";
        report.problem(
            "private_key_published",
            "the set holds private keys",
            Some(advice),
        );
    }
}

fn not_fetched(issuer: &str, error: &str, report: &mut Report) {
    // As the library says it, which shortens long names.
    let after = error
        .split_once("speaks for issuer ")
        .map(|(_, after)| after);
    let theirs = after
        .and_then(|after| after.split_once(", not "))
        .map(|(theirs, _)| theirs);
    let Some(theirs) = theirs else {
        report.problem("keys", error, advice::for_fetch(error));
        return;
    };
    let advice = advice::for_other_name("issuer", theirs, issuer);
    report.problem(
        "keys",
        error,
        advice.as_deref().or(advice::for_fetch(error)),
    );
    report.compare([
        ("`issuer` of the metadata", theirs),
        ("`issuer` of the configuration", issuer),
    ]);
}

/// A token needs an algorithm that is allowed and that a key verifies.
fn compare_algorithms(issuer: &IssuerHealth, allowed: &[String], report: &mut Report) {
    let verified: Vec<_> = issuer.algorithms.iter().map(|it| it.name()).collect();
    let is_verified = |name: &String| {
        let algorithm = Algorithm::from_name(name);
        algorithm.is_some_and(|algorithm| issuer.algorithms.contains(&algorithm))
    };
    if verified.is_empty() {
        return;
    }
    let (allowed_here, verified) = (allowed.join(", "), verified.join(", "));
    if allowed.iter().any(is_verified) {
        report.good(&format!(
            "`algorithms` allows {allowed_here}; the keys verify {verified}"
        ));
        return;
    }
    let text = format!(
        "no key fits `algorithms`: it allows {allowed_here}, and the keys verify {verified}"
    );
    let advice = "Every token will be rejected. Set `algorithms` to what the issuer signs with, or \
                  let the issuer sign with one of those";
    report.problem("algorithms", &text, Some(advice));
}

fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

/// Compares the `Date` of each answer with the clock of this machine. The times of a token are
/// those of the issuer's clock.
pub(crate) fn compare_clocks(events: &[Event], report: &mut Report) {
    report.heading("clocks");
    let mut differences = events.iter().filter_map(|event| {
        let difference = seconds_ahead(event)?;
        Some((difference, event.get("url").unwrap_or_default().to_owned()))
    });
    // Answers of one host agree, and a wrong clock is wrong for all of them.
    let Some((ahead, url)) = differences.next() else {
        report.note("not compared: no answer has a Date");
        return;
    };
    let leeway = i64::try_from(DEFAULT_LEEWAY.as_secs()).unwrap_or(i64::MAX);
    let side = if ahead < 0 { "behind" } else { "ahead of" };
    let text = format!(
        "{url} is {} s {side} the clock of this machine",
        ahead.unsigned_abs()
    );
    match ahead.abs() {
        0..=EXACT => report.good("the clocks agree"),
        difference if difference <= leeway => report.note(&text),
        _ => {
            let advice = "Set the clock of this machine by NTP, or tell the issuer";
            report.problem("clock", &text, Some(advice));
        }
    }
}

/// A cached answer has the date at which it was made, and says how long ago that was (RFC 9111
/// §5.1).
fn seconds_ahead(event: &Event) -> Option<i64> {
    let date = httpdate::parse_http_date(event.get("date")?).ok()?;
    let age = event.get("age").and_then(|age| age.parse().ok());
    let theirs = unix(date).checked_add(age.unwrap_or(0))?;
    Some(theirs.saturating_sub(unix(event.at)))
}

fn unix(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs().try_into().unwrap_or(i64::MAX))
}

/// `Date` has whole seconds, and an answer takes a moment to arrive.
const EXACT: i64 = 2;
