//! An issuer that wants to know who asks: a private CA, client certificates and bearer tokens from
//! files that change.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use tokio::time::advance;
use tower_jwt_auth::JwtVerifier;
use tower_jwt_auth::keys::IssuerHealth;

use self::guarded::Builder;
use super::seconds;
use crate::support::{HeldClock, capture, until};

mod guarded;
mod settings;

pub(crate) use guarded::{CA, Guarded};

const OTHER_CA: &str = include_str!("pki/other.pem");

const CLIENT: (&str, &str) = (
    include_str!("pki/client.pem"),
    include_str!("pki/client.key"),
);

const STRANGER: (&str, &str) = (
    include_str!("pki/stranger.pem"),
    include_str!("pki/stranger.key"),
);

/// A folder of its own for each test, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let name = format!("tower-jwt-auth-files-{:x}", fastrand::u64(..));
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A verifier whose keys have been fetched once, and whatever happens at the next refreshes.
struct Refreshed {
    verifier: JwtVerifier,
    #[expect(dead_code, reason = "dropping it lets the clock run")]
    held: HeldClock,
}

impl Refreshed {
    async fn of(verifier: JwtVerifier) -> Self {
        let held = HeldClock::hold();
        verifier.wait_for_keys().await.unwrap();
        Self { verifier, held }
    }

    fn health(&self) -> IssuerHealth {
        self.verifier.keys_health().issuers.remove(0)
    }

    /// The next fetch, and why it failed.
    async fn refresh(&self) -> Option<String> {
        let before = self.health();
        advance(seconds(700)).await;
        until("the next fetch is over", || {
            let health = self.health();
            health.failures > before.failures || health.age < Some(seconds(60))
        })
        .await;
        self.health().last_error
    }
}

#[tokio::test]
async fn field_f11_a_private_ca_is_trusted_from_a_file() {
    let (issuer, folder) = (Guarded::start(false).await, Folder::new());
    let other = folder.write("other.pem", OTHER_CA);
    let both = folder.write("both.pem", &format!("{OTHER_CA}{CA}"));
    let marked = folder.write("marked.pem", &format!("\u{feff}{CA}"));
    let ca = folder.write("ca.pem", CA);
    assert!(issuer.refuses(|config| config).await.is_some());
    assert!(
        issuer
            .refuses(|config| config.ca_file(other))
            .await
            .is_some()
    );
    for path in [ca, both, marked] {
        let uri = format!("{}/jwks", issuer.issuer());
        assert_eq!(issuer.refuses(|config| config.ca_file(&path)).await, None);
        let direct = |config: Builder| config.ca_file(&path).jwks_uri(uri);
        assert_eq!(issuer.refuses(direct).await, None);
    }
    for (name, content) in [
        ("empty", ""),
        ("no PEM", "CA"),
        ("a key", CLIENT.1),
        ("cut short", &CA[..CA.len() / 2]),
    ] {
        let path = folder.write("bad.pem", content);
        let error = issuer.refuses(|config| config.ca_file(path)).await.unwrap();
        assert!(error.contains("ca_file"), "{name}: {error}");
    }
}

