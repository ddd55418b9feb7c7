//! A right value for each setting of a file. Errors show it, the JSON Schema lists it, and a test
//! sets each one; the values are therefore valid and differ from the defaults.

/// The example of the setting with this name, as JSON.
pub(super) fn example_of(name: &str) -> Option<&'static str> {
    let (_, example) = EXAMPLES.iter().find(|(setting, _)| *setting == name)?;
    Some(example)
}

pub(super) const EXAMPLES: &[(&str, &str)] = &[
    ("advertise", "false"),
    ("algorithms", r#"["RS256", "ES256"]"#),
    ("audience", r#"["api://mcp"]"#),
    ("authorization_servers", r#"["https://login.example.com"]"#),
    ("bearer_token_file", r#""/var/run/secrets/token""#),
    ("ca_file", r#""/etc/ssl/private-ca.pem""#),
    ("challenge_operation_scopes_only", "true"),
    ("client_certificate_file", r#""/etc/ssl/client.pem""#),
    ("client_ids", r#"["1example23456789"]"#),
    ("client_key_file", r#""/etc/ssl/client.key""#),
    ("cognito", r#"{"client_ids": ["1example23456789"]}"#),
    ("cooldown", r#""10s""#),
    ("danger_allow_any_audience", "true"),
    ("danger_allow_http", "true"),
    (
        "danger_missing_audience_for_clients",
        r#"["example-client"]"#,
    ),
    (
        "initial_jwks",
        r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
    ),
    ("initial_scopes", r#"["mcp:read", "mcp:write"]"#),
    ("issuer", r#""https://idp.example.com""#),
    ("issuers", r#"[{"issuer": "https://idp.example.com"}]"#),
    (
        "jwk",
        r#"{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
    ),
    (
        "jwks",
        r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
    ),
    ("jwks_cache", r#"{"max_age": "5m"}"#),
    ("jwks_uri", r#""https://idp.example.com/jwks""#),
    ("keycloak", "true"),
    ("leeway", r#""30s""#),
    ("max_age", r#""5m""#),
    ("max_stale", r#""12h""#),
    ("max_token_age", r#""1h""#),
    ("max_token_bytes", "32768"),
    ("min_age", r#""1m""#),
    ("pin_jwks_host", "true"),
    (
        "public_key_pem",
        r#""-----BEGIN PUBLIC KEY-----\n...\n-----END PUBLIC KEY-----\n""#,
    ),
    ("realm", r#""notes""#),
    ("required_scopes", r#"["mcp:read"]"#),
    ("resource", r#""https://mcp.example.com/mcp""#),
    (
        "resource_documentation",
        r#""https://mcp.example.com/docs""#,
    ),
    ("resource_jwks_uri", r#""https://mcp.example.com/jwks""#),
    ("resource_name", r#""Notes""#),
    ("resource_policy_uri", r#""https://mcp.example.com/policy""#),
    ("resource_tos_uri", r#""https://mcp.example.com/terms""#),
    ("rfc9068", "true"),
    ("scope_claims", r#"["scope", "scp", "roles"]"#),
    ("scopes_supported", r#"["mcp:read", "mcp:write"]"#),
    ("snapshot_file", r#""/var/lib/mcp/keys.json""#),
    ("strip_authorization", "true"),
    ("timeout", r#""3s""#),
    ("token_cache_entries", "1000"),
    (
        "token_sources",
        r#"["authorization", {"cookie": "__Host-token"}]"#,
    ),
];
