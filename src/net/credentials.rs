//! A transport whose certificates and bearer token come from files that may change.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderValue};
use http::{Request, Response};
use tokio::time::timeout;

use super::credential_files::{CredentialFiles, Reader, is_bearer_token, read_at_most};
use super::{ExchangeLimits, FetchError, HttpTransport, ReqwestTransport, TransportFuture};
use crate::limits::MAX_CREDENTIAL_FILE_BYTES;
use crate::telemetry;

/// Looks at the files before each request. What has changed is read again; what cannot be used
/// leaves the old content in use, and so do files that cannot be read in time.
#[derive(Debug)]
pub(crate) struct CredentialTransport(Arc<Source>);

#[derive(Debug)]
struct Source {
    issuer: Arc<str>,
    files: CredentialFiles,
    reader: Reader,
    /// Locked while files are read.
    made: Mutex<Made>,
    /// What the last request was sent with.
    last: ArcSwapOption<Current>,
}

/// What was made from the files last.
#[derive(Debug, Default)]
struct Made {
    client: FromFiles<Arc<ReqwestTransport>>,
    authorization: FromFiles<HeaderValue>,
}

impl CredentialTransport {
    pub(crate) fn new(issuer: Arc<str>, files: CredentialFiles) -> Self {
        Self(Arc::new(Source {
            issuer,
            files,
            reader: Reader::new(),
            made: Mutex::default(),
            last: ArcSwapOption::empty(),
        }))
    }

    async fn send(
        &self,
        mut request: Request<Bytes>,
        limits: ExchangeLimits,
    ) -> Result<Response<Bytes>, FetchError> {
        let current = self.current(limits.timeout.mul_f64(SHARE)).await?;
        let Current {
            client,
            authorization,
        } = &*current;
        if let Some(authorization) = authorization {
            let authorization = authorization.clone();
            request.headers_mut().insert(AUTHORIZATION, authorization);
        }
        client.exchange(request, limits).await
    }

    /// The old content is used after `patience`, and at once while another request is reading.
    async fn current(&self, patience: Duration) -> Result<Arc<Current>, FetchError> {
        let last = self.0.last.load_full();
        let source = self.0.clone();
        // A file may be on a slow disk.
        let read = self.0.reader.run(move || source.current());
        let read = match last {
            None => read.await,
            Some(last) if self.0.reader.is_busy() => return Ok(last),
            Some(last) => match timeout(patience, read).await {
                Ok(read) => read,
                Err(_) => {
                    let fault = format!("files have not been read within {patience:?}");
                    telemetry::credentials_not_replaced(&self.0.issuer, &fault);
                    return Ok(last);
                }
            },
        };
        let given_up = |error| FetchError::with_source("reading files was given up", error);
        let (current, new_faults) = read.map_err(given_up)??;
        // Here and not where the files are read: that thread may have another subscriber.
        for fault in new_faults {
            telemetry::credentials_not_replaced(&self.0.issuer, &fault);
        }
        Ok(current)
    }
}

impl HttpTransport for CredentialTransport {
    fn exchange(&self, request: Request<Bytes>, limits: ExchangeLimits) -> TransportFuture<'_> {
        Box::pin(self.send(request, limits))
    }
}

/// What a request is sent with.
#[derive(Debug)]
struct Current {
    client: Arc<ReqwestTransport>,
    authorization: Option<HeaderValue>,
}

impl Source {
    /// Also returns why old content is still in use, where that has not been reported yet.
    fn current(&self) -> Result<(Arc<Current>, Vec<String>), FetchError> {
        let CredentialFiles {
            ca,
            client_certificate,
            client_key,
            bearer_token,
        } = &self.files;
        // Each value is replaced as a whole, so a panic elsewhere cannot have broken one.
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let Made {
            client,
            authorization,
        } = &mut *made;
        let mut new_faults = Vec::new();
        let tls = [ca, client_certificate, client_key].into_iter().flatten();
        let client = client.current(&mut new_faults, tls, || {
            let read = |path: &Option<PathBuf>| path.as_deref().map(read).transpose();
            let ca = read(ca)?;
            let identity = identity(client_certificate.as_deref(), client_key.as_deref())?;
            let client = ReqwestTransport::with_pem(ca.as_deref(), identity.as_deref());
            client.map(Arc::new).map_err(Unusable::Tls)
        })?;
        let authorization = bearer_token.as_deref().map(|path| {
            authorization.current(&mut new_faults, [path], || {
                authorization_of(&read(path)?).ok_or_else(|| Unusable::NoToken(path.into()))
            })
        });
        let current = Arc::new(Current {
            client,
            authorization: authorization.transpose()?,
        });
        self.last.store(Some(current.clone()));
        Ok((current, new_faults))
    }
}

/// The certificates and the key, one after the other. They may be in the same file.
fn identity(certificate: Option<&Path>, key: Option<&Path>) -> Result<Option<Vec<u8>>, Unusable> {
    let (Some(certificate), Some(key)) = (certificate, key) else {
        return Ok(None);
    };
    let mut pem = read(certificate)?;
    if key != certificate {
        pem.push(b'\n');
        pem.extend_from_slice(&read(key)?);
    }
    Ok(Some(pem))
}

