//! MCP servers: a real client, scopes per operation, sessions.

mod client;
mod operations;
mod sessions;
