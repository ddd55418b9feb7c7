use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::clock::{Clock, Now};
use crate::crypto::Algorithm;
use crate::keys::LiveKeys;
use crate::proof::possession::{Possession, Proofs};
#[cfg(feature = "redis")]
use crate::revocation::Revocations;
use crate::token::verified::Verified;
use crate::token::{ReadOptions, TokenError, TokenErrorKind, ValidationPolicy};
use crate::verifier::asked::TokensAsked;
use crate::verifier::cache::TokenCache;
use crate::verifier::issuer_id::IssuerId;
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
    /// Kept from one list of issuers to the next as long as the settings are the same.
    serial: u64,
}

/// All trusted issuers, and the cache of their verified tokens. Replaced as a whole, never
/// modified, so that one request sees the same set of issuers from start to end.
#[derive(Clone, Debug)]
pub(crate) struct Issuers {
    /// `None` where an issuer was removed: the others keep their places, which entries of the cache
    /// refer to.
    places: Vec<Option<Arc<TrustedIssuer>>>,
    by_name: HashMap<Arc<str>, usize>,
    /// The place of the only issuer.
    only: Option<usize>,
    /// The algorithms that any of them uses.
    algorithms: Vec<Algorithm>,
    /// Whether any of them is asked about tokens.
    pub(super) introspect: bool,
    /// Whether any of them is asked about JWTs that were verified here.
    pub(super) introspect_jwts: bool,
    /// Whether any proof of possession is on.
    pub(super) take_proofs: bool,
    pub(super) options: Arc<ReadOptions>,
    /// For requests without a token, or with a token of an issuer that is not trusted.
    pub(super) answers: Arc<Answers>,
    pub(super) proofs: Arc<Proofs>,
    pub(super) cache: Option<Arc<TokenCache>>,
    /// Those of the fleet.
    #[cfg(feature = "redis")]
    pub(super) revocations: Option<Arc<Revocations>>,
}

/// A list of issuers, and what all of them share.
pub(crate) struct IssuerList {
    pub(crate) all: Vec<TrustedIssuer>,
    pub(crate) options: Arc<ReadOptions>,
    pub(crate) answers: Arc<Answers>,
}

/// A verified token, and the rejections for its caller.
pub(super) type Admitted = (Arc<Verified>, Arc<Answers>);

/// A verified token, and what its bearer has left to prove.
pub(super) type Found = (Admitted, Option<Box<Possession>>);

impl TrustedIssuer {
    pub(crate) fn new(
        policy: ValidationPolicy,
        keys: LiveKeys,
        answers: Arc<Answers>,
        introspection: Option<TokensAsked>,
    ) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            policy,
            keys,
            answers,
            introspection,
            serial: NEXT.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// The same issuer. `policy` differs in nothing but how it is written down.
    pub(crate) fn with_policy(&self, policy: ValidationPolicy) -> Self {
        Self {
            policy,
            ..self.clone()
        }
    }
}

impl Issuers {
    pub(super) fn new(
        list: IssuerList,
        proofs: Arc<Proofs>,
        cache: Option<Arc<TokenCache>>,
    ) -> Self {
        Self::placed(list, Vec::new(), proofs, cache)
    }

    /// The issuers of `list` instead. Those that are here too keep their places.
    pub(super) fn replaced(&self, list: IssuerList) -> Self {
        let mut places: Vec<Option<Arc<TrustedIssuer>>> = vec![None; self.places.len()];
        let (kept, others): (Vec<_>, Vec<_>) = list
            .all
            .into_iter()
            .partition(|trusted| self.trust(trusted));
        for trusted in kept {
            let place = self.place_of(&trusted);
            if let Some(place) = place.and_then(|place| places.get_mut(place)) {
                *place = Some(Arc::new(trusted));
            }
        }
        let list = IssuerList {
            all: others,
            ..list
        };
        let placed = Self::placed(list, places, self.proofs.clone(), self.cache.clone());
        #[cfg(feature = "redis")]
        let placed = placed.with_revocations(self.revocations.clone());
        placed
    }

    /// `list` fills the places that are free.
    fn placed(
        list: IssuerList,
        mut places: Vec<Option<Arc<TrustedIssuer>>>,
        proofs: Arc<Proofs>,
        cache: Option<Arc<TokenCache>>,
    ) -> Self {
        let IssuerList {
            all,
            options,
            answers,
        } = list;
        let mut all = all.into_iter().map(Arc::new);
        for free in places.iter_mut().filter(|place| place.is_none()) {
            *free = all.next();
        }
        places.extend(all.map(Some));
        while places.last().is_some_and(Option::is_none) {
            places.pop();
        }
        let taken = places.iter().enumerate();
        let taken: Vec<_> = taken
            .filter_map(|(place, trusted)| Some((place, trusted.as_ref()?)))
            .collect();
        let mut algorithms: Vec<Algorithm> = Vec::new();
        for algorithm in taken.iter().flat_map(|(_, it)| &it.policy.algorithms) {
            if !algorithms.contains(algorithm) {
                algorithms.push(*algorithm);
            }
        }
        let by_name = taken.iter();
        Self {
            by_name: by_name
                .map(|(place, it)| (it.policy.issuer.clone(), *place))
                .collect(),
            only: match &*taken {
                [(place, _)] => Some(*place),
                _ => None,
            },
            introspect: taken.iter().any(|(_, it)| it.introspection.is_some()),
            introspect_jwts: taken.iter().any(|(_, it)| it.is_asked_about_jwts()),
            places,
            take_proofs: proofs.dpop.is_some() || proofs.mtls.is_some(),
            algorithms,
            options,
            answers,
            proofs,
            cache,
            #[cfg(feature = "redis")]
            revocations: None,
        }
    }

