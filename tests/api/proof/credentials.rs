//! P83 to P89, P92 and P93: how token and proof are presented.

use tower::{Layer as _, ServiceExt as _};
use tower_jwt_auth::AuthInfo;

use super::*;
use crate::support::read;

fn lines(answer: &Answer) -> Vec<&str> {
    let lines = answer.headers.get_all("www-authenticate").iter();
    lines.map(|line| line.to_str().unwrap()).collect()
}

fn bare(authorization: &[&str], proof: Option<&str>) -> Request<Full<Bytes>> {
    let mut request = Request::post(RESOURCE);
    for line in authorization {
        request = request.header("authorization", *line);
    }
    if let Some(proof) = proof {
        request = request.header("dpop", proof);
    }
    request.body(Full::default()).unwrap()
}

#[tokio::test]
async fn pop_p83_the_scheme_is_off() {
    let scene = Scene::configured(|config| config);
    let unknown = scene.answer(bare(&["Basic abc"], None)).await;
    let dpop = format!("DPoP {}", scene.token);
    let answer = scene
        .answer(bare(&[&dpop], Some(&scene.proof().sign())))
        .await;
    assert_eq!(answer, unknown, "as for any unknown scheme");
    let [line] = lines(&answer)[..] else {
        panic!("{answer:?}");
    };
    assert!(line.starts_with("Bearer "), "{line}");
    let unbound = format!("Bearer {}", scene.issuer.mint(RESOURCE).sign());
    assert_eq!(scene.answer(bare(&[&unbound], None)).await.status, 200);
}

#[tokio::test]
async fn pop_p84_two_authorization_lines() {
    let scene = Scene::usual();
    let (bearer, dpop) = (
        format!("Bearer {}", scene.token),
        format!("DPoP {}", scene.token),
    );
    let proof = scene.proof().sign();
    for both in [[&bearer, &dpop], [&dpop, &bearer], [&dpop, &dpop]] {
        let answer = scene
            .answer(bare(&both.map(String::as_str), Some(&proof)))
            .await;
        assert_eq!(answer.status, 400);
        let [first, second] = lines(&answer)[..] else {
            panic!("{answer:?}");
        };
        assert!(
            first.starts_with("Bearer error=\"invalid_request\""),
            "{first}"
        );
        assert!(
            second.starts_with("DPoP error=\"invalid_request\""),
            "{second}"
        );
    }
    scene
        .accepts("one line", bare(&[&dpop], Some(&proof)))
        .await;
}

#[tokio::test]
async fn pop_p85_w01_how_the_scheme_is_written() {
    let scene = Scene::usual();
    let token = &scene.token;
    let proof = || scene.proof().sign();
    for odd in [
        format!("DPoP {token}, Bearer {token}"),
        format!("DPoP  {token} x"),
        format!("DPoP={token}"),
        format!("DPoP\t{token}"),
        "DPoP".to_owned(),
        "DPoP ".to_owned(),
        format!("DPoP \"{token}\""),
    ] {
        scene
            .refuses(&odd, bare(&[&odd], Some(&proof())), Verdict::Token)
            .await;
    }
    for good in [
        format!("DPoP {token}"),
        format!("dpop {token}"),
        format!("DPOP {token}"),
        format!("DPoP   {token}"),
    ] {
        scene.accepts(&good, bare(&[&good], Some(&proof()))).await;
    }
}

#[tokio::test]
async fn pop_p86_p87_p88_a_bad_token_with_a_good_proof() {
    let scene = Scene::usual();
    let mint = || scene.issuer.mint(RESOURCE).bound_to(&scene.client);
    let forged =
        tower_jwt_auth::test_util::TestKey::generate(tower_jwt_auth::Algorithm::ES256, "forged");
    let since = scene.start.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let long_ago = since.as_secs() - 7200;
    for (what, token) in [
        (
            "p86 expired",
            mint().valid(long_ago, Duration::from_secs(60)).sign(),
        ),
        (
            "p87 another audience",
            mint().claim("aud", "https://other.example").sign(),
        ),
        ("p88 another key", mint().signed_by(Arc::new(forged)).sign()),
    ] {
        let proof = scene.proof().token(&token).sign();
        let request = bare(&[&format!("DPoP {token}")], Some(&proof));
        scene.refuses(what, request, Verdict::Token).await;
    }
    scene.accepts_proof("a good token", &scene.proof()).await;
}

