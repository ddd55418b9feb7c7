//! The dearest requests that an outsider can make up, against a normal verification.

use std::hint::black_box;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use serde_json::json;
use tokio::runtime::Handle;
use tower::{Layer as _, ServiceExt as _};
use tower_jwt_auth::config::{Issuer, JwtAuthConfigBuilder};
use tower_jwt_auth::limits::{
    MAX_CONFIGURED_TOKEN_BYTES, MAX_TOKEN_BYTES, MAX_UNVERIFIED_CLAIMS_BYTES,
};
use tower_jwt_auth::mcp::McpScopesLayer;
use tower_jwt_auth::service::JwtAuth;
use tower_jwt_auth::{Algorithm, AuthInfo, JwtAuthConfig, JwtAuthLayer};

use crate::drive::{self, Hello, batch, repeated, service};
use crate::measure::{Batch, Case, interleaved};
use crate::table::Report;
use crate::world::{ISSUER, RESOURCE, Token, World, config, ready};

const ROUNDS: usize = 100;
const CALLS: usize = 10;

pub(crate) fn run(report: &mut Report) {
    report.heading("The dearest refusals, over the bare RS256 verification");
    let world = World::new(Algorithm::RS256);
    let layer = world.layer();
    let service = service(&layer);
    let good = world.token(1);
    let measured = |service: &JwtAuth<Hello>, token: &Token| {
        let [refused, bare] = interleaved(
            ROUNDS,
            [
                Case::new(|| {
                    let requests = repeated(Some(&token.line), CALLS);
                    batch(service.clone(), requests, StatusCode::UNAUTHORIZED)
                }),
                Case::new(|| Batch::new(20, || (0..20).for_each(|_| world.verify(&good)))),
            ],
        );
        let detail = format!("x ({:.1} us, {} bytes)", refused.least, token.text.len());
        (refused.least / bare.least, detail)
    };
    for (name, token) in tokens(&world, MAX_TOKEN_BYTES) {
        let (ratio, detail) = measured(&service, &token);
        report.at_most(name, 3.0, ratio, "", &detail);
    }
    let widest = config(world.source()).max_token_bytes(MAX_CONFIGURED_TOKEN_BYTES);
    let widest = drive::service(&ready(widest));
    for (name, token) in tokens(&world, MAX_CONFIGURED_TOKEN_BYTES) {
        let (ratio, detail) = measured(&widest, &token);
        report.figure(&format!("64 KiB: {name}"), &format!("{ratio:.2}{detail}"));
    }
    let several = drive::service(&of_several(&world));
    let (ratio, detail) = measured(&several, &with_a_late_issuer(&world));
    let name = "several issuers, empty scopes, `iss` behind them";
    report.figure(name, &format!("{ratio:.2}{detail}"));
    batches(report, &world, &layer);
}

fn of_several(world: &World) -> JwtAuthLayer {
    let keys = json!({"keys": [world.key.jwk()]});
    let names = [ISSUER, "https://other.eu.auth0.example.com/"];
    let issuers = names.map(|name| Issuer::new(name).jwks(keys.clone()));
    let builder = JwtAuthConfig::builder().resource(RESOURCE);
    let builder = issuers
        .into_iter()
        .fold(builder, JwtAuthConfigBuilder::add_issuer);
    JwtAuthLayer::new(builder.build().unwrap())
}

