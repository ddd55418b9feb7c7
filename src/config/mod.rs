//! The configuration: every setting with its default, the checks across settings, and the layer and
//! the verifier built from them.
//!
//! This folder may use every other folder; only `lib.rs`, `test_util` and `fuzzing` use it. In
//! order:
//!
//! 1. The setters store values and check nothing. `builder`, `builder_keys` and `builder_told` have
//!    the setters of the server; `token_setters`, `key_setters` and `credentials` have the setters
//!    that an `issuer` has too, a file for each heading of the documentation; `cache_times` has the
//!    times of key sets. `settings` has the plain values.
//!    `from_file` fills the same fields from a file, with the readers in `values`. `file`,
//!    `file_proofs`, `file_introspection` and `file_fleet` have the names of settings, `named` has
//!    the names of values. `file_errors` explains what is wrong in a file, with the nearest of the
//!    `names` and one of the `examples`.
//! 2. `build` checks everything that is set, with `variables` (placeholders that nobody has
//!    replaced), `shape` (each setting by itself), `details` (the resource metadata),
//!    `scope_claims`, `snapshot_files`, `token_sources` (with their names in a file), `proofs`
//!    (DPoP and certificates) and `rules` (URLs, scopes, durations). `secret_files` reads files
//!    with secrets.
//! 3. `check` turns each issuer into its policy and the source of its keys; `keys` reads keys
//!    that are part of the configuration, `sharing` takes the keys of another layer instead, and
//!    `introspection` says how the issuer is asked about tokens. The first problem is returned as a
//!    `ConfigError`, from `error`.
//! 4. `checked` is the finished configuration, from which `JwtAuthLayer` and `JwtVerifier` are
//!    made. Nothing has been fetched so far.

mod builder;
mod builder_keys;
mod builder_told;
mod cache_times;
mod check;
pub(crate) mod checked;
mod checked_issuer;
mod credentials;
mod details;
pub(crate) mod error;
mod examples;
mod file;
mod file_errors;
#[cfg(feature = "redis")]
mod file_fleet;
mod file_introspection;
mod file_proofs;
#[cfg(feature = "redis")]
mod fleet;
#[cfg(feature = "redis")]
mod fleet_keys;
#[cfg(feature = "redis")]
mod fleet_proofs;
mod from_file;
mod introspection;
mod issuer;
mod key_setters;
mod keys;
mod named;
mod names;
mod proofs;
mod replace;
mod rules;
#[cfg(feature = "schema")]
mod schema;
mod scope_claims;
mod secret_files;
mod server;
mod settings;
mod shape;
mod sharing;
mod snapshot_files;
mod token_setters;
mod token_sources;
mod values;
mod variables;

// Here, so that the documentation has `build` after the setters.
mod build;

pub use crate::wire::stream_expiry::StreamExpiry;
pub use crate::wire::token_source::TokenSource;
pub use builder::JwtAuthConfigBuilder;
pub use cache_times::JwksCache;
pub use issuer::Issuer;
pub use settings::InitialJwks;

#[cfg(all(
    test,
    not(all(
        any(feature = "aws_lc_rs", feature = "rust_crypto"),
        feature = "reqwest"
    ))
))]
mod missing_features;

#[cfg(all(
    test,
    any(feature = "aws_lc_rs", feature = "rust_crypto"),
    feature = "reqwest",
    feature = "test-util"
))]
mod tests;
