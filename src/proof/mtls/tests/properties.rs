//! Whatever a header holds: what is read from it is a certificate that somebody has written there.

use super::*;

/// What somebody makes of a certificate, in a format, with what the format leaves open.
fn written(format: CertificateFormat, der: &[u8], line: usize, breaks: &str, all: bool) -> String {
    let text = STANDARD.encode(der);
    let pem = || {
        let lines: Vec<_> = text.as_bytes().chunks(line).collect();
        let lines = lines.iter().map(|line| String::from_utf8_lossy(line));
        let body = lines.collect::<Vec<_>>().join(breaks);
        let pem = format!(
            "-----BEGIN CERTIFICATE-----{breaks}{body}{breaks}-----END CERTIFICATE-----{breaks}"
        );
        escaped(&pem, all)
    };
    match format {
        DerBase64 => text,
        PemEscaped | PemEscapedChain => pem(),
        Rfc9440 => format!(":{text}:"),
        Sha256Hex => hex(der),
        Xfcc => format!("By=spiffe://a;Cert=\"{}\";Hash={}", pem(), hex(der)),
    }
}

/// Percent-encoded: what must be, or every octet.
fn escaped(text: &str, all: bool) -> String {
    let must_be = |octet: u8| all || matches!(octet, b' ' | b'\r' | b'\n' | b'%');
    let octets = text.bytes().map(|octet| match must_be(octet) {
        true => format!("%{octet:02X}"),
        false => char::from(octet).to_string(),
    });
    octets.collect()
}

fn hex(der: &[u8]) -> String {
    sha256(&[der]).map(|octet| format!("{octet:02x}")).concat()
}

/// Two certificates whose base64 ends with padding, so that no two texts make a third.
const ONE: &[u8] = b"one certificate!";
const OTHER: &[u8] = b"other certificate";

/// What headers with certificates are made of. No digits of a hash alone: they are base64 too, of
/// something else.
fn pieces() -> impl Strategy<Value = String> {
    let (one, other) = (STANDARD.encode(ONE), STANDARD.encode(OTHER));
    let pem =
        |text: &str| format!("-----BEGIN%20CERTIFICATE-----{text}-----END%20CERTIFICATE-----");
    let whole = [pem(&one), pem(&other)];
    let named = [
        format!("Hash={}", hex(ONE)),
        format!("hash={}", hex(OTHER)),
        format!("Cert=\"{}\"", pem(&one)),
        format!("cert={}", pem(&other)),
        "URI=a".to_owned(),
    ];
    let marks = [
        ":",
        ";",
        ",",
        "\"",
        "\\",
        "=",
        "%0A",
        "%22",
        "%3D",
        "%",
        "\n",
        " ",
        "Hash=",
        "Cert=",
        "Subject=\"",
        "-----BEGIN CERTIFICATE-----",
        "-----END CERTIFICATE-----",
        "-----BEGIN",
    ];
    let all = [one, other].into_iter().chain(whole).chain(named);
    let all: Vec<_> = all.chain(marks.map(ToOwned::to_owned)).collect();
    let piece = proptest::sample::select(all);
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4_000) })]

    #[test]
    fn certificate_that_is_written_is_read(
        der in proptest::collection::vec(any::<u8>(), 1..300),
        line in 1..100_usize,
        breaks in proptest::sample::select(vec!["", "\n", "\r\n"]),
        all in any::<bool>(),
    ) {
        for format in FORMATS {
            let value = written(format, &der, line, breaks, all);
            prop_assert_eq!(format.thumbprint(value.as_bytes()), Some(sha256(&[&der])), "{}", value);
        }
    }

    /// Never a third certificate, and never one of two where only one may be.
    #[test]
    fn certificate_that_is_read_was_written(value in pieces()) {
        for format in FORMATS {
            // Of what is empty, the source makes nothing.
            let read = format.thumbprint(value.as_bytes());
            let Some(read) = read.filter(|read| *read != HASH_OF_NOTHING) else {
                continue;
            };
            let certificates = [ONE, OTHER].map(|der| {
                let mentions = [STANDARD.encode(der), hex(der)];
                let first = mentions.iter().filter_map(|it| value.find(it.as_str())).min();
                (first, sha256(&[der]))
            });
            let mut mentioned: Vec<_> = certificates
                .iter()
                .filter_map(|(first, hash)| Some(((*first)?, hash)))
                .collect();
            mentioned.sort_unstable();
            prop_assert!(mentioned.iter().any(|(_, hash)| **hash == read), "{format:?} {value}");
            match format {
                // Of a chain the first, and beside a quoted subject anything.
                PemEscapedChain => prop_assert_eq!(*mentioned[0].1, read, "{}", value),
                Xfcc => {}
                _ => prop_assert_eq!(mentioned.len(), 1, "{:?} {}", format, value),
            }
        }
    }

    /// Two elements of Envoy's header are never one, whatever stands in them.
    #[test]
    fn certificate_of_two_elements_is_none(one in pieces(), other in pieces()) {
        let reads = |value: &str| Xfcc.thumbprint(value.as_bytes()).is_some();
        if reads(&one) && reads(&other) {
            prop_assert!(!reads(&format!("{one},{other}")), "{one} and {other}");
        }
    }
}
