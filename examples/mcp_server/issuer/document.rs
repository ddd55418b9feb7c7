//! Clients that publish themselves: the `client_id` is the URL of a document with the client's
//! metadata (draft-ietf-oauth-client-id-metadata-document). Since 2026-07-28, MCP prefers this to
//! registration.

use serde::Deserialize;
use serde::de::IgnoredAny;
use url::{Position, Url};

use super::DevelopmentIssuer;
use super::client::{Client, LONGEST_ID};
use super::guarded_fetch;
use super::redirect_uri::is_http_on_loopback;

/// The members that count here. All others are replaced by the same fixed values as for clients
/// that register.
#[derive(Deserialize)]
struct Document {
    client_id: String,
    #[serde(flatten)]
    client: Client,
    token_endpoint_auth_method: Option<String>,
    client_secret: Option<IgnoredAny>,
    client_secret_expires_at: Option<IgnoredAny>,
}

/// The URL of a document, if this `client_id` is one: `https`, or `http` on this machine for
/// clients under development, with a path, without a fragment, a user and dot segments. It must be
/// spelled as it is fetched, because clients are compared by the text.
pub(super) fn url_of(client_id: &str) -> Option<Url> {
    let url = Url::parse(client_id).ok()?;
    let is_secure = url.scheme() == "https" || is_http_on_loopback(&url);
    let has_path = url.path() != "/";
    let is_plain =
        url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    // Parsing resolves dot segments, and mends what it can.
    let is_literal = url.as_str() == client_id && client_id.len() <= LONGEST_ID;
    (is_secure && has_path && is_plain && is_literal).then_some(url)
}

/// The host that vouches for such a client. Its name is only its own word.
pub(super) fn host_of(client_id: &str) -> Option<String> {
    let url = url_of(client_id)?;
    Some(url[Position::BeforeHost..Position::AfterPort].to_owned())
}

/// The client that this document describes. A good document is kept for a moment, a failure is not.
pub(super) async fn client_at(
    url: &Url,
    issuer: &DevelopmentIssuer,
) -> Result<Client, &'static str> {
    let kept = &issuer.0.documents;
    if let Some(client) = kept.get(url.as_str()) {
        return Ok(client);
    }
    let fetched = guarded_fetch::fetch(url).await?;
    let client = read(&fetched.body, url)?;
    if fetched.may_be_kept {
        kept.put_under(url.as_str().to_owned(), client.clone());
    }
    Ok(client)
}

fn read(body: &[u8], url: &Url) -> Result<Client, &'static str> {
    const METADATA: &str = "The client's document does not describe a client in JSON.";
    const CLIENT_ID: &str = "The client_id in the client's document is not the document's URL.";
    const SECRET: &str = "The client's document asks for client authentication. Here, clients are \
         public: token_endpoint_auth_method must be none.";
    const REDIRECT_URIS: &str = "The client's document has a redirect URI that cannot be used.";
    let document: Document = serde_json::from_slice(body).map_err(|_| METADATA)?;
    if document.client_id != url.as_str() {
        return Err(CLIENT_ID);
    }
    // Nobody can share a secret by way of a public document.
    let has_secret =
        document.client_secret.is_some() || document.client_secret_expires_at.is_some();
    let method = document.token_endpoint_auth_method;
    if has_secret || method.is_some_and(|method| method != "none") {
        return Err(SECRET);
    }
    match document.client.has_good_redirect_uris() {
        true => Ok(document.client),
        false => Err(REDIRECT_URIS),
    }
}
