//! Examples of RFC 7515, 7517, 7520, 7797, 8037, 8705, 9068 and 9449.
//!
//! The thumbprints of RFC 7638 have no counterpart here: nothing in this crate computes one.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use tower_jwt_auth::Algorithm;
use tower_jwt_auth::error::TokenErrorKind;
use tower_jwt_auth::keys::KeySetError;
use tower_jwt_auth::test_util::TestKey;
use tower_jwt_auth::test_util::internal::inspect_key_set;

use crate::support::{
    Refusal, Suite, Verdict, at_seam, end_to_end, files, frozen, json, jwk_set, name, sign, text,
    with,
};

#[tokio::test]
async fn rfc() {
    let Some(mut suite) = Suite::open("rfc") else {
        return;
    };
    let folder = suite.data.join("rfc");
    let (keys, jws) = (key_files(&folder), jws_samples(&folder));
    for (id, members) in &keys {
        suite.row();
        check_keys(&mut suite, id, members);
    }
    for sample in &jws {
        suite.row();
        sample.run(&mut suite);
    }
    let verdicts = format!("{} accepted, {} refused", suite.accepted(), suite.refused());
    suite.check("jws", suite.accepted() > 0, "nothing was accepted");

    access_token(&mut suite, &json(&folder.join("extra/rfc9068_at_jwt.json"))).await;
    let dpop = json(&folder.join("extra/rfc9449_dpop.json"));
    bound_token(
        &mut suite,
        "rfc8705",
        &json(&folder.join("extra/rfc8705_mtls.json")),
    )
    .await;
    bound_token(&mut suite, "rfc9449", &dpop).await;
    proofs_as_tokens(&mut suite, &dpop).await;

    let claims = 3 + list(&dpop["proofs"]).len();
    suite.finish(
        keys.len() + jws.len() + claims,
        format_args!(
            "{} JWS: {verdicts}; {} key files; {claims} sets of claims end to end",
            jws.len(),
            keys.len()
        ),
    );
}

/// The members of every key file, private ones included as they stand.
fn key_files(folder: &Path) -> Vec<(String, Vec<Value>)> {
    let mut found = files(&folder.join("latchset-vectors"), &[".jwk", ".jwkset"]);
    found.extend(files(&folder.join("ietf-jose-cookbook/jwk"), &[".json"]));
    found
        .iter()
        .map(|path| {
            let keys = match json(path) {
                Value::Object(mut set) if set.contains_key("keys") => set["keys"].take(),
                jwk => vec![jwk].into(),
            };
            (name(path), list(&keys).to_vec())
        })
        .collect()
}

/// Each asymmetric key that may sign is usable, each other one is skipped, none is lost.
fn check_keys(suite: &mut Suite, id: &str, members: &[Value]) {
    let for_signatures = |jwk: &&Value| jwk["kty"] != "oct" && jwk["use"] != "enc";
    let usable = members.iter().filter(for_signatures).count();
    let set = jwk_set(members.to_vec()).to_string();
    let as_wanted = match inspect_key_set(set.as_bytes()) {
        Ok((found, skipped)) => found == usable && found + skipped.len() == members.len(),
        Err(error) => usable == 0 && matches!(error, KeySetError::NoUsableKey { .. }),
    };
    suite.check(
        id,
        as_wanted,
        format_args!("{usable} keys should be usable"),
    );
}

/// A signature of an example, in the compact form.
struct Sample {
    id: String,
    keys: Value,
    compact: String,
    payload: Option<String>,
}

impl Sample {
    fn run(&self, suite: &mut Suite) {
        let verdict = at_seam(&self.keys, &self.compact);
        suite.verdict(&self.id, expected(&self.compact), &verdict);
        let Ok(payload) = verdict else { return };
        if let Some(wanted) = &self.payload {
            let same = payload == wanted.as_bytes();
            suite.check(&self.id, same, "another payload");
        }
        for tampered in with_one_bit_flipped(&self.compact) {
            let verdict = at_seam(&self.keys, &tampered);
            let is_refused = verdict == Err(Refusal::Token(TokenErrorKind::BadSignature));
            suite.check(
                &self.id,
                is_refused,
                format_args!("{tampered}: {verdict:?}"),
            );
        }
    }
}

