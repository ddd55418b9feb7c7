//! The one table from the reason of a rejection to what the caller sees.

use http::StatusCode;

use crate::base::proof_fault::ProofFault;
use crate::token::TokenErrorKind;

/// The reasons that a caller can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectionKind {
    /// The token is valid, but its claims do not satisfy the handler, and no additional scope
    /// would.
    AccessDenied,
    /// The token is valid, but does not grant what the operation needs (RFC 6750 §3.1).
    InsufficientScope,
    /// The token may be valid, but the introspection endpoint of its issuer is unavailable, or its
    /// answer cannot be used (RFC 7662). Not a 401, as for
    /// [`KeysUnavailable`](Self::KeysUnavailable).
    IntrospectionUnavailable,
    /// The DPoP proof is missing, malformed, or not for this request (RFC 9449 §7.1). The
    /// description says which group of checks failed: its sender knows all that a proof is compared
    /// with.
    InvalidDpopProof,
    /// More than one `Authorization` header, or more than one value of another
    /// [`TokenSource`](crate::config::TokenSource) (RFC 6750 §3.1).
    InvalidRequest,
    /// The token is malformed, expired, for another audience, or from an issuer that is not trusted
    /// (RFC 6750 §3.1).
    InvalidToken,
    /// The token may be valid, but the issuer's keys are unavailable. Not a 401, because clients
    /// would then discard valid tokens and make their users log in again.
    KeysUnavailable,
    /// Code that needs [`AuthInfo`](crate::AuthInfo) runs without [`JwtAuthLayer`](crate::JwtAuthLayer).
    LayerMissing,
    /// No credentials, or credentials of another scheme.
    MissingToken,
    /// It is not known whether the DPoP proof was used before: the shared store is unavailable, or
    /// this process had to forget proofs that are as old (RFC 9449 §11.1).
    ReplayUnavailable,
    /// The token may be valid, but this process has not read the list of revocations yet (feature
    /// `redis`). Not a 401, as for [`KeysUnavailable`](Self::KeysUnavailable).
    RevocationsUnread,
    /// The session store is unavailable, so the owner of the session is unknown; see
    /// [`SessionStore`](crate::mcp::SessionStore).
    SessionsUnavailable,
    /// The client has used one key for more DPoP proofs than one key may have remembered. Not a
    /// 503: only this key is affected.
    TooManyProofs,
    /// The token names a key that is not known, and requests with unknown keys have used up the
    /// fetches that may look for one. Not a 401, because the token may be valid, and not a 503,
    /// because anybody can make up the name of a key, and balancers take instances that answer 503
    /// out of service (RFC 6585 §4).
    TooManyRequests,
    /// The user of the token has begun as many sessions as one user may within an hour; see
    /// [`SessionStoreError::too_many_sessions`](crate::mcp::SessionStoreError::too_many_sessions).
    TooManySessions,
    /// The DPoP proof must have the nonce of this response (RFC 9449 §9). Clients repeat the
    /// request with it.
    UseDpopNonce,
}

/// A reason with a sentence that differs from that of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Special {
    /// The token is valid but not bound to a key, and only bound tokens are accepted.
    NotBound,
    /// What is wrong with the proof.
    Proof(ProofFault),
    /// A server that reads tokens from other places than `Authorization` has found several.
    SeveralTokens,
}

impl Special {
    /// A sentence of the same characters as [`Parts::text`].
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::NotBound => "The access token is not bound to a key",
            Self::Proof(fault) => fault.sentence(),
            Self::SeveralTokens => "The request carries more than one access token",
        }
    }

    /// The stable name in events.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::NotBound => TokenErrorKind::NotBoundToKey.code(),
            Self::Proof(fault) => fault.code(),
            Self::SeveralTokens => RejectionKind::InvalidRequest.code(),
        }
    }
}

/// The status and the texts of one kind of rejection.
pub(super) struct Parts {
    pub(super) status: StatusCode,
    /// The `error` of the challenge (RFC 6750 §3.1). `None` when there is no challenge, and when
    /// the request had no credentials, because RFC 6750 §3 wants no error code in that case.
    pub(super) code: Option<&'static str>,
    /// The `error` of the body (RFC 6749 §5.2), and the label in metrics.
    pub(super) label: &'static str,
    /// A fixed sentence of `%x20-21 / %x23-5B / %x5D-7E` without `=`: clients break on anything
    /// else.
    pub(super) text: &'static str,
}

