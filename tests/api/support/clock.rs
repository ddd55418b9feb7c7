//! Time in tests: paused, and moved by the test alone.

use std::sync::mpsc;
use std::time::Duration;

/// Keeps a paused clock where it is until it is advanced: tokio would otherwise run ahead whenever
/// only sockets are waited for.
pub(crate) struct HeldClock(
    #[expect(dead_code, reason = "dropping it ends the blocking task")] mpsc::Sender<()>,
);

impl HeldClock {
    pub(crate) fn hold() -> Self {
        let (held, release) = mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || release.recv());
        Self(held)
    }
}

/// Lets other tasks and sockets work until `reached`. Time stands still meanwhile.
pub(crate) async fn until(what: &str, mut reached: impl FnMut() -> bool) {
    let began = std::time::Instant::now();
    while !reached() {
        assert!(
            began.elapsed().as_secs() < 20,
            "gave up waiting until {what}"
        );
        tokio::task::yield_now().await;
    }
}

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Lets time pass in small steps, so that tasks act at each of them.
pub(crate) async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}
