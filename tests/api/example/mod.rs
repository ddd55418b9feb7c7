//! The example `mcp_server`, run as a program of its own.

mod client_documents;
mod configured;
mod confirmed;
mod help;
mod notes;
mod pages;
mod program;
mod proof;
mod redirect_uris;
mod sign_in;
mod sign_in_refusals;
mod streams;
mod visitor;
