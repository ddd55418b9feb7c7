use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use http::header::{
    ACCEPT, ETAG, HeaderMap, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, RETRY_AFTER,
};
use http::{HeaderName, StatusCode};
use url::Url;

use crate::base::url_rule::is_loopback;
use crate::keys::source::{CacheValidators, FetchError, FetchFuture, Fetched, KeySource};
use crate::limits::{CONNECT_TIMEOUT, MAX_DOCUMENT_BYTES};
use crate::net::cache_control;
use crate::net::guarded_dns::GuardedDns;

/// The key set at a `jwks_uri`.
#[derive(Debug)]
pub(crate) struct HttpKeys {
    client: Arc<HttpClient>,
    uri: Url,
}

impl HttpKeys {
    pub(crate) fn new(client: Arc<HttpClient>, uri: Url) -> Self {
        Self { client, uri }
    }
}

impl KeySource for HttpKeys {
    fn fetch<'a>(&'a self, known: Option<&'a CacheValidators>) -> FetchFuture<'a> {
        Box::pin(self.client.key_set(&self.uri, known, Reach::Anywhere))
    }
}

/// One client for all issuers of a configuration, made when the first of them is asked: reading the
/// system's certificates takes time and memory that a process with static keys should not spend.
#[derive(Debug, Default)]
pub(crate) struct HttpClient {
    injected: Option<reqwest::Client>,
    open: OnceLock<reqwest::Client>,
    guarded: OnceLock<reqwest::Client>,
    local: OnceLock<reqwest::Client>,
}

/// Where a name may lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    Anywhere,
    /// Not to this machine: the URL comes from somebody else's document.
    Outside,
}

impl HttpClient {
    pub(crate) fn new(injected: Option<reqwest::Client>) -> Self {
        Self {
            injected,
            ..Self::default()
        }
    }

    pub(super) async fn key_set(
        &self,
        uri: &Url,
        known: Option<&CacheValidators>,
        reach: Reach,
    ) -> Result<Fetched, FetchError> {
        // Only what is asked conditionally may be answered with 304 (RFC 9110 §15.4.5).
        let known = known.filter(|known| {
            let conditional = known.etag.is_some() || known.last_modified.is_some();
            conditional && known.uri.as_deref() == Some(uri.as_str())
        });
        let answer = self.get(uri, ACCEPT_KEY_SET, known, reach).await?;
        let validators = CacheValidators {
            etag: text(&answer.headers, ETAG),
            last_modified: text(&answer.headers, LAST_MODIFIED),
            uri: Some(uri.as_str().to_owned()),
        };
        let max_age = cache_control::max_age(&answer.headers);
        let fetched = match answer.status {
            StatusCode::OK => Fetched::document(answer.body).with_validators(validators),
            StatusCode::NOT_MODIFIED if known.is_some() => Fetched::not_modified(),
            _ => return Err(answer.unexpected(uri)),
        };
        Ok(match max_age {
            Some(max_age) => fetched.with_max_age(max_age),
            None => fetched,
        })
    }

    pub(super) async fn document(&self, uri: &Url) -> Result<Vec<u8>, FetchError> {
        let answer = self.get(uri, ACCEPT_JSON, None, Reach::Anywhere).await?;
        match answer.status {
            StatusCode::OK => Ok(answer.body),
            _ => Err(answer.unexpected(uri)),
        }
    }

    async fn get(
        &self,
        uri: &Url,
        accept: &str,
        known: Option<&CacheValidators>,
        reach: Reach,
    ) -> Result<Answer, FetchError> {
        let client = self.client(uri, reach)?;
        let request = || {
            let mut request = client.get(uri.clone()).header(ACCEPT, accept);
            if let Some(etag) = known.and_then(|known| known.etag.as_ref()) {
                request = request.header(IF_NONE_MATCH, etag);
            }
            if let Some(date) = known.and_then(|known| known.last_modified.as_ref()) {
                request = request.header(IF_MODIFIED_SINCE, date);
            }
            exchange(uri, request)
        };
        match request().await {
            // A connection that failed or broke off may be one bad host of several: once more.
            Err(Failed { again: true, .. }) => request().await,
            answered => answered,
        }
        .map_err(|failed| failed.error)
    }

