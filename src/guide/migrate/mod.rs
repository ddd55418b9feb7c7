//! From another crate, or from a middleware of your own: before, after, and what becomes stricter.
//!
//! | from | page |
//! | --- | --- |
//! | jwt-authorizer 0.15 | [`jwt_authorizer`] |
//! | axum-jwt-auth 0.7 | [`axum_jwt_auth`] |
//! | oauth-resource-server 0.4 | [`oauth_resource_server`] |
//! | a middleware around `jsonwebtoken::decode` | [`by_hand`] |
//!
//! Each page shows the same small service twice. Both are compiled and run in `extras/migrations`
//! of the repository, where a test sends them the same tokens; the tables of the pages are its
//! result.
//!
//! # Without a surprise for your callers
//!
//! 1. Look at a token of your issuer: does it have `iss`, `aud` and `exp`, and is `typ` absent,
//!    `JWT` or `at+jwt`? If `aud` is missing, most providers can add it;
//!    [`providers`](super::providers) says where.
//! 2. Put both in front of a copy of the traffic, or deploy to one instance, and look at the event
//!    `refusals` for a day. It names each reason once a minute at most.
//! 3. Loosen by name what you must: `audience` for a second spelling, `scope_claims` for scopes in
//!    other claims, `danger_missing_audience_for_clients` for tokens without `aud`.

pub mod axum_jwt_auth;
pub mod by_hand;
pub mod jwt_authorizer;
pub mod oauth_resource_server;
