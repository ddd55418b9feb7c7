//! Many lists, and many issuers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::json;
use tokio::task::yield_now;
use tower_jwt_auth::JwtAuthLayer;
use tower_jwt_auth::error::RejectionKind;

use super::{GOOD, Tenant, UNKNOWN_ISSUER, config, entries, layer, tasks, tenants};
use crate::support::issuer_in_memory::Answer;
use crate::support::table::outcome;
use crate::support::{RESOURCE, pass, seconds};

#[tokio::test(start_paused = true)]
async fn fleet_f64_a_thousand_lists_under_load() {
    let steady = tenants(["a", "b", "c"]);
    let passing = tenants(["p", "q", "r", "s"]);
    let layer = layer(&steady);
    layer.wait_for_keys().await.unwrap();
    let alone = tasks();
    let (stop, requests) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let load: Vec<_> = steady
        .iter()
        .map(|tenant| {
            let (verifier, tokens) = (layer.verifier(), [tenant.token(), tenant.token()]);
            let (stop, requests) = (stop.clone(), requests.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    for token in &tokens {
                        assert_eq!(outcome(&verifier, token).await, GOOD);
                        requests.fetch_add(1, Ordering::Relaxed);
                    }
                    yield_now().await;
                }
            })
        })
        .collect();
    let verifier = layer.verifier();
    for round in 0..1000_usize {
        // Some come, some go, and the order changes.
        let here = passing.iter().enumerate();
        let here: Vec<_> = here
            .filter(|(number, _)| (round >> number) & 1 == 1)
            .map(|(_, tenant)| tenant)
            .collect();
        let mut list: Vec<_> = steady.iter().chain(here.iter().copied()).collect();
        let places = list.len();
        list.rotate_left(round % places);
        layer.replace_issuers(entries(list)).unwrap();
        if let Some(tenant) = here.first() {
            assert_eq!(outcome(&verifier, &tenant.token()).await, GOOD, "{round}");
        }
        yield_now().await;
    }
    layer.replace_issuers(entries(&steady)).unwrap();
    stop.store(true, Ordering::Relaxed);
    for task in load {
        task.await.unwrap();
    }
    assert!(requests.load(Ordering::Relaxed) > 3000);
    pass(seconds(1)).await;
    assert_eq!(tasks(), alone, "one for each issuer that is left");
    for tenant in &steady {
        assert_eq!(tenant.memory.fetches(), 1, "{}", tenant.name);
    }
    for tenant in &passing {
        assert_eq!(outcome(&verifier, &tenant.token()).await, UNKNOWN_ISSUER);
    }
    drop((layer, verifier));
    pass(seconds(1)).await;
    assert_eq!(tasks(), 0);
}

