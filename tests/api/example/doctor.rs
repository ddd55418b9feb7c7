//! The example `doctor`: what it finds, and what it does not show.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tower_jwt_auth::test_util::{Fault, TestClient, TestIssuer, TokenBuilder};

use super::program;
use crate::keys::over_http::credentials::{CA, Guarded};
use crate::support::RESOURCE;

#[path = "../../../examples/doctor/advice.rs"]
mod advice;

/// What it has printed, and its exit code.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    output: String,
    error: String,
}

/// Runs it with this standard input. Such a variable may hold a token too.
fn run(arguments: &[&str], input: &str) -> Said {
    let mut child = Command::new(program::path("doctor"))
        .args(arguments)
        .env("TOKEN_OF_THIS_TEST", input)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end without having read it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said {
        code: output.status.code(),
        output: text(output.stdout),
        error: text(output.stderr),
    }
}

/// A file that is removed at the end.
struct File(PathBuf);

impl File {
    fn with(content: &str) -> Self {
        let name = format!("doctor-{:x}", fastrand::u64(..));
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, content).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Judges a token under a configuration.
fn judge(config: &Value, token: &str) -> Said {
    let file = File::with(&config.to_string());
    let said = run(&["--config", file.path(), "--token-file", "-"], token);
    assert!(said.error.is_empty(), "{said:?}");
    for part in token.split('.').filter(|part| part.len() > 8) {
        assert!(!said.output.contains(part), "a part of the token: {said:?}");
    }
    assert!(!said.output.contains('\u{1b}'), "no terminal: {said:?}");
    let last = said.output.lines().last().unwrap();
    assert_eq!(said.code == Some(0), last == "nothing is wrong", "{said:?}");
    said
}

/// What is in the output of a right set-up and of no other.
fn right(issuer: &TestIssuer) -> Value {
    json!({"resource": RESOURCE, "issuer": issuer.issuer(), "required_scopes": ["notes:read"]})
}

fn with(config: &Value, changes: Value) -> Value {
    let mut config = config.clone();
    let members = config.as_object_mut().unwrap();
    members.extend(changes.as_object().unwrap().clone());
    config
}

fn good_of(issuer: &TestIssuer) -> TokenBuilder {
    issuer.mint(RESOURCE).scope("notes:read")
}

fn good(issuer: &TestIssuer) -> String {
    good_of(issuer).sign()
}

#[test]
fn field_g06_a_right_set_up() {
    let issuer = TestIssuer::start();
    let (config, token) = (right(&issuer), good(&issuer));
    let said = judge(&config, &token);
    assert_eq!(said.code, Some(0), "{said:?}");
    let kid = issuer.signing_key().kid().to_owned();
    for part in [
        "the settings fit together",
        "https://mcp.example.com/.well-known/oauth-protected-resource/mcp",
        "/.well-known/openid-configuration answered 200 with ",
        "/jwks answered 200 with ",
        &format!("1 in use: {kid:?}"),
        "the clocks agree",
        &format!("iss {:?}, aud {RESOURCE:?}", issuer.issuer()),
        "accepted, with the scopes notes:read",
    ] {
        assert!(said.output.contains(part), "{part}: {}", said.output);
    }
    // However the token and the configuration come.
    let (file, config) = (File::with(&token), File::with(&config.to_string()));
    let config = ["--config", config.path()];
    let flags = ["--issuer", issuer.issuer(), "--audience", RESOURCE];
    for settings in [&config[..], &flags] {
        for source in [
            &["--token-file", file.path()][..],
            &["--token-env", "TOKEN_OF_THIS_TEST"],
            &[],
        ] {
            let said = run(&[settings, source].concat(), &token);
            assert_eq!(said.code, Some(0), "{said:?}");
            let is_judged = said.output.contains("accepted, with");
            assert_eq!(is_judged, !source.is_empty(), "{said:?}");
        }
    }
    for pasted in [
        format!("Bearer {token}\r\n"),
        format!("  {token}\n\n"),
        format!("Authorization: Bearer {token}\r\n"),
        format!("authorization:bearer  {token}"),
        format!("Authorization: {token}"),
    ] {
        assert_eq!(run(&["--token-file", "-"], &pasted).code, Some(2));
        let said = run(&[&config[..], &["--token-file", "-"]].concat(), &pasted);
        assert_eq!(said.code, Some(0), "{said:?}");
    }
}

/// Only its client can prove that it holds the key.
#[test]
fn pop_w_a_bound_token_is_judged_as_far_as_it_goes() {
    let issuer = TestIssuer::start();
    let client = TestClient::start();
    let bound = || issuer.mint(RESOURCE).scope("notes:read").bound_to(&client);
    let certificate = json!({"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg0"});
    let with_dpop = with(&right(&issuer), json!({"dpop": {}}));
    let with_mtls = with(&right(&issuer), json!({"mtls": {}}));
    let needs = "bound to a key; needs a proof";
    for (what, config, token, code, part) in [
        ("a key", &with_dpop, bound().sign(), 0, needs),
        (
            "a certificate",
            &with_mtls,
            good_of(&issuer).claim("cnf", certificate.clone()).sign(),
            0,
            needs,
        ),
        (
            "a certificate, and DPoP is on",
            &with_dpop,
            good_of(&issuer).claim("cnf", certificate).sign(),
            1,
            "wrong: proof_missing",
        ),
        (
            "neither is on",
            &right(&issuer),
            bound().sign(),
            1,
            "Turn on `dpop` or `mtls`",
        ),
        (
            "for another server",
            &with_dpop,
            issuer
                .mint("https://other.example")
                .bound_to(&client)
                .sign(),
            1,
            "wrong: audience_unknown",
        ),
        ("not bound", &with_dpop, good(&issuer), 0, "accepted, with"),
    ] {
        for scheme in ["", "DPoP ", "Authorization: DPoP "] {
            let said = judge(config, &format!("{scheme}{token}"));
            let is_bound = what != "not bound";
            let (code, part) = match is_bound || scheme.is_empty() {
                true => (code, part),
                false => (1, "wrong: not_bound_to_key"),
            };
            assert_eq!(said.code, Some(code), "{what}: {said:?}");
            assert!(
                said.output.contains(part),
                "{what}: {part}: {}",
                said.output
            );
            assert_eq!(said.output.contains("by cnf"), is_bound, "{said:?}");
        }
    }
    let said = judge(&right(&issuer), &format!("DPoP {}", good(&issuer)));
    assert!(said.output.contains("wrong: dpop_off"), "{said:?}");
}

#[test]
fn pop_i_what_became_of_an_opaque_token_is_told() {
    let issuer = TestIssuer::start();
    let endpoint = issuer.introspection();
    let token = "gho_16C7e42F292c6912E7710c838347Ae178B4a";
    let mut answer = endpoint.good_answer(RESOURCE);
    answer["scope"] = "notes:read".into();
    endpoint.answer(token, answer);
    endpoint.require_client("notes", "s3cr3t-of-client");
    let config = |secret: &str| {
        let introspection =
            json!({"client_id": "notes", "client_secret": secret, "endpoint": endpoint.endpoint()});
        with(&right(&issuer), json!({"introspection": introspection}))
    };
    let config_of = config("s3cr3t-of-client");
    let check = |config: &Value, token: &str, code: i32, parts: &[&str]| {
        let said = judge(config, token);
        assert_eq!(said.code, Some(code), "{said:?}");
        for part in parts {
            assert!(said.output.contains(part), "{part}: {}", said.output);
        }
        assert!(!said.output.contains("s3cr3t"), "{said:?}");
        said
    };
    let asked = format!("POST {} answered 200 with ", endpoint.endpoint());
    let active = [
        &*asked,
        "says that the token is active",
        "accepted, with the scopes notes:read",
    ];
    check(&config_of, token, 0, &active);
    let other = format!("{token}X");
    let parts = [
        "says that the token is not active",
        "wrong: token_not_active",
    ];
    check(&config_of, &other, 1, &parts);
    let refused = format!("POST {} answered 401 with ", endpoint.endpoint());
    let parts = [
        &*refused,
        "compare `introspection.client_id`",
        "wrong: introspection, ",
    ];
    check(&config("s3cr3t-of-another"), token, 1, &parts);
    // A JWT is verified with the keys.
    check(
        &config_of,
        &good(&issuer),
        0,
        &["was not asked", "accepted, with"],
    );
    let said = judge(&right(&issuer), &good(&issuer));
    assert!(!said.output.contains("introspection"), "{said:?}");
}

/// Where doctor has no advice of its own, it takes that of the guide, whose readers have a log.
#[test]
fn field_g06_no_advice_sends_the_reader_to_a_log() {
    let page = include_str!("../../../src/guide/troubleshooting.rs");
    let codes = page.split("<a id=\"").skip(1);
    let mut advised = 0;
    for code in codes.filter_map(|row| row.split('"').next()) {
        let advice = advice::for_code(code).unwrap();
        assert!(!advice.contains(" event"), "{code}: {advice}");
        advised += 1;
    }
    assert!(advised > 40, "{advised}");
    assert!(advice::for_fetch("answered 404").is_some());
    assert!(advice::for_introspection("answered 404").is_some());
}

/// Each row differs in one thing from the right set-up.
#[test]
fn field_g06_each_fault_of_the_set_up_is_found() {
    let issuer = TestIssuer::start();
    let (config, token) = (right(&issuer), good(&issuer));
    let name = issuer.issuer();
    let document = format!("{name}/.well-known/openid-configuration");
    for (what, changes, parts) in [
        (
            "a slash too many",
            json!({"issuer": format!("{name}/")}),
            vec![
                "speaks for issuer",
                "a slash at the end counts",
                "wrong: keys",
            ],
        ),
        (
            "a slash too many, where nothing is discovered",
            json!({"issuer": format!("{name}/"), "jwks_uri": issuer.jwks_uri()}),
            vec![
                "issuer_unknown: iss is",
                "only the slash at the end differs",
                name,
            ],
        ),
        (
            "the URL of the metadata",
            json!({"issuer": document}),
            vec!["wrong: configuration", "issuer"],
        ),
        (
            "an unknown setting",
            json!({"isuer": "x"}),
            vec!["unknown field `isuer`", "wrong: configuration"],
        ),
        (
            "another audience",
            json!({"audience": "api://notes"}),
            vec![
                "audience_unknown",
                "api://notes",
                RESOURCE,
                "Compare the value",
            ],
        ),
        (
            "another scope",
            json!({"required_scopes": ["notes:write"]}),
            vec![
                "insufficient_scope",
                "scope=\"notes:write\"",
                "wrong: insufficient_scope",
            ],
        ),
    ] {
        let said = judge(&with(&config, changes), &token);
        assert_eq!(said.code, Some(1), "{what}: {said:?}");
        for part in parts {
            assert!(
                said.output.contains(part),
                "{what}: {part}: {}",
                said.output
            );
        }
    }
}

/// Each row differs in one thing from the right token.
#[test]
fn field_g06_each_fault_of_the_token_is_found() {
    let issuer = TestIssuer::start();
    let mint = || issuer.mint(RESOURCE).scope("notes:read");
    let unix = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    let two_hours_ago = unix.as_secs() - 7200;
    let one_hour = Duration::from_secs(3600);
    let expired = mint().valid(two_hours_ago, one_hour).sign();
    let stranger = TestIssuer::start();
    for (what, token, parts) in [
        (
            "expired",
            expired,
            vec!["token_expired", "exp 1h", "ago", "refresh its token"],
        ),
        (
            "for another audience",
            issuer
                .mint("https://other.example")
                .scope("notes:read")
                .sign(),
            vec!["audience_unknown", "https://other.example", RESOURCE],
        ),
        (
            "opaque",
            "gho_16C7e42F292c6912E7710c838347Ae178B4a".to_owned(),
            vec![
                "it is no JWT",
                "not_a_jwt",
                "let the client name this resource",
            ],
        ),
        (
            "of a stranger",
            stranger.mint(RESOURCE).scope("notes:read").sign(),
            vec!["issuer_unknown", stranger.issuer(), issuer.issuer()],
        ),
        (
            "an ID token",
            mint().header("typ", "id+jwt").sign(),
            vec!["type_wrong", "at+jwt", "Send the access token"],
        ),
        (
            "in two lines",
            mint().sign().replacen('.', ".\n", 1),
            vec!["a line break", "wrong: token_malformed"],
        ),
        ("nothing", String::new(), vec!["token_empty", "is empty"]),
    ] {
        let said = judge(&right(&issuer), &token);
        assert_eq!(said.code, Some(1), "{what}: {said:?}");
        for part in parts {
            assert!(
                said.output.contains(part),
                "{what}: {part}: {}",
                said.output
            );
        }
    }
}

#[test]
fn field_g06_keys_that_cannot_be_used_are_listed_with_reasons() {
    let issuer = TestIssuer::start();
    let (config, token) = (right(&issuer), good(&issuer));
    let usable = issuer.jwks()["keys"][0].clone();
    let unusable = [
        json!({"kty": "RSA", "kid": "enc-1", "use": "enc", "n": "AQAB", "e": "AQAB"}),
        json!({"kty": "XYZ", "kid": "odd\u{202e}"}),
    ];
    let serve = |keys: &[&Value]| {
        let set = json!({"keys": keys}).to_string();
        issuer.serve_document(Some(set.as_bytes()));
    };
    let [one, other] = &unusable;
    let reasons = ["use forbids verification", "kty or crv is not supported"];
    serve(&[one, &usable, other]);
    let said = judge(&config, &token);
    assert_eq!(said.code, Some(0), "{said:?}");
    for part in ["1 in use", "not used: \"enc-1\"", reasons[0], reasons[1]] {
        assert!(said.output.contains(part), "{part}: {}", said.output);
    }
    serve(&[one, other]);
    let said = judge(&config, &token);
    assert_eq!(said.code, Some(1), "{said:?}");
    let advice = "publishes no key that can verify a token";
    for part in [
        "enc-1: ",
        reasons[0],
        reasons[1],
        advice,
        "temporarily_unavailable",
    ] {
        assert!(said.output.contains(part), "{part}: {}", said.output);
    }
    assert!(!said.output.contains('\u{202e}'), "{said:?}");
    // A private key is not repeated.
    serve(&[&with(&usable, json!({"d": "c2VjcmV0LXBhcnQ"}))]);
    let said = judge(&config, &token);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.output.contains("wrong: private_key_published"),
        "{said:?}"
    );
    assert!(!said.output.contains("c2VjcmV0LXBhcnQ"), "{said:?}");
}

