//! MCP clients: what real ones do with a protected server, and what that means for your settings.
//!
//! A server that follows the specification still meets clients that do not. Some go by the metadata
//! and others by the challenge; some never request more scopes than at their first sign-in. This
//! page says which, and what to set so that all of them work.
//!
//! # What each client can do
//!
//! Seen on 2026-11-27: the programs signed in at the example `mcp_server` with its development
//! issuer, and, for the refresh, at the same server with an authorization server whose tokens
//! expire after seconds (Python and TypeScript: only there; MCP Inspector and rmcp: only at the
//! development issuer). `tests/interop` has the scripts.
//!
//! | client | sign in | tools | refresh | step up |
//! | --- | --- | --- | --- | --- |
//! | Claude Code 2.1.332 | publishes itself, or registers | yes | yes | its user signs in again; it says so |
//! | Codex 0.171.0 | publishes itself, or registers | yes | yes | its user signs in again, and names the scopes |
//! | FastMCP client 4.2.3 | registers | yes | yes | yes |
//! | Gemini CLI 0.61.0 | registers | yes | yes, five minutes early | no; requests all scopes of the issuer at once |
//! | MCP Inspector 2.12.0 | registers | yes | not run | yes |
//! | mcp-remote 0.15.1 | registers | yes | yes | yes |
//! | mcporter 0.12.3 | registers | yes | yes | **no** |
//! | OpenCode 1.18.33 | registers | yes | yes | **no** |
//! | Python SDK 2.3.0 | registers, or has an id | yes | yes | yes |
//! | rmcp 3.11 | registers | yes | yes, when its program asks for it | yes, when its program asks for it |
//! | TypeScript SDK 1.32.2 | registers, or has an id | yes | yes | only without a refresh token |
//! | TypeScript client 2.4.0 | registers, or has an id | yes | yes | yes |
//!
//! - **Sign in**: from the first 401 to the result of a tool, with a browser in which the user
//!   agrees. A client that *publishes itself* sends the URL of a document as its `client_id`
//!   (client id metadata documents); this was seen, but not completed, because the documents of
//!   these two are on the internet and the tests are not. One that *registers* uses dynamic client
//!   registration (RFC 7591).
//! - **Tools**: it lists the tools and calls one. The model was a program that calls what the
//!   prompt names.
//! - **Refresh**: after the access token has expired, the next call succeeds without its user.
//! - **Step up**: after a 403 that names more scopes, the client gets them, and the call succeeds.
//!
//! What this means for your server:
//!
//! - **Every tool for every client**: mcporter and OpenCode get only the scopes of their first
//!   sign-in, and no setting of theirs adds one, because the challenge comes first. Set
//!   [`scopes_supported`](crate::config::JwtAuthConfigBuilder::scopes_supported) to the scopes of
//!   all tools that they need, as the example does. The metadata and every 401 then list them.
//! - **The metadata counts too**: `claude mcp login` takes the scopes from the metadata and not
//!   from the challenge, so [`initial_scopes`](crate::config::JwtAuthConfigBuilder::initial_scopes)
//!   alone does not reach it.
//! - **A second sign-in**: Codex fails the call with "Insufficient scope". Then
//!   `codex mcp login NAME --scopes mcp:read,mcp:write` requests what it needs. Claude Code tells
//!   its user to authenticate again, and remembers the scopes of the challenge.
//! - **Refresh tokens can prevent a step-up**: TypeScript SDK 1.x refreshes after a 403, if it can,
//!   and then gives up. Do not let the issuer advertise `offline_access` if such clients must step
//!   up. `mcp_server --step-up --offline-access` shows the difference.
//! - **The scopes of a refresh**: Codex refreshes with all scopes that it has requested. An issuer
//!   that issues a refresh token without granting the requested `offline_access` rejects that, and
//!   Codex then has no tools, without a message.
//! - **Lifetime of tokens**: Gemini CLI refreshes five minutes before a token expires. Tokens that
//!   live for less are refreshed at each connection, twice at the same time; an issuer whose
//!   refresh tokens are valid once then rejects the second, and the sign-in is lost. Use ten
//!   minutes or more.
//! - **Documents must be reachable**: where the issuer advertises
//!   `client_id_metadata_document_supported`, Claude Code and Codex do not register. An issuer that
//!   cannot fetch their document from the internet must not advertise it (`mcp_server
//!   --no-client-documents`); for Codex, `codex mcp login NAME --oauth-client-registration dcr` has
//!   the same effect.
//! - **JSON in a text**: Gemini CLI takes a text that is JSON for structured content, and fails the
//!   call unless that is an object. Return objects, never a list.
//! - **No empty events**: Gemini CLI parses the data of each event as JSON; see [step 1 of the
//!   guide for rmcp](super::mcp#1-close-it).
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
