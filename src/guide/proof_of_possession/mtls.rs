//! Tokens that are bound to a client's certificate (RFC 8705 §3): TLS in your process, or nginx,
//! HAProxy, Envoy, Traefik or an AWS load balancer in front of it.
//!
//! The issuer writes the SHA-256 hash of the certificate into the token (`cnf`, `x5t#S256`), and
//! the token is accepted only from a client that has proven to hold the key of that certificate in
//! the TLS handshake. A stolen token is then worth nothing without the key. Tokens without `cnf`
//! are bearer tokens as before, unless `require_bound_tokens` is set.
//!
//! The certificate counts only as the mark of a key. Who issued it, its dates, its names and its
//! revocation do not count (RFC 8705 §6.2): a self-signed or an expired certificate is as good as
//! any other. So whoever ends TLS must *ask* for a certificate, and need not verify it; a client
//! without one must get through too, because it still has to fetch the metadata, and clients with
//! bearer tokens have none. If you want a CA to be checked, let the TLS stack do it in addition.
//!
//! # TLS in your process
//!
//! ```
//! # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))] {
//! use tower_jwt_auth::JwtAuthConfig;
//! use tower_jwt_auth::proof::Mtls;
//!
//! let config = JwtAuthConfig::builder()
//!     .resource("https://mcp.example.com/mcp")
//!     .issuer("https://idp.example.com")
//!     .mtls(Mtls::from_tls()) // in a file: "mtls": {}
//!     .build()?;
//! # }
//! # Ok::<(), tower_jwt_auth::ConfigError>(())
//! ```
//!
//! Your acceptor asks for a certificate, and inserts a
//! [`ClientCertificate`](crate::proof::ClientCertificate) into the extensions of each request of
//! the connection. The package `extras/mtls_rustls` of the repository is such an acceptor for
//! rustls, to copy. Two things are easy to get wrong:
//!
//! - The verifier of the client's certificate may accept every certificate, and must verify the
//!   signature of the handshake. Without it, a copy of a certificate, which is no secret, would do.
//! - The extension is inserted in front of the layer. Only code of your process can insert
//!   extensions, so nothing has to be removed from requests.
//!
//! # TLS at a proxy
//!
//! ```
//! let file = r#"{
//!   "resource": "https://mcp.example.com/mcp",
//!   "issuer": "https://idp.example.com",
//!   "mtls": {
//!     "header": {"name": "client-cert", "format": "rfc9440", "trusted_peers": ["10.0.0.0/8"]}
//!   }
//! }"#;
//! # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))]
//! # serde_json::from_str::<tower_jwt_auth::JwtAuthConfig>(file)?;
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! A header says whatever its sender wrote. Three things make it worth anything:
//!
//! 1. **The proxy replaces the header**, also when the client has no certificate (RFC 9440 §4). The
//!    settings below do that.
//! 2. **`trusted_peers`** names the addresses from which the proxy connects to your process. From
//!    any other peer the header does not count, and `JwtAuthLayer` removes it before your service
//!    sees it. `JwtVerifier` without the layer removes nothing: read no certificate from the header
//!    yourself.
//!    Name the proxy alone. A network in which clients also are is as good as none: whoever reaches
//!    your port from it can write the header.
//! 3. **Your process knows its peer.** Insert a [`PeerAddress`](crate::proof::PeerAddress) into
//!    each request, from the socket; its documentation has the four lines for axum. For a Unix
//!    socket it is `PeerAddress::UNIX`, and the entry in `trusted_peers` is `unix`. Without it no
//!    header counts, and the event `peer_address_missing` says so.
//!
//! Then test with two clients: the token of one must be refused with the certificate of the other
//! (401, and [`certificate_mismatch`](crate::guide::troubleshooting) in the log). A proxy that
//! sends its own certificate passes every other test.
//!
//! `danger_trust_any_peer` is for a process that only the proxy can reach and that does not know
//! its peer. From then on, the network alone keeps a thief from writing the header.
//!
//! | proxy | header | `format` |
//! | --- | --- | --- |
//! | nginx | `client-cert`, as below | `pem_escaped` |
//! | HAProxy | `client-cert`, as below | `rfc9440` |
//! | HAProxy, only the hash | `x-ssl-client-sha256` | `sha256_hex` |
//! | Caddy | `client-cert`, as below | `rfc9440` |
//! | Envoy, Istio | `x-forwarded-client-cert` | `xfcc` |
//! | Traefik 2.9.4 or later | `x-forwarded-tls-client-cert` | `der_base64` |
//! | AWS ALB, verify | `x-amzn-mtls-clientcert-leaf` | `pem_escaped` |
//! | AWS ALB, passthrough | `x-amzn-mtls-clientcert` | `pem_escaped_chain` |
//!
//! A header that is repeated, is longer than
//! [32 KiB](crate::limits::MAX_CERTIFICATE_HEADER_BYTES), or is not exactly of the format counts as
//! no certificate. `Client-Cert-Chain` is never read.
//!
//! ## nginx
//!
//! ```text
//! server {
//!     listen 443 ssl;
//!     ssl_verify_client optional_no_ca;
//!     location / {
//!         proxy_pass http://127.0.0.1:8080;
//!         proxy_set_header Client-Cert $ssl_client_escaped_cert;
//!     }
//! }
//! ```
//!
//! `proxy_set_header` replaces what the client sent, and sends no header if there is no
//! certificate. A `location` that has a `proxy_set_header` of its own inherits none from the levels
//! above, so the line must be in each of them. Not `$ssl_client_cert`, whose line breaks end the
//! header, and not `$ssl_client_fingerprint`, which is SHA-1. Use 1.13.5 or later.
//!
//! ## HAProxy
//!
//! ```text
//! bind :443 ssl crt site.pem verify optional ca-file ca.pem ca-ignore-err all crt-ignore-err all
//! http-request del-header Client-Cert
//! http-request set-header Client-Cert :%[ssl_c_der,base64]: if { ssl_c_used }
//! ```
//!
//! The two `ignore-err` accept certificates of other CAs than those in `ca.pem`, which must exist.
//! For the hash alone: `%[ssl_c_der,sha2(256),hex]`, with the same two lines around its header.
//!
//! ## Caddy
//!
//! ```text
//! tls {
//!     client_auth {
//!         mode request
//!     }
//! }
//! reverse_proxy 127.0.0.1:8080 {
//!     header_up Client-Cert ":{http.request.tls.client.certificate_der_base64}:"
//! }
//! ```
//!
//! Without a certificate the header holds the name of the placeholder, which counts as none.
//!
//! ## Envoy and Istio
//!
//! In the HTTP connection manager `forward_client_cert_details: SANITIZE_SET`. That replaces the
//! header, and always writes `Hash`; `set_current_client_cert_details` may add to it. In the
//! validation context of the listener, `trust_chain_verification: ACCEPT_UNTRUSTED` accepts
//! certificates of any CA; a `trusted_ca` must be set, or no certificate is asked for.
//!
//! `APPEND_FORWARD` and `FORWARD_ONLY` keep what the client sent: with them, the header has more
//! than one element, and that is refused, because nothing says which proxy met the client. It is
//! also what a sidecar of Istio does behind a gateway. Then end the client's TLS where the header
//! is set, and let no second proxy write it.
//!
//! ## Traefik
//!
//! ```text
//! tls:
//!   options:
//!     ask:
//!       clientAuth:
//!         clientAuthType: RequestClientCert
//! http:
//!   middlewares:
//!     certificate:
//!       passTLSClientCert:
//!         pem: true
//! ```
//!
//! The middleware only adds the header; what clients send is removed at the entry point, unless
//! `forwardedHeaders.insecure` is set or the client is in `forwardedHeaders.trustedIPs`. Set
//! neither for networks in which clients are. Despite the name `pem`, the value is base64 of the
//! DER. If a client sends a chain, the header has all of it, with commas, and is refused: such
//! clients must send only their own certificate.
//!
//! ## AWS Application Load Balancer
//!
//! With *verify*, the load balancer checks the certificate against a trust store and sends it as
//! `X-Amzn-Mtls-Clientcert-Leaf`. With *passthrough*, any certificate will do, and the whole chain
//! comes as `X-Amzn-Mtls-Clientcert`, the client's own first. A listener without mutual TLS sets
//! none of these headers: do not let one lead to the same targets. `trusted_peers` are the subnets
//! of the load balancer, and the security group of the targets must admit only it.
//!
//! # Which clients
//!
//! - The issuer must support `tls_client_certificate_bound_access_tokens` (RFC 8705 §3.3). The
//!   metadata of your server says the same of itself.
//! - Clients use the scheme `Bearer`. A token that is bound to a DPoP key as well (`jkt`) needs the
//!   scheme `DPoP`, and both proofs.
//! - A client that renews its certificate needs a new token (RFC 8705 §6.3): the hash is that of
//!   the certificate, also if the key is the same.
//! - In browsers the user is asked for a certificate, and a page can neither choose nor replace it.
//!   Use DPoP there.
