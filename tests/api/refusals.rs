//! The refusal half of the catalogue, rows that concern the token itself. Every refused token differs
//! in one thing from one that the same test accepts.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tower_jwt_auth::test_util::{FakeClock, TestIssuer, TestKey};
use tower_jwt_auth::{
    Algorithm, JwtAuthConfig, JwtAuthConfigBuilder, JwtAuthLayer, JwtVerifier, TokenErrorKind,
};

use crate::support::{Counting, RESOURCE, call, config, remembering, request};
use TokenErrorKind::*;

const NOW: f64 = 1_800_000_000.0;

struct World {
    es: TestKey,
    rsa: TestKey,
    ed: TestKey,
}

/// Keys take a while to make; no test changes them.
fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| World {
        es: TestKey::generate(Algorithm::ES256, "es"),
        rsa: TestKey::generate(Algorithm::RS256, "rsa"),
        ed: TestKey::generate(Algorithm::EdDSA, "ed"),
    })
}

fn builder(keys: &[Value]) -> JwtAuthConfigBuilder {
    remembering(JwtAuthConfig::builder())
        .issuer("https://i.example")
        .audience("https://mcp.example/mcp")
        .leeway(std::time::Duration::ZERO)
        .clock(&FakeClock::at(NOW))
        .jwks(json!({"keys": keys}))
}

fn all_keys() -> Vec<Value> {
    let World { es, rsa, ed } = world();
    vec![es.jwk(), rsa.jwk(), ed.jwk()]
}

fn claims() -> Value {
    json!({"iss": "https://i.example", "aud": "https://mcp.example/mcp", "exp": NOW as u64 + 600})
}

fn header() -> Value {
    json!({"alg": "ES256", "kid": "es", "typ": "at+jwt"})
}

fn with(mut object: Value, changes: Value) -> String {
    for (name, value) in changes.as_object().unwrap() {
        object[name] = value.clone();
    }
    object.to_string()
}

async fn outcome(verifier: &JwtVerifier, token: &str) -> Result<(), TokenErrorKind> {
    let verdict = verifier.verify(token).await;
    verdict
        .map(drop)
        .map_err(|rejection| rejection.token_error().unwrap().kind())
}

/// The good token passes, each of the others is refused for its own reason.
async fn refused(rows: &[(&str, String, TokenErrorKind)]) {
    refused_by(
        builder(&all_keys()),
        &world()
            .es
            .sign_compact(&header().to_string(), &claims().to_string()),
        rows,
    )
    .await;
}

async fn refused_by(
    config: JwtAuthConfigBuilder,
    good: &str,
    rows: &[(&str, String, TokenErrorKind)],
) {
    let verifier = JwtVerifier::new(config.build().unwrap());
    assert_eq!(outcome(&verifier, good).await, Ok(()), "the good token");
    for (name, token, want) in rows {
        assert_ne!(token, good, "{name}");
        // The second time a token is remembered, if it was good.
        for _ in 0..2 {
            assert_eq!(outcome(&verifier, token).await, Err(*want), "{name}");
        }
    }
    assert_eq!(outcome(&verifier, good).await, Ok(()), "once more");
}

/// Signed with the right key, whatever the header says.
fn headed(changes: Value) -> String {
    world()
        .es
        .sign_compact(&with(header(), changes), &claims().to_string())
}

fn claiming(changes: Value) -> String {
    world()
        .es
        .sign_compact(&header().to_string(), &with(claims(), changes))
}

fn claiming_text(text: &str) -> String {
    let claims = claims().to_string();
    world().es.sign_compact(
        &header().to_string(),
        &claims.replacen('{', &format!("{{{text},"), 1),
    )
}

fn heading_text(text: &str) -> String {
    world().es.sign_compact(
        &header().to_string().replacen('{', &format!("{{{text},"), 1),
        &claims().to_string(),
    )
}

fn good() -> String {
    headed(json!({}))
}

/// The three segments of a good token, one of them replaced; the signature is not made again.
fn spliced(segment: usize, by: impl Fn(&str) -> String) -> String {
    let token = good();
    let mut segments: Vec<String> = token.split('.').map(ToOwned::to_owned).collect();
    segments[segment] = by(&segments[segment]);
    segments.join(".")
}

