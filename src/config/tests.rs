#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use serde_json::{Value, json};

use super::checked::JwtAuthConfig;

fn file(json: Value) -> Result<JwtAuthConfig, String> {
    serde_json::from_value(json).map_err(|error| error.to_string())
}

#[cfg(not(any(feature = "aws_lc_rs", feature = "rust_crypto")))]
#[test]
fn without_a_back_end_build_says_which_features_there_are() {
    let error = JwtAuthConfig::builder()
        .issuer("https://i.example")
        .audience("a")
        .build()
        .unwrap_err();
    assert_eq!(error, crate::ConfigError::CryptoMissing);
    let of_a_file = file(json!({"issuer": "https://i.example", "audience": "a"})).unwrap_err();
    for feature in ["aws_lc_rs", "rust_crypto"] {
        assert!(error.to_string().contains(feature), "{error}");
        assert!(of_a_file.contains(feature), "{of_a_file}");
    }
}

#[cfg(all(
    any(feature = "aws_lc_rs", feature = "rust_crypto"),
    not(feature = "reqwest")
))]
#[test]
fn without_a_transport_keys_must_be_given() {
    let config = || {
        JwtAuthConfig::builder()
            .issuer("https://i.example")
            .audience("a")
    };
    let error = config().build().unwrap_err();
    assert_eq!(
        error,
        crate::ConfigError::FeatureMissing {
            setting: "issuer",
            feature: "reqwest"
        }
    );
    assert!(config().jwks_uri("https://i.example/jwks").build().is_err());
    assert!(config().jwk(ec_key()).build().is_ok());
    let asked = config().jwk(ec_key());
    let asked = asked.introspection(crate::introspection::Introspection::new("rs", "secret"));
    assert_eq!(
        asked.build().unwrap_err().to_string(),
        "introspection needs the feature reqwest: turn it on, or use an http_transport or an Introspector"
    );
}

#[cfg(any(feature = "aws_lc_rs", feature = "rust_crypto"))]
fn ec_key() -> Value {
    crate::test_util::TestKey::generate(crate::Algorithm::ES256, "k").jwk()
}

#[cfg(all(
    any(feature = "aws_lc_rs", feature = "rust_crypto"),
    feature = "reqwest"
))]
mod field;

#[cfg(all(
    any(feature = "aws_lc_rs", feature = "rust_crypto"),
    feature = "redis",
    feature = "test-util"
))]
mod fleet_proofs;

#[cfg(all(
    any(feature = "aws_lc_rs", feature = "rust_crypto"),
    feature = "reqwest"
))]
mod introspection;

#[cfg(all(
    any(feature = "aws_lc_rs", feature = "rust_crypto"),
    feature = "redis",
    feature = "reqwest"
))]
mod fleet;

#[cfg(all(
    any(feature = "aws_lc_rs", feature = "rust_crypto"),
    feature = "reqwest"
))]
mod proofs;

#[cfg(all(
    any(feature = "aws_lc_rs", feature = "rust_crypto"),
    feature = "reqwest"
))]
mod token_sources;

#[cfg(all(
    any(feature = "aws_lc_rs", feature = "rust_crypto"),
    feature = "redis",
    feature = "reqwest",
    feature = "schema"
))]
mod schema;

#[cfg(all(
    any(feature = "aws_lc_rs", feature = "rust_crypto"),
    feature = "reqwest"
))]
mod with_everything {
    use std::time::Duration;