/// One row for each kind, and no `_` arm: a new kind does not compile until it has a row.
macro_rules! table {
    ($($kind:ident: $status:ident, $code:expr, $label:literal, $text:literal;)*) => {
        impl RejectionKind {
            pub(super) const fn parts(self) -> Parts {
                match self {
                    $(Self::$kind => Parts {
                        status: StatusCode::$status,
                        code: $code,
                        label: $label,
                        text: $text,
                    },)*
                }
            }

            /// RFC 6750 §3.1 names the codes, RFC 6749 §5.2 the members.
            pub(super) const fn body(self) -> &'static str {
                match self {
                    $(Self::$kind => concat!(
                        r#"{"error":""#, $label, r#"","error_description":""#, $text, r#""}"#
                    ),)*
                }
            }

            /// All of them, for tests.
            #[cfg(test)]
            pub(super) const ALL: &[Self] = &[$(Self::$kind),*];
        }
    };
}

table! {
    AccessDenied: FORBIDDEN, None, "access_denied",
        "The access token does not permit this operation";
    InsufficientScope: FORBIDDEN, Some("insufficient_scope"), "insufficient_scope",
        "The access token lacks a scope that this operation needs";
    IntrospectionUnavailable: SERVICE_UNAVAILABLE, None, "temporarily_unavailable",
        "Access tokens cannot be verified at the moment";
    // RFC 9449 §7.1. The sentence of the fault replaces this one.
    InvalidDpopProof: UNAUTHORIZED, Some("invalid_dpop_proof"), "invalid_dpop_proof",
        "The DPoP proof is not accepted";
    InvalidRequest: BAD_REQUEST, Some("invalid_request"), "invalid_request",
        "The request carries more than one Authorization header";
    InvalidToken: UNAUTHORIZED, Some("invalid_token"), "invalid_token",
        "The access token is invalid or has expired";
    // 503 rather than 401: the token may be valid, and a 401 would make the client log in again.
    KeysUnavailable: SERVICE_UNAVAILABLE, None, "temporarily_unavailable",
        "Access tokens cannot be verified at the moment";
    LayerMissing: INTERNAL_SERVER_ERROR, None, "server_error",
        "The server is not set up to authenticate this request";
    MissingToken: UNAUTHORIZED, None, "unauthorized",
        "Authentication is required";
    ReplayUnavailable: SERVICE_UNAVAILABLE, None, "temporarily_unavailable",
        "DPoP proofs cannot be verified at the moment";
    RevocationsUnread: SERVICE_UNAVAILABLE, None, "temporarily_unavailable",
        "Access tokens cannot be verified at the moment";
    SessionsUnavailable: SERVICE_UNAVAILABLE, None, "temporarily_unavailable",
        "Sessions cannot be looked up at the moment";
    TooManyProofs: TOO_MANY_REQUESTS, None, "too_many_requests",
        "The key of the DPoP proof was used too often";
    TooManyRequests: TOO_MANY_REQUESTS, None, "too_many_requests",
        "The key of the access token is looked for later";
    TooManySessions: TOO_MANY_REQUESTS, None, "too_many_requests",
        "This user has begun too many sessions";
    // RFC 9449 §9.
    UseDpopNonce: UNAUTHORIZED, Some("use_dpop_nonce"), "use_dpop_nonce",
        "The DPoP proof needs the nonce of this response";
}

impl RejectionKind {
    /// [`body`](Self::body) with the sentence of `special`.
    pub(super) fn body_with(self, special: Special) -> String {
        let (label, text) = (self.parts().label, special.text());
        format!(r#"{{"error":"{label}","error_description":"{text}"}}"#)
    }

    /// The stable name in events: the label, but where kinds share one.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::IntrospectionUnavailable => "introspection_unavailable",
            Self::ReplayUnavailable => "replay_unavailable",
            Self::RevocationsUnread => "revocations_unread",
            Self::TooManyProofs => "too_many_proofs",
            Self::TooManySessions => "too_many_sessions",
            other => other.parts().label,
        }
    }
}
