//! A proof counts once in the fleet, and a nonce of one process is good at all.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tower_jwt_auth::config::Issuer;
use tower_jwt_auth::error::CheckError;
use tower_jwt_auth::proof::{Dpop, NonceMode};
use tower_jwt_auth::test_util::internal::fleet::{Fault, MemoryStore, fleet, nonce_secrets};
use tower_jwt_auth::test_util::{ProofBuilder, TestClient};

use super::{A, B};
use crate::proof::{Scene, USED, Verdict, value};
use crate::support::RESOURCE;

/// Processes of one fleet, with the clock, the issuer and the client of one scene.
struct Processes {
    scene: Scene,
    store: MemoryStore,
}

impl Processes {
    fn new() -> Self {
        let (scene, store) = (Scene::usual(), MemoryStore::default());
        Self { scene, store }
    }

    fn dpop(&self, secrets: &[&[u8]]) -> Dpop {
        let fleet = fleet(&self.store, "ns", secrets, &self.scene.clock);
        let dpop = Dpop::new().replay_store(fleet.replays());
        let secrets = nonce_secrets(&fleet);
        secrets.into_iter().fold(dpop, Dpop::nonce_secret)
    }

    fn one(&self, secrets: &[&[u8]]) -> Scene {
        self.with(secrets, |dpop| dpop)
    }

    fn with(&self, secrets: &[&[u8]], change: impl FnOnce(Dpop) -> Dpop) -> Scene {
        let dpop = change(self.dpop(secrets));
        self.scene.another(|config| config.dpop(dpop))
    }
}

async fn unavailable(process: &Scene, proof: &str, what: &str) {
    let before = process.inner.calls();
    let answer = process.answer(process.request(proof)).await;
    assert_eq!(answer.status, 503, "{what}");
    assert_eq!(answer.headers["retry-after"], "1", "{what}");
    assert!(!answer.headers.contains_key("www-authenticate"), "{what}");
    assert_eq!(answer.json()["error"], "temporarily_unavailable", "{what}");
    assert_eq!(process.inner.calls(), before, "{what}");
}

/// Half of the processes have the secrets in the one order, half in the other.
#[tokio::test(start_paused = true)]
async fn fleet_f43_one_proof_at_fifty_processes_at_once() {
    let fleet = Processes::new();
    let processes: Vec<_> = (0..50)
        .map(|at| fleet.one([&[A, B][..], &[B, A]][at % 2]))
        .map(std::sync::Arc::new)
        .collect();
    for delay in [0, 1, 20] {
        fleet.store.set_delay(Duration::from_millis(delay));
        let proof = fleet.scene.proof().sign();
        let mut requests = JoinSet::new();
        for process in &processes {
            let (process, request) = (process.clone(), fleet.scene.request(&proof));
            requests.spawn(async move { process.answer(request).await.status.as_u16() });
        }
        let mut statuses = requests.join_all().await;
        statuses.sort_unstable();
        assert_eq!(statuses[0], 200, "{delay} ms");
        assert!(
            statuses[1..].iter().all(|status| *status == 401),
            "{delay} ms"
        );
    }
    // A proof of its own is good at each.
    for process in &processes {
        process.accepts_proof("its own", &process.proof()).await;
    }
}

