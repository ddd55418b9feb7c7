//! Many processes that behave like one: shared keys, revocation, proofs and sessions.
//!
//! One process needs none of this. Each of a hundred processes without it fetches the keys of every
//! issuer by itself, accepts a stolen DPoP proof once, and knows nothing of a logout at another. A
//! [`Fleet`](crate::fleet::Fleet) shares what they learn through a Redis (6.2 or later) or Valkey
//! that you run already. It needs the feature `redis`.
//!
//! In a clone, `cargo run --manifest-path extras/fleet/Cargo.toml` shows it: three servers, one
//! issuer and a `redis-server` that is killed and comes back.
//!
//! | what is shared | what it gives | while the store is down |
//! | --- | --- | --- |
//! | keys | one process fetches, the others take its set | each fetches by itself, spread out |
//! | unknown `kid`s, pauses after failures | counted once for all | each counts by itself |
//! | revocations | a token, session, user, client or issuer is refused everywhere within a second | those heard stay in force; new ones are not heard |
//! | used DPoP proofs | a proof works once in all processes | 503 for requests with a proof |
//! | MCP sessions | an `Mcp-Session-Id` belongs to its user everywhere | 503 for requests with a session |
//! | DPoP nonces | a nonce of one process is good in all | nothing: nonces are made from the secret |
//!
//! The store is never needed for a plain bearer token. A dead store refuses no token that a single
//! process would have accepted, with one exception: a process that starts while the store is down
//! cannot know what was revoked. It responds with 503 for `revocations_at_start`, 10 seconds by
//! default, and serves then. With `"required"` it does not serve before it has read the list. A
//! process that [waits for its keys](crate::guide::operations) at its start is not ready before, so
//! no client sees that.
//!
//! # From one process to many
//!
//! **1. Make a secret**, 32 random bytes in base64url, and give it to the processes of this service
//! and to nobody else:
//!
//! ```sh
//! (umask 077; openssl rand -base64 32 | tr '+/' '-_' | tr -d '=' > fleet.key)
//! ```
//!
//! **2. Name the store** in the configuration file, with the [user](#what-to-set-at-redis) that you
//! make for this service. The password is in a file too, or in the URL. Relative paths begin in the
//! working directory:
//!
//! ```json
//! {
//!   "fleet": {
//!     "redis": "rediss://mcp@cache.internal:6379",
//!     "password_file": "redis.password",
//!     "namespace": "mcp-prod",
//!     "secret_file": "fleet.key"
//!   }
//! }
//! ```
//!
//! or in the program:
//!
//! ```
//! # #[cfg(all(feature = "aws_lc_rs", feature = "redis", feature = "reqwest"))] {
//! use tower_jwt_auth::JwtAuthConfig;
//! use tower_jwt_auth::fleet::Fleet;
//!
//! # let secret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
//! let fleet = Fleet::redis("rediss://cache.internal:6379", "mcp-prod", secret)?;
//! let config = JwtAuthConfig::builder()
//!     .resource("https://mcp.example.com/mcp")
//!     .issuer("https://tenant.auth0.com/")
//!     .fleet(fleet.clone())
//!     .build()?;
//! # }
//! # Ok::<(), tower_jwt_auth::ConfigError>(())
//! ```
//!
//! With a file, `config.fleet()` is the `Fleet`. Keys, revocations, proofs and nonces are shared
//! now. Nothing connects before the first request. [`Fleet::health`](crate::fleet::Fleet::health)
//! says whether the store answers, and if not, why.
//!
//! **3. Share the sessions**, if your MCP server keeps any:
//! `SessionBindingLayer::with_store(fleet.sessions()).strict()`. `strict` is right here, because
//! the store knows every session that lives. This binds sessions to their users and does not move
//! them: requests of a session must still reach the process that keeps it.
//!
//! # What to set at Redis
//!
//! Give this service a user of its own, who may use these commands on these names only. Enter the
//! line at the prompt of `redis-cli`, because a shell gives `>` and `|` another meaning; `PASSWORD`
//! is the content of `password_file`:
//!
//! ```text
//! ACL SETUSER mcp on >PASSWORD ~tja1:mcp-prod:* -@all +get +getrange +set +pexpire +del +eval +xadd +xrange +xread +xtrim +xinfo|stream +info +ping
//! ```
//!
//! Add `+select` for a database with a number, and `+cluster|slots +cluster|shards +asking` in a
//! cluster.
//!
//! What `ACL SETUSER` has set is gone when the server restarts: call `ACL SAVE` where the server
//! has an `aclfile`, and `CONFIG REWRITE` otherwise. A server without either file needs an
//! `aclfile` with the line `user mcp on ...`.
//!
//! The settings below count for the whole server. If other services use it too, run one of its own,
//! or leave out `proto-max-bulk-len` and `client-output-buffer-limit`, which others may exceed. A
//! server that must evict can share keys, and no proofs and no revocations.
//!
//! | setting | value | why |
//! | --- | --- | --- |
//! | `maxmemory-policy` | `noeviction`, if proofs or revocations are shared | a proof that is evicted can be used again. The event `store_evicts` tells of another policy |
//! | `maxmemory` | twice what is needed | a full store takes no revocation. The event `store_filling` comes at 80 % |
//! | `appendonly` | `yes`, where revocation matters | a store that starts empty is filled again by the processes that live, and only by them |
//! | `maxclients` | twice the number of processes, and 100 | each process has two connections |
//! | `proto-max-bulk-len` | `1mb` | nobody can store values that fill it |
//! | `client-output-buffer-limit` | `normal 2mb 0 0` | no process reads more at once: nothing that belongs there is larger, and whoever may write could add an entry of any size to the stream of revocations, which all processes read |
//! | TLS | `rediss://` | who is between a process and the store can withhold revocations, and say that each proof is new |
//!
//! **A server with a certificate of your own authority**: `"ca_file"` names the authority, and is
//! used in place of those that the system trusts. Where the server wants certificates of its
//! clients, set `"client_certificate_file"` and `"client_key_file"`. The name in the URL must be in
//! the certificate of the server.
//!
//! **A cluster** is a list, of which one node that answers is enough to find the others:
//! `"redis": ["rediss://mcp@cache-1.internal:6379", "rediss://mcp@cache-2.internal:6379"]`. Slots
//! may move while processes run. Sentinel is not asked: give the address that leads to the primary.
//!
//! A revocation takes about 85 bytes in the store, a proof 180, a session 200, a key set its own
//! size and 160. For proofs, count their number per second times 120 seconds, or times 360 with
//! nonces: a hundred a second take 2 MB. For revocations, count their number per second times
//! `revocation_keep`. A short [`max_token_age`](crate::config::JwtAuthConfigBuilder::max_token_age)
//! keeps that small.
//!
//! ## Replace the password of the store
//!
//! `password_file`, and the files of TLS, are read again for new connections, so nothing is
//! restarted. In this order, at the prompt of `redis-cli`, no request is refused:
//!
//! 1. `ACL SETUSER mcp >new` at each server: it takes both passwords.
//! 2. Replace the content of `password_file` everywhere.
//! 3. `ACL SETUSER mcp <old` at each server: it takes the new one alone.
//!
//! In another order, connections that exist go on. One that is made while the two differ is
//! refused, and the process is as without a store until they are the same again.
//!
//! # Who holds the secret
//!
//! The store is not trusted. What is in it is sealed with the secret, so somebody who can write to
//! the store can remove things, and cannot sign in. But **who holds the secret can let tokens in
//! everywhere in the namespace**: it seals the key sets. Use one namespace and one secret for one
//! service, not one for the company.
//!
//! To replace the secret, roll out these steps, each to all processes before the next:
//!
//! | step | `secrets` |
//! | --- | --- |
//! | before | `[A]` |
//! | 1 | `[A, B]` |
//! | 2 | `[B, A]` |
//! | 3, not before [`old_secret_needed_until`](crate::fleet::FleetHealth::old_secret_needed_until) | `[B]` |
//!
//! Step 3 takes away what only A opens. If it came early, revocations that were written under A
//! would be forgotten by each process that starts.
//!
//! A secret that leaked is replaced by `[B]` at once. Key sets are then fetched again, clients
//! begin new sessions, and **you must revoke again what was revoked in the last
//! `revocation_keep`**.
//!
//! # Revoke
//!
//! ```
//! # #[cfg(feature = "redis")] {
//! # use tower_jwt_auth::fleet::Fleet;
//! # type Outcome = Result<(), Box<dyn std::error::Error>>;
//! # async fn revoke(fleet: Fleet, session: &str) -> Outcome {
//! use tower_jwt_auth::fleet::Revocation;
//!
//! fleet.revoke(Revocation::session("https://tenant.auth0.com/", session)).await?;
//! # Ok(())
//! # }
//! # }
//! ```
//!
//! [`Revocation`](crate::fleet::Revocation) has the other kinds. Each is kept for
//! [`revocation_keep`](crate::fleet::FleetBuilder::revocation_keep), which must be longer than any
//! token lives: the event `revocation_too_short` tells of a token that lives longer.
//!
//! **Revoking a user ends access tokens, not refresh tokens.** Disable the user at the issuer
//! first. Otherwise a refresh a second later brings a new token, which is good.
//!
//! ## When a user logs out at the issuer
//!
//! [`BackChannelLogout`](crate::fleet::BackChannelLogout) takes the logout tokens of OpenID Connect
//! Back-Channel Logout 1.0. Put it on a route outside the layer, and register the URL at the
//! issuer. The issuer sends logouts to its clients alone, so this server must be one of them, and
//! the user must have signed in with that client.
//!
//! - Keycloak: enter the URL as *Backchannel logout URL* in the settings of the client.
//! - Auth0: enter it as *Back-Channel Logout URI* in the settings of the application.
//! - Okta: enter it as the logout request URL of *Single Logout* in the settings of the app
//!   integration, if your plan has logouts that the issuer sends.
//!
//! ## When the issuer sends security events
//!
//! Few issuers of MCP servers send Security Event Tokens (RFC 8417), so the crate has no receiver.
//! This is what turns one that you have verified into a revocation:
//!
//! ```
//! # #[cfg(feature = "redis")] {
//! use std::time::{Duration, SystemTime};
//! use serde_json::Value;
//! use tower_jwt_auth::fleet::Revocation;
//!
//! /// What the verified claims of a security event token revoke.
//! fn revocation_of(set: &Value) -> Option<Revocation> {
//!     const EVENTS: [&str; 3] = [
//!         "https://schemas.openid.net/secevent/caep/event-type/session-revoked",
//!         "https://schemas.openid.net/secevent/risc/event-type/account-disabled",
//!         "https://schemas.openid.net/secevent/risc/event-type/sessions-revoked",
//!     ];
//!     let event = EVENTS.iter().find_map(|name| set["events"].get(name))?;
//!     let issuer = set["iss"].as_str()?;
//!     let subject = set.get("sub_id").or_else(|| event.get("subject"))?;
//!     // Narrower than a user, or about a user of another issuer: revokes nothing here.
//!     if subject["format"] != "iss_sub" || subject["iss"] != issuer {
//!         return None;
//!     }
//!     // Drafts of CAEP had milliseconds; a cut of the year 53,000 would lock the user out.
//!     let at = ["toe", "event_timestamp"].iter().find_map(|name| {
//!         set.get(name).or_else(|| event.get(name))?.as_u64()
//!     });
//!     let seconds = match at.or_else(|| set["iat"].as_u64())? {
//!         milliseconds @ 1_000_000_000_000.. => milliseconds / 1000,
//!         seconds => seconds,
//!     };
//!     let cut = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
//!     Some(Revocation::subject(issuer, subject["sub"].as_str()?).issued_before(cut))
//! }
//! # let revoked = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
//! # let set = serde_json::json!({
//! #     "iss": "i",
//! #     "iat": 5,
//! #     "sub_id": {"format": "iss_sub", "iss": "i", "sub": "u"},
//! #     "events": {revoked: {}},
//! # });
//! # assert!(revocation_of(&set).is_some());
//! # let mut other = set.clone();
//! # other["sub_id"]["iss"] = "j".into();
//! # assert!(revocation_of(&other).is_none());
//! # }
//! ```
//!
//! Respond with 202 after `revoke` has returned `Ok`, and with 503 otherwise: the sender comes
//! again.
//!
//! # Several regions
//!
//! Use one store, and one secret, for each region. Keys are then fetched once in each, sessions
//! stay in theirs, and a DPoP proof or nonce of one region is refused in another if nonces are
//! [`Required`](crate::proof::NonceMode::Required). Without nonces a stolen proof works once in
//! each region. To revoke, call `revoke` on the `Fleet` of each region.
//!
//! # Functions that start and freeze
//!
//! A process notices that it stood still for more than 15 seconds, and reads what was revoked
//! meanwhile before it judges the next token; this takes one read, and at most `timeout`. With a
//! dead store, a function that starts responds with 503 for `revocations_at_start`: set it to `0s`
//! where a function lives for a shorter time and being available is worth more to you. A key set in
//! the store saves each cold start its fetches.
//!
//! # What is not promised
//!
//! - A revocation reaches the others within a second while the store is up. While it is down, or a
//!   process cannot reach it, tokens go on working there.
//! - Who can write to the store can remove revocations and used proofs. Processes that have heard a
//!   revocation keep it, and put it back.
//! - `leeway` must cover the difference between any two clocks of the fleet, those of the store
//!   included. Beyond it, a proof may work twice.
//! - After a fail-over that loses writes, proofs of that moment may work twice, and sessions of it
//!   are gone.
//!
//! `docs/fleet.md` in the source has measurements of up to a thousand processes, and of each
//! failure.