#[tokio::test]
async fn field_f11_a_client_certificate_is_presented() {
    let (issuer, folder) = (Guarded::start(true).await, Folder::new());
    let ca = folder.write("ca.pem", CA);
    let with = |certificate: PathBuf, key: PathBuf| {
        let ca = ca.clone();
        move |config: Builder| {
            config
                .ca_file(ca)
                .client_certificate_file(certificate)
                .client_key_file(key)
        }
    };
    let [pem, key] = [("client.pem", CLIENT.0), ("client.key", CLIENT.1)]
        .map(|(name, content)| folder.write(name, content));
    let one = folder.write("one.pem", &format!("{}{}", CLIENT.0, CLIENT.1));
    let bare = issuer.refuses(|config| config.ca_file(&ca)).await.unwrap();
    assert!(bare.contains("403"), "{bare}");
    assert_eq!(issuer.refuses(with(pem.clone(), key.clone())).await, None);
    assert_eq!(issuer.refuses(with(one.clone(), one)).await, None);
    let [stranger, its_key] = [("stranger.pem", STRANGER.0), ("stranger.key", STRANGER.1)]
        .map(|(name, content)| folder.write(name, content));
    assert!(
        issuer
            .refuses(with(stranger, its_key.clone()))
            .await
            .is_some()
    );
    for (name, certificate, key) in [
        ("a key of another", &pem, &its_key),
        ("no key", &pem, &pem),
        ("no certificate", &key, &key),
        ("a missing file", &pem, &folder.path("none")),
    ] {
        let error = issuer.refuses(with(certificate.clone(), key.clone())).await;
        assert!(error.is_some(), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn field_f11_a_bearer_token_that_rotates_is_read_again() {
    let (log, _guard) = capture();
    let (issuer, folder) = (Guarded::start(false).await, Folder::new());
    let ca = folder.write("ca.pem", CA);
    issuer.wants("first");
    let token = folder.write("token", "first\n");
    let keys =
        Refreshed::of(issuer.verifier(|config| config.ca_file(&ca).bearer_token_file(&token)))
            .await;
    let sent = || issuer.last_sent();
    assert_eq!(sent().unwrap(), "Bearer first");

    // By its size.
    folder.write("token", "\u{feff}  second-token \r\n");
    issuer.wants("second-token");
    assert_eq!(keys.refresh().await, None);
    // By its time.
    folder.write("token", "\u{feff}  thirds-token \r\n");
    let file = File::options().append(true).open(&token).unwrap();
    let changed = file.metadata().unwrap().modified().unwrap() + seconds(1);
    file.set_modified(changed).unwrap();
    issuer.wants("thirds-token");
    assert_eq!(keys.refresh().await, None);
    // With both as they were, it is not read.
    folder.write("token", "\u{feff}  unread-token \r\n");
    file.set_modified(changed).unwrap();
    assert_eq!(keys.refresh().await, None);
    assert_eq!(sent().unwrap(), "Bearer thirds-token");

    // What cannot be used leaves the old one, with one event for each fault.
    assert_eq!(log.counts("credentials_not_replaced"), 0);
    for (events, content) in [
        (1, Some("")),
        (1, Some("\n")),
        (1, Some("two words")),
        (1, Some("l\u{f6}ng")),
        (2, None),
        (2, None),
    ] {
        match content {
            Some(content) => drop(folder.write("token", content)),
            None => drop(fs::remove_file(&token)),
        }
        assert_eq!(keys.refresh().await, None, "{content:?}");
        assert_eq!(sent().unwrap(), "Bearer thirds-token", "{content:?}");
        let counted = log.counts("credentials_not_replaced");
        assert_eq!(counted, events, "{content:?}: {}", log.text());
    }
    folder.write("token", "fourth");
    issuer.wants("fourth");
    assert_eq!(keys.refresh().await, None);
    // The token that is sent is in no log.
    for token in [
        "first",
        "second-token",
        "thirds-token",
        "fourth",
        "two words",
    ] {
        assert!(!log.text().contains(token), "{token}");
    }
    // It is that token and no other that the issuer wants.
    issuer.wants("fifth");
    assert!(keys.refresh().await.unwrap().contains("401"));
}

#[tokio::test(start_paused = true)]
async fn field_f11_certificates_that_rotate_are_read_again() {
    let (log, _guard) = capture();
    let (issuer, folder) = (Guarded::start(true).await, Folder::new());
    let ca = folder.write("ca.pem", CA);
    let [pem, key] = [("client.pem", CLIENT.0), ("client.key", CLIENT.1)]
        .map(|(name, content)| folder.write(name, content));
    let keys = Refreshed::of(issuer.verifier(|config| {
        config
            .ca_file(&ca)
            .client_certificate_file(&pem)
            .client_key_file(&key)
    }))
    .await;
    // Another CA does not know the server.
    folder.write("ca.pem", &format!("{OTHER_CA}\n"));
    assert!(keys.refresh().await.is_some());
    folder.write("ca.pem", CA);
    assert_eq!(keys.refresh().await, None);
    assert_eq!(log.counts("credentials_not_replaced"), 0);
    // A certificate whose key comes a moment later.
    folder.write("client.pem", &format!("{}\n", STRANGER.0));
    assert_eq!(keys.refresh().await, None, "the old pair");
    assert_eq!(log.counts("credentials_not_replaced"), 1, "{}", log.text());
    folder.write("client.key", &format!("{}\n", STRANGER.1));
    assert!(keys.refresh().await.is_some(), "the new pair");
    // A mount that is replaced: the name is a link into another folder.
    #[cfg(unix)]
    {
        folder.write("client.pem", CLIENT.0);
        fs::remove_file(&key).unwrap();
        std::os::unix::fs::symlink(folder.write("linked.key", CLIENT.1), &key).unwrap();
        assert_eq!(keys.refresh().await, None);
    }
}

#[tokio::test]
async fn field_f11_a_first_file_that_cannot_be_read_fails_the_fetch() {
    let (issuer, folder) = (Guarded::start(false).await, Folder::new());
    let ca = folder.write("ca.pem", CA);
    let large = folder.write("large", &"t".repeat(1024 * 1024 + 1));
    let good = folder.write("good", &"t".repeat(4096));
    let token = |path: &Path| {
        let (ca, path) = (ca.clone(), path.to_owned());
        move |config: Builder| config.ca_file(ca).bearer_token_file(path)
    };
    assert_eq!(issuer.refuses(token(&good)).await, None);
    for (path, text) in [
        (folder.path("none"), "cannot be read"),
        (folder.0.clone(), "is not a file"),
        (large, "is larger than 1048576 bytes"),
        (folder.write("empty", ""), "holds no bearer token"),
        (folder.write("quoted", "\"abc\""), "holds no bearer token"),
    ] {
        let error = issuer.refuses(token(&path)).await.unwrap();
        let named = format!("{} {text}", path.display());
        assert!(error.contains(&named), "{named}: {error}");
    }
}
