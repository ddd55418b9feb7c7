//! Who knows when a token is revoked, for streams that outlive the request of its bearer.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::token::verified::Verified;

/// Knows when tokens are revoked.
pub(crate) trait Watch: fmt::Debug + Send + Sync {
    /// Completes when the token is revoked.
    fn watch(self: Arc<Self>, token: Arc<Verified>) -> Revoked;
}

pub(crate) type Revoked = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;
