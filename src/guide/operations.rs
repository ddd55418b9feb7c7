//! Running it: when keys are fetched, how long they are used, and which events to watch.
//!
//! # The fetching task
//!
//! Each issuer has one background task. It starts with [`JwtAuthLayer::wait_for_keys`], or with the
//! first token that names the issuer and passes every check except the signature. Only this task
//! fetches. It keeps running without traffic until the last clone of the layer, of its services and
//! of its verifiers is dropped. Requests read the keys in use and never fetch, so a cancelled
//! request cancels no fetch.
//!
//! Issuers share nothing except the HTTP client. An issuer that is down, slow or flooded does not
//! affect another.
//!
//! Static keys (`jwk`, `jwks`, `public_key_pem`) have no task, no age and no failures.
//!
//! # The four ages of a key set
//!
//! With the defaults of [`JwksCache`]:
//!
//! | state | age | behaviour |
//! | --- | --- | --- |
//! | fresh | up to 8 minutes | The keys are used. No fetch is scheduled |
//! | refresh ahead | from 80 % of `max_age`, or up to a tenth of that earlier, at random: 7 min 12 s to 8 min | The task fetches while the keys are used. No request waits. The random part spreads processes that started together |
//! | stale | over `max_age`, 10 minutes | All refreshes since then have failed. The keys are still used; [`IssuerHealth::stale`] is true |
//! | expired | `max_stale`, 24 hours | The keys are no longer used, because a key withdrawn in the meantime would still be trusted. Tokens get 503 |
//!
//! A `Cache-Control: max-age` (less `Age`) that is shorter than `max_age` shortens the first two,
//! down to `min_age`, [5 minutes](crate::limits::DEFAULT_MIN_AGE); a longer one has no effect (RFC
//! 9111 §4.2). `no-store` and `no-cache` count as zero. A 304 response to `If-None-Match` or
//! `If-Modified-Since` renews the set without parsing it (RFC 9110 §15.4.5). Two sets with the same
//! usable keys are the same set, whatever their order and spelling: the generation stays, and
//! cached tokens stay valid. A key is its material, its `kid` and its `alg`.
//!
//! A fetched set replaces the old one as a whole: tokens of a key that has disappeared are rejected
//! from then on. A response that is not a key set, or that contains no usable key, counts as a
//! failed fetch, and the old set stays.
//!
//! Age is measured by the monotonic clock. When the wall clock runs more than `max_age` ahead of
//! it, the machine was asleep, and the wall clock counts; setting the wall clock back changes
//! nothing for keys. The times in tokens are always compared with the wall clock, so the host needs
//! NTP.
//!
//! # The three budgets
//!
//! The budgets ensure that no client can starve another and that no flood reaches the issuer:
//!
//! 1. **The schedule.** One fetch per lifetime of a set, as above.
//! 2. **Unknown `kid`s.** [Two](crate::limits::UNKNOWN_KID_FETCHES) fetches at once, and one more
//!    per `cooldown` (30 seconds).
//!    - All requests with an unknown `kid` share the fetch in progress, and wait for it at most
//!      `timeout` (5 seconds).
//!    - When the budget is spent, the response is 429 with `Retry-After`, because the key may be
//!      published and the token valid.
//!    - A `kid` that a fetch did not find gets 401, and is remembered until the set changes (at
//!      most [1024](crate::limits::MAX_REMEMBERED_KIDS) of them).
//!    - It is looked for again after 1 second, then 2, 4 and so on up to `cooldown`: a token that
//!      was signed shortly before its key was published is accepted shortly after. These fetches
//!      have a budget of the same size for themselves, which a flood of new `kid`s does not touch.
//!    - A `kid` that an earlier set contained has a third budget, because the replicas of an issuer
//!      may disagree about its keys. Each request looks for it twice.
//! 3. **The back-off after failures.** 1 second, doubling up to `cooldown`. It applies to every
//!    fetch, whatever triggered it.
//!    - Each pause is up to a quarter shorter, at random.
//!    - A `Retry-After` of the issuer is respected up to `max_age`.
//!    - While no key may serve, it is respected up to
//!      [60 seconds](crate::limits::MAX_WAIT_WITHOUT_KEYS), and the pause is up to a half longer at
//!      random, so that many processes do not return in the same second.
//!    - Tokens are accepted again at most `cooldown` after the issuer is back, or after the time
//!      that its `Retry-After` gave.
//!
//! In addition, a signature that fails under a known key may trigger one fetch per `cooldown`, and
//! none while the set is younger than that: some issuers reuse a `kid` for a new key. When no newer
//! set arrives the response is 401, also while the issuer is down.
//!
//! Only a token that passes the checks of shape, `alg`, `typ`, `iss`, `aud`, times and `cnf` can
//! trigger a fetch at all.
//!
//! The response to a well-formed token:
//!
//! | keys in use | `kid` | fetches work | response |
//! | --- | --- | --- | --- |
//! | yes | known | – | accepted or rejected, without waiting |
//! | yes | unknown | yes | waits for a fetch (a second one, if the first was already in progress), then accepted or rejected; 401 when the set does not contain the `kid` |
//! | yes | unknown, and no fetch has looked for it | budget spent | 429 and `Retry-After` |
//! | yes | unknown | no | 503 and `Retry-After` |
//! | none yet, or expired | any | yes | waits for one fetch, then accepted or rejected |
//! | none yet, or expired | any | no | 503 and `Retry-After`: as soon as the fetch fails, and immediately during the back-off |
//!
//! # Readiness
//!
//! [`JwtAuthLayer::keys_health`] reports on every issuer and starts nothing. Keys are fetched from
//! the first token on, or from the first call of [`JwtAuthLayer::wait_for_keys`]. A process that
//! gets traffic only once it is ready must therefore make that call itself:
//!
//! ```
//! use tower_jwt_auth::JwtAuthLayer;
//!
//! /// Called at start-up. If the first attempt fails, the task keeps trying, and readiness follows.
//! fn warm_up(auth: &JwtAuthLayer) {
//!     let auth = auth.clone();
//!     tokio::spawn(async move { auth.wait_for_keys().await });
//! }
//!
//! /// The status of a readiness probe.
//! fn readiness(auth: &JwtAuthLayer) -> u16 {
//!     if auth.keys_health().is_ready() { 200 } else { 503 }
//! }
//! ```
//!
//! [`KeysHealth::is_ready`] requires keys of every issuer, and that `algorithms` allows one of
//! them. If one of several issuers may be missing, look at [`KeysHealth::issuers`] instead.
//! [`wait_for_keys`](crate::JwtAuthLayer::wait_for_keys) returns at the first failure, with the URL
//! and the cause; waiting for it before serving makes your start depend on that of the issuer, and
//! is not needed. Do not use readiness as a liveness probe: a restart does not end an outage of the
//! issuer.
//!
//! [`IssuerHealth`] has the data for a dashboard: `ready`, `stale`, `generation`, `age`, the `kid`s
//! in use, skipped keys with reasons, `last_error`, `next_attempt`, `fetches`, `failures`.
//!
//! # Events
//!
//! Feature `tracing`, target `tower_jwt_auth`. The field `event` holds the name of the event. No
//! event contains a token; a `kid` is escaped to ASCII and truncated to 64 characters. [Alerts](#alerts)
//! lists the events that deserve one.
//!
//! ## Requests
//!
//! | event | level | fields | when |
//! | --- | --- | --- | --- |
//! | `refusals` | warn | `code`, `count`, `example` | Requests were rejected for this reason: the first one, then at most one event a minute. [`troubleshooting`](super::troubleshooting) lists the codes |
//! | `request_refused` | debug | `kind`, `reason` (if a token caused it) | A request was rejected, for whatever reason |
//! | `session_refused` | debug | `reason` | A request came with a session of somebody else, or, under [`strict`](crate::mcp::SessionBindingLayer::strict), with an unknown one: 404 |
//! | `layer_missing` | error | – | An extractor or `RequireScopesLayer` runs without `JwtAuthLayer`; the message names it; at most once a minute |
//! | `metadata_unreachable` | warn | `url` | In ten different minutes, clients without credentials were sent to the metadata document, and none has got it from this server: it is probably not served at its URL. Once; see [where the metadata is served](super::mcp#where-the-metadata-is-served) |
//! | `authorization_servers_empty` | warn | `left_out` | The metadata lists no issuer, because none has `advertise`: clients do not learn where to sign in. Once, by `build` |
//! | `session_store_failed` | warn | `error` | A [`SessionStore`](crate::mcp::SessionStore) could not be asked: 503 |
//!
//! ## Keys
//!
//! | event | level | fields | when |
//! | --- | --- | --- | --- |
//! | `keys_unavailable` | error | `issuer`, `error`, `age_seconds` (absent before the first set) | A fetch failed and there are no keys fit for use: tokens get 503. Once per attempt |
//! | `private_key_published` | error | `issuer` | A new set of the issuer contains private key members |
//! | `fetch_failed` | warn | `issuer`, `error`, `age_seconds` | A fetch failed, or returned no usable key; the old keys stay in use. Once per attempt, and attempts back off |
//! | `key_skipped` | warn | `issuer`, `kid` (if the key has one), `reason` | A key of a new set is not used; once per changed set |
//! | `too_many_keys` | error | `issuer`, `beyond_limit` | A new set contains more than 128 keys; the others are not read |
//! | `keys_replaced` | info | `issuer`, `generation`, `usable`, `skipped` | Another set is in use |
//! | `keys_renewed` | debug | `issuer`, `generation` | The same set was confirmed |
//! | `keys_recovered` | info | `issuer` | The first successful fetch after failures |
//! | `keys_seeded` | info | `issuer`, `usable`, `skipped` | Keys of an earlier process are in use until the first fetch |
//! | `snapshot_ignored` | warn (debug when there is none) | `issuer`, `reason` | The snapshot file is not used at start-up |
//! | `snapshot_not_written` | warn | `issuer`, `path`, `error` | The snapshot file could not be replaced, for example because its folder is missing. Also in `keys_health()` |
//! | `credentials_not_replaced` | warn | `issuer`, `error` | `ca_file`, `client_certificate_file`, `client_key_file` or `bearer_token_file` has changed and cannot be used; the old content stays in use. Once per fault |
//! | `issuers_replaced` | info | `added`, `changed`, `removed`, `unchanged` (numbers of issuers) | Other issuers are trusted from now on |
//! | `issuers_refused` | error | `error` | [`replace_issuers`](crate::JwtAuthLayer::replace_issuers) was given a list that cannot be used; the issuers so far are still trusted |
//! | `no_runtime` | error | `issuer` | A token needs keys, and there is no tokio runtime to fetch them on; at most once a minute |
//! | `task_lost` | warn | `issuer` | The runtime of the task has ended or is not driven; the next request starts another task |
//! | `metadata_found` | debug | `issuer`, `outcomes` | The metadata of the issuer was found; `outcomes` names each URL where it may be |
//! | `exchanged` | debug | `method`, `url`, `milliseconds`, and `status`, `bytes`, `date`, `age` (the headers, if the answer has them) or `error` | One HTTP request to an issuer was answered, or failed |
//!
//! ## Proof of possession and introspection
//!
//! | event | level | fields | when |
//! | --- | --- | --- | --- |
//! | `dpop_url_mismatch` | warn once an hour, else debug | `named`, `expected` | A DPoP proof names another URL than the expected one; the message says which `dpop.public_url` would fit |
//! | `nonce_secret_made_up` | warn | – | `dpop.nonce` is `required`, and no secret is set: several processes do not accept each other's nonces. Once, by `build` |
//! | `replay_floor_raised` | error | `entries` | More DPoP proofs came than are remembered: requests with older proofs get 503. At most once a minute |
//! | `replay_clock_set_back` | error | `seconds` | The clock was set back: requests whose proofs may have been used get 503 until it has caught up. At most once a minute |
//! | `replay_store_failed` | error | `error` | The shared store of used proofs failed: 503. At most once a minute |
//! | `peer_address_missing` | error | `header` | A certificate came in a header, and the request has no `PeerAddress` that says who sent it. Once |
//! | `introspection_failed`, `introspection_refused` | error | `issuer`, `error` | The endpoint did not answer properly; or it refuses the credentials of this server |
//! | `introspection_recovered` | info | `issuer` | The first answer after failures |
//! | `introspection_secret_encoded` | warn | `issuer` | The client id or secret has characters that form-encoding changes, and some endpoints do not decode them: see `basic_unencoded`. Once, by `build` |
//!
//! ## Fleet
//!
//! | event | level | fields | when |
//! | --- | --- | --- | --- |
//! | `store_down` | error | `error` | The store of a fleet has not answered three calls in a row, or refuses the user. Once, until `store_up` |
//! | `store_up` | info | – | The first answer after `store_down` |
//! | `store_refuses` | error | `error` | The store refuses a call: the user of this process may do too little, or the password is wrong. What needs the call does without, or gets 503. At most once a minute |
//! | `store_full` | error | `error` | The store has reached its `maxmemory`, and evicts nothing: no revocation is stored, and requests with DPoP proofs get 503. At most once a minute |
//! | `store_filling` | warn | `percent` | The store uses 80 % of its `maxmemory`, and evicts nothing. Once, until there is room again |
//! | `store_evicts` | error | `policy`, `evicted` | The store may evict names, although proofs or revocations are in it: a used proof may then work again. Set `maxmemory-policy` to `noeviction`. When it is first seen, and each minute in which names were evicted |
//! | `store_tampered` | error | `kind` | A value in the store was not sealed by this fleet, and is ignored: somebody else writes there, or processes of one namespace have different secrets. At most once a minute |
//! | `store_foreign_records` | warn | `count` | Entries of the stream of revocations do not open: another secret in the same namespace, or somebody else writes there. At most once an hour |
//! | `store_not_encrypted` | warn | `store` | `fleet.redis` is `redis://` and leads to another host: anybody on the way can forge responses. Once, by `build` |
//! | `keys_taken` | info if the keys are new, else debug | `issuer`, `generation`, `usable`, `skipped`, `age_seconds` | Another process of the fleet had fetched the key set that is in use now |
//! | `keys_put_off` | warn if no key may serve, else debug | `issuer`, `pause_seconds` | Another process of the fleet could not fetch the keys, and none tries again before the pause is over |
//! | `keys_too_large_to_share` | warn | `issuer`, `bytes` | The key set is larger than what is shared: each process fetches by itself |
//! | `revoked` | info | `kind`, `shared` | [`Fleet::revoke`](crate::fleet::Fleet::revoke) revoked tokens here; `shared`: the store has it, so every process will know. Shows no names |
//! | `revocations_unread` | error | – | `revocations_at_start` is over, and the store has not given the list of revocations. At once and each minute |
//! | `revocations_behind` | error | `seconds` | The store has told nothing for longer than 15 seconds: what other processes revoke is not known here. At once and each minute |
//! | `revocations_healed` | warn | `count` | The store had lost revocations in force, and this process has added them again: it was emptied, restarted, or failed over |
//! | `revocations_passed_over` | error | `most` | More revocations are in force than a process remembers; new ones of other processes are not heard. At most once a minute |
//! | `revocation_too_short` | error | `issuer`, `left_seconds`, `keep_seconds` | A token was accepted that lives longer than revocations are remembered: set `max_token_age`, or raise `revocation_keep`. At most once an hour |
//! | `logout_not_stored` | error | `error` | A [logout](crate::fleet::BackChannelLogout) got 503: it is not known to all processes, and most issuers do not send it again. At most once a minute |
//! | `logout_refused` | debug | `reason` | What was sent as a [logout](crate::fleet::BackChannelLogout) is not accepted |
//! | `logout_without_effect` | warn | `issuer` | A logout named a session (`sid`) without a user, and no access token of the issuer since the start had a `sid`: it probably refuses none. At most once an hour |
//!
//! # Metrics
//!
//! Feature `metrics`, for programs that install a recorder of the `metrics` crate. Labels contain
//! configured texts and fixed words of this crate, never text from outside. A layer with more than
//! [100 issuers](crate::limits::MAX_LABELLED_ISSUERS) leaves the label `issuer` out: its counters
//! then count all issuers together, and the gauges of keys are not set.
//!
//! | name | type | labels | meaning |
//! | --- | --- | --- | --- |
//! | `tower_jwt_auth_requests_accepted_total` | counter | `issuer` | Requests with a token that was accepted, cached or not. A layer further in may still reject such a request: it then counts in the next row too |
//! | `tower_jwt_auth_requests_refused_total` | counter | `kind`: the `error` of the response body; `code`: the reason, see [`troubleshooting`](super::troubleshooting) | Rejected requests |
//! | `tower_jwt_auth_sessions_refused_total` | counter | – | Requests with a session of somebody else, or, under [`strict`](crate::mcp::SessionBindingLayer::strict), with an unknown one |
//! | `tower_jwt_auth_fetches_total` | counter | `issuer`, `outcome`: `replaced`, `renewed`, `failed` | Completed fetches |
//! | `tower_jwt_auth_fetch_duration_seconds` | histogram | the same | Duration of a fetch, discovery included; at most `timeout` |
//! | `tower_jwt_auth_keys_usable`, `tower_jwt_auth_keys_skipped` | gauge | `issuer` | Keys of the set in use |
//! | `tower_jwt_auth_keys_serving` | gauge | `issuer` | 1 while tokens can be verified, 0 once an attempt has failed and no keys are fit for use |
//! | `tower_jwt_auth_keys_confirmed_timestamp_seconds` | gauge | `issuer` | When the set in use was fetched or confirmed, in Unix seconds: the current time minus this value is its age |
//! | `tower_jwt_auth_token_cache_entries` | gauge | `resource`, empty if it is not set | Tokens in the cache, after its last change. Layers with the same `resource` overwrite each other's value |
//! | `tower_jwt_auth_dpop_proofs_total` | counter | `outcome`: `accepted`, or the code of what was wrong, see [`troubleshooting`](super::troubleshooting) | DPoP proofs that came |
//! | `tower_jwt_auth_dpop_replays_total` | counter | – | DPoP proofs that were used before |
//! | `tower_jwt_auth_dpop_nonce_challenges_total` | counter | – | Requests that were sent back for a nonce |
//! | `tower_jwt_auth_dpop_replay_entries` | gauge | – | Used proofs that are remembered, in all memories of the process |
//! | `tower_jwt_auth_introspection_calls_total` | counter | `outcome` | Calls to introspection endpoints |
//! | `tower_jwt_auth_introspection_cache_total` | counter | `outcome` | Look-ups of answers that are kept |
//! | `tower_jwt_auth_keys_taken_total` | counter | `issuer` | Key sets that another process of the fleet had fetched |
//! | `tower_jwt_auth_revocations` | gauge | – | Revocations that this process knows |
//! | `tower_jwt_auth_revocations_heard_timestamp_seconds` | gauge | – | When this process last knew all that the store has, in Unix seconds. More than 15 seconds ago: the store does not answer |
//! | `tower_jwt_auth_store_calls_total` | counter | `op`: the command, such as `get`, `set_if_absent` or `append`; `outcome`: `ok`, `no_answer`, `refused`, `full`, `error` | Commands that were sent to the store of a fleet |
//! | `tower_jwt_auth_store_seconds` | histogram | `op` | Duration of such a command, also of one that got no answer; not of one that waits for revocations |
//!
//! Four alerts in PromQL. The thresholds fit the defaults; each line stands alone.
//!
//! ```text
//! # A tenth of the requests with credentials are rejected: a changed issuer, audience or clock.
//! # `sum by (code)` of the first term says why.
//! sum(rate(tower_jwt_auth_requests_refused_total{kind!="unauthorized"}[10m]))
//!   / (sum(rate(tower_jwt_auth_requests_refused_total{kind!="unauthorized"}[10m]))
//!      + (sum(rate(tower_jwt_auth_requests_accepted_total[10m])) or vector(0))) > 0.1
//!
//! # Valid tokens are turned away: there are no keys.
//! min by (issuer) (tower_jwt_auth_keys_serving) == 0
//!
//! # The keys are older than twice `max_age`: a rotation would already be missed.
//! time() - min by (issuer) (tower_jwt_auth_keys_confirmed_timestamp_seconds) > 1200
//!
//! # Fetches take more than half of `timeout` on average, and will soon fail.
//! sum by (issuer) (rate(tower_jwt_auth_fetch_duration_seconds_sum[1h]))
//!   / sum by (issuer) (rate(tower_jwt_auth_fetch_duration_seconds_count[1h])) > 2.5
//! ```
//!
//! # Alerts
//!
//! - `private_key_published`: immediately. Anybody who has read the set can sign tokens; the issuer
//!   must replace those keys.
//! - `keys_unavailable`: immediately. Valid tokens are turned away.
//! - `fetch_failed` with `age_seconds` above `max_age`: soon. The keys are stale, and a rotation
//!   would already be missed. Below that age it is one attempt of several.
//! - `tower_jwt_auth_keys_confirmed_timestamp_seconds` further back than `max_age`: soon, whatever
//!   the events say.
//! - `revocations_unread`, `revocations_behind`: soon. Tokens that other processes have revoked are
//!   accepted here, or get 503 if `revocations_at_start` is `"required"`.
//! - `store_evicts`, `store_full`: immediately, where proofs or revocations matter.
//!   `store_filling`: soon.
//! - `store_down`: soon. Requests with DPoP proofs or with sessions get 503, and revocations are
//!   not heard. `store_tampered`: find out who writes to the store.
//! - `logout_not_stored`: soon. Somebody has logged out, and their tokens may go on working.
//! - `revocations_healed`: look once. The store loses what is written to it: if it was not emptied
//!   by hand, set `appendonly yes`.
//! - `layer_missing`, `no_runtime`: immediately, and in tests. The program is assembled
//!   incorrectly.
//! - `metadata_unreachable`: look once. New clients probably cannot sign in. Probes without
//!   credentials that never read the document cause it too: let them ask an open path.
//! - `key_skipped`: look once. Encryption keys beside signing keys are normal; a skipped signing
//!   key is not.
//! - a rise of 401 responses together with `request_refused` of one `reason`: a changed issuer,
//!   audience or clock.
//!
//! # Restart during an outage
//!
//! `build` and `new` fetch nothing, so a process starts while its issuer is down. Without keys,
//! every token that could be valid gets 503 with `Retry-After` until the first fetch succeeds; no
//! restart is needed. To serve immediately after a start, provide initial keys:
//!
//! - [`snapshot_file`](crate::config::JwtAuthConfigBuilder::snapshot_file) saves each good set to a
//!   file and reads it at start-up. The file is replaced as a whole; a file that is damaged, older
//!   than `max_stale` or of another issuer is ignored.
//! - [`initial_jwks`](crate::config::JwtAuthConfigBuilder::initial_jwks) takes a set from the
//!   configuration, or from [`JwtVerifier::export_keys`](crate::JwtVerifier::export_keys) in
//!   another process.
//!
//! Both preserve the age of the keys: they are used for no longer than `max_stale` after they were
//! fetched. Protect both like the configuration, because anybody who can write them decides which
//! tokens are valid.
//!
//! # Runtimes
//!
//! The task runs on the tokio runtime (with its time driver) of the request that started it. When
//! that runtime ends, or is not driven for longer than any pause of the task, the next request
//! starts a new task on its own runtime. A program that calls `block_on` for each request gives the
//! task no time between requests: keep a runtime with worker threads.
//!
//! # Network
//!
//! - Fetches go to `jwks_uri`; with discovery also to the issuer's well-known URLs, before each
//!   fetch of the keys. Setting `jwks_uri` halves the number of requests and removes one possible
//!   failure.
//! - Redirects are not followed. Connections are not kept alive. A connection that fails or breaks
//!   off is retried once, immediately.
//! - The proxy variables of the environment are honoured; for a private CA or a client certificate,
//!   pass an HTTP client to the builder.
//! - A rejected request gets its response before its body is read. hyper then closes an HTTP/1
//!   connection whose body has not arrived yet, and a client that continues to use it must
//!   reconnect: of 1500 rejected requests of one Python client, which sends head and body
//!   separately, 18 hit the closed connection. `Connection: close`, added in a hook of
//!   [`on_rejection`](crate::JwtAuthLayer::on_rejection), tells such clients immediately.
//! - `timeout` limits a whole fetch, discovery included. A larger value makes requests wait longer
//!   when they depend on a fetch.
//!
//! [`IssuerHealth::stale`]: crate::keys::IssuerHealth::stale
//! [`IssuerHealth`]: crate::keys::IssuerHealth
//! [`JwksCache`]: crate::config::JwksCache
//! [`JwtAuthLayer::keys_health`]: crate::JwtAuthLayer::keys_health
//! [`JwtAuthLayer::wait_for_keys`]: crate::JwtAuthLayer::wait_for_keys
//! [`KeysHealth::is_ready`]: crate::keys::KeysHealth::is_ready
//! [`KeysHealth::issuers`]: crate::keys::KeysHealth::issuers