/// Its issuer is not found at a glance, and the claims are read before the signature.
fn with_a_late_issuer(world: &World) -> Token {
    let room = (MAX_TOKEN_BYTES - 500) * 3 / 4;
    let start = format!(r#"{{"aud":"{RESOURCE}","exp":4102444800,"scope":["#);
    let claims = filled(&start, room, &|number| {
        item(number, &|_| r#""""#.to_owned())
    });
    forged(world, &format!(r#"{claims}],"iss":"{ISSUER}"}}"#))
}

/// With a signature as long as the key's, so that it is looked at.
fn forged(world: &World, claims: &str) -> Token {
    let header = json!({"alg": "RS256", "kid": world.key.kid()}).to_string();
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let signature = "A".repeat(SIGNATURE);
    let signed = [encode(&header), encode(claims)].join(".");
    Token::new(format!("{signed}.{signature}"))
}

/// What a caller with a good token can send, where a hundred rules say what each resource requires.
fn batches(report: &mut Report, world: &World, layer: &JwtAuthLayer) {
    let rules = (0..100).fold(McpScopesLayer::new(), |rules, number| {
        rules.resources_under(format!("file:///srv/{number}/"), [format!("read:{number}")])
    });
    let service = rules.layer(Hello);
    let good = world.token(1);
    let verified = Handle::current().block_on(layer.verifier().verify(&good.text));
    let auth = verified.unwrap();
    let listen = |uri: &str, how_many: usize| {
        let uris = vec![uri; how_many];
        let params = json!({"notifications": {"resourceSubscriptions": uris}});
        json!({"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": params})
    };
    let rows = [
        (
            "1,000 subscriptions",
            json!([listen("file:///srv/99/notes.md", 1_000)]),
        ),
        (
            "100 messages with 1,000 subscriptions each",
            vec![listen("a", 1_000); 100].into(),
        ),
    ];
    for (name, body) in rows {
        let body = Bytes::from(body.to_string());
        let ask = |auth: &AuthInfo| {
            let request = Request::post("https://mcp.example.com/mcp").extension(auth.clone());
            let request = request.body(Full::new(body.clone())).unwrap();
            let response = Handle::current().block_on(service.clone().oneshot(request));
            assert_eq!(response.unwrap().status(), StatusCode::FORBIDDEN);
        };
        let [refused, bare] = interleaved(
            ROUNDS,
            [
                Case::new(|| Batch::new(CALLS, || (0..CALLS).for_each(|_| ask(black_box(&auth))))),
                Case::new(|| Batch::new(20, || (0..20).for_each(|_| world.verify(&good)))),
            ],
        );
        let ratio = refused.least / bare.least;
        let detail = format!(
            "{ratio:.1}x ({:.1} us, {} bytes)",
            refused.least,
            body.len()
        );
        report.figure(name, &detail);
    }
}

/// Tokens that fill `largest` bytes, or have as many values as are read.
pub(crate) fn tokens(world: &World, largest: usize) -> Vec<(&'static str, Token)> {
    // Beside the header and the signature.
    let room = (largest - 420) * 3 / 4;
    let claims = claims(room).into_iter();
    let mut tokens: Vec<_> = claims
        .map(|(name, claims)| (name, forged(world, &claims)))
        .collect();
    assert!(tokens.iter().all(|(_, token)| token.text.len() <= largest));
    tokens.push(("dots", Token::new(".".repeat(largest))));
    tokens.push(("one segment", Token::new("A".repeat(largest))));
    let long = forged(world, &(usual() + "}")).text;
    let room = largest - long.len();
    // In whole groups of four characters, so that it is still base64url.
    let long = long + &"A".repeat(room / 4 * 4);
    tokens.push(("a long signature", Token::new(long)));
    tokens
}

fn claims(room: usize) -> Vec<(&'static str, String)> {
    let usual = usual();
    let fill = |piece: &dyn Fn(usize) -> String| filled(&usual, room, piece) + "}";
    let nested = |open: &str, inner: &str, close: &str| {
        let deep = open.repeat(120) + inner + &close.repeat(120);
        fill(&|number| format!(r#","m{number}":{deep}"#))
    };
    let long = |text: &str| {
        let text = text.repeat((room - usual.len() - 10) / text.len());
        format!(r#"{usual},"x":"{text}"}}"#)
    };
    let list_of = |room: usize, member: &str, piece: &dyn Fn(usize) -> String| {
        let start = format!(r#"{usual},"{member}":["#);
        filled(&start, room, &|number| item(number, piece)) + "]}"
    };
    let list = |member, piece: &dyn Fn(usize) -> String| list_of(room, member, piece);
    let audiences = |piece: &dyn Fn(usize) -> String| {
        let start = format!(r#"{{"iss":"{ISSUER}","exp":4102444800,"aud":["{RESOURCE}","#);
        filled(&start, room, &|number| item(number, piece)) + "]}"
    };
    vec![
        ("one long string", long("y")),
        ("escapes", long(r"\u00e9")),
        (
            "thousands of members",
            fill(&|number| format!(r#","{number:x}":0"#)),
        ),
        (
            "250 members",
            filled(&usual, room, &|number| match number {
                0..250 => format!(r#","{number:030}":"{number:08}""#),
                _ => " ".to_owned(),
            }) + "}",
        ),
        (
            "members with one length and one start",
            fill(&|number| format!(r#","aaaaaaaa{number:04x}":0"#)),
        ),
        (
            "members with escapes",
            fill(&|number| format!(r#","\u0061{number:04x}":0"#)),
        ),
        ("a list as long as is read", list("x", &|_| "0".to_owned())),
        (
            "a longer list",
            fill(&|number| match number {
                0 => r#","x":[0"#.to_owned(),
                _ => ",0".to_owned(),
            })
            .replacen('}', "]}", 1),
        ),
        ("numbers of two digits", list("x", &|_| "10".to_owned())),
        ("lists, nested deep", nested("[", "", "]")),
        ("objects, nested deep", nested(r#"{"a":"#, "0", "}")),
        ("empty objects", list("x", &|_| "{}".to_owned())),
        (
            "thousands of scopes",
            list("scope", &|number| format!(r#""{number:x}""#)),
        ),
        ("empty scopes", list("scope", &|_| r#""""#.to_owned())),
        (
            "scopes with escapes",
            list("scope", &|_| r#""\u0061""#.to_owned()),
        ),
        (
            "empty scopes, nearly large",
            list_of(MAX_UNVERIFIED_CLAIMS_BYTES - 8, "scope", &|_| {
                r#""""#.to_owned()
            }),
        ),
        (
            "thousands in `azp`",
            list("azp", &|number| format!(r#""{number:x}""#)),
        ),
        (
            "thousands of audiences",
            audiences(&|number| format!(r#""{number:x}""#)),
        ),
        ("empty audiences", audiences(&|_| r#""""#.to_owned())),
        (
            "audiences with escapes",
            audiences(&|_| r#""\u0061""#.to_owned()),
        ),
        (
            "numbers of many digits",
            fill(&|number| format!(r#","n{number}":1{}e-40"#, "7".repeat(40))),
        ),
    ]
}

fn usual() -> String {
    format!(r#"{{"iss":"{ISSUER}","aud":"{RESOURCE}","exp":4102444800"#)
}

/// Characters of an RS256 signature.
const SIGNATURE: usize = 342;

/// One of a list that is as long as lists are read; white space behind that.
fn item(number: usize, piece: &dyn Fn(usize) -> String) -> String {
    match number {
        0 => piece(number),
        1..4_095 => format!(",{}", piece(number)),
        _ => " ".to_owned(),
    }
}

/// As many pieces as fit.
fn filled(start: &str, room: usize, piece: &dyn Fn(usize) -> String) -> String {
    let mut text = start.to_owned();
    for number in 0.. {
        let piece = piece(number);
        if text.len() + piece.len() > room {
            break;
        }
        text.push_str(&piece);
    }
    text
}
