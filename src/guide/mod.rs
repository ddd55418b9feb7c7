//! Guides that go beyond a single item. They contain no code of the crate; API details are
//! documented on the items.
//!
//! - [`architecture`]: the folders of the source, the path of a request, and where a new feature
//!   goes.
//! - [`mcp`]: protect an rmcp server, from an open one to step-up, sessions, streams and browsers.
//! - [`providers`]: eighteen identity providers: the settings on both sides, and the pitfall of
//!   each.
//! - [`clients`]: what to set in MCP clients, above all when they cannot register themselves.
//! - [`checklist`]: the MCP authorization spec row by row: your part, and the part of the layers.
//! - [`operations`]: the life of a key set, the budgets for fetches, readiness, events and alerts,
//!   restarts during an outage.
//! - [`proof_of_possession`]: tokens that are bound to a key of the client, and the settings of the
//!   proxies in front of your server.
//! - [`troubleshooting`]: why a token is refused: where the reason is, and what to do about each.
//! - [`threat_model`]: trust boundaries, threats and defences, and your responsibilities.
//! - [`decisions`]: the choices made where specifications leave room or systems disagree, each with
//!   its reason.

pub mod architecture;
pub mod checklist;
pub mod clients;
pub mod decisions;
pub mod mcp;
pub mod operations;
pub mod proof_of_possession;
pub mod providers;
pub mod threat_model;
pub mod troubleshooting;
