use std::fmt;

use crate::limits::{MAX_CREDENTIAL_FILE_BYTES, MIN_NONCE_SECRET_BYTES};

/// The reason why a secret cannot be used. It never holds the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretError {
    /// The text is not base64url.
    NotBase64Url,
    /// It is one byte over and over.
    OneByte,
    /// It is the password of the store.
    Password,
    /// The secret is too short.
    #[non_exhaustive]
    TooShort {
        /// Its length after decoding.
        bytes: usize,
    },
    /// It is the same as the one before.
    Twice,
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotBase64Url => f.write_str("it is not base64url text"),
            Self::OneByte => f.write_str("it is one byte over and over"),
            Self::Password => f.write_str("it is the password of the store, which others have"),
            Self::TooShort { bytes } => write!(
                f,
                "it has {bytes} bytes, and {MIN_NONCE_SECRET_BYTES} are needed"
            ),
            Self::Twice => f.write_str("it is the same as the one before"),
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
    /// The private key in it is encrypted.
    EncryptedKey,
    /// It holds no private key, or a broken one.
    NoKey,
    /// The content is not text, or has characters that cannot be sent.
    NotText,
    /// The file is larger than [`MAX_CREDENTIAL_FILE_BYTES`].
    TooLarge,
    /// The file is missing or cannot be read: the reason that the operating system gives.
    Unreadable(String),
    /// The private key in it is of another type or curve, or its `alg` does not fit.
    UnsupportedKey,
}

impl SecretFileError {
    /// What to do.
    pub(super) const fn way_out(&self) -> &'static str {
        match self {
            Self::Empty => "write the secret into it",
            Self::EncryptedKey => "decrypt the key",
            Self::NoKey => "give a private key as PEM (PKCS #8 or SEC1) or as a JWK",
            Self::NotText | Self::TooLarge => "give a file that holds nothing but the secret",
            Self::Unreadable(_) => "create it, and let the user of this process read it",
            Self::UnsupportedKey => {
                "give an EC key on P-256, P-384 or P-521, an Ed25519 key, or an RSA key"
            }
        }
    }
}

impl fmt::Display for SecretFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::EncryptedKey => f.write_str("its key is encrypted"),
            Self::NoKey => f.write_str("it holds no private key"),
            Self::NotText => f.write_str("it holds no usable text"),
            Self::TooLarge => write!(f, "it is larger than {MAX_CREDENTIAL_FILE_BYTES} bytes"),
            Self::Unreadable(error) => write!(f, "it cannot be read: {error}"),
            Self::UnsupportedKey => f.write_str("its key is of a type that is not supported"),
        }
    }
}

impl std::error::Error for SecretFileError {}
