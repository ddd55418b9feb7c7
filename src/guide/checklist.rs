//! The MCP authorization spec as a checklist: what is left to you, and what the layers do, row by row.
//!
//! The rows are those of the spec of 2026-07-28: M for what a server MUST do, S for what it SHOULD. Older versions ask for less, except that
//! they have sessions. Quotes are cut to what is demanded.
//!
//! # Left to you
//!
//! What no authentication layer can do for the server behind it.
//!
//! | row | do | how |
//! | --- | --- | --- |
//! | M15 | **Check `Origin`** on every connection, and answer 403 to a wrong one | rmcp: `with_allowed_origins([..])`, with the port spelt out, or `enforce_origin_validation()` to refuse every page. Off by default |
//! | M15 | **Check `Host`**, against DNS rebinding | rmcp: `with_allowed_hosts([..])`. It allows loopback names only until told |
//! | M9, RFC 6750 §5.3 | **TLS** in front, on the whole way to the process | A bearer token over http belongs to everybody on the way. `build` refuses http issuers and resources on other hosts than loopback |
//! | M17 | **Seal `requestState`**, bind it to its principal, refuse what does not verify | rmcp's feature `request-state`: `RequestStateCodec::seal_with`, with `serde_json::to_vec(&Principal::of(auth))` as associated data. Joining the three parts by hand makes `a`+`bc` and `ab`+`c` one principal |
//! | M16, S8 | **Bind handles** that you give out (tasks, uploads, subscriptions) to the principal, and treat another's as unknown | Key them by [`AuthInfo::principal`](crate::AuthInfo::principal), or [`Principal`](crate::Principal), which is owned, hashes and serializes. Make them of 128 random bits or more |
//! | M16, S8 | **Bind sessions**, with protocols before 2026-07-28 | [`SessionBindingLayer`](crate::SessionBindingLayer) does it, where you put it |
//! | M8 | **Pass no token on.** Towards another server use a token of your own, or token exchange (RFC 8693) | [`JwtAuthLayer::mcp`](crate::JwtAuthLayer::mcp) removes the header; [`AuthInfo::token`](crate::AuthInfo::token) remains, for an exchange alone |
//! | M14, S10 | **Keep logs clean** of `Authorization` further out: access logs, traces and proxies see it before the layer does | Log `subject`, `client_id` and `jti`. `Debug` of `AuthInfo` shows no token. tower-http has `SetSensitiveRequestHeadersLayer` |
//! | M13 | **No token in URLs.** The layer never reads one there, but a client that sends it has put it into your access log | Drop the query from logs |
//! | M9 | **Cache nothing across callers.** `cacheScope: "private"` on lists and resources that depend on who asks | rmcp: `with_cache_scope` |
//! | M11 | **Say which scopes imply which**, if any do | [`scope_hierarchy`](crate::JwtAuthConfigBuilder::scope_hierarchy), [`McpScopes::hierarchy`](crate::McpScopes::hierarchy) |
//! | S2, S3 | **List each operation** that needs more than the rest | [`McpScopes`](crate::McpScopes) |
//! | S7 | **Small scopes first**: in `required_scopes` what basic use needs, the rest per operation | step-up does the rest |
//! | S10 | **One issuer, one tenant**, unless you serve several on purpose; no audience such as `api` | [`providers`](super::providers) |
//! | S6 | **`resource` is the URL** that clients type, without a slash at the end; no load balancer's internal name | [`resource`](crate::JwtAuthConfigBuilder::resource) |
//! | M1, M3 | **Forward `/.well-known/oauth-protected-resource`** and everything below it to this process, open | reverse proxies that forward `/mcp` alone hide it |
//! | – | **CORS** for clients in a browser, outside the auth layer | [`mcp`](super::mcp#6-let-browsers-in) |
//! | – | **Limit rates**, per address outside the layer and per principal inside | `tower::limit`, or the proxy. A signature check costs more than sending a token does |
//! | – | **Authorize.** Whether this user may read that record is not in the token | `check` for the few things that hold for every request, the tools for the rest |
//! | – | **Limit bodies and calls.** The layers bound what they read themselves | rmcp: 4 MiB per message |
//!
//! # Done by the layers
//!
//! Each row has a test that is named by it (`m5_m6_the_audience_is_..`), in `tests/api`: the files are named in the last column.
//!
//! | row | demand | done by | tests |
//! | --- | --- | --- | --- |
//! | M1 | Protected resource metadata (RFC 9728) | [`ResourceMetadata`](crate::ResourceMetadata); the layer answers for it | `requirements/metadata` |
//! | M2 | It names at least one authorization server | nothing builds without an issuer | `requirements/metadata` |
//! | M3 | It is found through the challenge, or at the well-known path | both: absolute in each challenge, at the inserted path and at the root | `requirements/metadata` |
//! | M4 | Tokens are validated as OAuth 2.1 §5.2 says | [`JwtVerifier`](crate::JwtVerifier) | `requirements/tokens`; the rows N01 to N122 in `refusals` |
//! | M5, M6 | Only tokens that name this server as audience | `aud` is required and compared byte for byte | `requirements/tokens` |
//! | M7, M10 | 401 for bad tokens, 403 for scopes, 400 for malformed requests | [`Rejection`](crate::Rejection). A malformed token is 401: clients start no login on 400 | `requirements/answers` |
//! | M8 | No token is accepted that is not for this server, none is passed on | the audience; the header is removed | `requirements/tokens`, `requirements/privacy` |
//! | M9 | Verified before anything is processed | a refused request reaches nobody and its body is not polled | `requirements/requests` |
//! | M11 | Broad scopes imply narrow ones | hierarchies, as you say | `operations` |
//! | M12 | Every request carries a token | every method, every request of a session | `requirements/requests` |
//! | M13 | Not in the query | never read there, nor in a form | `requirements/tokens` |
//! | M14 | Tokens are stored with care | none in a log, in `Debug` or in JSON | `requirements/privacy`, `events` |
//! | M16 | Sessions and handles are no authentication | each request is verified; sessions are bound | `requirements/requests`, `sessions` |
//! | S1 | `scope` in the 401 | `required_scopes` | `requirements/answers` |
//! | S2, S3, S4 | 403 with all scopes of the operation, the same each time | [`McpScopes`](crate::McpScopes), [`RequireScopesLayer`](crate::RequireScopesLayer) | `operations`, `requirements/answers` |
//! | S5 | No `offline_access` in challenges or metadata | an error of `build`; left out of challenges | `requirements/metadata` |
//! | S6 | The canonical URI | used as configured; list other spellings in `audience` | `requirements/tokens` |
//! | S7 | `scopes_supported` is minimal | `required_scopes` unless set | `requirements/metadata` |
//! | S8 | Sessions belong to a user | [`SessionBindingLayer`](crate::SessionBindingLayer) | `sessions` |
//! | S9 | Mirrored headers count only where the server must check them | [`McpScopes`](crate::McpScopes) | `operations` |
//! | S10 | Generic messages to callers, reasons to the log | one answer for every bad token | `requirements/answers`, `events` |
//! | RFC 6750 §3 | At least one parameter, none twice, no `error` without credentials | a fixed order; `realm` if there is nothing else | `requirements/answers` |
//! | extensions | Client credentials are accepted (`sub` may be the client); an ID-JAG or a workload's token is not | `typ`, `aud` | `requirements/tokens` |
//! | DPoP | – | bound tokens are refused until it is built | `requirements/tokens` |
//! | availability | Starts without its issuer, outlives its outages | [`operations`](super::operations) | `requirements/fit`, `availability`, `wire` |
//! | transparency | Answers of the server come through as they are | the body type is wrapped, never read | `requirements/fit`, `streams`, `operations` |
//! | frameworks | axum, hyper, anything on tower | `Clone + Send + Sync`, `Error` as it was | `requirements/fit`, `assembly` |
