//! Page N of `tests/CATALOGUE.md`: a test for each row, or for a few rows of one subject.
//!
//! Most rows stand in a [`Table`]: what one configuration accepts, and what it refuses. Each
//! refused token differs in one thing from a token that the same table accepts. [`secrets`] sends
//! all of them over sockets once more, and looks at what callers and logs are told.

mod algorithm;
mod base64url;
mod claims;
mod confusion;
mod credentials;
mod dates;
mod field;
mod header;
mod http;
mod json;
mod keys;
mod large;
mod members;
mod properties;
mod remembered;
mod scopes;
mod secrets;
mod server;
mod shape;
mod signature;

use std::sync::OnceLock;
use std::time::Duration;

use ::http::HeaderValue;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tower_jwt_auth::config::JwtAuthConfigBuilder;
use tower_jwt_auth::error::TokenErrorKind;
use tower_jwt_auth::limits::UNKNOWN_KID_FETCHES;
use tower_jwt_auth::test_util::{FakeClock, TestKey};
use tower_jwt_auth::{Algorithm, JwtAuthConfig, JwtAuthLayer, JwtVerifier};

use crate::support::table::{Table, outcome};
use crate::support::tokens::*;
use crate::support::{Counting, InMemoryIssuer, RESOURCE, call, request};

/// Every table, for [`secrets`].
fn tables() -> Vec<Table> {
    let of_each_subject = [
        algorithm::tables,
        base64url::tables,
        claims::tables,
        confusion::tables,
        dates::tables,
        header::tables,
        json::tables,
        keys::tables,
        members::tables,
        scopes::tables,
        shape::tables,
        signature::tables,
    ];
    of_each_subject.iter().flat_map(|tables| tables()).collect()
}
