//! The assertion of `private_key_jwt` (RFC 7523 §2.2, §3).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::base::numeric_date::NumericDate;
use crate::jwks::PrivateKey;
use crate::limits::ASSERTION_LIFETIME;

/// `None` if the system provides no randomness. `audience` is the issuer: it identifies the server,
/// whatever its endpoint is called (RFC 7523 §3).
pub(super) fn assertion(
    key: &PrivateKey,
    client_id: &str,
    audience: &str,
    now: NumericDate,
) -> Option<String> {
    let mut header = Map::new();
    header.insert("alg".to_owned(), key.algorithm.name().into());
    header.insert("typ".to_owned(), "JWT".into());
    if let Some(kid) = &key.kid {
        header.insert("kid".to_owned(), kid.as_str().into());
    }
    let claims = json!({
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "iat": now.unix_seconds(),
        "exp": now.plus(ASSERTION_LIFETIME).unix_seconds(),
        // It must differ from all others, and may be guessed.
        "jti": format!("{:032x}", fastrand::u128(..)),
    });
    let encode = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let mut jws = format!("{}.{}", encode(Value::Object(header)), encode(claims));
    let signature = key.key.sign(jws.as_bytes())?;
    jws.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut jws);
    Some(jws)
}
