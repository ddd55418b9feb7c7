//! What is refused: every check in order, and every response.
//!
//! Callers are never told which check failed: it would help forgers more than anybody else. The log
//! is told, and [`troubleshooting`](super::troubleshooting) explains each reason.
//!
//! # The checks, in order
//!
//! The cheapest come first: most invented tokens cost neither a signature check nor a fetch.
//!
//! | step | rejected | why |
//! | --- | --- | --- |
//! | 1 | a token over 16 KiB ([`max_token_bytes`](crate::config::JwtAuthConfigBuilder::max_token_bytes)), or with more members and values than the [limits](crate::limits) | It bounds all later work |
//! | 2 | not three segments; padding, line breaks or nonzero trailing bits in base64url; no signature | RFC 7515 §2, §7.1. A token has one spelling |
//! | 3 | a header that is not one JSON object, repeats a member or is over 10,000 bytes; `crit`, `b64`, `enc`, `zip` of `DEF`, a nested `cty`; an unknown `alg` (such as `none`) | RFC 7515 §4, §4.1.11, RFC 7797 §7. No extension is supported |
//! | 4 | claims that are not one JSON object, repeat a member or have a wrong type (`"exp": "1"`, `"aud": null`) | RFC 7519 §4. A token has one meaning |
//! | 5 | `alg` not in the list; `typ` other than absent, `JWT`, `at+jwt`, `application/at+jwt`; a claim `events` | RFC 8725 §3.1, §3.11, §3.12. A logout token, an ID-JAG or a DPoP proof is not an access token. Issuers also sign logout tokens without such a `typ` |
//! | 6 | `iss` or `aud` absent, or not byte for byte a configured one | RFC 7519 §4.1.1, §4.1.3, RFC 8707 §2. The token is for another server |
//! | 7 | `exp` absent or passed; `nbf` or `iat` in the future; `exp` before either; with `max_token_age`: too old, or no `iat` | RFC 7519 §4.1.4 to §4.1.6 |
//! | 8 | with `rfc9068`: no `sub`, `client_id`, `iat` or `jti`; with `cognito` and `keycloak`: another kind of token; a `cnf` whose proof is missing | RFC 9068 §2.2. A key-bound token without its proof may be stolen (RFC 9449 §7.2, RFC 8705 §3) |
//! | 9 | no key with this `kid`; none that fits `alg`; no `kid` and several keys fit | RFC 7517 §4. No key is guessed, and `jwk`, `jku`, `x5u`, `x5c` of a token are never read (RFC 8725 §3.10) |
//! | 10 | a signature that does not verify | RFC 7515 §5.2 |
//! | 11 | a token that your own [`check`](crate::config::JwtAuthConfigBuilder::check) rejects | It runs after all other checks, so that it sees verified claims |
//!
//! A token that names an unknown key waits for one fetch, which all such requests share, and is
//! then looked at once more; [`operations`](super::operations#the-three-budgets) has the budgets.
//! Claims of more than [4 KiB](crate::limits::MAX_UNVERIFIED_CLAIMS_BYTES) are read after step 10,
//! so that a forger makes nobody read them. Before it, what stands in their first KiB is checked as
//! in steps 5 to 7: `events`, `iss`, `aud` and the times. A large token with several faults, of
//! which one can be its signature, can therefore be refused for another of them than a small one. A
//! fetch still needs a token that has passed steps 4 to 8. With several issuers, claims whose first
//! KiB does not name the issuer are read at step 4.
//!
//! With one issuer, once its keys are known to lack a `kid`, tokens with that `kid` are rejected
//! after step 3 until the next fetch for it is allowed.
//!
//! # The responses
//!
//! | situation | status | `WWW-Authenticate` | `error` in the JSON body |
//! | --- | --- | --- | --- |
//! | no `Authorization`, or another scheme | 401 | `Bearer scope="..", resource_metadata=".."`, no `error` | `unauthorized` |
//! | bad syntax, or rejected by a check above | 401 | `Bearer error="invalid_token", scope="..", resource_metadata="..", error_description=".."` | `invalid_token` |
//! | with `dpop`: the proof is wrong, or was used before | 401 | `DPoP error="invalid_dpop_proof", scope="..", resource_metadata="..", algs=".."` | `invalid_dpop_proof` |
//! | with `dpop`: the proof needs a nonce | 401 and `DPoP-Nonce` | `DPoP error="use_dpop_nonce", ..` | `use_dpop_nonce` |
//! | more than one `Authorization` header | 400 | `Bearer error="invalid_request", resource_metadata="..", error_description=".."` | `invalid_request` |
//! | a scope is missing | 403 | `Bearer error="insufficient_scope", scope="..", resource_metadata="..", error_description=".."` | `insufficient_scope` |
//! | the token may be valid, but its issuer's keys, or its introspection endpoint, are unavailable | 503 and `Retry-After` | none | `temporarily_unavailable` |
//! | the key of the token is unknown, and no fetch is left to look for it | 429 and `Retry-After` | none | `too_many_requests` |
//! | `Claims<T>`: the claims do not fit `T`; a `check` returns `Forbidden`; an MCP operation that is not listed or cannot be read | 403 | none | `access_denied` |
//! | another principal's session, or (`strict`) an unbound one | 404, the same as rmcp's for an unknown session | none | no JSON |
//! | the token may be valid, but this process has not read the list of revocations ([`fleet`](../fleet/index.html)) yet | 503 and `Retry-After` | none | `temporarily_unavailable` |
//! | the session store fails | 503 and `Retry-After` | none | `temporarily_unavailable` |
//! | one user has begun as many sessions in an hour as [`Fleet::sessions`](crate::fleet::Fleet::sessions) allows | 429 and `Retry-After` | none | `too_many_requests` |
//! | an extractor or an inner layer without `JwtAuthLayer` | 500 | none | `server_error` |
//!
//! - Bodies are `application/json` with `Cache-Control: no-store`.
//! - `scope` is left out when no scope is needed, and `realm` comes first if it is set. The order
//!   never changes, and all responses of a kind are identical, because clients compare whole lines.
//! - A rejected request never reaches the service, and its body is dropped unread.
//!   [`DrainRefusedLayer`](crate::DrainRefusedLayer), which `protect` puts outside the layer, reads
//!   the rest over HTTP/1, so that the client gets the response.
//! - [`on_rejection`](crate::JwtAuthLayer::on_rejection) replaces the body and adds headers. It
//!   cannot change the verdict.
//! - A rejection is an HTTP response with a JSON body, also for gRPC.
//!   `extras/frameworks/src/grpc.rs` in the repository turns it into a gRPC status, in such a hook.
//!
//! [`mcp`](super::mcp#how-clients-interpret-responses) says what clients do with each of them.
