//! Where the endpoint is: configured, or found in the metadata of the issuer.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::base::escape::shown;
use crate::base::url_rule::without_credentials;
use crate::introspection::failure::{Failure, FailureKind};
use crate::introspection::recent::Recent;
use crate::limits::{DEFAULT_MAX_AGE, DISCOVERY_REUSE};
use crate::net::candidates::Candidates;
use crate::net::exchange::TimeLimit;
use crate::net::metadata::{self, IssuerMetadata, metadata_urls};
use crate::net::{FetchError, HttpTransport};

#[derive(Debug)]
pub(crate) enum Endpoint {
    Configured(Url),
    Discovered(Box<Discovered>),
}

/// The `introspection_endpoint` of the issuer's metadata (RFC 8414 §2). The secret of this server
/// goes there, so only an endpoint on the issuer's own origin is used: another one must be
/// configured.
#[derive(Debug)]
pub(crate) struct Discovered {
    issuer: Url,
    candidates: Candidates,
    found: Recent<Found>,
}

#[derive(Clone, Debug)]
enum Found {
    Good(Url),
    /// From metadata that could be read then, and cannot be read now.
    Old(Url),
    /// Why the endpoint is not used.
    Refused(String),
}

impl Endpoint {
    /// `name` is the issuer as it is configured, and `url` the same as a URL.
    pub(crate) fn discovered(name: &str, url: Url) -> Self {
        Self::Discovered(Box::new(Discovered {
            candidates: Candidates::new(name.into(), metadata_urls(&url)),
            issuer: url,
            found: Recent::new(),
        }))
    }

    pub(super) async fn url(
        &self,
        transport: &dyn HttpTransport,
        issuer: &str,
        timeout: Duration,
    ) -> Result<Url, Failure> {
        let discovered = match self {
            Self::Configured(url) => return Ok(url.clone()),
            Self::Discovered(discovered) => discovered,
        };
        match discovered.find(transport, issuer, timeout).await? {
            Found::Good(url) | Found::Old(url) => Ok(url),
            Found::Refused(reason) => Err(Failure::new(FailureKind::NoEndpoint, reason)),
        }
    }
}

impl Discovered {
    async fn find(
        &self,
        transport: &dyn HttpTransport,
        issuer: &str,
        timeout: Duration,
    ) -> Result<Found, FetchError> {
        let is_young = |found: &Found, age: Duration| match found {
            Found::Good(_) => age < DEFAULT_MAX_AGE,
            Found::Old(_) | Found::Refused(_) => age < DISCOVERY_REUSE,
        };
        let last = self.found.last();
        self.found
            .get(is_young, || self.read(transport, issuer, timeout, last))
            .await
    }

    async fn read(
        &self,
        transport: &dyn HttpTransport,
        issuer: &str,
        timeout: Duration,
        last: Option<Found>,
    ) -> Result<Found, FetchError> {
        let within = TimeLimit::from_now(timeout);
        let read = |url| self.read_one(transport, url, issuer, timeout);
        match (self.candidates.first_usable(within, read).await, last) {
            (Ok(found), _) => Ok(found),
            (Err(_), Some(Found::Good(url) | Found::Old(url))) => Ok(Found::Old(url)),
            (Err(error), _) => Err(error),
        }
    }

    async fn read_one(
        &self,
        transport: &dyn HttpTransport,
        url: &Url,
        issuer: &str,
        timeout: Duration,
    ) -> Result<Found, FetchError> {
        let document = metadata::document(transport, url, timeout).await?;
        let metadata: Metadata = metadata::read(&document, url, issuer)?;
        Ok(self.judge(url, metadata.introspection_endpoint.as_ref()))
    }

    fn judge(&self, url: &Url, endpoint: Option<&Value>) -> Found {
        let Some(endpoint) = endpoint.and_then(Value::as_str) else {
            return Found::Refused(format!(
                "{url} names no usable introspection_endpoint: set introspection.endpoint"
            ));
        };
        let parsed = Url::parse(endpoint).ok().filter(|found| {
            let is_ours = found.origin() == self.issuer.origin() && found.origin().is_tuple();
            let has_user = !found.username().is_empty() || found.password().is_some();
            is_ours && !has_user && found.fragment().is_none()
        });
        match parsed {
            Some(found) => Found::Good(found),
            None => Found::Refused(format!(
                "{url} names introspection_endpoint {}, which is not on the issuer's own origin \
                 {}: set introspection.endpoint if our credentials may go there",
                shown(without_credentials(endpoint)),
                self.issuer.origin().ascii_serialization()
            )),
        }
    }
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    introspection_endpoint: Option<Value>,
}

impl IssuerMetadata for Metadata {
    fn issuer(&self) -> &str {
        &self.issuer
    }
}
