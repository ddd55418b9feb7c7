use std::collections::HashMap;
use std::sync::Arc;

use crate::base::clock::Clock;
use crate::crypto::Algorithm;
use crate::keys::LiveKeys;
use crate::proof::possession::Proofs;
use crate::token::verified::Verified;
use crate::token::{ReadOptions, TokenError, TokenErrorKind, ValidationPolicy};
use crate::verifier::asked::TokensAsked;
use crate::verifier::cache::TokenCache;
use crate::verifier::presented::Presented;
use crate::wire::answers::Answers;

/// One issuer: the policy for its tokens, its keys, and the rejections for its callers. Nothing of
/// it applies to another issuer.
#[derive(Clone, Debug)]
pub(crate) struct TrustedIssuer {
    pub(crate) policy: ValidationPolicy,
    pub(crate) keys: LiveKeys,
    pub(crate) answers: Arc<Answers>,
    pub(crate) introspection: Option<TokensAsked>,
}

/// All trusted issuers, and the cache of their verified tokens. Replaced as a whole, never
/// modified, so that one request sees the same set of issuers from start to end.
#[derive(Clone, Debug)]
pub(crate) struct Issuers {
    all: Vec<Arc<TrustedIssuer>>,
    by_name: HashMap<Arc<str>, usize>,
    /// The algorithms that any of them uses.
    algorithms: Vec<Algorithm>,
    /// Whether any of them is asked about tokens.
    pub(super) introspect: bool,
    /// Whether any proof of possession is on.
    pub(super) take_proofs: bool,
    pub(super) options: Arc<ReadOptions>,
    /// For requests without a token, or with a token of an issuer that is not trusted.
    pub(super) answers: Arc<Answers>,
    pub(super) proofs: Arc<Proofs>,
    /// Belongs to these issuers, because an entry refers to its issuer by index.
    pub(super) cache: Option<Arc<TokenCache>>,
}

/// A verified token, and the rejections for its caller.
pub(super) type Admitted = (Arc<Verified>, Arc<Answers>);

impl Issuers {
    pub(super) fn new(
        all: impl Iterator<Item = TrustedIssuer>,
        options: Arc<ReadOptions>,
        answers: Arc<Answers>,
        proofs: Arc<Proofs>,
        cache: Option<TokenCache>,
    ) -> Self {
        let all: Vec<_> = all.map(Arc::new).collect();
        let names = all.iter().map(|trusted| trusted.policy.issuer.clone());
        let by_name = names.enumerate().map(|(place, name)| (name, place));
        let mut algorithms: Vec<Algorithm> = Vec::new();
        for algorithm in all.iter().flat_map(|trusted| &trusted.policy.algorithms) {
            if !algorithms.contains(algorithm) {
                algorithms.push(*algorithm);
            }
        }
        Self {
            by_name: by_name.collect(),
            take_proofs: proofs.dpop.is_some() || proofs.mtls.is_some(),
            introspect: all.iter().any(|trusted| trusted.introspection.is_some()),
            all,
            algorithms,
            options,
            answers,
            proofs,
            cache: cache.map(Arc::new),
        }
    }

    /// The same issuers, keys and cache, with another hook for rejections.
    pub(super) fn with_answers(&self, change: impl Fn(&Answers) -> Answers) -> Self {
        let changed = |answers: &Answers| Arc::new(change(answers));
        let of_issuer = |trusted: &Arc<TrustedIssuer>| {
            Arc::new(TrustedIssuer {
                answers: changed(&trusted.answers),
                ..TrustedIssuer::clone(trusted)
            })
        };
        Self {
            all: self.all.iter().map(of_issuer).collect(),
            answers: changed(&self.answers),
            ..self.clone()
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<TrustedIssuer>> {
        self.all.iter()
    }

    /// Each issuer with its keys, for another verifier to share.
    pub(super) fn keys(&self) -> Vec<(Arc<str>, LiveKeys)> {
        let keys = |it: &Arc<TrustedIssuer>| (it.policy.issuer.clone(), it.keys.clone());
        self.all.iter().map(keys).collect()
    }

    pub(super) fn at(&self, place: usize) -> Option<&Arc<TrustedIssuer>> {
        self.all.get(place)
    }

    pub(super) fn only(&self) -> Option<&TrustedIssuer> {
        match &*self.all {
            [only] => Some(only),
            _ => None,
        }
    }

    pub(super) fn algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }

    pub(super) fn use_algorithm(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }

    /// The issuer that a token names, and its index.
    pub(super) fn named(
        &self,
        name: Option<&str>,
    ) -> Result<(usize, &Arc<TrustedIssuer>), TokenError> {
        let missing = TokenError::at(TokenErrorKind::MissingClaim, Some("iss"));
        let name = name.ok_or(missing)?;
        let place = match &*self.all {
            // Most configurations have one issuer: no hash is needed.
            [only] => (*only.policy.issuer == *name).then_some(0),
            _ => self.by_name.get(name).copied(),
        };
        place
            .and_then(|place| Some((place, self.at(place)?)))
            .ok_or_else(|| TokenErrorKind::WrongIssuer.into())
    }

    /// A token that was verified before, if a new verification would have the same result: with the
    /// same keys, which may still serve, and at the current time.
    pub(super) fn cached(&self, presented: Presented<'_>, clock: &Clock) -> Option<Admitted> {
        let cache = self.cache.as_ref()?;
        let cached = cache.get(presented.bytes())?;
        let trusted = self.at(cached.issuer())?;
        let now = clock.now();
        let in_use = trusted.keys.in_use(now);
        let same_keys = in_use.serving(now)?.generation == cached.generation();
        let times = trusted
            .policy
            .check_times(cached.verified().times(), now.wall);
        if !same_keys || times.is_err() {
            cache.remove(presented.bytes());
            return None;
        }
        Some((cached.into_verified(), trusted.answers.clone()))
    }
}
