//! Names of settings in a file: unknown ones are answered with the nearest, and each has an
//! example.

use super::*;
use crate::config::examples::EXAMPLES;
use crate::config::file::file_names;

#[test]
fn field_c06_an_unknown_name_is_answered_with_the_nearest() {
    for (name, want) in [
        ("isuer", "unknown field `isuer`: did you mean `issuer`?"),
        (
            "jwks_url",
            "unknown field `jwks_url`: did you mean `jwks_uri`",
        ),
        ("jwks-uri", "did you mean `jwks_uri`"),
        ("JWKS_URI", "did you mean `jwks_uri`"),
        ("jwksURI", "did you mean `jwks_uri`"),
        ("aud", "did you mean `audience`?"),
        ("my_issuer_url", "did you mean `issuer`"),
        ("required_scope", "did you mean `required_scopes`?"),
        (
            "scopes",
            "did you mean `initial_scopes` or `required_scopes` or `scopes_supported`?",
        ),
        ("dangerAllowHTTP", "did you mean `danger_allow_http`?"),
        ("dagner_allow_http", "did you mean `danger_allow_http`?"),
        ("dnger_allow_http", "did you mean `danger_allow_http`?"),
        (
            "optional",
            "unknown field `optional`: it is a setting of the layer, so call JwtAuthLayer::optional in code",
        ),
        ("open_paths", "call JwtAuthLayer::open_paths in code"),
        ("openPaths", "call JwtAuthLayer::open_paths in code"),
        ("stream_expiry", "call JwtAuthLayer::stream_expiry in code"),
        ("on_rejection", "call JwtAuthLayer::on_rejection in code"),
        (
            "scope_hierarchy",
            "a file cannot hold it, so call scope_hierarchy of the JwtAuthConfigBuilder in code",
        ),
        (
            "max_age",
            "unknown field `max_age`: it belongs in jwks_cache",
        ),
        ("timeout", "it belongs in jwks_cache"),
        ("timeout", "it belongs in jwks_cache or in introspection"),
        ("clientIds", "it belongs in cognito"),
        ("trusted_peers", "it belongs in mtls.header"),
        ("public_url", "it belongs in dpop"),
        ("replay_store", "call replay_store of Dpop in code"),
        ("x", "unknown field `x`: no setting has a similar name"),
    ] {
        let error = refused(json!({name: "x"}));
        assert!(error.contains(want), "{name}: {error}");
        assert!(error.matches('`').count() <= 8, "not all of them: {error}");
    }
    for (changes, want) in [
        (
            json!({"jwks_cache": {"max_aeg": "5m"}}),
            "jwks_cache: unknown field `max_aeg`: did you mean `max_age`?",
        ),
        (
            json!({"jwks_cache": {"leeway": "5m"}}),
            "jwks_cache: unknown field `leeway`: it belongs at the top level",
        ),
        (
            json!({"cognito": {"client_id": ["c"]}}),
            "cognito: unknown field `client_id`: did you mean `client_ids`?",
        ),
        (
            json!({"issuer": null, "issuers": [{"issuer": "https://i.example"}, {"issuer": OTHER, "lee_way": "1s"}]}),
            "issuers[1]: unknown field `lee_way`: did you mean `leeway`?",
        ),
        (
            json!({"issuer": null, "issuers": [{"issuer": "https://i.example", "realm": "r"}]}),
            "issuers[0]: unknown field `realm`: it belongs at the top level",
        ),
        (
            json!({"dpop": {"window": "1s"}}),
            "dpop: unknown field `window`: did you mean `proof_window`?",
        ),
        (
            json!({"mtls": {"header": {"trusted_peer": []}}}),
            "mtls.header: unknown field `trusted_peer`: did you mean `trusted_peers`?",
        ),
        (
            json!({"introspection": {"client_sercet": "x"}}),
            "introspection: unknown field `client_sercet`: did you mean `client_secret`",
        ),
        (
            json!({"issuer": null, "issuers": [{"issuer": "https://i.example", "dpop": {}}]}),
            "issuers[0]: unknown field `dpop`: it belongs at the top level",
        ),
        (
            json!({"issuer": null, "issuers": [{"issuer": "https://i.example", "mtls": {}}]}),
            "issuers[0]: unknown field `mtls`: it belongs at the top level",
        ),
        (
            json!({"issuer": null, "issuers": [{"issuer": "https://i.example", "jwks_cache": {"ttl": "1s"}}]}),
            "issuers[0].jwks_cache: unknown field `ttl`: no setting has a similar name",
        ),
    ] {
        refuses([(changes, want)]);
    }
    // Every name is still accepted in both spellings, and what is inside a key is not ours.
    accepts(json!({"jwk": with_member(ec_key(), "isuer")}));
    accepts(json!({"jwksUri": "https://k.example"}));
}

#[test]
fn field_c06_every_name_has_an_example() {
    let names = file_names();
    let all = [
        names.top,
        names.issuer,
        names.cache,
        names.cognito,
        names.dpop,
        names.mtls,
        names.header,
        names.introspection,
        names.fleet,
    ]
    .concat();
    let examples: BTreeSet<_> = EXAMPLES.iter().map(|(name, _)| *name).collect();
    let names = spelled_out(&all);
    assert!(names.is_subset(&examples), "{names:?}");
    // The names in `fleet` are known with the feature only.
    assert!(names == examples || !cfg!(feature = "redis"));
    for (name, example) in EXAMPLES {
        assert!(serde_json::from_str::<Value>(example).is_ok(), "{name}");
    }
}

fn with_member(mut object: Value, name: &str) -> Value {
    object[name] = json!("x");
    object
}
