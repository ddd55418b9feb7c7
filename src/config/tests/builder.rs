//! What the builder adds to a file, its defaults, and the types of its errors.

use std::time::Duration;

use super::*;
use crate::JwtVerifier;
use crate::config::Issuer;
use crate::config::checked_issuer::CheckedIssuer;
use crate::test_util::internal::unix;
use crate::token::AudienceRule;
use crate::token::Profile;

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
            Self::from_name(name).ok_or(crate::error::UnsupportedAlgorithm { name: name.into() })
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

#[test]
fn field_c08_debug_of_an_error_is_its_sentence() {
    fn main(config: JwtAuthConfigBuilder) -> Result<(), Box<dyn std::error::Error>> {
        config.build()?;
        Ok(())
    }
    let good = JwtAuthConfig::builder()
        .issuer("https://i.example")
        .audience("a");
    assert!(main(good.clone()).is_ok());
    let errors = [
        good.clone().leeway(std::time::Duration::from_secs(600)),
        good.clone().add_issuer(Issuer::new(OTHER)),
        JwtAuthConfig::builder(),
    ];
    for builder in errors {
        let error = main(builder).unwrap_err();
        assert_eq!(format!("{error:?}"), error.to_string());
        let error = error.downcast::<ConfigError>().unwrap();
        let text = error.to_string();
        let (variant, debug) = (format!("{error:#?}"), format!("{error:?}"));
        assert!(debug == text && !variant.contains(&text), "{variant}");
    }
    let conflict = good.add_issuer(Issuer::new(OTHER)).build().unwrap_err();
    assert_eq!(
        format!("{conflict:#?}"),
        "Conflict {\n    first: \"issuer\",\n    second: \"issuers\",\n}"
    );
}
