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
    state: Option<String>,
}

/// `GET /authorize`
pub(super) async fn ask(
    State(issuer): State<DevelopmentIssuer>,
    RawQuery(query): RawQuery,
) -> Response {
    let parameters = Parameters::parse(query.unwrap_or_default().as_bytes());
    // Nothing is sent to an unknown redirect URI (RFC 6749 §4.1.2.1).
    let Some((client_id, client, redirect_uri)) = client_of(&parameters) else {
        return page::error("The client is unknown, or it has not registered this redirect URI.");
    };
    let Some(reply) = Reply::to(redirect_uri, &parameters) else {
        return page::error("The client's request is malformed.");
    };
    match requested(&issuer, &parameters) {
        Ok((scopes, challenge)) => {
            let authorization = Authorization {
                client_id: client_id.to_owned(),
                client_name: client.name().to_owned(),
                scopes,
                challenge,
                reply,
            };
            let page = page::Consent::of(&authorization, &issuer.0.resource);
            page.with_token(&issuer.0.consents.put(authorization))
        }
        Err(error) => reply.reject(&issuer, error),
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
    let code = issuer.0.codes.put(authorization);
    reply.send(&issuer, &[("code", &code)])
}

fn client_of(parameters: &Parameters) -> Option<(&str, Client, &str)> {
    let client_id = parameters.required("client_id").ok()?;
    let redirect_uri = parameters.required("redirect_uri").ok()?;
    let client = Client::of_id(client_id)?;
    client
        .may_be_answered_at(redirect_uri)
        .then_some((client_id, client, redirect_uri))
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
    fn to(redirect_uri: &str, parameters: &Parameters) -> Option<Self> {
        Some(Self {
            redirect_uri: Url::parse(redirect_uri).ok()?,
            redirect_uri_text: redirect_uri.to_owned(),
            state: parameters.optional("state").ok()?.map(ToOwned::to_owned),
        })
    }

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
