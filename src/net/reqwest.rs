//! The transport of the feature `reqwest`. No other file names that crate, except the setter
//! `http_client` in `config/builder_keys.rs`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::{Bytes, BytesMut};
use http::{Method, Request, Response, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Certificate, Client, Identity, Proxy, redirect};
use url::Url;

use super::exchange::{shown_url, too_large};
use super::guarded_dns::resolve;
use super::{AddressPolicy, ExchangeLimits, FetchError, HttpTransport, TransportFuture};
use crate::base::url_rule::{has_internal_address, is_loopback};
use crate::limits::{CONNECT_TIMEOUT, KEPT_CONNECTION, MAX_INTROSPECTION_CALLS};

/// One transport for all issuers of a configuration. Its clients are made with the first request
/// that needs them: reading the system's certificates takes time and memory, which a process with
/// static keys should not spend.
#[derive(Debug, Default)]
pub(crate) struct ReqwestTransport {
    injected: Option<Client>,
    trust: Trust,
    /// The proxies of the environment or of the system, as they were at the first request. Read
    /// here rather than by the client, which would not say which proxy it uses.
    proxies: OnceLock<Matcher>,
    /// By route, and by whether connections are kept.
    clients: Mutex<HashMap<(Route, bool), Client>>,
}

/// The certificates of a transport, if they are not those of the system.
#[derive(Debug, Default)]
struct Trust {
    /// The only CA certificates.
    roots: Option<Vec<Certificate>>,
    identity: Option<Identity>,
}

/// The way to a host. Each has a client of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Route {
    Direct(AddressPolicy),
    /// http to this machine.
    Local,
    Proxy(Uri, AddressPolicy),
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
        let identity = identity.map_err(|error| FetchError::with_source(NO_IDENTITY, error))?;
        let transport = Self {
            trust: Trust { roots, identity },
            ..Self::default()
        };
        // Some faults show only when a client is made.
        transport.client_for(Route::Direct(AddressPolicy::Anywhere), None, false)?;
        Ok(transport)
    }

    /// The proxy that requests to `uri` go through, if the client is ours.
    fn proxy(&self, uri: &Uri, url: &Url, addresses: AddressPolicy) -> Option<Intercept> {
        if self.injected.is_some() || is_local(url, addresses) {
            return None;
        }
        self.proxies
            .get_or_init(Matcher::from_system)
            .intercept(uri)
    }

    fn client(
        &self,
        url: &Url,
        proxy: Option<&Intercept>,
        limits: ExchangeLimits,
    ) -> Result<Client, FetchError> {
        let addresses = limits.addresses;
        if let Some(client) = &self.injected {
            return Ok(client.clone());
        }
        let route = match proxy {
            Some(proxy) => Route::Proxy(proxy.uri().clone(), addresses),
            None if is_local(url, addresses) => Route::Local,
            None => Route::Direct(addresses),
        };
        self.client_for(route, proxy, limits.keeps_connection)
    }

    fn client_for(
        &self,
        route: Route,
        proxy: Option<&Intercept>,
        keeps_connections: bool,
    ) -> Result<Client, FetchError> {
        let clients = || self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (route, keeps_connections);
        if let Some(client) = clients().get(&key) {
            return Ok(client.clone());
        }
        let built = build(&key.0, proxy, &self.trust, keeps_connections).map_err(|error| {
            let message = "the HTTP client could not be made (are CA certificates installed?)";
            FetchError::with_source(message, error)
        })?;
        Ok(clients().entry(key).or_insert(built).clone())
    }

    async fn send(
        &self,
        request: Request<Bytes>,
        limits: ExchangeLimits,
    ) -> Result<Response<Bytes>, FetchError> {
        let (head, body) = request.into_parts();
        let text = head.uri.to_string();
        let url = Url::parse(&text)
            .map_err(|error| FetchError::with_source(failed(&head.method, &text, None), error))?;
        // The resolver of the client is asked for names, and not for addresses.
        if limits.addresses == AddressPolicy::NotThisHost && has_internal_address(&url) {
            return Err(FetchError::new(format!(
                "{}: the host is this machine or on its link",
                failed(&head.method, &text, None)
            )));
        }
        let proxy = self.proxy(&head.uri, &url, limits.addresses);
        let mut outgoing = self
            .client(&url, proxy.as_ref(), limits)?
            .request(head.method.clone(), url.clone())
            .headers(head.headers);
        if !body.is_empty() {
            outgoing = outgoing.body(body);
        }
        let broken = |error| broken(failed(&head.method, &text, proxy.as_ref()), error);
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

/// Whether the request may stay on this machine, and needs no TLS. Development then works behind a
/// proxy, and on a machine without CA certificates.
fn is_local(url: &Url, addresses: AddressPolicy) -> bool {
    addresses == AddressPolicy::Anywhere && url.scheme() == "http" && is_loopback(url)
}

fn build(
    route: &Route,
    proxy: Option<&Intercept>,
    trust: &Trust,
    keeps_connections: bool,
) -> reqwest::Result<Client> {
    let idle = match keeps_connections {
        true => MAX_INTROSPECTION_CALLS,
        false => 0,
    };
    let mut builder = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        // A redirect could lead anywhere, and keys and metadata do not move unannounced.
        .redirect(redirect::Policy::none())
        .pool_max_idle_per_host(idle)
        .pool_idle_timeout(KEPT_CONNECTION)
        .user_agent(concat!("tower-jwt-auth/", env!("CARGO_PKG_VERSION")))
        .no_proxy();
    if let Some(intercept) = proxy {
        builder = builder.proxy(with_credentials(intercept)?);
    }
    if *route == Route::Local {
        return builder.tls_certs_only([]).build();
    }
    if let Some(roots) = &trust.roots {
        builder = builder.tls_certs_only(roots.iter().cloned());
    }
    if let Some(identity) = &trust.identity {
        // It is read for rustls, whichever back end the rest of the program turns on.
        builder = builder.tls_backend_rustls().identity(identity.clone());
    }
    let guard = match route {
        Route::Local
        | Route::Direct(AddressPolicy::Anywhere)
        | Route::Proxy(_, AddressPolicy::Anywhere) => {
            return builder.build();
        }
        Route::Direct(AddressPolicy::NotThisHost) => GuardedDns { proxy: None },
        Route::Proxy(uri, AddressPolicy::NotThisHost) => GuardedDns {
            proxy: uri.host().map(Into::into),
        },
    };
    builder.dns_resolver(Arc::new(guard)).build()
}

/// The proxy, with the user and password of its URL.
fn with_credentials(intercept: &Intercept) -> reqwest::Result<Proxy> {
    let mut proxy = Proxy::all(intercept.uri().to_string())?;
    if let Some(header) = intercept.basic_auth() {
        proxy = proxy.custom_http_auth(header.clone());
    }
    if let Some((user, password)) = intercept.raw_auth() {
        proxy = proxy.basic_auth(user, password);
    }
    Ok(proxy)
}

impl HttpTransport for ReqwestTransport {
    fn exchange(&self, request: Request<Bytes>, limits: ExchangeLimits) -> TransportFuture<'_> {
        Box::pin(self.send(request, limits))
    }
}

