//! DPoP (RFC 9449): the client makes a key, and signs a proof for each request.
//!
//! # One line
//!
//! ```
//! # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))] {
//! use tower_jwt_auth::JwtAuthConfig;
//! use tower_jwt_auth::proof::Dpop;
//!
//! let config = JwtAuthConfig::builder()
//!     .resource("https://mcp.example.com/mcp")
//!     .issuer("https://idp.example.com")
//!     .dpop(Dpop::new())
//!     .build()?;
//! # }
//! # Ok::<(), tower_jwt_auth::ConfigError>(())
//! ```
//!
//! In a configuration file:
//!
//! ```json
//! {"resource": "https://mcp.example.com/mcp", "issuer": "https://idp.example.com", "dpop": true}
//! ```
//!
//! From then on:
//!
//! - A token with `cnf.jkt` is accepted with the scheme `DPoP` and a proof of that key, and refused
//!   as a bearer token. Tokens without `cnf` work as before.
//! - Each proof works once in this process.
//! - A client whose clock is wrong by up to five minutes is helped by a nonce.
//! - Challenges have a second line, `DPoP`, with the algorithms, and the metadata lists them.
//!
//! # Try it
//!
//! `cargo run --example mcp_server -- --dpop-demo` prints a `curl` with a proof that was made at
//! that moment, by the development issuer and for this example alone. It works once; the second
//! time, the answer is 401 with the reason.
//!
//! In tests, [`TestClient`](crate::test_util::TestClient) makes the key and the proofs:
//! `issuer.mint(..).bound_to(&client)` binds a token, and `client.proof("GET", url).token(&token)`
//! is a proof.
//!
//! # What the client needs
//!
//! 1. A key pair, made once, for example with WebCrypto. ES256 works everywhere.
//! 2. A proof at the token endpoint, with the URL of that endpoint and without `ath`: the issuer
//!    then binds the token, and answers `"token_type": "DPoP"`. An issuer that can do it lists
//!    `dpop_signing_alg_values_supported` in its metadata; many want it turned on for the client,
//!    as the pages of the [`providers`](crate::guide::providers) say.
//! 3. With each request here, two headers: `Authorization: DPoP <token>` and `DPoP: <proof>`.
//!
//! | part of the proof | value |
//! | --- | --- |
//! | `typ`, `alg`, `jwk` in the header | `dpop+jwt`, the algorithm, the public key |
//! | `htm`, `htu` | the method, and the URL of this request by its public name, without query: the origin of `resource` and the path ([more](#the-url)) |
//! | `ath` | base64url of the SHA-256 hash of the access token |
//! | `iat`, `jti` | now, in seconds; a new random text each time |
//! | `nonce` | the value of the last `DPoP-Nonce` header from this server, if there was one |
//!
//! On 401 with `error="use_dpop_nonce"`, the client repeats the request once with the nonce of that
//! response. Libraries do all of this: `oauth4webapi`, `openid-client`, and for MCP
//! `@modelcontextprotocol/client`, when its auth provider implements `dpop()`.
//!
//! # The URL
//!
//! A proof names the URL that the client called. The expected URL comes from your configuration:
//! the origin of `resource`, and the path of the request. Nothing that a caller sends decides it,
//! no `Host` and no `X-Forwarded-*` header: whoever gets a client to call
//! `https://evil.example/mcp` holds a proof for that URL, and a server that believes `Host:
//! evil.example` accepts it.
//!
//! If a proxy in front of you removes a part of the path, say where your service begins:
//!
//! ```json
//! {
//!   "resource": "https://api.example.com/svc1/mcp",
//!   "issuer": "https://idp.example.com",
//!   "dpop": {"public_url": "https://api.example.com/svc1"}
//! }
//! ```
//!
//! `public_url` takes the place of the origin of `resource`. If clients reach the service by
//! several names, list them all: `"public_url": ["https://api.example.com",
//! "https://notes.internal"]`.
//!
//! When the URLs differ, the event `dpop_url_mismatch` has both, and the `public_url` that would
//! fit. Anybody can cause it, so set only a URL that you know.
//!
//! # Time and nonces
//!
//! | `nonce` | effect | when |
//! | --- | --- | --- |
//! | `"auto"` | `iat` within `proof_window` (60 s) is enough; a proof further off gets a nonce | the default |
//! | `"off"` | only `proof_window` counts | clients that cannot handle nonces |
//! | `"required"` | each proof needs a nonce of the last five minutes: proofs cannot be made in advance | the strictest |
//!
//! Nonces need no memory. Several processes share them if they share a secret of 32 bytes or more,
//! base64url. Put it into a file, with `nonce_secret_file`, where others can read the
//! configuration:
//!
//! ```json
//! {
//!   "resource": "https://mcp.example.com/mcp",
//!   "issuer": "https://idp.example.com",
//!   "dpop": {"nonce": "required", "nonce_secret": "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI"}
//! }
//! ```
//!
//! # Several processes
//!
//! Each process remembers the proofs that it has seen. Without more, a proof could be used once in
//! each process, within `proof_window`. What bounds that:
//!
//! - a short `proof_window`,
//! - `"nonce": "required"`,
//! - a [fleet](../../fleet/index.html) (feature `redis`): its processes share used proofs and
//!   nonces through Redis or Valkey,
//! - another store that the processes share: implement [`ReplayStore`](crate::proof::ReplayStore),
//!   one call a request, and pass it to
//!   [`Dpop::replay_store`](crate::proof::Dpop::replay_store).
//!
//! After a restart the memory is empty: a proof of the last minute may pass once more, unless a
//! store remembers it. A proxy that repeats a request at another process repeats its proof: turn
//! such retries off.
//!
//! # Pages
//!
//! A page can read the nonce only if CORS exposes it: pass
//! [`cors::EXPOSE`](crate::cors::EXPOSE) to your CORS layer, which stays outside the auth layer. It
//! may send `DPoP` only if CORS allows it: pass [`cors::ALLOW`](crate::cors::ALLOW) too.
//!
//! # When it is refused
//!
//! The body and the challenge say which group of checks failed, because a sender knows all that its
//! proof is compared with. [`troubleshooting`](crate::guide::troubleshooting) explains each code.