/// RFC 6750 §2.1. White space around the token is left out: most editors end a file with a line
/// feed.
fn authorization_of(file: &[u8]) -> Option<HeaderValue> {
    let token = file.trim_ascii();
    if !is_bearer_token(token) {
        return None;
    }
    let mut value = HeaderValue::from_bytes(&[b"Bearer ", token].concat()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A value made from files, and the state that the files had then.
#[derive(Debug)]
struct FromFiles<T> {
    made: Option<(Vec<Stamp>, T)>,
    /// What was reported last, so that one fault is reported once.
    reported: Option<String>,
}

impl<T> Default for FromFiles<T> {
    fn default() -> Self {
        Self {
            made: None,
            reported: None,
        }
    }
}

impl<T: Clone> FromFiles<T> {
    /// The value, made anew if the time or the size of a file has changed. A fault that leaves the
    /// old value in use goes to `new_faults`, once.
    fn current<'p, P: AsRef<Path> + ?Sized + 'p>(
        &mut self,
        new_faults: &mut Vec<String>,
        paths: impl IntoIterator<Item = &'p P>,
        make: impl FnOnce() -> Result<T, Unusable>,
    ) -> Result<T, FetchError> {
        // Before the content: a file that changes in between is read again next time.
        let stamps = paths.into_iter().map(|path| stamp(path.as_ref()));
        let made = match (stamps.collect::<Result<Vec<_>, _>>(), &self.made) {
            (Ok(stamps), Some((old, value))) if stamps == *old => {
                self.reported = None;
                return Ok(value.clone());
            }
            (Ok(stamps), _) => make().map(|value| (stamps, value)),
            (Err(error), _) => Err(error),
        };
        match (made, &self.made) {
            (Ok((stamps, value)), _) => {
                self.reported = None;
                self.made = Some((stamps, value.clone()));
                Ok(value)
            }
            (Err(error), None) => Err(error.into()),
            (Err(error), Some((_, old))) => {
                let text = error.to_string();
                if self.reported.as_ref() != Some(&text) {
                    new_faults.push(text.clone());
                    self.reported = Some(text);
                }
                Ok(old.clone())
            }
        }
    }
}

/// The time of the last change, if the file system keeps it, and the size. A symbolic link is
/// followed: Kubernetes replaces the folder that a mounted file is linked to.
type Stamp = (Option<SystemTime>, u64);

fn stamp(path: &Path) -> Result<Stamp, Unusable> {
    let metadata = fs::metadata(path).map_err(|error| Unusable::Unreadable(path.into(), error))?;
    match metadata.is_file() {
        true => Ok((metadata.modified().ok(), metadata.len())),
        false => Err(Unusable::NoFile(path.into())),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Unusable> {
    match read_at_most(path, MAX_CREDENTIAL_FILE_BYTES) {
        Err(error) => Err(Unusable::Unreadable(path.into(), error)),
        Ok(None) => Err(Unusable::TooLarge(path.into())),
        Ok(Some(content)) => Ok(content),
    }
}

/// Why files are not used. The text never holds their content.
#[derive(Debug)]
enum Unusable {
    NoFile(PathBuf),
    NoToken(PathBuf),
    Tls(FetchError),
    TooLarge(PathBuf),
    Unreadable(PathBuf, io::Error),
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFile(path) => write!(f, "{} is not a file", path.display()),
            Self::NoToken(path) => write!(
                f,
                "{} holds no bearer token: write one line of ASCII without spaces and quotes",
                path.display()
            ),
            Self::Tls(error) => error.fmt(f),
            Self::TooLarge(path) => write!(
                f,
                "{} is larger than {MAX_CREDENTIAL_FILE_BYTES} bytes",
                path.display()
            ),
            Self::Unreadable(path, error) => {
                write!(f, "{} cannot be read: {error}", path.display())
            }
        }
    }
}

impl From<Unusable> for FetchError {
    fn from(unusable: Unusable) -> Self {
        Self::new(unusable.to_string())
    }
}

/// The part of the timeout that files have, if there is an old content.
const SHARE: f64 = 0.2;

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(1);

    async fn sent(transport: &CredentialTransport) -> HeaderValue {
        let current = transport.current(PATIENCE).await.unwrap();
        current.authorization.clone().unwrap()
    }

    /// Whoever reads waits until the sender is dropped, as on a mount that hangs.
    fn hang(transport: &CredentialTransport) -> mpsc::Sender<()> {
        let source = transport.0.clone();
        let ((held, holds), (end, ended)) = (mpsc::channel(), mpsc::channel());
        thread::spawn(move || {
            let _made = source.made.lock();
            held.send(()).unwrap();
            let _ = ended.recv();
        });
        holds.recv().unwrap();
        end
    }

    #[tokio::test(start_paused = true)]
    async fn field_f11_files_that_hang_leave_the_old_content_in_use() {
        let name = format!("tower-jwt-auth-{:x}", fastrand::u64(..));
        let file = std::env::temp_dir().join(name);
        fs::write(&file, "one").unwrap();
        let files = CredentialFiles {
            bearer_token: Some(file.clone()),
            ..CredentialFiles::default()
        };
        let transport = CredentialTransport::new("https://i.example".into(), files);
        assert_eq!(sent(&transport).await, "Bearer one");
        fs::write(&file, "other").unwrap();
        let end = hang(&transport);
        {
            // The first one waits, and the others do not.
            let mut first = pin!(sent(&transport));
            tokio::select! {
                biased;
                _ = &mut first => panic!("the file was not looked at"),
                () = tokio::task::yield_now() => {}
            }
            for _ in 0..10 {
                assert_eq!(sent(&transport).await, "Bearer one");
            }
            tokio::time::advance(PATIENCE).await;
            assert_eq!(first.await, "Bearer one");
        }
        assert!(transport.0.reader.is_busy());
        drop(end);
        transport.0.reader.run(|| ()).await.unwrap();
        assert_eq!(sent(&transport).await, "Bearer other");
        fs::remove_file(&file).unwrap();
    }
}
