//! DPoP proofs at the token endpoint (RFC 9449 §5): a token is bound to the key of the proof.
//!
//! Proofs with ES256 alone, which every client has, and without nonces: enough to develop with.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::error::OAuthError;
use super::token::digest;

const INVALID: OAuthError = OAuthError::new(
    "invalid_dpop_proof",
    "The DPoP proof is not an ES256 JWT for this request, made now",
);

/// How far `iat` may be from the clock, in seconds.
const WINDOW: u64 = 300;

/// The thumbprint of the key of the request's proof; `None` for a request without one.
pub(super) fn thumbprint(
    headers: &HeaderMap,
    token_endpoint: &str,
) -> Result<Option<String>, OAuthError> {
    let mut proofs = headers.get_all("dpop").iter();
    match (proofs.next(), proofs.next()) {
        (None, _) => Ok(None),
        (Some(proof), None) => proof
            .to_str()
            .ok()
            .and_then(|proof| checked(proof, token_endpoint))
            .map(Some)
            .ok_or(INVALID),
        (Some(_), Some(_)) => Err(INVALID),
    }
}

fn checked(proof: &str, token_endpoint: &str) -> Option<String> {
    let (signed, signature) = proof.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    let json = |text: &str| serde_json::from_slice::<Value>(&bytes(text)?).ok();
    let (header, claims) = (json(header)?, json(claims)?);
    let jwk = &header["jwk"];
    let is_proof = header["typ"] == "dpop+jwt" && header["alg"] == "ES256";
    let is_key = jwk["kty"] == "EC" && jwk["crv"] == "P-256" && jwk.get("d").is_none();
    let is_for_us = claims["htm"] == "POST" && claims["htu"] == token_endpoint;
    let has_id = claims["jti"].as_str().is_some_and(|id| !id.is_empty());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    let is_fresh = claims["iat"].as_u64()?.abs_diff(now) <= WINDOW;
    let (x, y) = (jwk["x"].as_str()?, jwk["y"].as_str()?);
    let point = [vec![4], bytes(x)?, bytes(y)?].concat();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        .verify(signed.as_bytes(), &bytes(signature)?)
        .ok()?;
    // RFC 7638 §3.2: the required members, in this order.
    let thumbprint = digest(&format!(
        r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#
    ));
    (is_proof && is_key && is_for_us && has_id && is_fresh).then_some(thumbprint)
}
