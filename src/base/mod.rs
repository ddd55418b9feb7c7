//! Values that the rest of the crate is built from: times, scopes, URL rules.
//!
//! Every folder may import this one. It imports nothing of the crate but [`limits`](crate::limits),
//! does no I/O and takes the time as an argument; [`clock`] alone reads the clocks.

pub(crate) mod clock;
pub(crate) mod escape;
pub(crate) mod facts;
pub(crate) mod numeric_date;
pub(crate) mod scopes;
pub(crate) mod url_rule;
