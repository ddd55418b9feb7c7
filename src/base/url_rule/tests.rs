use super::*;

#[test]
fn credentials_are_not_shown() {
    let shown = [
        "https://idp.example.com/",
        "https://idp.example.com:8443/tenant",
        "https://idp.example.com/@tenant",
        "https://[::1]/realms/a",
        "idp.example.com",
    ];
    for text in shown {
        assert_eq!(without_credentials(text), text);
    }
    let hidden = [
        "https://user:pw@idp.example.com/",
        "https://user@idp.example.com/",
        "https://user:12/pw@idp.example.com/",
        "https://user:/pw@idp.example.com/",
        "https://us/er:pw@idp.example.com/",
        "https://user:12?pw@idp.example.com/",
        "https://user:12#pw@idp.example.com/",
        "user:pw@idp.example.com",
        "user:pw//pw@idp.example.com",
    ];
    for text in hidden {
        assert_eq!(without_credentials(text), "(not shown)", "{text}");
    }
}

#[test]
fn table() {
    use UrlError::{Credentials, Fragment, Insecure, NotAbsolute, UnsafeInHeader};
    let cases = [
        ("https://idp.example.com/jwks", Ok(())),
        ("https://idp.example.com/jwks?v=1", Ok(())),
        ("http://127.0.0.1:9/jwks", Ok(())),
        ("http://127.8.8.8/jwks", Ok(())),
        ("http://[::1]:9/jwks", Ok(())),
        ("http://localhost/jwks", Ok(())),
        ("http://idp.example.com/jwks", Err(Insecure)),
        ("http://localhost.example.com/jwks", Err(Insecure)),
        ("http://evil.localhost/jwks", Err(Insecure)),
        ("http://127.0.0.1.nip.io/jwks", Err(Insecure)),
        ("https://user@idp.example.com/jwks", Err(Credentials)),
        ("https://idp.example.com/jwks#k", Err(Fragment)),
        ("file:///etc/passwd", Err(NotAbsolute)),
        ("idp.example.com", Err(NotAbsolute)),
        ("/jwks", Err(NotAbsolute)),
        ("", Err(NotAbsolute)),
        ("https:idp.example.com", Err(NotAbsolute)),
        ("https:///idp.example.com", Err(NotAbsolute)),
        (" https://idp.example.com", Err(UnsafeInHeader)),
        ("https://idp.exa\nmple.com", Err(UnsafeInHeader)),
        ("https:\\\\idp.example.com", Err(UnsafeInHeader)),
        ("https://idp.example.com/\"", Err(UnsafeInHeader)),
    ];
    for (text, want) in cases {
        assert_eq!(UrlRule::new(false).check(text).map(drop), want, "{text}");
    }
    assert!(
        UrlRule::new(true)
            .check("http://idp.example.com/jwks")
            .is_ok()
    );
}

#[test]
fn what_a_text_without_scheme_means() {
    for (text, want) in [
        ("tenant.auth0.com", Some("https://tenant.auth0.com")),
        ("//r.example/mcp", Some("https://r.example/mcp")),
        ("https:r.example/mcp", Some("https://r.example/mcp")),
        ("https:/r.example", Some("https://r.example")),
        ("https:///r.example", Some("https://r.example")),
        ("10.0.0.1:8443/x", Some("https://10.0.0.1:8443/x")),
        ("localhost:3000/mcp", Some("http://localhost:3000/mcp")),
        ("127.0.0.1/mcp", Some("http://127.0.0.1/mcp")),
        ("/mcp", None),
        ("/a.b/c", None),
        ("mcp", None),
        ("no url", None),
        ("spiffe://trust.example/x", None),
        ("trust.example://r.example", None),
        ("user@r.example", None),
        ("", None),
    ] {
        assert_eq!(with_scheme(text).as_deref(), want, "{text}");
    }
}

