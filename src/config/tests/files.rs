//! Files that are accepted, and files that are not, with the text of each error.

use super::*;

#[test]
fn files_that_are_good() {
    for good in good_files() {
        file(good.clone()).unwrap_or_else(|error| panic!("{good}: {error}"));
    }
}

pub(super) fn good_files() -> Vec<Value> {
    let key = ec_key();
    let secret = TestKey::generate(Algorithm::HS256, "s").jwk();
    vec![
        json!({"issuer": "https://i.example", "audience": "a"}),
        json!({"issuer": "https://i.example/", "audience": ["a", "b"]}),
        json!({"issuer": "https://i.example", "resource": "https://r.example/mcp"}),
        json!({"issuer": "https://i.example", "audience": "a", "jwksUri": "https://keys.example/jwks"}),
        json!({"issuer": "https://i.example", "audience": "a", "jwks_uri": "http://127.0.0.1:9/jwks"}),
        json!({"issuer": "https://i.example", "audience": "a", "jwk": key}),
        json!({"issuer": "https://i.example", "audience": "a", "jwks": {"keys": [key]}}),
        json!({"issuer": "no url", "audience": "a", "jwk": key}),
        json!({"issuer": "no url", "audience": "a", "jwks_uri": "https://keys.example/jwks"}),
        json!({"issuer": "https://i.example", "audience": "a", "jwk": secret, "algorithms": ["HS256"]}),
        // Several sources are not an error: the first one is used, and the others are not read.
        json!({"issuer": "https://i.example", "audience": "a", "jwks_uri": "https://k.example", "jwk": {"kty": "?"}}),
        json!({"issuer": "https://i.example", "danger_allow_any_audience": true}),
        json!({"issuer": "http://i.example", "audience": "a", "dangerAllowHttp": true}),
        json!({"issuer": "spiffe://trust.example/x", "audience": "a", "jwk": key}),
        json!({"issuer": "https://i.example", "audience": "a", "initialJwks": {"keys": [key]}, "snapshotFile": "/nonexistent/keys.json", "pinJwksHost": true}),
        json!({"issuer": "https://i.example", "audience": "a", "leeway": "0s"}),
        json!({"issuer": "https://i.example", "resource": "https://r.example", "resourceName": "R \"1\"",
            "resourceDocumentation": "https://r.example/docs?a=1", "resourcePolicyUri": "https://r.example/p",
            "resourceTosUri": "https://r.example/t", "resourceJwksUri": "https://r.example/jwks", "scopesSupported": ["a"],
            "challengeOperationScopesOnly": true}),
        json!({"issuer": "https://cognito-idp.eu-west-1.amazonaws.com/p", "cognito": {"clientIds": ["c"]}, "maxTokenAge": "1h"}),
        json!({"issuer": "https://kc.example/realms/r", "audience": "a", "keycloak": true, "rfc9068": true}),
        json!({"issuer": "https://login.microsoftonline.com/0f1e/v2.0", "audience": "a"}),
        json!({"issuer": "https://sts.windows.net/0f1e/", "audience": "a"}),
        json!({"issuer": "https://i.example", "audience": "a", "jwks_cache": {}}),
        json!({"issuer": "https://i.example", "audience": "a",
            "jwksCache": {"maxAge": "1s", "maxStale": "1s", "cooldown": "1s", "timeout": "1h"}}),
        json!({"issuers": [{"issuer": "https://i.example"}, {"issuer": "https://j.example", "audience": "b"}], "audience": "a"}),
        json!({"resource": "http://localhost:3000/mcp", "issuer": "https://i.example", "requiredScopes": ["a", "b"],
            "algorithms": ["RS256", "Ed25519", "ML-DSA-65"], "realm": "r", "strip_authorization": true, "rfc9068": true}),
    ]
}

/// The texts are part of the public contract: each names the setting, its value and how to
/// correct it.
#[test]
fn files_that_are_not() {
    assert!(file(with(json!({}))).is_ok());
    for (changes, want) in bad_files() {
        let error = file(with(changes.clone())).expect_err(&changes.to_string());
        assert!(
            error.contains(want),
            "{changes}\n got: {error}\nwant: {want}"
        );
    }
}

