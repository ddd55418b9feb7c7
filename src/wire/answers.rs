//! Makes the rejections of this server, with response headers that are prepared in advance.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue};

use self::prepared::{DpopHeaders, PreparedHeaders, headers, made, several_tokens};
use crate::base::proof_fault::ProofFault;
use crate::base::scopes::ScopeSet;
use crate::token::{TokenError, TokenErrorKind};
use crate::wire::credentials::Scheme;
use crate::wire::rejection::{Rejection, RejectionHook};
use crate::wire::rejection_kind::{RejectionKind, Special};
#[cfg(feature = "test-util")]
use crate::wire::resource::BoundTokens;
use crate::wire::resource::{ProtectedResource, ScopeListing};

mod prepared;

/// Makes the rejections for the tokens of one issuer, or for requests without a token.
///
/// Immutable and shared: built once for each issuer, carried by each `AuthInfo` so that inner
/// layers produce the same challenges, and rebuilt when a hook is set.
#[derive(Clone)]
pub(crate) struct Answers {
    resource: ProtectedResource,
    prepared: PreparedHeaders,
    hook: Option<RejectionHook>,
}

impl Answers {
    pub(crate) fn new(resource: ProtectedResource) -> Self {
        Self {
            prepared: PreparedHeaders::new(&resource),
            resource,
            hook: None,
        }
    }

    pub(crate) fn with_hook(&self, hook: Option<RejectionHook>) -> Self {
        Self {
            hook,
            ..self.clone()
        }
    }

    pub(crate) const fn hook(&self) -> Option<&RejectionHook> {
        self.hook.as_ref()
    }

    pub(crate) const fn resource(&self) -> &ProtectedResource {
        &self.resource
    }

    pub(crate) fn missing_token(&self) -> Rejection {
        self.make(RejectionKind::MissingToken, &self.prepared.missing_token)
    }

    /// For an operation that needs `operation` of a caller who has no token: some clients never ask
    /// for more than the first challenge lists.
    pub(crate) fn missing_token_for(&self, operation: &ScopeSet) -> Rejection {
        let kind = RejectionKind::MissingToken;
        let scopes = self.resource.initial_scopes.union(operation);
        let headers = made(kind, None, &self.resource, Scheme::Bearer, &scopes);
        self.make(kind, &headers)
    }

    pub(crate) fn invalid_request(&self) -> Rejection {
        let rejection = self.make(
            RejectionKind::InvalidRequest,
            &self.prepared.invalid_request,
        );
        match several_tokens(&self.resource) {
            Some(special) => rejection.with_special(special),
            None => rejection,
        }
    }

    /// For a token that came with `scheme`, whatever is wrong with it. This includes a missing or
    /// wrong client certificate (RFC 8705 §3).
    pub(crate) fn invalid_token(&self, scheme: Scheme, reason: Option<TokenError>) -> Rejection {
        let headers = match scheme {
            Scheme::Bearer => &self.prepared.invalid_token,
            Scheme::Dpop => self.for_dpop(|dpop| &dpop.invalid_token),
        };
        self.make(RejectionKind::InvalidToken, headers)
            .with_token_error(reason)
    }

    /// For a valid token that is not bound to a key, where only bound tokens are accepted. It came
    /// with the scheme `Bearer`: with `DPoP` it would be invalid.
    pub(crate) fn not_bound(&self) -> Rejection {
        self.make(RejectionKind::InvalidToken, &self.prepared.not_bound)
            .with_special(Special::NotBound)
            .with_token_error(Some(TokenErrorKind::NotBoundToKey.into()))
    }

    /// `detail` is for the log: which check failed, and what it found.
    pub(crate) fn invalid_dpop_proof(
        &self,
        fault: ProofFault,
        detail: Option<String>,
    ) -> Rejection {
        let headers = self.for_dpop(|dpop| {
            let prepared = dpop.proofs.get(fault as usize);
            prepared.unwrap_or(&dpop.invalid_token)
        });
        self.make(RejectionKind::InvalidDpopProof, headers)
            .with_special(Special::Proof(fault))
            .with_detail(detail)
    }

    /// Tells the client to repeat the request with `nonce` in its proof (RFC 9449 §9).
    pub(crate) fn use_dpop_nonce(&self, nonce: HeaderValue) -> Rejection {
        let headers = self.for_dpop(|dpop| &dpop.use_nonce);
        self.make(RejectionKind::UseDpopNonce, headers)
            .with_dpop_nonce(nonce)
    }

    /// Lists the scopes of the operation together with the scopes that every operation needs,
    /// unless configured otherwise: some clients then request exactly the listed scopes, and would
    /// lose the others.
    pub(crate) fn insufficient_scope(&self, scheme: Scheme, operation: &ScopeSet) -> Rejection {
        let kind = RejectionKind::InsufficientScope;
        let resource = &self.resource;
        let headers = match resource.listing {
            ScopeListing::BaseAndOperation => {
                let scopes = resource.required_scopes.union(operation);
                made(kind, None, resource, scheme, &scopes)
            }
            ScopeListing::Operation => made(kind, None, resource, scheme, operation),
        };
        self.make(kind, &headers)
    }

    /// Without a challenge, because clients take any 403 with a challenge for a lack of scopes.
    pub(crate) fn access_denied(&self) -> Rejection {
        self.without_challenge(RejectionKind::AccessDenied)
    }

    pub(crate) fn keys_unavailable(&self, retry_after: Duration) -> Rejection {
        self.later(RejectionKind::KeysUnavailable, retry_after)
    }

    pub(crate) fn sessions_unavailable(&self) -> Rejection {
        self.later(RejectionKind::SessionsUnavailable, SESSIONS_RETRY_AFTER)
    }

