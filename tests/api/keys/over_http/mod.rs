//! Fetches over real sockets: what the issuer answers, how the connection fails, where discovery
//! leads, which credentials are sent.

mod answers;
mod connection;
mod credentials;
mod discovery;

use super::seconds;
