//! The prose between the tables of the page.

pub const HEAD: &str = "# Against other crates

`extras/compare/run` wrote this page and its picture. It takes the same tokens through every crate, in turns, and asks each crate the same
questions about keys.

![Bars: the time of each crate over that of the bare signature check, and its time for a token that was seen before](compare.svg)

Every figure is the crate alone: the same service without it is subtracted.
";

pub const SPEED: &str = "
## First sight of a token

Over the bare signature check by aws-lc-rs, which is 1.00. A dash: it does not take such tokens.
";

pub const COSTS: &str = "
## What else a request costs

RS256, microseconds and Rust allocations. The C code of the crypto has allocations of its own. A refused request never reaches the service, so
there nothing is subtracted but the making of the request.

| | signatures by | the same token again, us | an expired token, us | it pays a signature check | allocations, first sight | again | expired |
| --- | --- | ---: | ---: | --- | ---: | ---: | ---: |
";

pub const KEYS: &str = "
## Keys

A thousand tokens of a stranger, each with another `kid` that nobody knows: how often the issuer was asked for its keys, and the answers. Then
the issuer replaces its key: the answer to the first token of the new key, right after the start and 65 seconds after it, since some crates
let a minute pass after each fetch, the first included. Whatever is not 200 there turned away a caller with a good token; the table of crates
in the README says when the new key does arrive.

| | fetches for 1,000 unknown `kid`s | answers | a new key, at once | a new key, 65 s after the start |
| --- | ---: | --- | --- | --- |
";

pub const VERDICTS: &str = "
## Who wins

Of the crates; what is written by hand and the bare `decode` are there to measure by.

| | tower-jwt-auth | without its memory | best peer | winner |
| --- | ---: | ---: | --- | --- |
";

pub const CAVEATS: &str = "
## How to read this

- Time of the thread on the processor, the quietest of 200 rounds; a round takes 32 tokens through each crate in turn, of which the first
  eight are not counted, so that all find their code and keys equally warm. In first sights no round repeats a token, so that the memory of those that remember fills as it does in a server. The
  bare check runs before each crate and its quietest round of all counts, which is equally hard on all rows. Two runs differ by up to 0.05 in
  a ratio, and by up to half a microsecond in the smallest times.
- The token has RFC 9068 claims and those that Keycloak adds; with RS256 it is 953 bytes long.
- Each crate is set up as its documentation says, with `iss`, `aud`, `exp` and `nbf` checked where that can be chosen. axum-jwks and
  axum-keycloak-auth cannot check `iss`, neither can they check `nbf`. They do less for their time, and are not charged for it.
- jsonwebtoken 10 and 11 verify with what the program chooses; both choices are rows. Those with RustCrypto run in a second process, over its
  own bare verification. axum-jwt-auth brings RustCrypto, and aws-lc-rs only works with it when the program adds and installs that.
- Nobody but tower-jwt-auth remembers verified tokens. That is worth a signature check from the second request on, and costs a hash and an
  entry at the first, hence its two rows. What is written by hand shows that a cache of one's own can do the same.
- huskarl-resource-server is an engine whose layer is not released; the layer here is ours. It also checks DPoP and mTLS bindings where a
  token has them, which nobody else here does. Most of its time is RustCrypto's, which a platform of one's own can replace.
- aliri_tower: ES256 needs its feature `ec` and with it OpenSSL, which is not built here; there is no EdDSA. axum-jwks refuses a key set
  that holds anything but RSA.
- axum-keycloak-auth: no Keycloak is running; the issuer answers discovery as one does. Its `poll_ready` panics when a request comes before
  the first discovery began, so the program waits for that.
- Layers are put around axum's `Router`. `Router::layer` adds a box to each, ours included, and is in no row.
- There is no network, no TLS and no HTTP parsing in this. Beside a whole request most of these differences are small: what a crate checks,
  and what it does when keys change, says more about it.
";
