use super::*;
use crate::wire::resource::BoundTokens;

#[test]
fn where_it_is() {
    let cases = [
        (
            "https://h.example",
            "https://h.example/.well-known/oauth-protected-resource",
        ),
        (
            "https://h.example/",
            "https://h.example/.well-known/oauth-protected-resource",
        ),
        (
            "https://h.example/mcp",
            "https://h.example/.well-known/oauth-protected-resource/mcp",
        ),
        (
            "https://h.example/a/b/",
            "https://h.example/.well-known/oauth-protected-resource/a/b/",
        ),
        (
            "https://h.example:8443/mcp",
            "https://h.example:8443/.well-known/oauth-protected-resource/mcp",
        ),
        (
            "https://H.Example/mcp",
            "https://H.Example/.well-known/oauth-protected-resource/mcp",
        ),
        (
            "http://[::1]:3000/mcp",
            "http://[::1]:3000/.well-known/oauth-protected-resource/mcp",
        ),
    ];
    for (resource, want) in cases {
        let url = Url::parse(resource).unwrap();
        assert_eq!(
            metadata(resource, &url, &[], &[], &BoundTokens::default()).url(),
            want,
            "{resource}"
        );
    }
}

#[test]
fn methods() {
    let url = Url::parse("https://h.example/mcp").unwrap();
    let metadata = metadata(
        "https://h.example/mcp",
        &url,
        &["https://i.example/".to_owned()],
        &["a".to_owned()],
        &BoundTokens::default(),
    );
    let mut asked = HeaderMap::new();
    asked.insert(
        ACCESS_CONTROL_REQUEST_HEADERS,
        HeaderValue::from_static("mcp-protocol-version"),
    );
    for (method, status) in [
        ("GET", 200),
        ("HEAD", 200),
        ("OPTIONS", 204),
        ("POST", 405),
        ("DELETE", 405),
    ] {
        let response = metadata.respond(&method.parse().unwrap(), &asked);
        assert_eq!(response.status(), status, "{method}");
        assert_eq!(
            response.headers()[ACCESS_CONTROL_ALLOW_ORIGIN],
            "*",
            "{method}"
        );
        assert_eq!(
            response.headers().contains_key(ALLOW),
            !matches!(method, "GET" | "HEAD"),
            "{method}"
        );
        let mirrored = response
            .headers()
            .get(ACCESS_CONTROL_ALLOW_HEADERS)
            .is_some();
        assert_eq!(mirrored, method == "OPTIONS", "{method}");
    }
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&metadata.document()).unwrap(),
        serde_json::json!({
            "resource": "https://h.example/mcp",
            "authorization_servers": ["https://i.example/"],
            "bearer_methods_supported": ["header"],
            "scopes_supported": ["a"],
        })
    );
}

#[test]
fn bound_tokens_are_advertised_and_nothing_is_false() {
    let url = Url::parse("https://h.example/mcp").unwrap();
    let required = "dpop_bound_access_tokens_required";
    let algorithms = "dpop_signing_alg_values_supported";
    let certificates = "tls_client_certificate_bound_access_tokens";
    for (dpop, mtls, is_required, wanted) in [
        (false, false, false, vec![]),
        (true, false, false, vec![algorithms]),
        (true, false, true, vec![required, algorithms]),
        (false, true, false, vec![certificates]),
        (false, true, true, vec![certificates]),
        (true, true, false, vec![algorithms, certificates]),
        (true, true, true, vec![algorithms, certificates]),
    ] {
        let bound_tokens = BoundTokens {
            dpop_algs: dpop.then(|| "ES256 EdDSA".to_owned()),
            mtls,
            required: is_required,
        };
        let metadata = metadata("https://h.example/mcp", &url, &[], &[], &bound_tokens);
        let document: Map<String, Value> = serde_json::from_slice(&metadata.document()).unwrap();
        let others = ["bearer_methods_supported", "resource"];
        let names: Vec<_> = document.keys().map(String::as_str).collect();
        let names: Vec<_> = names
            .into_iter()
            .filter(|it| !others.contains(it))
            .collect();
        assert_eq!(names, wanted, "{bound_tokens:?}");
        for name in wanted {
            let value = match name == algorithms {
                true => serde_json::json!(["ES256", "EdDSA"]),
                false => Value::Bool(true),
            };
            assert_eq!(document[name], value, "{name}");
        }
    }
}

fn metadata(
    resource: &str,
    url: &Url,
    servers: &[String],
    scopes: &[String],
    bound_tokens: &BoundTokens,
) -> ResourceMetadata {
    let details = ResourceDetails::default();
    let document = document(resource, servers, scopes, &details, bound_tokens);
    ResourceMetadata::new(resource, url, document)
}
