//! The configuration: every setting, every default, every cross-check, and the layer made from it.

mod build;
mod builder;
mod cache_times;
mod check;
pub(crate) mod checked;
mod details;
pub(crate) mod error;
mod file;
mod issuer;
mod keys;
mod rules;
mod settings;
mod shape;

pub use crate::wire::stream_expiry::StreamExpiry;
pub use builder::JwtAuthConfigBuilder;
pub use cache_times::JwksCache;
pub use issuer::Issuer;
pub use settings::InitialJwks;

#[cfg(all(test, feature = "test-util"))]
mod tests;
