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
//! | configuration and this crate | settings, static keys, an HTTP client, a `KeySource`, hooks | Trusted. `build` refuses what it can see to be wrong; what weakens a check is named `danger_` |
//! | host and this crate | the clocks, randomness | Trusted. A wall clock that runs behind keeps expired tokens alive for as long |
//!
//! # Threats, and how they are met
//!
//! | threat | how it is met |
//! | --- | --- |
//! | A forged token: `alg` is `none`, no signature, an `HS256` made with the public key | The allow-list decides, not the header (RFC 8725 §3.1). A key verifies only algorithms of its own type and curve. `HS*` never works with keys that were fetched, and listing it then is an error of `build` |
//! | A token that brings its own key: `jwk`, `jku`, `x5u`, `x5c` | Never read (RFC 8725 §3.10) |
//! | A token of one issuer signed with the key of another | Keys belong to one issuer (RFC 8725 §3.8) |
//! | A token that was issued for another server | `aud` is required and compared byte for byte (RFC 8707 §2, RFC 8725 §3.9). Without `resource` and `audience` nothing builds |
//! | Another kind of JWT: a logout token, an ID-JAG, a DPoP proof | `typ` (RFC 8725 §3.11). An ID token often has `typ` `JWT`, and is told apart by `aud`, which names the client; [`rfc9068`](crate::JwtAuthConfigBuilder::rfc9068) refuses it by `typ` as well |
//! | A token bound to a key that is replayed without its proof | `cnf` is refused (RFC 9449 §7.2, RFC 8705 §3) |
//! | An extension that we do not know changes what the token means | Any `crit`, and `b64`, `zip`, `enc`, are refused (RFC 7515 §4.1.11, RFC 7797 §7) |
//! | Two readings of one token: repeated members of header or claims, another base64 spelling, text after the JSON | Refused. One token has one spelling and one meaning |
//! | Two `Authorization` headers, of which another party reads the other one | 400 |
//! | Identity planted by a client or an outer layer | `AuthInfo` has no public constructor but for tests, and an older one is removed |
//! | Work without end: huge tokens, deep JSON, hostile numbers, RSA keys with huge moduli or exponents | [Limits](crate::limits) come first. Depth is bounded by the JSON reader. Dates are finite and within 2^53 |
//! | A flood of junk tokens drives fetches, or keeps a rotation from being noticed | Cheap checks before any fetch; one fetch under way per issuer; the [budgets](super::operations#the-three-budgets) |
//! | Memory grows with each new `kid` | 1024 of them are remembered, by a hash under a secret of this process |
//! | The issuer hangs, drips, sends 20 MB or a gzip bomb | One deadline for the whole fetch; 256 KiB, counted after decompression |
//! | The issuer, or who speaks for it, leads us elsewhere | No redirects. https, or http on a loopback host. The `issuer` of discovered metadata must equal the configured one (RFC 8414 §3.3), and the `jwks_uri` that a public issuer names leads to no loopback, link-local or metadata address: judged when the name is resolved, not before |
//! | The issuer is down, or sends garbage, or an empty set | The keys in use stay, up to `max_stale` |
//! | A key is withdrawn because it leaked | It is gone with the next refresh: within `max_age` while the issuer can be reached, within `max_stale` while it cannot. Whoever can keep us from the issuer can stretch the first to the second |
//! | Trial and error | Every refused token gets the same answer. The reason goes to `tracing` only |
//! | Injection into headers or logs | Challenges hold fixed sentences and settings that `build` has checked, never the request's text. A logged `kid` is escaped and cut short |
//! | The token leaks through logs | No event, error or `Debug` of this crate holds it. The header is marked sensitive, or removed |
//! | An answer is cached and given to somebody else | `Cache-Control: no-store` on every refusal |
//!
//! # What is not met
//!
//! - **A stolen token works** until `exp`, for whoever holds it. That is what a bearer token is (RFC 6750 §1.2). Keep lifetimes short.
//! - **A revoked token works** until `exp`. There is no introspection.
//! - **Addresses inside your network.** A discovered `jwks_uri` may lead to a private address, because issuers live there; and an injected HTTP
//!   client or a proxy resolves names by itself. Set `jwks_uri`, or `pin_jwks_host`, or restrict what the process may reach.
//! - **A stream that outlives its token.** The token is checked when the request comes. A response that streams for hours is not cut at `exp`.
//! - **Timing.** Refusals take different times, and so tell which check failed. MACs are compared in constant time.
//!
//! # What you must still do
//!
//! - **TLS** in front of this server. A bearer token over http is public (RFC 6750 §5.3).
//! - **`Origin` and `Host` checks**, against DNS rebinding. rmcp checks `Host` by default and `Origin` only when told to; see [`mcp`](super::mcp).
//! - **Bind sessions and handles to their user**, by [`AuthInfo::principal`](crate::AuthInfo::principal), and refuse them to anybody else. A
//!   session id is no credential, and the token changes with each refresh.
//! - **Limit rates**, per address and per client. A signature check costs more than sending a token does.
//! - **Never pass the token on.** It is for this server alone. Towards other servers use a token of your own, or token exchange (RFC 8693).
//!   [`strip_authorization`](crate::JwtAuthConfigBuilder::strip_authorization) keeps a proxy behind the layer from doing it by accident.
//! - **Authorize.** The layer says who calls and with which scopes. Whether this user may read that record is yours.
//! - **Check what the issuer does not.** Some issuers give a token for your audience to anybody who asks (GitHub Actions does, to any
//!   workflow). Then look at further claims, with [`AuthInfo::claim`](crate::AuthInfo::claim).
//! - **Handle the absence of `AuthInfo`** where [`optional`](crate::JwtAuthLayer::optional) or
//!   [`open_paths`](crate::JwtAuthLayer::open_paths) let requests pass without it.
//! - **Put the layer in front of everything** that it shall protect. A route that is added outside of it is open.
//! - **Keep `test-util` out of production builds.**
//!
//! # Reporting
//!
//! A way to have a bad token accepted, a good one refused for others, a panic from a request or a fetched document, or a token in a log is a
//! vulnerability. Report it privately, through the private reporting channel of the repository that you have this crate from, not in a
//! public issue. Say the version, the configuration without secrets, and the token or document that shows it, made with keys of your own.
