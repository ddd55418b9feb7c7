//! The transport of the feature `reqwest`. No other file names that crate, except the setter
//! `http_client` in `config/builder.rs`.

use std::sync::{Arc, OnceLock};

use bytes::{Bytes, BytesMut};
use http::{Method, Request, Response};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Certificate, Client, Identity, redirect};
use url::Url;

use super::exchange::{shown_url, too_large};
use super::guarded_dns::resolve;
use super::{AddressPolicy, ExchangeLimits, FetchError, HttpTransport, TransportFuture};
use crate::base::url_rule::is_loopback;
use crate::limits::CONNECT_TIMEOUT;

/// One transport for all issuers of a configuration. Its clients are made with the first request
/// that needs them: reading the system's certificates takes time and memory, which a process with
/// static keys should not spend.
#[derive(Debug, Default)]
pub(crate) struct ReqwestTransport {
    injected: Option<Client>,
    /// The only CA certificates, instead of the system's.
    roots: Option<Vec<Certificate>>,
    identity: Option<Identity>,
    open: OnceLock<Client>,
    guarded: OnceLock<Client>,
    local: OnceLock<Client>,
}

impl ReqwestTransport {
    /// Uses the client of the application for every request.
    pub(crate) fn with_client(client: Client) -> Self {
        Self {
            injected: Some(client),
            ..Self::default()
        }
    }

    /// Trusts only the CA certificates in `ca`, if given, and presents the certificate in
    /// `identity`, which holds its key as well. Both are PEM text.
    pub(crate) fn with_pem(ca: Option<&[u8]>, identity: Option<&[u8]>) -> Result<Self, FetchError> {
        let roots = ca.map(Certificate::from_pem_bundle).transpose();
        let roots = roots.map_err(|error| FetchError::with_source(NO_CA, error))?;
        if roots.as_ref().is_some_and(Vec::is_empty) {
            return Err(FetchError::new(NO_CA));
        }
        let identity = identity.map(Identity::from_pem).transpose();
        let transport = Self {
            roots,
            identity: identity.map_err(|error| FetchError::with_source(NO_IDENTITY, error))?,
            ..Self::default()
        };
        // Some faults show only when a client is made.
        transport.own_client(&transport.open, false, AddressPolicy::Anywhere)?;
        Ok(transport)
    }

    fn client(&self, url: &Url, addresses: AddressPolicy) -> Result<&Client, FetchError> {
        let is_local = url.scheme() == "http" && is_loopback(url);
        let own = match addresses {
            _ if is_local => &self.local,
            AddressPolicy::Anywhere => &self.open,
            AddressPolicy::NotThisHost => &self.guarded,
        };
        match &self.injected {
            Some(client) => Ok(client),
            None => self.own_client(own, is_local, addresses),
        }
    }

    fn own_client<'c>(
        &self,
        own: &'c OnceLock<Client>,
        is_local: bool,
        addresses: AddressPolicy,
    ) -> Result<&'c Client, FetchError> {
        if let Some(client) = own.get() {
            return Ok(client);
        }
        let mut builder = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            // A redirect could lead anywhere, and keys and metadata do not move unannounced.
            .redirect(redirect::Policy::none())
            // Minutes pass between fetches: a kept connection would be dead, or lead to an old
            // host.
            .pool_max_idle_per_host(0)
            .user_agent(concat!("tower-jwt-auth/", env!("CARGO_PKG_VERSION")));
        if is_local {
            // Development works behind a proxy, and on a machine without CA certificates.
            builder = builder.no_proxy().tls_certs_only([]);
        } else {
            if let Some(roots) = &self.roots {
                builder = builder.tls_certs_only(roots.iter().cloned());
            }
            if let Some(identity) = &self.identity {
                // It is read for rustls, whichever back end the rest of the program turns on.
                builder = builder.tls_backend_rustls().identity(identity.clone());
            }
            if addresses == AddressPolicy::NotThisHost {
                builder = builder.dns_resolver(Arc::new(GuardedDns));
            }
        }
        let built = builder.build().map_err(|error| {
            let message = "the HTTP client could not be made (are CA certificates installed?)";
            FetchError::with_source(message, error)
        })?;
        Ok(own.get_or_init(|| built))
    }

    async fn send(
        &self,
        request: Request<Bytes>,
        limits: ExchangeLimits,
    ) -> Result<Response<Bytes>, FetchError> {
        let (head, body) = request.into_parts();
        let text = head.uri.to_string();
        let url = Url::parse(&text)
            .map_err(|error| FetchError::with_source(failed(&head.method, &text), error))?;
        let mut outgoing = self
            .client(&url, limits.addresses)?
            .request(head.method.clone(), url.clone())
            .headers(head.headers);
        if !body.is_empty() {
            outgoing = outgoing.body(body);
        }
        let broken = |error| broken(failed(&head.method, &text), error);
        let incoming = outgoing.send().await.map_err(broken)?;
        if *incoming.url() != url {
            // Only a client of the application follows redirects.
            return Err(FetchError::new(format!(
                "{} {} was redirected, which is not followed",
                head.method,
                shown_url(&text)
            )));
        }
        read(incoming, &text, limits, broken).await
    }
}

impl HttpTransport for ReqwestTransport {
    fn exchange(&self, request: Request<Bytes>, limits: ExchangeLimits) -> TransportFuture<'_> {
        Box::pin(self.send(request, limits))
    }
}

/// The resolver of `guarded_dns.rs`, in the form that the client wants.
#[derive(Debug)]
struct GuardedDns;

impl Resolve for GuardedDns {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let addresses = resolve(name.as_str()).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

async fn read(
    mut incoming: reqwest::Response,
    url: &str,
    limits: ExchangeLimits,
    broken: impl Fn(reqwest::Error) -> FetchError,
) -> Result<Response<Bytes>, FetchError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = incoming.chunk().await.map_err(&broken)? {
        // The limit holds for what comes out of decompression.
        if body.len().saturating_add(chunk.len()) > limits.max_bytes {
            return Err(too_large(url, limits));
        }
        body.extend_from_slice(&chunk);
    }
    let mut answer = Response::new(body.freeze());
    *answer.status_mut() = incoming.status();
    *answer.headers_mut() = std::mem::take(incoming.headers_mut());
    Ok(answer)
}

fn failed(method: &Method, url: &str) -> String {
    format!("{method} {} failed", shown_url(url))
}

fn broken(message: String, error: reqwest::Error) -> FetchError {
    let is_connection = !error.is_timeout() && !error.is_decode() && !error.is_builder();
    let error = error.without_url();
    match is_connection {
        true => FetchError::connection(message, error),
        false => FetchError::with_source(message, error),
    }
}

const NO_CA: &str = "ca_file holds no usable certificate: give CA certificates as PEM text";

const NO_IDENTITY: &str = "client_certificate_file and client_key_file cannot be used: give a certificate and its \
     unencrypted key as PEM text";
