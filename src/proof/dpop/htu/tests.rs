//! Each refused URL differs in one thing from one that the same test accepts.

use proptest::prelude::*;

use super::by_the_rfc::by_the_rfc;
use super::*;

fn is_same(htu: &str, path: &str) -> bool {
    is_one_of(
        htu,
        &[PublicUrl::parse("https://mcp.example.com").unwrap()],
        path,
    )
}

/// RFC 3986 §6.2.2 and §6.2.3, and the query that RFC 9449 §4.3 (9) drops.
#[test]
fn proof_urls_that_are_the_same() {
    for (htu, path) in [
        ("https://mcp.example.com/mcp", "/mcp"),
        ("HTTPS://MCP.Example.COM/mcp", "/mcp"),
        ("https://mcp.example.com:443/mcp", "/mcp"),
        ("https://mcp.example.com:/mcp", "/mcp"),
        ("https://mcp.example.com:0443/mcp", "/mcp"),
        ("https://mcp.example.com", "/"),
        ("https://mcp.example.com/", "/"),
        ("https://mcp.example.com/~a", "/%7ea"),
        ("https://mcp.example.com/%7Ea", "/~a"),
        ("https://mcp.example.com/%61", "/a"),
        ("https://mcp.example.com/%c3%a9", "/%C3%A9"),
        ("https://mcp.example.com/a%2fb", "/a%2Fb"),
        ("https://mcp.example.com/./mcp", "/mcp"),
        ("https://mcp.example.com/a/../mcp", "/mcp"),
        ("https://mcp.example.com/a/%2e%2E/mcp", "/mcp"),
        ("https://mcp.example.com/mcp", "/a/./../mcp"),
        ("https://mcp.example.com/a/.", "/a/"),
        ("https://mcp.example.com/a/..", "/"),
        ("https://mcp.example.com/../mcp", "/mcp"),
        ("https://mcp.example.com/a|/../mcp", "/mcp"),
        ("https://mcp.example.com/C:/../mcp", "/mcp"),
        ("https://mcp.example.com/mcp?", "/mcp"),
        ("https://mcp.example.com/mcp?a=b", "/mcp"),
        ("https://mcp.example.com/mcp?a=%GG/../x", "/mcp"),
        ("https://mcp.example.com/mcp#a", "/mcp"),
        ("https://mcp.example.com?a", "/"),
        ("https://mcp.example.com/a//b", "/a//b"),
        ("https://mcp.example.com/a;b,c=d@e:f", "/a;b,c=d@e:f"),
        // Not escaped, as many clients leave it.
        ("https://mcp.example.com/a|b[c]{d}^", "/a|b[c]{d}^"),
    ] {
        assert!(is_same(htu, path), "{htu} at {path}");
    }
}

/// The value of a port counts, not its digits (RFC 3986 §3.2.3).
#[test]
fn pop_w02_a_port_is_compared_as_a_number() {
    let urls = ["https://mcp.example.com", "https://mcp.example.com:8443"];
    let [default, other] = urls.map(|url| [PublicUrl::parse(url).unwrap()]);
    for (port, is_default, is_other) in [
        ("", true, false),
        (":", true, false),
        (":443", true, false),
        (":0443", true, false),
        (":000000000000443", true, false),
        (":8443", false, true),
        (":08443", false, true),
        (":0444", false, false),
        (":4430", false, false),
        (":0", false, false),
        (":0x1bb", false, false),
        (":-443", false, false),
        (":4 43", false, false),
    ] {
        let htu = format!("https://mcp.example.com{port}/mcp");
        assert_eq!(is_one_of(&htu, &default, "/mcp"), is_default, "{htu}");
        assert_eq!(is_one_of(&htu, &other, "/mcp"), is_other, "{htu}");
    }
}

