//! Where specifications leave a choice or systems disagree: what was decided, and why.
//!
//! The rule behind most rows: a token must have one meaning, and a caller who may be a forger gets no benefit of a doubt; a key set comes from
//! a trusted party that makes mistakes, and one mistake must not lock everybody out.
//!
//! # Tokens
//!
//! | question | decision | reason |
//! | --- | --- | --- |
//! | No `kid` in the token | Accepted when exactly one usable key of the issuer fits `alg`; with several it is refused | RFC 7515 §4.1.4 makes `kid` optional. Trying all keys would let a forger try as many keys as there are |
//! | `kid` that no key has | One refresh, within the budget, then 401. Never another key, even if it is the only one | The only key may be the old one. A static `jwk` or PEM text without a `kid` of its own is meant for every token, and so fits any |
//! | `alg` names | Byte for byte (RFC 7515 §4.1.1). `EdDSA` and `Ed25519` are one | RFC 9864 §2.2 renamed the one that everybody uses. Ed448 is not supported |
//! | `typ` | Absent, `JWT`, `at+jwt`, `application/at+jwt`, in any case; with `rfc9068` only the latter two | Most providers send one of the first two, RFC 9068 §4 names the others. Anything else is another kind of token (RFC 8725 §3.11) |
//! | `cty` | A nested JWT is refused, anything else passed over | RFC 7519 §5.2. Nothing is unpacked, so what is inside would be unverified |
//! | `crit` | Always refused, also when empty or when it lists known names | RFC 7515 §4.1.11. No extension is understood, and a list of known names is an error of its own |
//! | `b64`, `zip`, `enc` in a signed token | Refused, also without `crit` | RFC 7797 §7 forbids the first in a JWT; the others belong to JWE, and nobody should wonder whether they were applied |
//! | Unknown header members | Passed over | RFC 7515 §4 |
//! | Repeated members of header or claims | Refused, whatever their name. Objects inside a claim are not looked at | RFC 7515 §4 and RFC 7519 §4 allow either to refuse or to take the last. Two parsers then read two tokens |
//! | Very many members or values | Above 256 members, or 1,024 values ([`MAX_JSON_MEMBERS`](crate::limits::MAX_JSON_MEMBERS), [`MAX_JSON_VALUES`](crate::limits::MAX_JSON_VALUES)), header or claims are refused | No provider comes near, and what nobody signed must not cost more than three verifications (N46) |
//! | base64url with padding, line breaks, `+` `/`, spare bits set | Refused in tokens | RFC 7515 §2. Another spelling of the same token defeats lists of revoked tokens and caches |
//! | Whitespace | Refused around and in segments, and after the token; passed over around the JSON inside a segment, where it was signed | RFC 7515 §2, RFC 8259 §2. HTTP servers have cut whitespace from the ends of a header value before |
//! | An RSA signature whose `DigestInfo` lacks its NULL | Refused | RFC 8017 §9.2. Some libraries take it, and then one signature has two spellings |
//! | `exp` equal to now | Expired, when leeway is zero: a token is good while now is below `exp` plus leeway | RFC 7519 §4.1.4, "on or after" |
//! | `nbf` or `iat` equal to now | Good: they must not lie after now plus leeway | RFC 7519 §4.1.5 |
//! | `iat` in the future | Refused, beyond the leeway | RFC 7519 §4.1.6 leaves it open. Such a token was made by a broken clock or a forger |
//! | `exp` before `nbf` or `iat` | Refused, even where the leeway would let it pass | It was never valid |
//! | Fractions of seconds | Compared as they are; [`AuthInfo::expires_at`](crate::AuthInfo::expires_at) rounds down | RFC 7519 §2 allows them |
//! | Dates beyond 2^53 | Refused | Readers of JSON do not agree on them (RFC 7493 §2.2), and no date is that far |
//! | Numbers elsewhere | Passed over, as long as they are JSON within the range of a double | Nothing is decided by them |
//! | `null` in a claim that decides something (`iss`, `aud`, `exp`, `nbf`, `iat`, `sub`, `jti`, `scope`, `scp`) | Refused | RFC 7519 §4.1 gives each a type, and null is none of them. Absent is another thing |
//! | `null`, or a wrong type, in `azp`, `client_id`, `cid`, `appid` | As if absent | They name the client, and providers use them freely |
//! | `exp` as a string | Refused | RFC 7519 §2: a number |
//! | `iss` | Required; byte for byte; no list | RFC 8414 §2, RFC 9068 §4. A slash, a port or a capital is another issuer |
//! | `aud` | Required; a string or a list of strings; any match, byte for byte, no prefix, no normalisation | RFC 7519 §4.1.3. Normalising is where confusions come from; list both spellings instead |
//! | `sub`, `iat`, `jti` | Optional, and of the right type where present; required with `rfc9068` | Machine tokens of several providers lack them |
//! | Scopes | `scope` and `scp` together, each a string or a list of strings; split at U+0020 only; any other type refuses the token | Providers use all four forms. A wrong type read as "no scopes" hides a mistake |
//! | Characters in scopes | Not judged | A scope that is odd matches nothing, and the answer is 403 |
//! | Roles, groups, permissions | Not scopes | They say what a user may do, not what was delegated to a client. Read them with [`AuthInfo::claim`](crate::AuthInfo::claim) |
//! | The client's name | `azp`, `client_id`, `cid`, `appid`, in this order; `azp` is skipped when it is a bare web origin; else `"jwt"`; never `sub` or `aud` | One name for what providers spell in four ways. Clerk puts the browser's origin into `azp` |
//! | `cnf` | Refused, whatever it holds, `null` too | RFC 9449 §7.2. Its proof is not checked, and without it the token may be stolen |
//! | A token that lives long | `exp` alone decides; [`max_token_age`](crate::JwtAuthConfigBuilder::max_token_age) bounds `iat` too, and then `iat` is required | Off, because some providers issue for a day on purpose. A bound on a claim that may be absent bounds nothing |
//! | Checks of the application | [`check`](crate::JwtAuthConfigBuilder::check): asked for each request, after every other check of the token and before scopes; all must agree; it can refuse with 401 or with 403, and never let in | Before scopes, so that nobody is told what to ask for with a token that is revoked. Synchronous: one that waits for a network would make each request wait, and needs a cache of its own anyway |
//! | Amazon Cognito, whose access tokens have no `aud` | By choice: [`cognito`](crate::JwtAuthConfigBuilder::cognito) asks for a listed `client_id` and `token_use` `access` in its place; an `aud` that is there must match | Never by default: it ties a token to a client, not to a server |
//! | Keycloak, whose tokens all say `JWT` | By choice: [`keycloak`](crate::JwtAuthConfigBuilder::keycloak) wants the claim `typ` to be `Bearer` | Others put other things into that claim. `aud` keeps ID tokens out already |
//! | Issuers for every tenant (`common`, `organizations`, `consumers`, `{tenantid}` of Entra ID) | An error of `build` | No token names one. Filling the template in from the token would let it choose its issuer: any tenant of anybody |
//!
//! # Keys
//!
//! | question | decision | reason |
//! | --- | --- | --- |
//! | One bad key in a set | Skipped with a [reason](crate::SkipReason); the others count | RFC 7517 §5. Sets hold encryption keys and types that are newer than we are |
//! | A set without any usable key, `{"keys": []}` too | A failed fetch; the old set stays | An issuer with no keys is a mistake far more often than a decision. `max_stale` bounds it |
//! | Two keys with one `kid` | Those that fit `alg` are tried, at most four | Some issuers reuse a `kid` while they rotate. RFC 7517 §4.5 says only that they should not |
//! | A JWK without `alg` | Fits every algorithm of its type and curve | RFC 7517 §4.4 makes it optional, and Entra ID and others leave it out. The allow-list still holds |
//! | A JWK whose `alg` contradicts `kty` or `crv` | Skipped | RFC 7517 §4.4. One of the two is wrong, and we do not know which |
//! | `use`, `key_ops` | Bind where present: `sig`, and `verify` among the operations; a repeated one makes the key unusable | RFC 7517 §4.2, §4.3. Absent, a key is for anything |
//! | `key_ops` of more than 16 entries | The key is skipped | RFC 7517 §4.3 knows eight. Looking for repeats takes time that grows with the square of the list |
//! | Private members (`d`, `p`, `priv` and so on) | The public part is used, and an error is logged | Refusing it would stop the service without making the key any less public |
//! | Padding, or `+` and `/`, in `n`, `e`, `x`, `y`, `pub`, `k` | Tolerated | Providers publish it. That a key has two spellings harms nobody, unlike a token |
//! | Leading zero octets in `n` and `e` | Stripped | RFC 7518 §2 forbids them, and some publish them |
//! | Coordinates that are too short or too long | Skipped | RFC 7518 §6.2.1.2 wants full length |
//! | X25519, X448, Ed448, secp256k1 and types that nobody knows | Skipped | For key agreement, or not supported. RFC 7517 §5 wants sets to be read on |
//! | RSA below 2048 or above 8192 bits; modulus even; exponent even, below 3 or above 2^33 | Skipped | RFC 7518 §3.3; cost of a verification |
//! | An Ed25519 key of small order, or one that is no point | Taken; the latter verifies nothing. `R` is compared as it is written, `S` must be below the order | RFC 8032 §5.1.7, without the factor 8. The issuer's key is the issuer's matter; what counts is that the crypto back ends agree |
//! | `s` in the upper half in ECDSA | Good | RFC 7518 §3.4 knows no lower half |
//! | `oct` keys in a fetched set | Skipped | A secret that is published is none |
//! | `x5c`, `x5t`, `x5u` in a key | Never read | They can contradict `n` and `e`, and certificates are another trust model |
//! | The bad signature of a known `kid` | One refresh per `cooldown`, none while the set is young, then one more look | Some issuers reuse a `kid` for a new key. More would let anybody drive fetches |
//!
//! # Answers
//!
//! | question | decision | reason |
//! | --- | --- | --- |
//! | A malformed `Authorization: Bearer` | 401 `invalid_token` | RFC 6750 §3.1 also knows 400 `invalid_request`, but MCP clients start no login on 400 |
//! | Two `Authorization` headers | 400 `invalid_request` | No client does that by itself, and no login mends it |
//! | No credentials, or another scheme | 401 without `error` | RFC 6750 §3.1 |
//! | Keys that cannot be had | 503 and `Retry-After` | Not the caller's fault. 401 would cost good tokens, 500 would not be tried again |
//! | Which check failed | Not told | It helps forgers more than anybody |
//! | Several tokens, or `,` in the line | Bad syntax, 401 | Which one counts is anybody's guess |
//! | `?access_token=` and form bodies | Never read | RFC 6750 §2.3 advises against the query, and MCP forbids it. A body would have to be read before the verdict |
//! | A 403 for claims that do not fit | Without a challenge | Clients take a challenge for a lack of scopes |
//!
//! | A 403 for scopes | Lists what the operation needs together with `required_scopes`; [`challenge_operation_scopes_only`](crate::JwtAuthConfigBuilder::challenge_operation_scopes_only) leaves the latter out | Clients of MCP before 2026-07-28 ask next for just what is listed. Later ones add the two themselves |
//! | `realm` in challenges | Where it is set, or when there is nothing else to say | RFC 6750 §3 makes it optional. MCP clients look at `resource_metadata`, and its absence keeps the line short |
//! | `offline_access` | An error in `required_scopes` and `scopes_supported`; where an operation demands it, left out of the challenge | MCP authorization, "Refresh Tokens": it is between a client and its issuer |
//! | `scopes_supported` of the metadata | `required_scopes`, unless set | Clients ask for all of it at first. The catalogue would ask users for everything before they used anything |
//!
//! # MCP
//!
//! | question | decision | reason |
//! | --- | --- | --- |
//! | Where the operation is read | From `Mcp-Method` and `Mcp-Name` when the version is 2026-07-28 or later and each is there once; else from the body | MCP, "Server Validation": below that version nobody checks the headers against the body. Versions compare as the dates that they are |
//! | An operation that cannot be read | Needs every scope of the map. A token that has them all passes, and the body is not even read. Without them: 403, and no challenge | The server may find a reading that we do not. With every scope there is nothing to gain by that. And nobody should be asked to grant everything for it |
//! | A member that is repeated, or spelt in another case; a list where an object should be | Cannot be read | Readers of JSON differ in which one counts |
//! | A batch | Needs what all of its messages need; at most 100 of them | One request, one answer: 403 cannot be given for a part |
//! | A tool, prompt or resource that no rule names | Once one of its kind has a rule: what all listed ones need together, and no challenge; [`unlisted`](crate::McpScopes::unlisted) says otherwise | A new tool is closed by oversight, not open |
//! | A URI with dot segments or backslashes under a rule for a prefix | Needs the scopes of all resources | It may lead out of the prefix when the server resolves it |
//! | A rule with an empty scope | A scope that no token has | It is an empty setting far more often than a wish to open something; an empty list opens |
//! | A method that no rule names | Needs nothing more | `ping`, `initialize` and notifications must work for everybody who is let in |
//! | GET, HEAD, DELETE, OPTIONS | Need nothing more | They carry no operation: streams, and the end of a session |
//! | Whose a session is | The principal's whose request made the server give the id: issuer, client and subject | The token changes with each refresh; the subject alone is the same at two issuers and in two clients |
//! | A token that names neither a subject nor a client | Owns no session; [`Principal::of`](crate::Principal::of) is `None` | All such tokens of an issuer would be one principal |
//! | A session id with somebody else's token | 404, to the byte rmcp's own answer for an unknown one | A client then begins a session of its own; and a stolen id cannot be told from a made-up one |
//! | A session id with the protocol of 2026-07-28, which has no sessions | Refused if it is somebody else's, and bound to nobody | Servers pass over the header there: success says nothing about the session |
//! | A session that is not known | The first who uses it with success has it; 404 with [`strict`](crate::SessionBindingLayer::strict) | Servers may keep sessions elsewhere, and outlive this process |
//! | Two session ids in a request, or one that is no visible ASCII, or very long | 404 | The server might read the other one |
//! | A session store that fails | 503, and the id that the server gave is not handed out | A session that belongs to nobody would belong to anybody |
//! | Too many sessions | The one that was used longest ago is forgotten, of the same principal first | Nobody can push out the sessions of others |
//! | A token that expires in mid-stream | By [`StreamExpiry`](crate::StreamExpiry): `new` lets the stream go on, [`mcp`](crate::JwtAuthLayer::mcp) ends those of listeners, at `exp`, or when the token is too old, and the leeway | The spec asks for nothing. The end of a call's stream loses its result, since clients and servers take it for a cancellation |
//! | `Authorization` behind the layer | Marked sensitive; removed by [`mcp`](crate::JwtAuthLayer::mcp) | A proxy or a log behind an ordinary service may count on it. An MCP server must not pass it on |
//!
//! # Defaults
//!
//! Every number is a constant in [`limits`](crate::limits), with its reason. In short:
//!
//! | default | value | reason |
//! | --- | --- | --- |
//! | token | 16 KiB | Providers stay under 8 KiB, which is what servers commonly allow for all headers |
//! | decoded header | 10,000 bytes | Real ones take under 300 |
//! | leeway | 60 s, at most 5 min | RFC 7519 §4.1.4, "a few minutes". With none, a fresh token fails on a clock that is a second behind, and clients give up |
//! | key set, metadata document | 256 KiB, 128 keys | The largest published set that we know of has 12 KiB |
//! | keys tried per `kid` | 4 | More is a mistake, and each costs a verification |
//! | connecting, whole fetch | 2 s, 5 s | Requests may have to wait for it |
//! | `max_age` | 10 min | Bounds how long a withdrawn key is trusted |
//! | shortest `max-age` of the issuer that counts | 30 s | Some send 0, which would mean a fetch for each request |
//! | refresh ahead | 80 % of it | Leaves two minutes for several attempts |
//! | `max_stale` | 24 h | Outages last hours. After a day, a key that was withdrawn must not be trusted any more |
//! | fetches for unknown `kid`s | 2, one more per 30 s | One junk `kid` just before a rotation costs nothing |
//! | back-off | 1 s, doubling to 30 s | Quick after a hiccup, and no burden in an outage |
//! | algorithms | every asymmetric one | The key bounds it: one set rarely holds two types |
//! | `iss`, `aud`, `exp` | required | RFC 9068 §2.2. Without any of them a token is good for ever, for everybody, or from anybody |
