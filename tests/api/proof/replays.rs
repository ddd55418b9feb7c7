//! P71 to P82 and S05: a proof counts once.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::task::JoinSet;
use tower_jwt_auth::error::CheckError;
use tower_jwt_auth::proof::{ProofId, ReplayFuture, ReplayStore, ReplayStoreError};

use super::*;

#[tokio::test]
async fn pop_p71_p73_p74_p75_the_same_proof_again() {
    let scene = Scene::usual();
    let proof = scene.proof();
    let first = proof.sign();
    scene.accepts("the first time", scene.request(&first)).await;
    scene.refuses("p71", scene.request(&first), USED).await;
    let again = proof.sign();
    assert_ne!(again, first, "another signature");
    scene.refuses("p73", scene.request(&again), USED).await;
    let (signed, signature) = first.rsplit_once('.').unwrap();
    let other = URL_SAFE_NO_PAD.encode(mirrored(&URL_SAFE_NO_PAD.decode(signature).unwrap()));
    let twin = format!("{signed}.{other}");
    scene.refuses("p74", scene.request(&twin), USED).await;
    let elsewhere = Request::post("https://mcp.example.com/other")
        .header("authorization", format!("DPoP {}", scene.token))
        .header(
            "dpop",
            proof.claim("htu", "https://mcp.example.com/other").sign(),
        )
        .body(Full::default())
        .unwrap();
    scene.refuses("p75", elsewhere, USED).await;
    scene.accepts_proof("a new one", &scene.proof()).await;
}

