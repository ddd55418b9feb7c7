use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Resolves names for URLs that a discovery document named: addresses of this machine and of its link
/// are left out, so that an issuer's document cannot point us at a service that only we can reach
/// (CWE-918).
///
/// At resolution and not before, because a name may resolve to something else the next time.
#[derive(Debug)]
pub(super) struct GuardedDns;

impl Resolve for GuardedDns {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let all: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed: Vec<SocketAddr> = all
                .into_iter()
                .filter(|address| !is_internal(address.ip()))
                .collect();
            match allowed.is_empty() {
                true => {
                    Err(io::Error::other("the name leads to this machine or its link only").into())
                }
                false => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}

/// Loopback, link-local (where clouds keep their metadata services) and unspecified addresses, and the
/// metadata addresses that are none of these. Private networks are not: issuers live there.
pub(crate) fn is_internal(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_internal_v4(v4),
        IpAddr::V6(v6) => {
            v6.to_ipv4_mapped().is_some_and(is_internal_v4)
                || v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_unicast_link_local()
                || v6 == AWS_METADATA
        }
    }
}

fn is_internal_v4(address: Ipv4Addr) -> bool {
    address.is_loopback()
        || address.is_link_local()
        || address.octets().first() == Some(&0)
        || address == ALIBABA_METADATA
}

/// Amazon EC2's metadata service over IPv6.
const AWS_METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// Alibaba Cloud's metadata service.
const ALIBABA_METADATA: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a44_addresses() {
        for (address, internal) in [
            ("127.0.0.1", true),
            ("127.8.8.8", true),
            ("0.0.0.0", true),
            ("169.254.169.254", true),
            ("100.100.100.200", true),
            ("::1", true),
            ("::", true),
            ("fe80::1", true),
            ("fd00:ec2::254", true),
            ("::ffff:127.0.0.1", true),
            ("::ffff:169.254.169.254", true),
            ("10.0.0.1", false),
            ("192.168.1.1", false),
            ("203.0.113.1", false),
            ("2001:db8::1", false),
            ("fd00::1", false),
        ] {
            assert_eq!(is_internal(address.parse().unwrap()), internal, "{address}");
        }
    }

    #[tokio::test]
    async fn a44_a_name_of_this_machine_is_refused() {
        let name = |text: &str| text.parse::<Name>().unwrap();
        assert!(GuardedDns.resolve(name("localhost")).await.is_err());
        // An address is no name, but shows that what is not ours comes through.
        assert_eq!(
            GuardedDns
                .resolve(name("203.0.113.1"))
                .await
                .unwrap()
                .count(),
            1
        );
    }
}
