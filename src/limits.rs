//! Every limit and default, with its unit, its reason and its source.
//!
//! In one file, so that a number is found without knowing which part of the crate it bounds. Each
//! piece of work that a caller or an issuer can cause is bounded by one of these. A limit that
//! a [`JwtAuthConfig`](crate::JwtAuthConfig) can change says so.

use std::time::Duration;

/// Bytes of a token, 16 KiB unless
/// [`max_token_bytes`](crate::config::JwtAuthConfigBuilder::max_token_bytes) sets another limit.
/// Most identity providers stay under 8 KiB, which is what servers commonly allow for all headers
/// together; a larger token is rejected before any base64 or JSON is decoded.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// The largest `max_token_bytes` that can be configured, 64 KiB. Servers and proxies rarely accept
/// larger headers, and the cost of rejecting a token grows with its size.
pub const MAX_CONFIGURED_TOKEN_BYTES: usize = 64 * 1024;

/// Bytes of a decoded token header. Real headers take under 300 bytes; Nimbus has the same limit of
/// 10,000.
pub const MAX_HEADER_BYTES: usize = 10_000;

/// Members of a token's header, and of its claims. Access tokens carry under 60. More would only
/// cost time, and rejecting a token must take no longer than three signature verifications.
pub const MAX_JSON_MEMBERS: usize = 256;

/// Values in a token's header, and in its claims, for the same reason. The names inside objects
/// count as values, a list or an object inside another one counts as four, and a number with a
/// fraction or an exponent as eight. Users of large organisations have lists of more than a
/// thousand groups or roles.
pub const MAX_JSON_VALUES: usize = 4_096;

/// Bytes of claims, after decoding, that are read before their signature is verified, 4 KiB. Of
/// larger claims the first kibibyte is glanced at, and they are read when the signature is good.
/// Most access tokens are smaller. To read as many values as fit into [`MAX_TOKEN_BYTES`] costs
/// more than a verification.
pub const MAX_UNVERIFIED_CLAIMS_BYTES: usize = 4 * 1024;

/// Bytes of a key set or a discovery document after decompression, 256 KiB. The largest published
/// set that we know of, from Entra ID, has 12 KiB.
pub const MAX_DOCUMENT_BYTES: usize = 256 * 1024;

/// Keys read from one set; further keys are skipped and reported. Published sets hold under 20.
pub const MAX_KEYS: usize = 128;

/// Keys of one set that have the same `kid`, fit the token's `alg` and are therefore tried. More
/// than a few are a mistake of the issuer, not a rotation, and each costs a verification.
pub const MAX_KEYS_PER_KID: usize = 4;

/// Bits of an RSA modulus, smallest and largest. RFC 7518 §3.3 forbids keys below 2048; above 8192,
/// one verification costs more than the attacker's request.
pub const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Clock difference tolerated on `exp`, `nbf` and `iat`: 60 seconds unless configured. RFC 7519
/// §4.1.4 suggests no more than a few minutes, and clients give up if a token is rejected right
/// after it was issued.
pub const DEFAULT_LEEWAY: Duration = Duration::from_secs(60);

/// The largest leeway that can be configured: 5 minutes. More would keep expired tokens alive.
pub const MAX_LEEWAY: Duration = Duration::from_secs(5 * 60);

/// The age at which a key set is refreshed at the latest: 10 minutes unless configured. It bounds
/// how long a withdrawn key stays trusted; the `max-age` of a day that some providers send would be
/// too long.
pub const DEFAULT_MAX_AGE: Duration = Duration::from_secs(10 * 60);

/// How old a key set may get while refreshes fail: 24 hours unless configured. Outages of identity
/// providers last hours; after a day, a key that has been withdrawn must no longer be trusted.
pub const DEFAULT_MAX_STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// Time until one more fetch for an unknown `kid` is allowed, and the longest pause between
/// attempts while fetches fail: 30 seconds unless configured.
pub const DEFAULT_COOLDOWN: Duration = Duration::from_secs(30);

