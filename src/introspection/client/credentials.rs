//! How this server authenticates itself, and with which secret. A secret from a file is read again
//! when the endpoint refuses it, so that it can be replaced without a restart.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use tokio::time::timeout;
use url::form_urlencoded;

use super::assertion::assertion;
use crate::base::clock::Now;
use crate::introspection::recent::Recent;
use crate::jwks::{PrivateKey, PrivateKeyError};
use crate::limits::{CREDENTIAL_REREAD, MAX_CREDENTIAL_FILE_BYTES};
use crate::net::{Reader, is_bearer_token, read_at_most};
use crate::telemetry;

/// The way, and the secret that it needs.
#[derive(Debug)]
pub(crate) struct ClientCredentials {
    way: Way,
    /// `None` for a secret from the configuration, which stays.
    file: Option<PathBuf>,
    loaded: ArcSwap<Loaded>,
    reading: Recent<()>,
    reader: Reader,
}

/// How the secret is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// RFC 6749 §2.3.1.
    Basic { client_id: String },
    /// The same by servers that forget to decode.
    BasicUnencoded { client_id: String },
    /// RFC 6750 §2.1.
    Bearer,
    /// RFC 6749 §2.3.1, in the body.
    Post { client_id: String },
    /// RFC 7523 §2.2.
    PrivateKeyJwt { client_id: String },
}

pub(crate) enum CredentialSource {
    File(PathBuf),
    /// From the configuration.
    Fixed(String),
}

/// A secret in use. A file is compared with what it held before.
pub(super) struct Loaded {
    content: Vec<u8>,
    secret: Secret,
}

enum Secret {
    Key(PrivateKey),
    Text(String),
}

/// Why a secret is not used. The text never holds it.
#[derive(Debug)]
pub(crate) enum CredentialError {
    Empty,
    Key(PrivateKeyError),
    NotText,
    TooLarge,
    Unreadable(io::Error),
}

impl ClientCredentials {
    /// Reads the file, if there is one: it blocks.
    pub(crate) fn new(way: Way, source: CredentialSource) -> Result<Self, CredentialError> {
        let (file, content) = match source {
            CredentialSource::File(path) => {
                let content = read(&path)?;
                (Some(path), content)
            }
            CredentialSource::Fixed(secret) => (None, secret.into_bytes()),
        };
        let secret = way.secret_of(&content)?;
        Ok(Self {
            way,
            file,
            loaded: ArcSwap::from_pointee(Loaded { content, secret }),
            reading: Recent::new(),
            reader: Reader::new(),
        })
    }

    pub(super) fn current(&self) -> Arc<Loaded> {
        self.loaded.load_full()
    }

    /// The endpoint refused `used`: another secret, if the file holds one. It is read at most once
    /// a second.
    pub(super) async fn renewed(&self, used: &Loaded, issuer: &str) -> Option<Arc<Loaded>> {
        let path = self.file.as_ref()?;
        let is_young = |(): &(), age: Duration| age < CREDENTIAL_REREAD;
        let read = || async {
            self.read_again(path, issuer).await;
            Ok::<_, std::convert::Infallible>(())
        };
        let Ok(()) = self.reading.get(is_young, read).await;
        let current = self.current();
        (current.content != used.content).then_some(current)
    }

    async fn read_again(&self, path: &Path, issuer: &str) {
        // The disk hangs, and the one who found that out has reported it.
        if self.reader.is_busy() {
            return;
        }
        let owned = path.to_owned();
        let content = self.reader.run(move || read(&owned));
        let content = match timeout(CREDENTIAL_REREAD, content).await {
            Ok(content) => content.map_err(Into::into),
            Err(late) => Err(late.into()),
        };
        let content = content.unwrap_or_else(|error| Err(CredentialError::Unreadable(error)));
        let loaded = content.and_then(|content| {
            let secret = self.way.secret_of(&content)?;
            Ok(Loaded { content, secret })
        });
        match loaded {
            Ok(loaded) => self.loaded.store(Arc::new(loaded)),
            Err(error) => {
                let text = format!("{} is not used: {error}", path.display());
                telemetry::credentials_not_replaced(issuer, &text);
            }
        }
    }

