use super::*;

#[test]
fn members() {
    use TokenErrorKind::{AlgorithmNotAllowed, MalformedHeader, UnsupportedHeader};
    let long = format!(r#"{{"alg":"{}"}}"#, "A".repeat(9000));
    let cases = [
        ("plain", r#"{"alg":"ES256","kid":"k","typ":"JWT"}"#, Ok(())),
        (
            "unknown members, a key of its own",
            r#"{"alg":"ES256","jwk":{},"jku":"x","x5c":[],"foo":1}"#,
            Ok(()),
        ),
        (
            "another content type",
            r#"{"alg":"ES256","cty":"json"}"#,
            Ok(()),
        ),
        (
            "another content type that ends alike",
            r#"{"alg":"ES256","cty":"audio/mp4xyzJWT"}"#,
            Ok(()),
        ),
        (
            "nested JWT",
            r#"{"alg":"ES256","cty":"JWT"}"#,
            Err(UnsupportedHeader),
        ),
        (
            "nested, in other words",
            r#"{"alg":"ES256","cty":"application/jwt"}"#,
            Err(UnsupportedHeader),
        ),
        (
            "crit",
            r#"{"alg":"ES256","crit":["exp"],"exp":1}"#,
            Err(UnsupportedHeader),
        ),
        (
            "crit empty",
            r#"{"alg":"ES256","crit":[]}"#,
            Err(UnsupportedHeader),
        ),
        (
            "crit null",
            r#"{"alg":"ES256","crit":null}"#,
            Err(UnsupportedHeader),
        ),
        (
            "b64 without crit",
            r#"{"alg":"ES256","b64":false}"#,
            Err(UnsupportedHeader),
        ),
        (
            "field_f01 compressed claims",
            r#"{"alg":"ES256","zip":"DEF"}"#,
            Err(UnsupportedHeader),
        ),
        (
            "field_f01 the same in another case",
            r#"{"alg":"ES256","zip":"dEf"}"#,
            Err(UnsupportedHeader),
        ),
        (
            "field_f01 no compression",
            r#"{"alg":"ES256","zip":"NONE"}"#,
            Ok(()),
        ),
        (
            "field_f01 zip without a meaning",
            r#"{"alg":"ES256","zip":"RS256"}"#,
            Ok(()),
        ),
        (
            "field_f01 zip null",
            r#"{"alg":"ES256","zip":null}"#,
            Err(MalformedHeader),
        ),
        (
            "field_f01 zip as a list",
            r#"{"alg":"ES256","zip":["NONE"]}"#,
            Err(MalformedHeader),
        ),
        (
            "enc",
            r#"{"alg":"ES256","enc":"A128GCM"}"#,
            Err(UnsupportedHeader),
        ),
        ("alg none", r#"{"alg":"none"}"#, Err(AlgorithmNotAllowed)),
        (
            "alg unknown",
            r#"{"alg":"ES256K"}"#,
            Err(AlgorithmNotAllowed),
        ),
        ("alg of 9 kB", &long, Err(AlgorithmNotAllowed)),
        ("alg missing", r"{}", Err(MalformedHeader)),
        ("alg null", r#"{"alg":null}"#, Err(MalformedHeader)),
        (
            "alg as a list",
            r#"{"alg":["ES256"]}"#,
            Err(MalformedHeader),
        ),
        (
            "alg twice",
            r#"{"alg":"ES256","alg":"ES256"}"#,
            Err(MalformedHeader),
        ),
        (
            "kid as a number",
            r#"{"alg":"ES256","kid":1}"#,
            Err(MalformedHeader),
        ),
        (
            "kid null",
            r#"{"alg":"ES256","kid":null}"#,
            Err(MalformedHeader),
        ),
        (
            "kid as a list",
            r#"{"alg":"ES256","kid":["k"]}"#,
            Err(MalformedHeader),
        ),
        (
            "typ as a number",
            r#"{"alg":"ES256","typ":1}"#,
            Err(MalformedHeader),
        ),
        ("a list", "[]", Err(MalformedHeader)),
    ];
    for (name, json, want) in cases {
        let got = Header::parse(json).map(drop).map_err(|e| e.kind());
        assert_eq!(got, want, "{name}");
    }
}
