use std::fmt;

/// Why a token was refused. For logs and tests; callers of the service never see it.
///
/// The `Display` text contains no bytes of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenError {
    kind: TokenErrorKind,
    member: Option<&'static str>,
}

impl TokenError {
    pub(crate) const fn new(kind: TokenErrorKind) -> Self {
        Self { kind, member: None }
    }

    /// Also names the header member or claim at fault. The name is one of ours, never text from the
    /// token.
    pub(crate) const fn at(kind: TokenErrorKind, member: Option<&'static str>) -> Self {
        Self { kind, member }
    }

    /// The reason, to match on.
    #[must_use]
    pub const fn kind(&self) -> TokenErrorKind {
        self.kind
    }
}

impl From<TokenErrorKind> for TokenError {
    fn from(kind: TokenErrorKind) -> Self {
        Self::new(kind)
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.text())?;
        match self.member {
            Some(member) => write!(f, " ({member})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for TokenError {}

/// Every reason for which a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenErrorKind {
    /// `alg` is unknown or not in the allow-list (RFC 8725 §3.1).
    AlgorithmNotAllowed,
    /// The token has no `kid`, and more than one key fits. None of them is tried.
    AmbiguousKey,
    /// A segment is not canonical unpadded base64url (RFC 7515 §2).
    BadEncoding,
    /// The signature does not verify under the chosen key.
    BadSignature,
    /// The token is bound to a key (`cnf`) but was presented as a plain bearer token (RFC 9449
    /// §7.2, RFC 8705 §3).
    BoundToKey,
    /// `exp` has passed (RFC 7519 §4.1.4).
    Expired,
    /// `exp` lies before `nbf` or `iat`.
    InconsistentTimes,
    /// `iat` lies in the future.
    IssuedInTheFuture,
    /// The key that `kid` names does not fit `alg`.
    KeyMismatch,
    /// The claims are not a JSON object, repeat a member, or hold a value of the wrong type.
    MalformedClaims,
    /// The header is not a JSON object, repeats a member, or holds a value of the wrong type.
    MalformedHeader,
    /// A required claim is absent.
    MissingClaim,
    /// `nbf` lies in the future (RFC 7519 §4.1.5).
    NotYetValid,
    /// The token is larger than
    /// [`max_token_bytes`](crate::config::JwtAuthConfigBuilder::max_token_bytes), or its header is
    /// larger than [`MAX_HEADER_BYTES`](crate::limits::MAX_HEADER_BYTES).
    TooLarge,
    /// The header or the claims have more than
    /// [`MAX_JSON_MEMBERS`](crate::limits::MAX_JSON_MEMBERS) members or
    /// [`MAX_JSON_VALUES`](crate::limits::MAX_JSON_VALUES) values.
    TooManyValues,
    /// No key has this `kid`.
    UnknownKey,
    /// `iat` is further in the past than
    /// [`max_token_age`](crate::config::JwtAuthConfigBuilder::max_token_age) allows.
    TooOld,
    /// The header asks for something that is not supported: `crit`, `b64`, `zip`, `enc` or a nested
    /// `cty` (RFC 7515 §4.1.11).
    UnsupportedHeader,
    /// A check of the application refused the token; see
    /// [`check`](crate::config::JwtAuthConfigBuilder::check).
    RefusedByCheck,
    /// `aud` contains no accepted audience (RFC 7519 §4.1.3).
    WrongAudience,
    /// The client is not one of the client IDs that
    /// [`cognito`](crate::config::JwtAuthConfigBuilder::cognito) lists.
    WrongClient,
    /// `iss` is not a configured issuer, compared byte for byte (RFC 7519 §4.1.1).
    WrongIssuer,
    /// The token does not have the three segments of a compact JWS (RFC 7515 §7.1).
    WrongSegments,
    /// `typ`, or the provider's claim with the same meaning, does not identify an access token (RFC
    /// 8725 §3.11, RFC 9068 §4).
    WrongType,
}

impl TokenErrorKind {
    const fn text(self) -> &'static str {
        match self {
            Self::AlgorithmNotAllowed => "alg is not in the allow-list",
            Self::AmbiguousKey => "no kid, and more than one key fits",
            Self::BadEncoding => "a segment is not canonical base64url",
            Self::BadSignature => "the signature does not verify",
            Self::BoundToKey => "the token is bound to a key and cannot be used as a bearer token",
            Self::Expired => "exp has passed",
            Self::InconsistentTimes => "exp lies before nbf or iat",
            Self::IssuedInTheFuture => "iat lies in the future",
            Self::KeyMismatch => "no key of this kid fits alg",
            Self::MalformedClaims => "the claims are malformed",
            Self::MalformedHeader => "the header is malformed",
            Self::MissingClaim => "a required claim is missing",
            Self::NotYetValid => "nbf lies in the future",
            Self::RefusedByCheck => "a check of the application refused it",
            Self::TooLarge => "the token is too large",
            Self::TooManyValues => "the token has more members or values than are read",
            Self::TooOld => "iat is longer ago than max_token_age",
            Self::UnknownKey => "no key has this kid",
            Self::UnsupportedHeader => "the header asks for something unsupported",
            Self::WrongAudience => "aud names no accepted audience",
            Self::WrongClient => "the client is none of those listed",
            Self::WrongIssuer => "iss is not a configured issuer",
            Self::WrongSegments => "not a compact JWS of three segments",
            Self::WrongType => "typ is not that of an access token",
        }
    }
}

impl fmt::Display for TokenErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let expired = TokenError::at(TokenErrorKind::Expired, Some("exp"));
        assert_eq!(expired.to_string(), "exp has passed (exp)");
        let large = TokenError::from(TokenErrorKind::TooLarge);
        assert_eq!(large.to_string(), "the token is too large");
        assert_eq!(large.kind().to_string(), large.to_string());
    }
}
