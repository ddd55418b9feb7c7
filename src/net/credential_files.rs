//! Certificates and a bearer token from files, for the requests to one issuer.

use std::path::{Path, PathBuf};

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
