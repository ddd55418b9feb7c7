//! The options of the example `mcp_server`, and what it says about them.

use serde_json::json;

use super::program::{self, Program};
use super::visitor::Visitor;
use crate::support::send;

#[test]
fn field_h06_help_is_the_page_of_the_guide() {
    let guide = include_str!("../../../src/guide/mcp.rs");
    for argument in ["--help", "-h"] {
        let (code, help, said) = program::run_and_read(&[argument]);
        assert_eq!((code, said.as_str()), (Some(0), ""), "{said}");
        let page = help.lines().map(|line| format!("//! {line}"));
        let page: Vec<_> = page.map(|line| line.trim_end().to_owned()).collect();
        let block = format!("//! ```text\n{}\n//! ```\n", page.join("\n"));
        assert!(guide.contains(&block), "not in guide::mcp:\n{block}");
        for option in [
            "--allow-origin",
            "--bind",
            "--config",
            "--help",
            "--issuers",
            "--no-client-documents",
            "--offline-access",
            "--step-up",
        ] {
            assert!(help.contains(&format!("  {option}")), "{option}: {help}");
        }
        let widest = help.lines().map(|line| line.chars().count()).max();
        assert!(widest.unwrap() <= 96, "{help}");
    }
    // Whoever mistypes an option is told where they stand.
    let (code, help, said) = program::run_and_read(&["--hlep"]);
    assert_eq!((code, help.as_str()), (Some(2), ""));
    assert!(said.contains("--help"), "{said}");
}

#[tokio::test]
async fn field_h02_offline_access_is_advertised_when_asked_for() {
    for (arguments, advertised) in [(&[][..], false), (&["--offline-access"][..], true)] {
        let program = Program::start(arguments);
        let visitor = Visitor::arrive(&program.base).await;
        let scopes = visitor.metadata["scopes_supported"].as_array().unwrap();
        let offline = scopes.iter().any(|scope| scope == "offline_access");
        assert_eq!(offline, advertised, "{arguments:?}");
        for scope in ["mcp:read", "mcp:write"] {
            assert!(scopes.iter().any(|other| other == scope), "{scope}");
        }
        // A client that knows what it wants gets it either way, and no other does.
        let granted = visitor.sign_in("mcp:read mcp:write").await;
        assert!(granted.get("refresh_token").is_none(), "{granted}");
        let granted = visitor.sign_in("mcp:read offline_access").await;
        assert!(granted.get("refresh_token").is_some(), "{granted}");
    }
}

#[tokio::test]
async fn field_h02_a_client_that_never_steps_up_reaches_every_tool() {
    for (arguments, named) in [
        (&[][..], "mcp:read mcp:write"),
        (&["--step-up"], "mcp:read"),
    ] {
        let program = Program::start(arguments);
        let visitor = Visitor::arrive(&program.base).await;
        for header in [&[][..], &["Bearer a.b.c"]] {
            let refused = send("POST", &visitor.resource(), header).await;
            assert_eq!(refused.status, 401, "{refused:?}");
            let challenge = refused.challenge().unwrap();
            let scope = format!("scope=\"{named}\"");
            assert!(challenge.contains(&scope), "{challenge}");
        }
        // Some clients read the metadata instead.
        let metadata = "/.well-known/oauth-protected-resource/mcp";
        let metadata = send("GET", &format!("{}{metadata}", program.base), &[]).await;
        let supported = metadata.json()["scopes_supported"].clone();
        assert_eq!(supported, json!(named.split(' ').collect::<Vec<_>>()));
        // Such a client requests that, and no more.
        let granted = visitor.sign_in(named).await;
        let token = granted["access_token"].as_str().unwrap();
        for (tool, scope) in [("whoami", "mcp:read"), ("append_note", "mcp:write")] {
            let called = visitor.call_tool(token, tool, json!({"text": "one"})).await;
            let expected = if named.contains(scope) { 200 } else { 403 };
            assert_eq!(called.status, expected, "{tool}: {called:?}");
        }
    }
}

#[tokio::test]
async fn field_h04_client_documents_are_advertised_unless_the_user_says_otherwise() {
    for (arguments, advertised) in [(&[][..], true), (&["--no-client-documents"], false)] {
        let program = Program::start(arguments);
        let visitor = Visitor::arrive(&program.base).await;
        let metadata = &visitor.metadata;
        assert_eq!(
            metadata["client_id_metadata_document_supported"],
            advertised
        );
        assert!(metadata["registration_endpoint"].is_string(), "{metadata}");
    }
}

#[test]
fn field_h02_the_flag_is_for_the_development_issuer() {
    for flag in ["--no-client-documents", "--offline-access", "--step-up"] {
        let arguments = ["--config", "/nonexistent", flag];
        let (code, said) = program::run(&arguments);
        assert_eq!((code, said.lines().count()), (Some(2), 1), "{said}");
        let sentence = format!("{flag} is for the development issuer");
        assert!(said.contains(&sentence), "{said}");
        let (_, said) = program::run(&arguments[..2]);
        assert!(said.contains("cannot read \"/nonexistent\""), "{said}");
    }
}
