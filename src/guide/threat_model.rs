//! The trust boundaries, the threats that this crate defends against and how, and your own
//! responsibilities.
//!
//! # Boundaries
//!
//! | between | what crosses it | trust |
//! | --- | --- | --- |
//! | client and this server | the request, above all `Authorization` | None. Every byte may come from an attacker until the signature has been verified |
//! | issuer and this server | metadata and key sets, over TLS | The issuer says who its callers are, so anybody who controls the issuer, or its TLS name, controls that too. It is not trusted with the memory, time or network of this process |
//! | one issuer and another | nothing | None. The `iss` of a token selects one issuer, and only that issuer's keys, audience, algorithms and scopes apply |
//! | processes of a fleet and their store | key sets, used proofs, sessions, revocations | The store is helpful and not trusted: what decides about a token is sealed. Who holds the secret of the fleet may let tokens in |
//! | outer layers and this one | the request and its extensions | Outer layers see the token. An [`AuthInfo`](crate::AuthInfo) that they insert is removed |
//! | this layer and the service | the request with `AuthInfo` | The service is trusted. It can read the token through [`AuthInfo::token`](crate::AuthInfo::token) |
//! | one caller and another | sessions, if they are bound | None. A session, and any data keyed by a [`Principal`](crate::mcp::Principal), is accessible to its owner alone |
//! | configuration and this crate | settings, static keys, an HTTP client, a `KeySource`, a `SessionStore`, checks and hooks | Trusted. `build` rejects settings that are recognisably wrong; each setting that weakens a check has a name starting with `danger_`. A check can reject and never accept; a store that fails causes a rejection |
//! | host and this crate | the clocks, randomness | Trusted. A wall clock that runs behind keeps expired tokens valid for that long |
//!
//! # Threats and defences
//!
//! The last column names rows of `tests/CATALOGUE.md`, which lists the tests of each row, or files
//! in `tests/api`. M and S rows are also those of the [checklist](super::checklist).
//!
//! | threat | defence | tests |
//! | --- | --- | --- |
//! | A forged token: `alg` is `none`, no signature, an `HS256` made with the public key | The list of allowed algorithms decides, not the header (RFC 8725 §3.1). A key verifies only algorithms of its own type and curve. `HS*` never works with fetched keys; allowing it for them is an error of `build` | N01-N29 |
//! | A token that brings its own key: `jwk`, `jku`, `x5u`, `x5c` | Never read (RFC 8725 §3.10) | N52-N54 |
//! | A token of one issuer signed with the key of another | Keys belong to one issuer (RFC 8725 §3.8) | N30, N103 |
//! | A token that was issued for another server | `aud` is required and compared byte for byte (RFC 8707 §2, RFC 8725 §3.9). `build` fails when neither `resource` nor `audience` is set | N91-N95, M5, M6 |
//! | Another kind of JWT: a logout token, an ID-JAG, a DPoP proof | `typ` (RFC 8725 §3.11), and the claim `events` (§3.12). An ID token often has `typ` `JWT`; its `aud`, which names the client, distinguishes it. [`rfc9068`](crate::config::JwtAuthConfigBuilder::rfc9068) and [`keycloak`](crate::config::JwtAuthConfigBuilder::keycloak) also reject it by its type | N61, N62, N94, N96 |
//! | A key-bound token replayed without its proof | Rejected, also as a bearer token (RFC 9449 §7.2, RFC 8705 §3) | N101, the rows POP P01 and on |
//! | A proof used twice, for another URL, another token or later | Rejected: `jti`, `htu`, `htm`, `ath`, `iat` and nonces are checked, and the URL never comes from the caller | the rows POP P01 and on |
//! | An opaque token shown to the wrong issuer | Only to the one that is configured for it; JWTs are shown to nobody unless you say so | the rows POP I01 and on |
//! | An unknown extension changes the meaning of the token | Any `crit`, and `b64`, `enc` and a `zip` of `DEF`, are rejected (RFC 7515 §4.1.11, RFC 7797 §7) | N47-N51, N64-N66 |
//! | Two readings of one token: repeated members of the header or claims, another base64 spelling, text after the JSON | Rejected. A token has one spelling and one meaning | N31-N44 |
//! | A key that is not what it seems: `use`, `key_ops`, weak or huge RSA, a point off the curve | Skipped, each with a [reason](crate::keys::SkipReason) | N67-N77 |
//! | Two `Authorization` headers, of which another component reads the other one | 400 | N105, N106, N108 |
//! | An identity planted by a client or an outer layer | `AuthInfo` has no public constructor except for tests, and an existing one is removed | N109-N111, M9 |
//! | The headers name a harmless tool and the body a privileged one; or either names two | Headers count only where the server must compare them with the body and where each is present once; an ambiguous body (a member repeated, or in another case) requires every scope | S9 |
//! | A batch with one privileged call, an unlisted tool, an unreadable body | A batch requires the scopes of all its messages; unlisted tools require the scopes of all listed ones; a batch of over 100 messages counts as unreadable | S9, `mcp/operations` |
//! | A URI that leads elsewhere when it is resolved (`../`) | Under a rule for a prefix it requires the scopes of all resources | `mcp/operations` |
//! | A request crafted so that a user is asked to grant everything | The 403 for a request that could not be read carries no challenge | `mcp/operations` |
//! | Another principal's session id | A session belongs to the principal who started it; others get the response for an unknown session. A request with two ids is rejected | N116, S8, M16 |
//! | A stream that outlives its token | [`StreamExpiry`](crate::config::StreamExpiry) ends it; enabled for notification streams by [`JwtAuthLayer::for_mcp`](crate::JwtAuthLayer::for_mcp) | N115, `authn/streams` |
//! | The token is passed on to another server | [`JwtAuthLayer::for_mcp`](crate::JwtAuthLayer::for_mcp) removes the header | N117, M8 |
//! | Unbounded work: huge tokens, deep JSON, hostile numbers, RSA keys with huge moduli or exponents | [Limits](crate::limits) are checked first. Depth, members and values of JSON are bounded. Dates are finite and within 2^53 | N33, N34, N43, N45, N46, N70, N71, N80 |
//! | Bodies without an end, or sent a byte at a time | A body is read only when the operation cannot be determined otherwise, and only after the token was verified; at most 4 MiB; no concurrency permit of the service is held meanwhile | `mcp/operations` |
//! | Large rejected requests, sent to keep the server reading | [`DrainRefusedLayer`](crate::DrainRefusedLayer) reads up to 4 MiB for up to 2 s of at most 64 requests at a time, and holds one chunk of each; the connection is then closed | `drain` |
//! | A flood of junk tokens triggers fetches, or hides a rotation | Cheap checks come before any fetch; one fetch at a time per issuer; the [budgets](super::operations#the-three-budgets) | A22-A28, A45 |
//! | A cached verification outlives its basis: the key, the time, another audience, another token | Each verifier has its own token cache; a token is found only by all of its bytes, compared without an early end; the generation of the keys and the clock are checked at each hit; rejections are never cached | N119, N120 |
//! | Memory grows with each new `kid` or each new session | 1024 `kid`s are kept, as hashes under a secret of this process; 100,000 sessions, and 1,000 of one user, whatever the client | N57, A23 |
//! | The issuer hangs, sends slowly, or sends 20 MB or a gzip bomb | One deadline for the whole fetch; 256 KiB, counted after decompression | A10-A13 |
//! | The issuer, or somebody impersonating it, redirects fetches elsewhere | No redirects. https, or http on a loopback host. The `issuer` of discovered metadata must equal the configured one (RFC 8414 §3.3). The `jwks_uri` of a public issuer never leads to a loopback, link-local or cloud metadata address; this is checked when the name is resolved, not before | A16, A42-A44 |
//! | The issuer is down, or sends garbage or an empty set | The keys in use stay, up to `max_stale` | A08, A09, A13-A15 |
//! | A key is withdrawn because it leaked | It disappears with the next refresh: within `max_age` while the issuer can be reached, within `max_stale` while it cannot. An attacker who blocks the way to the issuer can stretch the first to the second | A29, A30 |
//! | Somebody writes to the store of a fleet: a key set of their own, an old one, a lease that never ends, junk in the stream | Values are sealed for their name, and an older set replaces no newer one. No value forbids a process to fetch when its keys are older than 1.2 × `max_age`. What does not open is absent | the rows FLEET F14-F17, F30, F51, F69, F73 |
//! | The store of a fleet is down, slow or full | Keys, plain bearer tokens and revocations that were heard need no store. Requests with a proof or a session get 503 | the rows FLEET F04, F05, F44, F45, F52 |
//! | Trial and error | Every rejected token gets the same response. The reason goes to `tracing` only | N118, S10 |
//! | Injection into headers or logs | Challenges contain fixed sentences and settings that `build` has checked, never text from the request. A logged `kid` is escaped and truncated | N56, N114, RFC 6750 §3 |
//! | The token leaks through logs | No event, error or `Debug` output of this crate contains it. The header is marked sensitive, or removed | M14, `telemetry` |
//! | A response is cached and served to another client | `Cache-Control: no-store` on every rejection | M7 |
//! | The clock is set, or the machine sleeps | Tokens follow the wall clock. The age of keys follows the monotonic clock, and the wall clock after a sleep | N121, A36 |
//! | Unforeseen input | No panic is reachable from a request or a fetched document; parsers are fuzzed | N122 |
//!
//! # Limits of the defence
//!
//! - **A stolen bearer token works** until `exp`, for anybody who holds it. That is the nature of a
//!   bearer token (RFC 6750 §1.2). Keep lifetimes short, limit them with
//!   [`max_token_age`](crate::config::JwtAuthConfigBuilder::max_token_age), or bind tokens to a
//!   key: [`proof_of_possession`](super::proof_of_possession).
//! - **A revoked token works** until `exp`, unless the issuer is asked
//!   ([`introspection`](super::introspection)), and then for `max_age`. A
//!   [`check`](crate::config::JwtAuthConfigBuilder::check) against your own deny list runs for each
//!   request.
//! - **A proof covers method and URL**, not the query and not the body (RFC 9449 §11.7). Whoever
//!   changes a request on its way changes those unnoticed: use TLS on the whole way.
//! - **Addresses inside your network.** A discovered `jwks_uri` may lead to a private address,
//!   because some issuers live there; and an HTTP client of your own, or a proxy, resolves names
//!   itself. Set `jwks_uri` or `pin_jwks_host`, or restrict the network access of the process.
//! - **A long call** continues when its token expires, unless
//!   [`StreamExpiry::All`](crate::config::StreamExpiry::All) ends it and loses its result.
//!   Responses that are not event streams are never ended early.
//! - **A session that nobody bound.** An id that the store does not know, for example after a
//!   restart, belongs to the first principal who uses it successfully, unless
//!   [`strict`](crate::mcp::SessionBindingLayer::strict) is on. Two layers with separate stores do
//!   not share this knowledge. Replay by `Last-Event-ID` is not bound.
//! - **A server that does not compare headers with the body.** From 2026-07-28 on,
//!   [`McpScopesLayer`](crate::mcp::McpScopesLayer) trusts the headers, because the spec requires
//!   the server to reject a difference. For a server that does not, turn on
//!   [`always_read_body`](crate::mcp::McpScopesLayer::always_read_body).
//! - **A `kid` that can be guessed.** Whoever sends a token with the `kid` of a key that is not
//!   published yet has it noted as absent. Tokens of that key then get 401 for up to `cooldown`
//!   after its publication, or until the next scheduled fetch. Issuers with random `kid`s, and
//!   those that publish a key `max_age` before they sign with it, are not affected.
//! - **A Cognito app client that two servers share.** With
//!   [`cognito`](crate::config::JwtAuthConfigBuilder::cognito) each accepts the tokens of the
//!   other.
//! - **Timing.** Rejections take different times and so reveal which check failed. The MACs of
//!   `HS*` are compared in constant time, by the crypto back end. The comparison with a cached
//!   token does not stop at the first difference. Everything else is compared with `==`: issuers,
//!   audiences, `kid`s, scopes and the owners of sessions are no secrets.
//!
//! # Your responsibilities
//!
//! - **Put TLS in front of this server.** A bearer token over http is public (RFC 6750 §5.3).
//! - **Check `Origin` and `Host`**, against DNS rebinding. rmcp checks `Host` by default and
//!   `Origin` only when configured; see [`mcp`](super::mcp).
//! - **Add [`SessionBindingLayer`](crate::mcp::SessionBindingLayer)** where the server has
//!   sessions: it is not part of [`JwtAuthLayer::for_mcp`](crate::JwtAuthLayer::for_mcp). Bind
//!   handles and `requestState` to [`AuthInfo::principal`](crate::AuthInfo::principal), and reject
//!   them from anybody else. A session id is not a credential, and the token changes with each
//!   refresh.
//! - **List operations** in [`McpScopesLayer`](crate::mcp::McpScopesLayer). The first rule for a
//!   tool closes all unlisted tools; without any rule every caller may call every tool.
//! - **Choose how streams end**, with [`stream_expiry`](crate::JwtAuthLayer::stream_expiry): `new`
//!   lets them continue.
//! - **Limit rates**, per address and per client. A signature check costs more than sending a token
//!   does.
//! - **Never pass the token on.** It is for this server alone. Use your own token for other
//!   servers, or token exchange (RFC 8693).
//! - **Authorize.** The layer tells you the caller and the scopes. Whether this user may read that
//!   record is your decision.
//! - **Check what the issuer does not.** Some issuers give a token for your audience to anybody who
//!   asks (GitHub Actions does, to any workflow). Then inspect further claims in a
//!   [`check`](crate::config::JwtAuthConfigBuilder::check). It runs on the path of the request, so
//!   it must not block, and it must reject when it cannot decide.
//! - **Handle a missing `AuthInfo`** where [`optional`](crate::JwtAuthLayer::optional) or
//!   [`open_paths`](crate::JwtAuthLayer::open_paths) let requests pass without one.
//! - **Wrap everything that needs protection.** A route that is added outside the layer is open.
//! - **Keep `test-util` out of production builds.**
//!
//! The [checklist](super::checklist) covers the same ground and more, by the rows of the MCP spec.
//!
//! # Reporting
//!
//! A vulnerability is any way to have an invalid token accepted, to have valid tokens of others
//! rejected, to cause a panic from a request or a fetched document, or to get a token into a log.
//! Report it privately, through the private vulnerability reporting of the repository from which
//! you have this crate, not in a public issue. State the version, the configuration without
//! secrets, and the token or document that shows the problem, made with your own keys.
