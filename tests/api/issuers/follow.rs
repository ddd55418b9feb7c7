//! What follows a new list: verifiers, hooks, metadata, introspection.

use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use tower_jwt_auth::config::Issuer;
use tower_jwt_auth::introspection::Introspection;
use tower_jwt_auth::service::MetadataRoutes;
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer, JwtVerifier};

use super::{GOOD, UNKNOWN_ISSUER, config, entries, layer, tenants};
use crate::support::table::outcome;
use crate::support::{Counting, RESOURCE, call, read, request};

#[tokio::test(start_paused = true)]
async fn fleet_f64_verifiers_and_hooks_follow() {
    let [one, two] = tenants(["one", "two"]);
    let plain = layer([&one]);
    let hooked = plain.clone().on_rejection(|rejection, _| {
        let mut response = rejection.to_response();
        let mark = http::HeaderValue::from_static("1");
        response.headers_mut().insert("x-hook", mark);
        response
    });
    let (before, of_hooked) = (plain.verifier(), hooked.verifier());
    let inner = Counting::default();
    // Whichever of them replaces the issuers, all of them follow.
    let replacing: [&dyn Fn(Vec<Issuer>); 4] = [
        &|list| plain.replace_issuers(list).unwrap(),
        &|list| hooked.replace_issuers(list).unwrap(),
        &|list| before.replace_issuers(list).unwrap(),
        &|list| of_hooked.replace_issuers(list).unwrap(),
    ];
    for replace in replacing {
        for (trusted, other) in [(&two, &one), (&one, &two)] {
            replace(entries([trusted]));
            for verifier in [&before, &of_hooked, &plain.verifier(), &hooked.verifier()] {
                assert_eq!(outcome(verifier, &trusted.token()).await, GOOD);
                assert_eq!(outcome(verifier, &other.token()).await, UNKNOWN_ISSUER);
            }
            for (layer, has_hook) in [(&plain, false), (&hooked, true)] {
                let answer = call(layer, &inner, request(Some(&trusted.token()))).await;
                assert_eq!(answer.status, 200);
                // Rejections with an issuer, and without one.
                let expired = trusted.token_for("elsewhere");
                for token in [&expired, &other.token()] {
                    let answer = call(layer, &inner, request(Some(token))).await;
                    assert_eq!(answer.status, 401);
                    assert_eq!(answer.headers.contains_key("x-hook"), has_hook);
                }
            }
        }
    }
    // One that is alone with its hook keeps it, and so do the issuers that stay.
    drop((plain, before));
    hooked.replace_issuers(entries([&one, &two])).unwrap();
    let plain_again = hooked.clone().on_rejection(|it, _| it.to_response());
    hooked.replace_issuers(entries([&one])).unwrap();
    for (layer, has_hook) in [(&hooked, true), (&plain_again, false)] {
        let token = one.token_for("elsewhere");
        let answer = call(layer, &inner, request(Some(&token))).await;
        assert_eq!(answer.headers.contains_key("x-hook"), has_hook);
    }
}

/// Two layers of one configuration have nothing in common.
#[tokio::test(start_paused = true)]
async fn fleet_f64_another_layer_of_the_configuration_stays() {
    let [one, two] = tenants(["https://one.example", "https://two.example"]);
    let config = config([&one]).build().unwrap();
    let (first, second) = (
        JwtAuthLayer::new(config.clone()),
        JwtAuthLayer::new(config.clone()),
    );
    let alone = JwtVerifier::new(config);
    first.replace_issuers(entries([&two])).unwrap();
    assert_eq!(outcome(&first.verifier(), &two.token()).await, GOOD);
    for verifier in [&second.verifier(), &alone] {
        assert_eq!(outcome(verifier, &one.token()).await, GOOD);
        assert_eq!(outcome(verifier, &two.token()).await, UNKNOWN_ISSUER);
    }
    assert_eq!(servers(&first), json!(["https://two.example"]));
    assert_eq!(servers(&second), json!(["https://one.example"]));
}

