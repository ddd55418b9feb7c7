//! Why is my token refused? The response never says why; the log does.
//!
//! # Where the reason is
//!
//! Events go to the `tracing` subscriber of your program, and without one there is no log. Run
//! `cargo add tracing-subscriber`, and begin `main` with `tracing_subscriber::fmt::init()`: it
//! shows `info` and above. With its feature `env-filter` it shows errors alone until `RUST_LOG`
//! says more.
//!
//! - At the default level, the event `refusals` (WARN) names the first rejection for each reason,
//!   and then at most one a minute, with their number. `code` is the reason in the tables below,
//!   `example` what the token named and what is accepted. Requests without a token, and with
//!   `Basic` and the like, are not counted.
//! - At level debug, `request_refused` has the same for each rejection:
//!   `RUST_LOG=tower_jwt_auth=debug`.
//! - In code, [`Rejection::token_error`](crate::Rejection::token_error) and its
//!   [`code`](crate::error::TokenErrorKind::code), for example in the hook of
//!   [`on_rejection`](crate::JwtAuthLayer::on_rejection).
//! - [`keys_health`](crate::JwtAuthLayer::keys_health) says which keys are in use, which algorithms
//!   they verify, which keys are skipped and why, and what the last fetch met.
//! - `cargo run --example doctor` takes a configuration and, if you have one, a token. It says what
//!   is right and wrong with the configuration, the issuers, their keys, the clocks and the token,
//!   and what to do. Of a token with several faults, it names each. Its output can be pasted into a
//!   bug report:
//!
//! ```sh
//! cargo run --example doctor -- --config auth.json --token-file - <token.txt
//! ```
//!
//! No event has a token in it, and of its content only `iss`, `aud`, `kid`, `typ` and `alg`.
//!
//! # The usual causes
//!
//! 1. `issuer_unknown`: `issuer` differs from `iss` by a slash, or is the URL of a document.
//! 2. `audience_unknown`: the client did not name this server when it requested the token.
//! 3. `not_a_jwt`: the issuer gives this client opaque tokens.
//! 4. `type_wrong`: the client sends its ID token.
//! 5. `token_expired`: the client does not refresh, or the clocks differ.
//! 6. `temporarily_unavailable`: the key set cannot be fetched; `fetch_failed` says why.
//!
//! # Reasons that are about the token
//!
//! | code | meaning | what to do |
//! | --- | --- | --- |
//! | <a id="algorithm_not_allowed"></a>`algorithm_not_allowed` | `alg` is none of the algorithms that are allowed | Set `algorithms`, or let the issuer sign with one of them. `none` is never accepted |
//! | <a id="audience_unknown"></a>`audience_unknown` | `aud` names no accepted audience | Compare the value that came with `audience` (default: `resource`): a slash, a port or a capital letter counts. Or let the client request a token for this server (`resource`, RFC 8707) |
//! | <a id="certificate_mismatch"></a>`certificate_mismatch` | The token is bound to a certificate, and the request came with another one or with none | Let the client use the certificate with which it got the token. Behind a proxy, look at `mtls.header` and `trusted_peers` |
//! | <a id="check_refused"></a>`check_refused` | A `check` of your application refused the token | Look into your `check` |
//! | <a id="claim_missing"></a>`claim_missing` | A claim that is required is missing; the event names it | Tokens without `aud` need `danger_missing_audience_for_clients` or `cognito`. With `rfc9068`, `sub`, `client_id`, `iat` and `jti` are required |
//! | <a id="claims_malformed"></a>`claims_malformed` | The claims are not one JSON object, or a claim has the wrong type; the event names it | A bug of the issuer, or the claim of `scope_claims` holds something else |
//! | <a id="client_unknown"></a>`client_unknown` | The client is none of those that `cognito` lists | Add the client |
//! | <a id="confirmation_unsupported"></a>`confirmation_unsupported` | `cnf` names no key, or names it in a way that is not supported | Let the issuer bind tokens with `jkt` (DPoP) or `x5t#S256` (certificates) |
//! | <a id="dpop_off"></a>`dpop_off` | The scheme is `DPoP`, and this server does not take proofs | Set `dpop`, or let the client use `Bearer` |
//! | <a id="encoding_invalid"></a>`encoding_invalid` | A segment is not canonical base64url | Something on the way has changed the token: line breaks, padding, `+` and `/` |
//! | <a id="header_malformed"></a>`header_malformed` | The header is not one JSON object, or a member has the wrong type | A bug of the issuer, or not an access token |
//! | <a id="header_unsupported"></a>`header_unsupported` | The header has `crit`, `b64`, `enc`, `zip` of `DEF` or a nested `cty` | Let the issuer leave it out |
//! | <a id="issued_in_the_future"></a>`issued_in_the_future` | `iat` lies in the future | Set the clocks by NTP |
//! | <a id="issuer_unknown"></a>`issuer_unknown` | `iss` is not a configured issuer | Compare the value that came with `issuer`, byte for byte: a slash at the end counts. Or the token comes from another issuer: add it to `issuers` |
//! | <a id="key_ambiguous"></a>`key_ambiguous` | The token has no `kid`, and several keys fit | Let the issuer set `kid` |
//! | <a id="key_mismatch"></a>`key_mismatch` | No key with this `kid` fits `alg` | The key set of the issuer contradicts its tokens |
//! | <a id="key_unknown"></a>`key_unknown` | No key has this `kid` | The token comes from another issuer, or the issuer has not published its key yet. `keys_health()` lists the keys in use, and why others are skipped |
//! | <a id="not_a_jwt"></a>`not_a_jwt` | The token is not a compact JWS of three segments | It may be opaque: let the client name this resource when it requests a token, or set the issuer to issue JWTs, or ask the issuer about such tokens ([`introspection`](super::introspection)) |
//! | <a id="not_bound_to_key"></a>`not_bound_to_key` | The token is not bound to a key, but came with the scheme `DPoP`, or `require_bound_tokens` is set | Let the client send a proof to the token endpoint too, and let the issuer bind its tokens |
//! | <a id="not_yet_valid"></a>`not_yet_valid` | `nbf` lies in the future | Set the clocks by NTP, or raise `leeway` |
//! | <a id="proof_missing"></a>`proof_missing` | The token is bound to a key (`cnf`), and the request does not prove that its sender holds the key | Turn on `dpop` or `mtls`, or let the issuer issue bearer tokens for this server. With `dpop`, the client must use the scheme `DPoP` |
//! | <a id="proof_of_other_key"></a>`proof_of_other_key` | The DPoP proof is made with another key than the one that the token is bound to | The client has lost its key: let it get a new token. Or the token is stolen |
//! | <a id="revoked"></a>`revoked` | The token, its session, its user, its client or all tokens of its issuer were revoked ([`fleet`](../fleet/index.html)) | The user signs in again. If new logins are refused too, the tokens have no `iat`, or the clock of the issuer is behind |
//! | <a id="scheme_missing"></a>`scheme_missing` | The `Authorization` header is a token alone | Write `Bearer` and a space in front of it |
//! | <a id="scheme_repeated"></a>`scheme_repeated` | `Bearer` stands in front of the token twice | Remove one: some tools add it themselves |
//! | <a id="scheme_unknown"></a>`scheme_unknown` | The `Authorization` header has another scheme, such as `Token` or `JWT`. The event does not show it, as it may be a part of a secret | Write `Bearer` |
//! | <a id="security_event"></a>`security_event` | The claim `events` makes the token a logout token or another security event token (RFC 8417) | Send the access token. An issuer with a claim of its own by that name must rename it |
//! | <a id="signature_invalid"></a>`signature_invalid` | The signature does not verify | The token was changed or forged, or the issuer uses one `kid` for two keys. Claims of more than 4 KiB are read after the signature: they may have other faults |
//! | <a id="times_inconsistent"></a>`times_inconsistent` | `exp` lies before `nbf` or `iat` | A bug of the issuer |
//! | <a id="token_empty"></a>`token_empty` | Nothing follows `Bearer` | The variable that should hold the token is empty |
//! | <a id="token_expired"></a>`token_expired` | `exp` has passed | Let the client refresh its token. If it has just been issued, set the clocks by NTP |
//! | <a id="token_malformed"></a>`token_malformed` | The value after `Bearer` has characters that no token has | A space, a comma or a line break: is it one token? |
//! | <a id="token_not_active"></a>`token_not_active` | The introspection endpoint says that the token is not active | The token is expired, revoked or of another issuer. Some servers also say so when the client that asks may not see the token: look at its set-up there |
//! | <a id="token_quoted"></a>`token_quoted` | The token is in quotes | Remove them |
//! | <a id="token_too_large"></a>`token_too_large` | The token is larger than `max_token_bytes` | Raise `max_token_bytes`, or let the issuer leave out groups and roles |
//! | <a id="token_too_old"></a>`token_too_old` | `iat` is longer ago than `max_token_age` | Raise it, or let the client refresh its token |
//! | <a id="too_many_values"></a>`too_many_values` | The token has more members or values than are read | Let the issuer leave out groups and roles |
//! | <a id="type_wrong"></a>`type_wrong` | `typ` is not that of an access token | Send the access token, not an ID token. With `keycloak` or `cognito`, the claim with the kind of token decides |
//!
//! # Reasons that are about the proof
//!
//! The challenge says these in a sentence, and the event names the check. No event has a proof in
//! it.
//!
//! | code | meaning | what to do |
//! | --- | --- | --- |
//! | <a id="dpop_key_not_accepted"></a>`dpop_key_not_accepted` | `alg` is none of `dpop.algorithms`, or `jwk` is no public key that fits it | The challenge lists the algorithms (`algs`). A client that sends its private key must leave it out |
//! | <a id="dpop_proof_malformed"></a>`dpop_proof_malformed` | The `DPoP` header is not one JWT with the members of a proof | A bug of the client, or a proxy that joins headers |
//! | <a id="dpop_proof_missing"></a>`dpop_proof_missing` | The scheme is `DPoP`, and there is no `DPoP` header | Each request needs one. A proxy may remove headers that it does not know |
//! | <a id="dpop_proof_not_fresh"></a>`dpop_proof_not_fresh` | `iat` is too far from the clock, or `exp` has passed | Set the clocks by NTP. With `nonce` `auto`, a client whose clock is wrong by up to 5 minutes gets a nonce |
//! | <a id="dpop_proof_repeated"></a>`dpop_proof_repeated` | More than one `DPoP` header | A proxy or a wrapper of the client adds one |
//! | <a id="dpop_proof_replayed"></a>`dpop_proof_replayed` | The proof was accepted before | Each request needs a proof of its own. A proxy that repeats requests repeats their proofs: turn such retries off |
//! | <a id="dpop_signature_invalid"></a>`dpop_signature_invalid` | The signature does not verify under the key in the proof | A bug of the client: ECDSA signatures are r and s (RFC 7518 §3.4), not DER |
//! | <a id="dpop_token_mismatch"></a>`dpop_token_mismatch` | `ath` is not the hash of this access token | A client that has refreshed its token must make a new proof |
//! | <a id="dpop_url_mismatch"></a>`dpop_url_mismatch` | `htm` or `htu` is not the method or the URL of this request | The event `dpop_url_mismatch` has both URLs. Behind a proxy that removes a part of the path, set `dpop.public_url` |
//! | <a id="use_dpop_nonce"></a>`use_dpop_nonce` | The proof needs a nonce, or another one | How clients begin; not counted in `refusals`. A client that never repeats the request does not support nonces |
//!
//! # Other reasons
//!
//! | code | meaning | what to do |
//! | --- | --- | --- |
//! | <a id="access_denied"></a>`access_denied` | The claims do not fit the handler, a `check` said `Forbidden`, or an MCP operation has no rule | No further scope would help |
//! | <a id="insufficient_scope"></a>`insufficient_scope` | A scope is missing | The challenge names it. Scopes in `roles` or `permissions` need `scope_claims` |
//! | <a id="introspection_unavailable"></a>`introspection_unavailable` | The introspection endpoint of the issuer has not answered, or not as RFC 7662 says | The events `introspection_failed` and `introspection_refused` name the cause |
//! | <a id="invalid_request"></a>`invalid_request` | More than one `Authorization` header, or more than one value of another of the `token_sources` | A proxy may add one. Browsers send two cookies of one name if they were set for two paths |
//! | <a id="replay_unavailable"></a>`replay_unavailable` | Whether a DPoP proof was used before cannot be said | The shared store is down or slow; or more proofs arrive than are remembered: raise `dpop.replay_entries` |
//! | <a id="revocations_unread"></a>`revocations_unread` | This process has not read the list of revocations yet | The store is down or slow. It passes within `revocations_at_start`, unless that is `"required"` |
//! | <a id="server_error"></a>`server_error` | Code that needs the layer runs without it | Put `JwtAuthLayer` outside |
//! | <a id="temporarily_unavailable"></a>`temporarily_unavailable` | The keys of the issuer, or the sessions, are not available | The events `fetch_failed` and `keys_unavailable` name URL and cause |
//! | <a id="too_many_proofs"></a>`too_many_proofs` | One key has made more proofs than one key may have remembered | A gateway that speaks for many clients with one key: raise `dpop.replay_entries` |
//! | <a id="too_many_requests"></a>`too_many_requests` | The key is unknown, and no fetch is left to look for it | Somebody sends tokens with made-up keys; it passes within `cooldown` |
//! | <a id="too_many_sessions"></a>`too_many_sessions` | One user has begun more MCP sessions in an hour than one user may | A client that begins a session for each call: let it keep its `Mcp-Session-Id` |
//! | <a id="unauthorized"></a>`unauthorized` | No token, or a scheme such as `Basic` | How every client begins; not counted in `refusals` |
