use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use AddressPolicy::{Anywhere, NotThisHost};

const ON_THIS_MACHINE: &str = "the name leads to this machine or its link only";

impl ReqwestTransport {
    fn with_proxies(proxies: Matcher) -> Self {
        let transport = Self::default();
        transport.proxies.set(proxies).unwrap();
        transport
    }

    async fn get(
        &self,
        url: &str,
        addresses: AddressPolicy,
    ) -> Result<Response<Bytes>, FetchError> {
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = url.parse().unwrap();
        let limits = ExchangeLimits::new(1024, Duration::from_secs(5), addresses);
        at_last(self.exchange(request, limits)).await
    }

    async fn fails(&self, url: &str, addresses: AddressPolicy) -> String {
        self.get(url, addresses).await.unwrap_err().to_string()
    }
}

/// Fails instead of waiting for ever.
async fn at_last<T>(future: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(Duration::from_secs(10), future).await;
    waited.expect("nothing happens")
}

async fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// What the next connection sends first, up to an empty line if it is HTTP. It is then closed.
async fn first_bytes(listener: &TcpListener) -> Vec<u8> {
    let (mut stream, _) = at_last(listener.accept()).await.unwrap();
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") && bytes.first() != Some(&TLS_HANDSHAKE) {
        bytes.push(stream.read_u8().await.unwrap());
    }
    let answer = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n";
    stream.write_all(answer).await.unwrap();
    bytes
}

/// RFC 8446 section 5.1.
const TLS_HANDSHAKE: u8 = 22;

/// The guard is in the client: a name of this machine is refused before anything is sent.
#[tokio::test]
async fn field_s14_the_guard_of_addresses_is_wired_into_the_client() {
    let (listener, port) = listen().await;
    let transport = ReqwestTransport::with_proxies(Matcher::builder().build());
    let named = format!("https://localhost:{port}/keys");
    // Whichever client is made first, and again.
    for _ in 0..2 {
        let refused = transport.fails(&named, NotThisHost).await;
        assert!(refused.ends_with(ON_THIS_MACHINE), "{refused}");
        let (failed, sent) =
            tokio::join!(transport.fails(&named, Anywhere), first_bytes(&listener));
        assert_eq!(sent, [TLS_HANDSHAKE], "{failed}");
    }
    // Hosts that need no resolution, and http, which goes past TLS and proxies.
    for host in [
        "https://127.0.0.1",
        "https://127.8.8.8",
        "https://[::1]",
        "https://[::ffff:127.0.0.1]",
        "https://0.0.0.0",
        "https://169.254.169.254",
        "http://localhost",
        "http://127.0.0.1",
    ] {
        let url = format!("{host}:{port}/keys");
        let refused = transport.fails(&url, NotThisHost).await;
        let why = "failed: the host is this machine or on its link";
        let is_name = host == "http://localhost";
        let why = if is_name { ON_THIS_MACHINE } else { why };
        assert!(refused.ends_with(why), "{refused}");
    }
    let local = format!("http://localhost:{port}/keys");
    let (answer, sent) = tokio::join!(transport.get(&local, Anywhere), first_bytes(&listener));
    assert_eq!(answer.unwrap().status(), 502);
    assert!(sent.starts_with(b"GET /keys HTTP/1.1\r\n"));
    let waiting = tokio::time::timeout(Duration::ZERO, listener.accept()).await;
    assert!(waiting.is_err(), "a refused request has connected");
}

