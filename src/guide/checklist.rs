//! The MCP authorization spec as a checklist: your part, and the part of the layers, row by row.
//!
//! The rows are those of the spec of 2026-07-28: M marks what a server MUST do, S what it SHOULD
//! do. Older versions demand less, except that they have sessions. Quotes are shortened to the
//! demand.
//!
//! # Your part
//!
//! The tasks that no authentication layer can do for the server behind it.
//!
//! | row | task | how |
//! | --- | --- | --- |
//! | M15 | **Check `Origin`** on every connection, and answer 403 to a wrong one | rmcp: `with_allowed_origins([..])`, with an explicit port, or `enforce_origin_validation()` to reject every page. Off by default |
//! | M15 | **Check `Host`**, against DNS rebinding | rmcp: `with_allowed_hosts([..])`. By default it allows only loopback names |
//! | M9, RFC 6750 §5.3 | **Use TLS** on the whole way to the process | Anybody on the network path can take a bearer token sent over http. `build` rejects http issuers and resources on hosts other than loopback |
//! | M17 | **Seal `requestState`**, bind it to its principal, reject it when it does not verify | rmcp's feature `request-state`: `RequestStateCodec::seal_with`, with [`AuthInfo::principal`](crate::AuthInfo::principal) as JSON for its associated data, and no state for a caller without a principal (`None`). Concatenating the three parts by hand makes `a`+`bc` and `ab`+`c` the same principal |
//! | M16, S8 | **Bind handles** that you give out (tasks, uploads, subscriptions) to the principal, and treat another principal's handle as unknown | Key them by [`AuthInfo::principal`](crate::AuthInfo::principal), or by [`Principal`](crate::mcp::Principal), which is owned, hashable and serializable. Make them of 128 random bits or more |
//! | M16, S8 | **Bind sessions**, with protocols before 2026-07-28 | [`SessionBindingLayer`](crate::mcp::SessionBindingLayer) does it, once you add it |
//! | M16, S8 | **Bind event ids**, where the server replays events by `Last-Event-ID` | rmcp: your own event store, keyed by the principal; rmcp has none unless you set one |
//! | M8 | **Pass no token on.** Use your own token for other servers, or token exchange (RFC 8693) | [`JwtAuthLayer::for_mcp`](crate::JwtAuthLayer::for_mcp) removes the header; [`AuthInfo::token`](crate::AuthInfo::token) remains available, for token exchange only |
//! | M14, S10 | **Keep `Authorization` out of logs** further out: access logs, traces and proxies see it before the layer does | Log `subject`, `client_id` and `jti`. `Debug` of `AuthInfo` does not show the token. tower-http has `SetSensitiveRequestHeadersLayer` |
//! | M13 | **Keep tokens out of URLs.** The layer never reads one there, but a client that sends one has put it into your access log | Remove the query from logs |
//! | M9 | **Cache nothing across callers.** Set `cacheScope: "private"` on lists and resources that depend on the caller | rmcp: `with_cache_scope` |
//! | M11 | **Declare which scopes imply which**, if any do | [`scope_hierarchy`](crate::config::JwtAuthConfigBuilder::scope_hierarchy), [`McpScopesLayer::hierarchy`](crate::mcp::McpScopesLayer::hierarchy) |
//! | S2, S3 | **List each operation** that needs more than the basic scopes | [`McpScopesLayer`](crate::mcp::McpScopesLayer) |
//! | S7 | **Start with few scopes**: those of basic use in `required_scopes`, the rest per operation | step-up does the rest |
//! | S10 | **One issuer, one tenant**, unless you serve several on purpose; no generic audience such as `api` | [`providers`](super::providers) |
//! | S6 | **Set `resource` to the URL** that clients type, without a slash at the end; not to a load balancer's internal name | [`resource`](crate::config::JwtAuthConfigBuilder::resource) |
//! | M1, M3 | **Forward `/.well-known/oauth-protected-resource`** and everything below it to this process, without authentication | reverse proxies that forward only `/mcp` hide it |
//! | – | **CORS** for clients in a browser, outside the auth layer | [`mcp`](super::mcp#6-let-browsers-in) |
//! | – | **Limit rates**, per address outside the layer, and per issuer and subject inside | `tower::limit`, or the proxy. A signature check costs more than sending a token does |
//! | – | **Authorize.** The token does not say whether this user may read that record | `check` for the few rules that apply to every request, the tools for the rest |
//! | – | **Limit bodies and calls.** The layers limit only the bodies that they read | rmcp: 4 MiB per message |
//! | – | **Put a timeout in front**, if callers need no token ([`optional`](crate::JwtAuthLayer::optional)) and [`McpScopesLayer`](crate::mcp::McpScopesLayer) reads their bodies: it waits for a slow one as long as the client likes, with up to 4 MiB in memory | the proxy; or tower-http's `RequestBodyTimeoutLayer`, and `tower::limit` for the number of requests |
//!
//! # Done by the layers
//!
//! Each row has a test with the row in its name (`m5_m6_the_audience_is_..`) in `tests/api`; the
//! last column names the files.
//!
//! | row | demand | done by | tests |
//! | --- | --- | --- | --- |
//! | M1 | Protected resource metadata (RFC 9728) | [`ResourceMetadata`](crate::service::ResourceMetadata); the layer serves it | `requirements/metadata` |
//! | M2 | It names at least one authorization server | `build` fails without an issuer | `requirements/metadata` |
//! | M3 | Clients find it through the challenge, or at the well-known path | both: an absolute URL in each challenge, and the path with the resource's path inserted; at the root by a layer in front of it, and by [`MetadataRoutes`](crate::service::MetadataRoutes) | `requirements/metadata`, `authn/metadata` |
//! | M4 | Tokens are validated as OAuth 2.1 §5.2 says | [`JwtVerifier`](crate::JwtVerifier) | `requirements/tokens`; the rows N01 to N122 in `refusals` |
//! | M5, M6 | Only tokens with this server as audience | `aud` is required and compared byte for byte | `requirements/tokens` |
//! | M7, M10 | 401 for invalid tokens, 403 for scopes, 400 for malformed requests | [`Rejection`](crate::Rejection). A malformed token gets 401, because clients do not start a login on 400 | `requirements/answers` |
//! | M8 | Tokens for other servers are not accepted, and no token is passed on | the audience check; the header is removed | `requirements/tokens`, `requirements/privacy` |
//! | M9 | Tokens are verified before anything is processed | a rejected request does not reach the service, and its body is not polled, except to drop it | `requirements/requests`, `drain` |
//! | M11 | Broad scopes imply narrow ones | hierarchies, as you declare them | `mcp/operations` |
//! | M12 | Every request carries a token | every method, and every request of a session | `requirements/requests` |
//! | M13 | No tokens in the query | never read there, nor in a form | `requirements/tokens` |
//! | M14 | Tokens are stored with care | none in a log, in `Debug` or in JSON | `requirements/privacy`, `telemetry` |
//! | M16 | Sessions and handles do not authenticate | each request is verified; sessions are bound | `requirements/requests`, `mcp/sessions` |
//! | S1 | `scope` in the 401 | `required_scopes` | `requirements/answers` |
//! | S2, S3, S4 | 403 with all scopes of the operation, the same each time | [`McpScopesLayer`](crate::mcp::McpScopesLayer), [`RequireScopesLayer`](crate::RequireScopesLayer) | `mcp/operations`, `requirements/answers` |
//! | S5 | No `offline_access` in challenges or metadata | an error of `build`; left out of challenges | `requirements/metadata` |
//! | S6 | The canonical URI | as configured, with scheme and host also in lower case; list other spellings in `audience` | `requirements/tokens` |
//! | S7 | `scopes_supported` is minimal | `required_scopes` unless set | `requirements/metadata` |
//! | S8 | Sessions belong to a user | [`SessionBindingLayer`](crate::mcp::SessionBindingLayer) | `mcp/sessions` |
//! | S9 | Mirrored headers count only where the server must check them | [`McpScopesLayer`](crate::mcp::McpScopesLayer) | `mcp/operations` |
//! | S10 | Generic messages to callers, reasons to the log | one response for every invalid token | `requirements/answers`, `telemetry` |
//! | RFC 6750 §3 | At least one parameter, none twice, no `error` without credentials | a fixed order; `realm` when the challenge would otherwise be empty | `requirements/answers` |
//! | extensions | Client credentials are accepted (`sub` may be the client); an ID-JAG or a workload's token is not | `typ`, `aud` | `requirements/tokens` |
//! | DPoP (SEP-1932) | Tokens that are bound to a key need its proof | [`dpop`](crate::config::JwtAuthConfigBuilder::dpop), once you turn it on; without it such tokens are rejected | `proof` |
//! | availability | Starts without its issuer and survives the issuer's outages | [`operations`](super::operations) | `requirements/fit`, `keys/availability`, `keys/over_http` |
//! | transparency | Responses of the server pass unchanged | the body type is wrapped, never read | `requirements/fit`, `authn/streams`, `mcp/operations` |
//! | frameworks | axum, hyper, any tower stack | `Clone + Send + Sync`; `Error` is unchanged | `requirements/fit`, `authn/assembly` |
