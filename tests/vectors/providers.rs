//! Key sets and discovery documents, as identity providers publish them.

use std::path::Path;

#[cfg(feature = "reqwest")]
use tower_jwt_auth::ConfigError;
use tower_jwt_auth::test_util::internal::inspect_key_set;

use crate::support::{Suite, files, json, name, text};

#[test]
fn providers() {
    let Some(mut suite) = Suite::open("providers") else {
        return;
    };
    let folder = suite.data.join("providers");
    let key_sets = files(&folder, &[".jwks.json"]);
    let documents = files(&folder, &[".openid-configuration.json"]);
    for path in &key_sets {
        suite.row();
        check_key_set(&mut suite, path);
    }
    for path in &documents {
        suite.row();
        check_document(&mut suite, path);
    }
    // Counted apart from the two lists, so that a file of a third kind is noticed.
    let found = files(&folder, &[""]).len();
    suite.finish(
        found,
        format_args!(
            "{} key sets, {} discovery documents",
            key_sets.len(),
            documents.len()
        ),
    );
}

fn check_key_set(suite: &mut Suite, path: &Path) {
    let id = name(path);
    match inspect_key_set(text(path).as_bytes()) {
        Err(error) => suite.check(&id, false, error),
        Ok((usable, skipped)) => {
            let reasons: Vec<_> = skipped
                .iter()
                .map(|key| format!("{:?}: {}", key.kid, key.reason))
                .collect();
            println!("vectors: providers: {id}: {usable} usable, skipped {reasons:?}");
            let all = json(path)["keys"].as_array().map_or(0, Vec::len);
            suite.check(&id, usable > 0, "no usable key");
            suite.check(&id, usable + skipped.len() == all, "a key is lost");
        }
    }
}

/// The issuer must be one that can be configured, and so must its `jwks_uri`. All but the template
/// of Entra ID's common endpoint, `https://login.microsoftonline.com/{tenantid}/v2.0`, which no
/// token names: each carries its tenant.
fn check_document(suite: &mut Suite, path: &Path) {
    let (id, document) = (name(path), json(path));
    let (Some(issuer), Some(jwks_uri)) =
        (document["issuer"].as_str(), document["jwks_uri"].as_str())
    else {
        return suite.check(&id, false, "no issuer or no jwks_uri");
    };
    // Keys are discovered and fetched only with this feature.
    #[cfg(feature = "reqwest")]
    for config in [config(issuer), config(issuer).jwks_uri(jwks_uri)] {
        match config.build() {
            Err(ConfigError::TenantTemplate { issuer, .. }) if issuer.contains("{tenantid}") => {}
            Err(error) => suite.check(&id, false, error),
            Ok(_) => suite.check(&id, !issuer.contains('{'), "a template was taken"),
        }
    }
    #[cfg(not(feature = "reqwest"))]
    suite.check(&id, !issuer.is_empty() && !jwks_uri.is_empty(), "empty");
}

#[cfg(feature = "reqwest")]
fn config(issuer: &str) -> tower_jwt_auth::config::JwtAuthConfigBuilder {
    tower_jwt_auth::JwtAuthConfig::builder()
        .issuer(issuer)
        .resource("https://mcp.example.com/mcp")
}