    use super::*;
    use crate::config::checked_issuer::{CheckedIssuer, Keys};
    use crate::config::*;
    use crate::crypto::Algorithm;
    use crate::test_util::TestKey;
    use crate::test_util::internal::unix;
    use crate::token::{AudienceRule, Profile};
    use crate::{ConfigError, JwtVerifier};

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
    /// An issuer whose keys come from elsewhere is a text that is compared.
    #[test]
    fn field_f04_an_issuer_by_http_whose_keys_come_from_elsewhere() {
        let adfs = "http://fs.corp.example/adfs/services/trust";
        let keys = json!({"keys": [ec_key()]});
        for (more, is_good) in [
            (
                json!({"jwks_uri": "https://fs.corp.example/adfs/discovery/keys"}),
                true,
            ),
            (json!({"jwks": keys}), true),
            (json!({"jwk": ec_key()}), true),
            (json!({}), false),
            (json!({"initial_jwks": keys}), false),
            (
                json!({"jwks_uri": "http://fs.corp.example/adfs/discovery/keys"}),
                false,
            ),
            (json!({"jwks": keys, "resource": "http://r.example"}), false),
        ] {
            for (issuer, is_fine) in [
                (adfs, is_good),
                (
                    "https://fs.corp.example",
                    is_good || more == json!({}) || more.get("initial_jwks").is_some(),
                ),
            ] {
                let mut config = json!({"issuer": issuer, "audience": "a"});
                for (name, value) in more.as_object().unwrap() {
                    config[name] = value.clone();
                }
                let built = file(config);
                assert_eq!(built.is_ok(), is_fine, "{issuer} {more}: {built:?}");
            }
        }
    }

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

