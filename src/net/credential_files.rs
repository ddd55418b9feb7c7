//! Certificates and a bearer token from files, for the requests to one issuer.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

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