fn servers(layer: &JwtAuthLayer) -> Value {
    let document = layer.resource_metadata().unwrap().document();
    let document: Value = serde_json::from_slice(&document).unwrap();
    document["authorization_servers"].clone()
}

const PATH: &str = "/.well-known/oauth-protected-resource/mcp";

#[tokio::test]
async fn fleet_f64_the_metadata_follows() {
    let url = |name: &str| format!("https://{name}.example");
    let entry = |name: &str| Issuer::new(url(name));
    let builder = || JwtAuthConfig::builder().resource(RESOURCE);
    let layer = |name: &str| JwtAuthLayer::new(builder().add_issuer(entry(name)).build().unwrap());
    let (first, second) = (layer("a"), layer("z"));
    let alone = first.metadata_router::<()>();
    let service = first.resource_metadata().unwrap().clone();
    let joined = MetadataRoutes::of([&first, &second]);
    let (joined_at, joined) = (joined.at(PATH).unwrap().clone(), joined.router::<()>());
    let get = || Request::get(format!("https://h{PATH}"));
    let request = || get().body(Full::<bytes::Bytes>::default()).unwrap();
    let for_a_router = || get().body(axum::body::Body::empty()).unwrap();
    let of = |body: &str| {
        let document: Value = serde_json::from_str(body).unwrap();
        document["authorization_servers"].clone()
    };
    let seen = async || {
        let by_router = alone.clone().oneshot(for_a_router()).await.unwrap();
        let by_service = service.clone().oneshot(request()).await.unwrap();
        let by_layer = call(&first, &Counting::default(), request()).await;
        let bodies = [
            read(by_router).await.body,
            read(by_service).await.body,
            by_layer.body,
        ];
        let both = joined.clone().oneshot(for_a_router()).await.unwrap();
        let both = read(both).await.body;
        assert_eq!(both.as_bytes(), joined_at.document());
        for body in &bodies {
            assert_eq!(of(body), of(&bodies[0]));
        }
        (of(&bodies[0]), of(&both))
    };
    assert_eq!(
        seen().await,
        (json!([url("a")]), json!([url("a"), url("z")]))
    );
    for (list, alone, both) in [
        (vec!["b", "a"], vec!["b", "a"], vec!["b", "a", "z"]),
        (vec!["a", "b"], vec!["a", "b"], vec!["a", "b", "z"]),
        (vec!["z"], vec!["z"], vec!["z"]),
    ] {
        first
            .replace_issuers(list.into_iter().map(entry).collect())
            .unwrap();
        let urls = |names: Vec<&str>| Value::from_iter(names.into_iter().map(url));
        assert_eq!(seen().await, (urls(alone), urls(both)));
    }
    second.replace_issuers(vec![entry("y")]).unwrap();
    assert_eq!(seen().await.1, json!([url("z"), url("y")]));
    assert_eq!(
        first.resource_metadata().unwrap().url(),
        format!("https://mcp.example.com{PATH}")
    );
}

/// The handle that an endpoint for revocations keeps.
#[tokio::test]
async fn fleet_f64_introspections_follow() {
    let asked = |name: &str| {
        let introspection = Introspection::new("client", "secret").token_prefix(name);
        let endpoint = format!("https://{name}.example/introspect");
        let introspection = introspection.endpoint(endpoint);
        Issuer::new(format!("https://{name}.example")).introspection(introspection)
    };
    let builder = JwtAuthConfig::builder()
        .resource(RESOURCE)
        .add_issuer(asked("a"));
    let layer = JwtAuthLayer::new(builder.build().unwrap());
    let kept = layer.introspection();
    let names = || {
        let health = kept.health();
        health.into_iter().map(|it| it.issuer).collect::<Vec<_>>()
    };
    assert_eq!(names(), ["https://a.example"]);
    layer.replace_issuers(vec![asked("b"), asked("c")]).unwrap();
    assert_eq!(names(), ["https://b.example", "https://c.example"]);
    layer
        .replace_issuers(vec![Issuer::new("https://d.example")])
        .unwrap();
    assert!(names().is_empty());
}
