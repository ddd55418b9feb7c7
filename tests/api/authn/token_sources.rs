//! Tokens in other places than `Authorization` (row FIELD F20), through the layer and the verifier.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer as _, ServiceExt as _, service_fn};
use tower_jwt_auth::config::TokenSource;
use tower_jwt_auth::test_util::TestIssuer;
use tower_jwt_auth::{AuthInfo, JwtAuthLayer, JwtVerifier};

use crate::support::{Answer, Counting, RESOURCE, call, config, request};

fn all() -> [TokenSource; 4] {
    [
        TokenSource::authorization(),
        TokenSource::header("Cf-Access-Jwt-Assertion"),
        TokenSource::cookie("__Host-token"),
        TokenSource::websocket_protocol("bearer"),
    ]
}

fn with(headers: &[(&'static str, String)]) -> Request<Full<Bytes>> {
    let mut request = request(None);
    for (name, value) in headers {
        request.headers_mut().append(*name, value.parse().unwrap());
    }
    request
}

#[tokio::test]
async fn field_f20_a_token_is_read_where_it_is_said_to_be() {
    let issuer = TestIssuer::start();
    let token = issuer.mint(RESOURCE).subject("alice").sign();
    let expired = issuer.mint(RESOURCE).claim("iat", 0).claim("exp", 1).sign();
    let by_default = JwtAuthLayer::new(config(&issuer).build().unwrap());
    let set = config(&issuer).token_sources(all()).build().unwrap();
    let (layer, verifier) = (JwtAuthLayer::new(set.clone()), JwtVerifier::new(set));
    for (place, value) in [
        ("cf-access-jwt-assertion", "{}"),
        ("cookie", "a=1; __Host-token={}"),
        ("sec-websocket-protocol", "mcp, bearer, {}"),
        ("authorization", "Bearer {}"),
    ] {
        let headers = |token: &str| [(place, value.replace("{}", token))];
        for (token, status) in [(&token, 200), (&expired, 401)] {
            let inner = Counting::default();
            let answer = call(&layer, &inner, with(&headers(token))).await;
            assert_eq!(answer.status, status, "{place}");
            assert_eq!(inner.calls(), u64::from(status == 200), "{place}");
            let (parts, _) = with(&headers(token)).into_parts();
            let verdict = verifier.verify_request(&parts).await;
            assert_eq!(verdict.is_ok(), status == 200, "{place}");
            if let Ok(auth) = verdict {
                assert_eq!((auth.subject(), auth.token()), (Some("alice"), &**token));
            }
        }
        let inner = Counting::default();
        let answer = call(&by_default, &inner, with(&headers(&token))).await;
        let is_default = place == "authorization";
        assert_eq!(answer.status == 200, is_default, "{place}");
        assert_eq!(inner.calls(), u64::from(is_default), "{place}");
    }
    // The query is no source.
    let mut request = request(None);
    *request.uri_mut() = format!("/mcp?access_token={token}").parse().unwrap();
    assert_eq!(
        call(&layer, &Counting::default(), request).await.status,
        401
    );
}

#[tokio::test]
async fn field_f20_two_values_of_one_source_are_400() {
    let issuer = TestIssuer::start();
    let token = issuer.mint(RESOURCE).sign();
    let config = config(&issuer).token_sources(all()).build().unwrap();
    let layer = JwtAuthLayer::new(config).optional();
    let header = ("cf-access-jwt-assertion", token.clone());
    let cookie = ("cookie", format!("__Host-token={token}"));
    let inner = Counting::default();
    for (headers, status) in [
        (vec![header.clone()], 200),
        (vec![header.clone(), header.clone()], 400),
        (vec![cookie.clone()], 200),
        (vec![cookie.clone(), cookie.clone()], 400),
        // Only the first source that is present is looked at.
        (vec![header.clone(), cookie.clone(), cookie.clone()], 200),
    ] {
        let before = inner.calls();
        let answer = call(&layer, &inner, with(&headers)).await;
        assert_eq!(answer.status, status, "{headers:?}");
        assert_eq!(inner.calls() > before, status == 200);
        if status == 400 {
            assert_eq!(
                answer.body,
                r#"{"error":"invalid_request","error_description":"The request carries more than one access token"}"#
            );
        }
    }
}

/// The request that the service sees: its headers as `Debug` prints them, and whether it has a
/// caller.
async fn seen(layer: &JwtAuthLayer, headers: &[(&'static str, String)]) -> (String, bool) {
    let service = layer.layer(service_fn(async |request: Request<Full<Bytes>>| {
        let is_verified = request.extensions().get::<AuthInfo>().is_some();
        let text = format!("{is_verified} {:?}", request.headers());
        Ok::<_, std::convert::Infallible>(Response::new(Full::from(text)))
    }));
    let response = service.oneshot(with(headers)).await.unwrap();
    let Answer { body, .. } = crate::support::read(response).await;
    let (is_verified, headers) = body.split_once(' ').unwrap();
    (headers.to_owned(), is_verified == "true")
}

#[tokio::test]
async fn field_f20_the_service_does_not_see_the_token() {
    let issuer = TestIssuer::start();
    let token = issuer.mint(RESOURCE).sign();
    let config = config(&issuer).token_sources(all());
    let hiding = JwtAuthLayer::new(config.clone().build().unwrap());
    let stripping = JwtAuthLayer::new(config.strip_authorization().build().unwrap());
    for (place, value, left) in [
        ("authorization", "Bearer {}", None),
        ("cf-access-jwt-assertion", "{}", None),
        ("cookie", "a=1; __Host-token={}; b=2", Some("a=1; b=2")),
        (
            "sec-websocket-protocol",
            "bearer, {}, mcp",
            Some("bearer, mcp"),
        ),
    ] {
        let headers = [(place, value.replace("{}", &token))];
        let (hidden, is_verified) = seen(&hiding, &headers).await;
        assert!(is_verified, "{place}");
        assert_eq!(hidden, format!("{{\"{place}\": Sensitive}}"));
        let (stripped, is_verified) = seen(&stripping, &headers).await;
        assert!(is_verified, "{place}");
        match left {
            None => assert_eq!(stripped, "{}"),
            Some(left) => assert_eq!(stripped, format!("{{\"{place}\": \"{left}\"}}")),
        }
    }
}
