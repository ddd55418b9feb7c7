//! Tokens of real providers that were refused, each beside the neighbour that still is.

use serde_json::{Value, json};
use tower_jwt_auth::config::{Issuer, JwtAuthConfigBuilder};
use tower_jwt_auth::error::TokenErrorKind::{
    self, MalformedClaims, MalformedHeader, MissingClaim, TooLarge, TooManyValues,
    UnsupportedHeader, WrongAudience,
};
use tower_jwt_auth::limits::{MAX_CONFIGURED_TOKEN_BYTES, MAX_JSON_VALUES, MAX_TOKEN_BYTES};
use tower_jwt_auth::test_util::FakeClock;
use tower_jwt_auth::test_util::internal::unix;
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer, JwtVerifier};

use crate::support::RESOURCE;
use crate::support::table::{Table, outcome};
use crate::support::tokens::{
    ISSUER, NOW, all_keys, claiming, claims, headed, header, rules, sign, with, without, world,
};

/// A token without `aud`, and with these claims.
fn without_audience(more: &Value) -> String {
    sign(
        &world().es,
        &header(),
        &with(without(claims(), "aud"), more),
    )
}

fn verifier(config: JwtAuthConfigBuilder) -> JwtVerifier {
    let config = config.jwks(json!({"keys": all_keys()}));
    JwtVerifier::new(config.build().unwrap())
}

/// RFC 7515 §4 passes over members that it does not know.
#[tokio::test(start_paused = true)]
async fn field_f01_zip_has_a_meaning_in_jwe_alone() {
    Table::usual()
        .accepts("NONE", headed(json!({"zip": "NONE"})))
        .accepts("RS256", headed(json!({"zip": "RS256"})))
        .accepts("empty", headed(json!({"zip": ""})))
        .accepts("another word", headed(json!({"zip": "DEFLATE"})))
        .refuses("DEF", headed(json!({"zip": "DEF"})), UnsupportedHeader)
        .refuses("def", headed(json!({"zip": "def"})), UnsupportedHeader)
        .refuses("null", headed(json!({"zip": null})), MalformedHeader)
        .refuses("a number", headed(json!({"zip": 0})), MalformedHeader)
        .refuses("a list", headed(json!({"zip": ["NONE"]})), MalformedHeader)
        .refuses("enc", headed(json!({"enc": "NONE"})), UnsupportedHeader)
        .refuses(
            "crit",
            headed(json!({"zip": "NONE", "crit": ["zip"]})),
            UnsupportedHeader,
        )
        .check()
        .await;
}

/// The spelling that is configured decides, never that of the token.
#[tokio::test]
async fn field_f03_spellings_of_the_resource() {
    const PLAIN: &str = "https://mcp.example";
    let of = |resource: &str| rules().resource(resource);
    let cases: [(&str, JwtAuthConfigBuilder, &[&str], &[&str]); 7] = [
        (
            PLAIN,
            of(PLAIN),
            &[PLAIN, "https://mcp.example/"],
            &[
                "https://MCP.example",
                "https://mcp.example:443",
                "https://mcp.example:443/",
                "https://mcp.example/mcp",
                "https://mcp.example//",
                "http://mcp.example",
                "https://mcp.example:8443",
                "mcp.example",
            ],
        ),
        (
            "https://mcp.example/",
            of("https://mcp.example/"),
            &[PLAIN, "https://mcp.example/"],
            &["https://mcp.example//", "https://mcp.example/mcp"],
        ),
        (
            "https://MCP.Example:443/Path/",
            of("https://MCP.Example:443/Path/"),
            &["https://MCP.Example:443/Path/", "https://mcp.example/Path/"],
            &[
                "https://mcp.example/Path",
                "https://mcp.example/path/",
                "https://mcp.example:443/Path/",
                "https://MCP.Example/Path/",
            ],
        ),
        (
            "HTTPS://MCP.example",
            of("HTTPS://MCP.example"),
            &[
                "HTTPS://MCP.example",
                "HTTPS://MCP.example/",
                PLAIN,
                "https://mcp.example/",
            ],
            &["HTTPS://mcp.example", "https://MCP.example"],
        ),
        (
            "http://127.0.0.1:80",
            of("http://127.0.0.1:80"),
            &[
                "http://127.0.0.1:80",
                "http://127.0.0.1",
                "http://127.0.0.1/",
            ],
            &["https://127.0.0.1", "http://127.0.0.1:443"],
        ),
        (
            "http://127.0.0.1:443/mcp",
            of("http://127.0.0.1:443/mcp"),
            &["http://127.0.0.1:443/mcp"],
            &["http://127.0.0.1/mcp", "http://127.0.0.1:443/mcp/"],
        ),
        // An explicit audience stays as it is.
        (
            PLAIN,
            of(PLAIN).audience("https://API.example"),
            &["https://API.example"],
            &[
                "https://API.example/",
                "https://api.example",
                PLAIN,
                "https://mcp.example/",
            ],
        ),
    ];
    for (resource, config, accepted, refused) in cases {
        let explicit = accepted == ["https://API.example"];
        let metadata = JwtAuthLayer::new(
            config
                .clone()
                .jwks(json!({"keys": all_keys()}))
                .build()
                .unwrap(),
        );
        let document = metadata.resource_metadata().unwrap().document();
        let document: Value = serde_json::from_slice(&document).unwrap();
        assert_eq!(document["resource"], resource);
        let verifier = verifier(config);
        for aud in accepted {
            for aud in [json!(aud), json!(["https://elsewhere.example", aud])] {
                let auth = verifier
                    .verify(&claiming(json!({"aud": aud})))
                    .await
                    .unwrap();
                let told = if explicit {
                    "https://API.example"
                } else {
                    resource
                };
                assert_eq!(auth.resource(), Some(told), "{resource}: {aud}");
            }
        }
        for aud in refused {
            let got = outcome(&verifier, &claiming(json!({"aud": aud}))).await;
            assert_eq!(got, Err(WrongAudience), "{resource}: {aud}");
        }
    }
}

