//! URLs of issuers, key sets and authorization servers.

use super::*;

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
fn field_c01_an_issuer_is_not_the_url_of_its_metadata() {
    let document = |issuer: &str, probably: &str| ConfigError::IssuerIsDocument {
        setting: "issuer",
        issuer: issuer.to_owned(),
        probably: probably.to_owned(),
    };
    for (issuer, probably) in [
        (
            "https://i.example/.well-known/openid-configuration",
            "https://i.example",
        ),
        (
            "https://i.example/t/.well-known/openid-configuration",
            "https://i.example/t",
        ),
        (
            "https://i.example/.well-known/oauth-authorization-server",
            "https://i.example",
        ),
        (
            "https://i.example/.well-known/oauth-authorization-server/t",
            "https://i.example/t",
        ),
        (
            "https://i.example/.well-known/openid-configuration/t/u",
            "https://i.example/t/u",
        ),
        (
            "https://i.example/.well-known/jwks.json",
            "https://i.example",
        ),
    ] {
        let want = document(issuer, probably);
        let text = want.to_string();
        assert!(
            text.contains(issuer) && text.contains(&format!("probably {probably:?}")),
            "{text}"
        );
        for elsewhere in [
            json!({}),
            json!({"jwks_uri": "https://k.example"}),
            json!({"jwk": ec_key()}),
        ] {
            let mut changes = elsewhere.clone();
            changes["issuer"] = json!(issuer);
            assert_eq!(built(changes.clone()).unwrap_err(), want, "{changes}");
            accepts(elsewhere);
            // In a list as well.
            let entry = json!({"issuer": null, "issuers": [changes]});
            assert_eq!(built(entry).unwrap_err(), want);
        }
    }
    accepts(json!({"issuer": "https://i.example/well-known/x"}));
    accepts(json!({"issuer": "spiffe://t.example/.well-known/x", "jwk": ec_key()}));
}

#[test]
fn field_c01_an_issuer_is_not_the_url_of_its_key_set() {
    for (issuer, probably) in [
        ("https://i.example/jwks", "https://i.example"),
        ("https://i.example/t/jwks.json", "https://i.example/t"),
    ] {
        let want = format!(
            "issuer {issuer:?} is the URL of a key set, which no token names: set jwks_uri to it, and issuer to what \
             tokens name in iss, probably {probably:?}"
        );
        assert_eq!(refused(json!({"issuer": issuer})), want);
        // Where keys come from elsewhere, it is a text.
        accepts(json!({"issuer": issuer, "jwks_uri": "https://k.example"}));
        accepts(json!({"issuer": issuer, "jwk": ec_key()}));
        accepts(json!({"issuer": probably, "jwks_uri": issuer}));
    }
    accepts(json!({"issuer": "https://i.example/my-jwks"}));
    accepts(json!({"issuer": "https://i.example/jwks/t"}));
}

#[test]
fn field_c01_a_query_is_text_where_keys_come_from_elsewhere() {
    for (issuer, want) in [
        (
            "https://i.example/t?v=2",
            "issuer \"https://i.example/t?v=2\" must not carry a query: the issuer is the part before it",
        ),
        (
            "https://i.example/t#v2",
            "issuer \"https://i.example/t#v2\" must not carry a fragment: the issuer is the part before it",
        ),
    ] {
        refuses([(json!({"issuer": issuer}), want)]);
        accepts(json!({"issuer": issuer, "jwks_uri": "https://k.example"}));
        accepts(json!({"issuer": issuer, "jwk": ec_key()}));
        accepts(json!({"issuer": issuer, "jwks": {"keys": [ec_key()]}}));
        // Keys to start with and a snapshot do not replace the discovery.
        refuses([(
            json!({"issuer": issuer, "initial_jwks": {"keys": [ec_key()]}}),
            want,
        )]);
    }
    accepts(json!({"issuer": "https://i.example/t"}));
}

#[test]
fn field_c03_a_pinned_host_excludes_keys_from_another() {
    let conflict = ConfigError::Conflict {
        first: "pin_jwks_host",
        second: "jwks_uri",
    };
    assert_eq!(
        conflict.to_string(),
        "pin_jwks_host accepts only keys from the host of the issuer, but jwks_uri is on another host: \
         remove one of the two settings"
    );
    let pinned = |uri: &str| json!({"pin_jwks_host": true, "jwks_uri": uri});
    for uri in [
        "https://i.example/jwks",
        "https://i.example:8443/jwks",
        "https://I.Example/jwks",
    ] {
        accepts(pinned(uri));
    }
    for uri in [
        "https://k.example/jwks",
        "https://i.example.evil.example/jwks",
        "https://keys.i.example/jwks",
    ] {
        assert_eq!(built(pinned(uri)).unwrap_err(), conflict, "{uri}");
        accepts(json!({"jwks_uri": uri}));
        let entry = json!({"issuer": "https://i.example", "jwks_uri": uri});
        let inherited = json!({"issuer": null, "pin_jwks_host": true, "issuers": [entry]});
        assert_eq!(built(inherited).unwrap_err(), conflict, "{uri}");
    }
    let mut without_host = pinned("https://i.example/jwks");
    without_host["issuer"] = json!("no url");
    assert_eq!(built(without_host).unwrap_err(), conflict);
}

