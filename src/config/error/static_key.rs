use std::fmt;

use crate::jwks::{KeySetError, SkipReason, SkippedKey};

/// The reason why a static key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StaticKeyError {
    /// The PEM text is a certificate.
    Certificate,
    /// The PEM text has `\n` as two characters in place of line breaks.
    EscapedLineBreaks,
    /// The text is JSON, and not PEM.
    Json,
    /// A key set was given where one key is expected.
    KeySet,
    /// The keys are a list, without the object around it.
    List,
    /// The key is not a JSON object.
    NotAnObject,
    /// The text is not the PEM text of an RSA, EC or Ed25519 public key.
    NotPem,
    /// The snapshot holds the keys of another issuer.
    OtherIssuer,
    /// The text is the path of a file.
    Path,
    /// The text is PEM, where a JWK or a key set is expected.
    Pem,
    /// The PEM text is a private key.
    PrivateKey,
    /// One key was given where a key set is expected.
    SingleKey,
    /// The JSON is inside a string.
    Text,
    /// The set has no usable key.
    Unusable(KeySetError),
    /// The text is a URL.
    Url,
}

impl StaticKeyError {
    /// What to do.
    pub(super) fn way_out(&self) -> &'static str {
        match self {
            Self::Certificate => {
                "give the public key in it: openssl x509 -pubkey -noout -in certificate.pem"
            }
            Self::EscapedLineBreaks => {
                "give real line breaks: in a JSON file each is written \\n, not \\\\n"
            }
            Self::Json => "give a JWK with jwk, and a JWK Set with jwks",
            Self::KeySet => "give it with jwks, or give one of its keys",
            Self::List => "write {\"keys\": [..]} around it",
            Self::NotAnObject => "give a JWK, as a JSON object",
            Self::NotPem => "give the text with its BEGIN PUBLIC KEY line",
            Self::OtherIssuer => "export the keys of this issuer",
            Self::Path => "give the text of the file, which begins with -----BEGIN PUBLIC KEY-----",
            Self::Pem => "give it with public_key_pem",
            Self::PrivateKey => {
                "give the public key that belongs to it: openssl pkey -pubout -in private.pem"
            }
            Self::SingleKey => "write {\"keys\": [..]} around it, or give it with jwk",
            Self::Text => "write the JSON object itself, without quotes around it",
            Self::Unusable(KeySetError::NoUsableKey { skipped }) => match first_reason(skipped) {
                Some(SkipReason::SecretNotBase64) => {
                    "encode the secret as base64url, or call Jwk::secret(..) in code"
                }
                Some(SkipReason::SecretTooShort) => {
                    "give a secret of at least 32 bytes for HS256, 48 for HS384, 64 for HS512; k is \
                     its base64url encoding, which Jwk::secret(..) makes in code"
                }
                Some(SkipReason::Symmetric) => "list the HS algorithm of the secret in algorithms",
                _ => PUBLIC_KEY,
            },
            Self::Unusable(_) => PUBLIC_KEY,
            Self::Url => "give it with jwks_uri, from which keys are fetched",
        }
    }
}

fn first_reason(skipped: &[SkippedKey]) -> Option<SkipReason> {
    skipped.first().map(|key| key.reason)
}

const PUBLIC_KEY: &str = "give a public key of a supported type (RSA, EC, Ed25519, ML-DSA)";

impl fmt::Display for StaticKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Certificate => "it is a certificate",
            Self::EscapedLineBreaks => "it has \\n as two characters in place of each line break",
            Self::Json => "it is JSON, not PEM text",
            Self::KeySet => "it is a key set, not one key",
            Self::List => "it is a list of keys, not a key set",
            Self::NotAnObject => "it is not a JSON object",
            Self::NotPem => {
                "it is not PEM text of an RSA, EC (P-256, P-384, P-521) or Ed25519 public key"
            }
            Self::OtherIssuer => "it holds the keys of another issuer",
            Self::Path => "it is the path of a file, not PEM text",
            Self::Pem => "it is PEM text",
            Self::PrivateKey => "it is a private key, which only the issuer may have",
            Self::SingleKey => "it is one key, not a key set",
            Self::Text => "it is JSON inside a string",
            Self::Unusable(error) => return error.fmt(f),
            Self::Url => "it is a URL",
        })
    }
}

impl std::error::Error for StaticKeyError {}
