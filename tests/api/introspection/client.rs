//! How the server authenticates itself, and secrets that change.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use serde_json::{Value, json};
use tower_jwt_auth::introspection::{ClientAuth, Introspection};
use tower_jwt_auth::keys::{ExchangeLimits, HttpTransport, TransportFuture};
use tower_jwt_auth::test_util::{Fault, TestKey};
use tower_jwt_auth::{Algorithm, JwtAuthConfig, JwtVerifier};

use super::{CLIENT, SECRET, Scene, TOKEN};
use crate::support::{RESOURCE, capture, seconds};

/// A folder that is removed at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let name = format!("introspection-{:016x}", fastrand::u64(..));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn scene(introspection: Introspection) -> Scene {
    Scene::configured(|config, endpoint| {
        config.introspection(introspection.endpoint(endpoint.endpoint()))
    })
}

fn basic(id: &str, secret: &str) -> Option<String> {
    Some(format!(
        "Basic {}",
        STANDARD.encode(format!("{id}:{secret}"))
    ))
}

#[tokio::test(start_paused = true)]
async fn pop_i05_the_ways_to_authenticate() {
    let (id, secret) = ("rs+1", "a b%+/:\u{e9}");
    let new = || Introspection::new(id, secret);
    let encoded = basic("rs%2B1", "a+b%25%2B%2F%3A%C3%A9");
    for (auth, header, in_body) in [
        (ClientAuth::Basic, encoded, false),
        (ClientAuth::BasicUnencoded, basic(id, secret), false),
        (ClientAuth::Post, None, true),
    ] {
        let scene = scene(new().auth(auth));
        // The endpoint of the tests decodes, so it refuses what is not encoded.
        scene.endpoint.require_client(id, secret);
        let status = scene.status(TOKEN).await;
        assert_eq!(
            status == 200,
            auth != ClientAuth::BasicUnencoded,
            "{auth:?}"
        );
        assert_eq!(
            scene.endpoint.last_header("authorization"),
            header,
            "{auth:?}"
        );
        let sent = |name| scene.endpoint.last_parameter(name);
        let want = in_body.then(|| secret.to_owned());
        assert_eq!(sent("client_secret"), want, "{auth:?}");
        assert_eq!(sent("client_id").is_some(), in_body, "{auth:?}");
    }
    let scene = scene(new());
    scene.endpoint.require_client(id, "other");
    scene.unavailable("refused", TOKEN).await;
    assert!(
        scene.last_error().contains("basic_unencoded"),
        "{}",
        scene.last_error()
    );
}

#[tokio::test(start_paused = true)]
async fn pop_i05_a_bearer_token() {
    let folder = Folder::new();
    let path = folder.write("token", "one.two-three\n");
    let scene = scene(Introspection::with_bearer_token_file(path));
    let authorization = || scene.endpoint.last_header("authorization").unwrap();
    scene
        .unavailable("the endpoint wants a client", TOKEN)
        .await;
    assert_eq!(authorization(), "Bearer one.two-three");
}

#[tokio::test(start_paused = true)]
async fn pop_i05_a_private_key() {
    let folder = Folder::new();
    // P-256, for this test.
    let jwk = json!({
        "kty": "EC", "crv": "P-256", "kid": "k1",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
        "d": "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE",
    });
    let path = folder.write("key", jwk.to_string());
    let scene = scene(Introspection::with_private_key_file(CLIENT, path));
    scene.endpoint.require_client(CLIENT, "");
    scene.accepts("asked", TOKEN).await;
    let sent = |name| scene.endpoint.last_parameter(name).unwrap();
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    assert_eq!(sent("client_assertion_type"), kind);
    assert_eq!(scene.endpoint.last_header("authorization"), None);
    let assertion = sent("client_assertion");
    let [header, claims, signature] = assertion.split('.').collect::<Vec<_>>()[..] else {
        panic!("{assertion}");
    };
    let json = |segment: &str| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(segment).unwrap()).unwrap()
    };
    assert_eq!(
        json(header),
        json!({"alg": "ES256", "typ": "JWT", "kid": "k1"})
    );
    let (mut claims, now) = (json(claims), scene.unix());
    let jti = claims.as_object_mut().unwrap().remove("jti").unwrap();
    let want = json!({
        "iss": CLIENT, "sub": CLIENT, "aud": scene.issuer.issuer(), "iat": now, "exp": now + 60,
    });
    assert_eq!(claims, want);
    let signed = &assertion[..assertion.len() - signature.len() - 1];
    let verified = tower_jwt_auth::test_util::internal::verify_raw_signature(
        &jwk,
        tower_jwt_auth::Algorithm::ES256,
        signed.as_bytes(),
        &URL_SAFE_NO_PAD.decode(signature).unwrap(),
    );
    assert_eq!(verified, Ok(()));
    scene.refuses("another", "another").await;
    assert!(!sent("client_assertion").contains(jti.as_str().unwrap()));
    assert_ne!(sent("client_assertion"), assertion);
}