#[test]
fn a44_addresses() {
    for (address, internal) in [
        ("127.0.0.1", true),
        ("127.8.8.8", true),
        ("0.0.0.0", true),
        ("169.254.169.254", true),
        ("100.100.100.200", true),
        ("::1", true),
        ("::", true),
        ("fe80::1", true),
        ("fd00:ec2::254", true),
        ("::ffff:127.0.0.1", true),
        ("::ffff:169.254.169.254", true),
        ("10.0.0.1", false),
        ("192.168.1.1", false),
        ("203.0.113.1", false),
        ("2001:db8::1", false),
        ("fd00::1", false),
    ] {
        assert_eq!(is_internal(address.parse().unwrap()), internal, "{address}");
    }
}

#[test]
fn field_s10_metadata_services_of_clouds() {
    let rows = [
        // (internal, its neighbour that is not)
        ("fd20:ce::254", "fd20:ce::255"),
        ("fd00:ec2::254", "fd00:ec3::254"),
        ("fd00:ec2::23", "fd00:ec1::23"),
        ("fd00:ec2::1", "fd00::ec2"),
        ("fd00:42::42", "fd00:42::43"),
        ("fd00:c1::a9fe:a9fe", "fd00:c1::a9fe:a9ff"),
        ("fd00:a9fe:a9fe::1", "fd00:a9fe:a9fe::2"),
        ("fd00:100::100:200", "fd00:100::100:201"),
        ("192.0.0.192", "192.0.0.193"),
        ("168.63.129.16", "168.63.129.17"),
        ("100.100.100.200", "100.100.100.201"),
        // NAT64.
        ("64:ff9b::169.254.169.254", "64:ff9b::169.253.169.254"),
        ("64:ff9b::127.0.0.1", "64:ff9b::128.0.0.1"),
        ("64:ff9b::168.63.129.16", "64:ff9b::10.0.0.1"),
        ("64:ff9b:1::169.254.169.254", "64:ff9b:1::10.0.0.1"),
        ("64:ff9b:1:a9fe:a9:fe00::", "64:ff9b:1:a00:0:100::"),
        ("64:ff9b:1:a9:fe:a9fe::", "64:ff9b:1:a:0:1::"),
        ("64:ff9b:1:0:a9:fea9:fe00:0", "64:ff9b:1:0:a:0:100:0"),
        // Other ways to write or to tunnel an IPv4 address.
        ("::ffff:168.63.129.16", "::ffff:168.63.129.17"),
        ("::ffff:0:169.254.169.254", "::ffff:0:10.0.0.1"),
        ("::169.254.169.254", "::10.0.0.1"),
        ("2002:a9fe:a9fe::1", "2002:a9fd:a9fe::1"),
        ("2002:7f00:1::", "2002:a00:1::"),
    ];
    for (internal, allowed) in rows {
        assert!(is_internal(internal.parse().unwrap()), "{internal}");
        assert!(!is_internal(allowed.parse().unwrap()), "{allowed}");
        let host = |address: &str| match address.contains(':') {
            true => format!("https://[{address}]/jwks"),
            false => format!("https://{address}/jwks"),
        };
        let strict = UrlRule::new(false).without_internal();
        let refused = strict.check(&host(internal)).map(drop);
        assert_eq!(refused, Err(UrlError::Internal), "{internal}");
        assert!(strict.check(&host(allowed)).is_ok(), "{allowed}");
        // A URL of the configuration may lead anywhere.
        assert!(UrlRule::new(false).check(&host(internal)).is_ok());
    }
}

#[test]
fn a44_a_public_issuer_leads_to_no_internal_host() {
    let strict = UrlRule::new(false).without_internal();
    for (text, internal) in [
        ("https://keys.example.com/jwks", false),
        ("https://10.0.0.1/jwks", false),
        ("https://localhost/jwks", true),
        ("https://localhost./jwks", true),
        ("https://127.0.0.1/jwks", true),
        ("https://[::1]/jwks", true),
        ("https://[::ffff:127.0.0.1]/jwks", true),
        ("https://0.0.0.0/jwks", true),
        ("https://169.254.169.254/latest/meta-data", true),
        ("https://2130706433/jwks", true),
    ] {
        let want = if internal {
            Err(UrlError::Internal)
        } else {
            Ok(())
        };
        assert_eq!(strict.check(text).map(drop), want, "{text}");
    }
    // Allowing http means that the network is trusted.
    let trusting = UrlRule::new(true).without_internal();
    assert!(trusting.check("http://127.0.0.1/jwks").is_ok());
}
