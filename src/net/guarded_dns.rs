//! A DNS resolver that never returns an address of this machine.

use std::io;
use std::net::SocketAddr;

use crate::base::url_rule::is_internal;

/// Resolves the host of a URL from a discovery document. Addresses of this machine and of its link
/// are omitted, so that an issuer's document cannot lead to a service that only this machine can
/// reach (CWE-918).
///
/// The check is made at resolution and not before, because a name may resolve to another address
/// the next time.
pub(super) async fn resolve(name: &str) -> io::Result<Vec<SocketAddr>> {
    let mut addresses: Vec<_> = tokio::net::lookup_host((name, 0)).await?.collect();
    addresses.retain(|address| !is_internal(address.ip()));
    match addresses.is_empty() {
        true => Err(io::Error::other(
            "the name leads to this machine or its link only",
        )),
        false => Ok(addresses),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a44_a_name_of_this_machine_is_refused() {
        assert!(resolve("localhost").await.is_err());
        // An IP address needs no resolution, but shows that other addresses are kept.
        assert_eq!(resolve("203.0.113.1").await.unwrap().len(), 1);
    }
}
