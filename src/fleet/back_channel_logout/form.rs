//! The logout token of a request. What it says is not looked at.

use std::error::Error;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::time::timeout;
use url::form_urlencoded;

use super::answer::Refusal;
use crate::limits::{LOGOUT_BODY_TIME, MAX_LOGOUT_BYTES};

pub(super) async fn logout_token<B>(request: Request<B>) -> Result<String, Refusal>
where
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let (parts, body) = request.into_parts();
    if parts.method != Method::POST {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        return Err(Refusal::Invalid(status, "the method is not POST"));
    }
    if !is_form(&parts.headers) {
        return Err(Refusal::Invalid(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the content type is not application/x-www-form-urlencoded",
        ));
    }
    let form = timeout(LOGOUT_BODY_TIME, read(body)).await;
    let form = form.unwrap_or(Err(Refusal::Invalid(
        StatusCode::REQUEST_TIMEOUT,
        "the body took longer than 5 seconds",
    )))?;
    Ok(token_in(&form)?)
}

fn is_form(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(media_type), None) = (types.next(), types.next()) else {
        return false;
    };
    let media_type = media_type.to_str().unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

async fn read<B>(body: B) -> Result<Bytes, Refusal>
where
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let too_large = Refusal::Invalid(
        StatusCode::PAYLOAD_TOO_LARGE,
        "the body is larger than 16 KiB",
    );
    // Nobody waits for a body that is known to be too large.
    if body.size_hint().lower() > MAX_LOGOUT_BYTES as u64 {
        return Err(too_large);
    }
    match Limited::new(body, MAX_LOGOUT_BYTES).collect().await {
        Ok(form) => Ok(form.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large),
        Err(_) => Err("the body broke off".into()),
    }
}

/// The value of `logout_token`, which must be there once. Other fields are ignored (§2.5).
fn token_in(form: &Bytes) -> Result<String, &'static str> {
    let fields = form_urlencoded::parse(form);
    let mut tokens = fields.filter(|(name, _)| name == "logout_token");
    match (tokens.next(), tokens.next()) {
        (Some((_, token)), None) => Ok(token.into_owned()),
        (None, _) => Err("logout_token is missing"),
        (Some(_), Some(_)) => Err("logout_token is there twice"),
    }
}
