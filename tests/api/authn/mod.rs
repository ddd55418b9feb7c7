//! The layer: which requests it admits, what it answers to the others, and where it can stand.

mod accept;
mod allocations;
mod assembly;
mod metadata;
mod policies;
mod rejection;
mod streams;
mod token_sources;
