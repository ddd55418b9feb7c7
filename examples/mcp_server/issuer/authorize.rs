//! The authorization endpoint (RFC 6749 §4.1.1, OAuth 2.1 §4.1.1): shows a consent page for a
//! request, and issues a code when the user agrees.

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use url::Url;

use super::DevelopmentIssuer;
use super::client::Client;
use super::error::OAuthError;
use super::page;
use super::parameters::Parameters;
use super::scopes::Scopes;

/// A valid authorization request. The code that it leads to is bound to the same data.
pub(super) struct Authorization {
    pub(super) client_id: String,
    pub(super) client_name: String,
    pub(super) scopes: Scopes,
    pub(super) challenge: String,
    pub(super) reply: Reply,
}

/// Where the authorization response goes.
#[derive(Clone)]
pub(super) struct Reply {
    pub(super) redirect_uri: Url,
    /// As the client wrote it, for the comparison at the token endpoint.
    pub(super) redirect_uri_text: String,
    /// The client and its registered redirect URI, which may have another port.
    receiver: String,
    state: Option<String>,
}

/// `GET /authorize`
pub(super) async fn ask(
    State(issuer): State<DevelopmentIssuer>,
    RawQuery(query): RawQuery,
) -> Response {
    let parameters = Parameters::parse(query.unwrap_or_default().as_bytes());
    let (client_id, client, reply) = match asking(&parameters, &issuer).await {
        Ok(asking) => asking,
        Err(why) => return page::error(why),
    };
    match requested(&issuer, &parameters) {
        Ok((scopes, challenge)) => {
            let authorization = Authorization {
                client_id,
                client_name: client.name().to_owned(),
                scopes,
                challenge,
                reply,
            };
            let page = page::Consent::of(&authorization, &issuer.0.resource);
            page.with_token(&issuer.0.consents.put(authorization))
        }
        Err(error) if issuer.0.confirmed.get(&reply.receiver).is_some() => {
            reply.reject(&issuer, error)
        }
        // Anybody can register any address. A redirect that needs no click would make this an open
        // redirector (RFC 9700 §4.11.2).
        Err(OAuthError { error, description }) => page::error(&format!("{description} ({error}).")),
    }
}

/// `POST /authorize`: the user pressed a button of the page. Only a browser that was shown the page
/// has its token, and the token is valid once.
pub(super) async fn answer(State(issuer): State<DevelopmentIssuer>, body: Bytes) -> Response {
    const DENIED: OAuthError = OAuthError::new("access_denied", "The user declined");
    let form = Parameters::parse(&body);
    let field = |name| form.optional(name).ok().flatten();
    let consent = field("consent").and_then(|token| issuer.0.consents.take(token));
    let Some(authorization) = consent else {
        return page::error("This page was used before, or has expired.");
    };
    if field("decision") != Some("allow") {
        return authorization.reply.reject(&issuer, DENIED);
    }
    let reply = authorization.reply.clone();
    issuer.0.confirmed.put_under(reply.receiver.clone(), ());
    let code = issuer.0.codes.put(authorization);
    reply.send(&issuer, &[("code", &code)])
}

/// The client that asks, and where the response goes. Until both are known, nothing is sent
/// anywhere (RFC 6749 §4.1.2.1).
async fn asking(
    parameters: &Parameters,
    issuer: &DevelopmentIssuer,
) -> Result<(String, Client, Reply), &'static str> {
    const MALFORMED: &str = "The client's request is malformed.";
    const REDIRECT_URI: &str = "The client has not registered this redirect URI.";
    let required = |name| parameters.required(name).map_err(|_| MALFORMED);
    let (client_id, redirect_uri) = (required("client_id")?, required("redirect_uri")?);
    let state = parameters.optional("state").map_err(|_| MALFORMED)?;
    let client = Client::find(client_id, issuer).await?;
    let registered = client.registered(redirect_uri).ok_or(REDIRECT_URI)?;
    let reply = Reply {
        redirect_uri: Url::parse(redirect_uri).map_err(|_| MALFORMED)?,
        redirect_uri_text: redirect_uri.to_owned(),
        receiver: format!("{client_id} {registered}"),
        state: state.map(ToOwned::to_owned),
    };
    Ok((client_id.to_owned(), client, reply))
}

/// The requested scopes, and the PKCE challenge.
fn requested(
    issuer: &DevelopmentIssuer,
    parameters: &Parameters,
) -> Result<(Scopes, String), OAuthError> {
    const NOT_A_CODE: OAuthError =
        OAuthError::new("unsupported_response_type", "The response type is code");
    const PKCE: OAuthError = OAuthError::invalid_request("PKCE with S256 is required");
    const NO_SCOPE: OAuthError = OAuthError::new("invalid_scope", "There is no such scope");
    if parameters.required("response_type")? != "code" {
        return Err(NOT_A_CODE);
    }
    // A missing method means "plain" (RFC 7636 §4.3), which OAuth 2.1 does not allow.
    let method = parameters.optional("code_challenge_method")?;
    let challenge = parameters.optional("code_challenge")?;
    let challenge = challenge.filter(|challenge| method == Some("S256") && challenge.len() == 43);
    let challenge = challenge.ok_or(PKCE)?.to_owned();
    parameters.check_resource(&issuer.0.resource)?;
    let scopes = Scopes::asked(parameters.optional("scope")?).ok_or(NO_SCOPE)?;
    Ok((scopes, challenge))
}

impl Reply {
    fn reject(&self, issuer: &DevelopmentIssuer, error: OAuthError) -> Response {
        let OAuthError { error, description } = error;
        self.send(
            issuer,
            &[("error", error), ("error_description", description)],
        )
    }

    /// Adds `iss`, so that a client can detect a response from the wrong issuer (RFC 9207 §2).
    fn send(&self, issuer: &DevelopmentIssuer, members: &[(&str, &str)]) -> Response {
        let mut uri = self.redirect_uri.clone();
        let state = self.state.as_deref().map(|state| ("state", state));
        uri.query_pairs_mut()
            .extend_pairs(members)
            .extend_pairs(state)
            .append_pair("iss", &issuer.0.issuer);
        // 303, never 307: the browser must not resend the form (RFC 9700 §4.12).
        Redirect::to(uri.as_str()).into_response()
    }
}
