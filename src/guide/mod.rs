//! Longer texts. No code here; what a single item does stands with the item.
//!
//! - [`operations`]: the life of a key set, the budgets for fetches, readiness, events and alerts, restarts during an outage.
//! - [`threat_model`]: what is trusted, what is defended against and how, and what is left to you.
//! - [`mcp`]: the layer in front of an rmcp server: metadata, CORS, scopes, the caller inside tools.
//! - [`decisions`]: where specifications leave a choice or systems disagree, what was decided, and why.

pub mod decisions;
pub mod mcp;
pub mod operations;
pub mod threat_model;