/// The other signature of the same message: (r, n − s).
fn mirrored(signature: &[u8]) -> Vec<u8> {
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
        0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let mut mirrored = signature.to_vec();
    let mut borrow = 0;
    for place in (0..32).rev() {
        let digit = i16::from(ORDER[place]) - i16::from(signature[32 + place]) - borrow;
        borrow = i16::from(digit < 0);
        mirrored[32 + place] = (digit + 256 * borrow) as u8;
    }
    mirrored
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pop_p72_the_same_proof_at_once() {
    let scene = Arc::new(Scene::usual());
    for _ in 0..8 {
        let proof = scene.proof().sign();
        let mut requests = JoinSet::new();
        for _ in 0..32 {
            let (scene, request) = (scene.clone(), scene.request(&proof));
            requests.spawn(async move { scene.answer(request).await.status.as_u16() });
        }
        let statuses = requests.join_all().await;
        let accepted = statuses.iter().filter(|status| **status == 200).count();
        assert_eq!(accepted, 1, "{statuses:?}");
    }
}

#[tokio::test]
async fn pop_p76_p77_the_memory_outlives_the_proof() {
    let scene = Scene::usual();
    let ahead = scene.proof().at(scene.time(59)).sign();
    scene.accepts("59 s ahead", scene.request(&ahead)).await;
    scene.at(118);
    scene.refuses("p76", scene.request(&ahead), USED).await;

    scene.at(0);
    let last = scene.proof().sign();
    let unused = scene.proof().sign();
    scene.at(60);
    scene
        .accepts("in its last second", scene.request(&last))
        .await;
    scene.refuses("p77", scene.request(&last), USED).await;
    scene.at(61);
    for (what, proof) in [("p77 a second later", &last), ("never used", &unused)] {
        let answer = scene.answer(scene.request(proof)).await;
        assert_eq!(answer.status, 401, "{what}");
    }
}

#[tokio::test]
async fn pop_p78_a_full_memory_forgets_nothing_in_silence() {
    let scene = Scene::with(|dpop| dpop.replay_entries(1024));
    let clients: Vec<_> = (0..64).map(|_| TestClient::start()).collect();
    let tokens: Vec<_> = clients
        .iter()
        .map(|client| scene.issuer.mint(RESOURCE).bound_to(client).sign())
        .collect();
    let request = |which: usize, iat: SystemTime, jti: &str| {
        let proof = clients[which]
            .proof("POST", RESOURCE)
            .token(&tokens[which])
            .at(iat);
        Request::post(RESOURCE)
            .header("authorization", format!("DPoP {}", tokens[which]))
            .header("dpop", proof.claim("jti", jti).sign())
            .body(Full::default())
            .unwrap()
    };
    scene
        .accepts("an old proof", request(0, scene.time(-30), "old"))
        .await;
    let (mut accepted, mut refused) = (0, 0);
    for round in 0..48 {
        for which in 0..clients.len() {
            let jti = format!("{round}");
            let answer = scene.answer(request(which, scene.start, &jti)).await;
            match answer.status.as_u16() {
                200 => accepted += 1,
                503 => refused += 1,
                status => panic!("{status}"),
            }
        }
    }
    assert!(
        accepted >= 1024 && refused > 0,
        "{accepted} accepted, {refused} not"
    );
    let replayed = scene.answer(request(0, scene.time(-30), "old")).await;
    assert_eq!(replayed.status, 503, "never accepted");
    assert_eq!(replayed.headers["retry-after"], "1");
    let unseen = scene.answer(request(1, scene.time(-30), "unseen")).await;
    assert_eq!(unseen.status, 503, "below the floor, nobody knows");
    scene
        .accepts("above the floor", request(1, scene.time(30), "new"))
        .await;
}

#[tokio::test]
async fn pop_p79_a_refused_request_does_not_use_up_its_proof() {
    let scene = Scene::configured(|config| {
        config
            .dpop(Dpop::new())
            .required_scopes(["a"])
            .check(|auth| match auth.subject() {
                Some("mallory") => Err(CheckError::InvalidToken),
                _ => Ok(()),
            })
    });
    let token = |subject: &str, scope: &str| {
        let mint = scene.issuer.mint(RESOURCE).bound_to(&scene.client);
        mint.subject(subject).scope(scope).sign()
    };
    let request = |token: &str, proof: ProofBuilder| {
        Request::post(RESOURCE)
            .header("authorization", format!("DPoP {token}"))
            .header("dpop", proof.token(token).claim("jti", "same").sign())
            .body(Full::default())
            .unwrap()
    };
    let good = token("alice", "a");
    let wrong_url = scene.proof().claim("htu", "https://mcp.example.com/x");
    scene.refuses("htu", request(&good, wrong_url), URL).await;
    let refused = token("mallory", "a");
    scene
        .refuses("check", request(&refused, scene.proof()), Verdict::Token)
        .await;
    let answer = scene
        .answer(request(&token("alice", "b"), scene.proof()))
        .await;
    assert_eq!(answer.status, 403);
    scene
        .accepts("the right one", request(&good, scene.proof()))
        .await;
    scene
        .refuses("again", request(&good, scene.proof()), USED)
        .await;
}

/// A shared store that does what the test says.
#[derive(Clone, Debug, Default)]
pub(super) struct Store(Arc<Stored>);

#[derive(Debug, Default)]
struct Stored {
    seen: Mutex<Vec<String>>,
    fails: Mutex<Option<&'static str>>,
    calls: AtomicUsize,
}

impl Store {
    pub(super) fn fails(&self, how: Option<&'static str>) {
        *self.0.fails.lock().unwrap() = how;
    }
}

impl ReplayStore for Store {
    fn first_use(&self, proof: ProofId, until: SystemTime) -> ReplayFuture<'_> {
        let _ = until;
        Box::pin(async move {
            self.0.calls.fetch_add(1, Ordering::SeqCst);
            let fault = *self.0.fails.lock().unwrap();
            match fault {
                Some("errs") => return Err(ReplayStoreError::new("the store is down")),
                Some("hangs") => std::future::pending().await,
                Some("panics") => panic!("a bug of the store"),
                _ => {}
            }
            let mut seen = self.0.seen.lock().unwrap();
            let id = proof.to_string();
            let is_new = !seen.contains(&id);
            seen.push(id);
            Ok(is_new)
        })
    }
}

#[tokio::test(start_paused = true)]
async fn pop_p80_p81_a_shared_store() {
    let store = Store::default();
    let shared =
        |config: JwtAuthConfigBuilder| config.dpop(Dpop::new().replay_store(store.clone()));
    let scene = Scene::configured(shared);
    let other = scene.another(shared);
    scene
        .accepts_proof("the store is asked", &scene.proof())
        .await;
    assert_eq!(store.0.calls.load(Ordering::SeqCst), 1);
    for fault in ["errs", "hangs", "panics"] {
        store.fails(Some(fault));
        let answer = scene.answer(scene.request(&scene.proof().sign())).await;
        assert_eq!(answer.status, 503, "p80 {fault}");
        assert!(answer.headers.contains_key("retry-after"), "p80 {fault}");
        assert!(
            !answer.headers.contains_key("www-authenticate"),
            "p80 {fault}"
        );
    }
    store.fails(None);
    let proof = scene.proof().sign();
    scene.accepts("here", scene.request(&proof)).await;
    let calls = store.0.calls.load(Ordering::SeqCst);
    scene
        .refuses("again here", scene.request(&proof), USED)
        .await;
    assert_eq!(
        store.0.calls.load(Ordering::SeqCst),
        calls,
        "known without asking"
    );
    other.refuses("p81", other.request(&proof), USED).await;
    assert_eq!(store.0.calls.load(Ordering::SeqCst), calls + 1);
    other.accepts_proof("another", &other.proof()).await;
}

