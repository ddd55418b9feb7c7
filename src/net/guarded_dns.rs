//! A DNS resolver that never returns an address of this machine.

use std::io;
use std::net::SocketAddr;

use crate::base::url_rule::is_internal;

/// Resolves the host of a URL from a discovery document. Addresses of this machine and of its link
/// are omitted, so that an issuer's document cannot lead to a service that only this machine can
/// reach (CWE-918).
///
/// The check is made at resolution and not before, because a name may resolve to another address
/// the next time. `proxy` is the name of the proxy that the request goes through: the configuration
/// of this machine chose it, so it may lead to this machine.
pub(super) async fn resolve(name: &str, proxy: Option<&str>) -> io::Result<Vec<SocketAddr>> {
    let mut addresses: Vec<_> = tokio::net::lookup_host((name, 0)).await?.collect();
    if proxy.is_some_and(|proxy| proxy.eq_ignore_ascii_case(name)) {
        return Ok(addresses);
    }
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
        assert!(resolve("localhost", None).await.is_err());
        // An IP address needs no resolution, but shows that other addresses are kept.
        assert_eq!(resolve("203.0.113.1", None).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn field_s04_only_the_proxys_own_name_may_lead_to_this_machine() {
        for (proxy, is_resolved) in [
            ("localhost", true),
            ("LocalHost", true),
            ("localhost.", false),
            ("localhost.example.com", false),
            ("host", false),
            ("", false),
        ] {
            let resolved = resolve("localhost", Some(proxy)).await;
            assert_eq!(resolved.is_ok(), is_resolved, "{proxy:?}");
        }
        assert!(resolve("203.0.113.1", Some("localhost")).await.is_ok());
    }
}
