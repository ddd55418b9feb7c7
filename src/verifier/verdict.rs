//! The way of a token to its verdict: at once if the keys are here, or after what it depends on.

use std::future::Future;

use super::JwtVerifier;
use super::issuers::{Found, Issuers};
use super::pending::{Pending, PendingIntrospection, PendingKeys, Undecided};
use super::possession::Unauthorized;
use super::presented::Presented;
use crate::base::facts::Facts;
use crate::caller::AuthInfo;
use crate::wire::credentials::Credentials;
use crate::wire::rejection::Rejection;

impl JwtVerifier {
    /// The verdict, unless it depends on a fetch that is under way or has just been requested, or
    /// on a shared memory of proofs. A token that no fetch can help is rejected at once.
    pub(crate) fn try_verify(
        &self,
        presented: Presented<'_>,
        facts: Option<&Facts<'_>>,
    ) -> Result<AuthInfo, Undecided> {
        let issuers = self.0.issuers.load();
        let clock = &self.0.clock;
        issuers
            .find(presented, facts, clock)
            .and_then(|found| {
                #[cfg(feature = "redis")]
                let found = issuers.unless_revoked(found, presented.scheme(), clock)?;
                let authorized = self.authorize(found, presented, &issuers);
                authorized.map_err(Undecided::from)
            })
            .inspect(AuthInfo::count)
            .map_err(|undecided| match undecided {
                Undecided::Rejected(rejection) => {
                    issuers.finished(rejection, presented, clock).into()
                }
                pending @ Undecided::Pending(_) => pending,
            })
    }

    /// Waits for what the verdict depends on, and verifies the token once more. There is no further
    /// attempt.
    pub(crate) fn resume(
        &self,
        credentials: Credentials,
        pending: Pending,
    ) -> impl Future<Output = Result<AuthInfo, Rejection>> + Send + 'static + use<> {
        let verifier = self.clone();
        async move {
            let authorized = match pending {
                Pending::Introspection(pending) => verifier.introspect(&credentials, pending).await,
                Pending::Keys(pending) => verifier.with_newer_keys(&credentials, pending).await,
                #[cfg(feature = "redis")]
                Pending::Revocations(found) => {
                    let issuers = verifier.0.issuers.load_full();
                    verifier
                        .authorize_later(found, &credentials, &issuers)
                        .await
                }
                Pending::Use(pending) => Err(Unauthorized::Pending(pending)),
            };
            let issuers = verifier.0.issuers.load_full();
            let verdict = match authorized {
                Ok(auth) => Ok(auth),
                Err(Unauthorized::Rejected(rejection)) => Err(rejection),
                Err(Unauthorized::Pending(pending)) => {
                    let now = verifier.0.clock.now();
                    issuers.use_once_everywhere(pending, now).await
                }
            };
            let presented = Presented::Kept(&credentials);
            verdict
                .inspect(AuthInfo::count)
                .map_err(|rejection| issuers.finished(rejection, presented, &verifier.0.clock))
        }
    }

    /// The attempt after the wait for a fetch.
    async fn with_newer_keys(
        &self,
        credentials: &Credentials,
        pending: PendingKeys,
    ) -> Result<AuthInfo, Unauthorized> {
        let answer = pending.wait().await;
        let issuers = self.0.issuers.load_full();
        let presented = Presented::Kept(credentials);
        issuers.require_trust(pending.issuer(), presented.scheme())?;
        let newer = issuers.newer_keys_or_rejection(
            presented.scheme(),
            pending.demand(),
            pending.error(),
            answer,
        )?;
        let clock = &self.0.clock;
        // If many requests with the same token waited, the first one verifies it and the others
        // find it in the cache.
        let admitted = match issuers.cached(presented, clock) {
            Some(cached) => cached,
            None => issuers.final_look(presented, &newer, clock)?,
        };
        let possession = pending.into_possession();
        match issuers.asked_about(&admitted.0) {
            None => {
                let found = (admitted, possession);
                self.authorize_later(found, credentials, &issuers).await
            }
            Some(ask) => {
                let pending = ask.pending(Some(admitted.0), possession);
                self.introspect(credentials, pending).await
            }
        }
    }

    /// Asks the issuer about the token. What it says is final.
    async fn introspect(
        &self,
        credentials: &Credentials,
        pending: PendingIntrospection,
    ) -> Result<AuthInfo, Unauthorized> {
        let presented = Presented::Kept(credentials);
        let asked = pending.issuer.clone();
        let issuers = self.0.issuers.load_full();
        let found = issuers.introspected(pending, presented).await?;
        let issuers = self.0.issuers.load_full();
        issuers.require_asked(&asked)?;
        self.authorize_later(found, credentials, &issuers).await
    }

    /// The rest, after something was waited for.
    async fn authorize_later(
        &self,
        found: Found,
        credentials: &Credentials,
        issuers: &Issuers,
    ) -> Result<AuthInfo, Unauthorized> {
        let presented = Presented::Kept(credentials);
        #[cfg(feature = "redis")]
        let found = issuers
            .unless_revoked_at_last(found, presented.scheme(), &self.0.clock)
            .await?;
        self.authorize(found, presented, issuers)
    }

    pub(super) async fn decide(
        &self,
        presented: Presented<'_>,
        facts: Option<&Facts<'_>>,
    ) -> Result<AuthInfo, Rejection> {
        let verdict = match self.try_verify(presented, facts) {
            Ok(auth) => Ok(auth),
            Err(Undecided::Rejected(rejection)) => Err(rejection),
            Err(Undecided::Pending(pending)) => {
                self.resume(presented.to_credentials(), *pending).await
            }
        };
        verdict.inspect_err(Rejection::report)
    }

    /// Whether this caller may use the server at all. Checked for each request, whether its token
    /// was cached or not.
    fn authorize(
        &self,
        ((verified, answers), possession): Found,
        presented: Presented<'_>,
        issuers: &Issuers,
    ) -> Result<AuthInfo, Unauthorized> {
        let mut proven = None;
        if let Some(mut possession) = possession {
            let now = self.0.clock.now();
            let (confirmation, scheme) = (verified.confirmation(), presented.scheme());
            issuers.prove_possession(&mut possession, confirmation, scheme, &answers)?;
            proven = Some((possession, now));
        }
        let auth = AuthInfo::new(verified, presented.to_credentials(), answers);
        self.check(&auth, issuers)?;
        match proven {
            None => Ok(auth),
            Some((possession, now)) => issuers.use_once(possession, auth, now),
        }
    }

    /// The checks of the application, and the scopes that every operation needs.
    #[inline]
    fn check(&self, auth: &AuthInfo, issuers: &Issuers) -> Result<(), Rejection> {
        self.0.checks.run(auth, &issuers.answers)?;
        let needed = &auth.answers().resource().required_scopes;
        match auth.satisfies(needed, None) {
            true => Ok(()),
            false => Err(auth.insufficient_scope(needed)),
        }
    }
}
