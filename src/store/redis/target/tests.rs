#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;

use super::*;

/// A file with this content, which is removed when this is dropped.
struct File(PathBuf);

impl File {
    fn of(content: &[u8]) -> Self {
        let name = format!("tower-jwt-auth-{:016x}", fastrand::u64(..));
        let path = std::env::temp_dir().join(name);
        fs::write(&path, content).unwrap();
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn a_password_is_the_text_of_its_file() {
    let largest = "x".repeat(MAX_CREDENTIAL_FILE_BYTES);
    let rows: [(&[u8], Option<&str>); 7] = [
        (b"secret", Some("secret")),
        (b"secret\n", Some("secret")),
        (b" two words\r\n", Some("two words")),
        (largest.as_bytes(), Some(&largest)),
        (b"", None),
        (b" \n", None),
        (b"\xff", None),
    ];
    for (content, want) in rows {
        let file = File::of(content);
        let read = password(&file.0);
        let found = read.as_ref().ok().map(|found| found.expose().as_str());
        assert_eq!(found, want);
        if let Err(error) = read {
            assert_eq!(error.kind, StoreErrorKind::Refused);
            assert!(error.message.ends_with("holds no password"), "{error:?}");
        }
    }
    let too_large = File::of(format!("{largest}x").as_bytes());
    let error = password(&too_large.0).unwrap_err();
    assert!(error.message.ends_with("is too large"), "{error:?}");
    let absent = File::of(b"").0.clone();
    let error = password(&absent).unwrap_err();
    assert!(error.message.contains("cannot be read"), "{error:?}");
}

#[test]
fn a_file_without_a_certificate_is_none() {
    let pem = b"# ours\n-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
    assert!(has_certificate(pem));
    for other in [
        &b"-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n"[..],
        b"",
    ] {
        assert!(!has_certificate(other));
    }
}

#[test]
fn a_target_shows_its_hosts_and_no_password() {
    let urls = [
        "rediss://user:secret@a.example/1",
        "redis://:secret@b.example:6380",
        "redis+unix:///run/redis.sock?pass=secret",
    ];
    let target = Target {
        urls: urls
            .map(|url| Secret::new(Url::parse(url).unwrap()))
            .to_vec(),
        is_cluster: false,
        tls: TlsFiles::default(),
        password_file: None,
    };
    let shown = "a.example, b.example:6380, /run/redis.sock";
    assert_eq!(target.to_string(), shown);
    assert_eq!(format!("{target:?}"), format!("Target({shown})"));
}
