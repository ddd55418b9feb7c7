//! C01 to C23, W18 to W20: tokens that are bound to a certificate.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;
use tower::{Layer as _, ServiceExt as _};
use tower_jwt_auth::proof::{CertificateFormat, ClientCertificate, Mtls, PeerAddress};

use super::*;
use crate::support::{capture, read};

mod proxies;

/// Any bytes: no certificate is parsed.
const CERTIFICATE: &[u8] = b"the DER of a certificate";

const OTHER: &[u8] = b"the DER of another certificate";

fn thumbprint(der: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, der))
}

fn by_tls() -> Scene {
    bound(Scene::configured(|config| config.mtls(Mtls::from_tls())))
}

fn by_header() -> Scene {
    bound(Scene::configured(|config| {
        let peers = ["10.0.0.0/8", "::1/128"];
        config.mtls(Mtls::from_header(
            "client-cert",
            CertificateFormat::Rfc9440,
            peers,
        ))
    }))
}

fn bound(mut scene: Scene) -> Scene {
    let cnf = json!({"x5t#S256": thumbprint(CERTIFICATE)});
    scene.token = scene.issuer.mint(RESOURCE).claim("cnf", cnf).sign();
    scene
}

fn bearer(scene: &Scene) -> http::request::Builder {
    Request::post(RESOURCE).header("authorization", format!("Bearer {}", scene.token))
}

fn with_certificate(mut request: Request<Full<Bytes>>, der: &[u8]) -> Request<Full<Bytes>> {
    request
        .extensions_mut()
        .insert(ClientCertificate::from_der(der));
    request
}

fn from_peer(mut request: Request<Full<Bytes>>, peer: &str) -> Request<Full<Bytes>> {
    let peer: IpAddr = peer.parse().unwrap();
    request.extensions_mut().insert(PeerAddress::from(peer));
    request
}

fn header(der: &[u8]) -> String {
    format!(":{}:", STANDARD.encode(der))
}

async fn refused(scene: &Scene, what: &str, request: Request<Full<Bytes>>) {
    let before = scene.inner.calls();
    let answer = scene.answer(request).await;
    assert_eq!(answer.status, 401, "{what}: {answer:?}");
    assert_eq!(answer.json()["error"], "invalid_token", "{what}");
    assert_eq!(scene.inner.calls(), before, "{what}");
    let line = answer.challenge().unwrap();
    assert!(
        line.starts_with("Bearer error=\"invalid_token\""),
        "{what}: {line}"
    );
}

#[tokio::test]
async fn pop_c01_c02_c03_c22_w18_the_certificate_of_the_connection() {
    let scene = by_tls();
    let plain = || bearer(&scene).body(Full::default()).unwrap();
    refused(&scene, "c01", plain()).await;
    refused(&scene, "c02 c03", with_certificate(plain(), OTHER)).await;
    let answer = scene
        .accepts("its own", with_certificate(plain(), CERTIFICATE))
        .await;
    let confirmation = &answer.json()["confirmation"];
    assert_eq!(*confirmation, json!({"x5t#S256": thumbprint(CERTIFICATE)}));
    refused(&scene, "c22", plain()).await;
    refused(&scene, "c22", with_certificate(plain(), OTHER)).await;
}

#[tokio::test]
async fn pop_c06_the_hash_is_of_the_der() {
    let mut scene = by_tls();
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        STANDARD.encode(CERTIFICATE)
    );
    let request =
        |scene: &Scene| with_certificate(bearer(scene).body(Full::default()).unwrap(), CERTIFICATE);
    scene.accepts("of the DER", request(&scene)).await;
    let cnf = json!({"x5t#S256": thumbprint(pem.as_bytes())});
    scene.token = scene.issuer.mint(RESOURCE).claim("cnf", cnf).sign();
    refused(&scene, "of the PEM", request(&scene)).await;
}

#[tokio::test]
async fn pop_c07_c08_bound_to_both() {
    let mut scene = Scene::configured(|config| config.dpop(Dpop::new()).mtls(Mtls::from_tls()));
    let cnf = json!({"jkt": scene.client.jkt(), "x5t#S256": thumbprint(CERTIFICATE)});
    scene.token = scene.issuer.mint(RESOURCE).claim("cnf", cnf).sign();
    let dpop = || scene.request(&scene.proof().sign());
    scene.refuses("c07 none", dpop(), Verdict::Token).await;
    scene
        .refuses(
            "c07 another",
            with_certificate(dpop(), OTHER),
            Verdict::Token,
        )
        .await;
    let bearer = bearer(&scene).body(Full::default()).unwrap();
    refused(&scene, "c08", with_certificate(bearer, CERTIFICATE)).await;
    let bad = scene.request(&scene.proof().claim("htm", "GET").sign());
    scene
        .refuses("a bad proof", with_certificate(bad, CERTIFICATE), URL)
        .await;
    scene
        .accepts("both", with_certificate(dpop(), CERTIFICATE))
        .await;
}

#[tokio::test]
async fn pop_c09_certificates_are_off() {
    let scene = bound(Scene::usual());
    let request = bearer(&scene).body(Full::default()).unwrap();
    refused(&scene, "off", with_certificate(request, CERTIFICATE)).await;
    let on = scene.another(|config| config.mtls(Mtls::from_tls()));
    let request = bearer(&on).body(Full::default()).unwrap();
    on.accepts("on", with_certificate(request, CERTIFICATE))
        .await;
}

