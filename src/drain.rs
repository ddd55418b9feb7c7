//! Reads the rest of rejected requests, so that their clients get to read the response.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Buf as _;
use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Request, Response, Version};
use http_body::Body;
use http_body_util::BodyExt as _;
use pin_project_lite::pin_project;
use tokio::runtime;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tower_layer::Layer;
use tower_service::Service;

use crate::limits::{DRAIN_TIME, MAX_DRAINED_BYTES, MAX_DRAINS};
use crate::wire::body::{GuardedBody, Loan};
use crate::wire::rejection::Rejection;

/// Reads and drops the rest of a rejected request over HTTP/1, so that the client gets the response
/// and not a connection reset.
///
/// The other layers reject a request without reading its body. If the client is still sending, the
/// server then closes the connection, and many clients lose the response with it: they report an
/// error where they should sign in. This layer belongs outside of them;
/// [`JwtAuthLayer::protect`](crate::JwtAuthLayer) puts it there.
///
/// It acts on a response that carries a [`Rejection`] in its extensions, if the request announced a
/// body (`Content-Length` above 0, or `Transfer-Encoding`) that has not been read to its end. It
/// adds `Connection: close` to the response, and a task reads on for up to
/// [4 MiB](crate::limits::MAX_DRAINED_BYTES) and [2 seconds](crate::limits::DRAIN_TIME), and holds
/// one chunk at a time. At most [64 such tasks](crate::limits::MAX_DRAINS) of this layer and its
/// clones run at a time. Beyond these limits, and outside of a tokio runtime, the body is dropped,
/// as without this layer. So is the body of a request with `Expect: 100-continue` (RFC 9110
/// §10.1.1), whose client waits for the response before it sends the body, and of a request over
/// HTTP/2, where the response can overtake the request.
///
/// It needs a tokio runtime with its time driver (`enable_time`). The service inside gets a request
/// with the body [`GuardedBody`].
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use tower::{ServiceBuilder, service_fn};
/// use tower_jwt_auth::service::GuardedBody;
/// use tower_jwt_auth::{DrainRefusedLayer, JwtAuthLayer};
///
/// fn protected(auth: JwtAuthLayer) {
///     let service = ServiceBuilder::new()
///         .layer(DrainRefusedLayer::new())
///         .layer(auth)
///         .service(service_fn(hello));
/// #   use tower::Service;
/// #   fn check<S: Service<Request<Full<Bytes>>>>(_: S) {}
/// #   check(service);
/// }
///
/// type Text = Full<Bytes>;
///
/// async fn hello(_: Request<GuardedBody<Text>>) -> Result<Response<Text>, std::io::Error> {
///     Ok(Response::default())
/// }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it wraps a service"]
pub struct DrainRefusedLayer(Arc<Semaphore>);

impl DrainRefusedLayer {
    /// A layer with tasks of its own.
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(MAX_DRAINS)))
    }
}

impl Default for DrainRefusedLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for DrainRefusedLayer {
    type Service = DrainRefused<S>;

    fn layer(&self, inner: S) -> DrainRefused<S> {
        DrainRefused {
            inner,
            tasks: self.0.clone(),
        }
    }
}

/// The service of [`DrainRefusedLayer`].
#[derive(Clone, Debug)]
#[must_use = "a service does nothing until it is called"]
pub struct DrainRefused<S> {
    inner: S,
    tasks: Arc<Semaphore>,
}

impl<S, B, R> Service<Request<B>> for DrainRefused<S>
where
    S: Service<Request<GuardedBody<B>>, Response = Response<R>>,
    B: Body + Send + 'static,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = DrainRefusedFuture<S::Future, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let (body, loan) = match announces_body(parts.version, &parts.headers) {
            true => {
                let (body, loan) = GuardedBody::lent(body);
                (body, Some((loan, self.tasks.clone())))
            }
            false => (GuardedBody::inner(body), None),
        };
        DrainRefusedFuture {
            future: self.inner.call(Request::from_parts(parts, body)),
            loan,
        }
    }
}

/// Whether the client sends a body over HTTP/1, without waiting for the response.
fn announces_body(version: Version, headers: &HeaderMap) -> bool {
    let has_length = || {
        let length = headers.get(CONTENT_LENGTH)?.to_str().ok()?;
        length.parse().ok().filter(|length: &u64| *length > 0)
    };
    version < Version::HTTP_2
        && !headers.contains_key(EXPECT)
        && (headers.contains_key(TRANSFER_ENCODING) || has_length().is_some())
}

pin_project! {
    /// The response of [`DrainRefused`].
    pub struct DrainRefusedFuture<F, B> {
        #[pin]
        future: F,
        // For requests that may have to be drained.
        loan: Option<(Loan<B>, Arc<Semaphore>)>,
    }
}

impl<F, B, R, E> Future for DrainRefusedFuture<F, B>
where
    F: Future<Output = Result<Response<R>, E>>,
    B: Body + Send + 'static,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.future.poll(cx))?;
        if let Some((loan, tasks)) = this.loan.take()
            && response.extensions().get::<Rejection>().is_some()
            && let Some(body) = loan.returned()
            && drain(body, tasks)
        {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        Poll::Ready(Ok(response))
    }
}

impl<F, B> fmt::Debug for DrainRefusedFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DrainRefusedFuture").finish_non_exhaustive()
    }
}

/// Starts to read the rest of `body`. Returns `false` when there is nothing to read, or when too
/// many others are being read.
fn drain<B: Body + Send + 'static>(mut body: Pin<Box<B>>, tasks: Arc<Semaphore>) -> bool {
    if body.is_end_stream() {
        return false;
    }
    let (Ok(runtime), Ok(permit)) = (runtime::Handle::try_current(), tasks.try_acquire_owned())
    else {
        return false;
    };
    let read = async move {
        let mut left = MAX_DRAINED_BYTES;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, |data| data.remaining());
            // At least 1, so that empty frames come to an end too.
            match left.checked_sub(length.max(1)).filter(|left| *left > 0) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    runtime.spawn(async move {
        // When the time is up, the rest is dropped with the body.
        let _ = timeout(DRAIN_TIME, read).await;
        drop(permit);
    });
    true
}