#[test]
fn proof_urls_that_differ() {
    let good = "https://mcp.example.com/mcp";
    assert!(is_same(good, "/mcp"));
    for (name, htu, path) in [
        ("another host", "https://evil.example/mcp", "/mcp"),
        (
            "a host in front",
            "https://evil.mcp.example.com/mcp",
            "/mcp",
        ),
        (
            "a host behind",
            "https://mcp.example.com.evil.example/mcp",
            "/mcp",
        ),
        ("a longer host", "https://mcp.example.comm/mcp", "/mcp"),
        ("a dot at the end", "https://mcp.example.com./mcp", "/mcp"),
        ("http", "http://mcp.example.com/mcp", "/mcp"),
        (
            "http with the port",
            "http://mcp.example.com:443/mcp",
            "/mcp",
        ),
        ("another port", "https://mcp.example.com:8443/mcp", "/mcp"),
        ("the port of http", "https://mcp.example.com:80/mcp", "/mcp"),
        ("port 99999", "https://mcp.example.com:99999/mcp", "/mcp"),
        (
            "port 443 + 65536",
            "https://mcp.example.com:65979/mcp",
            "/mcp",
        ),
        (
            "a sign in the port",
            "https://mcp.example.com:+443/mcp",
            "/mcp",
        ),
        (
            "a letter in the port",
            "https://mcp.example.com:443a/mcp",
            "/mcp",
        ),
        ("two ports", "https://mcp.example.com:443:443/mcp", "/mcp"),
        ("case of the path", "https://mcp.example.com/MCP", "/mcp"),
        ("a slash more", "https://mcp.example.com/mcp/", "/mcp"),
        ("a slash less", "https://mcp.example.com/mcp", "/mcp/"),
        ("two slashes", "https://mcp.example.com/a//b", "/a/b"),
        (
            "two slashes in front",
            "https://mcp.example.com//mcp",
            "/mcp",
        ),
        ("one slash of two", "https://mcp.example.com/a/b", "/a//b"),
        ("an escaped slash", "https://mcp.example.com/a%2Fb", "/a/b"),
        ("escaped twice", "https://mcp.example.com/%2561", "/a"),
        ("a path behind", "https://mcp.example.com/mcp/tools", "/mcp"),
        ("a path in front", "https://mcp.example.com/api/mcp", "/mcp"),
        ("user", "https://user@mcp.example.com/mcp", "/mcp"),
        (
            "user and password",
            "https://a:b@mcp.example.com/mcp",
            "/mcp",
        ),
        ("an empty user", "https://@mcp.example.com/mcp", "/mcp"),
        (
            "host as user",
            "https://mcp.example.com@evil.example/mcp",
            "/mcp",
        ),
        ("a backslash", "https://mcp.example.com\\mcp", "/mcp"),
        (
            "backslashes in front",
            "https:\\\\mcp.example.com/mcp",
            "/mcp",
        ),
        (
            "a backslash in the query",
            "https://mcp.example.com/mcp?\\",
            "/mcp",
        ),
        ("a tab", "https://mcp.example.com/m\tcp", "/mcp"),
        ("a newline", "https://mcp.example.com/mcp\n", "/mcp"),
        ("a NUL", "https://mcp.example.com/mcp\0", "/mcp"),
        ("a space in front", " https://mcp.example.com/mcp", "/mcp"),
        ("a space behind", "https://mcp.example.com/mcp ", "/mcp"),
        ("not ASCII", "https://mcp.example.com/mcp?\u{e9}", "/mcp"),
        ("a wide slash", "https://mcp.example.com\u{ff0f}mcp", "/mcp"),
        ("a bad escape", "https://mcp.example.com/mcp%GG/..", "/mcp"),
        (
            "an escape with a sign",
            "https://mcp.example.com/%+1/../mcp",
            "/mcp",
        ),
        (
            "half an escape",
            "https://mcp.example.com/x%2/../mcp",
            "/mcp",
        ),
        (
            "an escape in the host",
            "https://mcp%2eexample.com/mcp",
            "/mcp",
        ),
        ("no scheme", "//mcp.example.com/mcp", "/mcp"),
        ("a scheme alone", "https:mcp.example.com/mcp", "/mcp"),
        ("another scheme", "wss://mcp.example.com/mcp", "/mcp"),
        ("a longer scheme", "xhttps://mcp.example.com/mcp", "/mcp"),
        ("a path alone", "/mcp", "/mcp"),
        ("no host", "https:///mcp", "/mcp"),
        ("a host alone", "mcp.example.com/mcp", "/mcp"),
        ("a word", "mcp", "/mcp"),
        ("empty", "", "/mcp"),
        (
            "a path of the request without a slash",
            "https://mcp.example.com",
            "",
        ),
        ("an asterisk", "https://mcp.example.com*", "*"),
        (
            "a query in the path",
            "https://mcp.example.com/mcp?a",
            "/mcp?a",
        ),
    ] {
        assert!(!is_same(htu, path), "{name}");
    }
}

/// No proof may name a longer URL, so nothing is computed for a longer path.
#[test]
fn proof_paths_of_limited_length() {
    let url = "https://mcp.example.com/mcp";
    let climb = |bytes: usize| format!("/{}mcp", "./".repeat(bytes / 2 - 2));
    for (bytes, is_good) in [(MAX_HTU_BYTES, true), (MAX_HTU_BYTES + 2, false)] {
        assert_eq!(climb(bytes).len(), bytes);
        assert_eq!(is_same(url, &climb(bytes)), is_good, "{bytes}");
    }
}

