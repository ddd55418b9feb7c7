//! What proxies write into the header with the certificate.

use super::*;

#[tokio::test]
async fn pop_c15_c17_c18_c19_c20_c21_w19_w20_what_proxies_write() {
    let base64 = STANDARD.encode(CERTIFICATE);
    let own = format!(":{base64}:");
    let hex: String = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, CERTIFICATE)
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let pem = |der: &[u8]| {
        format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            STANDARD.encode(der)
        )
    };
    let escaped = |text: &str| {
        let bytes = text.bytes().map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        });
        bytes.collect::<String>()
    };
    let (one, other) = (escaped(&pem(CERTIFICATE)), escaped(&pem(OTHER)));
    // Its base64 has a plus.
    let with_plus = [0xfb; 30];
    let rows: Vec<(CertificateFormat, &str, String, bool)> = vec![
        (CertificateFormat::Rfc9440, "as it is", own.clone(), true),
        (
            CertificateFormat::Rfc9440,
            "w19 spaces",
            format!("  {own} "),
            true,
        ),
        (
            CertificateFormat::Rfc9440,
            "c15 two",
            format!("{own}, {own}"),
            false,
        ),
        (
            CertificateFormat::Rfc9440,
            "c15 a parameter",
            format!("{own};a=1"),
            false,
        ),
        (
            CertificateFormat::Rfc9440,
            "c15 no colons",
            base64.clone(),
            false,
        ),
        (
            CertificateFormat::Rfc9440,
            "c15 bad base64",
            ":!!!:".to_owned(),
            false,
        ),
        (
            CertificateFormat::Rfc9440,
            "c21 too long",
            format!(":{}:", "A".repeat(33 * 1024)),
            false,
        ),
        (
            CertificateFormat::Xfcc,
            "a hash",
            format!("Hash={hex}"),
            true,
        ),
        (
            CertificateFormat::Xfcc,
            "w20 more fields",
            format!("By=spiffe://a;Hash={hex};Subject=\"CN=a;b,c\";URI=spiffe://b"),
            true,
        ),
        (
            CertificateFormat::Xfcc,
            "a certificate",
            format!("Cert=\"{one}\""),
            true,
        ),
        (
            CertificateFormat::Xfcc,
            "both",
            format!("Hash={hex};Cert=\"{one}\""),
            true,
        ),
        (
            CertificateFormat::Xfcc,
            "c17 two",
            format!("Hash={hex},By=x;Hash={}", "0".repeat(64)),
            false,
        ),
        (
            CertificateFormat::Xfcc,
            "c17 two",
            format!("Hash={},Hash={hex}", "0".repeat(64)),
            false,
        ),
        (
            CertificateFormat::Xfcc,
            "c18 they differ",
            format!("Hash={hex};Cert=\"{other}\""),
            false,
        ),
        (
            CertificateFormat::Xfcc,
            "c19 63 digits",
            format!("Hash={}", &hex[1..]),
            false,
        ),
        (
            CertificateFormat::Xfcc,
            "c19 twice",
            format!("Hash={hex};Hash={hex}"),
            false,
        ),
        (
            CertificateFormat::Xfcc,
            "c19 quoted",
            format!("Subject=\"hash={hex}\""),
            false,
        ),
        (CertificateFormat::PemEscaped, "one", one.clone(), true),
        (
            CertificateFormat::PemEscaped,
            "c20 two",
            format!("{one}{other}"),
            false,
        ),
        (
            CertificateFormat::PemEscaped,
            "c20 text after it",
            format!("{one}x"),
            false,
        ),
        (
            CertificateFormat::PemEscaped,
            "c20 text before it",
            format!("x{one}"),
            false,
        ),
        (
            CertificateFormat::PemEscapedChain,
            "the first",
            format!("{one}{other}"),
            true,
        ),
        (
            CertificateFormat::PemEscapedChain,
            "another first",
            format!("{other}{one}"),
            false,
        ),
        (CertificateFormat::DerBase64, "base64", base64.clone(), true),
        (
            CertificateFormat::DerBase64,
            "two",
            format!("{base64},{base64}"),
            false,
        ),
        (CertificateFormat::Sha256Hex, "hex", hex.clone(), true),
        (
            CertificateFormat::Sha256Hex,
            "in capitals",
            hex.to_uppercase(),
            true,
        ),
        (
            CertificateFormat::Sha256Hex,
            "cut",
            hex[..63].to_owned(),
            false,
        ),
    ];
    for (format, what, text, good) in rows {
        let scene = bound(Scene::configured(|config| {
            config.mtls(Mtls::from_header("x-client", format, ["10.0.0.0/8"]))
        }));
        let request = bearer(&scene)
            .header("x-client", text)
            .body(Full::default())
            .unwrap();
        let what = format!("{format:?}: {what}");
        match good {
            true => drop(scene.accepts(&what, from_peer(request, "10.1.2.3")).await),
            false => refused(&scene, &what, from_peer(request, "10.1.2.3")).await,
        }
    }
    // Decoded as a form, the plus would be a space.
    let mut scene = Scene::configured(|config| {
        let format = CertificateFormat::PemEscaped;
        config.mtls(Mtls::from_header("x-client", format, ["10.0.0.0/8"]))
    });
    let cnf = json!({"x5t#S256": thumbprint(&with_plus)});
    scene.token = scene.issuer.mint(RESOURCE).claim("cnf", cnf).sign();
    let plus = escaped(&pem(&with_plus)).replace("%2B", "+");
    assert!(plus.contains('+'));
    for (what, text, good) in [
        ("c20 plus", plus.clone(), true),
        ("c20 a space", plus.replace('+', "%20"), false),
    ] {
        let request = bearer(&scene)
            .header("x-client", text)
            .body(Full::default())
            .unwrap();
        match good {
            true => drop(scene.accepts(what, from_peer(request, "10.1.2.3")).await),
            false => refused(&scene, what, from_peer(request, "10.1.2.3")).await,
        }
    }
}
