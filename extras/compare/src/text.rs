//! The prose between the tables of the page.

pub const HEAD: &str = "# Comparison with other crates

`extras/compare/run` wrote this page and its picture. It sends the same tokens through every crate,
in turns, and tests how each crate handles new and unknown keys.

![Two dots for each crate on a logarithmic axis: the time of the first request with a token, and of a request with the same token again](compare.svg)

Every figure is for the crate alone: the cost of the same service without it is subtracted.
";

pub const SPEED: &str = "
## First sight of a token

Relative to the bare signature check by aws-lc-rs, which is 1.00. A dash means that the crate does
not accept such tokens.
";

pub const COSTS: &str = "
## Other costs of a request

RS256, microseconds and Rust allocations. The C code of the crypto makes further allocations. A
rejected request never reaches the service, so only the construction of the request is subtracted
there.

| | signatures by | the same token again, us | an expired token, us | costs a signature check | allocations, first sight | again | expired |
| --- | --- | ---: | ---: | --- | ---: | ---: | ---: |
";

pub const KEYS: &str = "
## Keys

A thousand tokens from a stranger, each with a different unknown `kid`: how often the crate fetched
the issuer's keys, and the responses. Then the issuer replaces its key: the response to the first
token of the new key, immediately after the start and 65 seconds after it, because some crates wait
a minute after each fetch, including the first. Any status except 200 there means that a caller with
a valid token was turned away; the table of crates below says when the new key does arrive.

| | fetches for 1,000 unknown `kid`s | responses | a new key, immediately | a new key, 65 s after the start |
| --- | ---: | --- | --- | --- |
";

pub const VERDICTS: &str = "
## Who wins

Among the crates; the layers written by hand and the bare `decode` are only there for comparison.

| | tower-jwt-auth | without its token cache | best peer | winner |
| --- | ---: | ---: | --- | --- |
";

pub const CRATES: &str = "
## What the crates do

From their published sources of 2026-11-28, for what the measurements do not show. `kid` stands for
\"a token with an unknown `kid` causes a refresh\". \"Keys are used\" says how long the last good set
is used while the issuer cannot be reached. Several of the crates change fast.

| crate | form | algorithms | how new keys arrive | keys are used | a token must carry | without keys |
| --- | --- | --- | --- | --- | --- | --- |
| tower-jwt-auth 0.1.0 | tower layer, any body | RS, PS, ES, EdDSA, ML-DSA; HS with a static secret | background, `kid` | until `max_stale` | `iss`, `aud`, `exp` | 503, `Retry-After` |
| oauth-resource-server 0.4.1 | tower layer, axum layer | RS, PS, ES256/384, EdDSA | background (to be started), `kid` | without limit | `iss`, `aud`, `exp` | 401 |
| huskarl-axum 0.1.0 | axum layer over huskarl-resource-server 0.11.12 | RS, PS, ES256/384, Ed25519 | by the first request after an hour, `kid` | without limit | `iss`, `aud`, `exp` in the RFC 9068 validator; `iss` (any value) and `exp` in the custom one | 500 |
| jwt-authorizer 0.15.0 | tower layer, axum 0.7, tonic 0.12 | RS, PS, ES, HS, EdDSA | `kid` (at most every 600 s), or an interval | yes, by default | `exp`; `iss` and `aud` are compared where present | 500 |
| tower-oauth2-resource-server 0.12.5 | tower layer | RS, PS, ES, EdDSA | every 60 s | yes | `exp`; `aud` when configured; `iss` with discovery | 401 |
| aliri_tower 0.6.1 | tower layer | RS, PS, HS; ES with openssl | timer | yes | `exp`, `iss`; `aud` when configured | does not start |
| axum-keycloak-auth 0.8.3 | tower layer, axum body | as the token's header says | no refresh | – | `exp` | not ready |
| axum-jose 0.2.2 | tower layer, axum body | as the token's header says | cache time, `kid` (each time) | no | `exp` | 401 |
| axum-jwt-auth 0.7.0 | axum extractor | one family | every hour | yes | `exp`, and what your `Validation` asks | does not start |
| axum-jwks 0.12.0 | axum extractor | RS | no refresh | – | `exp` | does not start |
| rmcp-server-kit 3.21.1 | a whole MCP server (rmcp) | RS, PS, ES256/384, EdDSA | by request when 10 min are over, `kid` (at most every 10 s) | no | `iss`, `exp`; `aud`, or `azp` by choice | 401 |
| tower-mcp 0.25.0 | its own MCP stack | RS, PS, ES, EdDSA | by request when `max-age` is over, `kid` | yes | `aud` | does not start |
| authplane-mcp 0.1.0 | axum middleware, rmcp 1.4 | RS256, ES256 | background, `kid` | yes | `iss`, `aud`, `exp`, and RFC 9068 in full | does not start; 503 later |

