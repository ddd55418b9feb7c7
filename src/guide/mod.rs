//! Longer texts. No code here; what a single item does stands with the item.
//!
//! - [`mcp`]: protect an rmcp server, from an open one to step-up, sessions, streams and browsers.
//! - [`providers`]: Auth0, Okta, Entra ID, Keycloak, Cognito, WorkOS, Google: settings on both sides, and the trap of each.
//! - [`checklist`]: the MCP authorization spec row by row: what is left to you, what the layers do.
//! - [`operations`]: the life of a key set, the budgets for fetches, readiness, events and alerts, restarts during an outage.
//! - [`threat_model`]: what is trusted, what is defended against and how, and what is left to you.
//! - [`decisions`]: where specifications leave a choice or systems disagree, what was decided, and why.

pub mod checklist;
pub mod decisions;
pub mod mcp;
pub mod operations;
pub mod providers;
pub mod threat_model;
