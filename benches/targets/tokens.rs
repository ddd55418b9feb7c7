//! Tokens that are refused, each for one reason.

use http::HeaderValue;
use serde_json::{Value, json};

use crate::world::{Token, World, claims, header};

pub(crate) fn headed(world: &World, member: &str, value: &str) -> HeaderValue {
    let mut header = header(&world.key);
    header[member] = value.into();
    world.signed(&header, &claims(1)).line
}

pub(crate) fn claiming(world: &World, claim: &str, value: Value) -> HeaderValue {
    let mut claims = claims(1);
    claims[claim] = value;
    world.signed(&header(&world.key), &claims).line
}

pub(crate) fn expired(world: &World) -> HeaderValue {
    expired_with(world, json!({}))
}

/// Expired, and nearly as long as a token may be, by one claim.
pub(crate) fn expired_long(world: &World) -> HeaderValue {
    expired_with(world, json!({"x": "y".repeat(11_000)}))
}

/// Expired, and with nearly as many claims as a token may have.
pub(crate) fn expired_with_many_members(world: &World) -> HeaderValue {
    let members =
        (0..240).map(|number| (format!("claim-{number}"), json!("a value of some length")));
    expired_with(world, members.collect())
}

/// Long ago, so that its other dates must be gone.
fn expired_with(world: &World, more: Value) -> HeaderValue {
    let mut claims = claims(1);
    let members = claims.as_object_mut().unwrap();
    members.retain(|name, _| name != "nbf" && name != "iat");
    members.extend(more.as_object().unwrap().clone());
    claims["exp"] = json!(1_700_000_000);
    world.signed(&header(&world.key), &claims).line
}

/// The signature of another token, in full length.
pub(crate) fn forged(world: &World) -> Token {
    let (one, other) = (world.token(1), world.token(2));
    let signed = one.text.rsplit_once('.').unwrap().0;
    let signature = other.text.rsplit_once('.').unwrap().1;
    Token::new(format!("{signed}.{signature}"))
}