#[test]
fn field_g06_an_issuer_that_does_not_answer() {
    let issuer = TestIssuer::start();
    let (config, token) = (right(&issuer), good(&issuer));
    issuer.fail(Fault::Status(404));
    let said = judge(&config, &token);
    assert_eq!(said.code, Some(1), "{said:?}");
    for part in [
        "answered 404",
        "No metadata names the keys",
        "set `jwks_uri`",
    ] {
        assert!(said.output.contains(part), "{part}: {}", said.output);
    }
    issuer.recover();
    assert_eq!(judge(&config, &token).code, Some(0));
    issuer.go_down();
    let said = judge(&config, &token);
    assert_eq!(said.code, Some(1), "{said:?}");
    for part in ["This machine does not reach the issuer", "not compared"] {
        assert!(said.output.contains(part), "{part}: {}", said.output);
    }
    assert!(
        said.output
            .contains("2 wrong: keys, temporarily_unavailable")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn field_g06_a_private_authority() {
    let issuer = Guarded::start(false).await;
    let ca = File::with(CA);
    let config = json!({"issuer": issuer.issuer(), "audience": "a"});
    let trusting = with(&config, json!({"ca_file": ca.path()}));
    for (config, code, part) in [
        (&config, Some(1), "set `ca_file` for a private authority"),
        (&trusting, Some(0), "1 in use: \"k\""),
    ] {
        let file = File::with(&config.to_string());
        let said = run(&["--config", file.path()], "");
        assert_eq!(said.code, code, "{said:?}");
        assert!(said.output.contains(part), "{part}: {}", said.output);
    }
}

#[test]
fn field_g06_a_clock_that_differs_is_told() {
    let issuer = TestIssuer::start();
    let config = with(&right(&issuer), json!({"jwks_uri": issuer.jwks_uri()}));
    // Builds the program, which takes longer than the clocks may differ.
    let token = good(&issuer);
    assert_eq!(judge(&config, &token).code, Some(0));
    let at = |ahead: i64| {
        let ahead_of = |by| SystemTime::now().checked_add(Duration::from_secs(by));
        let behind = |by| SystemTime::now().checked_sub(Duration::from_secs(by));
        let time = if ahead < 0 {
            behind(ahead.unsigned_abs())
        } else {
            ahead_of(ahead as u64)
        };
        httpdate::fmt_http_date(time.unwrap())
    };
    for (ahead, age, code, part) in [
        (Some(0), "0", Some(0), "the clocks agree"),
        (
            Some(-30),
            "0",
            Some(0),
            "s behind the clock of this machine",
        ),
        (Some(-600), "600", Some(0), "the clocks agree"),
        (
            Some(-600),
            "0",
            Some(1),
            "Set the clock of this machine by NTP",
        ),
        (
            Some(600),
            "0",
            Some(1),
            "s ahead of the clock of this machine",
        ),
        (None, "0", Some(0), "not compared"),
    ] {
        let date = ahead.map_or_else(|| "yesterday".to_owned(), at);
        issuer.serve_headers(&[("date", &date), ("age", age)]);
        let said = judge(&config, &token);
        assert_eq!(said.code, code, "{date}: {said:?}");
        assert!(said.output.contains(part), "{part}: {}", said.output);
    }
}

/// The snapshot of a running server is neither used nor replaced.
#[test]
fn field_g06_the_snapshot_of_a_server_is_left_alone() {
    let issuer = TestIssuer::start();
    let snapshot = File::with("not a snapshot");
    let config = with(&right(&issuer), json!({"snapshot_file": snapshot.path()}));
    assert_eq!(judge(&config, &good(&issuer)).code, Some(0));
    let left = std::fs::read_to_string(snapshot.path()).unwrap();
    assert_eq!(left, "not a snapshot");
}

#[test]
fn field_g06_no_secret_of_a_url_is_shown() {
    let issuer = TestIssuer::start();
    let token = good(&issuer);
    let uri = format!("{}?p=policy&key=s3cr3t-of-query", issuer.jwks_uri());
    let config = with(&right(&issuer), json!({"jwks_uri": uri}));
    let said = judge(&config, &token);
    assert!(said.output.contains("?p=..&key=.. "), "{said:?}");
    assert!(!said.output.contains("s3cr3t"), "{said:?}");
    let uri = issuer.jwks_uri().replace("://", "://user:s3cr3t@");
    let said = judge(&with(&right(&issuer), json!({"jwks_uri": uri})), &token);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.output.contains("wrong: configuration"), "{said:?}");
    assert!(!said.output.contains("s3cr3t"), "{said:?}");
}

#[test]
fn field_g06_wrong_arguments_and_help() {
    let file = File::with("{}");
    let config = ["--config", file.path()];
    for (arguments, part) in [
        (vec![], "give --config or --issuer"),
        (vec!["--foo"], "unknown argument \"--foo\""),
        (vec!["--config"], "--config needs a value"),
        (vec!["--config", "/nonexistent"], "No such file"),
        (
            [&config[..], &["--issuer", "x"]].concat(),
            "issuer belongs into the file",
        ),
        (
            [&config[..], &["--token-file", "/nonexistent"]].concat(),
            "cannot read",
        ),
        (
            [&config[..], &["--token-env", "NOT_SET_HERE"]].concat(),
            "NOT_SET_HERE is not set",
        ),
        (
            [&config[..], &["--token-env", "A", "--token-file", "-"]].concat(),
            "one token",
        ),
        (
            [&config[..], &["--token", "s3cr3t"]].concat(),
            "--token does not exist",
        ),
        (
            [&config[..], &["s3cr3t"]].concat(),
            "an argument is no option",
        ),
    ] {
        let said = run(&arguments, "");
        assert_eq!(said.code, Some(2), "{said:?}");
        assert!(said.output.is_empty(), "{said:?}");
        assert_eq!(said.error.lines().count(), 1, "{said:?}");
        assert!(
            said.error.contains(part) && !said.error.contains("s3cr3t"),
            "{said:?}"
        );
    }
    let said = run(&["--help"], "");
    assert_eq!((said.code, said.error.as_str()), (Some(0), ""));
    for option in [
        "--audience",
        "--ca-file",
        "--config",
        "--help",
        "--issuer",
        "--jwks-uri",
        "--resource",
        "--token-env",
        "--token-file",
        "NO_COLOR",
        "exit code",
    ] {
        assert!(said.output.contains(option), "{option}: {}", said.output);
    }
    let widest = said.output.lines().map(|line| line.chars().count()).max();
    assert!(widest.unwrap() <= 96, "{}", said.output);
}
