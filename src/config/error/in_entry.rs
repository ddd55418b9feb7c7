//! Errors of one of several issuers.

use super::ConfigError;
use crate::base::url_rule::without_credentials;

impl ConfigError {
    /// The same error about the entry of `issuers` at `index`, if it is about the value of one of
    /// its settings. Not if it is about two settings that do not fit each other, or shows the
    /// issuer or a URL, by which the entry is found.
    pub(in crate::config) fn in_entry(self, index: usize, issuer: &str) -> Self {
        match self.is_about_a_value() {
            true => Self::InEntry {
                index,
                issuer: without_credentials(issuer).to_owned(),
                error: Box::new(self),
            },
            false => self,
        }
    }

    fn is_about_a_value(&self) -> bool {
        matches!(
            self,
            Self::DurationOutOfBounds { .. }
                | Self::Empty { .. }
                | Self::InvalidCharacters { .. }
                | Self::InvalidKey { .. }
                | Self::InvalidSecret { .. }
                | Self::ListedTwice { .. }
                | Self::NumberOutOfBounds { .. }
                | Self::OfflineAccess { .. }
                | Self::OutOfOrder { .. }
                | Self::SymmetricAlgorithm { .. }
                | Self::TooMany { .. }
                | Self::UnknownAlgorithm { .. }
                | Self::UnknownName { .. }
                | Self::UnusableFile { .. }
        )
    }
}
