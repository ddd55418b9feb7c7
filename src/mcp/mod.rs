//! What an MCP server needs beyond a verified caller: scopes per operation, and sessions that belong
//! to their user. Inside [`JwtAuthLayer`](crate::JwtAuthLayer), in front of the server.

mod message;
mod operation;
mod scoped;
mod scopes;
mod session;
mod session_store;

pub use scoped::{McpBody, McpScoped, McpScopedFuture};
pub use scopes::McpScopes;
pub use session::{SessionBinding, SessionBindingFuture, SessionBindingLayer};
pub use session_store::{
    MemorySessions, Principal, SessionFuture, SessionStore, SessionStoreError,
};
