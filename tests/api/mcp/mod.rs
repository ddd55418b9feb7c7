//! MCP servers: scopes per operation, sessions. `extras/frameworks` has a real client.

mod operations;
mod sessions;
