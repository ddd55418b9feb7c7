//! Certificates and a bearer token from files, for the requests to one issuer, and how files are
//! read.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::{JoinError, spawn_blocking};

use crate::base::byte_order_mark::without_byte_order_mark;

/// The files, as configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CredentialFiles {
    pub(crate) ca: Option<PathBuf>,
    pub(crate) client_certificate: Option<PathBuf>,
    pub(crate) client_key: Option<PathBuf>,
    pub(crate) bearer_token: Option<PathBuf>,
}

impl CredentialFiles {
    /// The settings that are set, with their paths.
    pub(crate) fn set(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        [
            ("ca_file", &self.ca),
            ("client_certificate_file", &self.client_certificate),
            ("client_key_file", &self.client_key),
            ("bearer_token_file", &self.bearer_token),
        ]
        .into_iter()
        .filter_map(|(setting, path)| Some((setting, path.as_deref()?)))
    }
}

/// The content of a file without a byte order mark; `None` if it is larger than `most` bytes. It
/// blocks.
pub(crate) fn read_at_most(path: &Path, most: usize) -> io::Result<Option<Vec<u8>>> {
    let mut content = Vec::new();
    let one_more = (most as u64).saturating_add(1);
    File::open(path)?.take(one_more).read_to_end(&mut content)?;
    let fits = content.len() <= most;
    Ok(fits.then(|| without_byte_order_mark(&content).to_vec()))
}

/// Whether a header can carry these bytes as a bearer token (RFC 6750 §2.1). Quotes are what a
/// shell or a template has left around the token.
pub(crate) fn is_bearer_token(token: &[u8]) -> bool {
    let is_usual = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'');
    !token.is_empty() && token.iter().all(is_usual)
}

/// Reads on threads that may block, one reading at a time: files on a disk that hangs then hold one
/// thread, and not one for each request.
#[derive(Clone, Debug)]
pub(crate) struct Reader(Arc<Semaphore>);

impl Reader {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.0.available_permits() == 0
    }

    /// Waits for the reading before. If the future is dropped, its own reading goes on.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        let turn = self.0.clone().acquire_owned().await;
        spawn_blocking(move || {
            let _turn = turn;
            read()
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn field_f11_what_a_header_carries_as_a_token() {
        for (token, is_one) in [
            ("abc.DEF-123_~+/==", true),
            ("1|abc", true),
            ("", false),
            ("abc def", false),
            ("abc\ndef", false),
            ("\"abc\"", false),
            ("'abc'", false),
            ("abc\u{7}", false),
            ("abc\u{e9}", false),
        ] {
            assert_eq!(is_bearer_token(token.as_bytes()), is_one, "{token:?}");
        }
    }

    #[tokio::test]
    async fn field_f11_one_reading_at_a_time() {
        let reader = Reader::new();
        let began = Arc::new(AtomicUsize::new(0));
        let (release, released) = mpsc::channel::<()>();
        let (tell, told) = tokio::sync::oneshot::channel();
        let hangs = reader.run({
            let began = began.clone();
            move || {
                began.fetch_add(1, Ordering::SeqCst);
                tell.send(()).unwrap();
                released.recv()
            }
        });
        let next = || {
            let began = began.clone();
            reader.run(move || began.fetch_add(1, Ordering::SeqCst))
        };
        assert!(!reader.is_busy());
        {
            // Whoever waits for it gives up.
            let mut hangs = pin!(hangs);
            tokio::select! {
                biased;
                _ = &mut hangs => unreachable!(),
                told = told => told.unwrap(),
            }
            for _ in 0..10 {
                tokio::select! {
                    biased;
                    _ = next() => unreachable!(),
                    () = tokio::task::yield_now() => {}
                }
            }
        }
        assert!(reader.is_busy());
        assert_eq!(began.load(Ordering::SeqCst), 1);
        release.send(()).unwrap();
        assert_eq!(next().await.unwrap(), 1);
        assert!(!reader.is_busy());
    }
}
