//! A value that is read again when it is old. Whoever needs it at the same time shares one reading.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::Instant;

pub(super) struct Recent<T>(Mutex<Arc<Reading<T>>>);

struct Reading<T> {
    began: Instant,
    value: OnceCell<T>,
}

impl<T: Clone> Recent<T> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Arc::new(Reading::new())))
    }

    /// The last value if it is young enough, by its age, and otherwise a new one. A failed reading
    /// leaves nothing; the next of those who wait then reads. If the one who reads is dropped, the
    /// next one reads too.
    pub(super) async fn get<E, F: Future<Output = Result<T, E>>>(
        &self,
        is_young: impl FnOnce(&T, Duration) -> bool,
        read: impl FnOnce() -> F,
    ) -> Result<T, E> {
        let reading = {
            // It is replaced as a whole, so a panic elsewhere cannot have broken it.
            let mut reading = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let age = reading.began.elapsed();
            if reading
                .value
                .get()
                .is_some_and(|value| !is_young(value, age))
            {
                *reading = Arc::new(Reading::new());
            }
            reading.clone()
        };
        reading.value.get_or_try_init(read).await.cloned()
    }

    /// The last value, however old.
    pub(super) fn last(&self) -> Option<T> {
        let reading = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reading.value.get().cloned()
    }
}

impl<T> Reading<T> {
    fn new() -> Self {
        Self {
            began: Instant::now(),
            value: OnceCell::new(),
        }
    }
}

impl<T> fmt::Debug for Recent<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It may be a secret.
        f.debug_struct("Recent").finish_non_exhaustive()
    }
}
