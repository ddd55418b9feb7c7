//! One issuer whose settings have been checked.

use std::sync::Arc;

use super::introspection::CheckedIntrospection;
use crate::base::clock::Clock;
use crate::jwks::KeySet;
use crate::keys::{KeyConfiguration, KeyOrigin, LiveKeys};
use crate::token::{ReadOptions, ValidationPolicy};
use crate::verifier::{IssuerKeys, TokensAsked, TrustedIssuer};
use crate::wire::answers::Answers;

pub(super) struct CheckedIssuer {
    pub(super) policy: ValidationPolicy,
    pub(super) keys: Keys,
    pub(super) configured: Arc<KeyConfiguration>,
    pub(super) answers: Arc<Answers>,
    pub(super) introspection: Option<CheckedIntrospection>,
}

#[derive(Clone)]
#[allow(
    clippy::large_enum_variant,
    reason = "there is one for each issuer, and nearly all are fetched"
)]
pub(super) enum Keys {
    Fixed(Arc<KeySet>),
    Fetched(KeyOrigin),
    /// Those of another layer.
    Shared(LiveKeys),
}

impl CheckedIssuer {
    /// Nothing is fetched before the first token.
    pub(super) fn trusted(&self, options: &Arc<ReadOptions>, clock: &Clock) -> TrustedIssuer {
        let Self {
            policy,
            keys,
            configured,
            answers,
            introspection,
        } = self;
        let keys = match keys.clone() {
            Keys::Fixed(keys) => {
                LiveKeys::fixed(&policy.issuer, keys, &policy.algorithms, configured.clone())
            }
            Keys::Fetched(origin) => LiveKeys::refreshed(origin, clock.clone(), configured.clone()),
            Keys::Shared(keys) => keys,
        };
        let introspection = introspection.as_ref().map(|introspection| {
            let keys = IssuerKeys::new(keys.clone(), clock.clone());
            let plan = introspection.plan(policy, options, clock, || Arc::new(keys));
            TokensAsked::new(plan, introspection.tokens)
        });
        TrustedIssuer::new(policy.clone(), keys, answers.clone(), introspection)
    }
}