#[tokio::test(start_paused = true)]
async fn pop_s03_a_secret_that_is_replaced() {
    let (log, _guard) = capture();
    let folder = Folder::new();
    let path = folder.write("secret", format!("{SECRET}\n"));
    let mut scene = scene(Introspection::with_client_secret_file(CLIENT, &path));
    scene.accepts("the first", TOKEN).await;
    // The issuer takes the new one at once, and the file has it.
    scene.endpoint.require_client(CLIENT, "second-s3cr3t");
    fs::write(&path, "second-s3cr3t\r\n").unwrap();
    let token = scene.answers(scene.good_with("x", 1));
    scene.accepts("the second", &token).await;
    assert_eq!(scene.endpoint.calls_for(&token), 2);
    let token = scene.answers(scene.good_with("x", 1));
    scene.accepts("from then on", &token).await;
    assert_eq!(scene.endpoint.calls_for(&token), 1);

    // Some endpoints refuse an old secret in another way (RFC 6749 §5.2).
    for status in [400, 403] {
        scene.pass(seconds(2)).await;
        let secret = format!("s3cr3t-after-{status}");
        scene.endpoint.require_client(CLIENT, &secret);
        fs::write(&path, &secret).unwrap();
        scene.endpoint.fail_next(Fault::Status(status), 1);
        let token = scene.answers(scene.good_with("x", 1));
        scene.accepts(&format!("after {status}"), &token).await;
        assert_eq!(scene.endpoint.calls_for(&token), 2, "{status}");
    }

    // Many at once: each of them has been refused, and one of them reads the file.
    scene.pass(seconds(2)).await;
    scene.endpoint.require_client(CLIENT, "third-s3cr3t");
    fs::write(&path, "third-s3cr3t").unwrap();
    let tokens: Vec<_> = (0..40)
        .map(|_| scene.answers(scene.good_with("x", 1)))
        .collect();
    let statuses = tokens.iter().map(|token| scene.status(token));
    let statuses = futures_of(statuses).await;
    assert_eq!(statuses, vec![200; 40]);
    assert_eq!(scene.health().pause, None);

    // A file that cannot be used leaves the old secret in use.
    for content in ["", "\n"] {
        scene.pass(seconds(2)).await;
        scene.endpoint.require_client(CLIENT, "fourth-s3cr3t");
        fs::write(&path, content).unwrap();
        let token = scene.answers(scene.good_with("x", 1));
        scene.unavailable("no secret yet", &token).await;
        assert_eq!(scene.endpoint.calls_for(&token), 1);
        scene.endpoint.require_client(CLIENT, "third-s3cr3t");
        scene.accepts("the old one", &token).await;
    }
    // A change within a second of the last reading is seen at the next refusal after it.
    scene.endpoint.require_client(CLIENT, "fifth-s3cr3t");
    fs::write(&path, "fifth-s3cr3t").unwrap();
    let token = scene.answers(scene.good_with("x", 1));
    scene.unavailable("too soon", &token).await;
    scene.pass(seconds(1)).await;
    scene.accepts("a second later", &token).await;
    assert!(log.counts("credentials_not_replaced") > 0);
    let text = log.text();
    assert!(!text.contains("s3cr3t"), "I52: secrets do not show");
}

/// All of them at once, in order.
async fn futures_of<T>(futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut pending: Vec<_> = futures
        .into_iter()
        .map(|it| Box::pin(tokio::task::unconstrained(it)))
        .collect();
    let mut done: Vec<Option<T>> = pending.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (future, done) in pending.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(output) = future.as_mut().poll(cx)
            {
                *done = Some(output);
            }
        }
        match done.iter().all(Option::is_some) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
    done.into_iter().map(Option::unwrap).collect()
}

