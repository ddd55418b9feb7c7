//! What the test issuer answers with, faults included.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_body::{Body, Frame};
use tokio::time::Interval;

use super::state::Fault;

/// The status and the body for `document`, or what `fault` makes of them.
pub(super) async fn answer_with(
    fault: Option<Fault>,
    document: Vec<u8>,
) -> io::Result<(StatusCode, Answer)> {
    Ok(match fault {
        None => (StatusCode::OK, Answer::whole(document)),
        Some(Fault::Cut) => (StatusCode::OK, Answer::cut(document)),
        Some(Fault::Drip) => (StatusCode::OK, Answer::dripping(document)),
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Reset) => return Err(io::ErrorKind::ConnectionReset.into()),
        Some(Fault::Status(code)) => {
            let code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (code, Answer::whole(Vec::new()))
        }
    })
}

/// A body that is sent at once or byte by byte.
pub(super) struct Answer {
    left: Bytes,
    drip: Option<Interval>,
    /// The number of remaining bytes at which the body breaks off.
    cut_at: Option<usize>,
}

impl Answer {
    pub(super) fn whole(document: Vec<u8>) -> Self {
        Self {
            left: document.into(),
            drip: None,
            cut_at: None,
        }
    }

    fn cut(document: Vec<u8>) -> Self {
        let cut_at = Some(document.len() / 2);
        Self {
            cut_at,
            ..Self::whole(document)
        }
    }

    fn dripping(document: Vec<u8>) -> Self {
        Self {
            left: document.into(),
            drip: Some(tokio::time::interval(Duration::from_secs(1))),
            cut_at: None,
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = &mut *self;
        if this.left.is_empty() {
            return Poll::Ready(None);
        }
        if this.cut_at == Some(this.left.len()) {
            return Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())));
        }
        let take = match &mut this.drip {
            None => this.left.len() - this.cut_at.unwrap_or(0),
            Some(drip) => {
                std::task::ready!(drip.poll_tick(cx));
                1
            }
        };
        Poll::Ready(Some(Ok(Frame::data(this.left.split_to(take)))))
    }
}
