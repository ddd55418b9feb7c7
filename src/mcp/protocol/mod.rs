//! What a request asks an MCP server for: the message, and the operation in it.

pub(super) mod message;
pub(super) mod operation;