    /// Adds the credentials to a request. Returns `false` if they cannot be sent.
    pub(super) fn authenticate(
        &self,
        credentials: &Loaded,
        issuer: &str,
        now: Now,
        headers: &mut HeaderMap,
        form: &mut form_urlencoded::Serializer<'_, String>,
    ) -> bool {
        let authorization = match (&self.way, &credentials.secret) {
            (Way::Basic { client_id }, Secret::Text(secret)) => {
                let encoded = |text: &str| {
                    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()
                };
                basic(&encoded(client_id), &encoded(secret))
            }
            (Way::BasicUnencoded { client_id }, Secret::Text(secret)) => basic(client_id, secret),
            (Way::Bearer, Secret::Text(token)) => format!("Bearer {token}"),
            (Way::Post { client_id }, Secret::Text(secret)) => {
                form.append_pair("client_id", client_id);
                form.append_pair("client_secret", secret);
                return true;
            }
            (Way::PrivateKeyJwt { client_id }, Secret::Key(key)) => {
                let Some(assertion) = assertion(key, client_id, issuer, now.wall) else {
                    return false;
                };
                form.append_pair("client_id", client_id);
                form.append_pair("client_assertion_type", ASSERTION_TYPE);
                form.append_pair("client_assertion", &assertion);
                return true;
            }
            (_, Secret::Key(_)) | (Way::PrivateKeyJwt { .. }, _) => return false,
        };
        let Ok(mut value) = HeaderValue::from_str(&authorization) else {
            return false;
        };
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
        true
    }

    /// Whether the endpoint is sent another text than that of the client id and secret.
    pub(crate) fn are_changed_by_encoding(&self) -> bool {
        match (&self.way, &self.current().secret) {
            (Way::Basic { client_id }, Secret::Text(secret)) => [client_id, secret]
                .into_iter()
                .any(|it| is_changed_by_encoding(it)),
            _ => false,
        }
    }

    /// What the operator may try when the endpoint refuses the credentials.
    pub(super) fn hint(&self) -> &'static str {
        match self.are_changed_by_encoding() {
            true => {
                "; the client id or secret has characters that form-encoding changes: if the \
                 server does not decode them, set introspection.auth to basic_unencoded"
            }
            false => "",
        }
    }
}

/// Servers that forget to decode see another text (RFC 6749 §2.3.1).
pub(crate) fn is_changed_by_encoding(text: &str) -> bool {
    form_urlencoded::byte_serialize(text.as_bytes()).ne([text])
}

impl Way {
    fn secret_of(&self, content: &[u8]) -> Result<Secret, CredentialError> {
        let text = match (content, self) {
            ([], _) => return Err(CredentialError::Empty),
            (_, Self::PrivateKeyJwt { .. }) => {
                let key = PrivateKey::parse(content).map_err(CredentialError::Key)?;
                return Ok(Secret::Key(key));
            }
            (text, _) => std::str::from_utf8(text).map_err(|_| CredentialError::NotText)?,
        };
        let is_header = *self != Self::Bearer || is_bearer_token(content);
        match is_header {
            true => Ok(Secret::Text(text.to_owned())),
            false => Err(CredentialError::NotText),
        }
    }
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// Without the line break with which editors and tools end a file.
fn read(path: &Path) -> Result<Vec<u8>, CredentialError> {
    let content = read_at_most(path, MAX_CREDENTIAL_FILE_BYTES);
    let content = content.map_err(CredentialError::Unreadable)?;
    let mut content = content.ok_or(CredentialError::TooLarge)?;
    content.pop_if(|last| *last == b'\n');
    content.pop_if(|last| *last == b'\r');
    Ok(content)
}

impl std::error::Error for CredentialError {}

impl fmt::Display for CredentialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::Key(error) => write!(f, "it {error}"),
            Self::NotText => {
                f.write_str("it holds no usable text: write one line of ASCII without spaces")
            }
            Self::TooLarge => write!(f, "it is larger than {MAX_CREDENTIAL_FILE_BYTES} bytes"),
            Self::Unreadable(error) => write!(f, "it cannot be read: {error}"),
        }
    }
}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Loaded(..)")
    }
}

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

#[cfg(all(test, unix))]
mod tests;