#[tokio::test]
async fn pop_p82_one_key_has_a_sixteenth() {
    let scene = Scene::with(|dpop| dpop.replay_entries(1024));
    let mut limited = None;
    for count in 0..=1024 / 16 {
        let answer = scene.answer(scene.request(&scene.proof().sign())).await;
        if answer.status != 200 {
            limited = Some((count, answer));
            break;
        }
    }
    let (count, answer) = limited.expect("one key cannot fill the memory");
    assert_eq!(count, 64);
    assert_eq!(answer.status, 429);
    assert_eq!(answer.headers["retry-after"], "1");
    assert_eq!(answer.json()["error"], "too_many_requests");
    assert!(!answer.headers.contains_key("www-authenticate"));
    let mut other = scene.another(|config| config);
    other.layer = scene.layer.clone();
    other.client = TestClient::start();
    other.token = other.issuer.mint(RESOURCE).bound_to(&other.client).sign();
    other.accepts_proof("another key", &other.proof()).await;
    // When its entries are over, the key may go on.
    scene.at(61);
    let later = scene.proof().at(scene.time(61));
    scene.accepts_proof("a minute later", &later).await;
}

#[tokio::test]
async fn pop_s05_the_clock_of_the_process_moves() {
    let scene = Scene::usual();
    let proofs: Vec<_> = (0..4).map(|_| scene.proof().sign()).collect();
    for (step, seconds) in [0, 30, -30, 0].into_iter().enumerate() {
        scene.at(seconds);
        scene.accepts("new", scene.request(&proofs[step])).await;
        for used in &proofs[..=step] {
            scene.refuses("used", scene.request(used), USED).await;
        }
    }
}

#[tokio::test]
async fn pop_s06_after_a_restart() {
    let store = Store::default();
    let alone = |config: JwtAuthConfigBuilder| config.dpop(Dpop::new());
    let shared =
        |config: JwtAuthConfigBuilder| config.dpop(Dpop::new().replay_store(store.clone()));
    let scene = Scene::configured(alone);
    let proof = scene.proof().sign();
    scene.accepts("before", scene.request(&proof)).await;
    let restarted = scene.another(alone);
    restarted
        .accepts("the memory is empty", restarted.request(&proof))
        .await;
    let scene = Scene::configured(shared);
    let proof = scene.proof().sign();
    scene.accepts("before", scene.request(&proof)).await;
    let restarted = scene.another(shared);
    restarted
        .refuses("the store remembers", restarted.request(&proof), USED)
        .await;
}

#[cfg(feature = "metrics")]
#[tokio::test]
async fn proofs_are_counted_by_their_outcome() {
    use crate::support::recorder::Recorder;

    let scene = Scene::usual();
    let recorder = Recorder::default();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let proof = scene.proof().sign();
    scene.accepts("once", scene.request(&proof)).await;
    scene.refuses("twice", scene.request(&proof), USED).await;
    let late = scene.proof().at(scene.time(-120));
    scene.refuses_proof("late", &late, Verdict::Nonce).await;
    let lines = recorder.lines();
    let accepted = format!(
        "tower_jwt_auth_requests_accepted_total{{issuer={}}} 1",
        scene.issuer.issuer()
    );
    for line in [
        &*accepted,
        "tower_jwt_auth_dpop_proofs_total{outcome=accepted} 1",
        "tower_jwt_auth_dpop_proofs_total{outcome=dpop_proof_replayed} 1",
        "tower_jwt_auth_dpop_proofs_total{outcome=use_dpop_nonce} 1",
        "tower_jwt_auth_dpop_nonce_challenges_total{} 1",
        "tower_jwt_auth_dpop_replays_total{} 1",
    ] {
        assert!(lines.iter().any(|has| has == line), "{line}: {lines:?}");
    }
}
