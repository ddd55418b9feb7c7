//! What the checks of a DPoP proof cost, without a layer around them.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use tower_jwt_auth::Algorithm;
use tower_jwt_auth::test_util::TestKey;
use tower_jwt_auth::test_util::internal::dpop::{Checks, Proof, Request};

use crate::measure::{Batch, Case, interleaved};
use crate::table::Report;
use crate::world::{Token, World};

const ROUNDS: usize = 200;
const CALLS: usize = 40;
const NOW: u32 = 1_800_000_000;

pub(crate) fn run(report: &mut Report) {
    report.heading("DPoP proofs, over the bare ES256 verification");
    let world = World::new(Algorithm::ES256);
    let server = Server::new(&world.key);
    let knowing = server.knowing(&world.key);
    let good = server.good(&world.key);
    let own = |operation: &dyn Fn()| {
        let bare = Token::new(text(&good).to_owned());
        let [own, bare] = interleaved(
            ROUNDS,
            [
                Case::new(|| Batch::new(CALLS, || (0..CALLS).for_each(|_| operation()))),
                Case::new(|| Batch::new(20, || (0..20).for_each(|_| world.verify(&bare)))),
            ],
        );
        (own.least, bare.least)
    };
    let mut row = |name: &str, target: f64, operation: &dyn Fn()| {
        let (own, bare) = own(operation);
        let detail = format!("x ({own:.2} of {bare:.2} us)");
        report.at_most(name, target, own / bare, "", &detail);
    };

    row("known key", 1.15, &|| {
        server.accept(&knowing, &good, true);
    });
    row("known key, hash of the token computed", 1.15, &|| {
        server.accept(&knowing, &good, false);
    });
    row("key not known, and not remembered", 1.35, &|| {
        server.verify_without_memory(&good);
    });
    let forged = server.proof(
        &TestKey::generate(Algorithm::ES256, "other"),
        &header(&world.key),
        &claims(&server.token),
    );
    row("bad signature, known key", 1.15, &|| {
        let mut proof = server.check(&knowing, &forged, true).unwrap();
        proof.verify().unwrap_err();
    });
    for (name, headers) in refused(&server, &world.key) {
        let step = server.check(&server.forgetting, &headers, true).err();
        let step = step.unwrap_or_else(|| panic!("{name} is not refused"));
        row(&format!("refused at step {name}: {step}"), 0.1, &|| {
            let refused = server.check(&server.forgetting, &headers, true);
            assert!(refused.is_err());
        });
    }
    for (name, headers) in dearest(&server, &world.key) {
        let step = server.check(&server.forgetting, &headers, true).err();
        let step = step.unwrap_or_else(|| panic!("{name} is not refused"));
        row(&format!("{name}: {step}"), 1.0, &|| {
            let refused = server.check(&server.forgetting, &headers, true);
            assert!(refused.is_err());
        });
    }
    new_keys(report, &world, &server);
}

/// Each call has a key that was not seen before, and remembers it.
fn new_keys(report: &mut Report, world: &World, server: &Server) {
    let clients: Vec<_> = (0..CALLS)
        .map(|_| TestKey::generate(Algorithm::ES256, "client"))
        .collect();
    let proofs: Vec<_> = clients.iter().map(|client| server.good(client)).collect();
    let bare = world.token(1);
    let [own, bare] = interleaved(
        ROUNDS,
        [
            Case::new(|| {
                let checks = checks();
                let proofs = &proofs;
                Batch::keeping(CALLS, move || {
                    for proof in proofs {
                        let request = Request {
                            jkt: None,
                            ..server.request(true)
                        };
                        let mut proof = checks.check(proof, &request, f64::from(NOW)).unwrap();
                        proof.verify().unwrap();
                        checks.remember(&proof);
                    }
                    checks
                })
            }),
            Case::new(|| Batch::new(20, || (0..20).for_each(|_| world.verify(&bare)))),
        ],
    );
    let detail = format!("x ({:.2} of {:.2} us)", own.least, bare.least);
    report.at_most(
        "new key, remembered",
        1.35,
        own.least / bare.least,
        "",
        &detail,
    );
}

/// A server, and a token of its client.
pub(crate) struct Server {
    token: String,
    ath: [u8; 32],
    jkt: [u8; 32],
    /// These know no key.
    forgetting: Checks,
}

impl Server {
    pub(crate) fn new(client: &TestKey) -> Self {
        let token = World::new(Algorithm::EdDSA).token(1).text;
        let forgetting = checks();
        let mut server = Self {
            ath: hash(token.as_bytes()),
            token,
            jkt: [0; 32],
            forgetting,
        };
        let proof = server.good(client);
        let request = Request {
            jkt: None,
            ..server.request(true)
        };
        let checked = server.forgetting.check(&proof, &request, f64::from(NOW));
        server.jkt = *checked.unwrap().jkt();
        server
    }

    /// Checks that know the key of the client.
    pub(crate) fn knowing(&self, client: &TestKey) -> Checks {
        let checks = checks();
        let proof = self.good(client);
        self.accept(&checks, &proof, true);
        checks
    }