    fn client(&self, uri: &Url, reach: Reach) -> Result<&reqwest::Client, FetchError> {
        let is_local = uri.scheme() == "http" && is_loopback(uri);
        let own = match reach {
            _ if is_local => &self.local,
            Reach::Anywhere => &self.open,
            Reach::Outside => &self.guarded,
        };
        if let Some(client) = self.injected.as_ref().or_else(|| own.get()) {
            return Ok(client);
        }
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            // A redirect could lead anywhere, and nothing that we fetch may move unannounced.
            .redirect(reqwest::redirect::Policy::none())
            // Minutes pass between fetches: a kept connection would be dead, or lead to an old host.
            .pool_max_idle_per_host(0)
            .user_agent(concat!("tower-jwt-auth/", env!("CARGO_PKG_VERSION")));
        if is_local {
            // Development works behind a proxy, and on a machine without CA certificates.
            builder = builder.no_proxy().tls_certs_only([]);
        } else if reach == Reach::Outside {
            builder = builder.dns_resolver(Arc::new(GuardedDns));
        }
        let built = builder.build().map_err(|error| {
            let message = "the HTTP client could not be made (are CA certificates installed?)";
            FetchError::with_source(message, error)
        })?;
        Ok(own.get_or_init(|| built))
    }
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

struct Failed {
    error: FetchError,
    /// The connection was at fault, and another one may not be.
    again: bool,
}

async fn exchange(uri: &Url, request: reqwest::RequestBuilder) -> Result<Answer, Failed> {
    let broken = |error: reqwest::Error| Failed {
        again: !error.is_timeout() && !error.is_decode() && !error.is_builder(),
        error: FetchError::with_source(
            format!("GET {} failed", shown_url(uri)),
            error.without_url(),
        ),
    };
    let refuse = |error| Failed {
        error,
        again: false,
    };
    let mut response = request.send().await.map_err(broken)?;
    if response.url() != uri {
        // Only an injected client does that.
        let message = format!(
            "GET {} was redirected, which is not followed",
            shown_url(uri)
        );
        return Err(refuse(FetchError::new(message)));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        // What counts is what comes out of decompression.
        if body.len().saturating_add(chunk.len()) > MAX_DOCUMENT_BYTES {
            let message = format!(
                "the answer of {} is larger than {MAX_DOCUMENT_BYTES} bytes",
                shown_url(uri)
            );
            return Err(refuse(FetchError::new(message)));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer {
        status: response.status(),
        headers: response.headers().clone(),
        body,
    })
}

impl Answer {
    fn unexpected(&self, uri: &Url) -> FetchError {
        let message = format!(
            "GET {} answered {} and not 200",
            shown_url(uri),
            self.status
        );
        match retry_after(&self.headers, SystemTime::now()) {
            Some(wait) => FetchError::retry_after(message, wait),
            None => FetchError::new(message),
        }
    }
}

/// A discovered URL is somebody else's text, and may be as long as a document.
fn shown_url(uri: &Url) -> String {
    uri.as_str().chars().take(LONGEST_SHOWN_URL).collect()
}

/// Seconds or a date (RFC 9110 §10.2.3). The schedule caps it.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match value.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(value)
            .ok()?
            .duration_since(now)
            .ok(),
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(ToOwned::to_owned)
}

const LONGEST_SHOWN_URL: usize = 200;

/// RFC 7517 §8.5.1.
const ACCEPT_KEY_SET: &str = "application/jwk-set+json, application/json";

const ACCEPT_JSON: &str = "application/json";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_forms() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_700);
        let cases = [
            ("120", Some(120)),
            ("0", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(77)),
            ("Sun, 06 Nov 1993 08:49:37 GMT", None),
            ("soon", None),
            ("-1", None),
        ];
        for (value, want) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, value.parse().unwrap());
            assert_eq!(
                retry_after(&headers, now),
                want.map(Duration::from_secs),
                "{value}"
            );
        }
    }
}
