//! Key sets over time: where they come from, how long they serve, and when they are fetched again.
//!
//! The verifier calls this module through `LiveKeys` only. The life of a key set, in order:
//!
//! 1. `settings` says where an issuer's keys come from and how long they serve; `configured` is
//!    what the configuration said about that, for layers that share keys.
//! 2. `persist` gives the keys to start with, from a file or from the configuration.
//! 3. `refresh` starts one background task per issuer with the first token that names the issuer.
//!    The task fetches on schedule and on demand, and is the only writer of the keys in use.
//! 4. `source` performs one fetch; `net` carries it.
//! 5. A request loads a `Snapshot` without a lock. A request whose key is missing states a
//!    `KeyDemand` and waits, at most the fetch timeout, for a fetch that belongs to the task: when
//!    the request goes away, the fetch goes on.
//! 6. `health` reports on all of it.
//!
//! In a fleet, the processes share what they fetch: `shared` is the trait that the store implements
//! for it, and the task of `refresh` is its only caller.

mod configured;
mod demand;
mod health;
mod key_snapshot;
mod live;
mod persist;
pub(crate) mod refresh;
mod report;
mod settings;
#[cfg(feature = "redis")]
pub(crate) mod shared;
mod snapshot;
pub(crate) mod source;

pub use crate::jwks::{Jwk, JwkSet, KeySetError, SkipReason, SkippedKey};
pub(crate) use configured::{FetchConfiguration, KeyConfiguration};
pub(crate) use demand::{Asked, DemandOutcome, FetchId, KeyDemand};
pub use health::{IssuerHealth, KeysHealth};
pub use key_snapshot::KeySnapshot;
pub(crate) use live::LiveKeys;
pub(crate) use persist::file::target as snapshot_target;
#[cfg(feature = "redis")]
pub(crate) use settings::Sharing;
pub(crate) use settings::{KeyOrigin, Seed, Times};
#[cfg(all(fuzzing, feature = "reqwest", feature = "test-util"))]
pub(crate) use snapshot::FetchedAt;
pub(crate) use snapshot::Snapshot;
pub(crate) use source::discovery::DiscoveredKeys;
pub(crate) use source::jwks_uri::HttpKeys;
pub use source::{CacheValidators, FetchError, FetchFuture, FetchRequest, Fetched, KeySource};

pub(crate) use crate::net::CredentialFiles;
pub use crate::net::{AddressPolicy, ExchangeLimits, HttpTransport, TransportFuture};
#[cfg(feature = "reqwest")]
pub(crate) use crate::net::{CredentialTransport, ReqwestTransport};
