//! The configuration, read as a server reads it.

use serde_json::Value;
use tower_jwt_auth::JwtAuthConfig;
use tower_jwt_auth::config::JwtAuthConfigBuilder;

/// The configuration in `text`, or the first thing that is wrong with it.
///
/// Keys must come from the issuers, so that what hinders a fetch is seen, and the snapshot of a
/// running server is left alone.
pub(crate) fn config(text: &str) -> Result<JwtAuthConfig, String> {
    let whole: JwtAuthConfigBuilder =
        serde_json::from_str(text).map_err(|error| error.to_string())?;
    whole.build().map_err(|error| error.to_string())?;
    let mut settings: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    forget_keys(&mut settings);
    for issuer in settings
        .get_mut("issuers")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        forget_keys(issuer);
    }
    let fetching: JwtAuthConfigBuilder =
        serde_json::from_value(settings).map_err(|error| error.to_string())?;
    fetching.build().map_err(|error| error.to_string())
}

fn forget_keys(settings: &mut Value) {
    let Some(settings) = settings.as_object_mut() else {
        return;
    };
    for name in [
        "initial_jwks",
        "initialJwks",
        "snapshot_file",
        "snapshotFile",
    ] {
        settings.remove(name);
    }
}

/// The proofs of possession that a server with this configuration takes.
#[derive(Clone, Copy)]
pub(crate) struct Proofs {
    pub(crate) dpop: bool,
    pub(crate) mtls: bool,
}

pub(crate) fn proofs(text: &str) -> Proofs {
    let settings: Value = serde_json::from_str(text).unwrap_or_default();
    let is_on = |name: &str| !matches!(settings[name], Value::Null | Value::Bool(false));
    Proofs {
        dpop: is_on("dpop"),
        mtls: is_on("mtls"),
    }
}
