//! An endpoint that cannot be asked, or whose answer cannot be used: 503, never 401.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::advance;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto::aws_lc_rs};
use tower_jwt_auth::test_util::{Fault, TestIssuer};

use super::client::Folder;
use super::{Scene, TOKEN, asking};
use crate::support::{Counting, RESOURCE, call, capture, request, seconds, until};

#[tokio::test(start_paused = true)]
async fn pop_i05_i06_the_endpoint_refuses_us() {
    let (log, _guard) = capture();
    for (status, body) in [
        (401, r#"{"error":"invalid_client"}"#),
        (401, ""),
        (403, ""),
        (400, r#"{"error":"invalid_request"}"#),
    ] {
        let scene = Scene::usual();
        scene.accepts("at first", TOKEN).await;
        let before = log.counts("introspection_refused");
        scene.endpoint.answer_all(status, &[], body.as_bytes());
        let what = format!("{status} {body}");
        scene.unavailable(&what, "other").await;
        assert_eq!(
            scene.endpoint.calls_for("other"),
            1,
            "{what}: nothing has changed"
        );
        let health = scene.health();
        assert!(health.refused, "{what}");
        assert_eq!((health.calls, health.failures), (2, 1), "{what}");
        assert_eq!(log.counts("introspection_refused"), before + 1, "{what}");
        scene.endpoint.recover();
        let token = scene.answers(scene.good_with("x", 1));
        scene.accepts(&what, &token).await;
        assert!(!scene.health().refused, "{what}");
    }
    let text = log.text();
    assert!(text.contains("POST http://127.0.0.1:"), "{text}");
    assert!(
        text.contains("answered 401 Unauthorized and not 200"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn pop_i06_i07_other_statuses() {
    let (log, _guard) = capture();
    for (status, headers, body, wait) in [
        (404, vec![], "", 1),
        (500, vec![], "", 1),
        (502, vec![("content-type", "text/html")], "<html>", 1),
        (429, vec![("retry-after", "7")], "", 7),
        (503, vec![("retry-after", "3600")], "", 60),
        (
            200,
            vec![("content-type", "text/html")],
            "<html>maintenance</html>",
            1,
        ),
        (204, vec![], "", 1),
    ] {
        let scene = Scene::usual();
        scene.accepts("at first", TOKEN).await;
        let before = log.counts("introspection_failed");
        scene.endpoint.answer_all(status, &headers, body.as_bytes());
        let got = scene.unavailable(&format!("{status}"), "other").await;
        assert_eq!(got, seconds(wait), "{status}");
        assert!(!scene.health().refused, "{status}");
        assert_eq!(log.counts("introspection_failed"), before + 1, "{status}");
        scene.accepts("the answer at hand", TOKEN).await;
    }
}

/// Whose call begins a pause is told how long it lasts.
#[tokio::test(start_paused = true)]
async fn field_s14_a_failure_tells_the_pause_that_it_begins() {
    let mut scene = Scene::usual();
    scene.endpoint.fail(Fault::Status(503));
    let mut longest = Duration::ZERO;
    for n in 0..12 {
        let wait = scene.unavailable("failing", &format!("t{n}")).await;
        let pause = scene.health().pause.unwrap_or_default();
        assert!(wait >= pause, "{n}: {wait:?} and not {pause:?}");
        longest = longest.max(pause);
        scene.pass(pause).await;
    }
    assert!(longest > seconds(10), "{longest:?}");
}

/// RFC 7662 §2.2: the answer has status 200, whatever the body of another one says.
#[tokio::test(start_paused = true)]
async fn pop_i06_another_success_is_no_answer() {
    let body = format!(r#"{{"active":true,"aud":"{RESOURCE}"}}"#);
    let json = [("content-type", "application/json")];
    for status in [201, 203, 206, 200] {
        let scene = Scene::usual();
        scene.endpoint.answer_all(status, &json, body.as_bytes());
        match status {
            200 => drop(scene.accepts("200", "other").await),
            _ => drop(scene.unavailable(&format!("{status}"), "other").await),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn pop_i08_no_answer_ends_with_the_timeout() {
    for fault in [Fault::Hang, Fault::Drip] {
        let scene = Scene::usual();
        scene.accepts("at first", TOKEN).await;
        scene.endpoint.fail(fault);
        let layer = scene.layer.clone();
        let waiting = tokio::spawn(async move {
            let answer = call(&layer, &Counting::default(), request(Some("other"))).await;
            answer.status
        });
        until("it is asked", || scene.endpoint.calls_for("other") == 1).await;
        advance(Duration::from_millis(4900)).await;
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished(), "{fault:?}");
        advance(Duration::from_millis(200)).await;
        assert_eq!(waiting.await.unwrap(), 503, "{fault:?}");
        let error = scene.last_error();
        let want = "the introspection endpoint has not answered within the timeout of 5s";
        assert_eq!(error, want);
    }
}

#[tokio::test(start_paused = true)]
async fn pop_i09_no_connection() {
    let scene = Scene::usual();
    scene.accepts("at first", TOKEN).await;
    scene.issuer.go_down();
    scene.unavailable("refused", "other").await;
    assert!(
        scene.last_error().contains("refused"),
        "{}",
        scene.last_error()
    );
    for (endpoint, why) in [
        (
            "https://introspection.invalid/introspect".to_owned(),
            "the name does not resolve",
        ),
        (asking_over_tls(), "no TLS"),
    ] {
        let scene = Scene::configured(|config, found| {
            config.introspection(asking(found).endpoint(&endpoint))
        });
        scene.unavailable(why, TOKEN).await;
        assert!(
            scene.last_error().contains(&endpoint),
            "{}",
            scene.last_error()
        );
        assert_eq!(scene.endpoint.calls(), 0, "{why}");
    }
}

/// What is behind the certificate answers in the same way each time.
#[tokio::test(start_paused = true)]
async fn pop_i09_the_certificate_of_the_endpoint() {
    let named = (
        include_str!("../keys/over_http/pki/named.pem"),
        include_str!("../keys/over_http/pki/named.key"),
    );
    let expired = (
        include_str!("../keys/over_http/pki/expired.pem"),
        include_str!("../keys/over_http/pki/expired.key"),
    );
    let folder = Folder::new();
    let ca = folder.write("ca.pem", include_str!("../keys/over_http/pki/third.pem"));
    let other = folder.write("other.pem", include_str!("../keys/over_http/pki/other.pem"));
    for (what, certificate, host, ca, why) in [
        ("good", named, "127.0.0.1", &ca, None),
        (
            "another name",
            named,
            "localhost",
            &ca,
            Some("not valid for name"),
        ),
        ("expired", expired, "127.0.0.1", &ca, Some("expired")),
        (
            "of another CA",
            named,
            "127.0.0.1",
            &other,
            Some("UnknownIssuer"),
        ),
    ] {
        let issuer = TestIssuer::start();
        let found = issuer.introspection();
        let port = in_front_of(found.endpoint(), certificate).await;
        let endpoint = format!("https://{host}:{port}/introspect");
        let scene = Scene::of_issuer(issuer, |config, found| {
            let asking = asking(found).endpoint(&endpoint);
            config.ca_file(ca).introspection(asking)
        });
        match why {
            None => drop(scene.accepts(what, TOKEN).await),
            Some(why) => {
                scene.unavailable(what, TOKEN).await;
                let error = scene.last_error();
                assert!(
                    error.contains(&endpoint) && error.contains(why),
                    "{what}: {error}"
                );
            }
        }
        let calls = usize::from(why.is_none());
        assert_eq!(scene.endpoint.calls(), calls, "{what}: the token was shown");
    }
}

/// TLS in front of an endpoint, at this port.
async fn in_front_of(endpoint: &str, (chain, key): (&'static str, &'static str)) -> u16 {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let chain = CertificateDer::pem_slice_iter(chain.as_bytes());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            chain.map(Result::unwrap).collect(),
            PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
        );
    let tls = TlsAcceptor::from(Arc::new(config.unwrap()));
    let address = endpoint.strip_prefix("http://").unwrap();
    let address = address.split('/').next().unwrap().to_owned();
    let listener = TcpListener::bind("localhost:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(mut stream) = tls.accept(stream).await {
                let mut behind = TcpStream::connect(&address).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut behind).await;
            }
        }
    });
    port
}

/// A server that speaks no TLS at an https URL.
fn asking_over_tls() -> String {
    let issuer = Box::leak(Box::new(TestIssuer::start()));
    issuer.introspection().endpoint().replace("http:", "https:")
}

#[tokio::test(start_paused = true)]
async fn pop_i10_a_redirect_is_not_followed() {
    let elsewhere = TestIssuer::start();
    let other = elsewhere.introspection();
    let scene = Scene::usual();
    other.answer("other", scene.good_with("x", 1));
    for status in [301, 302, 307, 308] {
        let location = [("location", other.endpoint())];
        scene.endpoint.answer_all(status, &location, b"");
        scene.unavailable(&format!("{status}"), "other").await;
    }
    assert_eq!(other.calls(), 0);
    scene.endpoint.recover();
    scene.accepts("without one", TOKEN).await;
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test(start_paused = true)]
async fn pop_i11_size_is_counted_after_decompression() {
    let scene = Scene::usual();
    let good = scene.good_with("x", 1).to_string();
    let padded = |length: usize| format!("{good}{}", " ".repeat(length - good.len())).into_bytes();
    let json = ("content-type", "application/json");
    let zipped = [json, ("content-encoding", "gzip")];
    let whole = 64 * 1024;
    scene.endpoint.answer_all(200, &[json], &padded(whole));
    scene.accepts("64 KiB", "a").await;
    scene
        .endpoint
        .answer_all(200, &zipped, &gzip(&padded(whole)));
    scene.accepts("64 KiB, compressed", "b").await;
    let bomb = gzip(&padded(20 * 1024 * 1024));
    for (what, headers, body) in [
        ("a byte more", &[json][..], padded(whole + 1)),
        ("a byte more, compressed", &zipped, gzip(&padded(whole + 1))),
        ("a bomb", &zipped, bomb),
    ] {
        scene.endpoint.answer_all(200, headers, &body);
        scene
            .unavailable(what, what.split(' ').next_back().unwrap())
            .await;
        let error = scene.last_error();
        assert!(error.contains("larger than 65536 bytes"), "{what}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn pop_i12_i13_what_is_no_answer() {
    let (log, _guard) = capture();
    let scene = Scene::usual();
    let good = scene.good_with("x", 1).to_string();
    let json = [("content-type", "application/json")];
    scene.endpoint.answer_all(200, &json, good.as_bytes());
    scene.accepts("the good one", "good").await;
    let texts = [
        "",
        "null",
        "[]",
        &good[..good.len() - 1],
        &format!("{good}{good}"),
    ];
    for (index, text) in texts.into_iter().enumerate() {
        scene.endpoint.answer_all(200, &json, text.as_bytes());
        scene.unavailable(text, &format!("other-{index}")).await;
        assert!(scene.last_error().contains("not one JSON object"), "{text}");
    }
    for media_type in ["text/html", "text/json", "application/jwt", ""] {
        let headers = [("content-type", media_type)];
        scene.endpoint.answer_all(200, &headers, good.as_bytes());
        scene
            .unavailable("I13", &format!("typed-{media_type}").replace('/', "-"))
            .await;
        assert!(
            scene.last_error().contains("its media type is"),
            "{media_type}"
        );
    }
    let html = ("content-type", "text/html");
    let parameter = ("content-type", "application/json; charset=utf-8");
    for headers in [[json[0], html], [html, json[0]], [parameter, html]] {
        scene.endpoint.answer_all(200, &headers, good.as_bytes());
        scene.unavailable("two media types", "two-types").await;
        assert!(scene.last_error().contains("its media type is"));
    }
    scene.endpoint.answer_all(200, &[], good.as_bytes());
    scene.unavailable("no media type", "untyped").await;
    // None of them is told to the caller, or may be the token's fault for good.
    scene.endpoint.recover();
    scene.endpoint.answer("untyped", scene.good_with("x", 1));
    scene.accepts("afterwards", "untyped").await;
    assert!(!log.text().contains("alice"), "answers are not logged");
}

/// As before a key set (RFC 8259 §8.1): the same software writes both.
#[tokio::test(start_paused = true)]
async fn field_f12_a_byte_order_mark_before_an_answer_is_read_over() {
    let scene = Scene::usual();
    let good = scene.good_with("x", 1).to_string();
    let json = [("content-type", "application/json")];
    for (marks, is_read) in [("", true), ("\u{feff}", true), ("\u{feff}\u{feff}", false)] {
        let body = format!("{marks}{good}");
        scene.endpoint.answer_all(200, &json, body.as_bytes());
        let token = format!("token-{}", marks.len());
        match is_read {
            true => drop(scene.accepts(marks, &token).await),
            false => drop(scene.unavailable(marks, &token).await),
        }
    }
}