/// Time for a whole fetch, discovery included, and so the longest time that a request waits for
/// keys: 5 seconds unless configured.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// Time to connect to the issuer. A host that does not accept a connection in 2 seconds will not do
/// so in 5.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The shortest `Cache-Control: max-age` of an issuer that is honoured: 5 minutes unless
/// configured, or `max_age` if that is shorter. Some issuers send 15 seconds or 0, and every
/// replica would fetch all the time. A new key needs no short life: the first token that names it
/// causes a fetch. Nimbus and Spring cache as long.
pub const DEFAULT_MIN_AGE: Duration = Duration::from_secs(5 * 60);

/// The smallest `min_age` that can be configured: 30 seconds, or `max_age` if that is shorter.
pub const MIN_SERVER_MAX_AGE: Duration = Duration::from_secs(30);

/// Fetches for unknown `kid`s that can follow each other at once, and separately fetches for
/// `kid`s that an earlier fetch lacked. Two, so that one made-up `kid` just before a rotation does
/// not delay the fetch of the new key. One more is added per cooldown.
pub const UNKNOWN_KID_FETCHES: u32 = 2;

/// The pause after the first failed fetch. It doubles up to the cooldown.
pub const FIRST_BACKOFF: Duration = Duration::from_secs(1);

/// The longest `Retry-After` of an issuer that is respected while no key may serve: 60 seconds. A
/// rate limit of an hour, met at the first fetch, would otherwise reject every request for that
/// long. With keys that serve, it is respected up to `max_age`.
pub const MAX_WAIT_WITHOUT_KEYS: Duration = Duration::from_secs(60);

/// The age up to which the metadata of an issuer is used again after a fetch of the keys that
/// failed: 60 seconds. A rate limit on the key set is then not met with twice the requests.
pub const DISCOVERY_REUSE: Duration = Duration::from_secs(60);

/// Bytes of a file with certificates, a key or a bearer token, 1 MiB. The CA bundles of operating
/// systems take a quarter of it.
pub const MAX_CREDENTIAL_FILE_BYTES: usize = 1024 * 1024;

/// Unknown `kid`s that are remembered. A request for one of them gets 401 without a further fetch
/// once a fetch lacked it. Memory stays bounded (a hash and two times for each) even if an attacker
/// sends a new `kid` with each request.
pub const MAX_REMEMBERED_KIDS: usize = 1024;

/// The longest lifetime of a key set that can be configured: 10 years. A larger value is probably
/// in the wrong unit.
pub const MAX_DURATION: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// Issuers of one layer, unless
/// [`issuers_limit`](crate::config::JwtAuthConfigBuilder::issuers_limit) sets another number:
/// 1,000. Each has a task, and keys of up to [`MAX_DOCUMENT_BYTES`].
pub const DEFAULT_ISSUERS: usize = 1_000;

/// The largest `issuers_limit` that can be configured: 10,000.
pub const MAX_ISSUERS: usize = 10_000;

/// Issuers up to which metrics have the label `issuer`: 100. A monitoring system keeps a time
/// series for each value of a label.
pub const MAX_LABELLED_ISSUERS: usize = 100;

/// The longest body that [`McpScopesLayer`](crate::mcp::McpScopesLayer) reads to learn the
/// operation of a request: 4 MiB, the default of rmcp, unless
/// [`max_body_bytes`](crate::mcp::McpScopesLayer::max_body_bytes) sets another limit.
pub const MAX_MCP_BODY_BYTES: usize = 4 * 1024 * 1024;

/// Sessions that [`MemorySessions`](crate::mcp::MemorySessions) holds, 100,000: 29 MB with ids of
/// 36 bytes, if each belongs to another user, and 51 MB with ids of 256 bytes, the longest that
/// [`SessionBindingLayer`](crate::mcp::SessionBindingLayer) accepts. The length of the names of
/// users and clients makes no difference.
pub const MAX_SESSIONS: usize = 100_000;

/// Sessions of one user in [`MemorySessions`](crate::mcp::MemorySessions): 1,000, so that no user
/// can evict the sessions of others. A user is an issuer and a subject, or the client if there is
/// no subject.
pub const MAX_SESSIONS_OF_ONE_USER: usize = 1_000;

