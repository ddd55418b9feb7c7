//! The settings for requests to an issuer that wants to know who asks: their setters, and what they
//! must be together.

use super::error::ConfigError;
use crate::keys::CredentialFiles;

/// Checks the files of one issuer without reading them. `transport_setting` is the setting that
/// gives the application's own HTTP client, if it is set.
pub(super) fn check_credentials(
    files: &CredentialFiles,
    transport_setting: Option<&'static str>,
) -> Result<(), ConfigError> {
    let Some((second, _)) = files.set().next() else {
        return Ok(());
    };
    if let Some(first) = transport_setting {
        return Err(ConfigError::Conflict { first, second });
    }
    if cfg!(not(feature = "reqwest")) {
        return Err(ConfigError::FeatureMissing {
            setting: second,
            feature: "reqwest",
        });
    }
    if let Some((setting, _)) = files.set().find(|(_, path)| path.as_os_str().is_empty()) {
        return Err(ConfigError::Empty { setting });
    }
    let (certificate, key) = ("client_certificate_file", "client_key_file");
    match (&files.client_certificate, &files.client_key) {
        (Some(_), None) => Err(ConfigError::Incomplete {
            setting: certificate,
            missing: key,
        }),
        (None, Some(_)) => Err(ConfigError::Incomplete {
            setting: key,
            missing: certificate,
        }),
        _ => Ok(()),
    }
}

// The setters that the builder and an issuer share. `$path` leads to the settings.
macro_rules! credential_setters {
    ($($path:ident).+) => {
        /// Trusts only the CA certificates in this file (PEM) when keys and metadata of the
        /// issuer are fetched, and when it is asked about tokens, for an issuer with a private
        /// CA.
        ///
        /// This file and the three below are looked at before each request to the issuer, and
        /// read again when their time or size has changed. A file that cannot be used then, or
        /// not be read within a fifth of the timeout, leaves its old content in use, with the event
        /// `credentials_not_replaced`; at the first fetch it makes the fetch fail. They have no
        /// effect on keys that are not fetched over HTTP.
        ///
        /// Default: the CA certificates of the system.
        ///
        /// # Errors
        ///
        /// `build` rejects an empty path, a combination with `http_client` or
        /// `http_transport`, which have their own certificates, and the setting on the builder
        /// together with `add_issuer`. It does not read the file.
        pub fn ca_file(mut self, path: impl Into<std::path::PathBuf>) -> Self {
            self.$($path).+.keys.credentials.ca = Some(path.into());
            self
        }

        /// Presents the certificate in this file (PEM, with intermediate certificates after it)
        /// to the issuer (RFC 8446 §4.4.2). Its key is in `client_key_file`, which may be the
        /// same file.
        ///
        /// Default: none.
        ///
        /// # Errors
        ///
        /// As for `ca_file`; `build` also rejects it without `client_key_file`.
        pub fn client_certificate_file(mut self, path: impl Into<std::path::PathBuf>) -> Self {
            self.$($path).+.keys.credentials.client_certificate = Some(path.into());
            self
        }

        /// Sets the file with the key of `client_certificate_file`: PEM, not encrypted.
        ///
        /// Default: none.
        ///
        /// # Errors
        ///
        /// As for `ca_file`; `build` also rejects it without `client_certificate_file`.
        pub fn client_key_file(mut self, path: impl Into<std::path::PathBuf>) -> Self {
            self.$($path).+.keys.credentials.client_key = Some(path.into());
            self
        }

        /// Sends the token in this file as `Authorization: Bearer` with each request for keys
        /// and metadata (RFC 6750 §2.1), for example the service account token that Kubernetes
        /// mounts and rotates.
        ///
        /// The token goes to the issuer and to the `jwks_uri` that its metadata names, also on
        /// another host, as with Kubernetes. Call `pin_jwks_host` if the issuer needs no other
        /// host. It does not go to the introspection endpoint, for which
        /// [`Introspection`](crate::introspection::Introspection) has credentials of its own.
        ///
        /// Default: none.
        ///
        /// # Errors
        ///
        /// As for `ca_file`.
        ///
        /// ```
        /// # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))] {
        /// use tower_jwt_auth::JwtAuthConfig;
        ///
        /// let mounted = "/var/run/secrets/kubernetes.io/serviceaccount";
        /// let config = JwtAuthConfig::builder()
        ///     .issuer("https://kubernetes.default.svc.cluster.local")
        ///     .audience("notes")
        ///     .ca_file(format!("{mounted}/ca.crt"))
        ///     .bearer_token_file(format!("{mounted}/token"))
        ///     .build()?;
        /// # }
        /// # Ok::<(), tower_jwt_auth::ConfigError>(())
        /// ```
        pub fn bearer_token_file(mut self, path: impl Into<std::path::PathBuf>) -> Self {
            self.$($path).+.keys.credentials.bearer_token = Some(path.into());
            self
        }
    };
}
pub(super) use credential_setters;