pub(super) fn bad_files() -> Vec<(Value, &'static str)> {
    let secret = TestKey::generate(Algorithm::HS256, "s").jwk();
    vec![
        (
            json!({"issuer": null}),
            "issuer is missing: set issuer, or issuers for several",
        ),
        (
            json!({"issuer": ""}),
            "issuer is empty: give it a value or leave it out",
        ),
        (
            json!({"issuer": "no url"}),
            "issuer \"no url\" is not a URL, so its keys cannot be discovered: set jwks_uri, jwks or jwk",
        ),
        (
            json!({"issuer": "http://i.example"}),
            "issuer \"http://i.example\" must use https: only a loopback host may use http, or call danger_allow_http",
        ),
        (
            json!({"issuers": []}),
            "issuer and issuers are both set: keep one of them",
        ),
        (
            json!({"issuer": null, "issuers": []}),
            "issuers is empty: give it a value or leave it out",
        ),
        (
            json!({"issuer": null, "issuers": [{"issuer": "https://i.example"}], "jwks_uri": "https://k.example"}),
            "issuers and jwks_uri are both set: keep one of them",
        ),
        (
            json!({"issuer": null, "issuers": [{"issuer": "https://i.example"}, {"issuer": "https://i.example"}]}),
            "issuer \"https://i.example\" is configured twice: merge the two entries of issuers",
        ),
        (
            json!({"issuer": null, "issuers": [{"issuer": "https://i.example", "x": 1}]}),
            "unknown field `x`",
        ),
        (
            json!({"audience": null}),
            "audience is missing for issuer \"https://i.example\": set resource or audience to what its tokens must name, or call danger_allow_any_audience()",
        ),
        (
            json!({"audience": ""}),
            "audience is empty: give it a value or leave it out",
        ),
        (
            json!({"audience": []}),
            "audience is empty: give it a value or leave it out",
        ),
        (
            json!({"audience": ["a", ""]}),
            "audience is empty: give it a value or leave it out",
        ),
        (
            json!({"audience": 1}),
            "audience: invalid type: integer `1`, expected a string or a list of strings; write for example \"audience\": [\"api://mcp\"]",
        ),
        (
            json!({"resource": "/mcp"}),
            "resource \"/mcp\" must be an absolute https URL",
        ),
        (
            json!({"resource": "http://r.example/mcp"}),
            "resource \"http://r.example/mcp\" must use https: only a loopback host may use http, or call danger_allow_http",
        ),
        (
            json!({"resource": "https://r.example/mcp?x=1"}),
            "resource \"https://r.example/mcp?x=1\" must not carry a query",
        ),
        (
            json!({"resource": "https://r.example/mcp#x"}),
            "resource \"https://r.example/mcp#x\" must not carry a fragment",
        ),
        (
            json!({"resource": "https://r.example/\"x"}),
            "resource \"https://r.example/\\\"x\" must not hold spaces, quotes, backslashes, control or non-ASCII characters, or a challenge parameter such as scope=",
        ),
        (
            json!({"resource": "https://r.example/scope=x"}),
            "resource \"https://r.example/scope=x\" must not hold spaces",
        ),
        (
            json!({"realm": "a\"b"}),
            "realm \"a\\\"b\" would break a challenge",
        ),
        (json!({"realm": ""}), "realm \"\" would break a challenge"),
        (
            json!({"required_scopes": []}),
            "required_scopes is empty: give it a value or leave it out",
        ),
        (
            json!({"required_scopes": ["a", ""]}),
            "required_scopes is empty: give it a value or leave it out",
        ),
        (
            json!({"required_scopes": ["a\n"]}),
            "required_scopes \"a\\n\" would break a challenge",
        ),
        (
            json!({"algorithms": []}),
            "algorithms is empty: give it a value or leave it out",
        ),
        (
            json!({"algorithms": ["none"]}),
            "algorithms lists \"none\", which is not supported: use names such as RS256, ES256 or EdDSA",
        ),
        (
            json!({"algorithms": ["RS256", "HS256"]}),
            "algorithms lists HS256, which works only with a static secret (a jwk or jwks with kty oct): remove it",
        ),
        (
            json!({"algorithms": ["HS256"], "jwks_uri": "https://k.example"}),
            "algorithms lists HS256, which works only with a static secret (a jwk or jwks with kty oct): remove it",
        ),
        (
            json!({"algorithms": ["HS256"], "jwk": ec_key()}),
            "algorithms lists HS256, which works only with a static secret (a jwk or jwks with kty oct): remove it",
        ),
        (
            json!({"jwk": secret}),
            "jwk cannot be used: no key can be used: s: symmetric keys are not taken from this source; list the HS algorithm of the secret in algorithms",
        ),
        (
            json!({"jwk": {}}),
            "jwk is empty: give it a value or leave it out",
        ),
        (
            json!({"jwk": "text"}),
            "jwk cannot be used: it is not a JSON object; give a JWK, as a JSON object",
        ),
        (
            json!({"jwk": {"kty": "RSA"}}),
            "jwk cannot be used: no key can be used: the key material is malformed",
        ),
        (
            json!({"jwks": {}}),
            "jwks cannot be used: the document has no list of keys",
        ),
        (
            json!({"jwks": {"keys": []}}),
            "jwks is empty: give it a value or leave it out",
        ),
        #[cfg(feature = "jsonwebtoken")]
        (
            json!({"public_key_pem": "text"}),
            "public_key_pem cannot be used: it is not PEM text of an RSA, EC (P-256, P-384, P-521) or Ed25519 public key",
        ),
        (
            json!({"jwks_uri": "http://k.example"}),
            "jwks_uri \"http://k.example\" must use https: only a loopback host may use http, or call danger_allow_http",
        ),
        (
            json!({"leeway": "6m"}),
            "leeway is 6m: it must be between 0s and 5m",
        ),
        (
            json!({"leeway": 60}),
            "leeway: invalid type: integer `60`, expected a duration as a string with its unit; write for example \"leeway\": \"30s\"",
        ),
        (
            json!({"leeway": "soon"}),
            "leeway: \"soon\" is not a duration: expected number at 0; write for example \"leeway\": \"30s\"",
        ),
        (
            json!({"jwks_cache": {"max_age": "0s"}}),
            "jwks_cache.max_age is 0s: it must be between 1s and",
        ),
        (
            json!({"jwks_cache": {"timeout": "0s"}}),
            "jwks_cache.timeout is 0s: it must be between 1ms and 1h",
        ),
        (
            json!({"jwks_cache": {"max_age": "2h", "max_stale": "1h"}}),
            "jwks_cache.max_stale (1h) is below jwks_cache.max_age (2h): raise jwks_cache.max_stale or lower jwks_cache.max_age",
        ),
        (json!({"jwks_cache": {"ttl": "1h"}}), "unknown field `ttl`"),
        (json!({"isuer": "x"}), "unknown field `isuer`"),
        (
            json!({"issuer": " https://i.example"}),
            "issuer \" https://i.example\" must not hold spaces",
        ),
        (
            json!({"issuer": "https://i.example/\"x"}),
            "issuer \"https://i.example/\\\"x\" must not hold spaces",
        ),
        (
            json!({"issuer": "https://i.example/?scope=x"}),
            "issuer \"https://i.example/?scope=x\" must not hold spaces",
        ),
        (
            json!({"issuer": "https:i.example"}),
            "issuer \"https:i.example\" must be an absolute https URL",
        ),
        (
            json!({"issuer": "https://user:secret@i.example"}),
            "issuer \"(not shown)\" must not carry a user name or password",
        ),
        (
            json!({"jwks_uri": "https://k.example/\n"}),
            "jwks_uri \"https://k.example/\\n\" must not hold spaces",
        ),
        (
            json!({"jwks_uri": "https:\\\\k.example"}),
            "must not hold spaces",
        ),
        (
            json!({"resource": "https:///r.example/mcp"}),
            "resource \"https:///r.example/mcp\" must be an absolute https URL",
        ),
        // An empty setting is an error whether it would be used or not.
        (
            json!({"jwks_uri": "https://k.example", "jwk": {}}),
            "jwk is empty: give it a value or leave it out",
        ),
        (
            json!({"jwks_uri": "https://k.example", "jwks": {"keys": []}}),
            "jwks is empty: give it a value or leave it out",
        ),
        (
            json!({"audience": [], "danger_allow_any_audience": true}),
            "audience is empty: give it a value or leave it out",
        ),
        (
            json!({"issuer": null, "issuers": [{"issuer": "https://i.example", "algorithms": ["ES256"]}], "algorithms": []}),
            "algorithms is empty: give it a value or leave it out",
        ),
        (
            json!({"issuer": null, "issuers": [{"issuer": "https://i.example", "leeway": "1s"}], "leeway": "9m"}),
            "leeway is 9m: it must be between 0s and 5m",
        ),
        (
            json!({"algorithms": ["RS256"], "jwk": ec_key()}),
            "no key of issuer \"https://i.example\" fits any of the algorithms: add the algorithm of the key, or leave algorithms out",
        ),
        (
            json!({"issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"}),
            "issuer \"https://login.microsoftonline.com/{tenantid}/v2.0\" stands for every tenant, but a token names one: put the tenant id in its place, and list several tenants in issuers",
        ),
        (
            json!({"issuer": "https://login.microsoftonline.com/common/v2.0"}),
            "stands for every tenant",
        ),
        (
            json!({"issuer": "https://login.microsoftonline.com/organizations/v2.0"}),
            "stands for every tenant",
        ),
        (
            json!({"issuer": "https://sts.windows.net/{tenantid}/"}),
            "stands for every tenant",
        ),
        (
            json!({"required_scopes": ["a", "offline_access"]}),
            "required_scopes lists offline_access: remove it, since no operation of a server needs it",
        ),
        (
            json!({"scopes_supported": ["offline_access"]}),
            "scopes_supported lists offline_access",
        ),
        (
            json!({"scopes_supported": ["a"]}),
            "scopes_supported is set, but it is published in the resource metadata, which needs resource: set resource too, or remove scopes_supported",
        ),
        (
            json!({"issuer": "https://login.microsoftonline.us/common/v2.0"}),
            "stands for every tenant",
        ),
        (
            json!({"issuer": null, "audience": null, "cognito": {"client_ids": ["c"]},
                "issuers": [{"issuer": "https://kc.example", "keycloak": true}]}),
            "audience is missing for issuer \"https://kc.example\"",
        ),
        (
            json!({"scopes_supported": []}),
            "scopes_supported is empty: give it a value or leave it out",
        ),
        (
            json!({"resource_name": ""}),
            "resource_name is empty: give it a value or leave it out",
        ),
        (
            json!({"resource_documentation": "http://docs.example"}),
            "resource_documentation \"http://docs.example\" must use https",
        ),
        (
            json!({"resource_tos_uri": "/terms"}),
            "resource_tos_uri \"/terms\" must be an absolute https URL",
        ),
        (
            json!({"cognito": {"client_ids": []}}),
            "cognito is empty: give it a value or leave it out",
        ),
        (
            json!({"cognito": {"client_ids": [""]}}),
            "cognito is empty: give it a value or leave it out",
        ),
        (json!({"cognito": {}}), "missing field `client_ids`"),
        (
            json!({"cognito": {"client_ids": ["c"], "x": 1}}),
            "unknown field `x`",
        ),
        (
            json!({"cognito": {"client_ids": ["c"]}, "keycloak": true}),
            "cognito and keycloak are both set: keep one of them",
        ),
        (
            json!({"cognito": {"client_ids": ["c"]}, "rfc9068": true}),
            "cognito and rfc9068 are both set: keep one of them",
        ),
        (
            json!({"max_token_age": "0s"}),
            "max_token_age is 0s: it must be between 1s and",
        ),
        (
            json!({"initial_jwks": {"keys": []}}),
            "initial_jwks cannot be used: the list of keys is empty; give a public key",
        ),
    ]
}
