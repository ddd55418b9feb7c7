use std::sync::Arc;

use http::Extensions;

use crate::caller::AuthInfo;
use crate::telemetry;
use crate::wire::rejection::{Rejection, RejectionKind};
use crate::wire::resource::ProtectedResource;

/// The verified caller; or, told apart, that nobody is logged in or that the layer is missing.
pub(crate) fn require_caller<'e>(
    extensions: &'e Extensions,
    who_asks: &str,
) -> Result<&'e AuthInfo, Rejection> {
    extensions
        .get::<AuthInfo>()
        .ok_or_else(|| match extensions.get::<Arc<ProtectedResource>>() {
            Some(resource) => Rejection::missing_token(resource),
            None => {
                telemetry::layer_missing(who_asks);
                Rejection::unchallenged(RejectionKind::LayerMissing)
            }
        })
}
