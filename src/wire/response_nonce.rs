//! A nonce for the next DPoP proof of a client, with the response of the service.

use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use crate::wire::header_names::DPOP_NONCE;
use crate::wire::rejection::Rejection;

/// The `DPoP-Nonce` for the response of the service (RFC 9449 §8.2). With it, a client whose nonce
/// grows old need not be sent back for another one.
#[derive(Debug)]
pub(crate) struct ResponseNonce {
    nonce: HeaderValue,
    /// Whether the response would be cached without being told so: the request is GET or HEAD.
    is_cacheable: bool,
    due: Due,
}

/// Which responses get the nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Every response to which clients react with a new proof: the nonce of the request is not the
    /// newest one.
    Always,
    /// Only a 401 or 403 that an inner layer of this crate sent: the nonce of the request is the
    /// newest one, and every proof needs one.
    WithRejections,
}

impl ResponseNonce {
    pub(crate) fn new(nonce: HeaderValue, method: &Method, due: Due) -> Box<Self> {
        Box::new(Self {
            nonce,
            is_cacheable: *method == Method::GET || *method == Method::HEAD,
            due,
        })
    }

    /// The nonce replaces any that the service has set: RFC 9449 §8 allows one. A response that
    /// caches may keep goes without, because caching is the decision of the service.
    pub(crate) fn give_with<R>(self, response: &mut Response<R>) {
        let rejection = response.extensions().get::<Rejection>().cloned();
        if !self.is_due(response.status(), rejection.as_ref()) {
            return;
        }
        let headers = response.headers_mut();
        if self.is_cacheable {
            if !headers.contains_key(CACHE_CONTROL) {
                headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            } else if !is_private(headers) {
                return;
            }
        }
        headers.insert(DPOP_NONCE, self.nonce.clone());
        if let Some(rejection) = rejection {
            let rejection = rejection.with_dpop_nonce(self.nonce);
            response.extensions_mut().insert(rejection);
        }
    }

    fn is_due(&self, status: StatusCode, rejection: Option<&Rejection>) -> bool {
        match (self.due, rejection) {
            // Not the status of the response, which is 200 for gRPC.
            (_, Some(rejection)) => rejection.may_give_nonce(),
            (Due::WithRejections, None) => false,
            (Due::Always, None) => !matches!(
                status,
                StatusCode::BAD_REQUEST
                    | StatusCode::TOO_MANY_REQUESTS
                    | StatusCode::SERVICE_UNAVAILABLE
            ),
        }
    }
}

/// Whether no shared cache keeps the response, or none serves it without asking. With an argument
/// these directives are about single headers (RFC 9111 §5.2.2).
fn is_private(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(CACHE_CONTROL).iter();
    let lines = lines.filter_map(|line| line.to_str().ok());
    let mut directives = lines
        .filter(|line| !line.contains('"'))
        .flat_map(|line| line.split(','));
    directives.any(|directive| {
        let is_it = |name: &&str| directive.trim().eq_ignore_ascii_case(name);
        ["no-cache", "no-store", "private"].iter().any(is_it)
    })
}

#[cfg(test)]
mod tests;
