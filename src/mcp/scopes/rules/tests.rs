use super::*;
use crate::mcp::McpScopesLayer;
use crate::mcp::protocol::operation::from_body;

fn needed(scopes: &Rules, method: &str, name: Option<&str>) -> String {
    let kind = match method.split('/').next() {
        Some("prompts") => TargetKind::Prompt,
        Some("resources") => TargetKind::Resource,
        _ => TargetKind::Tool,
    };
    let target = |name: &str| Target {
        kind,
        name: name.to_owned().into(),
    };
    let operation = Operation {
        method: method.into(),
        targets: name.map(target).into_iter().collect(),
    };
    let Needed {
        scopes,
        withhold_challenge,
    } = scopes.needed_for_all(&[operation]);
    let suffix = if withhold_challenge {
        " (withheld)"
    } else {
        ""
    };
    format!("{scopes}{suffix}")
}

#[test]
fn rules() {
    let scopes = McpScopesLayer::new()
        .tool("read", ["r"])
        .tool("write", ["r", "w"])
        .tool("free", [""; 0])
        .prompt("p", ["p"])
        .resource("f://a/b", ["ab"])
        .resources_under("f://a/", ["a"])
        .method("tools/call", ["call"])
        .method("tools/list", ["list"]);
    let cases = [
        ("tools/call", Some("read"), "call r"),
        ("tools/call", Some("write"), "call r w"),
        ("tools/call", Some("free"), "call"),
        ("tools/call", Some("Read"), "call r w (withheld)"),
        ("tools/call", Some("new"), "call r w (withheld)"),
        ("tools/list", None, "list"),
        ("prompts/get", Some("p"), "p"),
        ("prompts/get", Some("read"), "p (withheld)"),
        ("resources/read", Some("f://a/b"), "ab a"),
        ("resources/subscribe", Some("f://a/b"), "ab a"),
        ("resources/read", Some("f://a/c"), "a"),
        ("resources/read", Some("F://a/c"), "ab a (withheld)"),
        // Another spelling of a resource that has a narrower rule.
        ("resources/read", Some("f://a//%62"), "a ab"),
        ("resources/read", Some("f://a/b?x"), "a ab"),
        ("resources/read", Some("f://a/../c"), "ab a (withheld)"),
        ("resources/read", Some("f://a/.%2E/c"), "ab a (withheld)"),
        ("resources/read", Some("f://a/c/.."), "ab a (withheld)"),
        ("resources/read", Some("f://a\\c"), "ab a (withheld)"),
        ("resources/read", Some("f://a/..c"), "a"),
        ("ping", None, ""),
    ];
    for (method, target, want) in cases {
        assert_eq!(
            needed(&scopes.0, method, target),
            want,
            "{method} {target:?}"
        );
    }
    let open = scopes.clone().unlisted([""; 0]);
    assert_eq!(needed(&open.0, "tools/call", Some("new")), "call");
    assert_eq!(needed(&open.0, "tools/call", Some("write")), "call r w");
    let closed = scopes.unlisted(["admin"]);
    assert_eq!(needed(&closed.0, "prompts/get", Some("new")), "admin");
    let tools_only = McpScopesLayer::new().tool("read", ["r"]);
    assert_eq!(
        needed(&tools_only.0, "prompts/get", Some("any")),
        " (withheld)"
    );
    let empty = McpScopesLayer::new().tool("delete", [""]);
    assert!(!empty.0.all.is_empty(), "a scope that no token has");
    assert_eq!(
        closed.0.everything().scopes.to_string(),
        "r w p ab a call list admin"
    );
}

#[test]
fn a_batch_needs_all_and_the_unreadable_everything() {
    let needed = |rules: &Rules, body: &str| match from_body(body.as_bytes()) {
        None => rules.everything(),
        Some(operations) => rules.needed_for_all(&operations),
    };
    let rules = McpScopesLayer::new()
        .tool("read", ["r"])
        .tool("write", ["w"])
        .0;
    let call = |tool: &str| format!(r#"{{"method":"tools/call","params":{{"name":"{tool}"}}}}"#);
    let cases = [
        (call("read"), "r"),
        (format!("[{},{}]", call("read"), call("write")), "r w"),
        (format!("[{},{}]", call("read"), call("new")), "r w"),
        ("{".to_owned(), "r w"),
        ("[]".to_owned(), ""),
    ];
    for (body, want) in cases {
        assert_eq!(needed(&rules, &body).scopes.to_string(), want, "{body}");
    }
}
