//! Tests of key sets. `members` and `numbers` change one member of a JWK at a time; `choice`
//! verifies signatures with whole sets; `same` compares sets. All use the helpers below.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod choice;
mod members;
mod numbers;
mod same;

use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::*;
use crate::crypto::Algorithm;
use crate::test_util::TestKey;

const MESSAGE: &[u8] = b"header.payload";
fn set(keys: &[Value]) -> Result<KeySet, KeySetError> {
    KeySet::parse(
        json!({"keys": keys}).to_string().as_bytes(),
        KeySetOptions::default(),
    )
}
/// Whether `jwk` is usable, or why not. The set also holds a valid key, which must stay usable.
fn verdict(jwk: &Value) -> Result<(), SkipReason> {
    let set = set(&[jwk.clone(), key(Algorithm::EdDSA)]).unwrap();
    match set.skipped() {
        [] => Ok(()),
        [skipped] => Err(skipped.reason),
        _ => panic!("the good key was skipped"),
    }
}
/// A key for `algorithm`, generated only once, because generating an RSA key is slow.
fn key(algorithm: Algorithm) -> Value {
    static MADE: Mutex<Vec<(Algorithm, Value)>> = Mutex::new(Vec::new());
    let mut made = MADE.lock().unwrap();
    if let Some((_, jwk)) = made.iter().find(|(own, _)| *own == algorithm) {
        return jwk.clone();
    }
    let jwk = TestKey::generate(algorithm, "k").jwk();
    made.push((algorithm, jwk.clone()));
    jwk
}
/// A copy with these members set.
fn with(jwk: &Value, changes: Value) -> Value {
    let mut jwk = jwk.clone();
    for (name, value) in changes.as_object().unwrap() {
        jwk[name] = value.clone();
    }
    jwk
}
/// A copy without this member.
fn without(jwk: &Value, name: &str) -> Value {
    let mut jwk = jwk.clone();
    jwk.as_object_mut().unwrap().remove(name).unwrap();
    jwk
}
fn text(octets: &[u8]) -> Value {
    json!(URL_SAFE_NO_PAD.encode(octets))
}
fn octets(member: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(member.as_str().unwrap()).unwrap()
}
/// `jwk` is usable as published; with each of these changes, the verdict must be the one in the
/// row.
fn table(jwk: &Value, rows: &[(&str, Value, Result<(), SkipReason>)]) {
    assert_eq!(verdict(jwk), Ok(()), "as published");
    for (name, changes, want) in rows {
        assert_eq!(verdict(&with(jwk, changes.clone())), *want, "{name}");
    }
}