#[tokio::test(start_paused = true)]
async fn pop_i05_at_most_two_calls() {
    let folder = Folder::new();
    let path = folder.write("secret", "wrong");
    let scene = scene(Introspection::with_client_secret_file(CLIENT, &path));
    fs::write(&path, "also wrong").unwrap();
    scene.unavailable("twice", TOKEN).await;
    assert_eq!(scene.endpoint.calls(), 2);
    scene.unavailable("within the second", TOKEN).await;
    assert_eq!(scene.endpoint.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn pop_i52_no_secret_and_no_token_is_shown() {
    let (log, _guard) = capture();
    let scene = Scene::usual();
    scene.accepts("good", TOKEN).await;
    scene.refuses("bad", "an-unknown-token").await;
    scene.endpoint.answer_all(401, &[], b"");
    scene.unavailable("refused", "another-unknown-token").await;
    scene.issuer.go_down();
    scene.unavailable("down", "a-third-unknown-token").await;
    let layer = format!("{:?} {:?}", scene.layer, scene.layer.introspection());
    let health = format!("{:?}", scene.health());
    for text in [log.text(), layer, health] {
        for hidden in [
            SECRET,
            TOKEN,
            "unknown-token",
            &STANDARD.encode(format!("{CLIENT}:{SECRET}")),
        ] {
            assert!(!text.contains(hidden), "{hidden}: {text}");
        }
    }
}

/// A line break at the end belongs to a file, and not to a secret that is given as text.
#[tokio::test(start_paused = true)]
async fn pop_i53_a_secret_given_as_text_is_sent_as_it_is() {
    let folder = Folder::new();
    let path = folder.write("secret", "s3cr3t\n");
    for (secret, is_accepted) in [("s3cr3t\n", true), ("s3cr3t", false)] {
        for auth in [ClientAuth::Basic, ClientAuth::Post] {
            let scene = Scene::configured(|config, found| {
                found.require_client(CLIENT, "s3cr3t\n");
                let asking = Introspection::new(CLIENT, secret).auth(auth);
                config.introspection(asking.endpoint(found.endpoint()))
            });
            match is_accepted {
                true => drop(scene.accepts("as it is", TOKEN).await),
                false => drop(scene.unavailable("another", TOKEN).await),
            }
        }
    }
    let scene = Scene::configured(|config, found| {
        found.require_client(CLIENT, "s3cr3t");
        let asking = Introspection::with_client_secret_file(CLIENT, &path);
        config.introspection(asking.endpoint(found.endpoint()))
    });
    scene.accepts("of a file", TOKEN).await;
}

/// Calls follow each other closely, so a connection serves several of them.
#[tokio::test(start_paused = true)]
async fn pop_i09_connections_are_kept() {
    let scene = Scene::usual();
    for _ in 0..20 {
        let token = scene.answers(scene.good_with("x", 1));
        scene.accepts("one after another", &token).await;
    }
    assert_eq!(scene.endpoint.connections(), 1);
    // One that the server has closed is replaced, and the call is made again.
    scene.issuer.go_down();
    scene.issuer.come_up();
    let token = scene.answers(scene.good_with("x", 1));
    scene.accepts("on a new connection", &token).await;
    assert_eq!(scene.endpoint.connections(), 2);
}

/// Notes the headers of each request as `Debug` shows them, and calls every token inactive.
#[derive(Clone, Debug, Default)]
struct Noting(Arc<Mutex<Vec<String>>>);

impl HttpTransport for Noting {
    fn exchange(&self, request: Request<Bytes>, _: ExchangeLimits) -> TransportFuture<'_> {
        let headers = format!("{:?}", request.headers());
        self.0.lock().unwrap().push(headers);
        let mut answer = Response::new(Bytes::from(r#"{"active": false}"#));
        let kind = HeaderValue::from_static("application/json");
        answer.headers_mut().insert("content-type", kind);
        Box::pin(async move { Ok(answer) })
    }
}

/// An HTTP client that logs requests logs what `Debug` shows.
#[tokio::test]
async fn pop_i52_debug_does_not_show_the_secret_in_a_request() {
    let folder = Folder::new();
    let file = folder.write("token", SECRET);
    let new = || Introspection::new(CLIENT, SECRET);
    for (way, introspection) in [
        ("basic", new().auth(ClientAuth::Basic)),
        ("basic_unencoded", new().auth(ClientAuth::BasicUnencoded)),
        ("bearer", Introspection::with_bearer_token_file(file)),
    ] {
        let noting = Noting::default();
        let config = JwtAuthConfig::builder()
            .resource(RESOURCE)
            .issuer("https://idp.test")
            .jwks(json!({"keys": [TestKey::generate(Algorithm::ES256, "k").jwk()]}))
            .introspection(introspection.endpoint("https://idp.test/introspect"))
            .http_transport(noting.clone());
        let verifier = JwtVerifier::new(config.build().unwrap());
        verifier.verify(TOKEN).await.unwrap_err();
        let noted = noting.0.lock().unwrap().clone();
        assert_eq!(noted.len(), 1, "{way}");
        assert!(
            noted[0].contains(r#""authorization": Sensitive"#),
            "{way}: {noted:?}"
        );
    }
}
