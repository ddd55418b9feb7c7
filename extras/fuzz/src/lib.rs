//! Helpers of the fuzz targets: keys with known secrets, tokens signed with them, a layer to send
//! requests through, and JSON in every reading.

pub mod challenge;
pub mod count;
pub mod layer;
pub mod loose;
pub mod signer;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// The output of a future that is ready at once, because the keys are static.
///
/// # Panics
///
/// When the future is pending.
pub fn at_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("nothing here waits"),
    }
}

/// The part before the first `separator`, and the rest.
pub fn part(input: &[u8], separator: u8) -> (&[u8], &[u8]) {
    match input.iter().position(|byte| *byte == separator) {
        Some(at) => (&input[..at], &input[at + 1..]),
        None => (input, &[]),
    }
}
