//! A nonce for the next DPoP proof of a client, with the response of the service.

use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use crate::wire::header_names::DPOP_NONCE;
use crate::wire::rejection::Rejection;

/// What the response of the service gets as `DPoP-Nonce` (RFC 9449 §8.2), so that a client whose
/// nonce grows old need not be sent back for another one.
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
    /// All but those after which the client does not make a new proof: the nonce of the request is
    /// not the newest one.
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
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::wire::answers::Answers;

    /// The nonces and the `Cache-Control` lines of a response that had `sent`.
    fn given(
        due: Due,
        method: Method,
        status: u16,
        sent: &[(&'static str, &'static str)],
    ) -> (Vec<String>, Vec<String>) {
        let mut response = Response::new(());
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        for (name, value) in sent {
            let value = HeaderValue::from_static(value);
            response.headers_mut().append(*name, value);
        }
        seen(due, method, response)
    }

    fn seen(due: Due, method: Method, mut response: Response<()>) -> (Vec<String>, Vec<String>) {
        let nonce = HeaderValue::from_static("new");
        ResponseNonce::new(nonce, &method, due).give_with(&mut response);
        let all = |name| {
            let values = response.headers().get_all(name).iter();
            values.map(|it| it.to_str().unwrap().to_owned()).collect()
        };
        (all(DPOP_NONCE), all(CACHE_CONTROL))
    }

    #[test]
    fn pop_s10_there_is_one_nonce_and_caching_is_the_services() {
        let with = |control: &[&str]| {
            let control = control.iter().map(|it| (*it).to_owned()).collect();
            (vec!["new".to_owned()], control)
        };
        let theirs = |nonce: &[&str], control: &str| {
            let nonce = nonce.iter().map(|it| (*it).to_owned()).collect();
            (nonce, vec![control.to_owned()])
        };
        let own = ("dpop-nonce", "theirs");
        let control = |value| ("cache-control", value);
        for (method, sent, want) in [
            (Method::POST, vec![], with(&[])),
            (Method::POST, vec![own, own], with(&[])),
            (
                Method::POST,
                vec![own, control("public")],
                with(&["public"]),
            ),
            (Method::GET, vec![], with(&["no-store"])),
            (Method::HEAD, vec![own], with(&["no-store"])),
            (Method::GET, vec![control("no-store")], with(&["no-store"])),
            (
                Method::GET,
                vec![control("max-age=60, Private")],
                with(&["max-age=60, Private"]),
            ),
            (Method::GET, vec![control("no-cache")], with(&["no-cache"])),
            (
                Method::GET,
                vec![control("max-age=60"), control("private")],
                with(&["max-age=60", "private"]),
            ),
            (Method::GET, vec![control("public")], theirs(&[], "public")),
            (
                Method::GET,
                vec![own, control("public")],
                theirs(&["theirs"], "public"),
            ),
            (
                Method::HEAD,
                vec![control("max-age=60")],
                theirs(&[], "max-age=60"),
            ),
            (
                Method::GET,
                vec![control(r#"no-cache="set-cookie, no-store""#)],
                theirs(&[], r#"no-cache="set-cookie, no-store""#),
            ),
        ] {
            let got = given(Due::Always, method.clone(), 200, &sent);
            assert_eq!(got, want, "{method} {sent:?}");
            // A nonce that is the newest one is not sent again.
            let got = given(Due::WithRejections, method, 200, &sent);
            assert!(!got.0.contains(&"new".to_owned()), "{sent:?}");
        }
    }

    #[test]
    fn the_status_decides_whether_a_nonce_is_of_use() {
        for (status, is_given) in [
            (200, true),
            (401, true),
            (403, true),
            (404, true),
            (500, true),
            (400, false),
            (429, false),
            (503, false),
        ] {
            let (nonces, control) = given(Due::Always, Method::GET, status, &[]);
            assert_eq!(nonces.len(), usize::from(is_given), "{status}");
            assert_eq!(control.len(), nonces.len(), "{status}");
        }
        // Of the service, not of a layer of this crate.
        let (nonces, _) = given(Due::WithRejections, Method::POST, 401, &[]);
        assert!(nonces.is_empty());
    }

    #[test]
    fn a_rejection_of_an_inner_layer_gets_the_nonce() {
        let answers = Answers::default();
        let later = answers.replay_unavailable(Duration::from_secs(1));
        for (rejection, is_given) in [
            (answers.missing_token(), true),
            (answers.access_denied(), true),
            (later, false),
        ] {
            for (due, method) in [
                (Due::Always, Method::GET),
                (Due::WithRejections, Method::GET),
                (Due::WithRejections, Method::POST),
            ] {
                let response = || rejection.to_response().map(drop);
                let (nonces, control) = seen(due, method.clone(), response());
                assert_eq!(nonces.len(), usize::from(is_given), "{rejection:?} {due:?}");
                assert_eq!(control, ["no-store"]);
                let mut response = response();
                let nonce = HeaderValue::from_static("new");
                ResponseNonce::new(nonce, &method, due).give_with(&mut response);
                let kept = response.extensions().get::<Rejection>().unwrap();
                let headers = kept.headers();
                assert_eq!(
                    headers.contains_key(DPOP_NONCE),
                    is_given,
                    "for layers outside"
                );
            }
        }
    }
}
