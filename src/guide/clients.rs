//! MCP clients: what to set in them.
//!
//! # Clients with a pre-registered id
//!
//! Most MCP clients register themselves at the authorization server (RFC 7591), or publish a
//! document whose URL is their id. Some providers allow neither, as far as we found: AD FS,
//! Cognito, Entra ID, LemonLDAP::NG and glewlwyd with their defaults, Zitadel. With others it is
//! better not to: at Clerk, only the tokens of known clients can be accepted. Then register one
//! client for each MCP client program at the provider, by hand, and tell its id to the program.
//!
//! Nothing changes on this side. The metadata names the authorization server, and clients read
//! there that it has no `registration_endpoint`. At the provider, register
//!
//! - a *public* (or *native*) client: the program runs on the user's machine and cannot keep a
//!   secret. Where the provider insists on a secret, anybody who uses the program can read it;
//! - the grant types authorization code with PKCE, and refresh token;
//! - the redirect URI of the table. A provider that follows RFC 8252 §7.3 accepts every port of a
//!   loopback *address*. Many do not, and RFC 8252 §8.3 advises against the name `localhost`. Give
//!   the program a fixed port if the provider compares the port;
//! - your scopes, and access to the API if the provider has such a notion.
//!
//! | client | tell it the id | redirect URI | fixed port |
//! | --- | --- | --- | --- |
//! | Claude Code 2.1 ✓ | `claude mcp add --transport http --client-id ID NAME URL` | `http://localhost:PORT/callback` | `--callback-port PORT` |
//! | Codex 0.171 ✓ | `codex mcp add NAME --url URL --oauth-client-id ID` | `http://127.0.0.1:PORT/callback` | `mcp_oauth_callback_port = PORT` in `config.toml`, at the top |
//! | mcp-remote 0.15 ✓ | `mcp-remote URL --static-oauth-client-info '{"client_id":"ID"}'` | `http://localhost:PORT/oauth/callback` | `mcp-remote URL PORT ..`; without it the port follows from the URL and stays the same |
//! | VS Code | `"oauth": {"clientId": "ID"}` beside `"url"` in `mcp.json` | `http://127.0.0.1:33418/` and `https://vscode.dev/redirect` | none; it takes a free port when 33418 is in use, as others report |
//!
//! ✓ means that the program, in November 2026, sent this id and this redirect URI to the
//! authorization endpoint. VS Code was not run: the row follows its documentation.
//!
//! For a client with a secret: `--client-secret` (Claude Code asks for it, or reads
//! `MCP_CLIENT_SECRET`), `--oauth-client-secret` (Codex), a `client_secret` beside the `client_id`
//! (mcp-remote). VS Code's documentation lists none.
//!
//! The configuration files that result, for a repository or a support page:
//!
//! ```json
//! {"mcpServers": {"notes": {
//!   "type": "http",
//!   "url": "https://mcp.example.com/mcp",
//!   "oauth": {"clientId": "ID", "callbackPort": 8123}
//! }}}
//! ```
//!
//! is `.mcp.json` of Claude Code, and
//!
//! ```toml
//! mcp_oauth_callback_port = 8123
//!
//! [mcp_servers.notes]
//! url = "https://mcp.example.com/mcp"
//!
//! [mcp_servers.notes.oauth]
//! client_id = "ID"
//! callback_url = "http://127.0.0.1/callback"
//! ```
//!
//! belongs in `config.toml` of Codex. `codex mcp add` writes the last line too. Without it, Codex
//! appends a part to the redirect URI that depends on the URL of your server.
//!
//! **The pitfall:** a wrong redirect URI is an error page of the provider, in the user's browser.
//! The program waits, and your server sees nothing: its last request was the one that got 401.
