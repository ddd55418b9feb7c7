//! The headers of rejections that are the same for every request, and the parts of all of them.

use std::sync::Arc;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue};

use crate::base::proof_fault::ProofFault;
use crate::base::scopes::ScopeSet;
use crate::wire::challenge::{ChallengeError, challenges, challenges_of_all};
use crate::wire::credentials::Scheme;
use crate::wire::rejection_kind::{RejectionKind, Special};
use crate::wire::resource::ProtectedResource;

/// The headers of rejections that do not depend on the operation. Prepared in advance, because
/// unauthenticated clients can cause them at will.
#[derive(Clone)]
pub(super) struct PreparedHeaders {
    /// `None` where `DPoP` is not a scheme.
    pub(super) dpop: Option<Arc<DpopHeaders>>,
    pub(super) invalid_request: Arc<HeaderMap>,
    /// For a token with the scheme `Bearer`.
    pub(super) invalid_token: Arc<HeaderMap>,
    pub(super) missing_token: Arc<HeaderMap>,
    pub(super) not_bound: Arc<HeaderMap>,
    pub(super) without_challenge: Arc<HeaderMap>,
}

/// The headers of rejections that only requests with the scheme `DPoP` get.
pub(super) struct DpopHeaders {
    pub(super) invalid_token: Arc<HeaderMap>,
    /// In the order of the faults.
    pub(super) proofs: [Arc<HeaderMap>; ProofFault::ALL.len()],
    /// The nonce is added.
    pub(super) use_nonce: Arc<HeaderMap>,
}

impl PreparedHeaders {
    pub(super) fn new(resource: &ProtectedResource) -> Self {
        let initial = &resource.initial_scopes;
        let invalid_request = challenges_of_all(
            resource,
            error_of(RejectionKind::InvalidRequest, several_tokens(resource)),
        );
        let bearer = |kind| made(kind, None, resource, Scheme::Bearer, initial);
        let has_dpop = resource.bound_tokens.dpop_algs.is_some();
        let (kind, special) = (RejectionKind::InvalidToken, Some(Special::NotBound));
        // DPoP where both are on: the token of a client with a certificate is bound already.
        let better = match has_dpop {
            true => Scheme::Dpop,
            false => Scheme::Bearer,
        };
        Self {
            dpop: has_dpop.then(|| Arc::new(DpopHeaders::new(resource))),
            invalid_request: Arc::new(headers(invalid_request)),
            invalid_token: bearer(RejectionKind::InvalidToken),
            missing_token: bearer(RejectionKind::MissingToken),
            not_bound: made(kind, special, resource, better, initial),
            without_challenge: Arc::new(headers(Vec::new())),
        }
    }
}

impl DpopHeaders {
    pub(super) fn new(resource: &ProtectedResource) -> Self {
        let dpop = |kind, special| {
            made(
                kind,
                special,
                resource,
                Scheme::Dpop,
                &resource.initial_scopes,
            )
        };
        let proof = |fault| dpop(RejectionKind::InvalidDpopProof, Some(Special::Proof(fault)));
        Self {
            invalid_token: dpop(RejectionKind::InvalidToken, None),
            proofs: ProofFault::ALL.map(proof),
            use_nonce: dpop(RejectionKind::UseDpopNonce, None),
        }
    }
}

/// The headers of a rejection of a request with `scheme`, or without credentials if the kind has no
/// error.
pub(super) fn made(
    kind: RejectionKind,
    special: Option<Special>,
    resource: &ProtectedResource,
    scheme: Scheme,
    scopes: &ScopeSet,
) -> Arc<HeaderMap> {
    let challenges = challenges(resource, scheme, error_of(kind, special), scopes);
    Arc::new(headers(challenges))
}

/// The special text for several tokens, where tokens may come outside `Authorization`.
pub(super) fn several_tokens(resource: &ProtectedResource) -> Option<Special> {
    resource.has_token_sources.then_some(Special::SeveralTokens)
}

fn error_of(kind: RejectionKind, special: Option<Special>) -> Option<ChallengeError<'static>> {
    let parts = kind.parts();
    Some((parts.code?, special.map_or(parts.text, Special::text)))
}

pub(super) fn headers(challenges: Vec<HeaderValue>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for challenge in challenges {
        headers.append(WWW_AUTHENTICATE, challenge);
    }
    headers
}
