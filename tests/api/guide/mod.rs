//! The guides: what a page must contain. Doc tests read the configurations in them.

mod clients;
mod providers;
