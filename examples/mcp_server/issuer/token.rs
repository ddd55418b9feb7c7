//! The token endpoint (RFC 6749 §3.2): exchanges a code or a refresh token for an access token.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::client::Client;
use super::error::OAuthError;
use super::parameters::Parameters;
use super::proof;
use super::scopes::{OFFLINE, Scopes};
use super::{DevelopmentIssuer, TOKEN_LIFETIME, store};

const INVALID_GRANT: OAuthError = OAuthError::new(
    "invalid_grant",
    "The code or refresh token is unknown, used, too old, or of another request",
);

/// The refresh tokens that stem from one code. Only the newest is valid: each is `NAME.SECRET`,
/// with a new secret each time.
pub(super) struct Family {
    client_id: String,
    scopes: Scopes,
    secret: String,
    /// The thumbprint of the key that the tokens are bound to. A refresh must prove the same key
    /// (RFC 9449 §5).
    key: Option<String>,
}

/// `POST /token`
pub(super) async fn token(
    State(issuer): State<DevelopmentIssuer>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    const UNKNOWN_CLIENT: OAuthError = OAuthError::new("invalid_client", "Unknown client");
    const GRANT_TYPE: OAuthError = OAuthError::new(
        "unsupported_grant_type",
        "The grant types are authorization_code and refresh_token",
    );
    let form = Parameters::parse(&body);
    let client_id = form.required("client_id")?;
    if !Client::may_have(client_id) {
        return Err(UNKNOWN_CLIENT);
    }
    form.check_resource(&issuer.0.resource)?;
    let key = proof::thumbprint(&headers, &format!("{}/token", issuer.0.issuer))?;
    match form.required("grant_type")? {
        "authorization_code" => redeem(&issuer, client_id, &form, key),
        "refresh_token" => refresh(&issuer, client_id, &form, key),
        _ => Err(GRANT_TYPE),
    }
}

/// RFC 6749 §4.1.3, RFC 7636 §4.6.
fn redeem(
    issuer: &DevelopmentIssuer,
    client_id: &str,
    form: &Parameters,
    key: Option<String>,
) -> Result<Response, OAuthError> {
    let code = form.required("code")?;
    let redirect_uri = form.required("redirect_uri")?;
    let verifier = form.required("code_verifier")?;
    let family = digest(code);
    let Some(granted) = issuer.0.codes.take(code) else {
        // A code used twice may have been stolen, so its tokens are revoked (RFC 6749 §4.1.2).
        issuer.0.families.take(&family);
        return Err(INVALID_GRANT);
    };
    let bound = granted.client_id == client_id
        && granted.reply.redirect_uri_text == redirect_uri
        && (43..=128).contains(&verifier.len())
        && granted.challenge == digest(verifier);
    if !bound {
        return Err(INVALID_GRANT);
    }
    Ok(tokens(
        issuer,
        family,
        client_id,
        &granted.scopes,
        &granted.scopes,
        key,
    ))
}

/// RFC 6749 §6, with rotation (RFC 9700 §4.14.2). A token that is used twice was stolen. Which of
/// the two users is the thief is not known, so neither keeps it.
fn refresh(
    issuer: &DevelopmentIssuer,
    client_id: &str,
    form: &Parameters,
    key: Option<String>,
) -> Result<Response, OAuthError> {
    const TOO_MUCH: OAuthError = OAuthError::new("invalid_scope", "More than was granted");
    let token = form.required("refresh_token")?;
    let scope = form.optional("scope")?;
    let (name, secret) = token.split_once('.').ok_or(INVALID_GRANT)?;
    let family = issuer.0.families.take(name).ok_or(INVALID_GRANT)?;
    if family.secret != secret || family.client_id != client_id || family.key != key {
        return Err(INVALID_GRANT);
    }
    let Some(scopes) = family.scopes.narrowed(scope) else {
        issuer.0.families.put_under(name.to_owned(), family);
        return Err(TOO_MUCH);
    };
    Ok(tokens(
        issuer,
        name.to_owned(),
        client_id,
        &scopes,
        &family.scopes,
        key,
    ))
}

/// RFC 6749 §5.1. A refresh token keeps all granted scopes.
fn tokens(
    issuer: &DevelopmentIssuer,
    family: String,
    client_id: &str,
    scopes: &Scopes,
    granted: &Scopes,
    key: Option<String>,
) -> Response {
    let mut answer = json!({
        "access_token": issuer.access_token(client_id, &scopes.for_resource(), key.as_deref()),
        "token_type": key.as_ref().map_or("Bearer", |_| "DPoP"),
        "expires_in": TOKEN_LIFETIME.as_secs(),
        "scope": scopes.to_string(),
    });
    if granted.contains(OFFLINE) {
        let secret = store::secret();
        answer["refresh_token"] = format!("{family}.{secret}").into();
        let kept = Family {
            client_id: client_id.to_owned(),
            scopes: granted.clone(),
            secret,
            key,
        };
        issuer.0.families.put_under(family, kept);
    }
    ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}

/// The digest of PKCE's S256, and of a thumbprint.
pub(super) fn digest(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    URL_SAFE_NO_PAD.encode(digest)
}
