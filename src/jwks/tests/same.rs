//! Which sets have the same keys, and which the same faults.

use serde_json::json;

use super::*;
use crate::limits::MAX_KEYS;

#[test]
fn field_s14_sets_with_the_same_keys() {
    let (one, other) = (key(Algorithm::ES256), key(Algorithm::EdDSA));
    let of = |keys: &[&Value]| set(&keys.iter().copied().cloned().collect::<Vec<_>>()).unwrap();
    let before = of(&[&one, &other]);
    let renamed = with(&other, json!({"kid": "l"}));
    let restricted = with(&other, json!({"alg": null}));
    let mut other_material = TestKey::generate(Algorithm::EdDSA, "k").jwk();
    other_material["alg"] = other["alg"].clone();
    let unknown = json!({"kty": "XYZ"});
    let rows = [
        ("the same", of(&[&one, &other]), true),
        ("in another order", of(&[&other, &one]), true),
        ("with a fault", of(&[&one, &other, &unknown]), true),
        ("one less", of(&[&one]), false),
        ("one twice", of(&[&one, &other, &one]), false),
        ("one instead of the other", of(&[&one, &one]), false),
        ("another name", of(&[&one, &renamed]), false),
        ("another algorithm", of(&[&one, &restricted]), false),
        ("another key", of(&[&one, &other_material]), false),
    ];
    for (name, now, want) in rows {
        assert_eq!(now.has_same_keys(&before), want, "{name}");
        assert_eq!(before.has_same_keys(&now), want, "{name}");
    }
}

#[test]
fn field_s14_sets_with_the_same_faults() {
    let good = key(Algorithm::ES256);
    let other = key(Algorithm::EdDSA);
    let unknown = |kid: &str| json!({"kty": "XYZ", "kid": kid});
    let of = |keys: &[Value]| set(keys).unwrap();
    let before = of(&[good.clone(), unknown("a"), unknown("b")]);
    let leaking = with(&good, json!({"d": "AQ"}));
    let mut too_many = vec![other.clone(); MAX_KEYS - 2];
    too_many.extend([unknown("a"), unknown("b"), good.clone()]);
    let rows = [
        (
            "other keys",
            of(&[other.clone(), unknown("a"), unknown("b")]),
            true,
        ),
        (
            "in another order",
            of(&[unknown("b"), good.clone(), unknown("a")]),
            true,
        ),
        ("one less", of(&[good.clone(), unknown("a")]), false),
        (
            "one instead of the other",
            of(&[good.clone(), unknown("a"), unknown("a")]),
            false,
        ),
        (
            "another one",
            of(&[good.clone(), unknown("a"), unknown("c")]),
            false,
        ),
        (
            "a private key",
            of(&[leaking, unknown("a"), unknown("b")]),
            false,
        ),
        ("more than are read", of(&too_many), false),
    ];
    for (name, now, want) in rows {
        assert_eq!(now.has_same_faults(&before), want, "{name}");
        assert_eq!(before.has_same_faults(&now), want, "{name}");
    }
}
