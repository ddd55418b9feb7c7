//! The example `doctor`: what it finds, and what it does not show.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tower_jwt_auth::test_util::{TestIssuer, TokenBuilder};

use super::program;
use crate::support::RESOURCE;

#[path = "../../../examples/doctor/advice.rs"]
mod advice;

mod issuers;
mod pasted;
mod several;
mod tokens;

/// What it has printed, and its exit code.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    output: String,
    error: String,
}

impl Said {
    #[track_caller]
    fn shows(&self, what: &str, part: &str) {
        assert!(
            self.output.contains(part),
            "{what}: {part}: {}",
            self.output
        );
    }
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
    for (other, is_near) in [("https://a/", true), ("https://a/b", false)] {
        let advice = advice::for_other_name("issuer", other, "https://a");
        assert_eq!(advice.is_some(), is_near, "{other}");
    }
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
                "only the slash at the end differs",
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
