//! One request and its answer: bounded, tried at most twice, and with errors that name the URL.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{AGE, DATE, HeaderMap, RETRY_AFTER};
use http::{Method, Request, Response, Uri};
use tokio::time::Instant;
use url::Url;

use super::{AddressPolicy, ExchangeLimits, FetchError, HttpTransport};
use crate::base::clock::later;
use crate::limits::MAX_DOCUMENT_BYTES;
use crate::telemetry;

/// The time of one fetch. A source gives up slightly before the task drops its future, so that the
/// error can name the URL that does not answer.
#[derive(Clone, Copy)]
pub(crate) struct TimeLimit {
    pub(crate) timeout: Duration,
    pub(crate) deadline: Instant,
}

impl TimeLimit {
    pub(crate) fn from_now(timeout: Duration) -> Self {
        Self {
            timeout,
            deadline: later(Instant::now(), timeout.mul_f64(0.99)),
        }
    }
}

/// Sends a GET request, and once more when the connection failed. Redirects are not followed: they
/// are answers like any other, which the caller refuses by their status.
pub(crate) async fn get(
    transport: &dyn HttpTransport,
    url: &Url,
    headers: HeaderMap,
    limits: ExchangeLimits,
) -> Result<Response<Bytes>, FetchError> {
    let mut request = Request::new(Bytes::new());
    *request.headers_mut() = headers;
    send(transport, url, request, limits).await
}

/// The same for any request, whose URI is set to `url`. It must be one that may be sent twice.
pub(crate) async fn send(
    transport: &dyn HttpTransport,
    url: &Url,
    mut request: Request<Bytes>,
    limits: ExchangeLimits,
) -> Result<Response<Bytes>, FetchError> {
    let uri: Uri = url.as_str().parse().map_err(|error| {
        let (method, url) = (request.method(), shown_url(url.as_str()));
        FetchError::with_source(format!("{method} {url} failed"), error)
    })?;
    *request.uri_mut() = uri;
    let send = || transport.exchange(request.clone(), limits);
    let began = Instant::now();
    let answer = match send().await {
        // The name may stand for several hosts, of which one is down.
        Err(error) if error.is_connection() => send().await,
        answer => answer,
    };
    report(request.method(), url, began, &answer);
    let answer = answer?;
    match answer.body().len() > limits.max_bytes {
        true => Err(too_large(url.as_str(), limits)),
        false => Ok(answer),
    }
}

fn report(
    method: &Method,
    url: &Url,
    began: Instant,
    answer: &Result<Response<Bytes>, FetchError>,
) {
    telemetry::exchanged(&telemetry::Exchanged {
        method: method.as_str(),
        url: &shown_url(url.as_str()),
        took: began.elapsed(),
        outcome: answer.as_ref().map(answered).map_err(|error| error as _),
    });
}

fn answered(answer: &Response<Bytes>) -> telemetry::Answered<'_> {
    let text = |name| answer.headers().get(name)?.to_str().ok();
    telemetry::Answered {
        status: answer.status().as_u16(),
        bytes: answer.body().len(),
        date: text(DATE),
        age: text(AGE),
    }
}

pub(super) fn too_large(url: &str, limits: ExchangeLimits) -> FetchError {
    FetchError::new(format!(
        "the answer of {} is larger than {} bytes",
        shown_url(url),
        limits.max_bytes
    ))
}

/// The error for an answer whose status is not the expected 200, with its `Retry-After`.
pub(crate) fn unexpected_status(
    method: &Method,
    url: &Url,
    answer: &Response<Bytes>,
) -> FetchError {
    let message = format!(
        "{method} {} answered {} and not 200",
        shown_url(url.as_str()),
        answer.status()
    );
    match retry_after(answer.headers(), SystemTime::now()) {
        Some(wait) => FetchError::retry_after(message, wait),
        None => FetchError::new(message),
    }
}

/// The limits of a key set and of a metadata document.
pub(crate) const fn document_limits(timeout: Duration, addresses: AddressPolicy) -> ExchangeLimits {
    ExchangeLimits::new(MAX_DOCUMENT_BYTES, timeout, addresses)
}

/// A discovered URL is untrusted text, and may be as long as a document.
pub(super) fn shown_url(url: &str) -> String {
    url.chars().take(LONGEST_SHOWN_URL).collect()
}

/// `Retry-After` in seconds or as a date (RFC 9110 §10.2.3). The caller bounds it. A number that is
/// too large for its type asks for a long time all the same.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    date.duration_since(now).ok()
}

const LONGEST_SHOWN_URL: usize = 200;

#[cfg(test)]
mod tests;
