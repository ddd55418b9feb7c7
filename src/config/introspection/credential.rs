//! The credential of this server at an introspection endpoint: the one that is set, and how it is
//! shown.

use std::path::Path;

use super::super::error::{ConfigError, SecretFileError};
use super::super::named::{Named, known_or, name_of};
use super::super::secret_files::unusable;
use crate::base::secret::Secret;
use crate::introspection::client::{ClientCredentials, CredentialError, CredentialSource, Way};
use crate::introspection::{ClientAuth, Introspection, JwtResponse};
use crate::jwks::PrivateKeyError;

impl Named for ClientAuth {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("basic", Self::Basic),
        ("basic_unencoded", Self::BasicUnencoded),
        ("post", Self::Post),
        ("private_key_jwt", Self::PrivateKeyJwt),
        ("bearer", Self::Bearer),
    ];
}

impl Named for JwtResponse {
    const NAMES: &'static [(&'static str, Self)] =
        &[("off", Self::Off), ("required", Self::Required)];
}

/// A credential as it is set.
#[derive(Clone, Copy)]
pub(super) enum Given<'s> {
    File(&'s Path),
    Text(&'s Secret<String>),
}

/// The one credential that is set, with the name of its setting.
pub(super) fn credential(
    settings: &Introspection,
) -> Result<(&'static str, Given<'_>), ConfigError> {
    let text = settings.client_secret.as_ref();
    let text = text.map(|secret| (CLIENT_SECRET, Given::Text(secret)));
    let files = [
        (CLIENT_SECRET_FILE, &settings.client_secret_file),
        (PRIVATE_KEY_FILE, &settings.private_key_file),
        (BEARER_TOKEN_FILE, &settings.bearer_token_file),
    ];
    let files = files
        .into_iter()
        .filter_map(|(setting, path)| Some((setting, Given::File(path.as_deref()?))));
    let mut set = text.into_iter().chain(files);
    let first = set.next().ok_or(ConfigError::ClientAuthMissing)?;
    match set.next() {
        Some((second, _)) => Err(ConfigError::Conflict {
            first: first.0,
            second,
        }),
        None => Ok(first),
    }
}

/// Reads the file, if there is one.
pub(super) fn credentials(
    setting: &'static str,
    given: Given<'_>,
    way: Way,
) -> Result<ClientCredentials, ConfigError> {
    let empty = ConfigError::Empty { setting };
    let (source, path) = match given {
        Given::File(path) if path.as_os_str().is_empty() => return Err(empty),
        Given::File(path) => (CredentialSource::File(path.to_owned()), Some(path)),
        Given::Text(secret) => (CredentialSource::Fixed(secret.expose().clone()), None),
    };
    ClientCredentials::new(way, source).map_err(|error| match path {
        Some(path) => unusable_file(setting, path, error),
        // The only fault that a text can have.
        None => empty,
    })
}

fn unusable_file(setting: &'static str, path: &Path, error: CredentialError) -> ConfigError {
    let reason = match error {
        CredentialError::Key(PrivateKeyError::NeedsAwsLcRs) => {
            let feature = "aws_lc_rs";
            return ConfigError::FeatureMissing { setting, feature };
        }
        CredentialError::Empty => SecretFileError::Empty,
        CredentialError::Key(PrivateKeyError::Encrypted) => SecretFileError::EncryptedKey,
        CredentialError::Key(PrivateKeyError::NoKey) => SecretFileError::NoKey,
        CredentialError::Key(PrivateKeyError::Unsupported) => SecretFileError::UnsupportedKey,
        CredentialError::NotText => SecretFileError::NotText,
        CredentialError::TooLarge => SecretFileError::TooLarge,
        CredentialError::Unreadable(error) => SecretFileError::Unreadable(error.to_string()),
    };
    unusable(setting, path, reason)
}

/// `setting` is the credential that is set.
pub(super) fn way(
    settings: &Introspection,
    setting: &'static str,
    auth: ClientAuth,
) -> Result<Way, ConfigError> {
    let (name, client_id) = ("introspection.client_id", settings.client_id.clone());
    let client_id = match (auth, client_id) {
        (_, Some(client_id)) if client_id.is_empty() => {
            return Err(ConfigError::Empty { setting: name });
        }
        (ClientAuth::Bearer, _) => return Ok(Way::Bearer),
        (_, Some(client_id)) => client_id,
        (_, None) => {
            return Err(ConfigError::Incomplete {
                setting,
                missing: name,
            });
        }
    };
    Ok(match auth {
        ClientAuth::Basic => Way::Basic { client_id },
        ClientAuth::BasicUnencoded => Way::BasicUnencoded { client_id },
        ClientAuth::Bearer => Way::Bearer,
        ClientAuth::Post => Way::Post { client_id },
        ClientAuth::PrivateKeyJwt => Way::PrivateKeyJwt { client_id },
    })
}

/// `setting` is the credential that is set.
pub(super) fn auth(
    settings: &Introspection,
    setting: &'static str,
) -> Result<ClientAuth, ConfigError> {
    let (usual, others): (_, &[_]) = match setting {
        BEARER_TOKEN_FILE => (ClientAuth::Bearer, &[]),
        PRIVATE_KEY_FILE => (ClientAuth::PrivateKeyJwt, &[]),
        _ => (
            ClientAuth::Basic,
            &[ClientAuth::BasicUnencoded, ClientAuth::Post],
        ),
    };
    let auth = known_or("introspection.auth", &settings.auth, usual)?;
    let fits = |auth: ClientAuth| auth == usual || others.contains(&auth);
    if fits(auth) {
        return Ok(auth);
    }
    let fitting = ClientAuth::NAMES.iter().filter(|(_, auth)| fits(*auth));
    Err(ConfigError::ClientAuthUnfit {
        auth: name_of(auth),
        setting,
        fitting: fitting.map(|(name, _)| *name).collect(),
    })
}

pub(super) fn signed_for(
    settings: &Introspection,
    auth: ClientAuth,
    resource: Option<&str>,
) -> Result<Option<Vec<String>>, ConfigError> {
    let (client_id, jwt_response) = ("introspection.client_id", "introspection.jwt_response");
    match known_or(jwt_response, &settings.jwt_response, JwtResponse::Off)? {
        JwtResponse::Off if auth == ClientAuth::Bearer && settings.client_id.is_some() => {
            Err(ConfigError::Conflict {
                first: client_id,
                second: BEARER_TOKEN_FILE,
            })
        }
        JwtResponse::Off => Ok(None),
        JwtResponse::Required => {
            let names = settings.client_id.as_deref().into_iter().chain(resource);
            let names: Vec<_> = names.map(str::to_owned).collect();
            match names.is_empty() {
                true => Err(ConfigError::Incomplete {
                    setting: jwt_response,
                    missing: client_id,
                }),
                false => Ok(Some(names)),
            }
        }
    }
}

const BEARER_TOKEN_FILE: &str = "introspection.bearer_token_file";

const CLIENT_SECRET: &str = "introspection.client_secret";

const CLIENT_SECRET_FILE: &str = "introspection.client_secret_file";

const PRIVATE_KEY_FILE: &str = "introspection.private_key_file";
