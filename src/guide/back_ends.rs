//! Which features to turn on: the crypto back ends, builds without a C compiler, FIPS and WASM.
//!
//! # Features
//!
//! Features add API. None of them changes which tokens are accepted.
//!
//! | feature | default | what it adds, and why it is a feature |
//! | --- | --- | --- |
//! | `aws_lc_rs` | yes | A crypto back end. It contains C code, so it needs a C compiler. Without any back end `build()` returns an error that names both |
//! | `rust_crypto` | no | A back end in pure Rust, which needs no C compiler and is [slower](#speed). With both on, aws-lc-rs is used |
//! | `axum` | yes | `JwtAuthLayer::protect`, routers of the metadata, extractors, `IntoResponse` for `Rejection`. hyper users do not need it |
//! | `jsonwebtoken` | yes | Takes keys and algorithms in the types of that crate, and keys as PEM text |
//! | `reqwest` | yes | Fetches keys over HTTPS. Without it keys are static, or come through your own `HttpTransport` or `KeySource` |
//! | `schema` | no | `JsonSchema` for the configuration file, which is also committed as `docs/config.schema.json` |
//! | `tracing` | yes | Reasons for rejections and changes of the keys, as events |
//! | `redis` | no | `fleet::Fleet`, through the crate `redis`; its TLS compiles C; see [`fleet`](../fleet/index.html) |
//! | `metrics` | no | The same as counters and gauges, for programs that install a recorder of the `metrics` crate; names in [`operations`](super::operations#metrics) |
//! | `test-util` | no | An issuer for tests, a fake clock, `AuthInfo::for_tests`; see [`testing`](super::testing) |
//!
//! # Speed
//!
//! Both back ends support every algorithm of this crate and RSA keys from 2048 to 8192 bits, and
//! accept the same tokens: the test suites and vectors run with either, and a test compares the
//! two. The cost of the first request with a token, relative to the bare verification by aws-lc-rs
//! (x86-64, RSA of 2048 bits):
//!
//! | | `aws_lc_rs` | `rust_crypto` |
//! | --- | --- | --- |
//! | RS256, PS256 | 1.2 | 4.0 |
//! | ES256 | 1.0 | 5.3 |
//! | ES384 | 1.0 | 4.4 |
//! | ES512 | 1.0 | 2.0 |
//! | EdDSA | 1.1 | 1.0 |
//! | ML-DSA-44, ML-DSA-65, ML-DSA-87 | 1.1 | 4.2, 3.7, 3.5 |
//!
//! `cargo bench --bench targets -- back_end` measures it on your machine. A cached token costs the
//! same with either. Larger RSA keys cost more with either: one signature of 8192 bits takes
//! `rust_crypto` about 2 ms.
//!
//! # Without a C compiler
//!
//! ```toml
//! tower-jwt-auth = { version = "0.1", default-features = false, features = ["rust_crypto", "axum", "tracing"] }
//! ```
//!
//! The feature `reqwest` is left out there because its TLS compiles C. Keys are then static, or
//! your own [`HttpTransport`](crate::keys::HttpTransport) fetches them, discovery included, with
//! the HTTP client and TLS of your program. `test-util` always signs with aws-lc-rs. The crate
//! `rsa` has an open advisory on private keys (RUSTSEC-2023-0071), which `cargo audit` reports:
//! only public keys are used here.
//!
//! # WASM
//!
//! In this form the crate also compiles for `wasm32-wasip1`, and for `wasm32-unknown-unknown` if
//! your program gives `getrandom` 0.2 and 0.4 a source (their features `js` and `wasm_js`); but on
//! the latter the standard library has no clock. Neither target has been run.
//!
//! # FIPS
//!
//! FIPS applies to the whole program, and needs CMake and Go. Turn it on for aws-lc-rs, in your own
//! `Cargo.toml`; this crate then verifies with the validated module, for all algorithms:
//!
//! ```toml
//! aws-lc-rs = { version = "1.19", features = ["fips"] }
//! ```
