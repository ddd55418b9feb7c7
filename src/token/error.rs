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
    /// The request lacks the certificate that the token is bound to (RFC 8705 §3).
    CertificateMismatch,
    /// The scheme is `DPoP`, and [`dpop`](crate::config::JwtAuthConfigBuilder::dpop) is not set.
    DpopIsOff,
    /// Nothing follows `Bearer` in the `Authorization` header.
    EmptyToken,
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
    /// The value after `Bearer` is not a `b64token` (RFC 6750 §2.1).
    MalformedToken,
    /// A required claim is absent.
    MissingClaim,
    /// The issuer says that the token is not active (RFC 7662 §2.2).
    NotActive,
    /// The token is not bound to a key, but was presented with the scheme `DPoP` (RFC 9449 §7.1),
    /// or [`require_bound_tokens`](crate::config::JwtAuthConfigBuilder::require_bound_tokens) is
    /// set.
    NotBoundToKey,
    /// `nbf` lies in the future (RFC 7519 §4.1.5).
    NotYetValid,
    /// The DPoP proof was made with another key than the one that the token is bound to (RFC 9449
    /// §4.3).
    ProofOfOtherKey,
    /// The token is in quotes.
    QuotedToken,
    /// The token was revoked, in a fleet of processes (feature `redis`).
    Revoked,
    /// The `Authorization` header is a token without the word `Bearer` in front of it.
    SchemeMissing,
    /// The word `Bearer` is in front of the token twice.
    SchemeRepeated,
    /// The claim `events` marks a logout token or another security event token (RFC 8417), which is
    /// not an access token (RFC 8725 §3.12).
    SecurityEvent,
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
    /// The `Authorization` header has an unknown scheme: none that this server accepts, and none of
    /// the HTTP schemes that carry no tokens, such as `Basic`.
    UnknownScheme,
    /// `cnf` names no key, or names it in a way that is not supported (RFC 7800 §3.1).
    UnsupportedConfirmation,
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

/// One row for each reason, and no `_` arm: a new reason does not compile until it has a row.
macro_rules! reasons {
    ($($kind:ident: $code:literal, $text:literal;)*) => {
        impl TokenErrorKind {
            /// The stable name of the reason in events, such as `issuer_unknown`. The page
            /// [`guide::troubleshooting`](crate::guide::troubleshooting) explains each of them.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$kind => $code,)*
                }
            }

            const fn text(self) -> &'static str {
                match self {
                    $(Self::$kind => $text,)*
                }
            }

            /// All of them, for tests.
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$kind),*];
        }
    };
}

reasons! {
    AlgorithmNotAllowed: "algorithm_not_allowed", "alg is not in the allow-list";
    AmbiguousKey: "key_ambiguous", "no kid, and more than one key fits";
    BadEncoding: "encoding_invalid", "a segment is not canonical base64url";
    BadSignature: "signature_invalid", "the signature does not verify";
    BoundToKey: "proof_missing", "the token is bound to a key and cannot be used as a bearer token";
    CertificateMismatch: "certificate_mismatch", "the request has not the certificate that the token is bound to";
    DpopIsOff: "dpop_off", "the scheme is DPoP, and dpop is not set";
    EmptyToken: "token_empty", "nothing follows Bearer in the Authorization header";
    Expired: "token_expired", "exp has passed";
    InconsistentTimes: "times_inconsistent", "exp lies before nbf or iat";
    IssuedInTheFuture: "issued_in_the_future", "iat lies in the future";
    KeyMismatch: "key_mismatch", "no key of this kid fits alg";
    MalformedClaims: "claims_malformed", "the claims are malformed";
    MalformedHeader: "header_malformed", "the header is malformed";
    MalformedToken: "token_malformed", "the value after Bearer has characters that no token has";
    MissingClaim: "claim_missing", "a required claim is missing";
    NotActive: "token_not_active", "the issuer says that the token is not active";
    NotBoundToKey: "not_bound_to_key", "the token is not bound to a key";
    NotYetValid: "not_yet_valid", "nbf lies in the future";
    ProofOfOtherKey: "proof_of_other_key", "the proof is made with another key than the token is bound to";
    QuotedToken: "token_quoted", "the token is in quotes: remove them";
    RefusedByCheck: "check_refused", "a check of the application refused it";
    Revoked: "revoked", "the token was revoked";
    SchemeMissing: "scheme_missing", "the Authorization header is a token alone: write Bearer and a space in front of it";
    SchemeRepeated: "scheme_repeated", "Bearer is in front of the token twice";
    SecurityEvent: "security_event", "the claim events makes it a logout token or another security event token: send the access token";
    TooLarge: "token_too_large", "the token is too large";
    TooManyValues: "too_many_values", "the token has more members or values than are read";
    TooOld: "token_too_old", "iat is longer ago than max_token_age";
    UnknownKey: "key_unknown", "no key has this kid";
    UnknownScheme: "scheme_unknown", "the Authorization header has another scheme than Bearer in front of the token";
    UnsupportedConfirmation: "confirmation_unsupported", "cnf names no key, or names it in a way that is not supported";
    UnsupportedHeader: "header_unsupported", "the header asks for something unsupported";
    WrongAudience: "audience_unknown", "aud names no accepted audience";
    WrongClient: "client_unknown", "the client is none of those listed";
    WrongIssuer: "issuer_unknown", "iss is not a configured issuer";
    WrongSegments: "not_a_jwt", "not a compact JWS of three segments: if the token is opaque, the client must name this resource when it requests a token, the issuer must be set to issue JWTs, or introspection must be set here";
    WrongType: "type_wrong", "typ is not that of an access token";
}

impl fmt::Display for TokenErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page of the guide has each code once, and no other.
    #[test]
    fn field_g01_each_reason_is_explained() {
        let page = include_str!("../guide/troubleshooting.rs");
        let section = page
            .split("# Reasons that are about the proof")
            .next()
            .unwrap_or_default();
        let mut explained: Vec<_> = section.split("<a id=\"").skip(1).collect();
        for kind in TokenErrorKind::ALL {
            let code = kind.code();
            let place = explained
                .iter()
                .position(|row| row.starts_with(&format!("{code}\"")));
            assert!(place.is_some(), "{code} is not in guide::troubleshooting");
            place.map(|place| explained.remove(place));
        }
        assert!(explained.is_empty(), "{explained:?}");
    }

    #[test]
    fn texts() {
        let expired = TokenError::at(TokenErrorKind::Expired, Some("exp"));
        assert_eq!(expired.to_string(), "exp has passed (exp)");
        let large = TokenError::from(TokenErrorKind::TooLarge);
        assert_eq!(large.to_string(), "the token is too large");
        assert_eq!(large.kind().to_string(), large.to_string());
    }
}
