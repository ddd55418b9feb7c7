//! The prose between the tables of the page.

pub const HEAD: &str = "# Comparison with other crates

`extras/compare/run` wrote this page and its picture. It sends the same tokens through every crate,
in turns, and tests how each crate handles new and unknown keys.

![Bars: the time of each crate over that of the bare signature check, and its time for a token that was seen before](compare.svg)

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
a valid token was turned away; the table of crates in the README says when the new key does arrive.

| | fetches for 1,000 unknown `kid`s | responses | a new key, immediately | a new key, 65 s after the start |
| --- | ---: | --- | --- | --- |
";

pub const VERDICTS: &str = "
## Who wins

Among the crates; the layers written by hand and the bare `decode` are only there for comparison.

| | tower-jwt-auth | without its token cache | best peer | winner |
| --- | ---: | ---: | --- | --- |
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
- huskarl-resource-server is an engine whose layer is not released; the layer here is ours. It also
  checks DPoP and mTLS bindings where a token has them, as no other crate here does. RustCrypto
  takes most of its time; a custom platform can replace it.
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
