//! Two layers for MCP servers, inside [`JwtAuthLayer`](crate::JwtAuthLayer) and in front of the
//! server: `scopes` requires scopes for each operation, `sessions` binds a session to its
//! principal.
//!
//! `protocol` reads the operation of a request from its headers or its body; it decides nothing. A
//! request passes `sessions` first if both layers are used as documented, then `scopes`. The two do
//! not know each other. Only `lib.rs` imports this folder.

mod protocol;
mod scopes;
mod sessions;

pub use crate::caller::{AuthInfoExt, Principal};
pub use scopes::McpScopesLayer;
pub use scopes::service::McpScopes;
pub use sessions::SessionBindingLayer;
pub use sessions::memory::MemorySessions;
pub use sessions::service::{SessionBinding, SessionBindingFuture};
pub use sessions::store::{Ownership, SessionFuture, SessionStore, SessionStoreError};
