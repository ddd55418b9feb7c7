use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{Empty, Full};
use pin_project_lite::pin_project;

use crate::wire::stream_expiry::{Alarm, Deadline};

pin_project! {
    /// The body of a response: the inner service's own, untouched, or ours. An event stream
    /// may end when its token expires.
    #[derive(Debug)]
    pub struct ResponseBody<B = Empty<Bytes>> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = KindProjection]
    #[derive(Debug)]
    enum Kind<B> {
        Ended,
        Expiring { #[pin] body: B, alarm: Alarm },
        Inner { #[pin] body: B },
        Own { #[pin] body: Full<Bytes> },
    }
}

impl<B> ResponseBody<B> {
    pub(crate) const fn inner(body: B) -> Self {
        Self {
            kind: Kind::Inner { body },
        }
    }

    /// Ends at the deadline, if not before.
    pub(crate) fn expiring(body: B, deadline: Deadline) -> Self {
        let alarm = Alarm::new(deadline);
        Self {
            kind: Kind::Expiring { body, alarm },
        }
    }

    pub(crate) fn own(body: Bytes) -> Self {
        let body = Full::new(body);
        Self {
            kind: Kind::Own { body },
        }
    }
}

impl<B: Body<Data = Bytes>> Body for ResponseBody<B> {
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
                    // Dropped, so that the service behind notices.
                    kind.set(Kind::Ended);
                    Poll::Ready(None)
                }
            },
            KindProjection::Inner { body } => body.poll_frame(cx),
            KindProjection::Own { body } => body.poll_frame(cx).map_err(|never| match never {}),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Ended => true,
            Kind::Expiring { body, .. } | Kind::Inner { body } => body.is_end_stream(),
            Kind::Own { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Ended => SizeHint::with_exact(0),
            // It may end before its time.
            Kind::Expiring { .. } => SizeHint::default(),
            Kind::Inner { body } => body.size_hint(),
            Kind::Own { body } => body.size_hint(),
        }
    }
}