/// What a proof cannot name, it cannot name either where the request has the same bytes.
#[test]
fn proof_paths_that_no_url_has() {
    for (path, is_good) in [
        ("/a%20b", true),
        ("/a%2", false),
        ("/a%GG", false),
        ("/a%2G", false),
        ("/a%G2", false),
        ("/a%", false),
        ("/a\\b", false),
        ("/a b", false),
        ("/\u{e9}", false),
    ] {
        let htu = format!("https://mcp.example.com{path}");
        assert_eq!(is_same(&htu, path), is_good, "{path}");
    }
}

#[test]
fn proof_urls_of_the_settings() {
    for (url, want) in [
        ("https://mcp.example.com", Some("https://mcp.example.com")),
        ("https://mcp.example.com/", Some("https://mcp.example.com")),
        (
            "https://MCP.example.com:443/",
            Some("https://MCP.example.com:443"),
        ),
        (
            "https://api.example.com/svc1",
            Some("https://api.example.com/svc1"),
        ),
        ("http://127.0.0.1:3000", Some("http://127.0.0.1:3000")),
        ("http://[::1]:3000/a/b", Some("http://[::1]:3000/a/b")),
        ("https://api.example.com/svc1/", None),
        ("https://api.example.com/svc1/..", None),
        ("https://api.example.com//", None),
        ("https://api.example.com?a", None),
        ("https://api.example.com/svc1?", None),
        ("https://api.example.com/#a", None),
        ("https://a@api.example.com", None),
        ("https://[]", None),
        ("https://[::1", None),
        ("https://[::1]a", None),
        ("https://[v1.a]", None),
        ("https://a]", None),
        ("https://[fe80::1%25en0]", None),
        ("https://:443", None),
        ("https://", None),
        ("ftp://api.example.com", None),
        ("api.example.com", None),
        ("https://api.example.com/%", None),
        ("https://api.example.com/a b", None),
    ] {
        let parsed = PublicUrl::parse(url);
        assert_eq!(parsed.as_ref().map(PublicUrl::as_str), want, "{url}");
    }
}

/// However the setting spells the origin, proofs that name it in another way count.
#[test]
fn proof_urls_in_the_spelling_of_the_settings() {
    for url in [
        "https://mcp.example.com/",
        "https://MCP.example.com",
        "HTTPS://mcp.example.com:443",
    ] {
        let urls = [PublicUrl::parse(url).unwrap()];
        for htu in [
            "https://mcp.example.com/mcp",
            "https://mcp.example.com:443/mcp",
        ] {
            assert!(is_one_of(htu, &urls, "/mcp"), "{htu} at {url}");
        }
        assert!(
            is_one_of(&format!("{}/mcp", urls[0].as_str()), &urls, "/mcp"),
            "{url}"
        );
        assert!(!is_one_of("https://mcp.example.org/mcp", &urls, "/mcp"));
    }
    let urls = [PublicUrl::parse("http://[::1]:80").unwrap()];
    assert!(is_one_of("http://[::1]/mcp", &urls, "/mcp"));
    assert!(!is_one_of("http://[0::1]/mcp", &urls, "/mcp"));
}

/// A proxy strips the prefix from the path.
#[test]
fn proof_urls_with_a_prefix() {
    let urls = ["https://api.example.com/svc1", "https://alias.example.com"];
    let urls = urls.map(|url| PublicUrl::parse(url).unwrap());
    for (htu, path, want) in [
        ("https://api.example.com/svc1/mcp", "/mcp", true),
        ("https://api.example.com/%73vc1/./mcp", "/mcp", true),
        ("https://alias.example.com/mcp", "/mcp", true),
        ("https://alias.example.com:443/mcp", "/mcp", true),
        ("https://api.example.com/mcp", "/mcp", false),
        ("https://api.example.com/svc2/mcp", "/mcp", false),
        ("https://api.example.com/svc1mcp", "/mcp", false),
        ("https://alias.example.com/svc1/mcp", "/mcp", false),
        ("https://api.example.com/svc1", "/", false),
        ("https://api.example.com/svc1/", "/", true),
        // A proof for the service beside this one, and a path that leads there.
        ("https://api.example.com/svc2/mcp", "/../svc2/mcp", false),
        (
            "https://api.example.com/svc2/mcp",
            "/%2e%2e/svc2/mcp",
            false,
        ),
        (
            "https://api.example.com/svc1/svc2/mcp",
            "/../svc2/mcp",
            true,
        ),
    ] {
        assert_eq!(is_one_of(htu, &urls, path), want, "{htu} at {path}");
    }
    assert!(!is_one_of("https://api.example.com/svc1/mcp", &[], "/mcp"));
}

