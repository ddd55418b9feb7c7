//! The options of the example `mcp_server`, and what it says about them.

use super::program::{self, Program};
use super::visitor::Visitor;

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
            "--offline-access",
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

#[test]
fn field_h02_the_flag_is_for_the_development_issuer() {
    let arguments = ["--config", "/nonexistent", "--offline-access"];
    let (code, said) = program::run(&arguments);
    assert_eq!((code, said.lines().count()), (Some(2), 1), "{said}");
    assert!(
        said.contains("--offline-access is for the development issuer"),
        "{said}"
    );
    let (_, said) = program::run(&arguments[..2]);
    assert!(said.contains("cannot read \"/nonexistent\""), "{said}");
}
