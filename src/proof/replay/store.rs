//! The interface to a memory of used proofs that several processes share.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::timeout;

use crate::base::panics::{Panicked, catching_panics};
use crate::crypto::sha256;
use crate::limits::REPLAY_STORE_TIMEOUT;

/// Remembers which DPoP proofs were used, for several processes that serve the same clients
/// (RFC 9449 §11.1).
///
/// Without a store, each process remembers the proofs that it has seen, and a stolen proof works
/// once in each of the others while it is fresh. With a store it works once in all of them. Each
/// process still asks its own memory first.
///
/// A proxy that repeats a request at another process repeats its proof, which is a replay: turn
/// such retries off.
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Mutex;
/// use std::time::SystemTime;
/// use tower_jwt_auth::proof::{ProofId, ReplayFuture, ReplayStore, ReplayStoreError};
///
/// /// Stands for a client of your store. In Redis, `first_use` is one command:
/// /// `SET proof:<id> 1 NX EXAT <until>`.
/// #[derive(Debug, Default)]
/// struct Proofs(Mutex<HashMap<String, SystemTime>>);
///
/// impl ReplayStore for Proofs {
///     fn first_use(&self, proof: ProofId, until: SystemTime) -> ReplayFuture<'_> {
///         Box::pin(async move {
///             let proofs = self.0.lock();
///             let mut proofs = proofs.map_err(|_| ReplayStoreError::new("a thread panicked"))?;
///             let now = SystemTime::now();
///             proofs.retain(|_, until| *until > now);
///             Ok(proofs.insert(proof.to_string(), until).is_none())
///         })
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// // A test of it:
/// let (store, proof) = (Proofs::default(), ProofId::from_bytes([7; 32]));
/// let until = SystemTime::now() + std::time::Duration::from_secs(60);
/// assert!(store.first_use(proof, until).await?);
/// assert!(!store.first_use(proof, until).await?);
/// # Ok::<(), ReplayStoreError>(())
/// # }).unwrap();
/// ```
pub trait ReplayStore: fmt::Debug + Send + Sync + 'static {
    /// Records `proof` until the time `until`, and answers whether it was not recorded before.
    ///
    /// Must be atomic: of two calls at the same time, one answers `true`. By the clock of the
    /// process that asks, no call for `proof` comes after `until`. If the clocks of the processes
    /// and of the store differ, the store must keep the proof longer by as much.
    ///
    /// # Errors
    ///
    /// After an error the request is rejected with 503, and so it is after a panic and when there
    /// is no answer within [1 second](crate::limits::REPLAY_STORE_TIMEOUT); the future is dropped
    /// then. The call is not repeated: the proof may have been recorded.
    fn first_use(&self, proof: ProofId, until: SystemTime) -> ReplayFuture<'_>;
}

/// The future of [`ReplayStore::first_use`].
pub type ReplayFuture<'a> =
    Pin<Box<dyn Future<Output = Result<bool, ReplayStoreError>> + Send + 'a>>;

/// Names a DPoP proof in a [`ReplayStore`].
///
/// A SHA-256 hash of the resource, the key of the proof and its `jti`, which is the same in every
/// process. It is no secret. `Display` shows it as 64 hexadecimal digits.
///
/// ```
/// use tower_jwt_auth::proof::ProofId;
///
/// let proof = ProofId::from_bytes([0xab; 32]);
/// assert_eq!(proof.to_string(), "ab".repeat(32));
/// assert_eq!(proof.as_bytes(), &[0xab; 32]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProofId([u8; 32]);

impl ProofId {
    /// Makes an id, for tests of a store.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes of the hash.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A resource is a URL and holds no zero byte, and a thumbprint has a fixed length: no two
    /// proofs have one id.
    fn new(resource: &str, jkt: &[u8; 32], jti: &str) -> Self {
        let (resource, jti) = (resource.as_bytes(), jti.as_bytes());
        Self(sha256(&[LABEL, &[0], resource, &[0], jkt, jti]))
    }
}

impl fmt::Display for ProofId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for ProofId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProofId({self})")
    }
}

/// The error of a [`ReplayStore`] that cannot answer. The request is rejected with 503.
#[derive(Debug)]
pub struct ReplayStoreError(Box<dyn std::error::Error + Send + Sync>);

impl ReplayStoreError {
    /// Wraps the cause, which goes to `tracing` and never to the caller.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for ReplayStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the replay store failed")
    }
}

impl std::error::Error for ReplayStoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.0)
    }
}

/// The store of an application, asked with a limit on time.
pub(super) struct SharedStore {
    store: Arc<dyn ReplayStore>,
    resource: Box<str>,
}

impl SharedStore {
    pub(super) fn new(store: Arc<dyn ReplayStore>, resource: &str) -> Self {
        Self {
            store,
            resource: resource.into(),
        }
    }

    pub(super) async fn first_use(
        &self,
        jkt: &[u8; 32],
        jti: &str,
        last_second: u64,
    ) -> Result<bool, ReplayStoreError> {
        let proof = ProofId::new(&self.resource, jkt, jti);
        let end = Duration::from_secs(last_second.saturating_add(1));
        // A call that begins just before the end reaches the store after it, where a proof that is
        // recorded until the end would be new each time.
        let until = SystemTime::UNIX_EPOCH.checked_add(end.saturating_add(REPLAY_STORE_TIMEOUT));
        let until = until.ok_or_else(|| ReplayStoreError::new("the clock is wrong"))?;
        // In a future of its own, so that a panic of the call is caught as well.
        let answer =
            async { timeout(REPLAY_STORE_TIMEOUT, self.store.first_use(proof, until)).await };
        match catching_panics(answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(ReplayStoreError::new("no answer within 1 second")),
            Err(Panicked) => Err(ReplayStoreError::new("the store panicked")),
        }
    }
}

const LABEL: &[u8] = b"tower-jwt-auth dpop proof 1";
