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

/// Long ago, so that its other dates must be gone.
pub(crate) fn expired(world: &World) -> HeaderValue {
    let mut claims = claims(1);
    let members = claims.as_object_mut().unwrap();
    members.retain(|name, _| name != "nbf" && name != "iat");
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
