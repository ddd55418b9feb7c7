//! What is trusted, what is defended against and how, and what is left to you.
//!
//! # Boundaries
//!
//! | between | what crosses it | trust |
//! | --- | --- | --- |
//! | client and this server | the request, above all `Authorization` | None. Every byte may be an attacker's, until the signature has verified |
//! | issuer and this server | metadata and key sets, over TLS | The issuer says who its callers are, so whoever controls it, or its TLS name, controls that. It is not trusted with our memory, time or network |
//! | one issuer and another | nothing | None. The `iss` of a token chooses one issuer, and only its keys, audience, algorithms and scopes count |
//! | layers further out and this one | the request and its extensions | They see the token. An [`AuthInfo`](crate::AuthInfo) that they leave is removed |
//! | this layer and the service | the request with `AuthInfo` | The service is trusted. It can read the token through [`AuthInfo::token`](crate::AuthInfo::token) |
//! | one caller and another | sessions, if they are bound | None. A session, and what is keyed by a [`Principal`](crate::Principal), is known to its owner alone |
//! | configuration and this crate | settings, static keys, an HTTP client, a `KeySource`, a `SessionStore`, checks and hooks | Trusted. `build` refuses what it can see to be wrong; what weakens a check is named `danger_`. A check can refuse and never let in; a store that fails refuses |
//! | host and this crate | the clocks, randomness | Trusted. A wall clock that runs behind keeps expired tokens alive for as long |
//!
//! # Threats, and how they are met
//!
//! The last column names the rows of tests that try it: `N47` is the test whose name begins with `n47_` or holds that number in its range, in
//! `tests/api/refusals`, `A23` the same in `tests/api/availability.rs` and `wire.rs`; M and S rows are those of the
//! [checklist](super::checklist).
//!
//! | threat | how it is met | tried by |
//! | --- | --- | --- |
//! | A forged token: `alg` is `none`, no signature, an `HS256` made with the public key | The allow-list decides, not the header (RFC 8725 §3.1). A key verifies only algorithms of its own type and curve. `HS*` never works with keys that were fetched, and listing it then is an error of `build` | N01-N29 |
//! | A token that brings its own key: `jwk`, `jku`, `x5u`, `x5c` | Never read (RFC 8725 §3.10) | N52-N54 |
//! | A token of one issuer signed with the key of another | Keys belong to one issuer (RFC 8725 §3.8) | N30, N103 |
//! | A token that was issued for another server | `aud` is required and compared byte for byte (RFC 8707 §2, RFC 8725 §3.9). Without `resource` and `audience` nothing builds | N91-N95, M5, M6 |
//! | Another kind of JWT: a logout token, an ID-JAG, a DPoP proof | `typ` (RFC 8725 §3.11). An ID token often has `typ` `JWT`, and is told apart by `aud`, which names the client; [`rfc9068`](crate::JwtAuthConfigBuilder::rfc9068) and [`keycloak`](crate::JwtAuthConfigBuilder::keycloak) refuse it by its kind as well | N61, N62, N94, N96 |
//! | A token bound to a key that is replayed without its proof | `cnf` is refused (RFC 9449 §7.2, RFC 8705 §3) | N101 |
//! | An extension that we do not know changes what the token means | Any `crit`, and `b64`, `zip`, `enc`, are refused (RFC 7515 §4.1.11, RFC 7797 §7) | N47-N51, N64-N66 |
//! | Two readings of one token: repeated members of header or claims, another base64 spelling, text after the JSON | Refused. One token has one spelling and one meaning | N31-N44 |
//! | A key that does not mean what it seems: `use`, `key_ops`, weak or huge RSA, a point off the curve | Skipped, each with a [reason](crate::SkipReason) | N67-N77 |
//! | Two `Authorization` headers, of which another party reads the other one | 400 | N105, N106, N108 |
//! | Identity planted by a client or an outer layer | `AuthInfo` has no public constructor but for tests, and an older one is removed | N109-N111, M9 |
//! | A harmless tool named in the headers, a privileged one in the body; or two of either | Headers count only where the server must compare them, and where they are there once; a body that has two readings (a member twice, or in another case) needs every scope | S9 |
//! | A batch with one privileged call, a tool that nobody listed, a body that cannot be read | It needs what all of it needs; unlisted tools need what all listed ones need. A batch of over 100 cannot be read | S9, `operations` |
//! | A URI that leads elsewhere when it is resolved (`../`) | Under a rule for a prefix it needs the scopes of all resources | `operations` |
//! | A user is asked to grant everything, by a request made for that | A 403 for what nobody understood carries no challenge | `operations` |
//! | Somebody else's session id | It belongs to the principal who began it; others get the answer for an unknown one. A request with two ids is refused | N116, S8, M16 |
//! | A stream that outlives its token | [`StreamExpiry`](crate::StreamExpiry) ends it; on for streams of listeners with [`JwtAuthLayer::mcp`](crate::JwtAuthLayer::mcp) | N115, `streams` |
//! | The token is passed on to another server | [`JwtAuthLayer::mcp`](crate::JwtAuthLayer::mcp) removes the header | N117, M8 |
//! | Work without end: huge tokens, deep JSON, hostile numbers, RSA keys with huge moduli or exponents | [Limits](crate::limits) come first. Depth, members and values of JSON are bounded. Dates are finite and within 2^53 | N33, N34, N43, N45, N46, N70, N71, N80 |
//! | Bodies without end, or sent a byte at a time | Read only where the operation cannot be known otherwise, after the token is good; 4 MiB; no permit of the service is held meanwhile | `operations` |
//! | A flood of junk tokens drives fetches, or keeps a rotation from being noticed | Cheap checks before any fetch; one fetch under way per issuer; the [budgets](super::operations#the-three-budgets) | A22-A28, A45 |
//! | A remembered verdict outlives what it stood on: the key, the time, another audience, another token | A memory belongs to one verifier; a token is found by a MAC of all its bytes under a secret of this process; the generation of the keys and the clock are looked at for each hit; refusals are never remembered | N119, N120 |
//! | A header that is known saves a check | Known is only what a token whose signature verified began with, byte for byte; which algorithms, types and keys an issuer may use is asked for each token. Headers over 512 bytes are not kept, so that they take 300 KiB for one issuer and 5 MiB at most | `known_headers` |
//! | Memory grows with each new `kid`, or each new session | 1024 `kid`s are remembered, by a hash under a secret of this process; 100,000 sessions, and 1,000 of one principal | N57, A23 |
//! | The issuer hangs, drips, sends 20 MB or a gzip bomb | One deadline for the whole fetch; 256 KiB, counted after decompression | A10-A13 |
//! | The issuer, or who speaks for it, leads us elsewhere | No redirects. https, or http on a loopback host. The `issuer` of discovered metadata must equal the configured one (RFC 8414 §3.3), and the `jwks_uri` that a public issuer names leads to no loopback, link-local or metadata address: judged when the name is resolved, not before | A16, A42-A44 |
//! | The issuer is down, or sends garbage, or an empty set | The keys in use stay, up to `max_stale` | A08, A09, A13-A15 |
//! | A key is withdrawn because it leaked | It is gone with the next refresh: within `max_age` while the issuer can be reached, within `max_stale` while it cannot. Whoever can keep us from the issuer can stretch the first to the second | A29, A30 |
//! | Trial and error | Every refused token gets the same answer. The reason goes to `tracing` only | N118, S10 |
//! | Injection into headers or logs | Challenges hold fixed sentences and settings that `build` has checked, never the request's text. A logged `kid` is escaped and cut short | N56, N114, RFC 6750 §3 |
//! | The token leaks through logs | No event, error or `Debug` of this crate holds it. The header is marked sensitive, or removed | M14, `events` |
//! | An answer is cached and given to somebody else | `Cache-Control: no-store` on every refusal | M7 |
//! | The clock is set, or the machine sleeps | Tokens follow the wall clock, the age of keys the monotonic one, and the wall clock after a sleep | N121, A36 |
//! | Whatever nobody thought of | No panic is reachable from a request or a fetched document; parsers are fuzzed | N122 |
//!
//! # What is not met
//!
//! - **A stolen token works** until `exp`, for whoever holds it. That is what a bearer token is (RFC 6750 §1.2). Keep lifetimes short, or bound
//!   them with [`max_token_age`](crate::JwtAuthConfigBuilder::max_token_age).
//! - **A revoked token works** until `exp`, as far as this crate knows: there is no introspection. A
//!   [`check`](crate::JwtAuthConfigBuilder::check) against a deny list of your own is asked for each request.
//! - **Addresses inside your network.** A discovered `jwks_uri` may lead to a private address, because issuers live there; and an injected HTTP
//!   client or a proxy resolves names by itself. Set `jwks_uri`, or `pin_jwks_host`, or restrict what the process may reach.
//! - **A call that takes long** goes on when its token expires, unless [`StreamExpiry::CloseAll`](crate::StreamExpiry::CloseAll) cuts it and
//!   loses its result. What is no event stream is never cut.
//! - **A session that nobody bound.** An id that the store does not know, after a restart say, belongs to the first who uses it with success,
//!   unless [`strict`](crate::SessionBindingLayer::strict) is on. Two layers with a store each know nothing of one another. Replay by
//!   `Last-Event-ID` is not bound.
//! - **A server that does not compare headers with the body.** [`McpScopes`](crate::McpScopes) believes the headers from 2026-07-28 on, because
//!   the spec makes the server refuse a difference. For one that does not, turn on
//!   [`always_read_body`](crate::McpScopes::always_read_body).
//! - **A Cognito app client that two servers share.** With [`cognito`](crate::JwtAuthConfigBuilder::cognito) each takes the tokens of the other.
//! - **Timing.** Refusals take different times, and so tell which check failed. MACs are compared in constant time.
//!
//! # What you must still do
//!
//! - **TLS** in front of this server. A bearer token over http is public (RFC 6750 §5.3).
//! - **`Origin` and `Host` checks**, against DNS rebinding. rmcp checks `Host` by default and `Origin` only when told to; see [`mcp`](super::mcp).
//! - **Put [`SessionBindingLayer`](crate::SessionBindingLayer) in**, where the server has sessions: it is not part of
//!   [`JwtAuthLayer::mcp`](crate::JwtAuthLayer::mcp). Bind handles and `requestState` to [`AuthInfo::principal`](crate::AuthInfo::principal), and
//!   refuse them to anybody else. A session id is no credential, and the token changes with each refresh.
//! - **List operations** in [`McpScopes`](crate::McpScopes). The first rule for a tool closes the tools that are not listed; without any rule
//!   every caller may call every tool.
//! - **Choose how streams end**, with [`stream_expiry`](crate::JwtAuthLayer::stream_expiry): `new` lets them go on.
//! - **Limit rates**, per address and per client. A signature check costs more than sending a token does.
//! - **Never pass the token on.** It is for this server alone. Towards other servers use a token of your own, or token exchange (RFC 8693).
//! - **Authorize.** The layer says who calls and with which scopes. Whether this user may read that record is yours.
//! - **Check what the issuer does not.** Some issuers give a token for your audience to anybody who asks (GitHub Actions does, to any
//!   workflow). Then look at further claims, in a [`check`](crate::JwtAuthConfigBuilder::check). It is called on the request's way: it must not
//!   block, and where it cannot tell it must refuse.
//! - **Handle the absence of `AuthInfo`** where [`optional`](crate::JwtAuthLayer::optional) or
//!   [`open_paths`](crate::JwtAuthLayer::open_paths) let requests pass without it.
//! - **Put the layer in front of everything** that it shall protect. A route that is added outside of it is open.
//! - **Keep `test-util` out of production builds.**
//!
//! The [checklist](super::checklist) has the same, and more, by the rows of the MCP spec.
//!
//! # Reporting
//!
//! A way to have a bad token accepted, a good one refused for others, a panic from a request or a fetched document, or a token in a log is a
//! vulnerability. Report it privately, through the private reporting channel of the repository that you have this crate from, not in a
//! public issue. Say the version, the configuration without secrets, and the token or document that shows it, made with keys of your own.