Beyond bearer JWTs, and for MCP:

| crate | DPoP | mTLS-bound tokens | introspection | issuers | RFC 9728 | scopes per MCP tool | bound sessions | many processes share |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
| tower-jwt-auth 0.1.0 | yes, with server nonces | yes, in the process or behind a proxy | yes, also as JWT (RFC 9701) | several | served | yes | yes | keys, revocations, used proofs, sessions, through Redis |
| oauth-resource-server 0.4.1 | no; such tokens are refused | no; such tokens are refused | no | one per validator | served | yes | no | nothing |
| huskarl-axum 0.1.0 | yes, with server nonces | yes | yes, also as JWT (RFC 9701) | several | served | no | no | used proofs, through a trait |
| jwt-authorizer 0.15.0 | no | no | no | several, tried in turn | no | no | no | nothing |
| tower-oauth2-resource-server 0.12.5 | no | no | no | several | no | no | no | nothing |
| rmcp-server-kit 3.21.1 | no | no; its own client certificates | a proxy to the issuer's | one | served | by role | yes | sessions, through a secret |
| tower-mcp 0.25.0 | no | no | no | one | served | yes | yes | sessions, through a trait |
| authplane-mcp 0.1.0 | yes | no | yes | one | served | no | no | used proofs, through a trait |

What others have and this crate does not: a login for browsers (huskarl-axum), static API keys
beside OAuth (oauth-resource-server), roles and token exchange (rmcp-server-kit). aliri_tower,
axum-keycloak-auth, axum-jose, axum-jwt-auth and axum-jwks have none of the columns of this table.
";

pub const CAVEATS: &str = "
## How to read this

- Times are the CPU time of the thread, the quietest of 200 rounds; a round sends 32 tokens through
  each crate in turn, of which the first eight are not counted, so that all crates find their code
  and keys equally warm. For first sights no round repeats a token, so that token caches fill as
  they do in a server. The bare check runs before each crate, and its quietest round of all counts,
  which treats all rows equally. Two runs differ by up to 0.05 in a ratio, and by up to half a
  microsecond in the smallest times.
- The token has the claims of RFC 9068 and the claims that Keycloak adds; with RS256 it is 953 bytes
  long.
- Each crate is set up as its documentation says, with `iss`, `aud`, `exp` and `nbf` checked where
  that can be chosen. axum-jwks and axum-keycloak-auth can check neither `iss` nor `nbf`. They do
  less in their time, and the figures do not correct for it.
- jsonwebtoken 10 and 11 verify with the back end that the program chooses; each choice has its own
  row. The rows with RustCrypto run in a second process, relative to the bare verification there.
  axum-jwt-auth brings RustCrypto, and aws-lc-rs only works with it when the program adds and
  installs that.
- Only tower-jwt-auth caches verified tokens. The cache saves a signature check from the second
  request on, and costs a hash and an entry at the first, hence its two rows. The layer written by
  hand shows that a cache of your own can do the same.
- huskarl-axum is the layer of huskarl-resource-server. RustCrypto takes most of its time; a custom
  platform can replace it.
- rmcp-server-kit is a whole MCP server and not measured; authplane-mcp works with rmcp 1.4 alone.
- aliri_tower: ES256 needs its feature `ec` and with it OpenSSL, which is not built here; it has no
  EdDSA. axum-jwks rejects a key set that contains any key other than RSA.
- axum-keycloak-auth: no Keycloak is running; the test issuer serves discovery in the same form. Its
  `poll_ready` panics when a request arrives before the first discovery has started, so the program
  waits for that.
- Layers wrap axum's `Router`. `Router::layer` adds a box to each of them, including ours, and is
  not part of any row.
- The figures include no network, no TLS and no HTTP parsing. Beside a whole request most of these
  differences are small: the checks of a crate, and its behaviour when keys change, say more about
  it.
";
