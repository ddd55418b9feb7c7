//! Fetches over real sockets: what the issuer answers, how the connection fails, where discovery
//! leads.

mod answers;
mod connection;
mod discovery;

use super::seconds;