/// Time without use after which a session is forgotten: 24 hours. MCP servers end their sessions
/// sooner.
pub const SESSION_IDLE_TIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Time for which [`Fleet::sessions`](crate::fleet::Fleet::sessions) keeps a session that was not
/// used after it was begun: 15 minutes. From its second use on it has [`SESSION_IDLE_TIME`].
/// A client that begins sessions without end fills the store with 15 minutes of them, not a day.
#[cfg(feature = "redis")]
pub const NEW_SESSION_TIME: Duration = Duration::from_secs(15 * 60);

/// Time between two commands with which one process prolongs a session in the store of a fleet: 10
/// minutes. Each is a write that the store copies to its replicas.
#[cfg(feature = "redis")]
pub const SESSION_PROLONG_PAUSE: Duration = Duration::from_secs(10 * 60);

/// Sessions that one user may begin in an hour at one process of a fleet: 1,000. A user is an
/// issuer and a subject, or the client if there is no subject. Beyond that, a response that would
/// begin a session becomes 429. Each takes about 200 bytes of the store.
#[cfg(feature = "redis")]
pub const MAX_SESSIONS_BEGUN: u32 = 1_000;

/// The longest time that a request waits for the store of a fleet: 950 milliseconds, or
/// `timeout` if that is shorter. Less than [`REPLAY_STORE_TIMEOUT`], so that a store that does not
/// answer is noticed as such.
#[cfg(feature = "redis")]
pub const MAX_FLEET_WAIT: Duration = Duration::from_millis(950);

/// The limit of a call to the store of a fleet: 250 milliseconds. Within one zone a call takes less
/// than 1.
#[cfg(feature = "redis")]
pub const DEFAULT_STORE_TIMEOUT: Duration = Duration::from_millis(250);

/// The shortest limit of a call to the store of a fleet that can be configured: 10 milliseconds.
#[cfg(feature = "redis")]
pub const MIN_STORE_TIMEOUT: Duration = Duration::from_millis(10);

/// The longest limit of a call to the store of a fleet that can be configured: 5 seconds.
#[cfg(feature = "redis")]
pub const MAX_STORE_TIMEOUT: Duration = Duration::from_secs(5);

/// The time for which a process connects to the store of a fleet, with TLS and the password: 1
/// second. It does not count for the limit of a call that others have begun.
#[cfg(feature = "redis")]
pub const STORE_CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Calls in a row without an answer after which the store of a fleet counts as down: 3. Then one
/// call per [`STORE_PAUSE`] is made, and the others fail at once.
#[cfg(feature = "redis")]
pub const STORE_FAILURES: u32 = 3;

/// Time between two calls to a store that is down: 1 second.
#[cfg(feature = "redis")]
pub const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Time between two looks at the memory of the store of a fleet: 1 minute.
#[cfg(feature = "redis")]
pub const STORE_LOOK_PAUSE: Duration = Duration::from_secs(60);

/// The shortest `revocation_keep` that can be configured: 1 minute.
#[cfg(feature = "redis")]
pub const MIN_REVOCATION_KEEP: Duration = Duration::from_secs(60);

/// The longest `revocation_keep` that can be configured: 31 days.
#[cfg(feature = "redis")]
pub const MAX_REVOCATION_KEEP: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// The longest `revocations_at_start` that can be configured: 5 minutes.
#[cfg(feature = "redis")]
pub const MAX_REVOCATIONS_AT_START: Duration = Duration::from_secs(5 * 60);

/// Verified tokens that one layer caches, unless configured: with more callers than this active at
/// a time, signatures are checked again. A token of 1 KB takes 2.1 KB, so a full cache takes 33
/// MiB; the maximum is 3 KiB per token on average plus a sixth, 56 MiB in all.
pub const DEFAULT_TOKEN_CACHE_ENTRIES: usize = 16 * 1024;

/// The largest number of cached tokens that can be configured: about a million, at most 3.5 GiB.
pub const MAX_TOKEN_CACHE_ENTRIES: usize = 1024 * 1024;

/// Bytes that [`DrainRefusedLayer`](crate::DrainRefusedLayer) reads of one rejected request, 4 MiB:
/// as much as [`MAX_MCP_BODY_BYTES`], the longest message of MCP that is accepted.
pub const MAX_DRAINED_BYTES: usize = 4 * 1024 * 1024;

