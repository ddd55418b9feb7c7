use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{AUTHORIZATION, Entry};
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::future::ResponseFuture;
use super::layer::JwtAuthLayer;
use crate::caller::AuthInfo;
use crate::verifier::{NotYet, Presented, Unsettled};
use crate::wire::body::ResponseBody;
use crate::wire::credentials::Credentials;
use crate::wire::credentials::{NoBearer, bearer};
use crate::wire::rejection::Rejection;
use crate::wire::stream_expiry::Deadline;

/// The service that [`JwtAuthLayer`] makes; see there.
#[derive(Clone, Debug)]
pub struct JwtAuth<S> {
    inner: S,
    layer: JwtAuthLayer,
}

/// What is to become of a request.
enum Verdict {
    Admit(Option<AuthInfo>),
    Refuse(Rejection),
    Wait {
        credentials: Credentials,
        unsettled: Box<Unsettled>,
    },
}

impl<S> JwtAuth<S> {
    pub(super) const fn new(inner: S, layer: JwtAuthLayer) -> Self {
        Self { inner, layer }
    }

    /// The service behind.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service behind.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The service behind.
    pub fn into_inner(self) -> S {
        self.inner
    }

    fn judge<B>(&self, request: &mut Request<B>) -> Verdict {
        let JwtAuthLayer(shared) = &self.layer;
        let verifier = &shared.verifier;
        if shared
            .open_paths
            .iter()
            .any(|open| open == request.uri().path())
        {
            return Verdict::Admit(None);
        }
        let resource = verifier.protected_resource();
        let bearer = match bearer(request.headers_mut()) {
            Ok(bearer) => bearer,
            Err(NoBearer::Absent) if shared.optional => return Verdict::Admit(None),
            // RFC 9110 §11.6.2: an empty field value holds no credentials.
            Err(NoBearer::Absent) => return Verdict::Refuse(Rejection::missing_token(resource)),
            Err(NoBearer::Malformed) => {
                return Verdict::Refuse(Rejection::invalid_token(resource, None));
            }
            Err(NoBearer::Several) => return Verdict::Refuse(Rejection::invalid_request(resource)),
        };
        match verifier.try_verify(Presented::Line(bearer)) {
            Ok(auth) => Verdict::Admit(Some(auth)),
            Err(NotYet::Rejected(rejection)) => Verdict::Refuse(rejection),
            Err(NotYet::Unsettled(unsettled)) => Verdict::Wait {
                credentials: bearer.to_credentials(),
                unsettled,
            },
        }
    }

    /// Drops the instance that was polled ready, and gives a clone that the future polls ready itself
    /// once the verdict is good. What a ready instance holds (a permit, a slot) must not wait for the
    /// network on behalf of a caller whom nobody knows; and nothing else may be called in its place,
    /// since readiness is not cloned.
    fn give_up_readiness(&mut self) -> S
    where
        S: Clone,
    {
        self.inner = self.inner.clone();
        self.inner.clone()
    }
}

impl JwtAuthLayer {
    pub(super) fn deadline<B>(&self, request: &Request<B>, auth: &AuthInfo) -> Option<Deadline> {
        let applies = self.0.stream_expiry.applies_to(request);
        applies.then(|| Deadline::new(auth.refused_from(), self.0.verifier.clock().clone()))
    }

    /// Hands the request over to the service: the only place that inserts an `AuthInfo`.
    pub(super) fn admit<B>(&self, request: &mut Request<B>, auth: Option<AuthInfo>) {
        let Some(auth) = auth else {
            // Nobody is logged in, whatever a layer further out said.
            request.extensions_mut().remove::<AuthInfo>();
            // Lets an extractor tell "nobody is logged in" from "the layer is missing".
            request
                .extensions_mut()
                .insert(self.0.verifier.protected_resource().clone());
            // On an open path there may be a good token all the same.
            if let Entry::Occupied(mut lines) = request.headers_mut().entry(AUTHORIZATION) {
                lines.iter_mut().for_each(|line| line.set_sensitive(true));
            }
            return;
        };
        if self.0.strip_authorization {
            request.headers_mut().remove(AUTHORIZATION);
        }
        request.extensions_mut().insert(auth);
    }
}

impl<S, B, R> Service<Request<B>> for JwtAuth<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    R: Body<Data = Bytes>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        if let Some(metadata) = &self.layer.0.metadata
            && metadata.answers(request.uri().path())
        {
            return ResponseFuture::answered(metadata.respond(request.method(), request.headers()));
        }
        match self.judge(&mut request) {
            Verdict::Admit(auth) => {
                let deadline = auth
                    .as_ref()
                    .and_then(|auth| self.layer.deadline(&request, auth));
                self.layer.admit(&mut request, auth);
                ResponseFuture::admitted(self.inner.call(request), deadline)
            }
            Verdict::Refuse(rejection) => ResponseFuture::answered(self.layer.respond(rejection)),
            Verdict::Wait {
                credentials,
                unsettled,
            } => {
                let verdict = self.layer.0.verifier.settle(credentials, *unsettled);
                let unready = self.give_up_readiness();
                ResponseFuture::waiting(verdict, self.layer.clone(), request, unready)
            }
        }
    }
}
