//! Authentication as a tower layer: `layer` holds the settings, `service` and `future` run each
//! request, `gate` decides about it. `router` puts the layer and the metadata into an axum router;
//! `metadata_routes` serves the metadata of several layers.
//!
//! Programs use it through [`JwtAuthLayer`], whose constructors are in `config`; no other folder
//! calls it. Each request passes these steps in order:
//!
//! 1. The path of the protected resource metadata is answered, without a token (RFC 9728 §3).
//! 2. An open path goes on to the service.
//! 3. Exactly one bearer token is taken from the `Authorization` header (RFC 6750 §2.1).
//! 4. The token is verified. If its key is missing, the request waits for a fetch, at most for the
//!    fetch timeout, and the token is verified once more.
//! 5. The `Authorization` header is removed, if so configured; `AuthInfo` is put into the
//!    extensions; an instance of the service that was polled ready is called.
//!
//! On every request that reaches the service, the `Authorization` header is marked sensitive, and
//! an `AuthInfo` that an outer layer had put into the extensions has been removed or replaced: only
//! a token that this layer verified gives one.
//!
//! A rejected request never reaches the service, and its body is dropped without being read. The
//! layer of `drain`, further out, reads the rest of it.

mod future;
mod gate;
mod layer;
mod metadata_routes;
#[cfg(feature = "axum")]
mod router;
mod service;

pub use future::ResponseFuture;
pub use layer::JwtAuthLayer;
pub use metadata_routes::MetadataRoutes;
pub use service::JwtAuth;
