use http::HeaderValue;

use super::*;
use crate::mcp::protocol::message::MAX_BATCH;

fn shown(operation: &Operation<'_>) -> String {
    let names = operation.targets.iter().map(|target| &*target.name);
    let words: Vec<_> = [&*operation.method].into_iter().chain(names).collect();
    words.join(" ")
}

#[test]
fn headers() {
    const NEW: (&str, &str) = ("mcp-protocol-version", "2026-07-28");
    let call = ("mcp-method", "tools/call");
    let cases: [(&str, &[(&str, &str)], Option<&str>); 22] = [
        (
            "a tool",
            &[NEW, call, ("mcp-name", "a")],
            Some("tools/call a"),
        ),
        (
            "a name in base64",
            &[NEW, call, ("mcp-name", "=?base64?YSBi?=")],
            Some("tools/call a b"),
        ),
        (
            "an empty name in base64",
            &[NEW, call, ("mcp-name", "=?base64??=")],
            Some("tools/call "),
        ),
        (
            "no base64",
            &[NEW, call, ("mcp-name", "=?base64?!?=")],
            None,
        ),
        (
            "not UTF-8",
            &[NEW, call, ("mcp-name", "=?base64?/w==?=")],
            None,
        ),
        (
            "looks like base64 and is not",
            &[NEW, call, ("mcp-name", "=?base64?YQ==")],
            Some("tools/call =?base64?YQ=="),
        ),
        (
            "a resource",
            &[NEW, ("mcp-method", "resources/read"), ("mcp-name", "f://x")],
            Some("resources/read f://x"),
        ),
        (
            "a method that names nothing",
            &[NEW, ("mcp-method", "tools/list")],
            Some("tools/list"),
        ),
        (
            "a name that means nothing",
            &[NEW, ("mcp-method", "tools/list"), ("mcp-name", "a")],
            Some("tools/list"),
        ),
        (
            "a later version",
            &[
                ("mcp-protocol-version", "2027-01-01"),
                ("mcp-method", "ping"),
            ],
            Some("ping"),
        ),
        (
            "an older version",
            &[
                ("mcp-protocol-version", "2025-11-25"),
                call,
                ("mcp-name", "a"),
            ],
            None,
        ),
        ("no version", &[call, ("mcp-name", "a")], None),
        (
            "no date",
            &[("mcp-protocol-version", "draft"), call, ("mcp-name", "a")],
            None,
        ),
        (
            "as long as a date",
            &[
                ("mcp-protocol-version", "draft-2026"),
                call,
                ("mcp-name", "a"),
            ],
            None,
        ),
        (
            "a date written otherwise",
            &[
                ("mcp-protocol-version", "2026/07/28"),
                call,
                ("mcp-name", "a"),
            ],
            None,
        ),
        (
            "a date and more",
            &[
                ("mcp-protocol-version", "2026-07-28x"),
                call,
                ("mcp-name", "a"),
            ],
            None,
        ),
        (
            "the version twice",
            &[
                NEW,
                ("mcp-protocol-version", "2025-11-25"),
                call,
                ("mcp-name", "a"),
            ],
            None,
        ),
        (
            "the method twice",
            &[NEW, ("mcp-method", "ping"), call, ("mcp-name", "a")],
            None,
        ),
        (
            "the name twice",
            &[NEW, call, ("mcp-name", "a"), ("mcp-name", "b")],
            None,
        ),
        (
            "a name that servers need not compare",
            &[
                NEW,
                ("mcp-method", "resources/subscribe"),
                ("mcp-name", "f://x"),
            ],
            None,
        ),
        ("no method", &[NEW, ("mcp-name", "a")], None),
        ("no name", &[NEW, call], None),
    ];
    for (name, lines, want) in cases {
        let mut headers = HeaderMap::new();
        for (header, value) in lines {
            headers.append(*header, HeaderValue::from_static(value));
        }
        let got = from_headers(&headers).as_ref().map(shown);
        assert_eq!(got.as_deref(), want, "{name}");
    }
}

