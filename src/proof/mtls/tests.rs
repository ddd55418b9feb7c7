#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod properties;

use std::net::{IpAddr, SocketAddr};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::HeaderValue;
use proptest::prelude::*;

use super::CertificateFormat::*;
use super::*;
use crate::limits::MAX_CERTIFICATE_BYTES;

const NAME: HeaderName = HeaderName::from_static("client-cert");

/// What the source makes of the lines of its header, whoever sent them.
fn read(format: CertificateFormat, lines: &[&str]) -> Option<[u8; 32]> {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(NAME, HeaderValue::from_str(line).unwrap());
    }
    let source = CertificateSource::header(NAME, format, TrustedPeers::Any);
    source.thumbprint(&headers, &Extensions::new())
}

/// Each value differs in one thing from the one that is accepted.
fn refuses(format: CertificateFormat, accepted: &str, rows: &[(&str, String)]) {
    assert_eq!(read(format, &[accepted]), Some(client_hash()), "{accepted}");
    for (what, value) in rows {
        assert_ne!(value, accepted, "{what}");
        assert_eq!(read(format, &[value]), None, "{format:?}: {what}");
    }
    assert_eq!(read(format, &[accepted, accepted]), None, "two lines");
    assert_eq!(read(format, &[accepted, ""]), None, "an empty second line");
    assert_eq!(read(format, &["", accepted]), None, "an empty first line");
    assert_eq!(read(format, &[""]), None, "an empty line");
    assert_eq!(read(format, &[]), None, "no line");
}

fn client_hash() -> [u8; 32] {
    encoding::sha256_of_hex(CLIENT_HASH.as_bytes()).unwrap()
}

fn client_der() -> Vec<u8> {
    STANDARD.decode(CLIENT).unwrap()
}

fn rfc9440() -> String {
    format!(":{CLIENT}:")
}

/// ALB leaves `+`, `=` and `/` as they are.
fn alb() -> String {
    let alb = NGINX.replace("%2B", "+").replace("%2F", "/");
    alb.replace("%3D", "=")
}

/// Envoy with `set_current_client_cert_details` for `cert` and `subject`.
fn envoy() -> String {
    format!(
        r#"By=spiffe://proxy/ns;Hash={CLIENT_HASH};Cert="{NGINX}";Subject="O=A \"b\"\; c\, d=e,CN=client";URI=spiffe://client/a;DNS=a.example;DNS=b.example"#
    )
}

fn other_hash() -> String {
    CLIENT_HASH.replacen('7', "8", 1)
}

