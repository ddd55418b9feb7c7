//! Which URLs may be fetched or published: https, or http on this machine.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// The rules for a URL. `danger_` settings make them looser, discovery makes them stricter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UrlRule {
    allow_http: bool,
    allow_internal: bool,
}

/// Why a URL is not accepted. The text of an error continues a sentence after "which".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlError {
    /// It holds a user name or a password, which would end up in logs.
    Credentials,
    /// It holds a `#`, which is never sent to a server.
    Fragment,
    /// It uses http on a host other than this machine.
    Insecure,
    /// A public issuer names a host on this machine or on its link.
    Internal,
    /// It holds an escape or a character that no URL has, or a segment that leads upwards.
    Malformed,
    /// It is not an absolute URL with a host.
    NotAbsolute,
    /// It holds a query (RFC 9728 §1.2 advises against it).
    Query,
    /// Its path ends with a slash.
    TrailingSlash,
    /// It would break a `WWW-Authenticate` header for real clients.
    UnsafeInHeader,
}

impl std::error::Error for UrlError {}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Credentials => "must not carry a user name or password",
            Self::Fragment => "must not carry a fragment",
            Self::Insecure => "must use https: only a loopback host may use http, or call danger_allow_http",
            Self::Internal => "must not be on a loopback or link-local host when its issuer is not",
            Self::Malformed => {
                "must not hold malformed percent-escapes, the segments . and .., or characters that no URL has (RFC 3986)"
            }
            Self::NotAbsolute => "must be an absolute https URL",
            Self::Query => "must not carry a query",
            Self::TrailingSlash => "must not end with a slash",
            Self::UnsafeInHeader => {
                "must not hold spaces, quotes, backslashes, control or non-ASCII characters, or a challenge parameter such as scope="
            }
        })
    }
}

impl UrlRule {
    pub(crate) const fn new(danger_allow_http: bool) -> Self {
        Self {
            allow_http: danger_allow_http,
            allow_internal: true,
        }
    }

    /// With `danger_allow_http` the whole network is trusted, including loopback.
    pub(crate) const fn without_internal(self) -> Self {
        Self {
            allow_internal: self.allow_http,
            ..self
        }
    }

    pub(crate) const fn allows_internal(self) -> bool {
        self.allow_internal
    }

    pub(crate) fn check(self, text: &str) -> Result<Url, UrlError> {
        // The parser repairs some malformed URLs, which would then lead to another place than the
        // text says.
        let plain = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        if !text.bytes().all(plain) {
            return Err(UrlError::UnsafeInHeader);
        }
        let authority = text.split_once("://").map(|(_, rest)| rest);
        if authority.is_none_or(|rest| rest.starts_with('/')) {
            return Err(UrlError::NotAbsolute);
        }
        let url = Url::parse(text).map_err(|_| UrlError::NotAbsolute)?;
        if url.host().is_none() || !matches!(url.scheme(), "http" | "https") {
            return Err(UrlError::NotAbsolute);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlError::Credentials);
        }
        if url.fragment().is_some() {
            return Err(UrlError::Fragment);
        }
        let loopback = is_loopback(&url);
        if url.scheme() == "http" && !loopback && !self.allow_http {
            return Err(UrlError::Insecure);
        }
        if !self.allow_internal && (loopback || has_internal_address(&url)) {
            return Err(UrlError::Internal);
        }
        Ok(url)
    }
}

/// For errors and events: `text`, unless a user name or a password may be in it. In a text that is
/// no URL, that is what stands in front of an `@`. A password with a `/` looks like a port and a
/// path, so a `:` in front of an `@` counts as one.
pub(crate) fn without_credentials(text: &str) -> &str {
    let may_have_some = match Url::parse(text) {
        Ok(url) if url.has_host() => {
            let after_scheme = text.split_once("//").map_or(text, |(_, rest)| rest);
            let before_at = after_scheme.rsplit_once('@').map(|(before, _)| before);
            let has_user = !url.username().is_empty() || url.password().is_some();
            has_user || before_at.is_some_and(|before| before.contains(':'))
        }
        _ => text.contains('@'),
    };
    match may_have_some {
        true => "(not shown)",
        false => text,
    }
}

/// Only names that cannot resolve to another host (RFC 6761 §6.3 leaves `*.localhost` to
/// resolvers).
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.trim_end_matches('.') == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The URL that `text` probably means, for an error: a host name whose scheme is missing or
/// incomplete. `None` for anything else, such as a path.
pub(crate) fn with_scheme(text: &str) -> Option<String> {
    let (scheme, rest) = match text.split_once(':') {
        Some((scheme, rest)) if ["http", "https"].contains(&scheme) => (Some(scheme), rest),
        _ => (None, text),
    };
    let rest = match scheme {
        Some(_) => rest.trim_start_matches('/'),
        None => rest.strip_prefix("//").unwrap_or(rest),
    };
    if rest.contains("://") || !rest.starts_with(is_start_of_host) {
        return None;
    }
    let rule = UrlRule::new(false);
    let https = format!("https://{rest}");
    let url = rule.check(&https).ok()?;
    let host = url.host_str().unwrap_or_default();
    match is_loopback(&url) {
        true => Some(format!("http://{rest}")),
        false => host.trim_end_matches('.').contains('.').then_some(https),
    }
}

