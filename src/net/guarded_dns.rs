use std::io;
use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::base::url_rule::is_internal;

/// Resolves names for URLs that a discovery document named: addresses of this machine and of its link
/// are left out, so that an issuer's document cannot point us at a service that only we can reach
/// (CWE-918).
///
/// At resolution and not before, because a name may resolve to something else the next time.
#[derive(Debug)]
pub(crate) struct GuardedDns;

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

#[cfg(test)]
mod tests {
    use super::*;

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
