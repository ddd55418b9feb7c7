//! A secret on a disk that hangs.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs::{self, OpenOptions};
use std::pin::{Pin, pin};
use std::process::Command;

use tokio::task::yield_now;
use tokio::time::advance;

use super::*;

/// A file that can become a pipe to which nobody writes. To open that blocks.
struct HangingFile(PathBuf);

impl HangingFile {
    fn holding(content: &str) -> Self {
        let name = format!("tower-jwt-auth-{:x}", fastrand::u64(..));
        let path = std::env::temp_dir().join(name);
        fs::write(&path, content).unwrap();
        Self(path)
    }

    fn hang(&self) {
        fs::remove_file(&self.0).unwrap();
        let made = Command::new("mkfifo").arg(&self.0).status().unwrap();
        assert!(made.success());
    }

    /// Releases who waits, and holds `content` from now on.
    fn go_on(&self, content: &str) {
        let writer = OpenOptions::new().read(true).write(true).open(&self.0);
        fs::remove_file(&self.0).unwrap();
        fs::write(&self.0, content).unwrap();
        drop(writer);
    }
}

impl Drop for HangingFile {
    fn drop(&mut self) {
        // A test that fails must not wait for its own thread.
        self.go_on("");
        let _ = fs::remove_file(&self.0);
    }
}

/// The result, if it is there without a wait.
async fn at_once<T>(mut future: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    tokio::select! {
        biased;
        done = &mut future => Some(done),
        () = yield_now() => None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_hangs_holds_one_thread_and_one_request_for_a_second() {
    let file = HangingFile::holding("one");
    let source = CredentialSource::File(file.0.clone());
    let credentials = ClientCredentials::new(Way::Bearer, source).unwrap();
    let used = credentials.current();
    let renewed = || credentials.renewed(&used, "https://i.example");
    file.hang();
    {
        let mut first = pin!(renewed());
        assert!(at_once(first.as_mut()).await.is_none(), "it reads");
        advance(CREDENTIAL_REREAD).await;
        let late = at_once(first.as_mut()).await;
        assert!(late.expect("it goes on without the disk").is_none());
    }
    assert!(credentials.reader.is_busy());
    for _ in 0..3 {
        advance(CREDENTIAL_REREAD).await;
        let next = at_once(pin!(renewed())).await;
        assert!(next.expect("it does not wait for the disk").is_none());
    }

    file.go_on("two");
    credentials.reader.run(|| ()).await.unwrap();
    advance(CREDENTIAL_REREAD).await;
    let renewed = renewed().await.expect("the file holds another secret");
    assert_eq!(renewed.content, b"two");
}

#[test]
fn an_error_says_what_is_wrong_with_the_file() {
    for (error, text) in [
        (CredentialError::Empty, "it is empty"),
        (
            CredentialError::NotText,
            "it holds no usable text: write one line of ASCII without spaces",
        ),
        (CredentialError::TooLarge, "it is larger than 1048576 bytes"),
        (
            CredentialError::Unreadable(std::io::Error::other("no disk")),
            "it cannot be read: no disk",
        ),
    ] {
        assert_eq!(error.to_string(), text);
    }
}