#[tokio::test]
async fn n01_n02_n03_n04_alg_none_and_what_is_no_alg() {
    let unsigned = |alg: Value| {
        let encode = |text: String| URL_SAFE_NO_PAD.encode(text);
        format!(
            "{}.{}.",
            encode(with(header(), json!({"alg": alg}))),
            encode(claims().to_string())
        )
    };
    let mut rows = vec![("n01 none, unsigned", unsigned(json!("none")), BadSignature)];
    for name in ["none", "None", "NONE", "nOnE", ""] {
        rows.push((
            "n02 n03 none, with a signature",
            headed(json!({"alg": name})),
            AlgorithmNotAllowed,
        ));
    }
    for odd in [Value::Null, json!(1), json!(["ES256"]), json!({})] {
        rows.push((
            "n04 no string",
            headed(json!({"alg": odd})),
            MalformedHeader,
        ));
    }
    rows.push((
        "n04 missing",
        world()
            .es
            .sign_compact(r#"{"kid":"es"}"#, &claims().to_string()),
        MalformedHeader,
    ));
    refused(&rows).await;
}

#[tokio::test]
async fn n05_to_n10_public_keys_are_no_secrets() {
    let World { es, rsa, .. } = world();
    let jwk = rsa.jwk();
    let modulus = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
    let point = [es.jwk()["x"].clone(), es.jwk()["y"].clone()]
        .map(|c| URL_SAFE_NO_PAD.decode(c.as_str().unwrap()).unwrap())
        .concat();
    let secrets = [
        ("n07 the JWK", jwk.to_string().into_bytes()),
        ("n08 the modulus", modulus),
        ("n08 the point", point),
        (
            "n05 n06 PEM text",
            format!(
                "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----",
                jwk["n"]
            )
            .into_bytes(),
        ),
        ("n09 nothing", Vec::new()),
    ];
    let mac = |kid: &str, secret: &[u8]| {
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(with(header(), json!({"alg": "HS256", "kid": kid}))),
            URL_SAFE_NO_PAD.encode(claims().to_string())
        );
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
        format!(
            "{signed}.{}",
            URL_SAFE_NO_PAD.encode(aws_lc_rs::hmac::sign(&key, signed.as_bytes()))
        )
    };
    let mut rows: Vec<_> = secrets
        .iter()
        .flat_map(|(name, secret)| {
            ["es", "rsa"].map(|kid| (*name, mac(kid, secret), AlgorithmNotAllowed))
        })
        .collect();
    // Even a set that publishes a secret makes it none.
    let published = TestKey::generate(Algorithm::HS256, "oct");
    rows.push((
        "n10 a published secret",
        published.sign_compact(
            &with(header(), json!({"alg": "HS256", "kid": "oct"})),
            &claims().to_string(),
        ),
        AlgorithmNotAllowed,
    ));
    let mut keys = all_keys();
    keys.push(published.jwk());
    refused_by(builder(&keys), &good(), &rows).await;
}

#[tokio::test]
async fn n11_to_n17_alg_and_key_must_fit() {
    let World { es, rsa, ed } = world();
    let sign = |key: &TestKey, alg: &str, kid: &str| {
        key.sign_compact(
            &with(header(), json!({"alg": alg, "kid": kid})),
            &claims().to_string(),
        )
    };
    let p384 = TestKey::generate(Algorithm::ES384, "p384");
    let mut keys = all_keys();
    keys.push(p384.jwk());
    let x25519 = json!({"kty": "OKP", "crv": "X25519", "kid": "x", "x": ed.jwk()["x"]});
    let oaep = with(rsa.jwk(), json!({"alg": "RSA-OAEP", "kid": "oaep"}));
    keys.extend([x25519, serde_json::from_str(&oaep).unwrap()]);
    let only_rs256 = builder(&all_keys()).algorithms([Algorithm::RS256]);
    refused_by(
        only_rs256,
        &sign(rsa, "RS256", "rsa"),
        &[
            ("n11 RS384", sign(rsa, "RS384", "rsa"), AlgorithmNotAllowed),
            ("n11 RS512", sign(rsa, "RS512", "rsa"), AlgorithmNotAllowed),
            (
                "n13 ES256, and the list decides",
                good(),
                AlgorithmNotAllowed,
            ),
        ],
    )
    .await;
    refused_by(
        builder(&keys),
        &good(),
        &[
            (
                "n12 PS256 under a key of RS256",
                sign(rsa, "PS256", "rsa"),
                KeyMismatch,
            ),
            (
                "n14 ES256 under an RSA key",
                sign(es, "ES256", "rsa"),
                KeyMismatch,
            ),
            (
                "n14 RS256 under an EC key",
                sign(rsa, "RS256", "es"),
                KeyMismatch,
            ),
            (
                "n15 ES256 on P-384",
                sign(&p384, "ES256", "p384"),
                KeyMismatch,
            ),
            ("n15 ES384 on P-256", sign(es, "ES384", "es"), KeyMismatch),
            ("n15 ES512 on P-256", sign(es, "ES512", "es"), KeyMismatch),
            (
                "n16 ES256K",
                headed(json!({"alg": "ES256K"})),
                AlgorithmNotAllowed,
            ),
            (
                "n16 an alg of 9 kB",
                headed(json!({"alg": "A".repeat(9000)})),
                AlgorithmNotAllowed,
            ),
            (
                "n17 EdDSA under an RSA key",
                sign(ed, "EdDSA", "rsa"),
                KeyMismatch,
            ),
            ("n17 EdDSA under X25519", sign(ed, "EdDSA", "x"), UnknownKey),
            (
                "n18 a key for encryption",
                sign(rsa, "RS256", "oaep"),
                UnknownKey,
            ),
        ],
    )
    .await;
}

#[test]
fn n19_secrets_with_fetched_keys_are_a_configuration_error() {
    let config = || {
        remembering(JwtAuthConfig::builder())
            .issuer("https://i.example")
            .audience("a")
            .jwks_uri("https://i.example/jwks")
    };
    assert!(config().build().is_ok());
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        assert!(
            config()
                .algorithms([Algorithm::RS256, algorithm])
                .build()
                .is_err()
        );
    }
}

