//! Access tokens in the shapes of identity providers, and what a handler should read from them.

use std::collections::HashMap;

use serde_json::{Value, json};
use tower_jwt_auth::Algorithm;
use tower_jwt_auth::test_util::TestKey;

use crate::support::{Suite, end_to_end, frozen, jwk_set, rows, sign};

#[tokio::test]
async fn tokens() {
    let Some(mut suite) = Suite::open("tokens") else {
        return;
    };
    let rows = rows(&suite.data.join("tokens/provider_token_shapes.json"));
    let mut keys = HashMap::new();
    for row in &rows {
        suite.row();
        let algorithm = row["header"]["alg"].as_str().unwrap_or("RS256");
        let algorithm = Algorithm::from_name(algorithm).unwrap();
        // One key for each algorithm: RSA keys take a moment to make.
        let key = keys
            .entry(algorithm)
            .or_insert_with(|| TestKey::generate(algorithm, "k"));
        check(&mut suite, row, key).await;
    }
    let algorithms = keys.len();
    suite.finish(rows.len(), format_args!("{algorithms} algorithms"));
}

async fn check(suite: &mut Suite, row: &Value, key: &TestKey) {
    let id = row["id"].as_str().unwrap();
    let claims = filled(&row["claims"]);
    let aud = &claims["aud"];
    let audience = aud.as_str().or(aud[0].as_str()).unwrap();
    let (iat, exp) = (claims["iat"].as_u64(), claims["exp"].as_u64());
    let halfway = iat.unwrap().midpoint(exp.unwrap());
    let config =
        frozen(claims["iss"].as_str().unwrap(), audience, halfway).jwks(jwk_set(vec![key.jwk()]));
    let auth = match end_to_end(config, &sign(key, &row["header"], &claims)).await {
        Ok(auth) => serde_json::to_value(auth).unwrap(),
        Err(refusal) => return suite.check(id, false, format_args!("{refusal:?}")),
    };
    let expected = &row["expected"];
    // A token that names no client: our fallback.
    let client_id = match &expected["client_id"] {
        Value::Null => json!("jwt"),
        client_id => client_id.clone(),
    };
    let audiences = match aud {
        Value::String(_) => json!([aud]),
        list => list.clone(),
    };
    // Roles and permissions stay out of the scopes: equality says so.
    for (name, wanted) in [
        ("audience", &audiences),
        ("client_id", &client_id),
        ("expires_at", &claims["exp"]),
        ("issuer", &claims["iss"]),
        ("scopes", &expected["scopes"]),
        ("subject", &expected["subject"]),
    ] {
        let shown = format!("{name} is {}, not {wanted}", auth[name]);
        suite.check(id, auth[name] == *wanted, shown);
    }
}

/// With what the verifier requires and the row leaves out: some providers set no audience unless
/// told.
fn filled(claims: &Value) -> Value {
    let mut claims = claims.as_object().cloned().unwrap();
    let date = |name| claims.get(name).and_then(Value::as_u64);
    let iat = date("iat").or(date("exp").map(|exp| exp - LIFETIME));
    let iat = iat.unwrap_or(SOME_TIME);
    for (name, value) in [
        ("aud", json!("https://mcp.example.com/mcp")),
        ("exp", json!(iat + LIFETIME)),
        ("iat", json!(iat)),
        ("iss", json!("https://idp.example.com")),
    ] {
        claims.entry(name).or_insert(value);
    }
    claims.into()
}

const SOME_TIME: u64 = 1_700_000_000;
const LIFETIME: u64 = 300;
