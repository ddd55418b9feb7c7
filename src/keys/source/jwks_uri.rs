//! The key set at a URL.

use std::sync::Arc;

use http::header::{
    ACCEPT, ETAG, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use http::{HeaderName, Method, StatusCode};
use tokio::time::timeout_at;
use url::Url;

use super::{CacheValidators, FetchError, FetchFuture, FetchRequest, Fetched, KeySource};
use crate::net::exchange::TimeLimit;
use crate::net::{AddressPolicy, HttpTransport, cache_control, exchange};

/// The key set at a configured `jwks_uri`.
#[derive(Debug)]
pub(crate) struct HttpKeys {
    transport: Arc<dyn HttpTransport>,
    uri: Url,
}

impl HttpKeys {
    pub(crate) fn new(transport: Arc<dyn HttpTransport>, uri: Url) -> Self {
        Self { transport, uri }
    }
}

impl KeySource for HttpKeys {
    fn fetch<'a>(&'a self, request: FetchRequest<'a>) -> FetchFuture<'a> {
        let transport = &*self.transport;
        let addresses = AddressPolicy::Anywhere;
        let within = TimeLimit::from_now(request.timeout);
        Box::pin(key_set(transport, &self.uri, request, within, addresses))
    }
}

/// Fetches the key set at `uri`, conditionally when the set in use came from there.
pub(super) async fn key_set(
    transport: &dyn HttpTransport,
    uri: &Url,
    request: FetchRequest<'_>,
    within: TimeLimit,
    addresses: AddressPolicy,
) -> Result<Fetched, FetchError> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static(ACCEPT_KEY_SET));
    let known = request
        .validators
        .filter(|known| known.uri.as_deref() == Some(uri.as_str()));
    let etag = known.and_then(|known| known.etag.as_deref());
    let last_modified = known.and_then(|known| known.last_modified.as_deref());
    insert(&mut headers, IF_NONE_MATCH, etag);
    insert(&mut headers, IF_MODIFIED_SINCE, last_modified);
    // Only a conditional request may be answered with 304 (RFC 9110 §15.4.5).
    let is_conditional =
        headers.contains_key(IF_NONE_MATCH) || headers.contains_key(IF_MODIFIED_SINCE);

    let limits = exchange::document_limits(request.timeout, addresses);
    let answer = exchange::get(transport, uri, headers, limits);
    let answer = timeout_at(within.deadline, answer).await.map_err(|_| {
        let timeout = humantime::format_duration(within.timeout);
        FetchError::new(format!(
            "GET {uri} has not answered within the timeout of {timeout}"
        ))
    })??;
    let validators = CacheValidators {
        etag: text(answer.headers(), ETAG),
        last_modified: text(answer.headers(), LAST_MODIFIED),
        uri: Some(uri.as_str().to_owned()),
    };
    let max_age = cache_control::max_age(answer.headers());
    let fetched = match answer.status() {
        StatusCode::OK => Fetched::document(answer.into_body()).with_validators(validators),
        StatusCode::NOT_MODIFIED if is_conditional => Fetched::not_modified(),
        _ => return Err(exchange::unexpected_status(&Method::GET, uri, &answer)),
    };
    Ok(match max_age {
        Some(max_age) => fetched.with_max_age(max_age),
        None => fetched,
    })
}

/// Leaves out a value that is no header value: the request then asks for the whole document.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: Option<&str>) {
    if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
        headers.insert(name, value);
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(ToOwned::to_owned)
}

/// RFC 7517 §8.5.1.
const ACCEPT_KEY_SET: &str = "application/jwk-set+json, application/json";