/// Time for which [`DrainRefusedLayer`](crate::DrainRefusedLayer) reads one rejected request: 2
/// seconds. Clients that only read the response once they have sent everything send as fast as the
/// network lets them.
pub const DRAIN_TIME: Duration = Duration::from_secs(2);

/// Rejected requests that one [`DrainRefusedLayer`](crate::DrainRefusedLayer) reads at a time: 64,
/// each with the buffer of its connection. The rest of further requests is not read.
pub const MAX_DRAINS: usize = 64;

/// Bytes of a DPoP proof, 16 KiB. A proof with an EC key takes 600 bytes, one with a key and a
/// signature of ML-DSA-87 takes 12 KiB. The decoded header has the limit of
/// [`MAX_HEADER_BYTES`].
pub const MAX_PROOF_BYTES: usize = 16 * 1024;

/// Values in the header of a DPoP proof, and in its claims, counted as in [`MAX_JSON_VALUES`].
/// Proofs carry under 20.
pub const MAX_PROOF_VALUES: usize = 1_024;

/// Bytes of the `jti` of a DPoP proof: 256. RFC 9449 §4.2 asks for 96 random bits, and allows
/// servers to limit the length (§11.1).
pub const MAX_JTI_BYTES: usize = 256;

/// Bytes of the `htu` of a DPoP proof, with a query that it may have: 2,048, as much as browsers
/// and proxies commonly take for a URL.
pub const MAX_HTU_BYTES: usize = 2_048;

/// Bits of the RSA modulus of a DPoP proof, smallest and largest. Anybody may choose the key of a
/// proof, so it may cost less than an issuer's key ([`RSA_BITS`]).
pub const PROOF_RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

/// How far the `iat` of a DPoP proof may be from the clock in any case: 5 minutes. A proof that has
/// a nonce needs no narrower window (RFC 9449 §11.1).
pub const MAX_PROOF_AGE: Duration = Duration::from_secs(300);

/// Keys of DPoP proofs that are kept parsed, with the header that named them: 16,384. With
/// aws-lc-rs a key of `ES256` takes 1 KB, of `EdDSA` 0.8 KB and of `RS256` 2 KB, so a full memory
/// 13 to 33 MB for each layer. A header takes at most [`MAX_KNOWN_HEADER_BYTES`]. As many
/// thumbprints of keys that have used a nonce are kept, 0.1 KB each.
pub const MAX_KNOWN_PROOF_KEYS: usize = 16 * 1024;

/// The longest encoded header of a DPoP proof whose key is kept, 2 KiB: enough for an RSA key of
/// 4096 bits, and not for ML-DSA.
pub const MAX_KNOWN_HEADER_BYTES: usize = 2 * 1024;

/// How far `iat` of a DPoP proof without a nonce may be from our clock, in the past or in the
/// future: 60 seconds unless
/// [`proof_window`](crate::proof::Dpop::proof_window) sets another window. RFC 9449 §11.1 wants
/// "a relatively brief period", and it is the time in which a stolen proof may work.
pub const DEFAULT_PROOF_WINDOW: Duration = Duration::from_secs(60);

/// The shortest `proof_window` that can be configured: 5 seconds. Clocks that run NTP and slow
/// networks need as much.
pub const MIN_PROOF_WINDOW: Duration = Duration::from_secs(5);

/// The longest `proof_window` that can be configured: 5 minutes, the most that SEP-1932 allows.
pub const MAX_PROOF_WINDOW: Duration = Duration::from_secs(5 * 60);

/// How long a nonce counts: 5 minutes unless
/// [`nonce_lifetime`](crate::proof::Dpop::nonce_lifetime) sets another time. A client in use gets a
/// new one each minute.
pub const DEFAULT_NONCE_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// The shortest `nonce_lifetime` that can be configured: 1 minute. A fifth of it must be longer
/// than a request takes.
pub const MIN_NONCE_LIFETIME: Duration = Duration::from_secs(60);

/// The longest `nonce_lifetime` that can be configured: 1 hour.
pub const MAX_NONCE_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// Bytes of a secret that nonces are made with, at least: 32, as long as the hash of HMAC-SHA-256
/// (RFC 2104 §3).
pub const MIN_NONCE_SECRET_BYTES: usize = 32;

