//! The guides: what a page must contain. `blocks` reads the configuration files in them.

mod blocks;
mod clients;
mod events;
mod providers;
mod readme;
