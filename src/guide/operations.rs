//! Running it: when keys are fetched, how long they serve, what to watch.
//!
//! # Who fetches
//!
//! Each issuer has one background task. It starts with the first token that passes every check but the signature and names that issuer, or
//! with [`JwtAuthLayer::ready`]. It is the only one that fetches, and it goes on without traffic until the last clone of the layer, of its
//! services and of its verifiers is dropped. Requests read the keys in use and never fetch: one that is cancelled takes no fetch with it.
//!
//! Issuers share nothing but the HTTP client. One that is down, slow or flooded does not touch another.
//!
//! Static keys (`jwk`, `jwks`, `public_key_pem`) have no task, no age and no failures.
//!
//! # The four times of a key set
//!
//! With the defaults of [`JwksCache`]:
//!
//! | time | age | what happens |
//! | --- | --- | --- |
//! | fresh | up to 8 minutes | The keys serve. Nothing is fetched on schedule |
//! | refresh ahead | from 80 % of `max_age` on, up to a tenth of that earlier by chance: 7 min 12 s to 8 min | The task fetches while the keys serve. No request waits. Chance spreads processes that started together |
//! | stale | over `max_age`, 10 minutes | Refreshes have failed since. The keys serve; [`IssuerHealth::stale`] is true |
//! | expired | `max_stale`, 24 hours | The keys serve no more: one that was withdrawn in the meantime would still be trusted. Tokens get 503 |
//!
//! A `Cache-Control: max-age` (less `Age`) that is shorter than `max_age` shortens the first two, down to
//! [30 seconds](crate::limits::MIN_SERVER_MAX_AGE); a longer one changes nothing (RFC 9111 §4.2). `no-store` and `no-cache` count as zero.
//! A 304 to `If-None-Match` or `If-Modified-Since` renews the set without parsing it (RFC 9110 §15.4.5).
//!
//! A fetched set replaces the old one as a whole: a key that is gone is refused from then on. An answer that is no key set, or that holds no
//! usable key, is a failed fetch, and the old set stays.
//!
//! Age is measured by the monotonic clock. When the wall clock ran more than `max_age` ahead of it, the machine was asleep, and the wall
//! clock counts; a wall clock that is set back changes nothing for keys. Tokens are always judged by the wall clock, so the host needs NTP.
//!
//! # The three budgets
//!
//! So that nobody can starve anybody else, and no flood reaches the issuer:
//!
//! 1. **The schedule.** One fetch per life of a set, as above.
//! 2. **Unknown `kid`s.** [Two](crate::limits::UNKNOWN_KID_FETCHES) fetches at once, one more per `cooldown` (30 seconds). All requests with
//!    an unknown `kid` share the fetch that is under way, and wait for it at most `timeout` (5 seconds). A `kid` that a fresh set was seen
//!    not to hold is remembered for one `cooldown` ([1024](crate::limits::MAX_REMEMBERED_KIDS) of them) and refused without a
//!    fetch; a set that changed forgets them. With the budget spent the answer is 401. A `kid` that an earlier set held is never taken for
//!    absent, because replicas of an issuer may disagree about which keys there are: it is looked for twice, and has a budget of the same
//!    size to itself, so that tokens of a key that is really gone take nothing from a new one.
//! 3. **The back-off after failures.** 1 second, doubling up to `cooldown`, up to a quarter shorter by chance. A `Retry-After` of the issuer
//!    is respected up to `max_age`. It holds for every fetch, whoever asks. Recovery therefore takes at most `cooldown` after the issuer is
//!    back, or what `Retry-After` asked for.
//!
//! Besides, a signature that fails under a known key may ask for one fetch per `cooldown`, and for none while the set is younger than that:
//! some issuers reuse a `kid` for a new key. When nothing newer comes the answer is 401, also when the issuer is down.
//!
//! Only a token that passes shape, `alg`, `typ`, `iss`, `aud`, times and `cnf` can ask for a fetch at all.
//!
//! What a token with a good shape gets:
//!
//! | keys in use | `kid` | fetches work | answer |
//! | --- | --- | --- | --- |
//! | yes | known | – | the verdict, without waiting |
//! | yes | unknown | yes | waits for a fetch (a second one, when the first was under way already), then the verdict; 401 when the set does not hold it |
//! | yes | unknown | no | 503 and `Retry-After` |
//! | none yet, or expired | any | yes | waits for one fetch, then the verdict |
//! | none yet, or expired | any | no | 503 and `Retry-After`: as soon as the fetch fails, and during the back-off without one |
//!
//! # Readiness
//!
//! [`JwtAuthLayer::keys`] reports on every issuer and starts nothing. Before the first token or the first call of `ready` there are no keys
//! to report, so a process that gets traffic only once it is ready must call `ready` itself:
//!
//! ```
//! use tower_jwt_auth::JwtAuthLayer;
//!
//! /// At start. When the first attempt fails the task goes on trying, and readiness follows.
//! fn warm_up(auth: &JwtAuthLayer) {
//!     let auth = auth.clone();
//!     tokio::spawn(async move { auth.ready().await });
//! }
//!
//! /// The status of a readiness probe.
//! fn readiness(auth: &JwtAuthLayer) -> u16 {
//!     if auth.keys().is_ready() { 200 } else { 503 }
//! }
//! ```
//!
//! [`KeysHealth::is_ready`] wants keys of every issuer. Where one of several may be missing, look at [`KeysHealth::issuers`] instead.
//! [`ready`](crate::JwtAuthLayer::ready) gives up with the first failure and names URL and cause; waiting for it before serving ties your start to
//! that of the issuer, and is not needed. Do not use readiness for liveness: a restart cures no outage of the issuer.
//!
//! [`IssuerHealth`] has what a dashboard needs: `ready`, `stale`, `generation`, `age`, the `kid`s in use, skipped keys with reasons,
//! `last_error`, `next_attempt`, `fetches`, `failures`.
//!
//! # Events
//!
//! Feature `tracing`, target `tower_jwt_auth`. The field `event` names them. No event holds a token; a `kid` is escaped to ASCII and cut to 64
//! characters.
//!
//! | `event` | level | fields | when |
//! | --- | --- | --- | --- |
//! | `fetch_failed` | warn | `issuer`, `error`, `age_seconds` | A fetch failed, or brought nothing usable; the old keys serve on. Once per attempt, and attempts back off |
//! | `key_skipped` | warn | `issuer`, `kid` (where there is one), `reason` | A key of a new set is not used; once per set that changed |
//! | `keys_recovered` | info | `issuer` | The first good answer after failures |
//! | `keys_renewed` | debug | `issuer`, `generation` | The same set was confirmed |
//! | `keys_replaced` | info | `issuer`, `generation`, `usable`, `skipped` | Another set is in use |
//! | `keys_seeded` | info | `issuer`, `usable`, `skipped` | Keys of an earlier process are in use until the first fetch |
//! | `keys_unavailable` | error | `issuer`, `error`, `age_seconds` (absent before the first set) | A fetch failed and no keys may serve: tokens get 503. Once per attempt |
//! | `layer_missing` | error | – | An extractor or `RequireScopesLayer` runs without `JwtAuthLayer`; the message names it; once a minute |
//! | `no_runtime` | error | `issuer` | A token needs keys, and there is no tokio runtime to fetch them on; once a minute |
//! | `private_key_published` | error | `issuer` | A new set of the issuer holds private members |
//! | `too_many_keys` | error | `issuer`, `beyond_limit` | A new set holds more than 128 keys; the others are not read |
//! | `snapshot_ignored` | warn (debug when there is none) | `issuer`, `reason` | The snapshot file is not used at start |
//! | `snapshot_not_written` | warn | `issuer`, `error` | The snapshot file could not be replaced |
//! | `task_lost` | warn | `issuer` | The runtime that carried the task has ended or is not driven; the next request starts another |
//! | `request_refused` | debug | `kind`, `reason` (where a token was at fault) | A request was refused, whatever the reason |
//!
//! # Metrics
//!
//! Feature `metrics`, for whoever installs a recorder of the `metrics` crate. Labels hold configured issuers and our own words, never text
//! from outside.
//!
//! | name | type | labels | what |
//! | --- | --- | --- | --- |
//! | `tower_jwt_auth_requests_refused_total` | counter | `kind`: the `error` of the answer's body | Requests refused |
//! | `tower_jwt_auth_fetches_total` | counter | `issuer`, `outcome`: `replaced`, `renewed`, `failed` | Fetches that ended |
//! | `tower_jwt_auth_keys_usable`, `tower_jwt_auth_keys_skipped` | gauge | `issuer` | Keys of the set in use |
//! | `tower_jwt_auth_keys_serving` | gauge | `issuer` | 1 while tokens can be verified, 0 once an attempt has failed with no keys that may serve |
//! | `tower_jwt_auth_keys_confirmed_timestamp_seconds` | gauge | `issuer` | When the set in use was fetched or confirmed, in Unix seconds: now less this is its age |
//!
//! # What to alert on
//!
//! - `private_key_published`: at once. Whoever read the set can sign tokens; the issuer must replace those keys.
//! - `keys_unavailable`: at once. Good tokens are turned away.
//! - `fetch_failed` with `age_seconds` above `max_age`: soon. The keys are stale, and a rotation would already be missed. Below that it is
//!   one attempt of several.
//! - `tower_jwt_auth_keys_confirmed_timestamp_seconds` further back than `max_age`: soon, whatever the events say.
//! - `layer_missing`, `no_runtime`: at once, and in tests. The program is put together wrongly.
//! - `key_skipped`: look once. Encryption keys beside signing keys are normal; a signing key is not.
//! - a rise of 401 answers together with `request_refused` of one `reason`: a changed issuer, audience or clock.
//!
//! # Restart during an outage
//!
//! `build` and `new` fetch nothing, so a process starts while its issuer is down. Without keys every token that could be good gets 503 with
//! `Retry-After` until the first fetch succeeds, which needs no restart. To come up serving, give it keys to start with:
//!
//! - [`snapshot_file`](crate::JwtAuthConfigBuilder::snapshot_file) keeps each good set in a file and reads it at start. The file is replaced as a
//!   whole and carries a checksum; one that is damaged, older than `max_stale` or of another issuer is passed over.
//! - [`initial_jwks`](crate::JwtAuthConfigBuilder::initial_jwks) takes a set from the configuration, or what
//!   [`KeysHealth::export`](crate::KeysHealth::export) gave in another process.
//!
//! Either keeps the age of the keys: they serve no longer than `max_stale` after they were fetched. Keep both as safe as the configuration,
//! since whoever can write them decides whose tokens are good.
//!
//! # Runtimes
//!
//! The task runs on the tokio runtime (with its time driver) of the request that started it. When that runtime ends, or is not driven for
//! longer than any pause of the task, the next request starts another one on its own. A program that calls `block_on` for each request gives
//! the task no time between them: keep a runtime with worker threads.
//!
//! # Network
//!
//! - Fetches go out to `jwks_uri`; with discovery also to the issuer's well-known URLs, before each fetch of the keys. Setting `jwks_uri`
//!   halves the requests and leaves one thing less to fail.
//! - Redirects are not followed. Connections are not kept. A connection that fails or breaks off is tried once more at once.
//! - The proxy variables of the environment are honoured; for a CA of your own, or a client certificate, pass an HTTP client to the builder.
//! - A request that is refused is answered before its body is read. hyper then closes an HTTP/1 connection whose body has not come yet, and a
//!   client that goes on using it must connect anew: of 1500 refused requests of one Python client, which sends head and body apart, 18 met the
//!   closed connection. `Connection: close`, added in a hook of [`on_rejection`](crate::JwtAuthLayer::on_rejection), tells such clients at once.
//! - A whole fetch, discovery included, has `timeout`. Raising it lengthens what requests wait when they must.
//!
//! [`IssuerHealth::stale`]: crate::IssuerHealth::stale
//! [`IssuerHealth`]: crate::IssuerHealth
//! [`JwksCache`]: crate::JwksCache
//! [`JwtAuthLayer::keys`]: crate::JwtAuthLayer::keys
//! [`JwtAuthLayer::ready`]: crate::JwtAuthLayer::ready
//! [`KeysHealth::is_ready`]: crate::KeysHealth::is_ready
//! [`KeysHealth::issuers`]: crate::KeysHealth::issuers
