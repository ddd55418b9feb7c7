//! Secrets as base64url text, and the files that hold them. No error shows them.

use std::path::Path;

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::error::{ConfigError, SecretError, SecretFileError};
use crate::base::secret::Secret;
use crate::limits::{MAX_CREDENTIAL_FILE_BYTES, MIN_NONCE_SECRET_BYTES};
use crate::net::read_at_most;

/// The bytes of the secrets of the settings `text` and `from_file`. Empty if neither is set.
pub(super) fn secrets_of(
    text: &'static str,
    from_file: &'static str,
    secrets: Option<&[Secret<String>]>,
    file: Option<&Path>,
) -> Result<Vec<Secret<Vec<u8>>>, ConfigError> {
    match (secrets, file) {
        (None, None) => Ok(Vec::new()),
        (Some(_), Some(_)) => Err(ConfigError::Conflict {
            first: text,
            second: from_file,
        }),
        (Some([]), None) => Err(ConfigError::Empty { setting: text }),
        (Some(secrets), None) => decoded(text, secrets.iter().map(|it| it.expose().as_str())),
        (None, Some(path)) => {
            let content = read(from_file, path)?;
            match content.expose().trim_end() {
                "" => Err(unusable(from_file, path, SecretFileError::Empty)),
                list => decoded(from_file, list.lines().map(str::trim_end)),
            }
        }
    }
}

fn decoded<'s>(
    setting: &'static str,
    secrets: impl Iterator<Item = &'s str>,
) -> Result<Vec<Secret<Vec<u8>>>, ConfigError> {
    let decode = |secret: &str| match BASE64URL.decode(secret) {
        Err(_) => Err(SecretError::NotBase64Url),
        Ok(secret) if secret.len() < MIN_NONCE_SECRET_BYTES => Err(SecretError::TooShort {
            bytes: secret.len(),
        }),
        Ok(secret) => Ok(Secret::new(secret)),
    };
    let number_and_secret = (1..).zip(secrets);
    number_and_secret
        .map(|(number, secret)| {
            decode(secret).map_err(|reason| ConfigError::InvalidSecret {
                setting,
                number,
                reason,
            })
        })
        .collect()
}

fn read(setting: &'static str, path: &Path) -> Result<Secret<String>, ConfigError> {
    if path.as_os_str().is_empty() {
        return Err(ConfigError::Empty { setting });
    }
    text_of(path)
        .map(Secret::new)
        .map_err(|reason| unusable(setting, path, reason))
}

pub(super) fn text_of(path: &Path) -> Result<String, SecretFileError> {
    let content = read_at_most(path, MAX_CREDENTIAL_FILE_BYTES)
        .map_err(|error| SecretFileError::Unreadable(error.to_string()))?;
    let content = content.ok_or(SecretFileError::TooLarge)?;
    String::from_utf8(content).map_err(|_| SecretFileError::NotText)
}

pub(super) fn unusable(setting: &'static str, path: &Path, reason: SecretFileError) -> ConfigError {
    let path = path.to_owned();
    ConfigError::UnusableFile {
        setting,
        path,
        reason,
    }
}

/// With or without padding: tools write both.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