#[tokio::test]
async fn n20_n21_signatures_cut_and_flipped() {
    let flipped = |segment: usize, at: usize| {
        spliced(segment, move |text| {
            let mut bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
            bytes[at] ^= 1;
            URL_SAFE_NO_PAD.encode(bytes)
        })
    };
    let without = good().rsplit_once('.').unwrap().0.to_owned();
    refused(&[
        ("n20 empty", spliced(2, |_| String::new()), BadSignature),
        ("n20 absent", without, WrongSegments),
        (
            "n21 truncated",
            spliced(2, |text| text[..text.len() - 5].to_owned()),
            BadEncoding,
        ),
        (
            "n21 truncated to whole bytes",
            spliced(2, |text| {
                URL_SAFE_NO_PAD.encode(&URL_SAFE_NO_PAD.decode(text).unwrap()[..63])
            }),
            BadSignature,
        ),
        (
            "n21 first bit of the signature",
            flipped(2, 0),
            BadSignature,
        ),
        (
            "n21 last bit of the signature",
            flipped(2, 63),
            BadSignature,
        ),
        (
            "n21 a bit of exp's last digit",
            flipped(1, claims().to_string().find("1800000600").unwrap() + 9),
            BadSignature,
        ),
        (
            "n21 a bit of kid",
            flipped(0, header().to_string().find("es\"").unwrap()),
            UnknownKey,
        ),
    ])
    .await;
}

#[tokio::test]
async fn n22_n23_n24_ecdsa_values_and_forms() {
    let order = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
        0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25,
        0x51_u8,
    ];
    let mut below = order;
    below[31] -= 1;
    let mut one = [0_u8; 32];
    one[31] = 1;
    let signature = |bytes: Vec<u8>| spliced(2, move |_| URL_SAFE_NO_PAD.encode(&bytes));
    let real = URL_SAFE_NO_PAD
        .decode(good().rsplit_once('.').unwrap().1)
        .unwrap();
    let mut rows = vec![("n22 r = s = 0", signature(vec![0; 64]), BadSignature)];
    for value in [order, below, one, [0xff; 32]] {
        rows.push((
            "n23 r",
            signature([&value[..], &real[32..]].concat()),
            BadSignature,
        ));
        rows.push((
            "n23 s",
            signature([&real[..32], &value[..]].concat()),
            BadSignature,
        ));
        rows.push(("n23 both", signature([value, value].concat()), BadSignature));
    }
    let integer = |part: &[u8]| {
        let padded = if part[0] & 0x80 == 0 {
            part.to_vec()
        } else {
            [&[0][..], part].concat()
        };
        [&[2, u8::try_from(padded.len()).unwrap()][..], &padded].concat()
    };
    let (r, s) = (integer(&real[..32]), integer(&real[32..]));
    let der = [
        &[0x30, u8::try_from(r.len() + s.len()).unwrap()][..],
        &r,
        &s,
    ]
    .concat();
    rows.extend([
        ("n24 DER", signature(der), BadSignature),
        ("n24 63 bytes", signature(real[..63].to_vec()), BadSignature),
        (
            "n24 65 bytes",
            signature([&real[..], &[0]].concat()),
            BadSignature,
        ),
        (
            "n24 a zero in front",
            signature([&[0], &real[..]].concat()),
            BadSignature,
        ),
    ]);
    refused(&rows).await;
}

#[tokio::test]
async fn n26_n28_rsa_and_ed25519_values() {
    let World { rsa, ed, .. } = world();
    let rs256 = rsa.sign_compact(
        &with(header(), json!({"alg": "RS256", "kid": "rsa"})),
        &claims().to_string(),
    );
    let eddsa = ed.sign_compact(
        &with(header(), json!({"alg": "EdDSA", "kid": "ed"})),
        &claims().to_string(),
    );
    let replaced = |token: &str, bytes: Vec<u8>| {
        format!(
            "{}.{}",
            token.rsplit_once('.').unwrap().0,
            URL_SAFE_NO_PAD.encode(bytes)
        )
    };
    let n = URL_SAFE_NO_PAD
        .decode(rsa.jwk()["n"].as_str().unwrap())
        .unwrap();
    let real = URL_SAFE_NO_PAD
        .decode(rs256.rsplit_once('.').unwrap().1)
        .unwrap();
    let mut below = n.clone();
    *below.last_mut().unwrap() -= 1;
    let mut one = vec![0; 256];
    one[255] = 1;
    refused_by(
        builder(&all_keys()),
        &rs256,
        &[
            ("n26 0", replaced(&rs256, vec![0; 256]), BadSignature),
            ("n26 1", replaced(&rs256, one), BadSignature),
            ("n26 n", replaced(&rs256, n), BadSignature),
            ("n26 n - 1", replaced(&rs256, below), BadSignature),
            (
                "n26 a zero in front",
                replaced(&rs256, [&[0], &real[..]].concat()),
                BadSignature,
            ),
        ],
    )
    .await;
    let real = URL_SAFE_NO_PAD
        .decode(eddsa.rsplit_once('.').unwrap().1)
        .unwrap();
    let mut high = real.clone();
    high[63] |= 0x20;
    let identity = [&[1][..], &[0; 63]].concat();
    refused_by(
        builder(&all_keys()),
        &eddsa,
        &[
            ("n28 zero", replaced(&eddsa, vec![0; 64]), BadSignature),
            (
                "n28 the identity point",
                replaced(&eddsa, identity),
                BadSignature,
            ),
            ("n28 S out of range", replaced(&eddsa, high), BadSignature),
        ],
    )
    .await;
}

