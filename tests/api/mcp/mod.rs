//! MCP servers: scopes per operation, sessions. `extras/frameworks` has a real client.

mod operations;
pub(crate) mod sessions;
