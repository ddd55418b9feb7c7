//! The one body type of the layers, for requests and for responses.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::{fmt, mem};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Empty;
use pin_project_lite::pin_project;
use tokio::sync::oneshot;

use crate::wire::stream_expiry::{Alarm, StreamEnd};

pin_project! {
    /// The body of a request or of a response that passes a layer of this crate.
    ///
    /// It is either the body from the other side of the layer, unchanged, or bytes of this crate:
    /// the body of a rejection, or of a request that was read to learn its operation. An event
    /// stream may end when its token expires or is revoked, or when its issuer is no longer
    /// trusted: see [`StreamExpiry`](crate::config::StreamExpiry).
    #[derive(Debug)]
    pub struct GuardedBody<B = Empty<Bytes>> {
        #[pin]
        kind: Kind<B>,
    }
}

// What few bodies have is boxed, because every response carries a `Kind`.
pin_project! {
    #[project = KindProjection]
    #[derive(Debug)]
    enum Kind<B> {
        Ended,
        Expiring { #[pin] body: B, alarm: Box<Alarm> },
        Inner { #[pin] body: B },
        Lent { lent: Lent<B> },
        Overheard { #[pin] body: B, ear: Box<Ear> },
        Own { data: Bytes, trailers: Option<Box<HeaderMap>> },
    }
}

impl<B> GuardedBody<B> {
    pub(crate) const fn inner(body: B) -> Self {
        Self {
            kind: Kind::Inner { body },
        }
    }

    /// `body` unchanged. If it is dropped before its end, the loan gets it back.
    pub(crate) fn lent(body: B) -> (Self, Loan<B>) {
        let (owner, loan) = oneshot::channel();
        let lent = Lent {
            body: Some(Box::pin(body)),
            owner: Some(owner),
        };
        let kind = Kind::Lent { lent };
        (Self { kind }, Loan(loan))
    }

    /// Ends at `end`, or when `body` ends, whichever is first.
    pub(crate) fn expiring(body: B, end: StreamEnd) -> Self {
        let alarm = Box::new(Alarm::new(end));
        Self {
            kind: Kind::Expiring { body, alarm },
        }
    }

    /// `body` unchanged. `tell` gets its bytes once they have passed, or `None` if there are more
    /// than `limit`.
    pub(crate) fn overheard(
        body: B,
        limit: usize,
        tell: impl FnOnce(Option<&[u8]>) + Send + Sync + 'static,
    ) -> Self {
        let ear = Box::new(Ear {
            heard: BytesMut::new(),
            limit,
            tell: Some(Box::new(tell)),
        });
        Self {
            kind: Kind::Overheard { body, ear },
        }
    }

    /// A body with bytes of this crate.
    pub(crate) const fn own(data: Bytes) -> Self {
        let trailers = None;
        Self {
            kind: Kind::Own { data, trailers },
        }
    }

    /// A body that this crate has read to its end.
    pub(crate) fn read(data: Bytes, trailers: Option<HeaderMap>) -> Self {
        let trailers = trailers.map(Box::new);
        Self {
            kind: Kind::Own { data, trailers },
        }
    }
}

impl<B: Body<Data = Bytes>> Body for GuardedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut kind = self.project().kind;
        match kind.as_mut().project() {
            KindProjection::Ended => Poll::Ready(None),
            KindProjection::Expiring { body, alarm } => match alarm.poll(cx) {
                Poll::Pending => body.poll_frame(cx),
                Poll::Ready(()) => {
                    // Dropping the body tells the service that the stream has ended.
                    kind.set(Kind::Ended);
                    Poll::Ready(None)
                }
            },
            KindProjection::Inner { body } => body.poll_frame(cx),
            KindProjection::Lent { lent } => lent.poll_frame(cx),
            KindProjection::Overheard { mut body, ear } => {
                let frame = ready!(body.as_mut().poll_frame(cx));
                match &frame {
                    Some(Ok(frame)) => {
                        frame.data_ref().into_iter().for_each(|data| ear.hear(data));
                        // Not every reader asks for a frame after the last one.
                        if body.is_end_stream() {
                            ear.end();
                        }
                    }
                    None => ear.end(),
                    Some(Err(_)) => {}
                }
                Poll::Ready(frame)
            }
            KindProjection::Own { data, trailers } => {
                let frame = match data.is_empty() {
                    false => Some(Frame::data(mem::take(data))),
                    true => trailers.take().map(|trailers| Frame::trailers(*trailers)),
                };
                Poll::Ready(frame.map(Ok))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Ended => true,
            Kind::Expiring { body, .. } | Kind::Inner { body } | Kind::Overheard { body, .. } => {
                body.is_end_stream()
            }
            Kind::Lent { lent } => lent.body.as_ref().is_none_or(|body| body.is_end_stream()),
            Kind::Own { data, trailers } => data.is_empty() && trailers.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Ended => SizeHint::with_exact(0),
            // The stream may end before `body` does.
            Kind::Expiring { .. } => SizeHint::default(),
            Kind::Inner { body } | Kind::Overheard { body, .. } => body.size_hint(),
            Kind::Lent { lent } => {
                let body = lent.body.as_ref();
                body.map_or_else(|| SizeHint::with_exact(0), |body| body.size_hint())
            }
            Kind::Own { data, .. } => SizeHint::with_exact(data.len() as u64),
        }
    }
}

/// A body that returns to its owner when it is dropped. In a box, because it moves.
#[derive(Debug)]
struct Lent<B> {
    /// `None` once it has ended: then there is nothing to give back.
    body: Option<Pin<Box<B>>>,
    owner: Option<oneshot::Sender<Pin<Box<B>>>>,
}

impl<B: Body> Lent<B> {
    fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let frame = ready!(body.as_mut().poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(frame)
    }
}

impl<B> Drop for Lent<B> {
    fn drop(&mut self) {
        if let (Some(body), Some(owner)) = (self.body.take(), self.owner.take()) {
            // Without an owner it is dropped here.
            let _ = owner.send(body);
        }
    }
}

/// Where a body that was [lent](GuardedBody::lent) comes back.
#[derive(Debug)]
pub(crate) struct Loan<B>(oneshot::Receiver<Pin<Box<B>>>);

impl<B> Loan<B> {
    /// The body, if it was dropped before its end.
    pub(crate) fn returned(mut self) -> Option<Pin<Box<B>>> {
        self.0.try_recv().ok()
    }
}

/// Keeps the bytes that pass, up to a limit, and hands them over at the end.
struct Ear {
    heard: BytesMut,
    limit: usize,
    /// `None` once it was called.
    tell: Option<Tell>,
}

type Tell = Box<dyn FnOnce(Option<&[u8]>) + Send + Sync>;

impl Ear {
    fn hear(&mut self, data: &[u8]) {
        if self.tell.is_none() {
            return;
        }
        match self.heard.len().saturating_add(data.len()) <= self.limit {
            true => self.heard.extend_from_slice(data),
            false => self.tell(false),
        }
    }

    fn end(&mut self) {
        self.tell(true);
    }

    fn tell(&mut self, is_whole: bool) {
        if let Some(tell) = self.tell.take() {
            let heard = mem::take(&mut self.heard);
            tell(is_whole.then_some(&*heard));
        }
    }
}

impl fmt::Debug for Ear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ear").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::task::Waker;

    use super::*;

    /// A body that does not know its end before it is asked for a frame.
    struct Frames(VecDeque<Option<Result<&'static str, ()>>>);

    impl Body for Frames {
        type Data = Bytes;
        type Error = ();

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, ()>>> {
            let next = self.0.pop_front().unwrap();
            Poll::Ready(next.map(|it| it.map(|data| Frame::data(data.into()))))
        }
    }

    #[test]
    fn field_f08_a_body_that_is_over_is_not_given_back() {
        for (frames, polls, comes_back) in [
            (vec![Some(Ok("a")), None], 0, true),
            (vec![Some(Ok("a")), None], 1, true),
            (vec![Some(Ok("a")), None], 2, false),
            (vec![Some(Ok("a")), Some(Err(()))], 1, true),
            (vec![Some(Ok("a")), Some(Err(()))], 2, false),
        ] {
            let (mut body, loan) = GuardedBody::lent(Frames(frames.into()));
            let context = &mut Context::from_waker(Waker::noop());
            for _ in 0..polls {
                assert!(Pin::new(&mut body).poll_frame(context).is_ready());
            }
            assert_eq!(body.is_end_stream(), !comes_back);
            assert_eq!(body.size_hint().exact() == Some(0), !comes_back);
            if !comes_back {
                let again = Pin::new(&mut body).poll_frame(context);
                assert!(matches!(again, Poll::Ready(None)), "it is not polled again");
            }
            drop(body);
            assert_eq!(loan.returned().is_some(), comes_back, "{polls}");
        }
        let (body, loan) = GuardedBody::lent(Frames(VecDeque::new()));
        assert!(loan.returned().is_none(), "it is still out");
        drop(body);
    }
}