#[tokio::test]
async fn field_f05_a_token_without_audience_passes_for_a_listed_client() {
    let listed = verifier(rules().danger_missing_audience_for_clients(["c1"]));
    let token = without_audience(&json!({"client_id": "c1"}));
    let auth = listed.verify(&token).await.unwrap();
    assert_eq!((auth.client_id(), auth.resource()), ("c1", None));
    for (claims, want) in [
        (json!({"client_id": "c2"}), MissingClaim),
        (json!({"client_id": "c1", "azp": "c2"}), MissingClaim),
        (json!({"client_id": "c2", "azp": "c1"}), MissingClaim),
        (json!({}), MissingClaim),
        (
            json!({"client_id": "c1", "aud": "https://other.example"}),
            WrongAudience,
        ),
        (json!({"client_id": "c1", "aud": []}), WrongAudience),
    ] {
        assert_eq!(
            outcome(&listed, &without_audience(&claims)).await,
            Err(want),
            "{claims}"
        );
    }
    // By choice alone, and for the issuer that says so.
    let usual = verifier(rules());
    assert_eq!(outcome(&usual, &token).await, Err(MissingClaim));
    let keys = json!({"keys": all_keys()});
    let builder = JwtAuthConfig::builder()
        .resource(RESOURCE)
        .clock(&FakeClock::at(unix(NOW)))
        .add_issuer(Issuer::new(ISSUER).jwks(keys.clone()))
        .add_issuer(
            Issuer::new("https://other.example")
                .jwks(keys)
                .danger_missing_audience_for_clients(["c1"]),
        );
    let two = JwtVerifier::new(builder.build().unwrap());
    assert_eq!(outcome(&two, &token).await, Err(MissingClaim));
    let of_other = without_audience(&json!({"iss": "https://other.example", "client_id": "c1"}));
    assert_eq!(outcome(&two, &of_other).await, Ok(()));
    let strict = rules()
        .rfc9068()
        .danger_missing_audience_for_clients(["c1"])
        .build();
    assert!(strict.is_err_and(|error| error.to_string().contains("rfc9068")));
}

