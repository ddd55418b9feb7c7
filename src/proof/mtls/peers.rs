use std::error::Error;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// The other end of the connection on which a request came, for certificates in a header: the
/// header counts only if this is a trusted proxy. An extension of the request.
///
/// Take it from the socket, never from a header such as `X-Forwarded-For`, which anybody can write.
/// Insert it in front of [`JwtAuthLayer`](crate::JwtAuthLayer). Without it, no certificate in a
/// header counts, and an error is logged.
///
/// ```
/// # #[cfg(feature = "axum")] {
/// use std::net::SocketAddr;
///
/// use axum::Router;
/// use axum::extract::{ConnectInfo, Request};
/// use tower_jwt_auth::proof::PeerAddress;
///
/// # fn example(protected: Router) {
/// // `protected` is what `JwtAuthLayer::protect` returned.
/// let app = protected.layer(axum::middleware::map_request(
///     |ConnectInfo(peer): ConnectInfo<SocketAddr>, mut request: Request| async move {
///         request.extensions_mut().insert(PeerAddress::from(peer));
///         request
///     },
/// ));
/// let service = app.into_make_service_with_connect_info::<SocketAddr>();
/// # }
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddress(Peer);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Peer {
    Ip(IpAddr),
    Unix,
}

impl PeerAddress {
    /// A connection over a Unix socket. Whoever may connect is up to the permissions of its file.
    pub const UNIX: Self = Self(Peer::Unix);
}

/// An IPv4 address in IPv6 form (`::ffff:10.0.0.1`) counts as the IPv4 address.
impl From<IpAddr> for PeerAddress {
    fn from(address: IpAddr) -> Self {
        Self(Peer::Ip(address.to_canonical()))
    }
}

/// The port does not count.
impl From<SocketAddr> for PeerAddress {
    fn from(address: SocketAddr) -> Self {
        address.ip().into()
    }
}

/// Whose certificate headers are believed.
#[derive(Clone, Debug)]
pub(crate) enum TrustedPeers {
    /// Everybody's, also without a [`PeerAddress`].
    Any,
    Listed(Vec<TrustedPeer>),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum TrustedPeer {
    Network { first: IpAddr, prefix: u32 },
    Unix,
}

impl TrustedPeers {
    /// From networks in CIDR form (`10.0.0.0/8`), addresses, and `unix`.
    pub(crate) fn parse<T: AsRef<str>>(entries: &[T]) -> Result<Self, TrustedPeersError> {
        if entries.is_empty() {
            return Err(TrustedPeersError::Empty);
        }
        let peers = entries
            .iter()
            .map(|entry| TrustedPeer::parse(entry.as_ref()));
        peers.collect::<Result<_, _>>().map(Self::Listed)
    }

    pub(super) fn contain(&self, peer: Option<&PeerAddress>) -> bool {
        match (self, peer) {
            (Self::Any, _) => true,
            (Self::Listed(peers), Some(PeerAddress(peer))) => {
                peers.iter().any(|trusted| trusted.contains(*peer))
            }
            (Self::Listed(_), None) => false,
        }
    }
}

impl TrustedPeer {
    fn parse(entry: &str) -> Result<Self, TrustedPeersError> {
        let refused = |error: fn(String) -> TrustedPeersError| Err(error(entry.to_owned()));
        if entry == "unix" {
            return Ok(Self::Unix);
        }
        let Some((address, prefix)) = address_and_prefix(entry) else {
            return refused(|entry| TrustedPeersError::NotANetwork { entry });
        };
        // An IPv4 network may be written in IPv6 form (RFC 4291 §2.5.5.2).
        let (first, prefix) = match (address.to_canonical(), prefix) {
            (first, Some(prefix)) if first != address && (96..=128).contains(&prefix) => {
                (first, Some(prefix.saturating_sub(96)))
            }
            (first, None) => (first, None),
            (_, prefix) => (address, prefix),
        };
        let (width, zeros) = match first {
            IpAddr::V4(first) => (32, first.to_bits().trailing_zeros()),
            IpAddr::V6(first) => (128, first.to_bits().trailing_zeros()),
        };
        let prefix = prefix.unwrap_or(width);
        match width.checked_sub(prefix) {
            None => refused(|entry| TrustedPeersError::PrefixTooLong { entry }),
            Some(_) if prefix == 0 => refused(|entry| TrustedPeersError::AnyAddress { entry }),
            Some(host) if zeros < host => refused(|entry| TrustedPeersError::HostBits { entry }),
            Some(_) => Ok(Self::Network { first, prefix }),
        }
    }

    fn contains(self, peer: Peer) -> bool {
        match (self, peer) {
            (Self::Unix, Peer::Unix) => true,
            (Self::Network { first, prefix }, Peer::Ip(peer)) => {
                common_bits(first, peer).is_some_and(|common| common >= prefix)
            }
            _ => false,
        }
    }
}

fn address_and_prefix(entry: &str) -> Option<(IpAddr, Option<u32>)> {
    let Some((address, prefix)) = entry.split_once('/') else {
        return Some((entry.parse().ok()?, None));
    };
    // The parser of numbers would also take a sign.
    let is_number = prefix.bytes().all(|byte| byte.is_ascii_digit());
    let prefix = is_number.then(|| prefix.parse().ok())??;
    Some((address.parse().ok()?, Some(prefix)))
}

/// How many bits from the left are the same; `None` for addresses of different families.
fn common_bits(one: IpAddr, other: IpAddr) -> Option<u32> {
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            Some((one.to_bits() ^ other.to_bits()).leading_zeros())
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => {
            Some((one.to_bits() ^ other.to_bits()).leading_zeros())
        }
        _ => None,
    }
}

/// Why `trusted_peers` cannot be used. The text names the entry and says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrustedPeersError {
    /// The network is the whole internet.
    #[non_exhaustive]
    AnyAddress {
        /// The entry.
        entry: String,
    },
    /// The list is empty, so that no header would count.
    Empty,
    /// The address has bits set after its prefix: it is a host, and not the network.
    #[non_exhaustive]
    HostBits {
        /// The entry.
        entry: String,
    },
    /// The entry is none of the three forms.
    #[non_exhaustive]
    NotANetwork {
        /// The entry.
        entry: String,
    },
    /// The prefix has more bits than the address.
    #[non_exhaustive]
    PrefixTooLong {
        /// The entry.
        entry: String,
    },
}

impl fmt::Display for TrustedPeersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AnyAddress { entry } => write!(
                f,
                "{entry:?} is every address: list the networks of your proxies, or use danger_trust_any_peer"
            ),
            Self::Empty => f.write_str(
                "the list is empty: list the networks of your proxies, such as 10.0.0.0/8, or unix",
            ),
            Self::HostBits { entry } => write!(
                f,
                "{entry:?} has bits set after its prefix: write the first address of the network, or for one \
                 host the address alone"
            ),
            Self::NotANetwork { entry } => write!(
                f,
                "{entry:?} is no network: write one such as 10.0.0.0/8, an address, or unix; host names are \
                 not resolved"
            ),
            Self::PrefixTooLong { entry } => write!(
                f,
                "{entry:?} has a prefix that is longer than the address: write at most /32 for IPv4 and /128 \
                 for IPv6"
            ),
        }
    }
}

impl Error for TrustedPeersError {}