#[tokio::test]
async fn n29_n31_n52_n54_other_keys_and_other_spellings() {
    let attacker = TestKey::generate(Algorithm::ES256, "es");
    let reordered = {
        let (_, rest) = good()
            .split_once('.')
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        format!(
            "{}.{rest}",
            URL_SAFE_NO_PAD.encode(r#"{"typ":"at+jwt","kid":"es","alg":"ES256"}"#)
        )
    };
    let own_key =
        |changes: Value| attacker.sign_compact(&with(header(), changes), &claims().to_string());
    let mut keyless = header();
    keyless.as_object_mut().unwrap().remove("kid");
    keyless["jwk"] = attacker.jwk();
    refused(&[
        ("n29 the right kid", own_key(json!({})), BadSignature),
        ("n31 the same header, ordered anew", reordered, BadSignature),
        (
            "n52 a key of its own",
            own_key(json!({"jwk": attacker.jwk()})),
            BadSignature,
        ),
        (
            "n52 and no kid",
            attacker.sign_compact(&keyless.to_string(), &claims().to_string()),
            BadSignature,
        ),
        (
            "n54 a certificate of its own",
            own_key(json!({"x5c": ["MIIB"]})),
            BadSignature,
        ),
    ])
    .await;
}

#[tokio::test]
async fn n32_to_n35_shape_and_size() {
    let cut = |count: usize| {
        good()
            .split('.')
            .chain(["AA"; 3])
            .take(count)
            .collect::<Vec<_>>()
            .join(".")
    };
    let json_serialisation =
        json!({"payload": "e30", "signatures": [{"protected": "e30", "signature": "AA"}]})
            .to_string();
    refused(&[
        ("n32 1", cut(1), WrongSegments),
        ("n32 2", cut(2), WrongSegments),
        ("n32 4", cut(4), WrongSegments),
        ("n32 5", cut(5), WrongSegments),
        ("n32 6", cut(6), WrongSegments),
        ("n32 two dots", "..".to_owned(), BadSignature),
        ("n32 a dot", ".".to_owned(), WrongSegments),
        ("n32 nothing", String::new(), WrongSegments),
        ("n33 100,000 dots", ".".repeat(100_000), TooLarge),
        ("n33 as many as fit", ".".repeat(16_384), WrongSegments),
        (
            "n34 over the limit",
            claiming(json!({"x": "x".repeat(16_384)})),
            TooLarge,
        ),
        ("n35 JSON serialisation", json_serialisation, WrongSegments),
    ])
    .await;
    // Just under it is fine.
    let verifier = JwtVerifier::new(builder(&all_keys()).build().unwrap());
    assert_eq!(
        outcome(&verifier, &claiming(json!({"x": "x".repeat(11_000)}))).await,
        Ok(())
    );
}

#[tokio::test]
async fn n36_to_n39_one_token_has_one_spelling() {
    let mut rows = Vec::new();
    for segment in 0..3 {
        let padded = move |text: &str| URL_SAFE.encode(URL_SAFE_NO_PAD.decode(text).unwrap());
        if padded(good().split('.').nth(segment).unwrap()).ends_with('=') {
            rows.push(("n36 padded", spliced(segment, padded), BadEncoding));
        }
        rows.push((
            "n36 one sign of padding",
            spliced(segment, |text| format!("{text}=")),
            BadEncoding,
        ));
        for odd in ["\n", " ", "\t", "\0", "+", "/"] {
            let wanted = if matches!(odd, "+" | "/") {
                "n37 standard alphabet"
            } else {
                "n38 white space"
            };
            rows.push((
                wanted,
                spliced(segment, |text| format!("{}{odd}{}", &text[..4], &text[5..])),
                BadEncoding,
            ));
        }
    }
    // The last character of 64 bytes carries four spare bits.
    let other_end = spliced(2, |text| {
        let (rest, last) = text.split_at(text.len() - 1);
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let at = alphabet
            .iter()
            .position(|byte| [*byte] == last.as_bytes())
            .unwrap();
        format!("{rest}{}", char::from(alphabet[at + 1]))
    });
    rows.push(("n39 spare bits set", other_end, BadEncoding));
    refused(&rows).await;
}

#[tokio::test]
async fn n40_to_n46_json() {
    let es = &world().es;
    let head = |text: &str| es.sign_compact(text, &claims().to_string());
    let body = |text: &str| es.sign_compact(&header().to_string(), text);
    let deep = format!("{}{}", "[".repeat(2000), "]".repeat(2000));
    let mut rows = Vec::new();
    for text in ["", "x", "[]", "\"x\"", "1", "null", "true"] {
        rows.push(("n40 header", head(text), MalformedHeader));
        rows.push(("n40 payload", body(text), MalformedClaims));
    }
    for tail in ["x", "{}", ",", "\0", "]"] {
        rows.push((
            "n41 header",
            head(&format!("{}{tail}", header())),
            MalformedHeader,
        ));
        rows.push((
            "n41 payload",
            body(&format!("{}{tail}", claims())),
            MalformedClaims,
        ));
    }
    rows.extend([
        (
            "n42 header, byte order mark",
            head(&format!("\u{feff}{}", header())),
            MalformedHeader,
        ),
        (
            "n42 payload, byte order mark",
            body(&format!("\u{feff}{}", claims())),
            MalformedClaims,
        ),
        (
            "n42 header, lone surrogate",
            heading_text(r#""x":"\ud800""#),
            MalformedHeader,
        ),
        (
            "n42 payload, lone surrogate",
            claiming_text(r#""x":"\udc00""#),
            MalformedClaims,
        ),
        (
            "n43 header",
            heading_text(&format!("\"x\":{deep}")),
            MalformedHeader,
        ),
        (
            "n43 payload",
            claiming_text(&format!("\"x\":{deep}")),
            MalformedClaims,
        ),
        (
            "n45 header over 10 kB",
            heading_text(&format!("\"x\":\"{}\"", "x".repeat(10_000))),
            TooLarge,
        ),
    ]);
    for member in ["alg", "kid", "crit", "x"] {
        rows.push((
            "n44 header",
            heading_text(&format!("\"{member}\":\"a\",\"{member}\":\"a\"")),
            MalformedHeader,
        ));
    }
    for member in ["exp", "iss", "aud", "sub", "scope", "x"] {
        let value = if member == "exp" { "1" } else { "\"a\"" };
        rows.push((
            "n44 payload",
            claiming_text(&format!("\"{member}\":{value},\"{member}\":{value}")),
            MalformedClaims,
        ));
    }
    refused(&rows).await;
    // n42: bytes that are no UTF-8, in an otherwise good token.
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header().to_string()),
        URL_SAFE_NO_PAD.encode(
            [
                claims().to_string().replace('}', ",\"x\":\"").as_bytes(),
                &[0xc0, 0xaf],
                b"\"}"
            ]
            .concat()
        )
    );
    let token = format!(
        "{signed}.{}",
        URL_SAFE_NO_PAD.encode(es.sign(signed.as_bytes()))
    );
    let verifier = JwtVerifier::new(builder(&all_keys()).build().unwrap());
    assert_eq!(outcome(&verifier, &token).await, Err(MalformedClaims));
    // n46: as many members as fit, all different, are no burden and no fault.
    let many: Vec<String> = (0..600).map(|n| format!("\"m{n}\":{n}")).collect();
    assert_eq!(
        outcome(&verifier, &claiming_text(&many.join(","))).await,
        Ok(())
    );
}

#[tokio::test]
async fn n47_to_n51_n63_to_n66_header_parameters() {
    let mut rows = Vec::new();
    for crit in [
        json!(["exp2"]),
        json!([]),
        json!("x"),
        Value::Null,
        json!([1]),
        json!(["a", "a"]),
        json!(["alg"]),
        json!(["x"]),
        json!(["b64"]),
    ] {
        rows.push((
            "n47 n48 n49 crit",
            headed(json!({"exp2": 1, "crit": crit})),
            UnsupportedHeader,
        ));
    }
    refused_by(builder(&all_keys()), &headed(json!({"exp2": 1})), &rows).await;
    let mut rows = Vec::new();
    rows.extend([
        (
            "n50 b64 and crit",
            headed(json!({"b64": false, "crit": ["b64"]})),
            UnsupportedHeader,
        ),
        (
            "n51 b64 alone",
            headed(json!({"b64": false})),
            UnsupportedHeader,
        ),
        (
            "n63 typ as a number",
            headed(json!({"typ": 1})),
            MalformedHeader,
        ),
        (
            "n63 typ as a list",
            headed(json!({"typ": ["at+jwt"]})),
            MalformedHeader,
        ),
        (
            "n64 a nested token",
            headed(json!({"cty": "JWT"})),
            UnsupportedHeader,
        ),
        ("n65 zip", headed(json!({"zip": "DEF"})), UnsupportedHeader),
        (
            "n66 enc",
            headed(json!({"enc": "A256GCM"})),
            UnsupportedHeader,
        ),
    ]);
    for typ in [
        "dpop+jwt",
        "logout+jwt",
        "secevent+jwt",
        "entity-statement+jwt",
        "token-introspection+jwt",
        "oauth-id-jag+jwt",
        "application/logout+jwt",
        "at+jwtx",
        "xat+jwt",
        "",
    ] {
        rows.push((
            "n61 another kind of token",
            headed(json!({"typ": typ})),
            WrongType,
        ));
    }
    refused(&rows).await;
}

#[tokio::test]
async fn n53_keys_are_fetched_from_nowhere_that_a_token_names() {
    let (issuer, canary) = (TestIssuer::start(), TestIssuer::start());
    let layer = JwtAuthLayer::new(config(&issuer).build().unwrap());
    let inner = Counting::default();
    let good = issuer.mint(RESOURCE);
    assert_eq!(
        call(&layer, &inner, request(Some(&good.clone().sign())))
            .await
            .status,
        200
    );
    for member in ["jku", "x5u"] {
        let forged = good
            .clone()
            .header(member, canary.jwks_uri())
            .signed_by(canary.signing_key())
            .sign();
        assert_eq!(
            call(&layer, &inner, request(Some(&forged))).await.status,
            401
        );
        // With a good signature the member is simply not read.
        let odd = good.clone().header(member, canary.jwks_uri()).sign();
        assert_eq!(call(&layer, &inner, request(Some(&odd))).await.status, 200);
    }
    assert_eq!((canary.fetches(), inner.calls()), (0, 3));
}

#[tokio::test]
async fn n55_to_n60_kid() {
    let es = &world().es;
    let mut rows = Vec::new();
    for kid in [json!(0), Value::Null, json!(true), json!({}), json!(["es"])] {
        rows.push((
            "n55 no string",
            headed(json!({"kid": kid})),
            MalformedHeader,
        ));
    }
    for kid in [
        "../../etc/passwd",
        "' OR 1=1--",
        "a\r\nb",
        "%0d%0a",
        "\0",
        "\u{1f511}",
        "\u{202e}",
        "",
        "e\u{0301}s",
    ] {
        rows.push(("n56 odd text", headed(json!({"kid": kid})), UnknownKey));
    }
    rows.extend([
        (
            "n57 a kid of 9 kB",
            headed(json!({"kid": "k".repeat(9000)})),
            UnknownKey,
        ),
        (
            "n57 a kid of 100 kB",
            headed(json!({"kid": "k".repeat(100_000)})),
            TooLarge,
        ),
        ("n58 another case", headed(json!({"kid": "ES"})), UnknownKey),
        ("n58 a space", headed(json!({"kid": "es "})), UnknownKey),
    ]);
    refused(&rows).await;

    let second = TestKey::generate(Algorithm::ES256, "second");
    let without_kid = es.sign_compact(r#"{"alg":"ES256"}"#, &claims().to_string());
    let one = JwtVerifier::new(builder(&all_keys()).build().unwrap());
    assert_eq!(
        outcome(&one, &without_kid).await,
        Ok(()),
        "n59 one key fits"
    );
    let mut keys = all_keys();
    keys.push(second.jwk());
    let two = JwtVerifier::new(builder(&keys).build().unwrap());
    assert_eq!(
        outcome(&two, &without_kid).await,
        Err(AmbiguousKey),
        "n59 two keys fit"
    );

    let twin = TestKey::generate(Algorithm::ES256, "es");
    let other_type = TestKey::generate(Algorithm::EdDSA, "es");
    let shared = JwtVerifier::new(
        builder(&[es.jwk(), twin.jwk(), other_type.jwk()])
            .build()
            .unwrap(),
    );
    for key in [es, &twin, &other_type] {
        let header = with(header(), json!({"alg": key.algorithm().name()}));
        assert_eq!(
            outcome(&shared, &key.sign_compact(&header, &claims().to_string())).await,
            Ok(()),
            "n60 {}",
            key.algorithm()
        );
    }
    assert_eq!(
        outcome(
            &shared,
            &second.sign_compact(&header().to_string(), &claims().to_string())
        )
        .await,
        Err(BadSignature),
        "n60"
    );
}

#[tokio::test]
async fn n62_n96_the_strict_profile() {
    let strict = || builder(&all_keys()).rfc9068();
    let full = json!({"sub": "s", "client_id": "c", "iat": NOW as u64, "jti": "j"});
    let sign = |typ: Value, changes: Value| {
        let mut header = header();
        match typ {
            Value::Null => drop(header.as_object_mut().unwrap().remove("typ")),
            typ => header["typ"] = typ,
        }
        let claims = with(
            serde_json::from_str(&with(claims(), full.clone())).unwrap(),
            changes,
        );
        world().es.sign_compact(&header.to_string(), &claims)
    };
    for typ in ["AT+JWT", "application/at+jwt"] {
        let verifier = JwtVerifier::new(strict().build().unwrap());
        assert_eq!(
            outcome(&verifier, &sign(json!(typ), json!({}))).await,
            Ok(()),
            "{typ}"
        );
    }
    refused_by(
        strict(),
        &sign(json!("at+jwt"), json!({})),
        &[
            ("n62 JWT", sign(json!("JWT"), json!({})), WrongType),
            ("n62 absent", sign(Value::Null, json!({})), WrongType),
        ],
    )
    .await;
    let of_a_login = json!({"nonce": "n", "at_hash": "h"});
    let id_token = sign(json!("JWT"), of_a_login.clone());
    let good = sign(json!("at+jwt"), of_a_login);
    refused_by(strict(), &good, &[("n96 an id token", id_token, WrongType)]).await;
}

#[tokio::test]
async fn n78_to_n86_times() {
    let now = NOW as u64;
    let mut rows = vec![(
        "n78 no exp",
        world().es.sign_compact(
            &header().to_string(),
            r#"{"iss":"https://i.example","aud":"https://mcp.example/mcp"}"#,
        ),
        MissingClaim,
    )];
    for odd in [
        json!("1900000000"),
        Value::Null,
        json!(true),
        json!([1]),
        json!({}),
    ] {
        for claim in ["exp", "nbf", "iat"] {
            rows.push((
                "n79 n83 n84 no number",
                claiming(json!({claim: odd})),
                MalformedClaims,
            ));
        }
    }
    for (number, want) in [
        ("-1", Expired),
        ("0", Expired),
        ("-0.0", Expired),
        ("1e400", MalformedClaims),
        ("18446744073709551616", MalformedClaims),
        ("9223372036854775808", MalformedClaims),
        ("1e308", MalformedClaims),
        ("NaN", MalformedClaims),
        ("Infinity", MalformedClaims),
        ("0x7fffffff", MalformedClaims),
    ] {
        let text = claims()
            .to_string()
            .replace(&(now + 600).to_string(), number);
        rows.push((
            "n80 odd numbers",
            world().es.sign_compact(&header().to_string(), &text),
            want,
        ));
    }
    rows.extend([
        ("n81 exp is now", claiming(json!({"exp": now})), Expired),
        (
            "n81 exp was a second ago",
            claiming(json!({"exp": now - 1})),
            Expired,
        ),
        (
            "n82 exp was just now",
            claiming(json!({"exp": NOW - 0.25})),
            Expired,
        ),
        (
            "n83 nbf just ahead",
            claiming(json!({"nbf": NOW + 0.25})),
            NotYetValid,
        ),
        (
            "n84 iat ahead",
            claiming(json!({"iat": now + 1})),
            IssuedInTheFuture,
        ),
    ]);
    refused(&rows).await;
    let verifier = JwtVerifier::new(builder(&all_keys()).build().unwrap());
    for fine in [
        json!({"exp": NOW + 0.25}),
        json!({"nbf": now}),
        json!({"iat": now}),
        json!({"exp": now + 1}),
    ] {
        assert_eq!(
            outcome(&verifier, &claiming(fine.clone())).await,
            Ok(()),
            "{fine}"
        );
    }
    let lenient = || builder(&all_keys()).leeway(std::time::Duration::from_secs(60));
    refused_by(
        lenient(),
        &claiming(json!({"exp": now + 10, "nbf": now + 10})),
        &[
            (
                "n85 exp before nbf",
                claiming(json!({"exp": now + 10, "nbf": now + 11})),
                InconsistentTimes,
            ),
            (
                "n85 exp before iat",
                claiming(json!({"exp": now + 10, "iat": now + 11})),
                InconsistentTimes,
            ),
            (
                "n81 just past the leeway",
                claiming(json!({"exp": now - 60})),
                Expired,
            ),
            (
                "n83 just past the leeway",
                claiming(json!({"nbf": now + 61})),
                NotYetValid,
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn n87_to_n98_n101_n102_claims() {
    let without = |name: &str| {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(name);
        world()
            .es
            .sign_compact(&header().to_string(), &claims.to_string())
    };
    let mut rows = vec![
        ("n87 no iss", without("iss"), MissingClaim),
        ("n91 no aud", without("aud"), MissingClaim),
    ];
    for (iss, want) in [
        (json!(["https://i.example"]), MalformedClaims),
        (json!(1), MalformedClaims),
        (Value::Null, MalformedClaims),
        (json!("https://i.example/"), WrongIssuer),
        (json!("https://I.example"), WrongIssuer),
        (json!("http://i.example"), WrongIssuer),
        (json!("https://i.example/.evil"), WrongIssuer),
        (json!("https://i.example@evil"), WrongIssuer),
        (json!("https://i.example "), WrongIssuer),
    ] {
        rows.push(("n88 n89 n90 iss", claiming(json!({"iss": iss})), want));
    }
    for (aud, want) in [
        (json!("https://other.example"), WrongAudience),
        (json!("https://mcp.example/mc"), WrongAudience),
        (json!("https://mcp.example/mcp-evil"), WrongAudience),
        (json!("https://mcp.example/mcp/"), WrongAudience),
        (json!("https://MCP.example/mcp"), WrongAudience),
        (json!("https://mcp.example:443/mcp"), WrongAudience),
        (json!("https://i.example"), WrongAudience),
        (json!([]), WrongAudience),
        (json!([""]), WrongAudience),
        (Value::Null, MalformedClaims),
        (json!({}), MalformedClaims),
        (json!(1), MalformedClaims),
        (json!(["https://mcp.example/mcp", 1]), MalformedClaims),
        (json!([["https://mcp.example/mcp"]]), MalformedClaims),
    ] {
        rows.push(("n92 n93 n94 n95 aud", claiming(json!({"aud": aud})), want));
    }
    for odd in [json!(1), json!(["a"]), Value::Null] {
        rows.push(("n97 sub", claiming(json!({"sub": odd})), MalformedClaims));
    }
    for odd in [
        json!(1),
        json!({}),
        json!(["a", 1]),
        json!(true),
        Value::Null,
    ] {
        rows.push((
            "n98 scope",
            claiming(json!({"scope": odd})),
            MalformedClaims,
        ));
        rows.push(("n98 scp", claiming(json!({"scp": odd})), MalformedClaims));
    }
    for cnf in [
        json!({"jkt": "x"}),
        json!({"x5t#S256": "x"}),
        json!({"jwk": {}}),
        Value::Null,
    ] {
        rows.push((
            "n101 bound to a key",
            claiming(json!({"cnf": cnf})),
            BoundToKey,
        ));
    }
    refused(&rows).await;
    let verifier = JwtVerifier::new(builder(&all_keys()).build().unwrap());
    for fine in [
        json!({"aud": ["https://a", "https://mcp.example/mcp"]}),
        json!({"sub": "x".repeat(5000)}),
        json!({"scope": ["a", "b"], "scp": "c"}),
        json!({"act": {"sub": "admin"}, "may_act": {}, "admin": true, "roles": ["root"]}),
    ] {
        assert_eq!(
            outcome(&verifier, &claiming(fine.clone())).await,
            Ok(()),
            "{fine}"
        );
    }
    // n102: and claims that name a power give none.
    let auth = verifier
        .verify(&claiming(json!({"act": {"scope": "all"}, "roles": ["a"]})))
        .await
        .unwrap();
    assert!(auth.scopes().is_empty() && auth.subject().is_none() && auth.client_id() == "jwt");
}

#[tokio::test]
async fn n99_n100_n103_n107_n108_n118_over_http() {
    let issuer = TestIssuer::start();
    let layer = JwtAuthLayer::new(
        config(&issuer)
            .required_scopes(["mcp:read"])
            .build()
            .unwrap(),
    );
    for (scope, status) in [
        ("mcp:read", 200),
        ("x mcp:read", 200),
        ("mcp:readwrite", 403),
        ("mcp:read\t", 403),
        ("", 403),
        ("MCP:READ", 403),
        ("mcp:read,x", 403),
    ] {
        let token = issuer.mint(RESOURCE).scope(scope).sign();
        assert_eq!(
            call(&layer, &Counting::default(), request(Some(&token)))
                .await
                .status,
            status,
            "n99 n100 {scope:?}"
        );
    }
    let other = TestIssuer::start();
    let mut foreign = request(Some(&other.mint(RESOURCE).scope("mcp:read").sign()));
    foreign
        .headers_mut()
        .insert("x-issuer", issuer.issuer().parse().unwrap());
    assert_eq!(
        call(&layer, &Counting::default(), foreign).await.status,
        401,
        "n103"
    );

    for bytes in [
        &b"Bearer \xff\xfe"[..],
        b"Bearer caf\xc3\xa9",
        b"\xff",
        b"Bearer a\xa0b",
    ] {
        let mut odd = request(None);
        odd.headers_mut().insert(
            "authorization",
            http::HeaderValue::from_bytes(bytes).unwrap(),
        );
        assert_eq!(
            call(&layer, &Counting::default(), odd).await.status,
            401,
            "n108 {bytes:?}"
        );
    }

    // n118: what was wrong cannot be told from the answer.
    let attacker = TestKey::generate(Algorithm::ES256, "key-1");
    let tokens = [
        issuer.mint(RESOURCE).header("kid", "unknown").sign(),
        issuer
            .mint(RESOURCE)
            .signed_by(std::sync::Arc::new(attacker))
            .sign(),
        issuer.mint("elsewhere").sign(),
        issuer.mint(RESOURCE).claim("exp", 1).without("iat").sign(),
        "junk".to_owned(),
    ];
    let mut answers = Vec::new();
    for token in &tokens {
        let answer = call(&layer, &Counting::default(), request(Some(token))).await;
        answers.push((answer.status, format!("{:?}", answer.headers), answer.body));
    }
    assert!(
        answers.windows(2).all(|pair| pair[0] == pair[1]),
        "{answers:#?}"
    );
}

#[test]
fn any_byte_of_a_good_token_changed_is_refused() {
    use proptest::prelude::*;

    let verifier = JwtVerifier::new(builder(&all_keys()).build().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let World { es, rsa, ed } = world();
    let tokens = [es, rsa, ed].map(|key| {
        let header = with(
            header(),
            json!({"alg": key.algorithm().name(), "kid": key.kid()}),
        );
        key.sign_compact(&header, &claims().to_string())
    });
    for token in &tokens {
        assert_eq!(runtime.block_on(outcome(&verifier, token)), Ok(()));
    }
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(2000)
    };
    let change = (0..tokens.len(), any::<prop::sample::Index>(), 1_u8..128);
    proptest::test_runner::TestRunner::new(config)
        .run(&change, |(which, at, flip)| {
            let mut bytes = tokens[which].clone().into_bytes();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            let changed = String::from_utf8(bytes).unwrap();
            prop_assert!(
                runtime.block_on(outcome(&verifier, &changed)).is_err(),
                "{changed}"
            );
            Ok(())
        })
        .unwrap();
}

#[test]
fn n122_arbitrary_bytes_never_panic() {
    use proptest::prelude::*;

    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let verifier = JwtVerifier::new(builder(&all_keys()).build().unwrap());
    proptest!(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) }, |(
        text in ".{0,200}",
        header in "\\PC{0,60}",
        payload in "\\PC{0,60}",
        document in prop::collection::vec(any::<u8>(), 0..200),
    )| {
        prop_assert!(runtime.block_on(outcome(&verifier, &text)).is_err());
        let signed = world().es.sign_compact(&header, &payload);
        prop_assert!(runtime.block_on(outcome(&verifier, &signed)).is_err());
        let _ = tower_jwt_auth::test_util::inspect_key_set(&document);
    });
}
