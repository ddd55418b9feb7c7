//! What a request asks for: spellings of URIs, templates, many targets, and members that fold to
//! others.

use tower_jwt_auth::mcp::McpScopesLayer;

use super::{NEW, Server, scopes};

/// A token for one folder reads nothing of another, in whatever way the URI is written.
#[tokio::test]
async fn field_s01_a_uri_does_not_leave_the_folder_of_its_scope() {
    let folders = McpScopesLayer::new()
        .resources_under("file:///srv/public/", ["public:read"])
        .resources_under("file:///srv/secret/", ["secret:read"]);
    let server = Server::start(folders);
    let uri_in = |method: &str, uri: &str| {
        let uri = serde_json::Value::from(uri);
        format!(r#"{{"method":"{method}","params":{{"uri":{uri}}}}}"#)
    };
    for method in [
        "resources/read",
        "resources/subscribe",
        "resources/unsubscribe",
    ] {
        for (uri, want) in [
            ("file:///srv/public/a.txt", 200),
            ("file:///srv/public/..a/b.txt", 200),
            ("file:///srv/public/../secret/a.txt", 403),
            ("file:///srv/public/.\t./secret/a.txt", 403),
            ("file:///srv/public/.\n./secret/a.txt", 403),
            ("file:///srv/public/.\r./secret/a.txt", 403),
            ("file:///srv/public/..%2fsecret/..", 403),
            ("file:///srv/public/..%252fsecret/a.txt", 403),
            ("file:///srv/public/%252e%252e/secret/a.txt", 403),
            ("file:///srv/public/.. /secret/a.txt", 403),
            ("file:///srv/public/..;x/secret/a.txt", 403),
            ("file:///srv/public/..\\secret\\a.txt", 403),
        ] {
            let answer = server
                .send("base public:read", &[], &uri_in(method, uri))
                .await;
            assert_eq!(answer.status, want, "{method} {uri:?}");
            let answer = server
                .send("base public:read secret:read", &[], &uri_in(method, uri))
                .await;
            assert_eq!(answer.status, 200, "every scope: {method} {uri:?}");
        }
    }
    // The same URI in a header, in a completion, and in a list of subscriptions.
    for (uri, want) in [
        ("file:///srv/public/a.txt", 200),
        ("file:///srv/public/.%09./secret/a.txt", 403),
    ] {
        let headers = [NEW, ("mcp-method", "resources/read"), ("mcp-name", uri)];
        let bodies = [
            (&headers[..], uri_in("resources/read", uri)),
            (
                &[],
                format!(
                    r#"{{"method":"completion/complete","params":{{"ref":{{"uri":"{uri}"}}}}}}"#
                ),
            ),
            (
                &[],
                format!(
                    r#"{{"method":"subscriptions/listen","params":{{"notifications":{{"resourceSubscriptions":["file:///srv/public/b","{uri}"]}}}}}}"#
                ),
            ),
        ];
        for (headers, body) in bodies {
            let answer = server.send("base public:read", headers, &body).await;
            assert_eq!(answer.status, want, "{body}");
        }
    }
}

/// Another spelling of a URI does not evade a narrower rule within a wider one.
#[tokio::test]
async fn field_s01_another_spelling_evades_no_narrower_rule() {
    let rules = McpScopesLayer::new()
        .resources_under("file:///srv/", ["srv"])
        .resources_under("file:///srv/secret/", ["secret"])
        .resource("file:///srv/admin.txt", ["admin"]);
    let server = Server::start(rules);
    for (uri, want) in [
        ("file:///srv/a.txt", 200),
        ("file:///srv/%61.txt", 200),
        ("file:///srv/secret/a.txt", 403),
        ("file:///srv/%73ecret/a.txt", 403),
        ("file:///srv//secret/a.txt", 403),
        ("file:///srv/%2573ecret/a.txt", 403),
        ("file:///srv/admin.txt", 403),
        ("file:///srv/%61dmin.txt", 403),
        ("file:///srv/admin.txt?x", 403),
        ("file:///srv/admin.txt#", 403),
        ("file:///srv/admin.txt.bak", 200),
    ] {
        let body = format!(r#"{{"method":"resources/read","params":{{"uri":"{uri}"}}}}"#);
        let answer = server.send("base srv", &[], &body).await;
        assert_eq!(answer.status, want, "{uri}");
        let answer = server.send("base srv secret admin", &[], &body).await;
        assert_eq!(answer.status, 200, "{uri}");
    }
}

/// What a rule names byte for byte is judged by that rule, also where it is a template.
#[tokio::test]
async fn field_s01_a_template_that_a_rule_names_is_known() {
    let rules = McpScopesLayer::new()
        .resource("notes://{id}", ["notes:read"])
        .resources_under("secret://", ["secret:read"]);
    let server = Server::start(rules);
    for (uri, want) in [("notes://{id}", 200), ("notes://{name}", 403)] {
        let body =
            format!(r#"{{"method":"completion/complete","params":{{"ref":{{"uri":"{uri}"}}}}}}"#);
        let answer = server.send("base notes:read", &[], &body).await;
        assert_eq!(answer.status, want, "{uri}");
    }
}

/// A completion names a template, and reads nothing. It needs what every URI of the template needs.
#[tokio::test]
async fn field_s01_a_template_below_a_folder_needs_the_scopes_of_the_folder() {
    let rules = || {
        McpScopesLayer::new()
            .resources_under("file:///srv/public/", ["read"])
            .resources_under("file:///srv/secret/", ["secret"])
    };
    let complete = |uri: &str| {
        format!(r#"{{"method":"completion/complete","params":{{"ref":{{"uri":"{uri}"}}}}}}"#)
    };
    let server = Server::start(rules());
    for (uri, want) in [
        ("file:///srv/public/{name}", 200),
        ("file:///srv/public/{folder}/{name}.txt", 200),
        ("file:///srv/public/{+path}{?page}", 200),
        ("file:///srv/secret/{name}", 403),
        ("file:///srv/{name}", 403),
        ("file:///srv/pub{name}", 403),
        ("file:///srv/public{/name}", 403),
        ("{name}", 403),
        // What surrounds the expressions must be plain, whatever they stand for.
        ("file:///srv/public/../secret/{name}", 403),
        ("file:///srv/public/%2e%2e/secret/{name}", 403),
        ("file:///srv/public/.{name}./secret/a", 403),
        ("file:///srv/public/%2{name}", 403),
        ("file:///srv/public/{name}/..%2fsecret", 403),
        ("file:///srv/public/a b{name}", 403),
        ("file:///srv/public/{name", 403),
        ("file:///srv/public/name}", 403),
        ("file:///srv/public/{a{b}}", 403),
    ] {
        let answer = server.send("base read", &[], &complete(uri)).await;
        assert_eq!(answer.status, want, "{uri}");
        let answer = server.send("base read secret", &[], &complete(uri)).await;
        assert_eq!(answer.status, 200, "{uri}");
    }
    // Where a resource is read, braces are no template.
    for (method, params) in [
        ("resources/read", r#"{"uri":"URI"}"#),
        ("resources/subscribe", r#"{"uri":"URI"}"#),
        (
            "subscriptions/listen",
            r#"{"notifications":{"resourceSubscriptions":["URI"]}}"#,
        ),
    ] {
        for (uri, want) in [
            ("file:///srv/public/a", 200),
            ("file:///srv/public/{name}", 403),
        ] {
            let params = params.replace("URI", uri);
            let body = format!(r#"{{"method":"{method}","params":{params}}}"#);
            let answer = server.send("base read", &[], &body).await;
            assert_eq!(answer.status, want, "{method} {uri}");
        }
    }
    // A template does not evade a narrower rule that one of its URIs may match.
    let narrow = rules()
        .resource("file:///srv/public/staff/list", ["staff"])
        .resources_under("FILE:///srv/public//%62oard/", ["board"]);
    let server = Server::start(narrow);
    for (uri, scope, want) in [
        ("file:///srv/public/{name}", "base read", 403),
        ("file:///srv/public/{name}", "base read staff", 403),
        ("file:///srv/public/{name}", "base read staff board", 200),
        ("file:///srv/public/staff/{name}", "base read staff", 200),
        ("file:///srv/public/b{name}", "base read board", 200),
        ("file:///srv/public/b{name}", "base read", 403),
        ("file:///srv/public/board/{name}", "base read", 403),
        ("file:///srv/public/other/{name}", "base read", 200),
    ] {
        let answer = server.send(scope, &[], &complete(uri)).await;
        assert_eq!(answer.status, want, "{uri} {scope}");
    }
}

#[tokio::test]
async fn field_s02_more_targets_than_a_client_needs_require_every_scope() {
    let server = Server::start(scopes().resources_under("f://", ["mcp:read"]));
    let listen = |count: usize| {
        let uris = vec![r#""f://x""#; count].join(",");
        format!(
            r#"{{"method":"subscriptions/listen","params":{{"notifications":{{"resourceSubscriptions":[{uris}]}}}}}}"#
        )
    };
    for (body, want) in [
        (listen(1000), 200),
        (format!("[{},{}]", listen(999), listen(1)), 200),
        (format!("[{},{}]", listen(1000), listen(1)), 403),
    ] {
        let answer = server.send("base mcp:read", &[], &body).await;
        assert_eq!(answer.status, want, "{} bytes", body.len());
    }
}

/// Go folds `ſ` to `s`: its reader takes the second member for `params`.
#[tokio::test]
async fn field_s09_a_member_that_folds_to_ours_makes_a_message_unreadable() {
    let server = Server::start(scopes());
    let message = |member: &str, value: &str| {
        format!(r#"{{"method":"tools/call","params":{{"name":"look"}},"{member}":{value}}}"#)
    };
    let target = r#"{"name":"write"}"#;
    for (body, want) in [
        (message("meta", target), 200),
        (message("param\u{17f}", target), 403),
        (message("param\\u017f", target), 403),
        (message("PARAMS", target), 403),
        (message("\u{e9}", "1"), 403),
        (
            r#"{"method":"tools/call","params":{"name":"look","extra":"write"}}"#.to_owned(),
            200,
        ),
        (
            // U+212A, the sign for kelvin, folds to `k`: no name of ours has one yet.
            "{\"method\":\"tools/call\",\"params\":{\"name\":\"look\",\"\u{212a}\":\"write\"}}"
                .to_owned(),
            403,
        ),
    ] {
        let answer = server.send("base mcp:read", &[], &body).await;
        assert_eq!(answer.status, want, "{body}");
    }
}
