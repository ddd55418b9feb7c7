//! How this server authenticates at the endpoint: one credential, in the file or in a file of its
//! own, which never shows.

use std::sync::Arc;

use super::*;
use crate::authn::JwtAuthLayer;
use crate::config::error::SecretFileError;

#[test]
fn pop_i53_an_endpoint_is_never_asked_without_client_authentication() {
    let want = "introspection has no client authentication, and no endpoint may answer without it: set \
                introspection.client_id with introspection.client_secret, introspection.client_secret_file or \
                introspection.private_key_file, or set introspection.bearer_token_file";
    refuses([
        (changed(json!({"client_secret": null})), want),
        (json!({"introspection": {}}), want),
        (
            changed(json!({"client_id": null})),
            "introspection.client_secret is set without introspection.client_id: set both, or neither",
        ),
        (
            json!({"introspection": true}),
            "introspection: invalid type: boolean `true`, expected an object; write for example",
        ),
    ]);
    accepts(changed(json!({})));
    accepts(json!({"introspection": null}));
}

#[test]
fn pop_i53_one_credential_and_a_way_that_fits_it() {
    let (_folder, at) = credentials();
    let (secret, key, token) = (at("secret"), at("key"), at("token"));
    let good = [
        (json!({}), ClientAuth::Basic),
        (
            json!({"auth": "basic_unencoded"}),
            ClientAuth::BasicUnencoded,
        ),
        (json!({"auth": "post"}), ClientAuth::Post),
        (
            json!({"client_secret": null, "client_secret_file": secret}),
            ClientAuth::Basic,
        ),
        (
            json!({"client_secret": null, "clientSecretFile": secret, "auth": "post"}),
            ClientAuth::Post,
        ),
        (
            json!({"client_secret": null, "private_key_file": key}),
            ClientAuth::PrivateKeyJwt,
        ),
        (
            json!({"client_secret": null, "privateKeyFile": key, "auth": "private_key_jwt"}),
            ClientAuth::PrivateKeyJwt,
        ),
        (
            json!({"client_id": null, "client_secret": null, "bearer_token_file": token}),
            ClientAuth::Bearer,
        ),
        (
            json!({"client_secret": null, "bearerTokenFile": token, "jwt_response": "required"}),
            ClientAuth::Bearer,
        ),
    ];
    for (changes, auth) in good {
        let config =
            built(changed(changes.clone())).unwrap_or_else(|error| panic!("{changes}: {error}"));
        let shown = credentials_of(&config);
        let way = shown.split("way: ").nth(1).unwrap();
        let way: String = way.chars().take_while(|it| it.is_alphabetic()).collect();
        assert_eq!(way, format!("{auth:?}"), "{changes}");
    }
    let unfit = |auth: &str, setting: &str, fitting: &str| {
        format!(
            "introspection.auth is {auth:?}, which does not fit introspection.{setting}: leave it out, or use {fitting}"
        )
    };
    let both = |first: &str, second: &str| {
        format!("introspection.{first} and introspection.{second} are both set: keep one of them")
    };
    let bad = [
        (
            json!({"client_secret_file": secret}),
            both("client_secret", "client_secret_file"),
        ),
        (
            json!({"private_key_file": key}),
            both("client_secret", "private_key_file"),
        ),
        (
            json!({"client_secret": null, "private_key_file": key, "bearer_token_file": token}),
            both("private_key_file", "bearer_token_file"),
        ),
        (
            json!({"client_secret": null, "bearer_token_file": token}),
            both("client_id", "bearer_token_file"),
        ),
        (
            json!({"auth": "private_key_jwt"}),
            unfit(
                "private_key_jwt",
                "client_secret",
                "basic, basic_unencoded or post",
            ),
        ),
        (
            json!({"auth": "bearer"}),
            unfit("bearer", "client_secret", "basic, basic_unencoded or post"),
        ),
        (
            json!({"client_secret": null, "private_key_file": key, "auth": "basic"}),
            unfit("basic", "private_key_file", "private_key_jwt"),
        ),
        (
            json!({"client_id": null, "client_secret": null, "bearer_token_file": token, "auth": "post"}),
            unfit("post", "bearer_token_file", "bearer"),
        ),
        (
            json!({"client_id": null, "client_secret": null, "private_key_file": key}),
            "introspection.private_key_file is set without introspection.client_id".to_owned(),
        ),
        (
            json!({"client_id": null, "client_secret": null, "bearer_token_file": token, "jwt_response": "required"}),
            "introspection.jwt_response is set without introspection.client_id".to_owned(),
        ),
    ];
    for (changes, want) in bad {
        let error = refused(changed(changes.clone()));
        assert!(
            error.contains(&want),
            "{changes}\n got: {error}\nwant: {want}"
        );
    }
}

