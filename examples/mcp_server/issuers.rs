//! `--issuers FILE`: issuers that come and go without a restart.
//!
//! The file holds the entries of `issuers` as a JSON list. Its content is compared every five
//! seconds, which also notices that a mounted Kubernetes volume was swapped. Who can write to it
//! decides whose tokens are accepted: protect it like the configuration.

use std::fs::File;
use std::io::Read as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};
use tower_jwt_auth::JwtAuthLayer;
use tower_jwt_auth::config::Issuer;

pub(crate) struct IssuersFile {
    path: String,
    /// What it held at the last look, or why it could not be read.
    seen: Result<Vec<u8>, String>,
    refusal: Refusal,
}

/// Why the content of the file is not in use, for the health endpoint.
#[derive(Clone, Default)]
pub(crate) struct Refusal(Arc<Mutex<Option<String>>>);

impl Refusal {
    /// `None` if the content is in use.
    pub(crate) fn last(&self) -> Option<String> {
        let last = self.0.lock();
        last.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, error: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }
}

impl IssuersFile {
    /// The issuers to start with.
    pub(crate) fn open(path: String) -> Result<(Self, Vec<Issuer>), String> {
        let content = read(&path)?;
        let issuers = parse(&path, &content)?;
        let (seen, refusal) = (Ok(content), Refusal::default());
        let file = Self {
            path,
            seen,
            refusal,
        };
        Ok((file, issuers))
    }

    pub(crate) fn refusal(&self) -> Refusal {
        self.refusal.clone()
    }

    /// Gives `auth` the issuers of the file whenever it has changed, for as long as the program
    /// runs. While the file cannot be used, the issuers stay as they are.
    pub(crate) async fn follow(mut self, auth: JwtAuthLayer) {
        let mut looks = interval(BETWEEN_LOOKS);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            let path = self.path.clone();
            let Ok(content) = spawn_blocking(move || read(&path)).await else {
                // The runtime shuts down.
                return;
            };
            if content == self.seen {
                continue;
            }
            let issuers = content
                .clone()
                .and_then(|content| parse(&self.path, &content));
            let replaced = match issuers {
                // The layer logs what is wrong with an issuer.
                Ok(issuers) => auth
                    .replace_issuers(issuers)
                    .map_err(|error| format!("{:?}: {error}", self.path)),
                Err(error) => {
                    tracing::error!(event = "issuers_refused", %error, "the file is not used");
                    Err(error)
                }
            };
            self.refusal.set(replaced.err());
            self.seen = content;
        }
    }
}

fn read(path: &str) -> Result<Vec<u8>, String> {
    let cannot_read = |error| format!("cannot read {path:?}: {error}");
    let mut content = Vec::new();
    let file = File::open(path).map_err(cannot_read)?;
    file.take(MOST_BYTES + 1)
        .read_to_end(&mut content)
        .map_err(cannot_read)?;
    match content.len() as u64 > MOST_BYTES {
        true => Err(format!("{path:?} has more than {MOST_BYTES} bytes")),
        false => Ok(content),
    }
}

fn parse(path: &str, content: &[u8]) -> Result<Vec<Issuer>, String> {
    // A byte order mark, which some editors write, is no part of the JSON.
    let json = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let issuers: Vec<Issuer> = serde_json::from_slice(json).map_err(|error| {
        let error = error.to_string().replace('\n', " ");
        format!("{path:?}: {error}")
    })?;
    match issuers.is_empty() {
        true => Err(format!("{path:?}: it lists no issuer")),
        false => Ok(issuers),
    }
}

const BETWEEN_LOOKS: Duration = Duration::from_secs(5);

/// 256 KiB, and 1 KiB for each of a thousand issuers.
const MOST_BYTES: u64 = (256 + 1000) * 1024;