#[tokio::test]
async fn pop_p89_only_bound_tokens() {
    let scene = Scene::configured(|config| config.dpop(Dpop::new()).require_bound_tokens(true));
    let unbound = scene.issuer.mint(RESOURCE).sign();
    let answer = scene
        .answer(bare(&[&format!("Bearer {unbound}")], None))
        .await;
    assert_eq!(answer.status, 401);
    let [line] = lines(&answer)[..] else {
        panic!("{answer:?}");
    };
    assert!(line.starts_with("DPoP error=\"invalid_token\""), "{line}");
    assert!(
        line.contains("error_description=\"The access token is not bound to a key\""),
        "{line}"
    );
    let anonymous = scene.answer(bare(&[], None)).await;
    assert_eq!(lines(&anonymous).len(), 1, "{anonymous:?}");
    assert!(lines(&anonymous)[0].starts_with("DPoP "));
    scene.accepts_proof("a bound one", &scene.proof()).await;
    let usual = Scene::usual();
    let unbound = usual.issuer.mint(RESOURCE).sign();
    let answer = usual
        .answer(bare(&[&format!("Bearer {unbound}")], None))
        .await;
    assert_eq!(answer.status, 200, "without the setting");
}

#[tokio::test]
async fn pop_p92_an_outer_layer_made_something_up() {
    let scene = Scene::configured(|config| config.dpop(Dpop::new()));
    let layer = scene.layer.clone().optional();
    let forged = AuthInfo::for_tests(serde_json::json!({"cnf": {"jkt": scene.client.jkt()}}));
    assert!(forged.is_bound());
    let mut request = bare(&[], None);
    request.extensions_mut().insert(forged.clone());
    let answer = call(&layer, &scene.inner, request).await;
    assert_eq!(answer.body, "nobody");
    let unbound = format!("Bearer {}", scene.issuer.mint(RESOURCE).sign());
    let mut request = bare(&[&unbound], None);
    request.extensions_mut().insert(forged);
    let answer = call(&layer, &scene.inner, request).await;
    assert_eq!(answer.status, 200);
    assert!(!answer.body.contains("confirmation"), "{answer:?}");
}

#[tokio::test]
async fn pop_p93_an_optional_login_with_a_bad_proof() {
    let mut scene = Scene::usual();
    scene.layer = scene.layer.optional();
    let bad = scene.proof().claim("htm", "GET");
    scene.refuses_proof("a bad proof", &bad, URL).await;
    let without = scene.parts().body(Full::default()).unwrap();
    scene.refuses("no proof", without, MISSING).await;
    let answer = scene.answer(bare(&[], Some(&scene.proof().sign()))).await;
    assert_eq!(answer.body, "nobody", "no token");
    scene.accepts_proof("a good proof", &scene.proof()).await;
}

#[tokio::test]
async fn the_headers_are_hidden_or_removed() {
    let scene = Scene::usual();
    let strict = scene.another(|config| config.dpop(Dpop::new()).strip_authorization());
    for (scene, kept) in [(&scene, true), (&strict, false)] {
        let service = scene.layer.layer(tower::service_fn(
            move |request: Request<Full<Bytes>>| async move {
                for name in ["authorization", "dpop"] {
                    let header = request.headers().get(name);
                    assert_eq!(header.is_some(), kept, "{name}");
                    assert!(header.is_none_or(http::HeaderValue::is_sensitive), "{name}");
                }
                Ok::<_, std::convert::Infallible>(http::Response::new(Full::<Bytes>::default()))
            },
        ));
        let request = scene.request(&scene.proof().sign());
        let answer = read(service.oneshot(request).await.unwrap()).await;
        assert_eq!(answer.status, 200);
    }
}