    /// Whether an issuer is trusted here, with the same settings.
    pub(super) fn trust(&self, issuer: &TrustedIssuer) -> bool {
        self.place_of(issuer).is_some()
    }

    /// The place of an issuer that has the same settings here.
    fn place_of(&self, trusted: &TrustedIssuer) -> Option<usize> {
        let (id, _) = self.named(Some(&trusted.policy.issuer)).ok()?;
        (id.serial == trusted.serial).then_some(id.place)
    }

    /// Ends what outlives the requests of issuers that are not in `newer`: the streams of their
    /// callers, and the tokens in the cache.
    pub(super) fn end_all_but(&self, newer: &Self) {
        let removed = self.iter().filter(|it| !newer.trust(it));
        for trusted in removed {
            trusted.answers.resource().trust.end();
        }
        if let Some(cache) = &self.cache {
            cache.retain(|issuer| newer.at(issuer).is_some());
        }
    }

    #[cfg(feature = "redis")]
    pub(super) fn with_revocations(self, revocations: Option<Arc<Revocations>>) -> Self {
        Self {
            revocations,
            ..self
        }
    }

    /// The time of a request.
    #[inline]
    pub(super) fn now(&self, clock: &Clock) -> Now {
        let now = clock.now();
        #[cfg(feature = "redis")]
        if let Some(list) = &self.revocations {
            list.notice(now);
        }
        now
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
            places: self
                .places
                .iter()
                .map(|place| place.as_ref().map(of_issuer))
                .collect(),
            answers: changed(&self.answers),
            ..self.clone()
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<TrustedIssuer>> {
        self.places.iter().flatten()
    }

    /// Each issuer with its keys, for another verifier to share.
    pub(super) fn keys(&self) -> Vec<(Arc<str>, LiveKeys)> {
        let keys = |it: &Arc<TrustedIssuer>| (it.policy.issuer.clone(), it.keys.clone());
        self.iter().map(keys).collect()
    }

    /// The issuer, if it is still trusted with the same settings.
    pub(super) fn at(&self, id: IssuerId) -> Option<&Arc<TrustedIssuer>> {
        let trusted = self.places.get(id.place)?.as_ref()?;
        (trusted.serial == id.serial).then_some(trusted)
    }

    pub(super) fn only(&self) -> Option<&TrustedIssuer> {
        self.places.get(self.only?)?.as_deref()
    }

    /// The issuer of a token that names this one, or that may name any: the only one.
    pub(super) fn named_or_only(
        &self,
        name: Option<&str>,
    ) -> Result<Option<(IssuerId, &Arc<TrustedIssuer>)>, TokenError> {
        match name {
            Some(_) => self.named(name).map(Some),
            None => Ok(self.only.and_then(|only| self.in_place(only))),
        }
    }

    pub(super) fn algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }

    pub(super) fn use_algorithm(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }

    /// The issuer that a token names.
    pub(crate) fn named(
        &self,
        name: Option<&str>,
    ) -> Result<(IssuerId, &Arc<TrustedIssuer>), TokenError> {
        let missing = TokenError::at(TokenErrorKind::MissingClaim, Some("iss"));
        let name = name.ok_or(missing)?;
        let found = match self.only {
            // Most configurations have one issuer: no hash is needed.
            Some(only) => self
                .in_place(only)
                .filter(|(_, it)| *it.policy.issuer == *name),
            None => self
                .by_name
                .get(name)
                .and_then(|place| self.in_place(*place)),
        };
        found.ok_or_else(|| TokenErrorKind::WrongIssuer.into())
    }

    fn in_place(&self, place: usize) -> Option<(IssuerId, &Arc<TrustedIssuer>)> {
        let trusted = self.places.get(place)?.as_ref()?;
        let serial = trusted.serial;
        Some((IssuerId { place, serial }, trusted))
    }

    /// A token that was verified before, if a new verification would have the same result: with the
    /// same keys, which may still serve, and at the current time.
    pub(super) fn cached(&self, presented: Presented<'_>, clock: &Clock) -> Option<Admitted> {
        let cache = self.cache.as_ref()?;
        let cached = cache.get(presented.bytes())?;
        let trusted = self.at(cached.issuer())?;
        let now = self.now(clock);
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
