use super::*;

fn scopes(text: &str) -> ScopeSet {
    [text].into_iter().collect()
}

#[test]
fn parameters_and_order() {
    let plain = ProtectedResource {
        metadata_url: Some("https://h/.well-known/oauth-protected-resource/mcp".to_owned()),
        ..ProtectedResource::default()
    };
    let with_realm = ProtectedResource {
        realm: Some("r".to_owned()),
        ..plain.clone()
    };
    let nothing = ProtectedResource::default();
    let error = Some(("invalid_token", "Sorry"));
    let cases = [
        (
            &plain,
            None,
            "",
            r#"Bearer resource_metadata="https://h/.well-known/oauth-protected-resource/mcp""#,
        ),
        (
            &plain,
            None,
            "a b",
            r#"Bearer scope="a b", resource_metadata="https://h/.well-known/oauth-protected-resource/mcp""#,
        ),
        (
            &plain,
            error,
            "a",
            r#"Bearer error="invalid_token", scope="a", resource_metadata="https://h/.well-known/oauth-protected-resource/mcp", error_description="Sorry""#,
        ),
        (
            &with_realm,
            error,
            "",
            r#"Bearer realm="r", error="invalid_token", resource_metadata="https://h/.well-known/oauth-protected-resource/mcp", error_description="Sorry""#,
        ),
        (&nothing, None, "", r#"Bearer realm="mcp""#),
        (&nothing, None, "a", r#"Bearer scope="a""#),
        // Such a scope is required all the same, but a challenge cannot list it.
        (
            &nothing,
            None,
            "a\" b\\ c \u{e9} scope=x",
            r#"Bearer scope="c""#,
        ),
        (&nothing, None, "a offline_access", r#"Bearer scope="a""#),
    ];
    for (resource, error, scope, want) in cases {
        let made = challenge(resource, Scheme::Bearer, error, &scopes(scope));
        assert_eq!(made, want);
    }
}

#[test]
fn quotable() {
    let cases = [
        ("My server (test)", true),
        ("", true),
        ("a=b", true),
        ("scopes of a realm", true),
        ("a\"b", false),
        ("a\\b", false),
        ("a\nb", false),
        ("a\u{7f}b", false),
        ("caf\u{e9}", false),
        ("x scope=y", false),
        ("x Scope=y", false),
        ("realm=", false),
        ("https://h/?error=1", false),
    ];
    for (text, want) in cases {
        assert_eq!(is_quotable(text), want, "{text:?}");
    }
}