#[tokio::test]
async fn field_s04_a_proxy_may_be_on_this_machine_and_is_named_when_it_fails() {
    let (listener, port) = listen().await;
    let proxy = format!("http://user:secret@localhost:{port}");
    let proxies = Matcher::builder().https(proxy).no("localhost").build();
    let transport = ReqwestTransport::with_proxies(proxies);
    for addresses in [NotThisHost, Anywhere] {
        let (error, sent) = tokio::join!(
            transport.fails("https://idp.test/keys", addresses),
            first_bytes(&listener)
        );
        let sent = String::from_utf8(sent).unwrap().to_lowercase();
        assert!(sent.starts_with("connect idp.test:443 http/1.1"), "{sent}");
        assert!(sent.contains("proxy-authorization: basic "), "{sent}");
        let told = format!(
            "GET https://idp.test/keys through the proxy http://localhost:{port}/ failed: "
        );
        assert!(error.starts_with(&told), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
    // The same name as a target, past the proxy: judged as any other.
    let target = format!("https://localhost:{port}/keys");
    let refused = transport.fails(&target, NotThisHost).await;
    assert!(refused.ends_with(ON_THIS_MACHINE), "{refused}");
    assert!(!refused.contains("proxy"), "{refused}");
    drop(listener);
    let error = transport.fails("https://idp.test/keys", NotThisHost).await;
    assert!(
        error.contains("through the proxy http://localhost:"),
        "{error}"
    );
}

/// Gives this answer to the next request.
async fn serve(listener: &TcpListener, answer: &str) {
    let (mut stream, _) = at_last(listener.accept()).await.unwrap();
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.unwrap());
    }
    // The client may hang up when it has read enough.
    let _ = stream.write_all(answer.as_bytes()).await;
}

/// A connection that broke may be tried again. What came over it whole but cannot be read is the
/// same the next time.
#[tokio::test]
async fn field_s14_which_failures_are_of_the_connection() {
    let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n";
    let rows = [
        ("whole", format!("{head}\r\nfour"), None),
        ("closed without an answer", String::new(), Some(true)),
        (
            "closed within the body",
            format!("{head}\r\nfo"),
            Some(true),
        ),
        (
            "closed within a compressed body",
            format!("{head}Content-Encoding: gzip\r\n\r\n"),
            Some(true),
        ),
        (
            "no gzip",
            format!("{head}Content-Encoding: gzip\r\n\r\nfour"),
            Some(false),
        ),
    ];
    let (listener, port) = listen().await;
    let transport = ReqwestTransport::with_proxies(Matcher::builder().build());
    let url = format!("http://localhost:{port}/keys");
    for (name, answer, want) in rows {
        let serve = serve(&listener, &answer);
        let (got, ()) = tokio::join!(transport.get(&url, Anywhere), serve);
        let got = got.err().map(|error| error.is_connection());
        assert_eq!(got, want, "{name}");
    }
}

/// A body may be as long as the limit, and not longer. Without a length it is counted as it comes.
#[tokio::test]
async fn field_s14_a_body_may_be_as_long_as_the_limit() {
    let (listener, port) = listen().await;
    let transport = ReqwestTransport::with_proxies(Matcher::builder().build());
    let url = format!("http://localhost:{port}/keys");
    for (length, want) in [(1023, true), (1024, true), (1025, false)] {
        for names_its_length in [true, false] {
            let named = match names_its_length {
                true => format!("Content-Length: {length}\r\n"),
                false => String::new(),
            };
            let body = "x".repeat(length);
            let answer = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{named}\r\n{body}");
            let serve = serve(&listener, &answer);
            let (got, ()) = tokio::join!(transport.get(&url, Anywhere), serve);
            let told = got.as_ref().err().map(ToString::to_string);
            assert_eq!(got.is_ok(), want, "{length} {names_its_length} {told:?}");
        }
    }
}

/// What stays on this machine needs neither a proxy nor TLS.
#[test]
fn only_plain_http_of_the_configuration_is_local() {
    for (url, addresses, is_ours) in [
        ("http://127.0.0.1:8080/", Anywhere, true),
        ("http://localhost/", Anywhere, true),
        ("http://[::1]/", Anywhere, true),
        ("https://127.0.0.1:8080/", Anywhere, false),
        ("http://idp.example/", Anywhere, false),
        ("http://127.0.0.1.example/", Anywhere, false),
        // A document of an issuer leads nobody there.
        ("http://127.0.0.1:8080/", NotThisHost, false),
    ] {
        let parsed = Url::parse(url).unwrap();
        assert_eq!(is_local(&parsed, addresses), is_ours, "{url} {addresses:?}");
    }
}