    fn request(&self, is_cached: bool) -> Request<'_> {
        Request {
            method: "POST",
            path: "/mcp",
            token: self.token.as_bytes(),
            jkt: Some(&self.jkt),
            ath: is_cached.then_some(&self.ath),
        }
    }

    fn check(
        &self,
        checks: &Checks,
        headers: &HeaderMap,
        is_cached: bool,
    ) -> Result<Proof, &'static str> {
        checks.check(headers, &self.request(is_cached), f64::from(NOW))
    }

    /// Every step, as for a request that is let through.
    pub(crate) fn accept(&self, checks: &Checks, headers: &HeaderMap, is_cached: bool) {
        let mut proof = self.check(checks, headers, is_cached).unwrap();
        proof.verify().unwrap();
        checks.remember(&proof);
    }

    /// Steps 2 to 16 where no key is known.
    pub(crate) fn verify_without_memory(&self, headers: &HeaderMap) {
        let proof = self.check(&self.forgetting, headers, true);
        proof.unwrap().verify().unwrap();
    }

    /// The headers of a request with a good proof.
    pub(crate) fn good(&self, client: &TestKey) -> HeaderMap {
        self.proof(client, &header(client), &claims(&self.token))
    }

    /// The headers of a request, with a proof that is a slice of the buffer of the connection.
    fn proof(&self, key: &TestKey, header: &Value, claims: &Value) -> HeaderMap {
        with_proof(&key.sign_compact(&header.to_string(), &claims.to_string()))
    }
}

/// One proof for each step, refused there.
fn refused(server: &Server, key: &TestKey) -> Vec<(&'static str, HeaderMap)> {
    let good = claims(&server.token);
    let of_header = |name: &str, value: Value| {
        let mut header = header(key);
        header[name] = value;
        server.proof(key, &header, &good)
    };
    let of_claim = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        server.proof(key, &header(key), &claims)
    };
    let mut private = key.jwk();
    private["d"] = "AQAB".into();
    let mut two = server.good(key);
    two.append(DPOP, HeaderValue::from_static(""));
    let padded = format!("{}=", text(&server.good(key)));
    let other = TestKey::generate(Algorithm::ES256, "other");
    vec![
        ("2", two),
        ("2, too long", with_proof(&"A".repeat(16 * 1024 + 1))),
        ("3", with_proof(&padded)),
        (
            "3, 16 KiB",
            with_proof(&format!("{}.e30.A", "A".repeat(16 * 1024 - 6))),
        ),
        ("4", of_header("crit", json!([]))),
        ("5", of_header("typ", "JWT".into())),
        ("6", of_header("alg", "none".into())),
        ("7", of_header("jwk", private)),
        ("8", server.good(&other)),
        ("9", of_claim("jti", "".into())),
        ("10", of_claim("ath", "".into())),
        ("11", of_claim("htm", "GET".into())),
        ("12", of_claim("htu", "https://evil.example/mcp".into())),
        ("13", of_claim("iat", json!(NOW - 303))),
    ]
}

/// The dearest refusals that need no signature check: each part is as large as it may be.
fn dearest(server: &Server, key: &TestKey) -> Vec<(&'static str, HeaderMap)> {
    let list = |item: &str, how_many: usize| format!("\"l\":[{}],", vec![item; how_many].join(","));
    let numbers = list(&format!("1{}e-40", "7".repeat(60)), 120);
    let zeros = list("0", 1_000);
    let members: String = (0..240).map(|n| format!("\"\\u0061{n:024}\":0,")).collect();
    let escapes = format!("\"l\":\"{}\",", "\\u00e9".repeat(1_500));
    let of = |in_header: &str, in_claims: &str, htu: &str| {
        let mut claims = claims(&server.token);
        claims["iat"] = 0.into();
        claims["htu"] = htu.into();
        let header = header(key)
            .to_string()
            .replacen('{', &format!("{{{in_header}"), 1);
        let claims = claims
            .to_string()
            .replacen('{', &format!("{{{in_claims}"), 1);
        with_proof(&key.sign_compact(&header, &claims))
    };
    let url = "https://mcp.example.com/mcp";
    let long = format!("https://mcp.example.com/{}", "%7E/../".repeat(286));
    vec![
        ("htu of escapes and dots", of("", "", &long)),
        ("claims of long numbers", of("", &numbers, url)),
        ("claims of 1,000 values", of("", &zeros, url)),
        ("claims of 240 escaped names", of("", &members, url)),
        ("claims of 1,500 escapes", of("", &escapes, url)),
        ("header of long numbers", of(&numbers, "", url)),
        ("header of 1,000 values", of(&zeros, "", url)),
        ("header of 240 escaped names", of(&members, "", url)),
        ("header of 1,500 escapes", of(&escapes, "", url)),
    ]
}

fn with_proof(proof: &str) -> HeaderMap {
    let buffer = Bytes::from(format!("dpop: {proof}\r\n"));
    let value = HeaderValue::from_maybe_shared(buffer.slice(6..buffer.len() - 2)).unwrap();
    let mut headers = HeaderMap::new();
    for name in [
        "host",
        "user-agent",
        "accept",
        "content-type",
        "authorization",
    ] {
        headers.insert(name, HeaderValue::from_static("value"));
    }
    headers.insert(DPOP, value);
    headers
}

fn text(headers: &HeaderMap) -> &str {
    headers[DPOP].to_str().unwrap()
}

fn header(key: &TestKey) -> Value {
    json!({"typ": "dpop+jwt", "alg": key.algorithm().name(), "jwk": key.jwk()})
}

fn claims(token: &str) -> Value {
    json!({
        "jti": "0f2b3c1e-6a4d-4b8e-9c57-1d2e3f4a5b6c",
        "htm": "POST",
        "htu": "https://mcp.example.com/mcp",
        "iat": NOW,
        "ath": URL_SAFE_NO_PAD.encode(hash(token.as_bytes())),
    })
}

fn checks() -> Checks {
    Checks::new("https://mcp.example.com").unwrap()
}

fn hash(text: &[u8]) -> [u8; 32] {
    digest(&SHA256, text).as_ref().try_into().unwrap()
}

const DPOP: HeaderName = HeaderName::from_static("dpop");
