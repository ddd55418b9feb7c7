//! Where requests carry their tokens: what a file can say, and what `build` refuses.

use super::*;
use crate::ConfigError;
use crate::config::{JwtAuthConfigBuilder, TokenSource};
use crate::wire::token_source::Place;

fn places(config: JwtAuthConfigBuilder) -> Result<Option<Vec<Place>>, ConfigError> {
    let sources = &config.build()?.0.finder.sources;
    Ok(sources.as_ref().map(|places| places.to_vec()))
}

fn builder(sources: Value) -> Result<JwtAuthConfigBuilder, serde_json::Error> {
    serde_json::from_value(with(json!({"token_sources": sources})))
}

#[test]
fn field_f20_a_file_and_the_builder_name_the_same_sources() {
    let file = json!([
        "authorization",
        {"header": "Cf-Access-Jwt-Assertion"},
        {"cookie": "__Host-token"},
        {"websocket_protocol": "bearer"},
    ]);
    let code = [
        TokenSource::authorization(),
        TokenSource::header("Cf-Access-Jwt-Assertion"),
        TokenSource::cookie("__Host-token"),
        TokenSource::websocket_protocol("bearer"),
    ];
    let by_file = places(builder(file).unwrap()).unwrap().unwrap();
    let by_code = builder(json!(null)).unwrap().token_sources(code);
    assert_eq!(Some(&by_file), places(by_code).unwrap().as_ref());
    let header = http::HeaderName::from_static("cf-access-jwt-assertion");
    let wanted = [
        Place::Authorization,
        Place::Header(header),
        Place::Cookie("__Host-token".to_owned()),
        Place::WebsocketProtocol("bearer".to_owned()),
    ];
    assert_eq!(by_file, wanted);
    let camel: JwtAuthConfigBuilder = serde_json::from_value(with(
        json!({"tokenSources": [{"websocketProtocol": "bearer"}]}),
    ))
    .unwrap();
    assert_eq!(places(camel).unwrap().unwrap(), &wanted[3..]);
    assert_eq!(
        places(builder(json!(null)).unwrap()),
        Ok(None),
        "the default"
    );
}

#[test]
fn field_f20_an_entry_that_is_no_source() {
    let accepted = json!([{"header": "x-token"}]);
    assert!(builder(accepted).is_ok());
    for (entries, want) in [
        (
            json!(["header"]),
            "token_sources[0]: invalid value: string \"header\", expected \"authorization\", or an object with",
        ),
        (
            json!([{"query": "t"}]),
            "token_sources[0]: unknown field `query`, expected one of",
        ),
        (json!([{}]), "token_sources[0]: invalid length 0, expected"),
        (
            json!([{"header": 1}]),
            "token_sources[0].header: invalid type: integer `1`",
        ),
        (
            json!([{"header": "x-token", "cookie": "t"}]),
            "one object is one source: give each other source an object of its own",
        ),
        (
            json!("authorization"),
            "token_sources: invalid type: string \"authorization\", expected a list",
        ),
    ] {
        let error = builder(entries.clone()).unwrap_err().to_string();
        assert!(error.contains(want), "{entries}: {error}");
        assert!(
            error.contains("write for example \"token_sources\": ["),
            "{error}"
        );
    }
}

#[test]
fn field_f20_a_token_with_a_proof_needs_authorization() {
    let build = |sources: Value| {
        let file = json!({
            "resource": "https://r.example/mcp",
            "dpop": {},
            "token_sources": sources,
        });
        let builder: JwtAuthConfigBuilder = serde_json::from_value(with(file)).unwrap();
        builder.build().map(drop)
    };
    assert_eq!(
        build(json!(["authorization", {"header": "x-token"}])),
        Ok(())
    );
    let error = build(json!([{"header": "x-token"}])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "dpop is set without authorization in token_sources: set both, or neither"
    );
}

#[test]
fn field_f20_build_refuses_sources_that_hold_no_token() {
    let refused = |sources: Value| places(builder(sources).unwrap()).unwrap_err();
    let none = |kind, name: &str| ConfigError::NoTokenSource {
        kind,
        name: name.to_owned(),
    };
    let twice = |value: &str| ConfigError::ListedTwice {
        setting: "token_sources",
        value: value.to_owned(),
    };
    let empty = ConfigError::Empty {
        setting: "token_sources",
    };
    for (sources, want, text) in [
        (
            json!([]),
            empty,
            "token_sources is empty: give it a value or leave it out",
        ),
        (
            json!([{"header": "Authorization"}]),
            none("header", "Authorization"),
            "token_sources lists the header \"Authorization\", which cannot be a token: name another header, or \
             write \"authorization\" for Authorization, and cookie or websocket_protocol for a part of these headers",
        ),
        (
            json!([{"cookie": "a b"}]),
            none("cookie", "a b"),
            "token_sources lists the cookie \"a b\": a name has letters, digits and signs such as - and _ alone",
        ),
        (
            json!([{"header": "X-Token"}, {"header": "x-token"}]),
            twice("x-token"),
            "token_sources lists \"x-token\" twice: remove one of them",
        ),
        (
            json!(["authorization", "authorization"]),
            twice("authorization"),
            "token_sources lists \"authorization\" twice: remove one of them",
        ),
    ] {
        let error = refused(sources);
        assert_eq!(error.to_string(), text);
        assert_eq!(error, want);
    }
    assert!(places(builder(json!([{"header": "a"}, {"cookie": "a"}])).unwrap()).is_ok());
    let variable = refused(json!([{"cookie": "${COOKIE}"}]));
    assert!(
        matches!(variable, ConfigError::NotReplaced { .. }),
        "{variable}"
    );
}