fn jws_samples(folder: &Path) -> Vec<Sample> {
    let mut samples = latchset_samples(&folder.join("latchset-vectors"));
    let cookbook = folder.join("ietf-jose-cookbook");
    for part in ["curve25519", "jws", "rfc7797"] {
        let files = files(&cookbook.join(part), &[".json"]);
        samples.extend(files.iter().filter_map(|path| cookbook_sample(path)));
    }
    let ed25519 = json(&folder.join("extra/rfc8037_a.json"));
    samples.push(Sample {
        id: "rfc8037 A.4".to_owned(),
        keys: jwk_set(vec![ed25519["public_jwk"].clone()]),
        compact: string(&ed25519["jws"]),
        payload: Some(string(&ed25519["payload"])),
    });
    // As signatures the proofs are good; as tokens they are refused, see `proofs_as_tokens`.
    let dpop = json(&folder.join("extra/rfc9449_dpop.json"));
    samples.extend(list(&dpop["proofs"]).iter().map(|proof| Sample {
        id: string(&proof["name"]),
        keys: jwk_set(vec![dpop["jwk"].clone()]),
        compact: string(&proof["proof"]),
        payload: None,
    }));
    samples
}

/// The compact files, and the signatures of the JSON forms (RFC 7515 §7.2) put into the compact
/// one. What only the unprotected header says, `alg` too, is not in it, so such a signature is
/// refused.
fn latchset_samples(folder: &Path) -> Vec<Sample> {
    let prose = text(&folder.join("rfc7520_4.5.payl"));
    let mut samples = Vec::new();
    for path in files(folder, &[".jwsc", ".jwsf", ".jwsg"]) {
        let stem = name(&path.with_extension(""));
        // RFC 7520 §4: one payload for all its signatures (Figure 7).
        let payload = stem.starts_with("rfc7520_4.").then(|| prose.clone());
        let compacts = match name(&path).ends_with(".jwsc") {
            true => vec![text(&path).trim_end().to_owned()],
            false => compacts_of_json(&json(&path)),
        };
        for (position, compact) in compacts.into_iter().enumerate() {
            samples.push(Sample {
                id: format!("{} #{position}", name(&path)),
                keys: latchset_keys(folder, &stem),
                compact,
                payload: payload.clone(),
            });
        }
    }
    samples
}

fn latchset_keys(folder: &Path, stem: &str) -> Value {
    let (set, jwk) = (
        folder.join(format!("{stem}.jwkset")),
        folder.join(format!("{stem}.jwk")),
    );
    let keys = if set.exists() {
        list(&json(&set)["keys"]).to_vec()
    } else if jwk.exists() {
        vec![json(&jwk)]
    } else {
        // `none` needs no key.
        Vec::new()
    };
    jwk_set(keys.iter().map(public_part).collect::<Vec<_>>())
}

fn compacts_of_json(jws: &Value) -> Vec<String> {
    let flattened = [jws.clone()];
    let signatures = match jws.get("signatures") {
        Some(signatures) => list(signatures),
        None => &flattened,
    };
    let part = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    signatures
        .iter()
        .map(|one| {
            let segments = [&one["protected"], &jws["payload"], &one["signature"]];
            segments.map(part).join(".")
        })
        .collect()
}

/// `None` for an example that has no compact form.
fn cookbook_sample(path: &Path) -> Option<Sample> {
    let example = json(path);
    let (input, compact) = (&example["input"], example["output"]["compact"].as_str()?);
    Some(Sample {
        id: name(path),
        keys: jwk_set(vec![public_part(&input["key"])]),
        compact: compact.to_owned(),
        payload: input["payload"].as_str().map(ToOwned::to_owned),
    })
}

/// A secret stays in: that it is there and refused all the same is the point.
fn public_part(jwk: &Value) -> Value {
    let mut jwk = jwk.as_object().cloned().unwrap();
    jwk.retain(|name, _| !PRIVATE_MEMBERS.contains(&name.as_str()));
    jwk.into()
}

/// RFC 7518 §6.2.2, §6.3.2; RFC 8037 §2.
const PRIVATE_MEMBERS: &[&str] = &["d", "p", "q", "dp", "dq", "qi", "oth"];

