//! The choices made where specifications leave room or systems disagree, each with its reason.
//!
//! One principle explains most rows. A token must have exactly one meaning, and a caller who may be
//! a forger never gets the benefit of the doubt. A key set, in contrast, comes from a trusted party
//! that makes mistakes, and one mistake must not lock everybody out.
//!
//! # Tokens
//!
//! | question | decision | reason |
//! | --- | --- | --- |
//! | The token has no `kid` | Accepted when exactly one usable key of the issuer fits `alg`; rejected when several do | RFC 7515 §4.1.4 makes `kid` optional. Trying every key would give a forger as many attempts as there are keys |
//! | No key has the token's `kid` | One refresh, within the budget, then 401. No other key is tried, even if it is the only one | The only key may be the old one. A static `jwk` or PEM text without its own `kid` is meant for every token and therefore fits any `kid` |
//! | `alg` names | Compared byte for byte (RFC 7515 §4.1.1). `EdDSA` and `Ed25519` are the same algorithm | RFC 9864 §2.2 renamed the algorithm that everybody uses. Ed448 is not supported |
//! | `typ` | Absent, `JWT`, `at+jwt` or `application/at+jwt`, in any case; with `rfc9068` only the last two | Most providers send no `typ` or `JWT`; RFC 9068 §4 defines the others. Any other value marks another kind of token (RFC 8725 §3.11) |
//! | `cty` | A nested JWT is rejected; any other value is ignored | RFC 7519 §5.2. Nothing is unpacked, so an inner token would stay unverified |
//! | `crit` | Always rejected, also when it is empty or lists known names | RFC 7515 §4.1.11. No extension is supported, and listing standard names is itself an error |
//! | `b64`, `enc` in a signed token | Rejected, also without `crit` | RFC 7797 §7 forbids `b64` in a JWT. `enc` belongs to JWE, and it must be clear that it was not applied |
//! | `zip` in a signed token | `DEF` is rejected, in any case; any other string is ignored | RFC 7516 §4.1.3 gives it a meaning in JWE alone. ForgeRock sends `NONE`; `DEF` would say that the claims are compressed |
//! | Unknown header members | Ignored | RFC 7515 §4 |
//! | Repeated members of the header or the claims | Rejected, whatever the name. Objects inside a claim are not inspected | RFC 7515 §4 and RFC 7519 §4 allow a parser to reject or to use the last one. Two parsers can then read two different tokens |
//! | Very many members or values | A header or claims with more than 256 members or 4,096 values ([`MAX_JSON_MEMBERS`](crate::limits::MAX_JSON_MEMBERS), [`MAX_JSON_VALUES`](crate::limits::MAX_JSON_VALUES)) are rejected | Users of large organisations have over a thousand groups or roles. Unsigned data of the default size must not cost more than three verifications (N46); with several issuers it can, where claims name their issuer late |
//! | Claims of more than 4 KiB ([`MAX_UNVERIFIED_CLAIMS_BYTES`](crate::limits::MAX_UNVERIFIED_CLAIMS_BYTES)) | The first KiB is glanced at before the signature, for `iss`, `aud`, the times and `events`. All is read after it, or before a fetch of keys. With several issuers, claims whose first KiB does not name the issuer are read before it | To read thousands of values costs more than a verification. A forger could make us do both |
//! | base64url with padding, line breaks, `+`, `/` or nonzero trailing bits | Rejected in tokens | RFC 7515 §2. A second spelling of the same token would bypass revocation lists and caches |
//! | Whitespace | Rejected around and inside segments and after the token; ignored around the JSON inside a segment, where the signature covers it | RFC 7515 §2, RFC 8259 §2. HTTP servers already trim whitespace from both ends of a header value |
//! | An RSA signature whose `DigestInfo` lacks its NULL | Rejected | RFC 8017 §9.2. Some libraries accept it, which gives one signature two spellings |
//! | `exp` equals the current time | Expired when the leeway is zero: a token is valid while the current time is below `exp` plus leeway | RFC 7519 §4.1.4, "on or after" |
//! | `nbf` or `iat` equals the current time | Valid: neither may be later than the current time plus leeway | RFC 7519 §4.1.5 |
//! | `iat` in the future | Rejected beyond the leeway | RFC 7519 §4.1.6 leaves it open. Such a token comes from a broken clock or a forger |
//! | `exp` before `nbf` or `iat` | Rejected, even where the leeway would accept it | The token was never valid |
//! | Fractions of seconds | Compared exactly; [`AuthInfo::expires_at`](crate::AuthInfo::expires_at) rounds down | RFC 7519 §2 allows them |
//! | Dates beyond 2^53 | Rejected | JSON parsers disagree about such numbers (RFC 7493 §2.2), and no real date is that late |
//! | Numbers elsewhere | Ignored, as long as they are JSON within the range of a double | No decision depends on them |
//! | `null` in a claim that decides something (`iss`, `aud`, `exp`, `nbf`, `iat`, `sub`, `jti`, `scope`, `scp`) | Rejected | RFC 7519 §4.1 gives each claim a type, and none of them includes null. An absent claim is a different case |
//! | `null` or a wrong type in `azp`, `client_id`, `cid`, `appid` | Treated as absent | They name the client, and providers use them loosely |
//! | `exp` as a string | Rejected | RFC 7519 §2: a number |
//! | `iss` | Required; compared byte for byte; a list is rejected | RFC 8414 §2, RFC 9068 §4. A different slash, port or capital letter is a different issuer |
//! | `aud` | Required; a string or a list of strings; one equal entry is enough, compared byte for byte without prefix matching or normalisation | RFC 7519 §4.1.3. Normalisation causes confusion between audiences; list both spellings instead |
//! | `aud`, when only `resource` is set | `resource` as it is configured, and with scheme and host in lower case and without the default port; an origin also with and without a slash at the end | RFC 3986 §6.2.2.1, §6.2.3. Issuers normalise what clients send them. The spellings follow from the configuration, never from the token |
//! | No `aud` | Rejected; accepted for the clients of [`danger_missing_audience_for_clients`](crate::config::JwtAuthConfigBuilder::danger_missing_audience_for_clients) | RFC 7519 §4.1.3. Such a token works at every server that accepts its client |
//! | `sub`, `iat`, `jti` | Optional, and of the right type where present; required with `rfc9068` | Machine tokens of several providers lack them |
//! | Scopes | `scope` and `scp` combined, each a string or a list of strings; split at U+0020 only; any other type rejects the token | Providers use all four forms. Reading a wrong type as "no scopes" would hide a mistake |
//! | Scopes in other claims | Opt-in: [`scope_claims`](crate::config::JwtAuthConfigBuilder::scope_claims) names them | Entra ID puts the permissions of applications into `roles`, Auth0 those of users into `permissions` |
//! | Characters in scopes | Not validated | An odd scope matches nothing, so the response is 403 |
//! | Roles, groups, permissions | Not treated as scopes unless `scope_claims` names them | They say what a user may do, not what was delegated to a client. Read them with [`AuthInfo::claim`](crate::AuthInfo::claim) |
//! | The client's name | `azp`, `client_id`, `cid`, `appid`, in this order; `azp` is skipped when it is a bare web origin; `"jwt"` when none is present; never `sub` or `aud` | One name for what providers spell in four ways. Clerk puts the browser's origin into `azp` |
//! | `cnf` | Needs its proof: `jkt` with [`dpop`](crate::config::JwtAuthConfigBuilder::dpop), `x5t#S256` with [`mtls`](crate::config::JwtAuthConfigBuilder::mtls). Rejected without that setting, as are `null` and other ways to name a key | RFC 9449 §7.2, RFC 8705 §3. Without its proof the token may be stolen, and a key that cannot be checked must not be ignored |
//! | A long-lived token | Only `exp` decides; [`max_token_age`](crate::config::JwtAuthConfigBuilder::max_token_age) also limits the age since `iat`, which is then required | Off by default, because some providers deliberately issue tokens for a day. A limit on a claim that may be absent would limit nothing |
//! | Checks of the application | [`check`](crate::config::JwtAuthConfigBuilder::check) runs for each request, after every other check of the token and before scopes. All checks must pass; a check can reject with 401 or 403 and can never accept a token | Checks run before scopes, so that the holder of a revoked token is not told which scopes to request. They are synchronous: waiting for a network would delay every request, and such a check needs its own cache anyway |
//! | Amazon Cognito, whose access tokens have no `aud` | Opt-in: [`cognito`](crate::config::JwtAuthConfigBuilder::cognito) requires a listed `client_id` and `token_use` `access` instead; an `aud` that is present must match | Off by default, because it ties a token to a client and not to a server |
//! | Keycloak, whose tokens all have `typ` `JWT` | Opt-in: [`keycloak`](crate::config::JwtAuthConfigBuilder::keycloak) requires the claim `typ` to be `Bearer` | Other providers use that claim differently. `aud` already excludes ID tokens |
//! | Issuers for every tenant (`common`, `organizations`, `consumers`, `{tenantid}` of Entra ID) | An error of `build` | No token has such an `iss`. Filling in the template from the token would let the token choose its issuer, and so admit any tenant |
//!
//! # Keys
//!
//! | question | decision | reason |
//! | --- | --- | --- |
//! | One bad key in a set | Skipped with a [reason](crate::keys::SkipReason); the other keys are used | RFC 7517 §5. Sets contain encryption keys and key types newer than this crate |
//! | A set without a usable key, including `{"keys": []}` | A failed fetch; the old set stays in use | An issuer without keys is far more often a mistake than a decision. `max_stale` limits how long the old set is used |
//! | Two keys with the same `kid` | Those that fit `alg` are tried, at most four | Some issuers reuse a `kid` during a rotation. RFC 7517 §4.5 only says that they should not |
//! | A JWK without `alg` | Fits every algorithm of its type and curve | RFC 7517 §4.4 makes `alg` optional, and Entra ID and others leave it out. The list of allowed algorithms still applies |
//! | A JWK whose `alg` contradicts `kty` or `crv` | Skipped | RFC 7517 §4.4. One of the two is wrong, and there is no way to know which |
//! | `use`, `key_ops` | Enforced where present: `sig`, and `verify` among the operations; a repeated operation makes the key unusable | RFC 7517 §4.2, §4.3. A key without either may be used for anything |
//! | `key_ops` of more than 16 entries | The key is skipped | RFC 7517 §4.3 defines eight. The search for repeated entries takes time quadratic in the length of the list |
//! | Private members (`d`, `p`, `priv` and so on) | The public part is used, and an error is logged | Skipping the key would stop the service without making the private key secret again |
//! | Padding, or `+` and `/`, in `n`, `e`, `x`, `y`, `pub`, `k` | Tolerated | Providers publish such keys. Unlike for a token, a second spelling of a key does no harm |
//! | Leading zero octets in `n` and `e` | Stripped | RFC 7518 §2 forbids them, but some issuers publish them |
//! | Coordinates that are too short or too long | Skipped | RFC 7518 §6.2.1.2 requires the full length |
//! | X25519, X448, Ed448, secp256k1 and unknown types | Skipped | They are for key agreement, or not supported. RFC 7517 §5 asks to ignore such keys and use the rest of the set |
//! | RSA below 2048 or above 8192 bits; an even modulus; an exponent that is even, below 3 or above 2^33 | Skipped | RFC 7518 §3.3; the cost of a verification |
//! | An Ed25519 key of small order, or one that is not a point | Accepted; a key that is not a point verifies nothing. `R` is compared in its encoded form, and `S` must be below the group order | RFC 8032 §5.1.7, without the cofactor 8. The quality of its key is the issuer's responsibility; this crate ensures that its crypto back ends agree |
//! | `s` in the upper half in ECDSA | Valid | RFC 7518 §3.4 does not restrict `s` to the lower half |
//! | `oct` keys in a fetched set | Skipped | A published secret is no secret |
//! | `x5c`, `x5t`, `x5u` in a key | Never read | They can contradict `n` and `e`, and certificates follow a different trust model |
//! | A bad signature for a known `kid` | One refresh per `cooldown` and none while the set is young, then a second verification | Some issuers reuse a `kid` for a new key. A larger budget would let anybody trigger fetches |
//!
//! # Responses
//!
//! | question | decision | reason |
//! | --- | --- | --- |
//! | A malformed `Authorization: Bearer` | 401 `invalid_token` | RFC 6750 §3.1 also allows 400 `invalid_request`, but MCP clients do not start a login on 400 |
//! | Two `Authorization` headers | 400 `invalid_request` | No client sends two on its own, and a login would not help |
//! | No credentials, or another scheme | 401 without `error` | RFC 6750 §3.1 |
//! | The issuer's keys are unavailable | 503 and `Retry-After` | The caller is not at fault. A 401 would make clients discard valid tokens, and a 500 would not be retried |
//! | An unknown `kid`, and no fetch is left to look for it | 429 and `Retry-After` | The token may be valid, so it is not 401. Anybody can make up a `kid`, and balancers take instances that answer 503 out of service |
//! | Which check failed | Not disclosed | It would help forgers more than anybody else |
//! | Several tokens, or `,` in the header value | Malformed, 401 | It is ambiguous which one counts |
//! | `?access_token=` and form bodies | Never read | RFC 6750 §2.3 advises against the query, and MCP forbids it. A body would have to be read before the token is verified |
//! | A 403 for claims that do not fit | Without a challenge | Clients take a challenge to mean that a scope is missing |
//! | A 403 for scopes | Lists the scopes of the operation together with `required_scopes`; [`challenge_operation_scopes_only`](crate::config::JwtAuthConfigBuilder::challenge_operation_scopes_only) leaves out `required_scopes` | MCP clients before 2026-07-28 request exactly the listed scopes next. Later clients combine both sets themselves |
//! | `realm` in challenges | Sent when it is set, or when the challenge would otherwise be empty | RFC 6750 §3 makes it optional. MCP clients only need `resource_metadata`, and leaving out `realm` keeps the header short |
//! | `offline_access` | An error in `required_scopes`, `scopes_supported` and `initial_scopes`; left out of the challenge where an operation requires it | MCP authorization, "Refresh Tokens": refresh tokens are a matter between a client and its issuer |
//! | `scopes_supported` of the metadata | `required_scopes`, unless set | Clients request all of it at the first login. A list of every scope would ask users to grant everything before they have used anything |
//! | `scope` of a 401 | `initial_scopes`; by default `scopes_supported` if that is set, else `required_scopes` | Clients prefer the challenge to the metadata, and several never ask for more later |
//!
//! # MCP
//!
//! | question | decision | reason |
//! | --- | --- | --- |
//! | Where the operation is read from | From `Mcp-Method` and `Mcp-Name` when the protocol version is 2026-07-28 or later and each header is present once; otherwise from the body | MCP, "Server Validation": before that version nobody compares the headers with the body. Versions are compared as dates |
//! | An operation that cannot be read | Requires every scope of the map. A token that has them all passes, and the body is not read. Any other token gets 403 without a challenge | The server may interpret the request in a way that this layer does not. A caller with every scope gains nothing from that. And no user should be asked to grant everything for such a request |
//! | A repeated member, or one spelled in another case; a list in place of an object | Treated as an operation that cannot be read | JSON parsers differ in which one they use |
//! | A batch | Requires the scopes of all its messages; at most 100 messages | A request has one status: a 403 cannot apply to part of a batch |
//! | A tool, prompt or resource without a rule | Once another of its kind has a rule: requires the scopes of all listed ones together, and gets no challenge; [`unlisted`](crate::mcp::McpScopesLayer::unlisted) changes this | A forgotten new tool is closed rather than open |
//! | A URI with dot segments or backslashes under a rule for a prefix | Requires the scopes of all resources | It may leave the prefix when the server resolves it |
//! | A rule with an empty scope | Requires a scope that no token has | An empty string is far more often a missing setting than a wish to open something; an empty list does open the operation |
//! | A method without a rule | Requires nothing more | `ping`, `initialize` and notifications must work for every authenticated caller |
//! | GET, HEAD, DELETE, OPTIONS | Require nothing more | They carry no operation: they open streams or end a session |
//! | The owner of a session | The principal (issuer, client and subject) whose request made the server assign the id | The token changes with each refresh; the subject alone can be equal at two issuers or in two clients |
//! | A token that names neither a subject nor a client | Owns no session; [`AuthInfo::principal`](crate::AuthInfo::principal) is `None` | All such tokens of an issuer would be the same principal |
//! | A session id with another principal's token | 404, byte for byte rmcp's response for an unknown session | The client then starts its own session, and a stolen id cannot be told from an invented one |
//! | A session id with the protocol of 2026-07-28, which has no sessions | Rejected if the session belongs to another principal; otherwise never bound | Servers ignore the header in that version, so success says nothing about the session |
//! | An unknown session | Belongs to the first principal who uses it successfully; 404 with [`strict`](crate::mcp::SessionBindingLayer::strict) | Servers may keep sessions elsewhere, and beyond the life of this process |
//! | Two session ids in a request, or an id that is very long or not visible ASCII | 404 | The server might read the other one |
//! | A session store that fails | 503, and the id from the server is not sent to the client | A session without an owner could be taken over by anybody |
//! | Too many sessions | A user at its limit loses one of its own sessions; when the store is full, the user with the most sessions loses one. It is the one that has been unused for longest | Nobody can evict the sessions of others, not with any number of clients either |
//! | A 404 of the server within a session | Ends the session only as the response to a GET that opens a new stream, from a server that has opened one before | Such a request names nothing but the session. A message names a method, a tool or a resource, and `Last-Event-ID` an event, which may be what the server does not find |
//! | A token that expires during a stream | Decided by [`StreamExpiry`](crate::config::StreamExpiry): `new` lets the stream continue; [`mcp`](crate::JwtAuthLayer::for_mcp) ends notification streams at `exp`, or when the token is too old, plus leeway | The spec requires nothing. Ending the stream of a call loses its result, because clients and servers take it for a cancellation |
//! | An issuer that is no longer trusted, while a stream is open | Every event stream of its tokens ends, also one with the response to a call ([`replace_issuers`](crate::JwtAuthLayer::replace_issuers)) | A stream that went on would be access that the issuer still grants. New settings of an issuer count as a new issuer |
//! | `Authorization` behind the layer | Marked sensitive; removed by [`mcp`](crate::JwtAuthLayer::for_mcp) | A proxy or a log behind an ordinary service may rely on it. An MCP server must not pass it on |
//!
//! # Defaults
//!
//! Every number is a constant in [`limits`](crate::limits), with its reason. In short:
//!
//! | default | value | reason |
//! | --- | --- | --- |
//! | token | 16 KiB | Providers stay under 8 KiB, which is the usual limit of servers for all headers together |
//! | claims that are read before their signature | 4 KiB | Most access tokens are smaller |
//! | decoded header | 10,000 bytes | Real headers are under 300 bytes |
//! | leeway | 60 s, at most 5 min | RFC 7519 §4.1.4, "a few minutes". Without leeway, a fresh token fails on a clock that is a second behind, and clients give up |
//! | key set, metadata document | 256 KiB, 128 keys | The largest published set known to us has 12 KiB |
//! | keys tried per `kid` | 4 | More is a mistake, and each one costs a verification |
//! | connecting, whole fetch | 2 s, 5 s | Requests may have to wait for it |
//! | `max_age` | 10 min | Limits how long a withdrawn key is trusted |
//! | `min_age`, the shortest `max-age` of the issuer that is honoured | 5 min | Some issuers send 15 s or 0. A new key needs no short life, because the first token that names it causes a fetch |
//! | refresh ahead | 80 % of `max_age` | Leaves two minutes for several attempts |
//! | `max_stale` | 24 h | Outages last hours. After a day, a withdrawn key must no longer be trusted |
//! | fetches for unknown `kid`s | 2, one more per 30 s | A single junk `kid` just before a rotation delays nothing |
//! | back-off | 1 s, doubling to 30 s | Recovers quickly from a short failure and adds no load during an outage |
//! | rest of a rejected request | 4 MiB, 2 s, 64 at a time | Clients that send everything first get to read the response. 4 MiB is the longest message that is accepted |
//! | algorithms | every asymmetric one | The key narrows it further: a set rarely holds two types |
//! | `iss`, `aud`, `exp` | required | RFC 9068 §2.2. Without one of them a token would be valid forever, for everybody, or from anybody |
