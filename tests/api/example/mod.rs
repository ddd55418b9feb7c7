//! The examples `mcp_server` and `doctor`, run as programs of their own.

mod client_documents;
mod configured;
mod confirmed;
#[cfg(feature = "tracing")]
mod doctor;
mod help;
mod issuers_file;
mod notes;
mod pages;
mod program;
mod proof;
mod redirect_uris;
mod sign_in;
mod sign_in_refusals;
mod streams;
mod visitor;
