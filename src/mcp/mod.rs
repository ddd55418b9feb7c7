//! What an MCP server needs beyond a verified caller: scopes per operation, and sessions that belong
//! to their user. Inside [`JwtAuthLayer`](crate::JwtAuthLayer), in front of the server.

mod protocol;
mod scopes;
mod sessions;

pub use scopes::McpScopes;
pub use scopes::service::{McpBody, McpScoped, McpScopedFuture};
pub use sessions::store::{
    MemorySessions, Principal, SessionFuture, SessionStore, SessionStoreError,
};
pub use sessions::{SessionBinding, SessionBindingFuture, SessionBindingLayer};
