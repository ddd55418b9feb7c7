//! Many processes that behave like one (feature `redis`).
//!
//! [`Fleet`] says where the processes meet. Give it to the configuration
//! ([`fleet`](crate::config::JwtAuthConfigBuilder::fleet)), and keys, revocations, used proofs and
//! nonces are shared. [`guide::fleet`](crate::guide::fleet) says what that gives and takes.
// `settings` holds what is configured, and `config` checks it; `health` reports how the store does,
// `revoke` is for programs that revoke, and `stores` are what a program gives to other parts of
// this crate. `back_channel_logout` turns logouts of the issuers into revocations. What a part
// shares, and how, is in `store`.

mod back_channel_logout;
mod health;
mod revoke;
pub(crate) mod settings;
mod stores;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use self::back_channel_logout::BackChannelLogout;
pub use self::health::FleetHealth;
pub use self::revoke::{RevokeError, Revoked, StoreFault};
pub use self::settings::FleetBuilder;
use self::settings::FleetSettings;
use crate::base::numeric_date::NumericDate;
use crate::limits::{DEFAULT_REVOCATION_KEEP, MAX_REVOCATION_KEEP, MIN_REVOCATION_KEEP};
pub use crate::revocation::Revocation;
use crate::revocation::Revocations;
use crate::store::Store;
use crate::store::revoked::Stream;
use crate::store::sessions::FleetSessions;

/// Many processes that behave like one.
///
/// Each has its own `Fleet`, with the same store, namespace and secret. Clones are the same fleet;
/// when the last one is dropped, its tasks and its connections end.
///
/// [`guide::fleet`](crate::guide::fleet) says what is shared, and what it takes.
#[derive(Clone)]
pub struct Fleet(Arc<Inner>);

struct Inner {
    store: Arc<Store>,
    settings: FleetSettings,
    /// The longest life of a token that a configuration has told.
    longest_life: Mutex<Option<Duration>>,
    made: NumericDate,
    sessions: FleetSessions,
    /// The list of revocations, and what fills it.
    revoking: Option<(Arc<Revocations>, Arc<Stream>)>,
}

impl Fleet {
    /// A builder with nothing set. `redis`, `namespace` and a secret are needed.
    ///
    /// ```
    /// # #[cfg(any(feature = "aws_lc_rs", feature = "rust_crypto"))] {
    /// use std::time::Duration;
    /// use tower_jwt_auth::fleet::Fleet;
    ///
    /// # let secret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    /// let fleet = Fleet::builder()
    ///     .redis("rediss://cache.internal:6379")
    ///     .namespace("mcp-prod")
    ///     .secret(secret)
    ///     .timeout(Duration::from_millis(100))
    ///     .build()?;
    /// # }
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn builder() -> FleetBuilder {
        FleetBuilder::default()
    }

    /// With the other settings as they are by default. `None` turns revocations off.
    #[cfg(any(test, feature = "test-util"))]
    pub(crate) fn assemble(
        store: Store,
        revocations: Option<crate::store::revoked::RevocationSettings>,
    ) -> Self {
        let settings = FleetSettings {
            keys: true,
            revocation_keep: revocations.map(|it| it.keep),
            revocations,
        };
        Self::assemble_with(store, settings)
    }

    pub(crate) fn assemble_with(store: Store, settings: FleetSettings) -> Self {
        let store = Arc::new(store);
        let revocations = settings.revocations;
        let revoking = revocations.and_then(|settings| Stream::new(store.clone(), settings));
        if revoking.is_some() {
            store.condition.must_not_evict();
        }
        Self(Arc::new(Inner {
            settings,
            longest_life: Mutex::default(),
            made: store.clock.now().wall,
            sessions: FleetSessions::new(&store),
            revoking,
            store,
        }))
    }

    /// What a verifier asks about each token.
    pub(crate) fn revocations(&self) -> Option<&Arc<Revocations>> {
        self.0.revoking.as_ref().map(|(list, _)| list)
    }

    #[cfg(test)]
    pub(crate) fn revoking_for_tests(&self) -> Option<&(Arc<Revocations>, Arc<Stream>)> {
        self.0.revoking.as_ref()
    }

    pub(crate) fn store(&self) -> &Arc<Store> {
        &self.0.store
    }

    pub(crate) fn settings(&self) -> &FleetSettings {
        &self.0.settings
    }

    /// A configuration uses this fleet whose tokens live at most so long.
    pub(crate) fn note_life(&self, life: Duration) {
        let longest = &self.0.longest_life;
        let mut longest = longest.lock().unwrap_or_else(PoisonError::into_inner);
        *longest = (*longest).max(Some(life));
        if let Some(list) = self.revocations() {
            list.set_keep(self.keep_with(*longest));
        }
    }

    /// A configuration uses this fleet whose issuers have at most this `leeway`.
    pub(crate) fn note_leeway(&self, leeway: Duration) {
        self.store().note_leeway(leeway);
    }

    /// How long a revocation is remembered whose end is not known.
    fn revocation_keep(&self) -> Duration {
        let longest = &self.0.longest_life;
        self.keep_with(*longest.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn keep_with(&self, longest_life: Option<Duration>) -> Duration {
        let default = longest_life.unwrap_or(DEFAULT_REVOCATION_KEEP);
        let keep = self.settings().revocation_keep.unwrap_or(default);
        keep.clamp(MIN_REVOCATION_KEEP, MAX_REVOCATION_KEEP)
    }
}

/// Shows hosts and settings: neither users nor secrets, and nothing of what is shared.
impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fleet")
            .field("store", &self.store().commands)
            .field("settings", self.settings())
            .finish_non_exhaustive()
    }
}