fn normal(url: &str) -> Option<String> {
    Parts::of(url).and_then(Parts::normal)
}

fn pieces(
    list: &'static [&'static str],
    how_many: std::ops::Range<usize>,
) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(list), how_many).prop_map(|pieces| pieces.concat())
}

fn urls() -> impl Strategy<Value = String> {
    let scheme = prop::sample::select(
        &[
            "https://", "http://", "HTTPS://", "hTTp://", "https:/", "ftp://", "https:", "//", "",
        ][..],
    );
    let host = pieces(
        &[
            "a",
            "B",
            ".",
            "-",
            "1",
            "example.com",
            "[::1]",
            "[",
            "]",
            "%41",
            "@",
            "u:p@",
            "",
            "_",
            "!",
        ],
        0..4,
    );
    let port = prop::sample::select(
        &[
            "",
            "",
            ":",
            ":443",
            ":80",
            ":8443",
            ":0443",
            ":65535",
            ":65536",
            ":0",
            ":00",
            ":x",
            ":99999999999",
            ":1:2",
        ][..],
    );
    let path = pieces(
        &[
            "/", "/", "/", ".", "..", "a", "A", "%7e", "%7E", "%2e", "%2E%2e", "%2F", "%41",
            "%c3%A9", "%", "%4", "%zz", "~", "|", "\\", " ", "\u{e9}", "\t", ":", "@", ";",
        ],
        0..9,
    );
    let end = prop::sample::select(&["", "", "", "?", "?a/../b", "#", "#?a", "?%"][..]);
    (scheme, host, port, path, end)
        .prop_map(|(scheme, host, port, path, end)| format!("{scheme}{host}{port}{path}{end}"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(20_000) })]

    #[test]
    fn proof_urls_normalised_as_the_rfc_does(url in urls()) {
        prop_assert_eq!(normal(&url), by_the_rfc(&url), "{}", url);
    }

    #[test]
    fn proof_urls_of_any_text(url in "\\PC{0,40}", bytes in "https?://[ -~]{0,40}") {
        prop_assert_eq!(normal(&url), by_the_rfc(&url));
        prop_assert_eq!(normal(&bytes), by_the_rfc(&bytes), "{}", bytes);
    }

    /// Once normalised, a URL stays as it is.
    #[test]
    fn proof_urls_normalised_twice(url in urls()) {
        if let Some(once) = normal(&url) {
            prop_assert_eq!(normal(&once), Some(once.clone()));
            prop_assert!(once.len() <= url.len() + 1, "{}", once);
        }
    }

    /// A URL that both read means the same to both, if its host is no address and nothing in its
    /// path is one of the characters that the other escapes. The other also reads what this one
    /// refuses: backslashes, spaces, tabs, users, escapes in the host, a single slash, bad escapes.
    #[test]
    fn proof_urls_as_browsers_read_them(url in urls()) {
        if let Some(ours) = normal(&url) && let Ok(mut other) = url::Url::parse(&url) {
            prop_assume!(other.domain().is_some());
            // The crate keeps what looks like a drive of Windows, `a|` or `a:`, where `..` follows
            // it. The URL standard does so for files alone.
            let is_drive = |segment: &str| match segment.as_bytes() {
                [letter, b':' | b'|'] => letter.is_ascii_alphabetic(),
                _ => false,
            };
            prop_assume!(!url.split('/').any(is_drive));
            other.set_query(None);
            other.set_fragment(None);
            prop_assert_eq!(normal(other.as_str()), Some(ours), "{}", url);
        }
    }

    /// Two paths of one origin are the same in both directions.
    #[test]
    fn proof_urls_compared_in_both_directions(one in urls(), other in urls()) {
        let path = |url: &str| url.split(['?', '#']).next().and_then(|url| {
            let rest = url.split_once("://")?.1;
            Some(rest.get(rest.find('/')?..)?.to_owned())
        });
        if let (Some(one), Some(other)) = (path(&one), path(&other)) {
            let origin = "https://mcp.example.com";
            let same = is_same(&format!("{origin}{one}"), &other);
            prop_assert_eq!(same, is_same(&format!("{origin}{other}"), &one), "{} {}", one, other);
            let equal = by_the_rfc(&format!("{origin}{one}")).is_some_and(|one| Some(one) == by_the_rfc(&format!("{origin}{other}")));
            prop_assert_eq!(same, equal, "{} {}", one, other);
        }
    }
}