/// The resolver of `guarded_dns.rs`, in the form that the client wants.
#[derive(Debug)]
struct GuardedDns {
    proxy: Option<Arc<str>>,
}

impl Resolve for GuardedDns {
    fn resolve(&self, name: Name) -> Resolving {
        let proxy = self.proxy.clone();
        Box::pin(async move {
            let addresses = resolve(name.as_str(), proxy.as_deref()).await?;
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

/// The proxy is named without its user and password, which [`Intercept::uri`] does not hold.
fn failed(method: &Method, url: &str, proxy: Option<&Intercept>) -> String {
    let url = shown_url(url);
    match proxy {
        Some(proxy) => format!("{method} {url} through the proxy {} failed", proxy.uri()),
        None => format!("{method} {url} failed"),
    }
}

fn broken(message: String, error: reqwest::Error) -> FetchError {
    let is_timeout = error.is_timeout();
    // Content that cannot be decompressed is an I/O error to reqwest. A body that breaks off is
    // not.
    let cause = std::error::Error::source(&error);
    let is_content = error.is_decode() && cause.is_some_and(|cause| cause.is::<std::io::Error>());
    let is_connection = !is_content && !error.is_builder();
    let error = error.without_url();
    match (is_timeout, is_connection) {
        (true, _) => FetchError::unanswered(message, Some(error.into())),
        (false, true) => FetchError::connection(message, error),
        (false, false) => FetchError::with_source(message, error),
    }
}

const NO_CA: &str = "ca_file holds no usable certificate: give CA certificates as PEM text";

const NO_IDENTITY: &str = "client_certificate_file and client_key_file cannot be used: give a certificate and its \
     unencrypted key as PEM text";

#[cfg(test)]
mod tests;