/// Proofs that are remembered, to refuse a second use of each, unless
/// [`replay_entries`](crate::proof::Dpop::replay_entries) sets another number: 262,144, 8 MiB. 60
/// seconds of 4,300 proofs a second.
pub const DEFAULT_REPLAY_ENTRIES: usize = 256 * 1024;

/// The smallest `replay_entries` that can be configured: 1,024. One key may use a sixteenth.
pub const MIN_REPLAY_ENTRIES: usize = 1024;

/// The largest `replay_entries` that can be configured: 16,777,216, 512 MiB.
pub const MAX_REPLAY_ENTRIES: usize = 16 * 1024 * 1024;

/// How long the answer "active" of an introspection endpoint counts: 60 seconds unless
/// [`max_age`](crate::introspection::Introspection::max_age) sets another time. A revoked token
/// works as long.
pub const DEFAULT_INTROSPECTION_MAX_AGE: Duration = Duration::from_secs(60);

/// The longest `introspection.max_age`, and the longest `introspection.danger_max_stale`, that can
/// be configured: 10 minutes. Who introspects wants revocation to count.
pub const MAX_INTROSPECTION_MAX_AGE: Duration = Duration::from_secs(10 * 60);

/// How long the answer "not active" counts: 5 seconds unless
/// [`negative_max_age`](crate::introspection::Introspection::negative_max_age) sets another time.
/// A token that was just issued may not have reached every replica of the issuer.
pub const DEFAULT_INTROSPECTION_NEGATIVE_MAX_AGE: Duration = Duration::from_secs(5);

/// The longest `introspection.negative_max_age` that can be configured: 60 seconds.
pub const MAX_INTROSPECTION_NEGATIVE_MAX_AGE: Duration = Duration::from_secs(60);

/// Time for a whole introspection call, and so the longest time that a request waits for one: 5
/// seconds unless [`timeout`](crate::introspection::Introspection::timeout) sets another time.
pub const DEFAULT_INTROSPECTION_TIMEOUT: Duration = Duration::from_secs(5);

/// The shortest `introspection.timeout` that can be configured: 100 milliseconds. A connection
/// with TLS to a host on the same continent takes as much.
pub const MIN_INTROSPECTION_TIMEOUT: Duration = Duration::from_millis(100);

/// The longest `introspection.timeout` that can be configured: 30 seconds. Clients and proxies give
/// up then.
pub const MAX_INTROSPECTION_TIMEOUT: Duration = Duration::from_secs(30);

/// Time in which a [`ReplayStore`](crate::proof::ReplayStore) must answer: 1 second. It is asked
/// during a request, and a store in the same network answers in milliseconds.
pub const REPLAY_STORE_TIMEOUT: Duration = Duration::from_secs(1);

/// Bytes of a client's certificate that comes in a header, 16 KiB of DER. Certificates with
/// post-quantum keys and signatures stay under that.
pub const MAX_CERTIFICATE_BYTES: usize = 16 * 1024;

/// Bytes of a header with a client's certificate, 32 KiB: room for
/// [`MAX_CERTIFICATE_BYTES`] in base64 with percent-encoding, or for a chain of usual certificates.
/// A longer header counts as none, and nothing of it is decoded.
pub const MAX_CERTIFICATE_HEADER_BYTES: usize = 32 * 1024;

/// Bytes of an answer of an introspection endpoint after decompression, 64 KiB: as large as the
/// largest token that can be configured.
pub const MAX_INTROSPECTION_BYTES: usize = 64 * 1024;

/// Values in an answer of an introspection endpoint, counted as in a token: 1,024. An answer
/// describes one token and is read within a request.
pub const MAX_INTROSPECTION_VALUES: usize = 1_024;

/// Calls to one introspection endpoint at a time: 64. At 50 ms a call they are 1,280 a second.
pub const MAX_INTROSPECTION_CALLS: usize = 64;

