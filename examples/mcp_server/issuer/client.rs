//! Clients: they register or publish themselves, and all are public.
//!
//! The `client_id` of one that publishes itself is a URL: see `document.rs`. The other ids are made
//! by registration. Such an id *is* the registration, so that nothing is stored (RFC 7591 §A.5.2):
//! clients continue to work after a restart, and no flood of registrations fills the memory. The id
//! needs no signature, because registration is open: anybody could have registered an invented one.
//! An issuer that decides who may register must sign the id, or keep a list.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::body::Bytes;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::error::OAuthError;
use super::redirect_uri::{is_good, without_loopback_port};
use super::{DevelopmentIssuer, document};

/// The id travels in URLs and in every token.
pub(super) const LONGEST_ID: usize = 2000;

#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Client {
    #[serde(default)]
    client_name: String,
    redirect_uris: Vec<String>,
}

/// `POST /register` (RFC 7591 §3). All other metadata of the client is replaced by fixed values
/// (§3.2.1). Scopes are not part of a registration, because a client could then not request more
/// later.
pub(super) async fn register(body: Bytes) -> Result<Response, OAuthError> {
    const METADATA: OAuthError = OAuthError::new(
        "invalid_client_metadata",
        "The client's metadata cannot be used",
    );
    const REDIRECT_URI: OAuthError = OAuthError::new(
        "invalid_redirect_uri",
        "Redirect URIs are https, http on a loopback host, or of an app's own scheme, without a fragment and a user",
    );
    let client: Client = serde_json::from_slice(&body).map_err(|_| METADATA)?;
    if !client.has_good_redirect_uris() {
        return Err(REDIRECT_URI);
    }
    let client_id = client
        .id()
        .filter(|id| id.len() <= LONGEST_ID)
        .ok_or(METADATA)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let registered = json!({
        "client_id": client_id,
        "client_id_issued_at": now.unwrap_or_default().as_secs(),
        "client_name": client.client_name,
        "redirect_uris": client.redirect_uris,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    });
    let headers = [(header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, headers, Json(registered)).into_response())
}

impl Client {
    /// The client of this id. A document is fetched, so only a user may cause this.
    pub(super) async fn find(id: &str, issuer: &DevelopmentIssuer) -> Result<Self, &'static str> {
        const UNKNOWN: &str = "The client is unknown.";
        const URL: &str = "The client_id is a URL that cannot be used: it must be https, or http on \
             this machine, in its normal form, with a path, and without a fragment and a user.";
        match document::url_of(id) {
            Some(url) => document::client_at(&url, issuer).await,
            None => Self::registered_as(id).ok_or(if id.contains("://") { URL } else { UNKNOWN }),
        }
    }

    /// Whether a client can have this id. Nothing is fetched: codes and refresh tokens are bound to
    /// the id.
    pub(super) fn may_have(id: &str) -> bool {
        document::url_of(id).is_some() || Self::registered_as(id).is_some()
    }

    fn registered_as(id: &str) -> Option<Self> {
        let short = Some(id).filter(|id| id.len() <= LONGEST_ID)?;
        let json = URL_SAFE_NO_PAD.decode(short).ok()?;
        let client: Self = serde_json::from_slice(&json).ok()?;
        client.has_good_redirect_uris().then_some(client)
    }

    fn id(&self) -> Option<String> {
        Some(URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).ok()?))
    }

    /// The name that the client gave itself.
    pub(super) fn name(&self) -> &str {
        match self.client_name.trim() {
            "" => "A client without a name",
            name => name,
        }
    }

    /// The registered redirect URI that is equal to this one, except for the port of a loopback
    /// address: a program listens on any free port (RFC 8252 §7.3).
    pub(super) fn registered(&self, uri: &str) -> Option<&str> {
        let mut registered = self.redirect_uris.iter().map(String::as_str);
        registered.find(|registered| {
            *registered == uri
                || without_loopback_port(uri)
                    .is_some_and(|uri| without_loopback_port(registered) == Some(uri))
        })
    }

    pub(super) fn has_good_redirect_uris(&self) -> bool {
        !self.redirect_uris.is_empty() && self.redirect_uris.iter().all(|uri| is_good(uri))
    }
}
