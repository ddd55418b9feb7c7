//! Behind a proxy: what to set when clients reach this process through nginx, an ingress, a load
//! balancer or an API gateway.
//!
//! # The three rules
//!
//! 1. **`resource` is the URL that clients type**, not the address behind the proxy. Nothing of a
//!    request changes it: `Host`, `Forwarded` and `X-Forwarded-*` are never read, because a caller
//!    can send them too.
//! 2. **Forward `/.well-known/oauth-protected-resource`** and everything below it, without
//!    authentication. A proxy that forwards `/mcp` alone hides how to sign in.
//! 3. **Let the headers through**: `Authorization` on the way in, `WWW-Authenticate` and
//!    `Retry-After` on the way out.
//!
//! With nginx, for a server at `https://mcp.example.com/mcp`:
//!
//! ```text
//! location /mcp {
//!     proxy_pass http://127.0.0.1:3000;
//!     proxy_http_version 1.1;
//!     proxy_buffering off;             # event streams arrive at once
//!     proxy_read_timeout 1h;           # and may be silent for long
//! }
//! location /.well-known/oauth-protected-resource {
//!     proxy_pass http://127.0.0.1:3000;
//! }
//! ```
//!
//! # When the proxy removes a prefix
//!
//! Clients call `https://api.example.com/notes/mcp`, and this process sees `/mcp`. Nothing changes:
//!
//! ```json
//! {"resource": "https://api.example.com/notes/mcp", "issuer": "https://idp.example.com"}
//! ```
//!
//! The routes are those that the process sees, and `resource` is what clients see. The metadata is
//! at the root of the public host, `/.well-known/oauth-protected-resource/notes/mcp`, and the proxy
//! must forward that path as it is:
//!
//! ```text
//! location /notes/ {
//!     proxy_pass http://127.0.0.1:3000/;   # the slash at the end removes /notes
//! }
//! location /.well-known/oauth-protected-resource/notes/ {
//!     proxy_pass http://127.0.0.1:3000;    # no slash: the path stays
//! }
//! ```
//!
//! # What goes wrong
//!
//! | what you see | why | what to do |
//! | --- | --- | --- |
//! | 401 for every request, `audience_unknown` in the log | `resource` is the internal URL, and clients request tokens for the public one | Set `resource` to the public URL |
//! | clients do not find the issuer; the event `metadata_unreachable` | The proxy does not forward the well-known path, or asks for a login there | Forward it |
//! | 401, and the client does not sign in | The proxy replaces error pages, and drops `WWW-Authenticate` | nginx: `proxy_intercept_errors off` |
//! | 400 `invalid_request` | The proxy adds a second `Authorization` header beside the client's | Let it pass on the client's header alone |
//! | 400 or 431 before the request arrives | Users with many groups have large tokens; nginx takes 8 KB per header line by default | nginx: `large_client_header_buffers 4 32k`; here [`max_token_bytes`](crate::config::JwtAuthConfigBuilder::max_token_bytes) |
//! | an event stream ends after a minute | The proxy ends connections that are silent | `proxy_read_timeout`, or the idle timeout of the balancer |
//! | a script in a browser sees no challenge | The proxy answers CORS, and does not expose the header | Expose `WWW-Authenticate` |
//! | 403 from rmcp before the auth layer matters | rmcp accepts loopback names in `Host` only | `with_allowed_hosts([..])` with the public name |
//!
//! # When the proxy has checked the token
//!
//! Check it here again. A header such as `X-User` proves nothing once somebody reaches the process
//! past the proxy. Some proxies move the token into a header of their own:
//! [`token_sources`](crate::config::JwtAuthConfigBuilder::token_sources) reads it there, as on the
//! page [`cloudflare_access`](super::providers::cloudflare_access).
//!
//! # TLS
//!
//! A bearer token must not travel in the clear, also between proxy and process (RFC 6750 §5.3): use
//! TLS there too, a Unix socket, or the same host. `http` in `resource` is an error on any host but
//! loopback, because `resource` is the public URL.
//!
//! # The way out
//!
//! Keys are fetched from the issuer over HTTPS. `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` are
//! honoured. For a CA of your own, or a client certificate, set `ca_file`,
//! `client_certificate_file` and `client_key_file`: they are read again when they change. For
//! anything else pass an [`http_client`](crate::config::JwtAuthConfigBuilder::http_client).
//!
//! # Limits per address
//!
//! This crate limits nobody by address: the process sees the address of the proxy. Limit there, or
//! trust `X-Forwarded-For` from your proxy alone, in a layer outside this one.