/// The time after which a connection to an introspection endpoint is closed when no call uses it:
/// 10 seconds. Servers and balancers commonly close it after 15 or more, and a name that leads to
/// another host then is looked up soon.
pub const KEPT_CONNECTION: Duration = Duration::from_secs(10);

/// Of these, the calls that only tokens can use that were active before: 16. Junk cannot delay the
/// callers that are already known.
pub const INTROSPECTION_CALLS_FOR_KNOWN: usize = 16;

/// Tokens never seen active that wait for a call to one introspection endpoint: 4,096. With more,
/// the last would wait for longer than the timeout, and each takes memory.
pub const MAX_INTROSPECTION_WAITING: usize = 4_096;

/// Answers "active" that are kept for each issuer: 16,384, as many as
/// [`DEFAULT_TOKEN_CACHE_ENTRIES`], with at most 3 KiB per answer on average.
pub const MAX_ACTIVE_ANSWERS: usize = 16 * 1024;

/// Answers "not active" that are kept for each issuer: 4,096, apart from the others, because junk
/// pushes out nothing good.
pub const MAX_INACTIVE_ANSWERS: usize = 4_096;

/// Calls in a row that must fail before calls for new tokens pause: 5. One failure may be the
/// token's or the network's.
pub const INTROSPECTION_FAILURES: u32 = 5;

/// The longest pause of calls to an introspection endpoint that fails: 30 seconds, as
/// [`DEFAULT_COOLDOWN`]. The first is [`FIRST_BACKOFF`].
pub const MAX_INTROSPECTION_PAUSE: Duration = Duration::from_secs(30);

/// The longest `Retry-After` of an introspection endpoint that is respected, and passed on to
/// callers: 60 seconds, for the same reason as [`MAX_WAIT_WITHOUT_KEYS`].
pub const MAX_INTROSPECTION_RETRY_AFTER: Duration = Duration::from_secs(60);

/// Time between two readings of a file with our credentials for an introspection endpoint that
/// refuses them: 1 second.
pub const CREDENTIAL_REREAD: Duration = Duration::from_secs(1);

/// The age of a signed answer (RFC 9701 `iat`) up to which it is accepted, besides the leeway: 60
/// seconds. It was made for this call.
pub const MAX_SIGNED_ANSWER_AGE: Duration = Duration::from_secs(60);

/// Lifetime of the assertion with which this server authenticates itself at an introspection
/// endpoint (RFC 7523 §3): 60 seconds. A new one is made for each call.
pub const ASSERTION_LIFETIME: Duration = Duration::from_secs(60);

/// Time for which a revocation is remembered whose end is not known, unless `max_token_age` is set:
/// 24 hours. Then it is the largest `max_token_age` of the layers that use the fleet, and twice the
/// leeway.
#[cfg(feature = "redis")]
pub const DEFAULT_REVOCATION_KEEP: Duration = Duration::from_secs(24 * 60 * 60);

/// Distinct revocations in force in a fleet: 10,000. Each process reads them all when it starts.
#[cfg(feature = "redis")]
pub const DEFAULT_REVOCATIONS_LIMIT: usize = 10_000;

/// The largest `revocations_limit` that can be configured: 100,000.
#[cfg(feature = "redis")]
pub const MAX_REVOCATIONS_LIMIT: usize = 100_000;

/// Time for which tokens get 503 after the start of a process that has not read the list of
/// revocations: 10 seconds.
#[cfg(feature = "redis")]
pub const DEFAULT_REVOCATIONS_AT_START: Duration = Duration::from_secs(10);

/// Largest body that [`BackChannelLogout`](crate::fleet::BackChannelLogout) reads: 16 KiB.
#[cfg(feature = "redis")]
pub const MAX_LOGOUT_BYTES: usize = 16 * 1024;

/// How long [`BackChannelLogout`](crate::fleet::BackChannelLogout) waits for the whole body of a
/// request: 5 seconds.
#[cfg(feature = "redis")]
pub const LOGOUT_BODY_TIME: Duration = Duration::from_secs(5);

/// The age of a logout token without `exp` (its `iat`) up to which it is accepted, besides the
/// leeway: 5 minutes.
#[cfg(feature = "redis")]
pub const MAX_LOGOUT_AGE: Duration = Duration::from_secs(5 * 60);
