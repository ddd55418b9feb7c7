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

/// What a server with this configuration wants of the tokens of one issuer.
pub(crate) struct Wanted {
    pub(crate) issuer: String,
    /// Empty, if the configuration names none.
    pub(crate) audience: Vec<String>,
    /// The setting that `audience` comes from.
    pub(crate) audience_setting: &'static str,
    /// `None` stands for all that are asymmetric.
    pub(crate) algorithms: Option<Vec<String>>,
    pub(crate) required_scopes: Vec<String>,
    pub(crate) scope_claims: Vec<String>,
}

/// One for each issuer. The configuration is one that a server has read.
pub(crate) fn wanted(text: &str) -> Vec<Wanted> {
    let top: Value = serde_json::from_str(text).unwrap_or_default();
    let alone = [top.clone()];
    let entries = top["issuers"].as_array().map_or(&alone[..], Vec::as_slice);
    entries.iter().map(|entry| wanted_by(entry, &top)).collect()
}

fn wanted_by(entry: &Value, top: &Value) -> Wanted {
    let texts = |names: [&str; 2]| {
        let mut values = [entry, top]
            .into_iter()
            .flat_map(|of| names.map(|name| &of[name]));
        let value = values.find(|value| !value.is_null())?;
        let list = value
            .as_array()
            .map_or(std::slice::from_ref(value), Vec::as_slice);
        let texts = list.iter().filter_map(Value::as_str);
        Some(texts.map(ToOwned::to_owned).collect::<Vec<_>>())
    };
    let audience = texts(["audience", "audience"]);
    let resource = top["resource"].as_str().map(ToOwned::to_owned);
    Wanted {
        issuer: entry["issuer"].as_str().unwrap_or_default().to_owned(),
        audience_setting: if audience.is_some() {
            "audience"
        } else {
            "resource"
        },
        audience: audience.unwrap_or_else(|| resource.into_iter().collect()),
        algorithms: texts(["algorithms", "algorithms"]),
        required_scopes: texts(["required_scopes", "requiredScopes"]).unwrap_or_default(),
        scope_claims: texts(["scope_claims", "scopeClaims"])
            .unwrap_or_else(|| ["scope", "scp"].map(ToOwned::to_owned).to_vec()),
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
