//! Whether an issuer is still trusted, for streams that outlive the request of its caller.

use std::future::Future;
use std::pin::Pin;

use tokio::sync::watch;

/// Whether an issuer is still trusted. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trust(watch::Sender<bool>);

impl Trust {
    /// The issuer is no longer trusted.
    pub(crate) fn end(&self) {
        self.0.send_replace(true);
    }

    /// Completes when the issuer is no longer trusted, at once if that has happened before.
    pub(super) fn ended(&self) -> Distrust {
        // Held until then: without a sender the wait would end, although the issuer is trusted.
        let sender = self.0.clone();
        Box::pin(async move {
            let mut receiver = sender.subscribe();
            let _ = receiver.wait_for(|ended| *ended).await;
        })
    }
}

pub(super) type Distrust = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;
