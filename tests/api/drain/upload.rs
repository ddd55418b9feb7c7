//! A body that counts what is read and held of it.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};

use bytes::Buf;
use http_body::{Body, Frame};

/// What was read of an upload, and how much of it is held now.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) bytes: AtomicUsize,
    pub(super) chunks_held: AtomicUsize,
    pub(super) most_chunks_held: AtomicUsize,
    pub(super) bodies: AtomicUsize,
}

/// A body of so many chunks of 64 KiB, which then ends or stalls.
#[derive(Debug)]
pub(super) struct Upload {
    counts: Arc<Counts>,
    chunks: usize,
    ends: bool,
}

#[derive(Debug)]
pub(super) struct Chunk {
    counts: Arc<Counts>,
    left: usize,
}

pub(super) const CHUNK: usize = 64 * 1024;

impl Upload {
    pub(super) fn new(counts: &Arc<Counts>, chunks: usize, ends: bool) -> Self {
        counts.bodies.fetch_add(1, SeqCst);
        let counts = counts.clone();
        Self {
            counts,
            chunks,
            ends,
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.counts.bodies.fetch_sub(1, SeqCst);
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        self.counts.chunks_held.fetch_sub(1, SeqCst);
    }
}

impl Buf for Chunk {
    fn remaining(&self) -> usize {
        self.left
    }

    fn chunk(&self) -> &[u8] {
        &[]
    }

    fn advance(&mut self, count: usize) {
        self.left -= count;
    }
}

impl Body for Upload {
    type Data = Chunk;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Chunk>, Infallible>>> {
        let Some(rest) = self.chunks.checked_sub(1) else {
            return match self.ends {
                true => Poll::Ready(None),
                false => Poll::Pending,
            };
        };
        self.chunks = rest;
        let counts = self.counts.clone();
        counts.bytes.fetch_add(CHUNK, SeqCst);
        let held = counts.chunks_held.fetch_add(1, SeqCst) + 1;
        counts.most_chunks_held.fetch_max(held, SeqCst);
        let left = CHUNK;
        Poll::Ready(Some(Ok(Frame::data(Chunk { counts, left }))))
    }

    fn is_end_stream(&self) -> bool {
        self.chunks == 0 && self.ends
    }
}
