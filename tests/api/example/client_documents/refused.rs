//! Documents that are refused, and URLs that are never fetched.

use super::super::program::Program;
use super::super::visitor::{REDIRECT_URI, Visitor};
use super::*;

#[tokio::test]
async fn field_h04_documents_that_are_refused() {
    let program = Program::start(&[]);
    let visitor = Visitor::arrive(&program.base).await;
    let publisher = Publisher::start().await;
    let good = publisher.document("/c");
    let answer = publisher.open(&visitor, "/c", &good.to_string()).await;
    assert_eq!(answer.status, 200, "{answer:?}");

    let other = publisher.url("/other");
    let refused = [
        ("client_id", json!(other)),
        ("client_id", json!(null)),
        ("redirect_uris", json!([])),
        ("redirect_uris", json!(REDIRECT_URI)),
        ("redirect_uris", json!(null)),
        ("redirect_uris", json!(["http://localhost:6274/other"])),
        (
            "redirect_uris",
            json!([REDIRECT_URI, "javascript:alert(1)"]),
        ),
        (
            "redirect_uris",
            json!([REDIRECT_URI, "http://app.example.com/cb"]),
        ),
        ("token_endpoint_auth_method", json!("client_secret_basic")),
        ("token_endpoint_auth_method", json!("client_secret_post")),
        ("token_endpoint_auth_method", json!("client_secret_jwt")),
        // No shared secret, but this issuer checks no key of a client.
        ("token_endpoint_auth_method", json!("private_key_jwt")),
        ("token_endpoint_auth_method", json!(["none"])),
        ("client_secret", json!("s3cret")),
        ("client_secret_expires_at", json!(0)),
    ];
    for (number, (member, value)) in refused.into_iter().enumerate() {
        // Each has its own path, so that no cached document answers for it.
        let path = format!("/member/{number}");
        let mut document = publisher.document(&path);
        document[member] = value.clone();
        let refused = publisher.open(&visitor, &path, &document.to_string()).await;
        assert_eq!(refused.status, 400, "{member}={value}: {refused:?}");
    }
    // The same URL in another spelling.
    for (number, (from, to)) in [
        ("http:", "https:"),
        ("127.0.0.1", "localhost"),
        ("/x", "/x/"),
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("/spelling/{number}/x");
        let text = publisher.document(&path).to_string();
        let (id, rest) = text.split_once("\"client_name\"").unwrap();
        let text = format!("{}\"client_name\"{rest}", id.replacen(from, to, 1));
        assert_ne!(text, publisher.document(&path).to_string());
        let refused = publisher.open(&visitor, &path, &text).await;
        assert_eq!(refused.status, 400, "{text}: {refused:?}");
    }
    // Members that may be absent.
    for member in ["client_name", "grant_types", "token_endpoint_auth_method"] {
        let path = format!("/without/{member}");
        let mut document = publisher.document(&path);
        document.as_object_mut().unwrap().remove(member);
        let answer = publisher.open(&visitor, &path, &document.to_string()).await;
        assert_eq!(answer.status, 200, "{member}: {answer:?}");
    }

    // Other texts, and the largest document that is read.
    let padded = |path: &str, length: usize| {
        let mut document = publisher.document(path);
        document["x"] = "".into();
        let short = document.to_string().len();
        document["x"] = "x".repeat(length - short).into();
        document.to_string()
    };
    for (path, text, status) in [
        ("/5-kib", padded("/5-kib", 5 * 1024), 200),
        ("/longer", padded("/longer", 5 * 1024 + 1), 400),
        ("/much-longer", padded("/much-longer", 5 * 1024 * 1024), 400),
        ("/array", format!("[{}]", publisher.document("/array")), 400),
        ("/text", "A published client".to_owned(), 400),
        ("/empty", String::new(), 400),
    ] {
        let answer = publisher.open(&visitor, path, &text).await;
        assert_eq!(answer.status, status, "{path}");
    }

    // Other answers than 200 with the document.
    for status in [201, 203, 301, 302, 307, 308, 404, 500] {
        let path = format!("/status/{status}");
        let document = publisher.document(&path).to_string();
        let target = format!("/target/{status}");
        publisher.publish(&target, 200, &[], &document);
        let location = [(header::LOCATION, target.as_str())];
        publisher.publish(&path, status, &location, &document);
        let refused = open(&visitor, &publisher.url(&path)).await;
        assert_eq!(refused.status, 400, "{status}: {refused:?}");
        assert_eq!(publisher.fetches(&target), 0, "{status}");
    }
}

