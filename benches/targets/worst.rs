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
use tower_jwt_auth::mcp::McpScopesLayer;
use tower_jwt_auth::{Algorithm, AuthInfo, JwtAuthLayer};

use crate::drive::{Hello, batch, repeated, service};
use crate::measure::{Batch, Case, interleaved};
use crate::table::Report;
use crate::world::{ISSUER, RESOURCE, Token, World};

const LARGEST: usize = 16 * 1024;
const ROUNDS: usize = 100;
const CALLS: usize = 10;

pub(crate) fn run(report: &mut Report) {
    report.heading("The dearest refusals, over the bare RS256 verification");
    let world = World::new(Algorithm::RS256);
    let layer = world.layer();
    let service = service(&layer);
    let good = world.token(1);
    for (name, token) in tokens(&world) {
        assert!(token.text.len() <= LARGEST, "{name}: {}", token.text.len());
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
        report.at_most(name, 3.0, refused.least / bare.least, "", &detail);
    }
    batches(report, &world, &layer);
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

/// Each as large as a token may be.
pub(crate) fn tokens(world: &World) -> Vec<(&'static str, Token)> {
    let header = json!({"alg": "RS256", "kid": world.key.kid()}).to_string();
    let start = format!(r#"{{"iss":"{ISSUER}","aud":"{RESOURCE}","exp":4102444800"#);
    let fill = |piece: &dyn Fn(usize) -> String| {
        let room = (LARGEST - 500) * 3 / 4;
        let mut text = start.clone();
        for number in 0.. {
            let piece = piece(number);
            if text.len() + piece.len() > room {
                break;
            }
            text.push_str(&piece);
        }
        text + "}"
    };
    let nested = |open: &str, close: &str| {
        let deep = open.repeat(120) + &close.repeat(120);
        fill(&|number| format!(r#","m{number}":{deep}"#))
    };
    let mut all: Vec<(&'static str, String)> = vec![
        (
            "one long string",
            fill(&|n| match n {
                0 => format!(r#","x":"{}""#, "y".repeat((LARGEST - 700) * 3 / 4)),
                _ => " ".repeat(LARGEST),
            }),
        ),
        (
            "thousands of members",
            fill(&|number| format!(r#","{number:x}":0"#)),
        ),
        (
            "members with one length and one start",
            fill(&|number| format!(r#","aaaaaaaa{number:04x}":0"#)),
        ),
        (
            "members with escapes",
            fill(&|number| format!(r#","\u0061{number:04x}":0"#)),
        ),
        (
            "a list of thousands",
            fill(&|n| {
                if n == 0 {
                    r#","x":[0"#.to_owned()
                } else {
                    ",0".to_owned()
                }
            })
            .replacen('}', "]}", 1),
        ),
        ("lists, nested deep", nested("[", "]")),
        (
            "objects, nested deep",
            nested(r#"{"a":"#, "}").replace(":}", ":0}"),
        ),
        (
            "thousands of scopes",
            fill(&|n| {
                if n == 0 {
                    r#","scope":["a""#.to_owned()
                } else {
                    format!(r#","{n:x}""#)
                }
            })
            .replacen('}', "]}", 1),
        ),
        (
            "thousands of audiences",
            fill(&|n| {
                if n == 0 {
                    r#","azp":["a""#.to_owned()
                } else {
                    format!(r#","{n:x}""#)
                }
            })
            .replacen('}', "]}", 1),
        ),
        (
            "escapes",
            fill(&|n| match n {
                0 => format!(r#","x":"{}""#, r"\u00e9".repeat((LARGEST - 700) / 8)),
                _ => " ".repeat(LARGEST),
            }),
        ),
        (
            "numbers of many digits",
            fill(&|number| format!(r#","n{number}":1{}e-40"#, "7".repeat(40))),
        ),
    ];
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let mut tokens: Vec<_> = all
        .drain(..)
        .map(|(name, claims)| {
            let text = format!("{}.{}.", encode(&header), encode(&claims));
            let room = LARGEST - text.len();
            // A signature as long as the key's, so that it is looked at.
            let signature = "A".repeat(342.min(room));
            (name, Token::new(text + &signature))
        })
        .collect();
    tokens.push(("dots", Token::new(".".repeat(LARGEST))));
    tokens.push(("one segment", Token::new("A".repeat(LARGEST))));
    let long = format!("{}.{}.", encode(&header), encode(&format!("{start}}}")));
    let room = LARGEST - long.len();
    tokens.push((
        "a long signature",
        Token::new(long + &"A".repeat(room / 4 * 4)),
    ));
    tokens
}