/// Lists from several threads at once: one of them is in use, whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fleet_f64_lists_from_many_threads() {
    let [one, two, three] = tenants(["one", "two", "three"]);
    let layer = layer([&one]);
    let lists = [
        entries([&one, &two]),
        entries([&two, &three]),
        entries([&three, &one]),
    ];
    let threads: Vec<_> = lists
        .into_iter()
        .map(|list| {
            let layer = layer.clone();
            std::thread::spawn(move || {
                for _ in 0..200 {
                    layer.replace_issuers(list.clone()).unwrap();
                }
            })
        })
        .collect();
    let verifier = layer.verifier();
    while threads.iter().any(|thread| !thread.is_finished()) {
        for tenant in [&one, &two, &three] {
            let kind = verifier
                .verify(&tenant.token())
                .await
                .map_err(|it| it.kind());
            let is_fine = match kind {
                Ok(_) => true,
                Err(kind) => matches!(
                    kind,
                    RejectionKind::InvalidToken | RejectionKind::KeysUnavailable
                ),
            };
            assert!(is_fine, "{kind:?}");
        }
        assert_eq!(layer.keys_health().issuers.len().max(2), 2);
    }
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    assert_eq!(layer.keys_health().issuers.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn fleet_f68_a_thousand_issuers_one_down_and_one_flooded() {
    let names: Vec<_> = (0..1000).map(|number| format!("i{number}")).collect();
    let all: Vec<_> = names.iter().map(|name| Tenant::new(name)).collect();
    let [down, flooded, others @ ..] = &*all else {
        unreachable!()
    };
    let layer = layer([down]);
    layer.replace_issuers(entries(&all)).unwrap();
    let verifier = layer.verifier();
    down.memory.answer(Answer::Hangs);
    let kind = async |token: String| {
        let verdict = verifier.verify(&token).await;
        verdict.map(drop).map_err(|rejection| rejection.kind())
    };
    let waiting = tokio::spawn({
        let (verifier, token) = (layer.verifier(), down.token());
        async move { verifier.verify(&token).await.unwrap_err().kind() }
    });
    pass(seconds(1)).await;
    let (used, idle) = others.split_at(100);
    let began = tokio::time::Instant::now();
    for (number, tenant) in used.iter().enumerate() {
        for junk in 0..10 {
            let kid = format!("junk-{number}-{junk}");
            let header = json!({"alg": "ES256", "kid": kid}).to_string();
            let claims = json!({
                "iss": flooded.name, "aud": RESOURCE, "exp": 4_102_444_800_u64,
            });
            let junk = flooded.key.sign_compact(&header, &claims.to_string());
            assert!(kind(junk).await.is_err());
        }
        for _ in 0..2 {
            assert_eq!(kind(tenant.token()).await, Ok(()), "{}", tenant.name);
        }
        assert_eq!(tenant.memory.fetches(), 1);
    }
    assert_eq!(began.elapsed(), seconds(0), "nobody has waited");
    assert_eq!(kind(flooded.token()).await, Ok(()));
    assert!(flooded.memory.fetches() <= 3);
    assert_eq!(waiting.await.unwrap(), RejectionKind::KeysUnavailable);
    for tenant in idle {
        assert_eq!(tenant.memory.fetches(), 0, "{}", tenant.name);
    }
    down.memory.publish(&[&down.key]);
    pass(seconds(60)).await;
    assert_eq!(kind(down.token()).await, Ok(()));
    // One more is one too many.
    let more = Tenant::new("more");
    let list = entries(all.iter().chain([&more]));
    let error = layer.replace_issuers(list).unwrap_err();
    let text =
        "issuers lists 1001 issuers: give at most 1000, or raise issuers_limit (up to 10000)";
    assert_eq!(error.to_string(), text);
    drop((layer, verifier));
    let roomy = config([&more]).issuers_limit(1001).build().unwrap();
    let layer = JwtAuthLayer::new(roomy);
    let list = entries(all.iter().chain([&more]));
    layer.replace_issuers(list).unwrap();
    assert_eq!(outcome(&layer.verifier(), &more.token()).await, GOOD);
}

#[cfg(feature = "metrics")]
#[tokio::test(start_paused = true)]
async fn fleet_f68_metrics_of_many_issuers_have_no_label() {
    use crate::support::recorder::Recorder;
    let recorder = Recorder::default();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let names: Vec<_> = (0..101).map(|number| format!("i{number:03}")).collect();
    let all: Vec<_> = names.iter().map(|name| Tenant::new(name)).collect();
    let layer = layer(&all[..100]);
    let series = |text: &str| {
        let lines = recorder.lines();
        let found = lines.iter().filter(|line| line.contains(text));
        found
            .map(|it| it.rsplit_once(' ').unwrap().1.to_owned())
            .collect::<Vec<_>>()
    };
    let labelled = "{issuer=i000}";
    let accepted = |labels: &str| series(&format!("requests_accepted_total{labels}"));
    assert_eq!(outcome(&layer.verifier(), &all[0].token()).await, GOOD);
    assert_eq!(accepted(labelled), ["1"]);
    assert_eq!(series("keys_serving"), ["1"]);
    assert!(accepted("{}").is_empty());

    layer.replace_issuers(entries(&all)).unwrap();
    let known = recorder.lines().len();
    for tenant in &all {
        assert_eq!(outcome(&layer.verifier(), &tenant.token()).await, GOOD);
    }
    assert_eq!(accepted(labelled), ["1"]);
    assert_eq!(accepted("{}"), ["101"]);
    assert_eq!(series("fetches_total{outcome=replaced}"), ["100"]);
    assert_eq!(
        series("keys_serving"),
        ["1"],
        "a gauge of all of them says nothing"
    );
    assert_eq!(recorder.lines().len(), known + 4, "{:?}", recorder.lines());

    layer.replace_issuers(entries(&all[..100])).unwrap();
    assert_eq!(outcome(&layer.verifier(), &all[0].token()).await, GOOD);
    assert_eq!(accepted(labelled), ["2"]);
}