#[test]
fn field_c07_a_missing_scheme_is_named() {
    refuses([
        (
            json!({"issuer": "tenant.auth0.com"}),
            "issuer \"tenant.auth0.com\" is not a URL, so its keys cannot be discovered: \
             if its tokens name \"https://tenant.auth0.com\", set that, otherwise set jwks_uri, jwks or jwk",
        ),
        (
            json!({"issuer": "localhost:9000"}),
            "if its tokens name \"http://localhost:9000\", set that",
        ),
        (
            json!({"issuer": "[::1]:9000"}),
            "if its tokens name \"http://[::1]:9000\", set that",
        ),
        (
            json!({"resource": "r.example/mcp"}),
            "resource \"r.example/mcp\" must be an absolute https URL: probably \"https://r.example/mcp\"",
        ),
        (
            json!({"resource": "localhost:3000/mcp"}),
            "must be an absolute https URL: probably \"http://localhost:3000/mcp\"",
        ),
        (
            json!({"resource": "https:/r.example/mcp"}),
            "must be an absolute https URL: probably \"https://r.example/mcp\"",
        ),
        (
            json!({"resource": "/mcp"}),
            "must be an absolute https URL: write it with its scheme and host",
        ),
        (
            json!({"jwks_uri": "k.example/jwks"}),
            "jwks_uri \"k.example/jwks\" must be an absolute https URL: probably \"https://k.example/jwks\"",
        ),
        (
            json!({"resource": "https://r.example/mcp", "resource_tos_uri": "r.example/terms"}),
            "resource_tos_uri \"r.example/terms\" must be an absolute https URL: probably \"https://r.example/terms\"",
        ),
    ]);
    accepts(json!({"issuer": "https://tenant.auth0.com"}));
    accepts(json!({"issuer": "accounts.google.com", "jwks_uri": "https://k.example"}));
}

/// A user name in front of a host may be a secret, too: `https://TOKEN@host`.
#[test]
fn field_c07_no_error_shows_what_stands_in_front_of_a_host() {
    let with = |setting: &str, value: &str| {
        let mut changes = json!({"resource": "https://r.example/mcp"});
        changes[setting] = match setting {
            "authorization_servers" => json!([value]),
            _ => json!(value),
        };
        built(changes)
    };
    let settings = [
        "authorization_servers",
        "issuer",
        "jwks_uri",
        "resource",
        "resource_documentation",
    ];
    for setting in settings {
        for value in [
            "https://u5er:s3cret@h.example/mcp",
            "https://s3cret@h.example/mcp",
            "https:/u5er:s3cret@h.example/mcp",
            "https//u5er:s3cret@h.example/mcp",
            "https://u5er:s3cret/@h.example/mcp",
            "https://u5er:s3cret?@h.example/mcp",
            "https://u5er:s3cret#x@h.example/mcp",
            "ftp://u5er:s3cret@h.example/mcp",
            "u5er:s3cret@h.example/mcp",
            "u5er:s3cret @h.example/mcp",
            "https://u5er:s3cret@h.example/mcp?scope=x",
            "https://u5er:s3cret@",
        ] {
            let error = with(setting, value).unwrap_err();
            for text in [error.to_string(), format!("{error:#?}")] {
                assert!(text.contains("(not shown)"), "{setting} {value}: {text}");
                let shows = text.contains("s3cret") || text.contains("u5er");
                assert!(!shows, "{setting} {value}: {text}");
            }
        }
        assert!(with(setting, "https://h.example/mcp").is_ok(), "{setting}");
    }
    // An `@` elsewhere hides nothing.
    refuses([
        (
            json!({"resource": "https://h.example/@mcp?a=b"}),
            "resource \"https://h.example/@mcp?a=b\" must not carry a query",
        ),
        (
            json!({"resource": "h.example/mcp"}),
            "resource \"h.example/mcp\" must be an absolute https URL",
        ),
    ]);
    let two = ["u5er:s3cret@i", "u5er:s3cret@i"].map(|issuer| json!({"issuer": issuer}));
    for changes in [
        json!({"issuer": null, "issuers": two}),
        json!({"issuer": "u5er:s3cret@i", "audience": null}),
    ] {
        let error = built(changes).unwrap_err();
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}

#[test]
fn field_f02_authorization_servers_follow_the_rule_of_issuers() {
    let servers = |url: &str| json!({"resource": "https://r.example/mcp", "authorization_servers": ["https://a.example", url]});
    refuses([
        (
            servers("https://proxy.example/t?v=2"),
            "authorization_servers \"https://proxy.example/t?v=2\" must not carry a query: the issuer is the part before it",
        ),
        (
            servers("https://proxy.example/t#v2"),
            "authorization_servers \"https://proxy.example/t#v2\" must not carry a fragment: the issuer is the part before it",
        ),
        (
            servers("https://proxy.example/t/.well-known/openid-configuration"),
            "authorization_servers \"https://proxy.example/t/.well-known/openid-configuration\" is the URL of a \
             document, which no token names: set the issuer that the document states, probably \
             \"https://proxy.example/t\"",
        ),
        (
            servers("https://proxy.example/t/jwks.json"),
            "authorization_servers \"https://proxy.example/t/jwks.json\" is the URL of a key set, which no token \
             names: set the issuer whose keys it has, probably \"https://proxy.example/t\"",
        ),
    ]);
    accepts(servers("https://proxy.example/t"));
    // Clients of several tenants sign in there, although no token names it.
    accepts(servers(
        "https://login.microsoftonline.com/organizations/v2.0",
    ));
}
