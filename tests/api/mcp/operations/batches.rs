//! Every message of a batch counts, and every resource of a message, wherever it stands.

use tower_jwt_auth::mcp::McpScopesLayer;

use super::{Server, call, scopes};

/// As many as a batch may have.
const LONGEST: usize = 100;

/// As many resources as a message may name.
const MOST_RESOURCES: usize = 1_000;

/// The same text again and again, but for one that stands at `at`.
fn with_one_at(at: usize, length: usize, one: &str, others: &str) -> String {
    let text = |i| if i == at { one } else { others };
    let texts: Vec<_> = (0..length).map(text).collect();
    texts.join(",")
}

#[tokio::test]
async fn field_s14_the_last_message_of_a_batch_is_judged_as_the_first() {
    let server = Server::start(scopes());
    let (look, write) = (call("look"), call("write"));
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let token = "base mcp:read";
    for length in [1, 2, LONGEST - 1, LONGEST] {
        let harmless = format!("[{}]", with_one_at(0, length, &look, &look));
        let answer = server.send(token, &[], &harmless).await;
        assert_eq!(answer.status, 200, "{length} messages");
        assert_eq!(answer.body, harmless, "{length} messages");
        for at in [0, 1, length / 2, length - 1] {
            for (other, scope) in [(write.as_str(), "mcp:write"), (list, "mcp:list")] {
                let batch = format!(
                    "[{}]",
                    with_one_at(at.min(length - 1), length, other, &look)
                );
                let calls = server.calls();
                let answer = server.send(token, &[], &batch).await;
                assert_eq!(answer.status, 403, "{scope} at {at} of {length}");
                assert_eq!(server.calls(), calls, "{scope} at {at} of {length}");
                let challenge = answer.challenge().unwrap();
                assert!(challenge.contains(scope), "{scope} at {at}: {challenge}");
                let enough = format!("{token} {scope}");
                let answer = server.send(&enough, &[], &batch).await;
                assert_eq!(answer.status, 200, "{scope} at {at} of {length}");
            }
        }
    }
    // One more than a batch may have: not understood, however harmless.
    let batch = format!("[{}]", with_one_at(0, LONGEST + 1, &look, &look));
    let answer = server.send(token, &[], &batch).await;
    assert_eq!((answer.status.as_u16(), answer.challenge()), (403, None));
}

#[tokio::test]
async fn field_s14_the_last_resource_of_a_message_is_judged_as_the_first() {
    let layer = McpScopesLayer::new()
        .resources_under("f://open/", ["mcp:read"])
        .resources_under("f://closed/", ["mcp:write"]);
    let server = Server::start(layer);
    let listen = |uris: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{{"notifications":{{"resourceSubscriptions":[{uris}]}}}}}}"#
        )
    };
    let (open, closed) = (r#""f://open/a""#, r#""f://closed/a""#);
    for length in [1, 2, MOST_RESOURCES] {
        let harmless = listen(&with_one_at(0, length, open, open));
        let answer = server.send("base mcp:read", &[], &harmless).await;
        assert_eq!(answer.status, 200, "{length} resources");
        for at in [0, length / 2, length - 1] {
            let message = listen(&with_one_at(at, length, closed, open));
            let calls = server.calls();
            let answer = server.send("base mcp:read", &[], &message).await;
            assert_eq!(answer.status, 403, "{at} of {length}");
            assert_eq!(server.calls(), calls, "{at} of {length}");
            let answer = server.send("base mcp:read mcp:write", &[], &message).await;
            assert_eq!(answer.status, 200, "{at} of {length}");
        }
    }
    // The last resource of the last message of a batch.
    let few = LONGEST / 10;
    let harmless = listen(&with_one_at(0, few, open, open));
    let last = listen(&with_one_at(few - 1, few, closed, open));
    let batch = |last: &str| format!("[{}]", with_one_at(LONGEST - 1, LONGEST, last, &harmless));
    let answer = server.send("base mcp:read", &[], &batch(&harmless)).await;
    assert_eq!(answer.status, 200);
    let answer = server.send("base mcp:read", &[], &batch(&last)).await;
    assert_eq!(answer.status, 403);
    // One more than a message may name.
    let more = listen(&with_one_at(0, MOST_RESOURCES + 1, open, open));
    let answer = server.send("base mcp:read", &[], &more).await;
    assert_eq!((answer.status.as_u16(), answer.challenge()), (403, None));
}
