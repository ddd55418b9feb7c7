//! Makes the rejections of this server, with response headers that are prepared in advance.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue};

use crate::base::scopes::ScopeSet;
use crate::token::TokenError;
use crate::wire::challenge::challenge;
use crate::wire::rejection::{Rejection, RejectionHook};
use crate::wire::rejection_kind::RejectionKind;
use crate::wire::resource::{ProtectedResource, ScopeListing};

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

/// The headers of rejections that do not depend on the operation. Prepared in advance, because
/// unauthenticated clients can cause them at will.
#[derive(Clone)]
struct PreparedHeaders {
    invalid_request: Arc<HeaderMap>,
    invalid_token: Arc<HeaderMap>,
    missing_token: Arc<HeaderMap>,
    without_challenge: Arc<HeaderMap>,
}

impl Answers {
    pub(crate) fn new(resource: ProtectedResource) -> Self {
        let (initial, none) = (&resource.initial_scopes, &ScopeSet::default());
        let made = |kind, scopes| Arc::new(headers(Some(challenge_of(kind, &resource, scopes))));
        let prepared = PreparedHeaders {
            invalid_request: made(RejectionKind::InvalidRequest, none),
            invalid_token: made(RejectionKind::InvalidToken, initial),
            missing_token: made(RejectionKind::MissingToken, initial),
            without_challenge: Arc::new(headers(None)),
        };
        Self {
            resource,
            prepared,
            hook: None,
        }
    }

    pub(crate) fn with_hook(&self, hook: RejectionHook) -> Self {
        Self {
            hook: Some(hook),
            ..self.clone()
        }
    }

    pub(crate) const fn have_hook(&self) -> bool {
        self.hook.is_some()
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
        let challenge = challenge_of(kind, &self.resource, &scopes);
        self.make(kind, &Arc::new(headers(Some(challenge))))
    }

    pub(crate) fn invalid_request(&self) -> Rejection {
        self.make(
            RejectionKind::InvalidRequest,
            &self.prepared.invalid_request,
        )
    }

    pub(crate) fn invalid_token(&self, reason: Option<TokenError>) -> Rejection {
        self.make(RejectionKind::InvalidToken, &self.prepared.invalid_token)
            .with_token_error(reason)
    }

    /// Lists the scopes of the operation together with the scopes that every operation needs,
    /// unless configured otherwise: some clients then request exactly the listed scopes, and would
    /// lose the others.
    pub(crate) fn insufficient_scope(&self, operation: &ScopeSet) -> Rejection {
        let kind = RejectionKind::InsufficientScope;
        let resource = &self.resource;
        let challenge = match resource.listing {
            ScopeListing::BaseAndOperation => {
                challenge_of(kind, resource, &resource.required_scopes.union(operation))
            }
            ScopeListing::Operation => challenge_of(kind, resource, operation),
        };
        self.make(kind, &Arc::new(headers(Some(challenge))))
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

    pub(super) fn without_challenge(&self, kind: RejectionKind) -> Rejection {
        self.make(kind, &self.prepared.without_challenge)
    }

    fn later(&self, kind: RejectionKind, retry_after: Duration) -> Rejection {
        // Whole seconds (RFC 9110 §10.2.3), rounded up, so that clients do not retry before this
        // server does.
        let seconds = retry_after
            .as_secs()
            .saturating_add(u64::from(retry_after.subsec_nanos() > 0));
        let mut headers = headers(None);
        headers.insert(RETRY_AFTER, seconds.into());
        self.make(kind, &Arc::new(headers))
            .with_retry_after(retry_after)
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
        Self::new(RejectionKind::LayerMissing, Arc::new(headers(None)), None)
    }

    /// A rejection of `kind`, for tests of a hook, a `match` or a client.
    ///
    /// Its challenges are the ones that a server without a `resource` sends.
    #[cfg(feature = "test-util")]
    #[must_use]
    pub fn for_tests(kind: RejectionKind) -> Self {
        let answers = Answers::default();
        match kind {
            RejectionKind::InsufficientScope => answers.insufficient_scope(&ScopeSet::default()),
            RejectionKind::InvalidRequest => answers.invalid_request(),
            RejectionKind::InvalidToken => answers.invalid_token(None),
            RejectionKind::KeysUnavailable => answers.keys_unavailable(SESSIONS_RETRY_AFTER),
            RejectionKind::MissingToken => answers.missing_token(),
            RejectionKind::SessionsUnavailable => answers.sessions_unavailable(),
            RejectionKind::TooManyRequests => answers.too_many_requests(None, SESSIONS_RETRY_AFTER),
            RejectionKind::AccessDenied => answers.access_denied(),
            RejectionKind::LayerMissing => Self::layer_missing(),
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

fn challenge_of(
    kind: RejectionKind,
    resource: &ProtectedResource,
    scopes: &ScopeSet,
) -> HeaderValue {
    let parts = kind.parts();
    challenge(resource, parts.code.map(|code| (code, parts.text)), scopes)
}

fn headers(challenge: Option<HeaderValue>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(challenge) = challenge {
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    headers
}

/// Short, because a session store is usually near the server and a retry costs little.
const SESSIONS_RETRY_AFTER: Duration = Duration::from_secs(1);
