//! axum extractors, and [`Rejection`] as an axum response. Without the layer, the extractors reject
//! every request.

use axum_core::body::Body;
use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::caller::AuthInfo;
use crate::caller::require_caller;
use crate::wire::rejection::{Rejection, RejectionContext};
use crate::wire::rejection_kind::RejectionKind;

/// Requires a verified caller: 401 with a challenge when there is none (under
/// [`optional`](crate::JwtAuthLayer::optional) or on an open path), 500 without the layer.
impl<S: Sync> FromRequestParts<S> for AuthInfo {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        extracted(parts, "the extractor AuthInfo").cloned()
    }
}

/// `None` when there is no verified caller. Without the layer still 500, because that is a mistake
/// in the program and not an anonymous caller.
impl<S: Sync> OptionalFromRequestParts<S> for AuthInfo {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        match require_caller(&parts.extensions, "the extractor Option<AuthInfo>") {
            Ok(auth) => Ok(Some(auth.clone())),
            Err(rejection) if rejection.kind() == RejectionKind::MissingToken => Ok(None),
            Err(rejection) => Err(rejection.reported(&context(parts))),
        }
    }
}

/// The claims of the verified caller as `T`.
///
/// A token whose claims do not fit `T` gets 403 without a challenge: the token is valid, and no
/// additional scope would help. The event of the rejection, and
/// [`claims_error`](Rejection::claims_error), say which claim does not fit; the caller does not
/// learn it. Otherwise it behaves as the extractor [`AuthInfo`] does.
///
/// ```
/// use serde::Deserialize;
/// use tower_jwt_auth::Claims;
///
/// #[derive(Deserialize)]
/// struct Tenant {
///     tid: String,
/// }
///
/// async fn handler(Claims(tenant): Claims<Tenant>) -> String {
///     tenant.tid
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Claims<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Claims<T> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        let auth = extracted(parts, "the extractor Claims")?;
        auth.claims().map(Self).map_err(|error| {
            let rejection = auth.answers().access_denied();
            let rejection = rejection.with_claims_error(&error.reason());
            rejection.reported(&context(parts))
        })
    }
}

fn extracted<'p>(parts: &'p Parts, who_asks: &str) -> Result<&'p AuthInfo, Rejection> {
    require_caller(&parts.extensions, who_asks)
        .map_err(|rejection| rejection.reported(&context(parts)))
}

fn context(parts: &Parts) -> RejectionContext<'_> {
    RejectionContext::new(&parts.method, &parts.uri)
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        self.to_response().map(Body::from)
    }
}