    pub(crate) fn too_many_requests(
        &self,
        reason: Option<TokenError>,
        retry_after: Duration,
    ) -> Rejection {
        self.later(RejectionKind::TooManyRequests, retry_after)
            .with_token_error(reason)
    }

    /// It is not known whether the proof was used before.
    pub(crate) fn replay_unavailable(&self, retry_after: Duration) -> Rejection {
        self.later(RejectionKind::ReplayUnavailable, retry_after)
    }

    /// One key has more proofs than may be remembered for it.
    pub(crate) fn too_many_proofs(&self) -> Rejection {
        self.later(RejectionKind::TooManyProofs, PROOFS_RETRY_AFTER)
    }

    /// The user has begun as many sessions as one user may.
    pub(crate) fn too_many_sessions(&self, retry_after: Duration) -> Rejection {
        self.later(RejectionKind::TooManySessions, retry_after)
    }

    pub(crate) fn introspection_unavailable(&self, retry_after: Duration) -> Rejection {
        self.later(RejectionKind::IntrospectionUnavailable, retry_after)
    }

    /// It is not known yet which tokens are revoked.
    #[cfg(any(feature = "redis", feature = "test-util"))]
    pub(crate) fn revocations_unread(&self, retry_after: Duration) -> Rejection {
        self.later(RejectionKind::RevocationsUnread, retry_after)
    }

    pub(super) fn without_challenge(&self, kind: RejectionKind) -> Rejection {
        self.make(kind, &self.prepared.without_challenge)
    }

    fn later(&self, kind: RejectionKind, retry_after: Duration) -> Rejection {
        // Whole seconds (RFC 9110 §10.2.3), rounded up, so that clients do not retry before this
        // server does.
        let seconds = retry_after
            .as_secs()
            .saturating_add(u64::from(retry_after.subsec_nanos() > 0));
        let mut headers = headers(Vec::new());
        headers.insert(RETRY_AFTER, seconds.into());
        self.make(kind, &Arc::new(headers))
            .with_retry_after(retry_after)
    }

    /// Where `DPoP` is not a scheme, the headers for a bearer token: there is no other challenge.
    fn for_dpop(&self, which: impl FnOnce(&DpopHeaders) -> &Arc<HeaderMap>) -> &Arc<HeaderMap> {
        let PreparedHeaders {
            dpop,
            invalid_token,
            ..
        } = &self.prepared;
        dpop.as_deref().map_or(invalid_token, which)
    }

    fn make(&self, kind: RejectionKind, headers: &Arc<HeaderMap>) -> Rejection {
        Rejection::new(kind, headers.clone(), self.hook.clone())
            .counted_in(&self.resource.refusals)
            .with_metadata_watch(self.resource.metadata_watch.clone())
    }
}

impl Rejection {
    /// For code that needs the layer and runs without it. There are no settings for a challenge,
    /// and no hook.
    pub(crate) fn layer_missing() -> Self {
        Self::new(
            RejectionKind::LayerMissing,
            Arc::new(headers(Vec::new())),
            None,
        )
    }

    /// A rejection of `kind`, for tests of a hook, a `match` or a client.
    ///
    /// Its challenges are the ones that a server without a `resource` sends. A rejected DPoP proof
    /// has the challenge for a missing one.
    #[cfg(feature = "test-util")]
    #[must_use]
    pub fn for_tests(kind: RejectionKind) -> Self {
        let is_about_dpop = matches!(
            kind,
            RejectionKind::InvalidDpopProof | RejectionKind::UseDpopNonce
        );
        let answers = Answers::new(ProtectedResource {
            bound_tokens: BoundTokens {
                dpop_algs: is_about_dpop.then(|| "ES256".to_owned()),
                ..BoundTokens::default()
            },
            ..ProtectedResource::default()
        });
        let soon = SESSIONS_RETRY_AFTER;
        match kind {
            RejectionKind::AccessDenied => answers.access_denied(),
            RejectionKind::InsufficientScope => {
                answers.insufficient_scope(Scheme::Bearer, &ScopeSet::default())
            }
            RejectionKind::IntrospectionUnavailable => answers.introspection_unavailable(soon),
            RejectionKind::InvalidDpopProof => {
                answers.invalid_dpop_proof(ProofFault::Missing, None)
            }
            RejectionKind::InvalidRequest => answers.invalid_request(),
            RejectionKind::InvalidToken => answers.invalid_token(Scheme::Bearer, None),
            RejectionKind::KeysUnavailable => answers.keys_unavailable(soon),
            RejectionKind::LayerMissing => Self::layer_missing(),
            RejectionKind::MissingToken => answers.missing_token(),
            RejectionKind::ReplayUnavailable => answers.replay_unavailable(soon),
            RejectionKind::RevocationsUnread => answers.revocations_unread(soon),
            RejectionKind::SessionsUnavailable => answers.sessions_unavailable(),
            RejectionKind::TooManyProofs => answers.too_many_proofs(),
            RejectionKind::TooManyRequests => answers.too_many_requests(None, soon),
            RejectionKind::TooManySessions => answers.too_many_sessions(soon),
            RejectionKind::UseDpopNonce => {
                answers.use_dpop_nonce(HeaderValue::from_static("AAAAAAAAAAAAAAAAAAAAAA"))
            }
        }
    }
}

impl Default for Answers {
    fn default() -> Self {
        Self::new(ProtectedResource::default())
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers")
            .field("resource", &self.resource)
            .finish_non_exhaustive()
    }
}

/// Short, because a session store is usually near the server and a retry costs little.
const SESSIONS_RETRY_AFTER: Duration = Duration::from_secs(1);

/// The remembered proofs of a key become fewer every second.
const PROOFS_RETRY_AFTER: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
