//! Where the metadata of an issuer leads.

use serde_json::json;
use tokio::time::advance;
use tower_jwt_auth::test_util::TestIssuer;

use super::seconds;
use crate::support::served::Served;
use crate::support::{RESOURCE, until};

#[tokio::test(start_paused = true)]
async fn a42_discovery_that_failed_is_tried_again() {
    let served = Served::discovered();
    served.issuer.serve_discovery(false, false);
    let error = served.fails_to_start().await;
    assert!(
        error.contains("set jwks_uri if it publishes none") && error.contains("404"),
        "{error}"
    );
    served.issuer.serve_discovery(true, true);
    advance(seconds(1)).await;
    until("the keys are there", || served.health().ready).await;
    assert_eq!(served.status_of_new_token().await, 200);
}

#[tokio::test(start_paused = true)]
async fn a43_a_jwks_uri_that_moves_is_followed_and_its_old_keys_are_gone() {
    let (served, moved_to) = (Served::discovered(), TestIssuer::start());
    served.issuer.serve_etag();
    moved_to.serve_etag();
    moved_to.publish_next();
    let served = served.ready().await;
    let old = served.token();
    served.issuer.serve_metadata(Some(
        json!({"issuer": served.issuer.issuer(), "jwks_uri": moved_to.jwks_uri()}),
    ));
    advance(seconds(500)).await;
    until("the new place is asked", || {
        moved_to.fetches() == 1 && served.health().generation == 2
    })
    .await;
    let validator = moved_to.last_header("if-none-match");
    assert_eq!(validator, None, "an ETag belongs to one URL");
    let token = served.issuer.mint(RESOURCE);
    let new = token.signed_by(moved_to.signing_key()).sign();
    assert_eq!(served.status(&new).await, 200);
    assert_eq!(served.status(&old).await, 401);
}

#[tokio::test]
async fn a43_the_host_can_be_pinned() {
    let free = Served::discovered();
    let moved = free.issuer.jwks_uri().replace("127.0.0.1", "localhost");
    free.issuer.serve_metadata(Some(
        json!({"issuer": free.issuer.issuer(), "jwks_uri": moved}),
    ));
    let free = free.ready().await;
    let pinned = Served::by(free.issuer, |config, _| config.pin_jwks_host());
    let error = pinned.fails_to_start().await;
    assert!(
        error.contains("is not on the issuer's host 127.0.0.1"),
        "{error}"
    );
}
