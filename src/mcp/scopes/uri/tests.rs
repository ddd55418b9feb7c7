use std::path::{Component, PathBuf};

use proptest::prelude::*;
use url::Url;

use super::*;

/// Each of them opens `file:///srv/secret/a.txt` in some server, and differs from the plain one
/// in the segment behind `public/`.
#[test]
fn field_s01_what_leaves_its_folder_is_not_plain() {
    for plain in [
        "a.txt",
        "..a/b",
        "a../b",
        "...",
        ".a",
        "a;b",
        "%41/b",
        "a%20b",
        "a%25b",
        "~a",
        "a=b&c@d",
        "",
        "caf%C3%A9",
        "a?x=1",
        "a#b",
        "a%3Bb",
        "*",
        "(a)!$'+,",
    ] {
        assert!(is_plain(&format!("file:///srv/public/{plain}")), "{plain}");
    }
    for escape in [
        "..",
        "../secret/a.txt",
        "./a",
        "a/..",
        "..?x",
        "..#x",
        "?x/../y",
        "#x/../y",
        ".\t./secret",
        "\t../secret",
        ".\n./secret",
        ".\r./secret",
        "..\\secret",
        "a\\b",
        "%2e%2e/secret",
        ".%2E/secret",
        "%2E",
        "%252e%252e/x",
        "%25252e./x",
        "%2%35e%2e/x",
        "..%2fsecret",
        "a%2fb",
        "a%2F..",
        "a%252fb",
        "a%5cb",
        "a%255Cb",
        "a%00b",
        "..%00",
        "..;/secret",
        "..;x=1/secret",
        "..%3b/secret",
        ".;/a",
        ".. /secret",
        "..%20/secret",
        "%20../secret",
        "..%09/x",
        ".%0a./x",
        "a b",
        "a\u{e9}",
        "a%",
        "a%2",
        "a%zz",
        "a\"b",
        "a<b",
        "a>b",
        "a^b",
        "a`b",
        "a{b",
        "a|b",
        "a}b",
        "a\u{7f}",
        "%c0%ae%c0%ae/secret",
        "%c0%af",
        "a%ff",
        "\u{ff0e}./x",
    ] {
        assert!(
            !is_plain(&format!("file:///srv/public/{escape}")),
            "{escape:?}"
        );
    }
    for (uri, want) in [
        ("notes:a", true),
        ("notes:..", false),
        ("notes:../a", false),
        ("notes://[::1]:80/a?b=c", true),
        ("", true),
    ] {
        assert_eq!(is_plain(uri), want, "{uri}");
    }
}

#[test]
fn field_s01_other_spellings_of_a_uri_compare_equal() {
    for (one, other) in [
        ("file:///srv/secret/a", "file:///srv/%73ecret/a"),
        ("file:///srv/secret/a", "file:///srv//secret/a"),
        ("file:///srv/secret/a", "FILE:///srv/secret/a"),
        ("file:///srv/secret/a", "file://localhost/srv/secret/a"),
        ("file:///srv/secret/a", "file:/srv/secret/a"),
        ("file:///srv/secret/a", "file:///srv/secret/a?x#y"),
        ("file:///srv/secret/a", "file:///srv/%2573ecret/a"),
        ("https://h.example/a", "https://H.example/a#"),
        ("notes:a", "notes:%61"),
        ("file:///srv/secret/a", "file:srv/secret/a"),
        ("file:///srv/secret/a", "/srv/secret/a"),
        ("file:///srv/secret/a", "//localhost/srv/secret/a"),
        ("https://h.example/a", "https:h.example/a"),
        ("https://h.example/a", "https:///h.example/a"),
        ("https://h.example/a", "https://h.example:443/a"),
        ("https://h.example/a", "https://h.example:/a"),
        ("http://h.example/a", "http://h.example:80/a"),
        ("https://h.example/a", "https://user:p@h.example/a"),
        ("https://h.example/a", "https://h%2Eexample/a"),
        ("https://h.example/a", "https://h.example./a"),
        ("ftp://h.example/a", "ftp://h.example:21/a"),
        ("ws://h.example/a", "ws://h.example:80/a"),
        ("wss://h.example/a", "wss://h.example:443/a"),
    ] {
        assert_eq!(normalised(one), normalised(other), "{one} {other}");
    }
    for (one, other) in [
        ("file:///srv/a", "file:///srv/A"),
        ("file:///srv/a", "file:///srv/a/"),
        ("https://h.example/a", "https://g.example/a"),
        ("https://h.example/a", "http://h.example/a"),
        ("https://h.example/a", "https://h.example:80/a"),
        ("https://h.example/a", "https://h.example:8443/a"),
        ("notes://h:80/a", "notes://h/a"),
        // Only a file has a slash in front that nobody wrote.
        ("notes:a", "notes:/a"),
        ("a/b", "/a/b"),
        ("file:", "file:/"),
    ] {
        assert_ne!(normalised(one), normalised(other), "{one} {other}");
    }
    for escape in ["..%3f", "..%23x", "%2e%2e%3Fx/y"] {
        assert!(
            !is_plain(&format!("file:///srv/public/{escape}")),
            "{escape}"
        );
    }
}

/// A million octets of nested encodings are read once, not once for each level.
#[test]
fn field_s01_s02_nested_encodings_are_decoded_in_one_pass() {
    let nested = format!("%{}2e", "25".repeat(1_000_000));
    assert_eq!(decoded(nested.as_bytes()), b".");
    assert!(!is_plain(&format!("file:///a/.{nested}/b")));
}

/// `path` without `.` and `..`, as a server resolves it that asks no file system.
fn lexical(path: &std::path::Path) -> PathBuf {
    let mut resolved = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(resolved.pop()),
            Component::CurDir => {}
            other => resolved.push(other),
        }
    }
    resolved
}

fn decoded_times(times: usize, text: &str) -> String {
    let mut octets = text.as_bytes().to_vec();
    for _ in 0..times {
        octets = percent_decoded_once(&octets);
    }
    String::from_utf8_lossy(&octets).into_owned()
}

fn percent_decoded_once(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((&first, behind)) = rest.split_first() {
        if let (b'%', [high, low, after @ ..]) = (first, behind)
            && let Some(octet) = hex::octet([*high, *low])
        {
            out.push(octet);
            rest = after;
        } else {
            out.push(first);
            rest = behind;
        }
    }
    out
}

fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        ".", "..", "/", "\\", "%2e", "%2E", "%2f", "%5c", "%25", "2e", "2f", "%00", "\t", "\n",
        "\r", " ", "%20", "%09", ";", "%3b", "a", "secret", "?", "#", "%", "|", ":", "\u{e9}",
        "%c3%a9", "%3f", "%23",
    ]);
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(20_000) })]

    /// Whatever is plain stays below its prefix: for a parser of URLs, for one that decodes
    /// once or twice and then parses, and for one that resolves the path lexically.
    #[test]
    fn field_s01_what_is_plain_stays_below_its_prefix(tail in pieces()) {
        let prefix = "file:///srv/public/";
        let uri = format!("{prefix}{tail}");
        if !is_plain(&uri) {
            return Ok(());
        }
        for times in 0..3 {
            let read = decoded_times(times, &uri);
            let parsed = Url::parse(&read).unwrap();
            prop_assert!(parsed.as_str().starts_with(prefix), "{uri} -> {parsed}");
            let path = parsed.to_file_path().unwrap();
            prop_assert!(lexical(&path).starts_with("/srv/public"), "{uri} -> {path:?}");
        }
    }
}
