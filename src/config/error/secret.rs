use std::fmt;

use crate::limits::{MAX_CREDENTIAL_FILE_BYTES, MIN_NONCE_SECRET_BYTES};

/// The reason why a secret cannot be used. It never holds the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretError {
    /// The text is not base64url.
    NotBase64Url,
    /// The secret is too short.
    #[non_exhaustive]
    TooShort {
        /// Its length after decoding.
        bytes: usize,
    },
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotBase64Url => f.write_str("it is not base64url text"),
            Self::TooShort { bytes } => write!(
                f,
                "it has {bytes} bytes, and {MIN_NONCE_SECRET_BYTES} are needed"
            ),
        }
    }
}

impl std::error::Error for SecretError {}

/// The reason why a file with a secret cannot be used. It never holds the content.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretFileError {
    /// The file is empty.
    Empty,
    /// The path is that of a folder or a device.
    NoFile,
    /// The content is not UTF-8 text.
    NotText,
    /// The file is larger than [`MAX_CREDENTIAL_FILE_BYTES`].
    TooLarge,
    /// The file is missing or cannot be read: the reason that the operating system gives.
    Unreadable(String),
}

impl SecretFileError {
    /// What to do.
    pub(super) const fn way_out(&self) -> &'static str {
        match self {
            Self::Empty => "write the secret into it",
            Self::NoFile => "give the path of a regular file",
            Self::NotText | Self::TooLarge => "give a file that holds nothing but the secret",
            Self::Unreadable(_) => "create it, and let the user of this process read it",
        }
    }
}

impl fmt::Display for SecretFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::NoFile => f.write_str("it is not a file"),
            Self::NotText => f.write_str("it is not text"),
            Self::TooLarge => write!(f, "it is larger than {MAX_CREDENTIAL_FILE_BYTES} bytes"),
            Self::Unreadable(error) => write!(f, "it cannot be read: {error}"),
        }
    }
}

impl std::error::Error for SecretFileError {}