#[test]
fn pop_i53_files_are_read_by_build() {
    let (_folder, at) = credentials();
    let setting = "introspection.client_secret_file";
    let of_file = |path: &str| {
        let path = at(path);
        built(changed(
            json!({"client_secret": null, "client_secret_file": path}),
        ))
    };
    for content in ["s", "s\n", " s "] {
        std::fs::write(at("secret"), content).unwrap();
        let config = of_file("secret").unwrap();
        let path = format!("file: Some({:?})", at("secret"));
        assert!(credentials_of(&config).contains(&path), "{content:?}");
    }
    for content in ["", "\n", "\r\n"] {
        std::fs::write(at("secret"), content).unwrap();
        let want = ConfigError::UnusableFile {
            setting,
            path: at("secret"),
            reason: SecretFileError::Empty,
        };
        assert_eq!(of_file("secret").unwrap_err(), want, "{content:?}");
    }
    let of_key = |content: &str| {
        std::fs::write(at("key"), content).unwrap();
        let changes = json!({"client_secret": null, "private_key_file": at("key")});
        built(changed(changes)).map(drop)
    };
    assert_eq!(of_key(PRIVATE_KEY), Ok(()));
    for (content, reason) in [
        (
            PRIVATE_KEY.replace("P-256", "secp256k1"),
            SecretFileError::UnsupportedKey,
        ),
        (PRIVATE_KEY.replace("d\"", "e\""), SecretFileError::NoKey),
        (SECRET.to_owned(), SecretFileError::NoKey),
        (
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"
                .to_owned(),
            SecretFileError::EncryptedKey,
        ),
    ] {
        let want = ConfigError::UnusableFile {
            setting: "introspection.private_key_file",
            path: at("key"),
            reason,
        };
        assert_eq!(of_key(&content), Err(want), "{content}");
    }
    for (name, client_id) in [
        ("client_secret_file", json!("rs")),
        ("private_key_file", json!("rs")),
        ("bearer_token_file", json!(null)),
    ] {
        let path = at("missing");
        let credential = json!({"client_id": client_id, "client_secret": null, name: path});
        let error = refused(changed(credential));
        let start = format!("introspection.{name} {path:?} cannot be used: it cannot be read: ");
        assert!(error.starts_with(&start), "{error}");
        refuses([(
            changed(json!({"client_secret": null, name: "${FILE}"})),
            "contains \"${FILE}\", which nothing has replaced",
        )]);
    }
}

/// With `rust_crypto` alone an RSA key would be used with a timing that may reveal it.
#[test]
fn pop_i53_an_rsa_key_needs_aws_lc_rs() {
    let (_folder, at) = credentials();
    let rsa = include_str!("../../../jwks/private_key/tests/rsa.pem");
    std::fs::write(at("key"), rsa).unwrap();
    let error = built(changed(
        json!({"client_secret": null, "private_key_file": at("key")}),
    ))
    .err();
    if cfg!(feature = "aws_lc_rs") {
        assert_eq!(error, None);
        return;
    }
    let error = error.unwrap();
    let want = ConfigError::FeatureMissing {
        setting: "introspection.private_key_file",
        feature: "aws_lc_rs",
    };
    assert_eq!(error, want);
    assert_eq!(
        error.to_string(),
        "introspection.private_key_file holds an RSA key, which needs the feature aws_lc_rs: turn it on, or use an EC \
         or Ed25519 key"
    );
}

#[test]
fn pop_i52_secrets_do_not_show() {
    let (_folder, at) = credentials();
    let hides = |text: &str| {
        assert!(
            !text.contains(SECRET) && !text.contains("870MB6g"),
            "{text}"
        );
    };
    for (introspection, file) in [
        (Introspection::new("rs", SECRET), None),
        (
            Introspection::with_client_secret_file("rs", at("secret")),
            Some("secret"),
        ),
        (
            Introspection::with_private_key_file("rs", at("key")),
            Some("key"),
        ),
        (
            Introspection::with_bearer_token_file(at("token")),
            Some("token"),
        ),
    ] {
        let builder = builder().introspection(introspection.clone());
        let config = builder.clone().build().unwrap();
        hides(&format!(
            "{introspection:?} {introspection:#?} {builder:?} {config:?}"
        ));
        hides(&format!(
            "{:?} {:?}",
            checked(&config),
            JwtAuthLayer::new(config.clone())
        ));
        // In an error about another setting, and about this one.
        let unfit = introspection.clone().max_age(seconds(3600));
        hides(&with_code(unfit).unwrap_err().to_string());
        for auth in [
            ClientAuth::Bearer,
            ClientAuth::Post,
            ClientAuth::PrivateKeyJwt,
        ] {
            if let Err(error) = with_code(introspection.clone().auth(auth)) {
                hides(&format!("{error} {error:#?}"));
            }
        }
        let file = format!("file: {:?}", file.map(&at));
        assert!(credentials_of(&config).contains(&file));
    }
    for value in [
        json!(1234567890),
        json!(true),
        json!([SECRET]),
        json!({SECRET: 1}),
    ] {
        let error = refused(changed(json!({"client_secret": value})));
        assert!(
            error.starts_with("introspection.client_secret: invalid type: "),
            "{error}"
        );
        assert!(
            error.contains("expected a string; write for example"),
            "{error}"
        );
        assert!(!error.contains("12345"), "{error}");
        hides(&error);
    }
    for error in [
        refused(json!({"introspection": SECRET})),
        refused(json!({"introspection": [SECRET]})),
        refused(changed(json!({"client_id": ""}))),
    ] {
        hides(&error);
    }
    // Only a secret that is nothing but a variable was meant to be replaced.
    refuses([(
        changed(json!({"client_secret": "${SECRET}"})),
        "introspection.client_secret contains \"${SECRET}\", which nothing has replaced",
    )]);
    accepts(changed(json!({"client_secret": "a${b}c"})));
    let secret: Arc<str> = SECRET.into();
    let schema_has_none = !include_str!("../../../../docs/config.schema.json").contains(&*secret);
    assert!(schema_has_none);
}