#[tokio::test]
async fn field_f06_scopes_in_other_claims() {
    let names = ["scope", "scp", "roles", "permissions"];
    let config = rules().required_scopes(["mcp:read"]).scope_claims(names);
    let verifier = verifier(config);
    let scopes = async |claims: Value| {
        let verdict = verifier.verify(&claiming(claims.clone())).await;
        verdict.map(|auth| auth.scopes().to_vec())
    };
    for (claims, want) in [
        (json!({"roles": ["mcp:read"]}), vec!["mcp:read"]),
        (json!({"roles": "mcp:read x"}), vec!["mcp:read", "x"]),
        (json!({"permissions": ["mcp:read"]}), vec!["mcp:read"]),
        (json!({"scope": "mcp:read"}), vec!["mcp:read"]),
        (
            json!({"scope": "a b", "scp": ["c"], "roles": ["mcp:read", "b"], "permissions": "d"}),
            vec!["a", "b", "c", "mcp:read", "d"],
        ),
    ] {
        assert_eq!(scopes(claims.clone()).await.unwrap(), want, "{claims}");
    }
    // The name of a group is no list of scopes.
    for claims in [
        json!({"roles": ["Visitors mcp:read"]}),
        json!({"permissions": ["x", "mcp:read y"]}),
    ] {
        let refused = scopes(claims.clone()).await.unwrap_err();
        assert_eq!(refused.status(), 403, "{claims}");
    }
    for claims in [
        json!({"Roles": ["mcp:read"]}),
        json!({"scopes": "mcp:read"}),
        json!({}),
    ] {
        let refused = scopes(claims.clone()).await.unwrap_err();
        assert_eq!(refused.status(), 403, "{claims}");
    }
    for odd in [
        json!(1),
        json!(null),
        json!(true),
        json!(0.5),
        json!({}),
        json!(["mcp:read", 1]),
        json!([["mcp:read"]]),
    ] {
        let claims = json!({"scope": "mcp:read", "roles": odd});
        assert_eq!(
            outcome(&verifier, &claiming(claims.clone())).await,
            Err(MalformedClaims),
            "{claims}"
        );
    }
    // A list replaces the usual claims, and says nothing about another issuer.
    let keys = json!({"keys": all_keys()});
    let config = JwtAuthConfig::builder()
        .resource(RESOURCE)
        .required_scopes(["mcp:read"])
        .add_issuer(
            Issuer::new(ISSUER)
                .jwks(keys.clone())
                .scope_claims(["roles"]),
        )
        .add_issuer(Issuer::new("https://other.example").jwks(keys));
    let two = JwtVerifier::new(config.build().unwrap());
    let ask = async |issuer: &str, more: Value| {
        let claims = json!({"iss": issuer, "exp": 4_102_444_800_u64});
        let token = sign(
            &world().es,
            &header(),
            &with(with(self::claims(), &claims), &more),
        );
        two.verify(&token)
            .await
            .map_or_else(|refused| refused.status().as_u16(), |_| 200)
    };
    assert_eq!(ask(ISSUER, json!({"roles": ["mcp:read"]})).await, 200);
    assert_eq!(ask(ISSUER, json!({"scope": "mcp:read"})).await, 403);
    assert_eq!(
        ask("https://other.example", json!({"roles": ["mcp:read"]})).await,
        403
    );
    assert_eq!(
        ask(
            "https://other.example",
            json!({"scope": "mcp:read", "roles": 1})
        )
        .await,
        200
    );
    for name in ["aud", "sub", "iss", "exp", "client_id", ""] {
        let refused = rules()
            .jwks(json!({"keys": all_keys()}))
            .scope_claims(["scope", name])
            .build();
        assert!(
            refused.is_err_and(|error| error.to_string().contains("scope_claims")),
            "{name}"
        );
    }
}

/// Users of large organisations have tokens that are larger than most.
#[tokio::test]
async fn field_f09_the_limits_of_size_and_of_values() {
    let roles =
        |count: usize, length: usize| claiming(json!({"roles": vec!["r".repeat(length); count]}));
    // 1,100 short strings, 10.9 KB.
    let many = roles(1_100, 3);
    let large = roles(1_100, 10);
    assert!(many.len() < MAX_TOKEN_BYTES && large.len() > MAX_TOKEN_BYTES);
    let usual = verifier(rules());
    assert_eq!(outcome(&usual, &many).await, Ok(()));
    assert_eq!(outcome(&usual, &large).await, Err(TooLarge));
    let wide = verifier(rules().max_token_bytes(MAX_CONFIGURED_TOKEN_BYTES));
    assert_eq!(outcome(&wide, &large).await, Ok(()));
    assert_eq!(outcome(&wide, &roles(MAX_JSON_VALUES - 1, 1)).await, Ok(()));
    assert_eq!(
        outcome(&wide, &roles(MAX_JSON_VALUES, 1)).await,
        Err(TooManyValues)
    );
    assert_eq!(outcome(&wide, &roles(3_000, 30)).await, Err(TooLarge));
    // To the byte.
    for (limit, want) in [(large.len(), Ok(())), (large.len() - 1, Err(TooLarge))] {
        let exact = verifier(rules().max_token_bytes(limit));
        assert_eq!(
            outcome(&exact, &large).await,
            want as Result<(), TokenErrorKind>,
            "{limit}"
        );
    }
    for bytes in [0, MAX_CONFIGURED_TOKEN_BYTES + 1] {
        let refused = rules()
            .jwks(json!({"keys": all_keys()}))
            .max_token_bytes(bytes)
            .build();
        assert!(refused.is_err_and(|error| error.to_string().contains("max_token_bytes")));
    }
}
