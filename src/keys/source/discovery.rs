//! The key set of an issuer, found through the metadata of the issuer.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use tokio::time::Instant;
use url::{Host, Url};

use super::jwks_uri::key_set;
use super::{FetchError, FetchFuture, FetchRequest, KeySource};
use crate::base::escape::shown;
use crate::base::url_rule::{UrlRule, is_loopback, without_credentials};
use crate::limits::DISCOVERY_REUSE;
use crate::net::candidates::Candidates;
use crate::net::exchange::TimeLimit;
use crate::net::metadata::{self, IssuerMetadata, metadata_urls};
use crate::net::{AddressPolicy, HttpTransport};

/// The key set of an issuer that is found through its metadata (RFC 8414, OpenID Connect
/// Discovery).
///
/// Each refresh reads the metadata again, so that the `jwks_uri` may change and a failure is not
/// remembered. Only when the keys could not be fetched, the next attempt uses metadata that has
/// just been read: a rate limit on the key set must not be met with twice the requests.
#[derive(Debug)]
pub(crate) struct DiscoveredKeys {
    transport: Arc<dyn HttpTransport>,
    issuer: Arc<str>,
    candidates: Candidates,
    /// The `jwks_uri` that the metadata named last, and when it was read.
    named: Mutex<Option<(Url, Instant)>>,
    rule: UrlRule,
    /// The only host that keys may come from, if `pin_jwks_host` is set.
    pinned: Option<Host>,
}

impl DiscoveredKeys {
    pub(crate) fn new(
        transport: Arc<dyn HttpTransport>,
        issuer: Arc<str>,
        url: &Url,
        rule: UrlRule,
        pin_host: bool,
    ) -> Self {
        // The metadata of a public issuer must not lead to a service on this machine.
        let rule = if is_loopback(url) {
            rule
        } else {
            rule.without_internal()
        };
        let pinned = url.host().filter(|_| pin_host).map(|host| host.to_owned());
        Self {
            transport,
            candidates: Candidates::new(issuer.clone(), metadata_urls(url)),
            issuer,
            named: Mutex::new(None),
            rule,
            pinned,
        }
    }

    async fn jwks_uri(
        &self,
        request: FetchRequest<'_>,
        within: TimeLimit,
    ) -> Result<Url, FetchError> {
        let named = self
            .named
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let young =
            named.filter(|(_, read)| request.after_failure && read.elapsed() < DISCOVERY_REUSE);
        let (uri, read) = match young {
            Some(named) => named,
            None => {
                let read = |url| self.read(url, request.timeout);
                (
                    self.candidates.first_usable(within, read).await?,
                    Instant::now(),
                )
            }
        };
        *self.named.lock().unwrap_or_else(PoisonError::into_inner) = Some((uri.clone(), read));
        Ok(uri)
    }

    async fn read(&self, url: &Url, timeout: Duration) -> Result<Url, FetchError> {
        let document = metadata::document(&*self.transport, url, timeout).await?;
        self.named_in(&document, url)
    }

    /// The `jwks_uri` that a document from `url` names.
    pub(crate) fn named_in(&self, document: &[u8], url: &Url) -> Result<Url, FetchError> {
        let metadata: Metadata = metadata::read(document, url, &self.issuer)?;
        let uri = metadata
            .jwks_uri
            .ok_or_else(|| FetchError::new(format!("{url} names no jwks_uri")))?;
        let refuse = |reason: &dyn fmt::Display| {
            FetchError::new(format!(
                "{url} names jwks_uri {}, which {reason}",
                shown(without_credentials(&uri))
            ))
        };
        let jwks_uri = self.rule.check(&uri).map_err(|fault| refuse(&fault))?;
        match &self.pinned {
            Some(host) if jwks_uri.host().map(|host| host.to_owned()).as_ref() != Some(host) => {
                Err(refuse(&format_args!("is not on the issuer's host {host}")))
            }
            _ => Ok(jwks_uri),
        }
    }
}

impl KeySource for DiscoveredKeys {
    fn fetch<'a>(&'a self, request: FetchRequest<'a>) -> FetchFuture<'a> {
        Box::pin(async move {
            let within = TimeLimit::from_now(request.timeout);
            let uri = self.jwks_uri(request, within).await?;
            let addresses = match self.rule.allows_internal() {
                true => AddressPolicy::Anywhere,
                false => AddressPolicy::NotThisHost,
            };
            key_set(&*self.transport, &uri, request, within, addresses).await
        })
    }
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: Option<String>,
}

impl IssuerMetadata for Metadata {
    fn issuer(&self) -> &str {
        &self.issuer
    }
}

#[cfg(all(test, feature = "reqwest"))]
mod tests {
    use super::*;
    use crate::net::ReqwestTransport;

    #[test]
    fn field_c07_a_document_with_credentials_in_a_url_is_refused_without_them() {
        let rule = UrlRule::new(false);
        let url = rule.check("https://i.example").unwrap();
        let transport = Arc::new(ReqwestTransport::default());
        let keys = DiscoveredKeys::new(transport, "https://i.example".into(), &url, rule, false);
        let named = |issuer: &str, jwks_uri: &str| {
            let document = serde_json::json!({"issuer": issuer, "jwks_uri": jwks_uri}).to_string();
            keys.named_in(document.as_bytes(), &url)
        };
        let good = ("https://i.example", "https://k.example/jwks");
        assert!(named(good.0, good.1).is_ok());
        for (issuer, jwks_uri) in [
            (good.0, "https://u5er:s3cret@k.example/jwks"),
            (good.0, "u5er:s3cret@k.example/jwks"),
            ("https://u5er:s3cret@i.example", good.1),
        ] {
            let error = named(issuer, jwks_uri).unwrap_err().to_string();
            assert!(error.contains("(not shown)"), "{error}");
            assert!(
                !error.contains("u5er") && !error.contains("s3cret"),
                "{error}"
            );
        }
        let error = named(good.0, "http://k.example/jwks")
            .unwrap_err()
            .to_string();
        assert!(error.contains("http://k.example/jwks"), "{error}");
    }
}
