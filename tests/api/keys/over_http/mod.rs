//! Fetches over real sockets: what the issuer answers, how the connection fails, where discovery
//! leads, which credentials are sent.

mod answers;
mod connection;
pub(crate) mod credentials;
mod discovery;

use super::seconds;