#[tokio::test]
async fn field_h04_urls_that_are_never_fetched() {
    let program = Program::start(&[]);
    let visitor = Visitor::arrive(&program.base).await;
    let publisher = Publisher::start().await;
    let answer_everything = async |client_id: String| {
        // Whatever path is asked for, there is a document that names this client.
        let mut document = publisher.document("/");
        document["client_id"] = client_id.clone().into();
        for path in ["/", "/c", "/c?", "/a/c", "/a/../c", "/%2e%2e/c", "/a/./c"] {
            publisher.publish(path, 200, &[], &document.to_string());
        }
        open(&visitor, &client_id).await
    };
    let localhost = publisher.base.replace("127.0.0.1", "localhost");
    for good in [publisher.url("/c"), format!("{localhost}/a/c")] {
        let answer = answer_everything(good.clone()).await;
        assert_eq!(answer.status, 200, "{good}: {answer:?}");
    }

    let fetched = publisher.fetched.lock().unwrap().len();
    let host = publisher.base.strip_prefix("http://").unwrap();
    let port = host.split_once(':').unwrap().1;
    for bad in [
        // No path.
        publisher.base.clone(),
        format!("{}/", publisher.base),
        // Fragment, user, dot segments.
        publisher.url("/c#x"),
        publisher.url("/c#"),
        format!("http://user@{host}/c"),
        format!("http://user:password@{host}/c"),
        format!("http://@{host}/c"),
        publisher.url("/a/../c"),
        publisher.url("/a/./c"),
        publisher.url("/a/.."),
        publisher.url("/%2e%2e/c"),
        publisher.url("/.%2E/c"),
        // Spellings that a parser mends.
        publisher.url("/c").replace("http:", "HTTP:"),
        publisher.url("/c").replace("http:", "http:\\\\"),
        publisher.url("/\tc"),
        format!(" {}", publisher.url("/c")),
        format!("{} ", publisher.url("/c")),
        format!("http:{host}/c"),
        format!("http://2130706433:{port}/c"),
        format!("http://0x7f.1:{port}/c"),
        // Not https, and not this machine.
        "http://app.example.com/c".to_owned(),
        "http://10.0.0.1/c".to_owned(),
        format!("http://localhost.evil.example:{port}/c"),
        format!("http://0.0.0.0:{port}/c"),
        format!("http://[::]:{port}/c"),
        format!("ftp://{host}/c"),
        format!("//{host}/c"),
    ] {
        let refused = answer_everything(bad.clone()).await;
        assert_eq!(refused.status, 400, "{bad:?}: {refused:?}");
    }
    // Addresses of a network that only this machine can reach.
    for address in [
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "192.0.0.192",
        "168.63.129.16",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "[::]",
        "[fd00:ec2::254]",
        "[fd20:ce::254]",
        "[2001::1]",
        "[fe80::1]",
        "[ff02::1]",
        "[::ffff:a00:1]",
        "[64:ff9b::a00:1]",
        "[2002:a00:1::1]",
    ] {
        let refused = open(&visitor, &format!("https://{address}/c")).await;
        assert_eq!(refused.status, 400, "{address}: {refused:?}");
        let why = "must be public";
        assert!(refused.body.contains(why), "{address}: {refused:?}");
    }
    assert_eq!(publisher.fetched.lock().unwrap().len(), fetched);
}
