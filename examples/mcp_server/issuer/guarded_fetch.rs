//! Fetches a document from a URL that a stranger chose.
//!
//! Such a URL must not lead to a network that only this machine can reach (CWE-918). So it leads to
//! a public address, or to this machine itself, where clients are developed. The address is checked
//! when it is used, because a name may resolve to another one the next time.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::http::{StatusCode, header};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect;
use url::{Host, Url};

/// A user waits for the document.
const TIMEOUT: Duration = Duration::from_secs(5);
/// "The recommended maximum size to read is 5 kilobytes."
const LONGEST: usize = 5 * 1024;

pub(super) struct Fetched {
    pub(super) body: Vec<u8>,
    /// Whether the response may be used again a moment later.
    pub(super) may_be_kept: bool,
}

/// Follows no redirect, and uses no proxy, which would resolve the name itself.
pub(super) async fn fetch(url: &Url) -> Result<Fetched, &'static str> {
    const ADDRESS: &str = "The address of the client's document must be public, or this machine.";
    const UNREACHABLE: &str = "The client's document cannot be fetched: its server does not answer \
         in time, and no proxy is used. With the option --no-client-documents of this program, \
         clients register instead.";
    const STATUS: &str = "The client's document cannot be fetched: the status must be 200.";
    const TOO_LONG: &str = "The client's document is longer than 5 KiB.";
    let may_connect = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback() || is_public(address.into()),
        Some(Host::Ipv6(address)) => address.is_loopback() || is_public(address.into()),
        // Names are checked when they are resolved.
        Some(Host::Domain(_)) => true,
        None => false,
    };
    if !may_connect {
        return Err(ADDRESS);
    }
    let client = reqwest::Client::builder()
        .dns_resolver(GuardedDns)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .timeout(TIMEOUT)
        .build()
        .map_err(|_| UNREACHABLE)?;
    let response = client.get(url.clone()).send().await;
    let mut response = response.map_err(|_| UNREACHABLE)?;
    if response.status() != StatusCode::OK {
        return Err(STATUS);
    }
    let directives = response.headers().get_all(header::CACHE_CONTROL);
    let may_be_kept = directives
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .all(|directive| {
            let directive = directive.trim_ascii().to_ascii_lowercase();
            !matches!(&*directive, b"no-store" | b"no-cache" | b"max-age=0")
        });
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| UNREACHABLE)? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST {
            return Err(TOO_LONG);
        }
    }
    Ok(Fetched { body, may_be_kept })
}

struct GuardedDns;

impl Resolve for GuardedDns {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed = allowed(name.as_str(), found.map(|address| address.ip()));
            let addresses = allowed.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

/// The addresses at which a host of this name may be asked. No other name than `localhost` is sure
/// to mean this machine (RFC 6761 §6.3).
pub(super) fn allowed(name: &str, addresses: impl Iterator<Item = IpAddr>) -> Vec<IpAddr> {
    let may_connect = match name {
        "localhost" => |address: &IpAddr| address.is_loopback(),
        _ => |address: &IpAddr| is_public(*address),
    };
    addresses.filter(may_connect).collect()
}

/// Whether a host of the internet can have this address: it is in none of the ranges of RFC 6890
/// with another purpose.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => !matches!(
            v4.octets(),
            // This network, private networks, loopback, multicast, reserved.
            [0 | 10 | 127 | 224.., ..]
                | [172, 16..=31, ..]
                | [192, 168, ..]
                // Link-local, shared by customers of a provider, and the host of an Azure machine.
                | [169, 254, ..]
                | [100, 64..=127, ..]
                | [168, 63, 129, 16]
                // Protocol assignments, relays, benchmarks, documentation.
                | [192, 0, 0 | 2, _]
                | [192, 88, 99, _]
                | [198, 18 | 19, ..]
                | [198, 51, 100, _]
                | [203, 0, 113, _]
        ),
        // Of the addresses for hosts of the internet, 2000::/3, not those for protocols, for
        // documentation, or with an IPv4 address inside.
        IpAddr::V6(v6) => {
            let segments = v6.segments();
            matches!(segments, [0x2000..=0x3fff, ..])
                && !matches!(
                    segments,
                    [0x2001, 0..=0x01ff | 0x0db8, ..] | [0x2002, ..] | [0x3fff, 0..=0x0fff, ..]
                )
        }
    }
}
