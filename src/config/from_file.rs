//! The configuration read from a file: in JSON, or in another format that serde supports.

#[cfg(feature = "schema")]
use std::borrow::Cow;

#[cfg(feature = "schema")]
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, Error};

use super::builder::JwtAuthConfigBuilder;
use super::checked::JwtAuthConfig;
use super::file::{ConfigFile, IssuerEntry, file_names};
use super::file_errors::{explained, explained_entry};
use super::issuer::Issuer;
use super::values::Whole;

impl<'de> Deserialize<'de> for JwtAuthConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let builder = JwtAuthConfigBuilder::deserialize(deserializer)?;
        builder.build().map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for JwtAuthConfigBuilder {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_path_to_error::deserialize(deserializer)
            .map(|Whole(file): Whole<ConfigFile>| file.into_builder())
            .map_err(|error| explained(error, &file_names()))
    }
}

/// An entry of `issuers` in a file.
///
/// ```
/// use tower_jwt_auth::config::Issuer;
///
/// # fn main() -> Result<(), serde_json::Error> {
/// let issuers: Vec<Issuer> = serde_json::from_str(
///     r#"[
///         {"issuer": "https://users.example.com"},
///         {"issuer": "https://machines.example.com", "audience": "api://mcp"}
///     ]"#,
/// )?;
/// # Ok(())
/// # }
/// ```
impl<'de> Deserialize<'de> for Issuer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_path_to_error::deserialize(deserializer)
            .map(|Whole(entry): Whole<IssuerEntry>| entry.into_issuer())
            .map_err(|error| explained_entry(error, &file_names()))
    }
}

/// The schema of the file, as [`JwtAuthConfig`] has it.
///
/// It is also in the repository, as `docs/config.schema.json`. A file names it with `"$schema"`,
/// and editors then complete names and check values.
///
/// ```
/// # #[cfg(feature = "schema")] {
/// use tower_jwt_auth::config::JwtAuthConfigBuilder;
///
/// let schema = schemars::schema_for!(JwtAuthConfigBuilder);
/// assert!(schema.as_value()["properties"]["issuer"].is_object());
/// # }
/// ```
#[cfg(feature = "schema")]
impl JsonSchema for JwtAuthConfigBuilder {
    fn schema_name() -> Cow<'static, str> {
        "JwtAuthConfig".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        ConfigFile::json_schema(generator)
    }
}

/// The schema of the file.
#[cfg(feature = "schema")]
impl JsonSchema for JwtAuthConfig {
    fn schema_name() -> Cow<'static, str> {
        JwtAuthConfigBuilder::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        JwtAuthConfigBuilder::json_schema(generator)
    }
}
