use std::fmt;

/// Why the URL of a store is not accepted. The text of an error continues a sentence after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreUrlError {
    /// Its path is not the number of a database.
    Database,
    /// It holds a `#`.
    Fragment,
    /// It is no URL of a Redis.
    NotAbsolute,
    /// It would send a password in clear to another host.
    PlainPassword,
    /// It holds a query.
    Query,
    /// A node of a cluster is reached through a socket of this machine.
    Unix,
}

impl fmt::Display for StoreUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Database => "must have no path, or the number of a database",
            Self::Fragment => "must not carry a fragment: leave it out",
            Self::NotAbsolute => {
                "must be a URL such as rediss://cache.internal:6379, redis://127.0.0.1:6379 or \
                 unix:///run/redis.sock"
            }
            Self::PlainPassword => {
                "would send the password in clear: use rediss, or call danger_allow_plain_redis()"
            }
            Self::Query => {
                "must not carry a query, but for user, pass and db of a unix socket: leave it out"
            }
            Self::Unix => "must not be a unix socket, because it is a node of a cluster",
        })
    }
}

impl std::error::Error for StoreUrlError {}