/// Of a name, of an IPv4 address, or of an IPv6 address in its brackets.
fn is_start_of_host(first: char) -> bool {
    first.is_ascii_alphanumeric() || first == '['
}

/// Whether the host is an address that [`is_internal`]. A name is not resolved.
pub(crate) fn has_internal_address(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => is_internal(address.into()),
        Some(Host::Ipv6(address)) => is_internal(address.into()),
        Some(Host::Domain(_)) | None => false,
    }
}

/// Loopback, link-local (used by the metadata services of clouds) and unspecified addresses, and
/// the addresses elsewhere at which clouds serve metadata and credentials to a machine. Other
/// addresses of private networks are allowed, because issuers may be there.
pub(crate) fn is_internal(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_internal_v4(v4),
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_unicast_link_local()
                || v6.segments().starts_with(&AMAZON)
                || METADATA_V6.contains(&v6)
                || v6.to_ipv4_mapped().is_some_and(is_internal_v4)
                || translated(v6).any(|v4| v4.octets().first() != Some(&0) && is_internal_v4(v4))
        }
    }
}

fn is_internal_v4(address: Ipv4Addr) -> bool {
    address.is_loopback()
        || address.is_link_local()
        || address.octets().first() == Some(&0)
        || METADATA_V4.contains(&address)
}

/// The IPv4 addresses that a translator or a tunnel may send packets for `address` to. If the
/// length of the prefix is unknown, all that it may mean. No host has an address that begins with
/// 0, so such a reading is no evidence.
fn translated(address: Ipv6Addr) -> impl Iterator<Item = Ipv4Addr> {
    let octets = address.octets();
    let forms: &[Embedded] = match address.segments() {
        // IPv4-compatible (RFC 4291 §2.5.5.1), IPv4-translated (RFC 2765 §2.1), and NAT64 with the
        // well-known prefix (RFC 6052 §2.1).
        [0, 0, 0, 0, 0, 0, _, _]
        | [0, 0, 0, 0, 0xffff, 0, _, _]
        | [0x64, 0xff9b, 0, 0, 0, 0, _, _] => &[NAT64_96],
        // The range of NAT64 for local use (RFC 8215).
        [0x64, 0xff9b, 1, ..] => &[NAT64_48, NAT64_56, NAT64_64, NAT64_96],
        // 6to4 (RFC 3056 §2).
        [0x2002, ..] => &[([2, 3, 4, 5], 16)],
        _ => &[],
    };
    forms.iter().filter_map(move |(places, suffix)| {
        let is_empty = octets.iter().skip(*suffix).all(|octet| *octet == 0);
        let [Some(a), Some(b), Some(c), Some(d)] = places.map(|place| octets.get(place)) else {
            return None;
        };
        is_empty.then(|| Ipv4Addr::new(*a, *b, *c, *d))
    })
}

/// The places of an IPv4 address in an IPv6 address, and the first octet after it that must be
/// zero, as all that follow.
type Embedded = ([usize; 4], usize);

/// With a prefix of 48, 56, 64 or 96 bits (RFC 6052 §2.2).
const NAT64_48: Embedded = ([6, 7, 9, 10], 11);

const NAT64_56: Embedded = ([7, 9, 10, 11], 12);

const NAT64_64: Embedded = ([9, 10, 11, 12], 13);

const NAT64_96: Embedded = ([12, 13, 14, 15], 16);

/// Services that a cloud offers to a machine at an address that is not link-local.
const METADATA_V4: [Ipv4Addr; 3] = [
    // Alibaba Cloud.
    Ipv4Addr::new(100, 100, 100, 200),
    // Azure, its host agent.
    Ipv4Addr::new(168, 63, 129, 16),
    // Oracle Cloud Classic.
    Ipv4Addr::new(192, 0, 0, 192),
];

/// The same over IPv6.
const METADATA_V6: [Ipv6Addr; 5] = [
    // Google Cloud.
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    // Scaleway.
    Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42),
    // Oracle Cloud.
    Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe),
    // Akamai (Linode).
    Ipv6Addr::new(0xfd00, 0xa9fe, 0xa9fe, 0, 0, 0, 0, 1),
    // Alibaba Cloud.
    Ipv6Addr::new(0xfd00, 0x100, 0, 0, 0, 0, 0x100, 0x200),
];

/// `fd00:ec2::/32`, in which Amazon serves metadata, credentials of pods, names and time to its
/// machines. No network of a customer is there.
const AMAZON: [u16; 2] = [0xfd00, 0xec2];

#[cfg(test)]
mod tests;
