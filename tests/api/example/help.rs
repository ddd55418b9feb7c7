//! The options of the example `mcp_server`, and what it says about them.

use super::program::{self, Program};
use super::visitor::Visitor;

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
