//! Secrets of nonces: in the file, in a file of their own, and never shown.

use super::*;
use crate::config::error::{SecretError, SecretFileError};

/// 31 bytes.
const SHORT: &str = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMQ";

#[test]
fn pop_p95_nonce_secrets() {
    let padded = format!("{SECRET}=");
    for good in [
        json!(SECRET),
        json!(padded),
        json!([SECRET]),
        json!([SECRET, padded]),
    ] {
        accepts(dpop(json!({"nonce_secret": good})));
        accepts(dpop(json!({"nonceSecret": good})));
    }
    let way_out = "; write 32 random bytes or more as base64url, which openssl rand -base64 32 | tr '+/' '-_' makes";
    for (bad, number, reason) in [
        (json!(SHORT), 1, "it has 31 bytes, and 32 are needed"),
        (
            json!("MTIzNDU2Nzg5MDEyMzQ1Ng"),
            1,
            "it has 16 bytes, and 32 are needed",
        ),
        (json!([SECRET, SHORT]), 2, "it has 31 bytes"),
        (json!([SECRET, ""]), 2, "it has 0 bytes"),
        (json!(format!("+{SECRET}")), 1, "it is not base64url text"),
        (json!(format!("{SECRET} ")), 1, "it is not base64url text"),
        // Spare bits are set.
        (
            json!(format!("{}J", &SECRET[..42])),
            1,
            "it is not base64url text",
        ),
    ] {
        let error = refused(dpop(json!({"nonce_secret": bad})));
        let start = format!("secret {number} of dpop.nonce_secret cannot be used: {reason}");
        assert!(
            error.starts_with(&start) && error.ends_with(way_out),
            "{error}"
        );
        for secret in [SECRET, SHORT] {
            assert!(!error.contains(secret), "{error}");
        }
    }
    refuses([(
        dpop(json!({"nonce_secret": []})),
        "dpop.nonce_secret is empty: give it a value or leave it out",
    )]);
    let short = with_dpop(Dpop::new().nonce_secret(SECRET).nonce_secret(SHORT));
    let want = ConfigError::InvalidSecret {
        setting: "dpop.nonce_secret",
        number: 2,
        reason: SecretError::TooShort { bytes: 31 },
    };
    assert_eq!(short.unwrap_err(), want);
    // The first makes nonces.
    let other = SECRET.replace("MTI", "OTI");
    let secrets = checked(dpop(json!({"nonce_secret": [SECRET, other]}))).nonce_secrets;
    let starts = secrets.iter().map(|secret| secret.expose()[0]);
    assert_eq!(starts.collect::<Vec<_>>(), *b"19");
}

#[test]
fn pop_p95_a_file_with_nonce_secrets() {
    let folder = Folder::new();
    let at = |name: &str| folder.0.join(name);
    let other = SECRET.replace("MTI", "OTI");
    let read = |content: &str| {
        std::fs::write(at("secrets"), content).unwrap();
        read_with(dpop(json!({"nonce_secret_file": at("secrets")})))
    };
    for (content, want) in [
        (SECRET.to_owned(), "1"),
        (format!("{SECRET}\n"), "1"),
        (format!("{SECRET}\n{other}"), "19"),
        (format!("{other}\r\n{SECRET}\r\n\r\n"), "91"),
        (format!("\u{feff}{SECRET} \n"), "1"),
    ] {
        let secrets = proofs_of(&read(&content)).dpop.unwrap().nonce_secrets;
        let starts = secrets.iter().map(|secret| secret.expose()[0]);
        assert_eq!(starts.collect::<Vec<_>>(), want.as_bytes(), "{content:?}");
    }
    let setting = "dpop.nonce_secret_file";
    let unusable = |path: &str, reason| ConfigError::UnusableFile {
        setting,
        path: at(path),
        reason,
    };
    for content in ["", "\n", " \r\n\n"] {
        let want = unusable("secrets", SecretFileError::Empty);
        assert_eq!(read(content).build().unwrap_err(), want, "{content:?}");
    }
    for (content, number, reason) in [
        (
            format!("{SECRET}\n{SHORT}\n"),
            2,
            SecretError::TooShort { bytes: 31 },
        ),
        (
            format!("{SECRET}\n\n{other}"),
            2,
            SecretError::TooShort { bytes: 0 },
        ),
        (format!("{SECRET},{other}"), 1, SecretError::NotBase64Url),
    ] {
        let want = ConfigError::InvalidSecret {
            setting,
            number,
            reason,
        };
        assert_eq!(read(&content).build().unwrap_err(), want, "{content:?}");
    }
    std::fs::write(at("binary"), [0xff; 64]).unwrap();
    std::fs::write(at("large"), vec![b'A'; 1024 * 1024 + 1]).unwrap();
    for (path, reason) in [
        ("binary", SecretFileError::NotText),
        ("large", SecretFileError::TooLarge),
    ] {
        let error = built(dpop(json!({setting.replace("dpop.", ""): at(path)}))).unwrap_err();
        assert_eq!(error, unusable(path, reason));
    }
    let missing = refused(dpop(json!({"nonceSecretFile": at("missing")})));
    let path = at("missing");
    assert!(
        missing.starts_with(&format!(
            "dpop.nonce_secret_file {path:?} cannot be used: it cannot be read: "
        )) && missing.ends_with("; create it, and let the user of this process read it"),
        "{missing}"
    );
    refuses([
        (
            dpop(json!({"nonce_secret_file": ""})),
            "dpop.nonce_secret_file is empty",
        ),
        (
            dpop(json!({"nonce_secret_file": "/etc/secret", "nonce_secret": SECRET})),
            "dpop.nonce_secret and dpop.nonce_secret_file are both set: keep one of them",
        ),
    ]);
}

#[test]
fn pop_p95_secrets_do_not_show() {
    for value in [
        json!(1234567890),
        json!(true),
        json!({"secret": "hidden-secret"}),
        json!(["hidden-secret", 1234567890]),
    ] {
        let error = refused(dpop(json!({"nonce_secret": value})));
        assert!(
            error.starts_with("dpop.nonce_secret: invalid type: "),
            "{error}"
        );
        assert!(
            !error.contains("12345") && !error.contains("hidden"),
            "{error}"
        );
    }
    for error in [
        refused(json!({"dpop": "hidden-secret"})),
        refused(json!({"dpop": 12345.5})),
        refused(json!({"dpop": 1234567890})),
    ] {
        assert!(
            error.contains("expected an object, true or false"),
            "{error}"
        );
        assert!(
            !error.contains("12345") && !error.contains("hidden"),
            "{error}"
        );
    }
    let dpop = Dpop::new().nonce_secret(SECRET);
    let builder = builder().dpop(dpop.clone());
    let shown = format!("{dpop:?} {dpop:#?} {builder:?}");
    assert!(
        shown.contains("(not shown)") && !shown.contains(SECRET),
        "{shown}"
    );
    let (config, proofs) = (builder.clone().build().unwrap(), proofs_of(&builder));
    let shown = format!("{config:?} {:?} {proofs:?}", config.0.proofs);
    let bytes = format!("{:?}", &b"1234"[..]);
    assert!(
        !shown.contains(SECRET) && !shown.contains(bytes.trim_matches(['[', ']'])),
        "{shown}"
    );
    // A text that was meant to be replaced is no secret.
    refuses([(
        self::dpop(json!({"nonce_secret": "${NONCE}"})),
        "dpop.nonce_secret contains \"${NONCE}\", which nothing has replaced",
    )]);
}