/// The part of F20 about proofs: the first rollout, the second and the third, each half done.
#[tokio::test(start_paused = true)]
async fn no_proof_works_twice_while_the_secret_is_replaced() {
    let fleet = Processes::new();
    let steps: [&[&[u8]]; 4] = [&[A], &[A, B], &[B, A], &[B]];
    for step in steps.windows(2) {
        for (first, then) in [(0, 1), (1, 0), (1, 1)] {
            let [first, then] = [first, then].map(|at| fleet.one(step[at]));
            let proof = fleet.scene.proof().sign();
            first.accepts("new", first.request(&proof)).await;
            then.refuses("again", then.request(&proof), USED).await;
            then.accepts_proof("its own", &then.proof()).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn fleet_f44_a_store_that_answers_too_late() {
    let fleet = Processes::new();
    let [here, there] = [(); 2].map(|()| fleet.one(&[A]));
    fleet.store.set_delay(Duration::from_millis(251));
    let late = here.proof().sign();
    let began = Instant::now();
    unavailable(&here, &late, "late").await;
    assert_eq!(began.elapsed(), Duration::from_millis(250));
    // It is not repeated.
    assert_eq!(fleet.store.calls("set_if_absent"), 1);
    fleet.store.set_delay(Duration::from_millis(249));
    here.accepts_proof("the next one", &here.proof()).await;
    // The command is executed although nobody waits for its answer.
    fleet.store.set_fault(Some(Fault::NoAnswer));
    let unanswered = here.proof().sign();
    unavailable(&here, &unanswered, "no answer").await;
    fleet.store.set_fault(None);
    here.refuses("here", here.request(&unanswered), USED).await;
    there
        .refuses("there", there.request(&unanswered), USED)
        .await;
}

/// Nothing but a request with a proof needs the store, and a dead one costs few requests the
/// timeout.
#[tokio::test(start_paused = true)]
async fn fleet_f45_the_store_is_down() {
    let fleet = Processes::new();
    let [here, there] = [(); 2].map(|()| fleet.one(&[A]));
    let used = here.proof().sign();
    here.accepts("while it is up", here.request(&used)).await;
    let bearer = || {
        let token = fleet.scene.issuer.mint(RESOURCE).sign();
        let request = Request::post(RESOURCE).header("authorization", format!("Bearer {token}"));
        request.body(Full::<Bytes>::default()).unwrap()
    };
    for fault in [Fault::Down, Fault::NoAnswer, Fault::Refused] {
        fleet.store.set_fault(Some(fault));
        for process in [&here, &there] {
            for _ in 0..4 {
                unavailable(process, &process.proof().sign(), "down").await;
            }
            let calls = fleet.store.calls("set_if_absent");
            let answer = process.answer(bearer()).await;
            assert_eq!(answer.status, 200, "{fault:?}");
            assert_eq!(fleet.store.calls("set_if_absent"), calls, "{fault:?}");
        }
        here.refuses("known here", here.request(&used), USED).await;
        fleet.store.set_fault(None);
        tokio::time::advance(Duration::from_secs(1)).await;
        here.accepts_proof("up again", &here.proof()).await;
        there.accepts_proof("up again", &there.proof()).await;
    }
    // Three at once find out that nobody answers; after that, one a second.
    fleet.store.set_fault(Some(Fault::NoAnswer));
    let (calls, began) = (fleet.store.calls("set_if_absent"), Instant::now());
    for _ in 0..100 {
        unavailable(&here, &here.proof().sign(), "no answer").await;
    }
    assert_eq!(began.elapsed(), Duration::from_millis(750));
    assert_eq!(fleet.store.calls("set_if_absent") - calls, 3);
    for _ in 0..3 {
        tokio::time::advance(Duration::from_secs(1)).await;
        for _ in 0..10 {
            unavailable(&here, &here.proof().sign(), "no answer").await;
        }
    }
    assert_eq!(fleet.store.calls("set_if_absent") - calls, 6);
}

/// The part of F46 about proofs: `maxmemory` is reached, with `noeviction`.
#[tokio::test(start_paused = true)]
async fn a_full_store_takes_no_proof() {
    let fleet = Processes::new();
    let process = fleet.one(&[A]);
    let used = process.proof().sign();
    process.accepts("before", process.request(&used)).await;
    fleet.store.set_fault(Some(Fault::Full));
    for _ in 0..10 {
        unavailable(&process, &process.proof().sign(), "full").await;
    }
    process.refuses("used", process.request(&used), USED).await;
    fleet.store.set_fault(None);
    process.accepts_proof("room again", &process.proof()).await;
}

#[tokio::test(start_paused = true)]
async fn fleet_f47_only_a_good_request_asks_the_store() {
    let fleet = Processes::new();
    let dpop = fleet.dpop(&[A]);
    let process = fleet.scene.another(|config| {
        config
            .dpop(dpop)
            .required_scopes(["a"])
            .check(|auth| match auth.subject() {
                Some("mallory") => Err(CheckError::InvalidToken),
                _ => Ok(()),
            })
    });
    let mint = || process.issuer.mint(RESOURCE).subject("alice").scope("a");
    let good = mint().bound_to(&process.client).sign();
    let request = |token: &str, proof: ProofBuilder| {
        Request::post(RESOURCE)
            .header("authorization", format!("DPoP {token}"))
            .header("dpop", value(&proof.token(token).sign()))
            .body(Full::<Bytes>::default())
            .unwrap()
    };
    let proof = || process.proof().claim("jti", "same");
    process.accepts("good", request(&good, proof())).await;
    assert_eq!(fleet.store.calls("set_if_absent"), 1);

    let other = TestClient::start();
    let of_other = other.proof("POST", RESOURCE).at(process.start);
    let mallory = mint().bound_to(&process.client).subject("mallory").sign();
    let no_scope = mint().bound_to(&process.client).scope("b").sign();
    let expired = mint().bound_to(&process.client).claim("exp", 1).sign();
    for (what, status, request) in [
        ("used here", 401, request(&good, proof())),
        ("another key", 401, request(&good, of_other.clone())),
        (
            "another URL",
            401,
            request(&good, process.proof().claim("htu", "https://x.example")),
        ),
        (
            "another method",
            401,
            request(&good, process.proof().claim("htm", "GET")),
        ),
        (
            "no jti",
            401,
            request(&good, process.proof().without("jti")),
        ),
        (
            "too old",
            401,
            request(&good, process.proof().at(process.time(-301))),
        ),
        (
            "a nonce of nobody",
            401,
            request(&good, process.proof().claim("nonce", "n")),
        ),
        ("another token", 401, {
            let mut request = request(&good, process.proof());
            let proof = process.proof().token(&mallory).sign();
            request.headers_mut().insert("dpop", value(&proof));
            request
        }),
        ("a signature of nothing", 401, {
            let mut request = request(&good, process.proof());
            let proof = process.proof().token(&good).sign();
            let (signed, _) = proof.rsplit_once('.').unwrap();
            let (_, signature) = good.rsplit_once('.').unwrap();
            let forged = value(&format!("{signed}.{signature}"));
            request.headers_mut().insert("dpop", forged);
            request
        }),
        ("a check", 401, request(&mallory, process.proof())),
        ("a scope", 403, request(&no_scope, process.proof())),
        ("an expired token", 401, request(&expired, process.proof())),
    ] {
        let answer = process.answer(request).await;
        assert_eq!(answer.status, status, "{what}: {answer:?}");
        assert_eq!(fleet.store.calls("set_if_absent"), 1, "{what}");
    }
    // The same `jti` of another key is another proof.
    let theirs = mint().bound_to(&other).sign();
    let same = request(&theirs, of_other.claim("jti", "same"));
    process.accepts("another key", same).await;
    assert_eq!(fleet.store.calls("set_if_absent"), 2);
}

#[tokio::test(start_paused = true)]
async fn fleet_f48_a_nonce_is_good_at_every_process_with_the_secret() {
    let fleet = Processes::new();
    let required = |secrets| fleet.with(secrets, |dpop| dpop.nonce(NonceMode::Required));
    let given = async |process: &Scene| {
        let request = process.request(&process.proof().sign());
        let refused = process.refuses("none", request, Verdict::Nonce).await;
        let nonce = refused.headers["dpop-nonce"].to_str().unwrap();
        nonce.to_owned()
    };
    let with = |nonce: &str| fleet.scene.proof().claim("nonce", nonce);
    let [here, there] = [(); 2].map(|()| required(&[A]));
    let nonce = given(&here).await;
    assert_eq!(nonce, given(&there).await);
    there
        .accepts_proof("of another process", &with(&nonce))
        .await;

    // Another secret: another deployment, or a region of its own.
    let elsewhere = required(&[B]);
    elsewhere
        .refuses_proof("another secret", &with(&nonce), Verdict::Nonce)
        .await;
    let theirs = given(&elsewhere).await;
    there
        .refuses_proof("another secret", &with(&theirs), Verdict::Nonce)
        .await;
    elsewhere.accepts_proof("its own", &with(&theirs)).await;

    // While the secret is replaced, each step knows the nonces of the one before and after.
    let steps: [&[&[u8]]; 4] = [&[A], &[A, B], &[B, A], &[B]];
    for step in steps.windows(2) {
        let [before, after] = [0, 1].map(|at| required(step[at]));
        let (old, new) = (given(&before).await, given(&after).await);
        after.accepts_proof("of the step before", &with(&old)).await;
        before.accepts_proof("of the step after", &with(&new)).await;
    }

    // It has a slice of 60 seconds and five more.
    let last = 360 - fleet_second(&fleet.scene) % 60 - 1;
    for (seconds, is_good) in [(last, true), (last + 1, false)] {
        fleet.scene.at(seconds);
        let late = with(&nonce).at(fleet.scene.time(seconds));
        match is_good {
            true => drop(there.accepts_proof("the last second", &late).await),
            false => {
                there
                    .refuses_proof("a second later", &late, Verdict::Nonce)
                    .await
            }
        }
    }
}

fn fleet_second(scene: &Scene) -> i64 {
    let since = scene.start.duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

/// With `fleet` and `dpop` and nothing else.
#[tokio::test(start_paused = true)]
async fn a_configuration_with_a_fleet_shares_proofs_and_nonces() {
    let fleet = Processes::new();
    let one = |secrets: &[&[u8]]| {
        let of = self::fleet(&fleet.store, "ns", secrets, &fleet.scene.clock);
        let dpop = Dpop::new().nonce(NonceMode::Required);
        fleet.scene.another(|config| config.dpop(dpop).fleet(of))
    };
    let [here, there, elsewhere] = [&[A][..], &[B, A], &[B]].map(one);
    let request = here.request(&here.proof().sign());
    let refused = here.refuses("no nonce", request, Verdict::Nonce).await;
    let nonce = refused.headers["dpop-nonce"].to_str().unwrap();
    let proof = here.proof().nonce(nonce);
    elsewhere
        .refuses_proof("another secret", &proof, Verdict::Nonce)
        .await;
    there
        .accepts_proof("a nonce of another process", &proof)
        .await;
    let used = here.answer(here.request(&proof.sign())).await;
    assert_eq!(used.status, 401, "used at another process");
    assert_eq!(used.json()["error"], "invalid_dpop_proof");
    here.accepts_proof("a new one", &here.proof().nonce(nonce))
        .await;
}

/// A list of issuers with another `leeway`: the clocks of the fleet may differ by as much.
#[tokio::test(start_paused = true)]
async fn proofs_are_remembered_for_the_largest_leeway_of_the_issuers() {
    let fleet = Processes::new();
    let of = self::fleet(&fleet.store, "ns", &[A], &fleet.scene.clock);
    let process = fleet.scene.another(|config| {
        let config = config.dpop(Dpop::new()).leeway(Duration::from_secs(10));
        config.fleet(of)
    });
    let entry = |leeway| {
        let entry = Issuer::new(fleet.scene.issuer.issuer()).jwks(fleet.scene.issuer.jwks());
        entry.leeway(Duration::from_secs(leeway))
    };
    let mut lives = Vec::new();
    for leeway in [None, Some(300), Some(20)] {
        if let Some(leeway) = leeway {
            process.layer.replace_issuers(vec![entry(leeway)]).unwrap();
        }
        let known = fleet.store.names();
        process.accepts_proof("new", &process.proof()).await;
        let names = fleet.store.names();
        let new = names
            .iter()
            .find(|name| name.contains(":dpop:") && !known.contains(name));
        lives.push(fleet.store.life(new.unwrap()).unwrap().as_secs());
    }
    let [before, larger, smaller] = lives[..] else {
        panic!("{lives:?}");
    };
    assert_eq!(larger, before + 290);
    // Another process may still go by the old list.
    assert_eq!(smaller, larger);
}

/// One key may use a share of the memory of each process, with a store too.
#[tokio::test(start_paused = true)]
async fn a_store_changes_nothing_about_the_share_of_one_key() {
    let fleet = Processes::new();
    let [here, there] = [(); 2].map(|()| fleet.with(&[A], |dpop| dpop.replay_entries(1024)));
    for _ in 0..64 {
        here.accepts_proof("its share", &here.proof()).await;
    }
    let one_more = here.proof().sign();
    let calls = fleet.store.calls("set_if_absent");
    let answer = here.answer(here.request(&one_more)).await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.headers["retry-after"], "1");
    assert_eq!(fleet.store.calls("set_if_absent"), calls);
    there
        .accepts("at another process", there.request(&one_more))
        .await;
}
