//! The built-in way to ask: one POST to the endpoint of the issuer (RFC 7662 §2.1).
//!
//! 1. `endpoint` says where.
//! 2. `credentials` prove who we are, with an `assertion` if a key does.
//! 3. `net` carries the request, which follows no redirect.
//! 4. If the endpoint refuses us and the file with our credentials has changed, the call is
//!    repeated, once.

mod assertion;
mod credentials;
mod endpoint;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use url::{Url, form_urlencoded};

pub(crate) use self::credentials::{ClientCredentials, CredentialError, CredentialSource, Way};
pub(crate) use self::endpoint::Endpoint;
use super::failure::{Failure, FailureKind};
use super::introspector::{IntrospectionAnswer, MediaType};
use crate::base::clock::Now;
use crate::limits::MAX_INTROSPECTION_BYTES;
use crate::net::{AddressPolicy, ExchangeLimits, HttpTransport, exchange};

/// Asks one endpoint over HTTP.
#[derive(Debug)]
pub(crate) struct Client {
    issuer: Arc<str>,
    transport: Arc<dyn HttpTransport>,
    endpoint: Endpoint,
    credentials: Arc<ClientCredentials>,
    accept: HeaderValue,
}

impl Client {
    /// `wants_jwt`: answers must be signed (RFC 9701).
    pub(crate) fn new(
        issuer: Arc<str>,
        transport: Arc<dyn HttpTransport>,
        endpoint: Endpoint,
        credentials: Arc<ClientCredentials>,
        wants_jwt: bool,
    ) -> Self {
        let accept = HeaderValue::from_static(match wants_jwt {
            true => "application/token-introspection+jwt",
            false => "application/json",
        });
        Self {
            issuer,
            transport,
            endpoint,
            credentials,
            accept,
        }
    }

    /// Asks once, or twice if our credentials have changed. The caller sees to it that the whole
    /// call ends within `timeout`.
    pub(super) async fn call(
        &self,
        token: &str,
        now: Now,
        timeout: Duration,
    ) -> Result<IntrospectionAnswer, Failure> {
        let url = self
            .endpoint
            .url(&*self.transport, &self.issuer, timeout)
            .await?;
        let used = self.credentials.current();
        let send = |used| {
            let request = self.request(token, used, now);
            self.send(&url, request, timeout)
        };
        let answer = send(&used).await?;
        let may_be_ours = matches!(
            answer.status(),
            StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED
        );
        let renewed = match may_be_ours {
            true => self.credentials.renewed(&used, &self.issuer).await,
            false => None,
        };
        match renewed {
            Some(renewed) => self.accept(&url, send(&renewed).await?),
            None => self.accept(&url, answer),
        }
    }

    fn request(
        &self,
        token: &str,
        credentials: &credentials::Loaded,
        now: Now,
    ) -> Result<Request<Bytes>, Failure> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, self.accept.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(FORM));
        let mut form = form_urlencoded::Serializer::new(String::new());
        // Never in the query, where servers log it (RFC 7662 §4).
        form.append_pair("token", token);
        form.append_pair("token_type_hint", "access_token");
        let authenticated =
            self.credentials
                .authenticate(credentials, &self.issuer, now, &mut headers, &mut form);
        if !authenticated {
            let text = "our credentials for the introspection endpoint cannot be sent";
            return Err(Failure::new(FailureKind::Unauthorized, text));
        }
        let mut request = Request::new(Bytes::from(form.finish()));
        *request.method_mut() = Method::POST;
        *request.headers_mut() = headers;
        Ok(request)
    }

    async fn send(
        &self,
        url: &Url,
        request: Result<Request<Bytes>, Failure>,
        timeout: Duration,
    ) -> Result<Response<Bytes>, Failure> {
        // The URL is configured, or on the origin of the issuer, which is.
        let addresses = AddressPolicy::Anywhere;
        let limits = ExchangeLimits::new(MAX_INTROSPECTION_BYTES, timeout, addresses);
        let limits = limits.keeping_connection();
        Ok(exchange::send(&*self.transport, url, request?, limits).await?)
    }

    fn accept(&self, url: &Url, answer: Response<Bytes>) -> Result<IntrospectionAnswer, Failure> {
        let kind = match answer.status() {
            StatusCode::OK => {
                let mut lines = answer.headers().get_all(CONTENT_TYPE).iter();
                let media_type = match (lines.next(), lines.next()) {
                    (Some(line), None) => line.to_str().unwrap_or("?"),
                    (None, _) => "",
                    // Two readers may take a different one.
                    (Some(_), Some(_)) => "given twice",
                };
                return Ok(IntrospectionAnswer {
                    media_type: Some(MediaType(media_type.to_owned())),
                    body: answer.into_body(),
                });
            }
            StatusCode::BAD_REQUEST => FailureKind::BadRequest,
            StatusCode::FORBIDDEN => FailureKind::Forbidden,
            StatusCode::UNAUTHORIZED => FailureKind::Unauthorized,
            StatusCode::BAD_GATEWAY
            | StatusCode::GATEWAY_TIMEOUT
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::TOO_MANY_REQUESTS => FailureKind::Unavailable,
            _ => FailureKind::Faulty,
        };
        let error = exchange::unexpected_status(&Method::POST, url, &answer);
        let hint = match kind {
            FailureKind::Unauthorized => self.credentials.hint(),
            _ => "",
        };
        Err(Failure::new(kind, format!("{error}{hint}")).with_retry_after(error.wait()))
    }
}

const FORM: &str = "application/x-www-form-urlencoded";