#[tokio::test]
async fn pop_c10_c11_c12_c13_who_may_say_it_in_a_header() {
    let scene = by_tls();
    let in_header = |scene: &Scene| {
        let request = bearer(scene).header("client-cert", header(CERTIFICATE));
        request.body(Full::default()).unwrap()
    };
    refused(&scene, "c10", from_peer(in_header(&scene), "10.1.2.3")).await;
    let scene = by_header();
    for peer in ["10.1.2.3", "::1", "::ffff:10.1.2.3"] {
        scene
            .accepts(peer, from_peer(in_header(&scene), peer))
            .await;
    }
    for peer in ["11.0.0.1", "::2", "192.168.0.1"] {
        refused(&scene, "c11", from_peer(in_header(&scene), peer)).await;
    }
    let mut forwarded = from_peer(in_header(&scene), "11.0.0.1");
    forwarded
        .headers_mut()
        .insert("x-forwarded-for", value("10.1.2.3"));
    refused(&scene, "c12", forwarded).await;
    let extension = with_certificate(bearer(&scene).body(Full::default()).unwrap(), CERTIFICATE);
    refused(
        &scene,
        "the extension does not count",
        from_peer(extension, "10.1.2.3"),
    )
    .await;

    let (log, _guard) = capture();
    refused(&scene, "c13", in_header(&scene)).await;
    refused(&scene, "c13", in_header(&scene)).await;
    let log = log.text();
    assert_eq!(log.matches("ERROR").count(), 1, "{log}");
}

#[tokio::test]
async fn pop_c11_the_header_of_a_stranger_is_removed() {
    let scene = by_header();
    let unbound = scene.issuer.mint(RESOURCE).sign();
    for (peer, kept) in [
        (Some("10.1.2.3"), true),
        (Some("11.0.0.1"), false),
        (None, false),
    ] {
        let service = scene.layer.clone().optional().layer(tower::service_fn(
            move |request: Request<Full<Bytes>>| async move {
                assert_eq!(
                    request.headers().contains_key("client-cert"),
                    kept,
                    "{peer:?}"
                );
                Ok::<_, std::convert::Infallible>(http::Response::new(Full::<Bytes>::default()))
            },
        ));
        for token in [Some(&unbound), None] {
            let mut request = Request::post(RESOURCE).header("client-cert", header(CERTIFICATE));
            if let Some(token) = token {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            let request = request.body(Full::default()).unwrap();
            let request = match peer {
                Some(peer) => from_peer(request, peer),
                None => request,
            };
            let answer = read(service.clone().oneshot(request).await.unwrap()).await;
            assert_eq!(answer.status, 200, "{peer:?}");
        }
    }
}

#[tokio::test]
async fn pop_c14_c16_which_header() {
    let scene = by_header();
    let request = |lines: &[(&str, String)]| {
        let mut request = bearer(&scene);
        for (name, value) in lines {
            request = request.header(*name, value);
        }
        from_peer(request.body(Full::default()).unwrap(), "10.1.2.3")
    };
    let own = || ("client-cert", header(CERTIFICATE));
    refused(&scene, "c14 twice", request(&[own(), own()])).await;
    refused(
        &scene,
        "c14 and another",
        request(&[own(), ("client-cert", header(OTHER))]),
    )
    .await;
    let chain = ("client-cert-chain", header(CERTIFICATE));
    refused(&scene, "c16", request(std::slice::from_ref(&chain))).await;
    scene.accepts("once", request(&[own(), chain])).await;
}

#[tokio::test]
async fn pop_c23_only_bound_tokens() {
    let scene = bound(Scene::configured(|config| {
        config.mtls(Mtls::from_tls()).require_bound_tokens(true)
    }));
    let unbound = Request::post(RESOURCE)
        .header(
            "authorization",
            format!("Bearer {}", scene.issuer.mint(RESOURCE).sign()),
        )
        .body(Full::default())
        .unwrap();
    refused(&scene, "unbound", with_certificate(unbound, CERTIFICATE)).await;
    let request = bearer(&scene).body(Full::default()).unwrap();
    scene
        .accepts("bound", with_certificate(request, CERTIFICATE))
        .await;
}

#[tokio::test]
async fn pop_c04_c05_how_the_token_names_the_certificate() {
    let mut scene = by_tls();
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, CERTIFICATE);
    let sha1 = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, CERTIFICATE);
    let hex: String = hash
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let own = thumbprint(CERTIFICATE);
    let request =
        |scene: &Scene| with_certificate(bearer(scene).body(Full::default()).unwrap(), CERTIFICATE);
    for (what, cnf) in [
        (
            "c04 SHA-1",
            json!({"x5t#S256": URL_SAFE_NO_PAD.encode(sha1)}),
        ),
        ("c04 hex", json!({"x5t#S256": hex})),
        ("c04 padded", json!({"x5t#S256": format!("{own}=")})),
        ("c04 empty", json!({"x5t#S256": ""})),
        ("c04 a number", json!({"x5t#S256": 7})),
        ("c05 x5t", json!({"x5t": URL_SAFE_NO_PAD.encode(sha1)})),
        ("c05 x5t#S512", json!({"x5t#S512": own})),
    ] {
        scene.token = scene.issuer.mint(RESOURCE).claim("cnf", cnf).sign();
        refused(&scene, what, request(&scene)).await;
    }
    let scene = bound(scene);
    scene.accepts("x5t#S256", request(&scene)).await;
}

#[cfg(feature = "metrics")]
#[tokio::test]
async fn a_certificate_is_not_counted_as_a_proof() {
    let scene = by_tls();
    let recorder = crate::support::recorder::Recorder::default();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let plain = || bearer(&scene).body(Full::default()).unwrap();
    scene
        .accepts("its own", with_certificate(plain(), CERTIFICATE))
        .await;
    refused(&scene, "another", with_certificate(plain(), OTHER)).await;
    let lines = recorder.lines();
    assert!(
        lines.iter().any(|line| line.contains("accepted_total")),
        "{lines:?}"
    );
    assert!(!lines.iter().any(|line| line.contains("dpop")), "{lines:?}");
}