/// Asymmetric signatures are good, but `crit` we do not know (RFC 7515 §4.1.11). A JWE, a secret
/// and `none` are not.
fn expected(compact: &str) -> Verdict {
    let header = compact.split('.').next().unwrap_or_default();
    let header = URL_SAFE_NO_PAD.decode(header).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap_or_default();
    let algorithm = header["alg"].as_str().and_then(Algorithm::from_name);
    match algorithm.is_some_and(|known| !known.is_symmetric()) && header.get("crit").is_none() {
        true => Verdict::Accept,
        false => Verdict::Reject,
    }
}

/// In each octet of the signature in turn.
fn with_one_bit_flipped(compact: &str) -> Vec<String> {
    let (signed, signature) = compact.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    (0..signature.len())
        .map(|octet| {
            let mut flipped = signature.clone();
            flipped[octet] ^= 1;
            format!("{signed}.{}", URL_SAFE_NO_PAD.encode(flipped))
        })
        .collect()
}

/// RFC 9068 §2.2, Figure 2; it prints no signature. The strict profile takes it.
async fn access_token(suite: &mut Suite, example: &Value) {
    suite.row();
    let (header, claims) = (&example["header"], &example["claims"]);
    let key = TestKey::generate(Algorithm::RS256, string(&header["kid"]));
    let config = frozen(
        &string(&claims["iss"]),
        &string(&claims["aud"]),
        date(claims, "iat"),
    )
    .jwks(jwk_set(vec![key.jwk()]))
    .rfc9068();
    match end_to_end(config, &sign(&key, header, claims)).await {
        Err(refusal) => suite.check("rfc9068", false, format_args!("{refusal:?}")),
        Ok(auth) => {
            let auth = serde_json::to_value(auth).unwrap();
            for (name, wanted) in example["expected_auth_info"].as_object().unwrap() {
                let shown = format!("{name} is {}", auth[name]);
                suite.check("rfc9068", auth[name] == *wanted, shown);
            }
        }
    }
}

/// RFC 8705 §3.1, RFC 9449 §6: the examples name no audience, so one is added.
async fn bound_token(suite: &mut Suite, id: &str, example: &Value) {
    suite.row();
    let bound = with(
        &example["bound_access_token_claims"],
        "aud",
        Some(AUDIENCE.into()),
    );
    let free = with(&bound, "cnf", None);
    let key = TestKey::generate(Algorithm::ES256, "k");
    let at_nbf = || {
        frozen(&string(&bound["iss"]), AUDIENCE, date(&bound, "nbf")).jwks(jwk_set(vec![key.jwk()]))
    };
    let token = |claims| sign(&key, &Value::Null, claims);
    let refused = end_to_end(at_nbf(), &token(&bound)).await.map(drop);
    let wanted = match id {
        // The hash in this example ends in bits that are not zero (RFC 7515 §2): it names no key.
        "rfc8705" => TokenErrorKind::UnsupportedConfirmation,
        _ => TokenErrorKind::BoundToKey,
    };
    let wanted = Err(Refusal::Token(wanted));
    suite.check(id, refused == wanted, format_args!("bound: {refused:?}"));
    let accepted = end_to_end(at_nbf(), &token(&free)).await.map(drop);
    suite.check(id, accepted.is_ok(), format_args!("free: {accepted:?}"));
}

/// RFC 9449 §4.2: whoever holds a proof's key makes its header, so the proof proves no access, not
/// even where that key is trusted.
async fn proofs_as_tokens(suite: &mut Suite, dpop: &Value) {
    for proof in list(&dpop["proofs"]) {
        suite.row();
        let config = frozen("https://server.example.com", AUDIENCE, date(proof, "iat"))
            .jwks(jwk_set(vec![dpop["jwk"].clone()]));
        let verdict = end_to_end(config, &string(&proof["proof"])).await;
        let is_refused = matches!(verdict, Err(Refusal::Token(_)));
        suite.check(&string(&proof["name"]), is_refused, "a proof is no token");
    }
}

fn string(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn date(claims: &Value, name: &str) -> u64 {
    claims[name].as_u64().expect("a date")
}

const AUDIENCE: &str = "https://mcp.example.com/mcp";