    /// A good file with these members set, or removed where the value is null.
    pub(super) fn with(changes: Value) -> Value {
        let mut config = json!({"issuer": "https://i.example", "audience": "a"});
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => drop(config.as_object_mut().unwrap().remove(name)),
                value => config[name] = value.clone(),
            }
        }
        config
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

    #[tokio::test]
    async fn a_file_is_combined_with_code() {
        use std::sync::{Arc, Mutex};

        use crate::test_util::{FakeClock, TestIssuer};
        let issuer = TestIssuer::start();
        let clock = FakeClock::at(unix(1_800_000_000.0));
        let granted: Arc<Mutex<Vec<String>>> = Arc::default();
        let asked = granted.clone();
        let text = json!({"issuer": issuer.issuer(), "audience": "a", "requiredScopes": ["read"], "leeway": "0s"});
        let builder: JwtAuthConfigBuilder = serde_json::from_value(text).unwrap();
        let config = builder
            .clock(&clock)
            .http_client(reqwest::Client::new())
            .scope_hierarchy(|granted, needed| granted == "admin" && needed == "read")
            .check(move |auth| {
                asked.lock().unwrap().push(auth.client_id().to_owned());
                match auth.client_id() {
                    "banned" => Err(crate::error::CheckError::Forbidden),
                    _ => Ok(()),
                }
            })
            .build()
            .unwrap();
        let verifier = JwtVerifier::new(config);
        let token = |client: &str, scope: &str| {
            let token = issuer.mint("a").client_id(client).scope(scope);
            token.valid(1_800_000_000, Duration::from_secs(60)).sign()
        };
        let good = token("good", "admin");
        assert!(verifier.verify(&good).await.is_ok());
        let banned = verifier.verify(&token("banned", "admin")).await;
        assert_eq!(
            banned.unwrap_err().kind(),
            crate::error::RejectionKind::AccessDenied
        );
        let unscoped = verifier.verify(&token("good", "write")).await;
        assert_eq!(
            unscoped.unwrap_err().kind(),
            crate::error::RejectionKind::InsufficientScope
        );
        assert_eq!(*granted.lock().unwrap(), ["good", "banned", "good"]);
        clock.set(unix(1_800_000_060.0));
        let expired = verifier.verify(&good).await;
        assert_eq!(
            expired.unwrap_err().kind(),
            crate::error::RejectionKind::InvalidToken
        );
    }

    #[test]
    fn what_build_refuses_of_a_file_keeps_its_type() {
        let build = |changes: Value| {
            let mut text = json!({"issuer": "https://i.example", "audience": "a"});
            text.as_object_mut()
                .unwrap()
                .extend(changes.as_object().unwrap().clone());
            serde_json::from_value::<JwtAuthConfigBuilder>(text)
                .unwrap()
                .build()
        };
        assert!(build(json!({"algorithms": ["ES256"]})).is_ok());
        let unknown = ConfigError::UnknownAlgorithm {
            name: "none".to_owned(),
        };
        assert_eq!(build(json!({"algorithms": ["none"]})).unwrap_err(), unknown);
        let empty = ConfigError::Empty {
            setting: "audience",
        };
        assert_eq!(build(json!({"audience": ""})).unwrap_err(), empty);
    }

    #[test]
    fn entries_inherit_what_they_do_not_set() {
        let config = file(json!({
            "audience": "shared", "leeway": "10s", "algorithms": ["ES256"], "required_scopes": ["a"],
            "issuers": [
                {"issuer": "https://i.example"},
                {"issuer": "https://j.example", "audience": "own", "leeway": "0s", "algorithms": ["RS256"], "required_scopes": ["b"]},
            ],
        }))
        .unwrap();
        let [i, j] = &config.0.issuers[..] else {
            panic!("two")
        };
        for (entry, audience, leeway, algorithm, scope) in [
            (i, "shared", 10, Algorithm::ES256, "a"),
            (j, "own", 0, Algorithm::RS256, "b"),
        ] {
            assert!(
                matches!(&entry.policy.audience, AudienceRule::AnyOf(list) if list == &[audience])
            );
            assert_eq!(entry.policy.leeway, Duration::from_secs(leeway));
            assert_eq!(entry.policy.algorithms, [algorithm]);
            assert_eq!(entry.answers.resource().required_scopes.as_slice(), [scope]);
        }
    }

    #[test]
    fn defaults_are_the_documented_ones() {
        let config =
            file(json!({"issuer": "https://i.example", "resource": "https://r.example"})).unwrap();
        let CheckedIssuer { policy, keys, .. } = &config.0.issuers[0];
        assert_eq!(policy.leeway, Duration::from_secs(60));
        assert_eq!(policy.algorithms, Algorithm::ASYMMETRIC);
        assert_eq!(policy.profile, Profile::Common);
        assert!(
            matches!(&policy.audience, AudienceRule::Resource { resource, .. } if resource == "https://r.example")
        );
        let Keys::Fetched(crate::keys::KeyOrigin { times, .. }) = keys else {
            panic!("discovered")
        };
        assert_eq!(times.max_age, Duration::from_secs(600));
        assert_eq!(times.max_stale, Duration::from_secs(24 * 3600));
        assert_eq!(times.cooldown, Duration::from_secs(30));
        assert_eq!(times.timeout, Duration::from_secs(5));
    }

    #[test]
    fn no_secret_in_debug() {
        let secret = TestKey::generate(Algorithm::HS256, "s").jwk();
        let text = secret["k"].as_str().unwrap().to_owned();
        let builder = JwtAuthConfig::builder()
            .issuer("https://i.example")
            .audience("a")
            .algorithms([Algorithm::HS256])
            .jwk(secret.clone());
        assert!(!format!("{builder:?} {:?}", crate::keys::Jwk::from(secret)).contains(&text));
        assert!(!format!("{:?}", builder.build().unwrap()).contains(&text));
    }

    #[cfg(feature = "jsonwebtoken")]
    #[test]
    fn algorithms_of_jsonwebtoken() {
        let config = |builder: JwtAuthConfigBuilder| {
            builder
                .issuer("https://i.example")
                .audience("a")
                .build()
                .unwrap()
        };
        let theirs = config(JwtAuthConfig::builder().algorithms([jsonwebtoken::Algorithm::ES256]));
        let ours = config(JwtAuthConfig::builder().algorithms([Algorithm::ES256]));
        for config in [theirs, ours] {
            assert_eq!(config.0.issuers[0].policy.algorithms, [Algorithm::ES256]);
        }
    }

    #[test]
    fn build_reports_an_unsupported_algorithm() {
        struct Named(&'static str);
        impl TryFrom<Named> for Algorithm {
            type Error = crate::error::UnsupportedAlgorithm;
            fn try_from(Named(name): Named) -> Result<Self, Self::Error> {
                Self::from_name(name)
                    .ok_or(crate::error::UnsupportedAlgorithm { name: name.into() })
            }
        }
        let build = |name| {
            JwtAuthConfig::builder()
                .issuer("https://i.example")
                .audience("a")
                .algorithms([Named("ES256"), Named(name)])
                .build()
        };
        assert!(build("RS256").is_ok());
        let unknown = ConfigError::UnknownAlgorithm {
            name: "ES999".to_owned(),
        };
        assert_eq!(build("ES999").unwrap_err(), unknown);
    }

    /// Keys in the forms in which users have them; each must verify a token signed with its private
    /// key.
    #[cfg(feature = "jsonwebtoken")]
    #[tokio::test]
    async fn keys_of_jsonwebtoken() {
        use jsonwebtoken::DecodingKey;
        for algorithm in [
            Algorithm::RS256,
            Algorithm::ES256,
            Algorithm::ES384,
            Algorithm::EdDSA,
        ] {
            let key = TestKey::generate(algorithm, "k");
            let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(key.jwk()).unwrap();
            let decoding = DecodingKey::from_jwk(&jwk).unwrap();
            let forms = [
                ("Jwk", JwtAuthConfig::builder().jwk(jwk.clone())),
                (
                    "JwkSet",
                    JwtAuthConfig::builder().jwks(jsonwebtoken::jwk::JwkSet { keys: vec![jwk] }),
                ),
                ("DecodingKey", JwtAuthConfig::builder().jwk(&decoding)),
            ];
            let header = format!(r#"{{"alg":"{algorithm}","kid":"k"}}"#);
            let token = key.sign_compact(&header, r#"{"iss":"i","aud":"a","exp":4102444800}"#);
            for (name, builder) in forms {
                let config = builder
                    .issuer("i")
                    .audience("a")
                    .build()
                    .unwrap_or_else(|e| panic!("{name}: {e}"));
                JwtVerifier::new(config)
                    .verify(&token)
                    .await
                    .unwrap_or_else(|e| panic!("{name} {algorithm}: {e}"));
            }
        }
    }

    #[cfg(not(feature = "jsonwebtoken"))]
    #[test]
    fn pem_text_needs_jsonwebtoken() {
        let builder = JwtAuthConfig::builder().issuer("i").audience("a");
        assert!(builder.clone().jwk(ec_key()).build().is_ok());
        let missing = ConfigError::FeatureMissing {
            setting: "public_key_pem",
            feature: "jsonwebtoken",
        };
        let refused = builder.public_key_pem("-----BEGIN PUBLIC KEY-----").build();
        assert_eq!(refused.unwrap_err(), missing);
    }

    #[cfg(feature = "jsonwebtoken")]
    #[test]
    fn pem_text_of_each_type() {
        use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
        use aws_lc_rs::rsa;
        use aws_lc_rs::signature::{
            ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
            ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair,
            KeyPair as _,
        };
        let ec = |algorithm: &'static EcdsaSigningAlgorithm| {
            EcdsaKeyPair::generate(algorithm)
                .unwrap()
                .public_key()
                .as_der()
                .unwrap()
        };
        let rsa = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap();
        let ders: [(&str, PublicKeyX509Der<'_>); 5] = [
            ("RSA", rsa.public_key().as_der().unwrap()),
            ("P-256", ec(&ECDSA_P256_SHA256_FIXED_SIGNING)),
            ("P-384", ec(&ECDSA_P384_SHA384_FIXED_SIGNING)),
            ("P-521", ec(&ECDSA_P521_SHA512_FIXED_SIGNING)),
            (
                "Ed25519",
                Ed25519KeyPair::generate()
                    .unwrap()
                    .public_key()
                    .as_der()
                    .unwrap(),
            ),
        ];
        for (name, der) in ders {
            let pem = pem(der.as_ref());
            let config =
                |pem: &str| file(json!({"issuer": "i", "audience": "a", "publicKeyPem": pem}));
            config(&pem).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(
                config(&pem.replacen('M', "N", 1)).is_err(),
                "{name}: one character differs"
            );
        }
    }
}

#[cfg(all(
    any(feature = "aws_lc_rs", feature = "rust_crypto"),
    feature = "jsonwebtoken",
    feature = "reqwest"
))]
fn pem(der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        lines.join("\n")
    )
}
