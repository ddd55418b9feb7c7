//! Values behind secrets and names: limited in number, each valid for a limited time.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::time::Instant;

/// More than a developer needs. Beyond this number the oldest value is removed.
const MOST: usize = 1000;

/// 256 random bits.
pub(super) fn secret() -> String {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system has randomness");
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) struct Store<T> {
    lifetime: Duration,
    kept: Mutex<HashMap<String, (Instant, T)>>,
}

impl<T> Store<T> {
    pub(super) fn new(lifetime: Duration) -> Self {
        Self {
            lifetime,
            kept: Mutex::default(),
        }
    }

    /// Stores `value` under a new secret, and returns the secret.
    pub(super) fn put(&self, value: T) -> String {
        let secret = secret();
        self.put_under(secret.clone(), value);
        secret
    }

    pub(super) fn put_under(&self, name: String, value: T) {
        let now = Instant::now();
        let mut kept = self.kept();
        kept.retain(|_, (until, _)| *until > now);
        if kept.len() >= MOST {
            let oldest = kept.iter().min_by_key(|(_, (until, _))| *until);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                kept.remove(&oldest);
            }
        }
        kept.insert(name, (now + self.lifetime, value));
    }

    pub(super) fn get(&self, name: &str) -> Option<T>
    where
        T: Clone,
    {
        let kept = self.kept();
        let (until, value) = kept.get(name)?;
        (*until > Instant::now()).then(|| value.clone())
    }

    /// Returns the value, and removes it.
    pub(super) fn take(&self, name: &str) -> Option<T> {
        let (until, value) = self.kept().remove(name)?;
        (until > Instant::now()).then_some(value)
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<String, (Instant, T)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
