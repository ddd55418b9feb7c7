//! The authorization servers in the metadata: those at which users sign in.

use tower_jwt_auth::config::Issuer;

use super::*;

#[tokio::test]
async fn m2_authorization_servers_are_the_issuers_byte_for_byte() {
    let issuers = [
        "https://tenant.auth0.com/",
        "https://idp.example.com/realms/A",
        "https://IDP.example.com",
    ];
    let config = issuers.into_iter().fold(
        JwtAuthConfig::builder().resource(RESOURCE),
        |config, issuer| config.add_issuer(Issuer::new(issuer)),
    );
    let layer = JwtAuthLayer::new(config.build().unwrap());
    let document: Value =
        serde_json::from_slice(&layer.resource_metadata().unwrap().document()).unwrap();
    assert_eq!(document["authorization_servers"], json!(issuers));
}

/// Clients refuse a document with an authorization server that is no web URL, and choose any other
/// that is listed.
#[tokio::test]
async fn field_f02_only_where_users_sign_in_is_published() {
    let keys = json!({"keys": [TestIssuer::start().jwks()["keys"][0]]});
    let user = || Issuer::new("https://users.example").jwks(keys.clone());
    let base = || JwtAuthConfig::builder().resource(RESOURCE);
    let with = |issuer: &str| {
        base()
            .add_issuer(user())
            .add_issuer(Issuer::new(issuer).jwks(keys.clone()))
    };
    for (issuer, is_published) in [
        ("https://ci.example", true),
        ("http://127.0.0.1:9", true),
        ("http://localhost:9", true),
        ("accounts.google.com", false),
        ("kubernetes/serviceaccount", false),
        ("spiffe://cluster.local", false),
        ("http://fs.corp.example/adfs/services/trust", false),
        ("urn:example:issuer", false),
        ("https://user:secret@i.example", false),
    ] {
        let mut want = vec!["https://users.example"];
        want.extend(is_published.then_some(issuer));
        assert_eq!(
            document(with(issuer))["authorization_servers"],
            json!(want),
            "{issuer}"
        );
    }
    let hidden = base().add_issuer(user()).add_issuer(
        Issuer::new("https://ci.example")
            .jwks(keys.clone())
            .advertise(false),
    );
    assert_eq!(
        document(hidden)["authorization_servers"],
        json!(["https://users.example"])
    );
    // At the top for all, and an issuer that differs.
    let one = base()
        .advertise(false)
        .add_issuer(user().advertise(true))
        .add_issuer(Issuer::new("https://ci.example").jwks(keys.clone()));
    assert_eq!(
        document(one)["authorization_servers"],
        json!(["https://users.example"])
    );
    let replaced = with("https://ci.example").authorization_servers(["https://proxy.example"]);
    assert_eq!(
        document(replaced)["authorization_servers"],
        json!(["https://proxy.example"])
    );
    for odd in [
        "accounts.google.com",
        "http://proxy.example",
        "https://a b",
        "https://p.example/#x",
    ] {
        let refused = with("https://ci.example")
            .authorization_servers([odd])
            .build();
        let text = refused.unwrap_err().to_string();
        assert!(text.contains("authorization_servers"), "{odd}: {text}");
    }
    let nowhere = JwtAuthConfig::builder().audience("a").add_issuer(user());
    let refused = nowhere
        .authorization_servers(["https://proxy.example"])
        .build();
    assert!(refused.unwrap_err().to_string().contains("resource"));
}

#[tokio::test]
async fn field_f02_a_document_without_authorization_servers_is_warned_about() {
    let keys = json!({"keys": [TestIssuer::start().jwks()["keys"][0]]});
    let base = || JwtAuthConfig::builder().resource(RESOURCE);
    let issuer = |name: &str| Issuer::new(name).jwks(keys.clone());
    // The error says what is wrong, and nothing else does.
    let (log, guard) = crate::support::capture();
    assert!(base().issuer("tenant.auth0.com").build().is_err());
    assert_eq!(log.text(), "");
    drop(guard);
    for (name, config, warned) in [
        (
            "published",
            base().add_issuer(issuer("https://i.example")),
            false,
        ),
        (
            "no URL",
            base().add_issuer(issuer("accounts.google.com")),
            true,
        ),
        (
            "hidden",
            base().add_issuer(issuer("https://i.example").advertise(false)),
            true,
        ),
        (
            "replaced by nothing",
            base()
                .add_issuer(issuer("https://i.example"))
                .authorization_servers([""; 0]),
            true,
        ),
        (
            "replaced",
            base()
                .add_issuer(issuer("accounts.google.com"))
                .authorization_servers(["https://i.example"]),
            false,
        ),
    ] {
        let (log, _guard) = crate::support::capture();
        let document = document(config);
        assert_eq!(
            document.get("authorization_servers").is_none(),
            warned,
            "{name}"
        );
        assert_eq!(
            log.counts("authorization_servers_empty"),
            usize::from(warned),
            "{name}"
        );
        if warned {
            let text = log.text();
            assert!(
                text.contains("WARN") && text.contains("set authorization_servers"),
                "{text}"
            );
            assert!(
                text.contains("accounts.google.com") || text.contains("https://i.example"),
                "{text}"
            );
        }
    }
}
