//! figment: a file, then variables of the environment, then code.

use figment::Figment;
use figment::providers::{Env, Format as _, Json};
use tower_jwt_auth::config::JwtAuthConfigBuilder;

/// The settings that a variable may change: `AUTH_ISSUER`, and `AUTH_JWKS_CACHE__MAX_AGE` for
/// `max_age` in `jwks_cache`. They are named one by one, because a setting with an unknown name is
/// an error, and a variable such as `AUTH_TOKEN` may belong to another program.
const VARIABLES: [&str; 6] = [
    "audience",
    "issuer",
    "jwks_cache__max_age",
    "jwks_uri",
    "required_scopes",
    "resource",
];

pub fn builder(file: &str) -> Result<JwtAuthConfigBuilder, Box<dyn std::error::Error>> {
    // For `Json::file`, a missing file is no error: its rules would be lost.
    let text = std::fs::read_to_string(file)?;
    let mut figment = Figment::from(Json::string(&text));
    for (name, text) in Env::prefixed("AUTH_").only(&VARIABLES).split("__").iter() {
        // A list is JSON. Anything else stays a text: figment would make a number of `12345`.
        figment = match text.starts_with('[') {
            true => figment.merge((name.as_str(), serde_json::from_str::<Vec<String>>(&text)?)),
            false => figment.merge((name.as_str(), text)),
        };
    }
    Ok(figment.extract()?)
}

#[cfg(test)]
#[allow(clippy::result_large_err, reason = "the error of figment::Jail")]
mod tests {
    use figment::Jail;
    use tower_jwt_auth::JwtAuthLayer;

    use super::builder;

    fn document(jail: &mut Jail, variables: &[(&str, &str)]) -> Result<String, figment::Error> {
        let file = r#"{
            "resource": "https://api.example.com",
            "issuer": "https://idp.example.com",
            "required_scopes": ["notes:read"],
            "jwks_cache": {"max_age": "10m", "timeout": "2s"}
        }"#;
        jail.create_file("auth.json", file)?;
        for (name, value) in variables {
            jail.set_env(name, value);
        }
        let config = builder("auth.json").and_then(|builder| Ok(builder.build()?));
        let config = config.map_err(|error| error.to_string())?;
        let metadata = JwtAuthLayer::new(config).resource_metadata().cloned();
        let metadata = metadata.ok_or("no metadata".to_owned())?;
        Ok(String::from_utf8_lossy(&metadata.document()).into_owned())
    }

    #[test]
    fn a_variable_counts_before_the_file() {
        Jail::expect_with(|jail| {
            let file = document(jail, &[])?;
            assert!(file.contains("https://idp.example.com"), "{file}");
            let changed = [
                ("AUTH_ISSUER", "https://other.example.com"),
                ("AUTH_REQUIRED_SCOPES", r#"["notes:read", "notes:write"]"#),
                ("AUTH_AUDIENCE", "12345"),
                ("AUTH_JWKS_CACHE__MAX_AGE", "20m"),
                ("AUTH_TOKEN", "of another program"),
            ];
            let changed = document(jail, &changed)?;
            for part in ["https://other.example.com", "notes:write"] {
                assert!(changed.contains(part), "{part}: {changed}");
            }
            Ok(())
        });
    }

    #[test]
    fn a_missing_file_is_an_error() {
        Jail::expect_with(|jail| {
            jail.set_env("AUTH_ISSUER", "https://idp.example.com");
            jail.set_env("AUTH_RESOURCE", "https://api.example.com");
            assert!(builder("auth.json").is_err());
            jail.create_file("auth.json", "{}")?;
            assert!(builder("auth.json").is_ok());
            Ok(())
        });
    }

    #[test]
    fn an_error_names_the_setting() {
        Jail::expect_with(|jail| {
            let wrong = document(jail, &[("AUTH_JWKS_CACHE__MAX_AGE", "soon")]);
            let Err(error) = wrong else {
                panic!("{wrong:?}")
            };
            assert!(error.to_string().contains("max_age"), "{error}");
            Ok(())
        });
    }
}