fn peers(entries: &[&str]) -> TrustedPeers {
    TrustedPeers::parse(entries).unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn certificate_of_rfc_8705() {
    let der = STANDARD.decode(RFC_8705).unwrap();
    let mut extensions = Extensions::new();
    extensions.insert(ClientCertificate::from_der(&der));
    let thumbprint = CertificateSource::Extension.thumbprint(&HeaderMap::new(), &extensions);
    let text = URL_SAFE_NO_PAD.encode(thumbprint.unwrap());
    assert_eq!(text, RFC_8705_THUMBPRINT);
    assert_eq!(read(Rfc9440, &[&format!(":{RFC_8705}:")]), thumbprint);
    // C06: the hash of the PEM text is another one.
    extensions.insert(ClientCertificate::from_der(RFC_8705.as_bytes()));
    let of_text = CertificateSource::Extension.thumbprint(&HeaderMap::new(), &extensions);
    assert_ne!(of_text, thumbprint);
}

#[test]
fn certificate_is_not_in_debug_output() {
    let certificate = ClientCertificate::from_der(b"der");
    assert_eq!(format!("{certificate:?}"), "ClientCertificate(..)");
}

/// C10, and the reverse: the one source that is configured counts alone.
#[test]
fn certificate_of_another_source_does_not_count() {
    let mut headers = HeaderMap::new();
    headers.insert(NAME, HeaderValue::from_str(&rfc9440()).unwrap());
    let mut extensions = Extensions::new();
    extensions.insert(ClientCertificate::from_der(&client_der()));
    let tls = CertificateSource::Extension;
    let header = CertificateSource::header(NAME, Rfc9440, TrustedPeers::Any);
    let (no_header, no_extension) = (HeaderMap::new(), Extensions::new());
    assert_eq!(tls.thumbprint(&headers, &no_extension), None);
    assert_eq!(tls.thumbprint(&no_header, &extensions), Some(client_hash()));
    assert_eq!(header.thumbprint(&no_header, &extensions), None);
    let counted = header.thumbprint(&headers, &no_extension);
    assert_eq!(counted, Some(client_hash()));
    // C16.
    let mut chain = HeaderMap::new();
    chain.insert("client-cert-chain", headers.remove(NAME).unwrap());
    assert_eq!(header.thumbprint(&chain, &no_extension), None);
    assert_eq!(tls.header_to_remove(&no_extension), None);
}

/// Both an issuer and a proxy that hash a certificate which is not there come to this value.
#[test]
fn certificate_that_is_not_there_has_no_hash() {
    let mut extensions = Extensions::new();
    extensions.insert(ClientCertificate::from_der(b""));
    let source = CertificateSource::Extension;
    assert_eq!(source.thumbprint(&HeaderMap::new(), &extensions), None);
    assert_eq!(sha256(&[]), HASH_OF_NOTHING);
    let hex: String = HASH_OF_NOTHING.map(|octet| format!("{octet:02x}")).concat();
    assert_eq!(read(Sha256Hex, &[&hex]), None);
    assert_eq!(read(Rfc9440, &["::"]), None);
}

#[test]
fn certificate_as_rfc_9440_says() {
    let value = rfc9440();
    let row = |what, value: String| (what, value);
    refuses(
        Rfc9440,
        &value,
        &[
            row("a list of two", format!("{value}, {value}")),
            row("a list with an empty end", format!("{value},")),
            row("a parameter", format!("{value};a=1")),
            row("a parameter without value", format!("{value};a")),
            row("no colons", CLIENT.to_owned()),
            row("no first colon", format!("{CLIENT}:")),
            row("no last colon", format!(":{CLIENT}")),
            row("one colon", ":".to_owned()),
            row("quotes for colons", format!("\"{CLIENT}\"")),
            row("base64url", value.replace('+', "-").replace('/', "_")),
            row("a space inside", value.replacen('+', " ", 1)),
            row("a character cut", value.replacen("MII", "MI", 1)),
            row("padding inside", value.replacen("MII", "M==", 1)),
            row("too much padding", format!(":{CLIENT}==:")),
            row("PEM", NGINX.to_owned()),
        ],
    );
    let hash = Some(client_hash());
    // RFC 9651 §4.2.7: a parser should not fail for padding that is absent.
    let unpadded = format!(":{}:", CLIENT.trim_end_matches('='));
    assert_eq!(read(Rfc9440, &[&unpadded]), hash);
    // W19.
    assert_eq!(read(Rfc9440, &[&format!("  {value} ")]), hash);
}

#[test]
fn certificate_as_nginx_and_alb_write_it() {
    let row = |what, value: String| (what, value);
    let hash = Some(client_hash());
    for accepted in [NGINX, &alb()] {
        let end = "-----END%20CERTIFICATE-----";
        refuses(
            PemEscaped,
            accepted,
            &[
                row("two certificates", format!("{accepted}{accepted}")),
                row("text before", format!("subject%3Dx%0A{accepted}")),
                row("a space before", format!("%20{accepted}")),
                row("text behind", format!("{accepted}x")),
                row("a space behind", format!("{accepted}%20")),
                row("no end line", accepted.replace(end, "")),
                row(
                    "a cut end line",
                    accepted.replace("CATE-----%0A", "CATE----"),
                ),
                row("no begin line", accepted.replace("-----BEGIN", "")),
                row("another label", accepted.replace("20CERT", "20X509%20CERT")),
                row("lower case", accepted.to_ascii_lowercase()),
                row("a plus that is a space", alb().replacen('+', "%20", 1)),
                row("a space for a plus", alb().replacen('+', " ", 1)),
                row("an escape cut short", format!("{accepted}%0")),
                row("no escape", format!("{accepted}%")),
                row("no hexadecimal", accepted.replacen("%0A", "%0G", 1)),
                row("escaped twice", accepted.replace('%', "%25")),
                row("base64 alone", CLIENT.to_owned()),
            ],
        );
    }
    for value in [
        NGINX.replace("%0A", "%0D%0A"),
        NGINX.replace("%0A", "%0a"),
        NGINX.replace("-----%0A", "-----"),
    ] {
        assert_eq!(read(PemEscaped, &[&value]), hash, "{value}");
    }
}

#[test]
fn certificate_that_is_the_first_of_a_chain() {
    let row = |what, value: String| (what, value);
    let ca = format!("-----BEGIN%20CERTIFICATE-----%0A{RFC_8705}%0A-----END%20CERTIFICATE-----%0A");
    let chain = format!("{}{ca}{ca}", alb());
    refuses(
        PemEscapedChain,
        &chain,
        &[
            row("text behind the first", format!("{}x{ca}", alb())),
            row("text behind the last", format!("{chain}x")),
            row("text in front", format!("x{chain}")),
            row(
                "the second cut short",
                format!("{}{}", alb(), ca.replace("-----END", "")),
            ),
            row(
                "the second is no base64",
                format!("{}{}", alb(), ca.replace("MIIB", "!!!!")),
            ),
        ],
    );
    let other = format!("{ca}{}", alb());
    let read_other = read(PemEscapedChain, &[&other]);
    assert!(read_other.is_some());
    assert!(read_other != Some(client_hash()));
    assert_eq!(read(PemEscapedChain, &[&alb()]), Some(client_hash()));
    assert_eq!(read(PemEscaped, &[&chain]), None, "by its name only");
}

#[test]
fn certificate_as_traefik_writes_it() {
    let row = |what, value: String| (what, value);
    refuses(
        DerBase64,
        CLIENT,
        &[
            row("a chain", format!("{CLIENT},{RFC_8705}")),
            row("a comma at the end", format!("{CLIENT},")),
            row("escaped, as before 2.9.4", CLIENT.replace('+', "%2B")),
            row("RFC 9440", rfc9440()),
            row("PEM", alb()),
        ],
    );
}

#[test]
fn certificate_as_haproxy_hashes_it() {
    let row = |what, value: String| (what, value);
    for accepted in [HAPROXY, CLIENT_HASH] {
        refuses(
            Sha256Hex,
            accepted,
            &[
                row("63 digits", accepted.chars().skip(1).collect()),
                row("65 digits", format!("{accepted}0")),
                row("66 digits", format!("{accepted}00")),
                row("no digit", accepted.replacen('3', "g", 1)),
                row("a prefix", format!("0x{accepted}")),
                row("colons", accepted.replacen("3D", "3:D", 1) + ":"),
                row("base64url", URL_SAFE_NO_PAD.encode(client_hash())),
            ],
        );
    }
}

/// W20, C17 to C19.
#[test]
fn certificate_as_envoy_writes_it() {
    let value = envoy();
    let row = |what, value: String| (what, value);
    let hash = format!("Hash={CLIENT_HASH}");
    let cert = format!("Cert=\"{NGINX}\"");
    let other_cert = format!("Cert=\"{}\"", NGINX.replacen("MII", "MIJ", 1));
    let other = format!("Hash={}", other_hash());
    refuses(
        Xfcc,
        &value,
        &[
            row("the same element twice", format!("{value},{value}")),
            row("another element in front", format!("{other},{value}")),
            row("another element behind", format!("{value},{other}")),
            row("an element without either", format!("{value},By=x")),
            row("a comma at the end", format!("{value},")),
            row("a comma in front", format!(",{value}")),
            row("a semicolon at the end", format!("{value};")),
            row("another certificate", value.replace(&cert, &other_cert)),
            row("another hash", value.replace(&hash, &other)),
            row("63 digits", value.replace(&hash, &hash[..68])),
            row("65 digits", value.replace(&hash, &format!("{hash}0"))),
            row(
                "the hash twice",
                value.replace(&hash, &format!("{hash};{hash}")),
            ),
            row(
                "the hash twice in another case",
                format!("{value};hash={CLIENT_HASH}"),
            ),
            row("another hash from a URI", format!("{value};{other}")),
            row("an empty hash", value.replace(&hash, "Hash=")),
            row("the certificate twice", format!("{value};{cert}")),
            row(
                "two in the certificate",
                value.replace(NGINX, &format!("{NGINX}{NGINX}")),
            ),
            row("an empty certificate", value.replace(NGINX, "")),
            row("no closing quote", value.replace("client\"", "client")),
            row(
                "text behind a quote",
                value.replace("client\"", "client\"x"),
            ),
            row("a quote in a value", value.replace("By=", "By=a\"b\"")),
            row("a pair without name", value.replace("By=", "=")),
            row("a pair without value", value.replace("By=", "By")),
            row("an empty pair", value.replace("By=", ";By=")),
            row(
                "a space in front of a name",
                value.replace(";Hash", "; Hash"),
            ),
            row("neither", value.replace(&hash, "a=b").replace(&cert, "c=d")),
            row(
                "a hash inside a quoted subject",
                format!("Subject=\"CN=a;{hash};\";By=x"),
            ),
        ],
    );
    for accepted in [
        hash.clone(),
        cert.clone(),
        format!("{hash};{cert}"),
        format!("{cert};{hash}"),
        format!("HASH={HAPROXY};cErT=\"{NGINX}\""),
        format!("Hash=\"{CLIENT_HASH}\";Subject=\"\";URI="),
        format!("Cert={NGINX}"),
        // A backslash at the end of a subject, which RFC 4514 §2.4 escapes.
        format!(r#"Subject="CN=a\\";{hash}"#),
        format!(r#"{hash};Subject="CN=a, {other};Cert=\"\"""#),
        format!("{hash};URI=https://a.example/?b=c"),
    ] {
        assert_eq!(read(Xfcc, &[&accepted]), Some(client_hash()), "{accepted}");
    }
}

/// C21, and the limit of the certificate.
#[test]
fn certificate_within_the_limits() {
    let value = rfc9440();
    let spaces = MAX_CERTIFICATE_HEADER_BYTES - value.len();
    let longest = format!("{value}{}", " ".repeat(spaces));
    assert_eq!(read(Rfc9440, &[&longest]), Some(client_hash()));
    assert_eq!(read(Rfc9440, &[&format!("{longest} ")]), None);
    for (bytes, is_read) in [
        (MAX_CERTIFICATE_BYTES, true),
        (MAX_CERTIFICATE_BYTES + 1, false),
    ] {
        let text = STANDARD.encode(vec![1; bytes]);
        let pem = format!("-----BEGIN CERTIFICATE-----{text}-----END CERTIFICATE-----");
        for (format, value) in [
            (DerBase64, text.clone()),
            (PemEscaped, pem.clone()),
            (PemEscapedChain, pem.clone()),
            (Rfc9440, format!(":{text}:")),
            (Xfcc, format!("Cert=\"{pem}\"")),
        ] {
            assert_eq!(read(format, &[&value]).is_some(), is_read, "{format:?}");
        }
    }
}

/// C11 to C13: what counts is the other end of the connection.
#[test]
fn certificate_counts_from_trusted_peers_only() {
    let mut headers = HeaderMap::new();
    headers.insert(NAME, HeaderValue::from_str(&rfc9440()).unwrap());
    headers.insert("x-forwarded-for", HeaderValue::from_static("10.1.2.3"));
    headers.insert("forwarded", HeaderValue::from_static("for=10.1.2.3"));
    let source = |peers| CertificateSource::header(NAME, Rfc9440, peers);
    let listed = source(peers(&["10.0.0.0/8", "::1", "2001:db8:8000::/33"]));
    let counts = |source: &CertificateSource, peer: Option<PeerAddress>| {
        let mut extensions = Extensions::new();
        if let Some(peer) = peer {
            extensions.insert(peer);
        }
        let counts = source.thumbprint(&headers, &extensions) == Some(client_hash());
        let removed = source.header_to_remove(&extensions);
        assert_eq!(removed, (!counts).then_some(&NAME), "{peer:?}");
        counts
    };
    let from = |text: &str| Some(PeerAddress::from(ip(text)));
    for (peer, is_trusted) in [
        (from("10.0.0.0"), true),
        (from("10.255.255.255"), true),
        (from("9.255.255.255"), false),
        (from("11.0.0.0"), false),
        (from("::ffff:10.1.2.3"), true),
        (from("::ffff:11.1.2.3"), false),
        // IPv4-compatible, not an IPv4 address in IPv6 form.
        (from("::10.1.2.3"), false),
        (from("::1"), true),
        (from("::2"), false),
        (from("127.0.0.1"), false),
        (from("2001:db8:8000::1"), true),
        (from("2001:db8:7fff::1"), false),
        (Some(PeerAddress::UNIX), false),
        (None, false),
    ] {
        assert_eq!(counts(&listed, peer), is_trusted, "{peer:?}");
    }
    let socket: SocketAddr = "[::ffff:10.1.2.3]:5".parse().unwrap();
    assert!(counts(&listed, Some(socket.into())));
    let unix = source(peers(&["unix"]));
    assert!(counts(&unix, Some(PeerAddress::UNIX)));
    assert!(!counts(&unix, from("10.1.2.3")));
    assert!(counts(&source(TrustedPeers::Any), None));
    // An IPv6 network does not contain IPv4 addresses, and a mapped one contains only them.
    let mapped = source(peers(&["::ffff:10.0.0.0/104", "8000::/1"]));
    assert!(counts(&mapped, from("10.1.2.3")));
    assert!(!counts(&mapped, from("192.0.2.1")));
    assert!(!counts(&source(peers(&["::/1"])), from("10.1.2.3")));
    let one = source(peers(&["::ffff:10.1.2.3"]));
    assert!(counts(&one, from("10.1.2.3")));
    assert!(!counts(&one, from("10.1.2.4")));
}

#[cfg(feature = "tracing")]
#[test]
fn certificate_without_a_peer_address_is_reported_once() {
    use std::io;
    use std::sync::Mutex;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Log {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl io::Write for Log {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(text)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .finish();
    let events = || log.text().matches("peer_address_missing").count();
    let mut headers = HeaderMap::new();
    let source = CertificateSource::header(NAME, Rfc9440, peers(&["10.0.0.0/8"]));
    let mut stranger = Extensions::new();
    stranger.insert(PeerAddress::from(ip("11.0.0.1")));
    tracing::subscriber::with_default(subscriber, || {
        assert_eq!(source.thumbprint(&headers, &Extensions::new()), None);
        headers.insert(NAME, HeaderValue::from_str(&rfc9440()).unwrap());
        assert_eq!(source.thumbprint(&headers, &stranger), None);
        assert_eq!(events(), 0);
        for _ in 0..3 {
            let copy = source.clone();
            assert_eq!(copy.thumbprint(&headers, &Extensions::new()), None);
        }
    });
    assert_eq!(events(), 1);
    let log = log.text();
    assert!(
        log.contains("ERROR") && log.contains("client-cert"),
        "{log}"
    );
    assert!(!log.contains(CLIENT), "{log}");
}

#[test]
fn trusted_peers_say_what_is_wrong() {
    let network = "is no network: write one such as 10.0.0.0/8, an address, or unix; host names are not resolved";
    let any = "is every address: list the networks of your proxies, or use danger_trust_any_peer";
    let bits = "has bits set after its prefix: write the first address of the network, or for one host the address alone";
    let long = "has a prefix that is longer than the address: write at most /32 for IPv4 and /128 for IPv6";
    for (refused, text, accepted) in [
        ("10.0.0.0/33", long, "10.0.0.0/32"),
        ("::1/129", long, "::1/128"),
        ("10.0.0.0/4294967296", network, "10.0.0.0/8"),
        ("10.0.0.1/8", bits, "10.0.0.1"),
        ("10.128.0.0/8", bits, "10.128.0.0/9"),
        ("2001:db8::1/32", bits, "2001:db8::/32"),
        ("::ffff:10.0.0.1/104", bits, "::ffff:10.0.0.0/104"),
        ("0.0.0.0/0", any, "0.0.0.0/1"),
        ("10.0.0.0/0", any, "10.0.0.0/8"),
        ("::/0", any, "::/1"),
        ("::ffff:0.0.0.0/96", any, "::ffff:0.0.0.0/97"),
        ("10.0.0.0/", network, "10.0.0.0/8"),
        ("10.0.0.0/+8", network, "10.0.0.0/8"),
        ("10.0.0.0/ 8", network, "10.0.0.0/8"),
        (" 10.0.0.0/8", network, "10.0.0.0/8"),
        ("10.0.0.0/255.0.0.0", network, "10.0.0.0/8"),
        ("010.0.0.0/8", network, "10.0.0.0/8"),
        ("10.0.0/8", network, "10.0.0.0/8"),
        ("10.0.0.1:80", network, "10.0.0.1"),
        ("[::1]", network, "::1"),
        ("fe80::1%eth0", network, "fe80::1"),
        ("localhost", network, "127.0.0.1"),
        ("Unix", network, "unix"),
        ("", network, "::1"),
    ] {
        // One bad entry spoils the list, wherever it stands.
        let error = TrustedPeers::parse(&["192.0.2.1", refused, "::1"]).unwrap_err();
        assert_eq!(error.to_string(), format!("{refused:?} {text}"));
        let list = TrustedPeers::parse(&["192.0.2.1", accepted, "::1"]);
        assert!(list.is_ok(), "{accepted}: {list:?}");
    }
}

const FORMATS: [CertificateFormat; 6] = [
    DerBase64,
    PemEscaped,
    PemEscapedChain,
    Rfc9440,
    Sha256Hex,
    Xfcc,
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn certificate_of_any_octets_does_not_panic(value in proptest::collection::vec(any::<u8>(), 0..200)) {
        for format in FORMATS {
            let _ = format.thumbprint(&value);
        }
    }

    /// A change of what a proxy wrote may be refused, and never counts as another certificate of
    /// the formats that carry the hash.
    #[test]
    fn certificate_with_one_octet_changed(at in 0..2_000_usize, octet in any::<u8>()) {
        let samples = [CLIENT.to_owned(), NGINX.to_owned(), alb(), rfc9440(), HAPROXY.to_owned(), envoy()];
        for (format, sample) in FORMATS.into_iter().zip(samples) {
            let mut value = sample.into_bytes();
            let at = at % value.len();
            value[at] = octet;
            let read = format.thumbprint(&value);
            if format == Xfcc {
                prop_assert!(read.is_none() || read == Some(client_hash()));
            }
        }
    }
}

/// `O=A "b"; c, d=e, CN=client`, self-signed. The key was thrown away.
const CLIENT: &str = "MIIBpzCCAUygAwIBAgIUe/YMfzeoYxJ9tHN61thy3Jwx6WUwCgYIKoZIzj0EAwIwKTEPMA0GA1UEAwwGY2xpZW50\
     MRYwFAYDVQQKDA1BICJiIjsgYywgZD1lMCAXDTI2MTEyNzIwNDYzMFoYDzIxMjYxMTAzMjA0NjMwWjApMQ8wDQYD\
     VQQDDAZjbGllbnQxFjAUBgNVBAoMDUEgImIiOyBjLCBkPWUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQkz0lQ\
     0lS8zTKZvGkjUbu2I0e8ju+LcuOeTy0bG440BzqYynUhmgljqNfUWU/RxJJX59Ased0m+EAlN/BACV1Vo1AwTjAd\
     BgNVHQ4EFgQU1koTtHzz7bXFskxN8VKhwZGSquowHwYDVR0jBBgwFoAU1koTtHzz7bXFskxN8VKhwZGSquowDAYD\
     VR0TAQH/BAIwADAKBggqhkjOPQQDAgNJADBGAiEA2puncW20D94ki7kPoiG8Cz/irXIRBGMyApCs+7FaxgICIQDW\
     172hgUPpHDsWizZMblwDStgjVY23ypJ2H4YbDJAseQ==";

/// Its SHA-256 hash, as openssl says.
const CLIENT_HASH: &str = "7eaad3d54520ca564b8396b2d6bdf7c8e5f970292a07a19321d7f4dbe65b44ac";

/// RFC 8705, Appendix A: the certificate, self-signed and expired, and its `x5t#S256`.
const RFC_8705: &str = "MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAxODEyMzcwOVoXDTIyMDUwMjEy\
     MzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C\
     7HKW9OylMbnQZjjJ/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwIDSQAwRgIh\
     AP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOVbUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L\
     +SY=";
const RFC_8705_THUMBPRINT: &str = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0";

/// What nginx 1.22 sends for the same with `proxy_set_header Client-Cert $ssl_client_escaped_cert`.
const NGINX: &str = "-----BEGIN%20CERTIFICATE-----%0AMIIBpzCCAUygAwIBAgIUe%2FYMfzeoYxJ9tHN61thy3Jwx6WUwCgYIKo\
     ZIzj0EAwIw%0AKTEPMA0GA1UEAwwGY2xpZW50MRYwFAYDVQQKDA1BICJiIjsgYywgZD1lMCAXDTI2%0AMTEyNzIw\
     NDYzMFoYDzIxMjYxMTAzMjA0NjMwWjApMQ8wDQYDVQQDDAZjbGllbnQx%0AFjAUBgNVBAoMDUEgImIiOyBjLCBkP\
     WUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC%0AAAQkz0lQ0lS8zTKZvGkjUbu2I0e8ju%2BLcuOeTy0bG440BzqY\
     ynUhmgljqNfUWU%2FR%0AxJJX59Ased0m%2BEAlN%2FBACV1Vo1AwTjAdBgNVHQ4EFgQU1koTtHzz7bXFskxN8VK\
     h%0AwZGSquowHwYDVR0jBBgwFoAU1koTtHzz7bXFskxN8VKhwZGSquowDAYDVR0TAQH%2F%0ABAIwADAKBggqhkj\
     OPQQDAgNJADBGAiEA2puncW20D94ki7kPoiG8Cz%2FirXIRBGMy%0AApCs%2B7FaxgICIQDW172hgUPpHDsWizZM\
     blwDStgjVY23ypJ2H4YbDJAseQ%3D%3D%0A-----END%20CERTIFICATE-----%0A";

/// What HAProxy 2.6 sends for `%[ssl_c_der,sha2(256),hex]`.
const HAPROXY: &str = "7EAAD3D54520CA564B8396B2D6BDF7C8E5F970292A07A19321D7F4DBE65B44AC";
