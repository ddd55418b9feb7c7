//! Authentication as a tower layer.
//!
//! What a request meets, in order:
//!
//! 1. The path of the protected resource metadata is answered, without a token (RFC 9728 §3).
//! 2. An open path goes on to the service.
//! 3. Exactly one bearer token is taken from the `Authorization` header (RFC 6750 §2.1).
//! 4. The token is verified. When its key is missing, the request waits for a fetch, at most the
//!    fetch timeout, and is looked at once more.
//! 5. The `Authorization` header is stripped, where that is set; `AuthInfo` goes into the
//!    extensions; the instance of the service that was polled ready is called.
//!
//! Whatever reaches the service, its `Authorization` header is marked sensitive, and an `AuthInfo`
//! that something further out left in the extensions is gone: only a verified token makes one.
//!
//! A request that is refused never reaches the service, and its body is dropped without being read.

mod future;
mod gate;
mod layer;
mod service;

pub use future::ResponseFuture;
pub use layer::JwtAuthLayer;
pub use service::JwtAuth;
