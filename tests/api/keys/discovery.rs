//! The URLs at which the metadata of an issuer may be, when some of them do not answer, and what is
//! asked again after a failure.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::json;
use tokio::time::{Instant, sleep};
use tower_jwt_auth::keys::{ExchangeLimits, HttpTransport, TransportFuture};
use tower_jwt_auth::test_util::TestKey;
use tower_jwt_auth::{Algorithm, JwtAuthConfig, JwtVerifier};

use super::{pass, seconds, took};
use crate::support::capture;

const OAUTH: &str = "/.well-known/oauth-authorization-server/t";
const INSERTED: &str = "/.well-known/openid-configuration/t";
const APPENDED: &str = "/t/.well-known/openid-configuration";
const KEYS: &str = "/keys";

/// What a path answers.
#[derive(Clone, Copy, Debug)]
enum Does {
    /// The document that belongs there, at once.
    Answers,
    AnswersAfter(u64),
    Hangs,
    Status(u16),
    /// Metadata of another issuer.
    Impersonates,
    /// What is there is no key set.
    IsBroken,
}
use Does::*;

/// An issuer `https://idp.test/t` whose paths each do something else. It notes what it is asked
/// for.
#[derive(Clone, Debug)]
struct Site(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    does: Vec<(&'static str, Does)>,
    jwks: String,
    asked: Vec<(String, Instant)>,
}

impl Site {
    fn new(oauth: Does, inserted: Does, appended: Does) -> Self {
        let key = TestKey::generate(Algorithm::ES256, "k");
        Self(Arc::new(Mutex::new(State {
            does: vec![
                (OAUTH, oauth),
                (INSERTED, inserted),
                (APPENDED, appended),
                (KEYS, Answers),
            ],
            jwks: json!({"keys": [key.jwk()]}).to_string(),
            asked: Vec::new(),
        })))
    }

    fn now(&self, path: &'static str, does: Does) {
        let mut state = self.0.lock().unwrap();
        let entry = state.does.iter_mut().find(|(own, _)| *own == path);
        entry.unwrap().1 = does;
    }

    fn verifier(&self) -> JwtVerifier {
        let config = JwtAuthConfig::builder()
            .audience("a")
            .issuer("https://idp.test/t")
            .http_transport(self.clone());
        JwtVerifier::new(config.build().unwrap())
    }

    /// The paths asked for since the last call, and after how many milliseconds.
    fn asked(&self, since: Instant) -> Vec<(String, u128)> {
        let asked = std::mem::take(&mut self.0.lock().unwrap().asked);
        let after = |(path, at): (String, Instant)| (path, (at - since).as_millis());
        asked.into_iter().map(after).collect()
    }

    fn paths(&self) -> Vec<String> {
        let asked = std::mem::take(&mut self.0.lock().unwrap().asked);
        asked.into_iter().map(|(path, _)| path).collect()
    }
}

impl HttpTransport for Site {
    fn exchange(&self, request: Request<Bytes>, _: ExchangeLimits) -> TransportFuture<'_> {
        let path = request.uri().path().to_owned();
        let mut state = self.0.lock().unwrap();
        state.asked.push((path.clone(), Instant::now()));
        let does = state.does.iter().find(|(own, _)| *own == path).unwrap().1;
        let issuer = match does {
            Impersonates => "https://other.test",
            _ => "https://idp.test/t",
        };
        let body = match (&does, path.as_str()) {
            (IsBroken, _) => "maintenance".to_owned(),
            (_, KEYS) => state.jwks.clone(),
            // Each names itself, so that the log shows which one was used.
            (_, _) => json!({"issuer": issuer, "jwks_uri": "https://idp.test/keys"}).to_string(),
        };
        drop(state);
        Box::pin(async move {
            let mut answer = Response::new(Bytes::from(body));
            match does {
                AnswersAfter(milliseconds) => sleep(Duration::from_millis(milliseconds)).await,
                Hangs => std::future::pending().await,
                Status(code) => *answer.status_mut() = code.try_into().unwrap(),
                Answers | Impersonates | IsBroken => {}
            }
            Ok(answer)
        })
    }
}

