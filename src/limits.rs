//! Every limit and default, with its unit, its reason and its source.
//!
//! Work that an outsider can cause is bounded by one of these. The ones that a
//! [`JwtAuthConfig`](crate::JwtAuthConfig) can change say so.

use std::time::Duration;

/// Bytes of a token, 16 KiB. Identity providers stay under 8 KiB, which is what servers commonly
/// allow for all headers together; anything larger is refused before base64 or JSON is touched.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Bytes of a decoded token header. Real headers take under 300 bytes; 10,000 is where Nimbus draws
/// the line for the same reason.
pub const MAX_HEADER_BYTES: usize = 10_000;

/// Members of a token's header, and of its claims. Access tokens carry under 60; more would only
/// cost time, of which a refusal shall take no more than three verifications.
pub const MAX_JSON_MEMBERS: usize = 256;

/// Values in a token's header, and in its claims, with the names inside of objects: for the same
/// reason. A number with a fraction or an exponent counts for eight. In a list of 1,024 strings
/// there is room for eight characters each.
pub const MAX_JSON_VALUES: usize = 1_024;

/// Bytes of a key set or a discovery document after decompression, 256 KiB. The largest published
/// set that we know of is Entra ID's, at 12 KiB.
pub const MAX_DOCUMENT_BYTES: usize = 256 * 1024;

/// Keys read from one set; further ones are skipped and reported. Published sets hold under 20.
pub const MAX_KEYS: usize = 128;

/// Keys of one set that share a `kid` and fit the token's `alg`, and so may be tried. More than a
/// handful is no rotation but a mistake, and each costs a verification.
pub const MAX_KEYS_PER_KID: usize = 4;

/// Bits of an RSA modulus, smallest and largest. Below 2048 is forbidden by RFC 7518 §3.3; above
/// 8192 one verification costs more than an attacker's request does.
pub const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Clock difference tolerated on `exp`, `nbf` and `iat`: 60 seconds unless configured. RFC 7519
/// §4.1.4 suggests no more than a few minutes, and clients give up on a token that is refused right
/// after it was issued.
pub const DEFAULT_LEEWAY: Duration = Duration::from_secs(60);

/// The largest leeway that can be configured: 5 minutes. More would keep expired tokens alive.
pub const MAX_LEEWAY: Duration = Duration::from_secs(5 * 60);

/// How old a key set may get before it is refreshed: 10 minutes unless configured. It bounds how
/// long a withdrawn key stays trusted, and providers' `max-age` of a day would be too long for
/// that.
pub const DEFAULT_MAX_AGE: Duration = Duration::from_secs(10 * 60);

/// How old a key set may get while refreshes fail: 24 hours unless configured. Outages of identity
/// providers last hours; after a day, a key that was withdrawn must not be trusted any more.
pub const DEFAULT_MAX_STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// Time in which one fetch for an unknown `kid` is granted again, and the longest pause between
/// attempts while they fail: 30 seconds unless configured.
pub const DEFAULT_COOLDOWN: Duration = Duration::from_secs(30);

/// Time for a whole fetch, discovery included, and so the longest that a request waits for keys:
/// 5 seconds unless configured.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// Time to connect to the issuer. A host that does not answer in 2 seconds will not in 5.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The shortest `Cache-Control: max-age` that is honoured, 30 seconds (or `max_age`, where that is
/// less): some providers send 0, which would mean a fetch for each request.
pub const MIN_SERVER_MAX_AGE: Duration = Duration::from_secs(30);

/// Fetches for unknown `kid`s that can be spent at once. Two, so that one junk `kid` just before a
/// rotation costs nothing.
pub const UNKNOWN_KID_FETCHES: u32 = 2;

/// The pause after the first failed fetch. It doubles up to the cooldown.
pub const FIRST_BACKOFF: Duration = Duration::from_secs(1);

/// Unknown `kid`s remembered at once, so that they ask for no second fetch. Memory stays bounded
/// (a hash and a time each) when an attacker sends a new one with each request.
pub const MAX_REMEMBERED_KIDS: usize = 1024;

/// The longest time that can be configured for a key set's life, 10 years: larger values are
/// mistakes of unit.
pub const MAX_DURATION: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// The longest body that [`McpScopesLayer`](crate::mcp::McpScopesLayer) reads to learn the
/// operation of a request: 4 MiB, the default of rmcp, unless
/// [`max_body_bytes`](crate::mcp::McpScopesLayer::max_body_bytes) sets another limit.
pub const MAX_MCP_BODY_BYTES: usize = 4 * 1024 * 1024;

/// Sessions that [`MemorySessions`](crate::mcp::MemorySessions) holds, 100,000: 27 MB with ids of
/// 36 bytes, if each belongs to another user.
pub const MAX_SESSIONS: usize = 100_000;

/// Sessions of one user in [`MemorySessions`](crate::mcp::MemorySessions): 1,000, so that nobody
/// pushes out the sessions of others. A user is an issuer and a subject, or the client if there is
/// no subject.
pub const MAX_SESSIONS_OF_ONE_USER: usize = 1_000;

/// A session that is unused for this long is forgotten: 24 hours. Servers forget theirs sooner.
pub const SESSION_IDLE_TIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Verified tokens that one layer caches, unless configured: this many callers may be active at a
/// time before signatures are checked again. Tokens of 1 KB take 2.1 KB each, 33 MiB in all; at
/// most it is 3 KiB each on average and a sixth more, 56 MiB in all.
pub const DEFAULT_TOKEN_CACHE_ENTRIES: usize = 16 * 1024;

/// The most tokens that can be configured to be cached: a million, at most 3.5 GiB.
pub const MAX_TOKEN_CACHE_ENTRIES: usize = 1024 * 1024;