#[test]
fn bodies() {
    let cases: [(&str, &str, Option<&[&str]>); 39] = [
        (
            "a tool",
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"name":"b"}}}"#,
            Some(&["tools/call a"]),
        ),
        (
            "escapes are read",
            r#"{"\u006dethod":"tools/call","params":{"n\u0061me":"\u0061"}}"#,
            Some(&["tools/call a"]),
        ),
        (
            "parameters first",
            r#"{"params":{"name":"a"},"method":"tools/call"}"#,
            Some(&["tools/call a"]),
        ),
        (
            "a prompt",
            r#"{"method":"prompts/get","params":{"name":"p"}}"#,
            Some(&["prompts/get p"]),
        ),
        (
            "a resource goes by its URI",
            r#"{"method":"resources/read","params":{"name":"n","uri":"f://x"}}"#,
            Some(&["resources/read f://x"]),
        ),
        (
            "a batch",
            r#"[{"method":"ping"},{"method":"tools/call","params":{"name":"a"}}]"#,
            Some(&["ping", "tools/call a"]),
        ),
        ("an empty batch", "[]", Some(&[])),
        ("an answer", r#"{"id":1,"result":{}}"#, Some(&[])),
        (
            "no parameters",
            r#"{"method":"tools/list"}"#,
            Some(&["tools/list"]),
        ),
        (
            "null for parameters",
            r#"{"method":"tools/list","params":null}"#,
            Some(&["tools/list"]),
        ),
        (
            "a name of another type where none is needed",
            r#"{"method":"x","params":{"name":1}}"#,
            Some(&["x"]),
        ),
        (
            "a failed answer",
            r#"{"id":1,"error":{"code":1,"message":"x"}}"#,
            Some(&[]),
        ),
        (
            "a directory",
            r#"{"method":"resources/directory/read","params":{"uri":"f://x"}}"#,
            Some(&["resources/directory/read f://x"]),
        ),
        (
            "a completion for a prompt",
            r#"{"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"p"}}}"#,
            Some(&["completion/complete p"]),
        ),
        (
            "a completion for a resource",
            r#"{"method":"completion/complete","params":{"ref":{"uri":"f://x"}}}"#,
            Some(&["completion/complete f://x"]),
        ),
        (
            "a completion for either",
            r#"{"method":"completion/complete","params":{"ref":{"uri":"f://x","name":"p"}}}"#,
            None,
        ),
        (
            "subscriptions",
            r#"{"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":["f://x","f://y"]}}}"#,
            Some(&["subscriptions/listen f://x f://y"]),
        ),
        (
            "subscriptions to no resource",
            r#"{"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true}}}"#,
            Some(&["subscriptions/listen"]),
        ),
        (
            "subscriptions in another case",
            r#"{"method":"subscriptions/listen","params":{"notifications":{"resourcesubscriptions":["f://x"]}}}"#,
            None,
        ),
        (
            "neither a request nor an answer",
            r#"{"jsonrpc":"2.0","id":1}"#,
            None,
        ),
        (
            "what serde_json takes for another document",
            r#"{"$serde_json::private::RawValue":"{\"method\":\"tools/call\"}","result":1}"#,
            None,
        ),
        (
            "a name that other readers take for ours",
            r#"{"method":"ping","Method":"tools/call","params":{"name":"a"}}"#,
            None,
        ),
        (
            "the same in the parameters",
            r#"{"method":"tools/call","params":{"name":"a","NAME":"b"}}"#,
            None,
        ),
        (
            "a member that folds to ours beside it",
            r#"{"method":"tools/call","params":{"name":"a"},"param\u017f":{"name":"b"}}"#,
            None,
        ),
        (
            "a member beyond ASCII",
            r#"{"method":"tools/call","params":{"name":"a","é":1}}"#,
            None,
        ),
        (
            "text beyond ASCII where it is no name of ours",
            r#"{"method":"tools/call","params":{"name":"é","arguments":{"ſ":1}}}"#,
            Some(&["tools/call é"]),
        ),
        ("not JSON", "{", None),
        ("nothing", "", None),
        ("a text", r#""tools/call""#, None),
        (
            "two documents",
            r#"{"method":"ping"}{"method":"ping"}"#,
            None,
        ),
        (
            "the method twice",
            r#"{"method":"ping","method":"tools/call","params":{"name":"a"}}"#,
            None,
        ),
        (
            "the method twice, once escaped",
            r#"{"method":"ping","\u006dethod":"ping"}"#,
            None,
        ),
        (
            "parameters twice",
            r#"{"method":"tools/call","params":{"name":"a"},"params":{"name":"b"}}"#,
            None,
        ),
        (
            "the name twice",
            r#"{"method":"tools/call","params":{"name":"a","name":"b"}}"#,
            None,
        ),
        ("no name", r#"{"method":"tools/call","params":{}}"#, None),
        (
            "a name of another type",
            r#"{"method":"tools/call","params":{"name":["a"]}}"#,
            None,
        ),
        (
            "parameters by position",
            r#"{"method":"tools/call","params":["a"]}"#,
            None,
        ),
        ("a method of another type", r#"{"method":1}"#, None),
        ("a batch in a batch", r#"[[{"method":"ping"}]]"#, None),
    ];
    for (name, body, want) in cases {
        let got = from_body(body.as_bytes())
            .map(|operations| operations.iter().map(shown).collect::<Vec<_>>());
        let want = want.map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(got, want, "{name}");
    }
    assert_eq!(from_body(b"{\"method\":\"\xff\"}"), None, "not UTF-8");
    let batch = |length| format!("[{}]", vec![r#"{"method":"ping"}"#; length].join(","));
    assert_eq!(
        from_body(batch(MAX_BATCH).as_bytes()).map(|all| all.len()),
        Some(MAX_BATCH)
    );
    assert_eq!(from_body(batch(MAX_BATCH + 1).as_bytes()), None);
    assert_eq!(from_body(b"\xef\xbb\xbf{\"method\":\"ping\"}"), None);
}

/// A limit for the whole body: each target costs a comparison with every rule.
#[test]
fn field_s02_a_body_names_a_thousand_targets_at_most() {
    let listen = |count| {
        let uris = vec![r#""f://x""#; count].join(",");
        let params = format!(r#"{{"notifications":{{"resourceSubscriptions":[{uris}]}}}}"#);
        format!(r#"{{"method":"subscriptions/listen","params":{params}}}"#)
    };
    let batch = |messages: &[String]| format!("[{}]", messages.join(","));
    let is_readable = |body: &str| from_body(body.as_bytes()).is_some();
    assert!(is_readable(&listen(MAX_TARGETS)));
    assert!(!is_readable(&listen(MAX_TARGETS + 1)));
    assert!(is_readable(&batch(&[listen(MAX_TARGETS - 1), listen(1)])));
    assert!(!is_readable(&batch(&[listen(MAX_TARGETS), listen(1)])));
    let call = r#"{"method":"tools/call","params":{"name":"a"}}"#.to_owned();
    assert!(!is_readable(&batch(&[listen(MAX_TARGETS), call])));
}