#[tokio::test(start_paused = true)]
async fn field_f07_a_url_that_never_answers_does_not_keep_the_others_from_being_asked() {
    // (what the three do, when which is asked in milliseconds, when the keys are there)
    type Row = ([Does; 3], &'static [(&'static str, u128)]);
    let rows: [Row; 9] = [
        ([Answers, Hangs, Hangs], &[(OAUTH, 0), (KEYS, 0)]),
        // One that fails is followed at once.
        (
            [Status(404), Answers, Hangs],
            &[(OAUTH, 0), (INSERTED, 0), (KEYS, 0)],
        ),
        (
            [Impersonates, Status(500), Answers],
            &[(OAUTH, 0), (INSERTED, 0), (APPENDED, 0), (KEYS, 0)],
        ),
        // One that hangs has a fifth of the five seconds, and counts until three are over.
        (
            [Hangs, Hangs, Answers],
            &[(OAUTH, 0), (INSERTED, 1000), (APPENDED, 2000), (KEYS, 3000)],
        ),
        (
            [Hangs, Status(404), Answers],
            &[(OAUTH, 0), (INSERTED, 1000), (APPENDED, 1000), (KEYS, 3000)],
        ),
        (
            [Hangs, Answers, Answers],
            &[(OAUTH, 0), (INSERTED, 1000), (KEYS, 3000)],
        ),
        // A slow one wins over those that it is preferred to.
        (
            [AnswersAfter(1500), Answers, Answers],
            &[(OAUTH, 0), (INSERTED, 1000), (KEYS, 1500)],
        ),
        // And is used when nothing else can be, however late.
        (
            [AnswersAfter(4000), Status(404), Status(404)],
            &[(OAUTH, 0), (INSERTED, 1000), (APPENDED, 1000), (KEYS, 4000)],
        ),
        (
            [Hangs, AnswersAfter(1200), AnswersAfter(100)],
            &[(OAUTH, 0), (INSERTED, 1000), (APPENDED, 2000), (KEYS, 3000)],
        ),
    ];
    for ([oauth, inserted, appended], expected) in rows {
        let site = Site::new(oauth, inserted, appended);
        let began = Instant::now();
        site.verifier().wait_for_keys().await.unwrap();
        let asked = site.asked(began);
        let asked: Vec<_> = asked
            .iter()
            .map(|(path, at)| (path.as_str(), *at))
            .collect();
        assert_eq!(asked, expected, "{oauth:?} {inserted:?} {appended:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn field_f07_the_url_that_worked_is_asked_first() {
    let site = Site::new(Hangs, Status(404), Answers);
    let verifier = site.verifier();
    verifier.wait_for_keys().await.unwrap();
    site.paths();
    pass(seconds(481)).await;
    assert_eq!(site.paths(), [APPENDED, KEYS], "at once, and no other");
    // When it fails, the others are asked in their order.
    site.now(APPENDED, Status(404));
    site.now(INSERTED, Answers);
    pass(seconds(481)).await;
    assert_eq!(site.paths(), [APPENDED, OAUTH, INSERTED, KEYS]);
    site.now(OAUTH, Answers);
    pass(seconds(481)).await;
    assert_eq!(site.paths(), [INSERTED, KEYS]);
}

#[tokio::test(start_paused = true)]
async fn field_f07_the_log_names_each_url_and_its_outcome() {
    let (log, _guard) = capture();
    let site = Site::new(Hangs, Status(404), Impersonates);
    let waited = took(async {
        let error = site
            .verifier()
            .wait_for_keys()
            .await
            .unwrap_err()
            .to_string();
        for part in [
            "https://idp.test/.well-known/oauth-authorization-server/t has not answered",
            "GET https://idp.test/.well-known/openid-configuration/t answered 404",
            "https://idp.test/t/.well-known/openid-configuration speaks for issuer",
        ] {
            assert!(error.contains(part), "{part}: {error}");
            assert!(log.text().contains(part), "{part}");
        }
    });
    assert!(waited.await <= seconds(5));
    // All that hang are named too, and so is a key set that hangs.
    let error = Site::new(Hangs, Hangs, Hangs)
        .verifier()
        .wait_for_keys()
        .await;
    let error = error.unwrap_err().to_string();
    assert_eq!(error.matches("has not answered").count(), 3, "{error}");
    let site = Site::new(Answers, Answers, Answers);
    site.now(KEYS, Hangs);
    let error = site
        .verifier()
        .wait_for_keys()
        .await
        .unwrap_err()
        .to_string();
    let named = "GET https://idp.test/keys has not answered within the timeout of 5s";
    assert!(error.contains(named), "{error}");
    // When one is found, the others are named at debug.
    Site::new(Status(404), Answers, Hangs)
        .verifier()
        .wait_for_keys()
        .await
        .unwrap();
    assert_eq!(log.counts("metadata_found"), 2, "{}", log.text());
    let unasked = "https://idp.test/t/.well-known/openid-configuration was not asked";
    assert!(log.text().contains(unasked));
}

#[tokio::test(start_paused = true)]
async fn field_f17_metadata_is_used_again_after_a_failed_key_fetch() {
    for (name, broken, pause) in [
        ("a rate limit", Status(429), 1),
        ("not a key set", IsBroken, 1),
        ("no answer", Hangs, 6),
    ] {
        let site = Site::new(Answers, Answers, Answers);
        site.now(KEYS, broken);
        let verifier = site.verifier();
        verifier.wait_for_keys().await.unwrap_err();
        assert_eq!(site.paths(), [OAUTH, KEYS], "{name}");
        pass(seconds(pause)).await;
        assert_eq!(site.paths(), [KEYS], "{name}: the next attempt");
        let mut paths = Vec::new();
        while paths.len() < 2 {
            pass(seconds(1)).await;
            paths = site.paths();
        }
        // Until the document is a minute old; then it is read again.
        assert_eq!(paths, [OAUTH, KEYS], "{name}");
        site.now(KEYS, Answers);
        pass(seconds(40)).await;
        assert!(verifier.keys_health().is_ready(), "{name}");
        site.paths();
        pass(seconds(481)).await;
        assert_eq!(
            site.paths(),
            [OAUTH, KEYS],
            "{name}: after a success it is read again"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn field_f17_metadata_older_than_a_minute_is_read_again() {
    let site = Site::new(Answers, Answers, Answers);
    let verifier = site.verifier();
    verifier.wait_for_keys().await.unwrap();
    site.paths();
    // The metadata fails: what the last success read is not used instead.
    site.now(OAUTH, Status(500));
    site.now(INSERTED, Status(500));
    site.now(APPENDED, Status(500));
    pass(seconds(484)).await;
    assert!(!site.paths().contains(&KEYS.to_owned()));
}
