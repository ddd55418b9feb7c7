//! The verdict on a token: the caller that it names, or the rejection. Long by its documentation:
//! the public methods of `JwtVerifier` are here.
//!
//! The tower layer calls [`JwtVerifier::try_verify`], other programs call
//! [`JwtVerifier::verify_request`] or [`JwtVerifier::verify`]. A token passes these steps in order:
//!
//! 1. `cache`: the same bytes were verified before, by keys that still serve, and the times of the
//!    token still hold.
//! 2. `look`, the first attempt: header, `kid`, claims, `issuers`, policy, signature. Only the
//!    signature needs a key.
//! 3. If the available keys are not enough, newer keys are requested once. If newer keys have just
//!    arrived, the token is verified with them. If a fetch is under way, the token is `pending`:
//!    the caller waits for it, and then makes the last attempt. The type of this attempt ensures
//!    that it cannot request keys again.
//! 4. `checks` of the application and the scopes that every operation needs, for each request,
//!    cached or not.
//!
//! If an event will show what a rejected token named, `explain` reads the token once more for it.

pub(crate) mod cache;
pub(crate) mod checks;
mod explain;
mod issuers;
mod look;
mod pending;
mod presented;

use std::future::Future;
use std::sync::Arc;

use arc_swap::ArcSwap;
use http::HeaderMap;
use http::request::Parts;

use crate::base::clock::Clock;
use crate::base::facts::Facts;
use crate::caller::AuthInfo;
use crate::keys::{FetchError, KeySnapshot, KeysHealth, LiveKeys};
use crate::token::ReadOptions;
use crate::verifier::cache::TokenCache;
use crate::verifier::checks::CustomChecks;
use crate::verifier::issuers::{Admitted, Issuers};
use crate::wire::answers::Answers;
use crate::wire::credentials::{Credentials, NoBearer, bearer, fault};
use crate::wire::rejection::{Rejection, RejectionHook};

pub use checks::CheckError;
pub(crate) use issuers::TrustedIssuer;
pub(crate) use pending::{Pending, Undecided};
pub(crate) use presented::Presented;

/// Verifies tokens as [`JwtAuthLayer`](crate::JwtAuthLayer) does, but without tower, for frameworks
/// with their own HTTP layer.
///
/// Cloning shares the keys and the task that refreshes them. Use
/// [`verify_request`](Self::verify_request) if you have the parts of the request. With
/// [`verify`](Self::verify) you must find the token yourself: exactly one `Authorization` header,
/// with the scheme `Bearer` in upper or lower case.
///
/// ```no_run
/// # async fn handle(header: &str) -> Result<(), Box<dyn std::error::Error>> {
/// use tower_jwt_auth::{JwtAuthConfig, JwtVerifier};
///
/// let config = JwtAuthConfig::builder()
///     .resource("https://mcp.example.com/mcp")
///     .issuer("https://idp.example.com")
///     .build()?;
/// let verifier = JwtVerifier::new(config);
///
/// let (parts, ()) = http::Request::new(()).into_parts();
/// match verifier.verify_request(&parts).await {
///     Ok(auth) => println!("hello {}", auth.client_id()),
///     Err(rejection) => println!("{}: {:?}", rejection.status(), rejection.www_authenticate()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct JwtVerifier(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    issuers: ArcSwap<Issuers>,
    checks: CustomChecks,
    clock: Clock,
}

impl JwtVerifier {
    pub(crate) fn assemble(
        issuers: impl Iterator<Item = TrustedIssuer>,
        options: Arc<ReadOptions>,
        answers: Arc<Answers>,
        checks: CustomChecks,
        cache: Option<TokenCache>,
        clock: Clock,
    ) -> Self {
        let issuers = ArcSwap::from_pointee(Issuers::new(issuers, options, answers, cache));
        Self(Arc::new(Inner {
            issuers,
            checks,
            clock,
        }))
    }

    /// The same verifier with another hook for its rejections. It shares the keys and the cache.
    pub(crate) fn with_hook(&self, hook: &RejectionHook) -> Self {
        let issuers = self.0.issuers.load();
        let issuers = issuers.with_answers(|answers| answers.with_hook(hook.clone()));
        Self(Arc::new(Inner {
            issuers: ArcSwap::from_pointee(issuers),
            checks: self.0.checks.clone(),
            clock: self.0.clock.clone(),
        }))
    }

    /// Verifies a token, and checks that it grants the scopes that every operation needs.
    ///
    /// Waits only if the key that the token names is missing, and at most for the fetch timeout of
    /// the issuer. Dropping the future never stops a fetch that other requests wait for.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] with the status, the challenge and the body of the response.
    pub async fn verify(&self, token: &str) -> Result<AuthInfo, Rejection> {
        self.decide(Presented::Alone(token), None).await
    }

    /// Verifies the token of a request: exactly one `Authorization` header with the scheme `Bearer`
    /// (RFC 6750 §2.1). Otherwise it behaves as [`verify`](Self::verify) does.
    ///
    /// The layer marks the header as sensitive, so that `Debug` hides the token. This method only
    /// reads `parts`: do not log them afterwards, or mark the header yourself.
    ///
    /// # Errors
    ///
    /// The [`Rejection`] that the layer would send: 401 when there is no bearer token, 400 when
    /// there is more than one `Authorization` header.
    ///
    /// ```no_run
    /// # async fn handle(parts: &http::request::Parts, verifier: tower_jwt_auth::JwtVerifier) {
    /// match verifier.verify_request(parts).await {
    ///     Ok(auth) => println!("hello {}", auth.client_id()),
    ///     Err(rejection) => println!("{:?}", rejection.to_response()),
    /// }
    /// # }
    /// ```
    pub async fn verify_request(&self, parts: &Parts) -> Result<AuthInfo, Rejection> {
        let facts = Facts::of_parts(parts);
        match bearer(facts.headers) {
            Ok(bearer) => self.decide(Presented::Line(bearer), Some(&facts)).await,
            Err(none) => {
                let rejection = self.without_bearer(none, facts.headers);
                rejection.report();
                Err(rejection)
            }
        }
    }

    /// Waits until every issuer has keys.
    ///
    /// Starts the background refresh, as the first token would. Waiting is optional: without it,
    /// the server responds with 503 to requests with a token until keys arrive.
    ///
    /// # Errors
    ///
    /// The first [`FetchError`], with URL and cause. The refresh goes on, and a later call may
    /// succeed.
    pub async fn wait_for_keys(&self) -> Result<(), FetchError> {
        let issuers = self.0.issuers.load_full();
        for trusted in issuers.iter() {
            // Reading the keys starts the task, so all tasks start before the first one is waited
            // for.
            drop(trusted.keys.in_use(self.0.clock.now()));
        }
        for trusted in issuers.iter() {
            trusted.keys.ready().await?;
        }
        Ok(())
    }

    /// The state of the keys of each issuer.
    #[must_use]
    pub fn keys_health(&self) -> KeysHealth {
        let now = self.0.clock.now();
        let trusted = self.0.issuers.load();
        let mut issuers: Vec<_> = trusted
            .iter()
            .map(|trusted| trusted.keys.health(&trusted.policy.issuer, now))
            .collect();
        issuers.sort_by(|a, b| a.issuer.cmp(&b.issuer));
        KeysHealth { issuers }
    }

    /// The keys in use of each issuer that has fetched keys, by issuer. They are meant for a
    /// process that must start while its issuer is unavailable.
    ///
    /// Pass each to [`Issuer::initial_jwks`](crate::config::Issuer::initial_jwks) in that process.
    /// Copies the key sets, so call it on a schedule or at shutdown, not in a probe. Issuers with
    /// static keys, and issuers before their first fetch, are omitted.
    #[must_use]
    pub fn export_keys(&self) -> Vec<KeySnapshot> {
        let trusted = self.0.issuers.load();
        let mut exported: Vec<_> = trusted
            .iter()
            .filter_map(|trusted| trusted.keys.export())
            .collect();
        exported.sort_by(|a, b| a.issuer().cmp(b.issuer()));
        exported
    }

    pub(crate) fn keys(&self) -> Vec<(Arc<str>, LiveKeys)> {
        self.0.issuers.load().keys()
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// For requests without a verified token.
    pub(crate) fn answers(&self) -> Arc<Answers> {
        self.0.issuers.load().answers.clone()
    }

    pub(crate) fn without_bearer(&self, none: NoBearer, headers: &HeaderMap) -> Rejection {
        let issuers = self.0.issuers.load();
        let reason = || fault(headers).map(Into::into);
        match none {
            // RFC 9110 §11.6.2: an empty field value holds no credentials.
            NoBearer::Absent => issuers.answers.missing_token().with_token_error(reason()),
            NoBearer::Malformed => issuers.answers.invalid_token(reason()),
            NoBearer::Several => issuers.answers.invalid_request(),
        }
    }

    /// The verdict, unless it depends on a fetch that is under way or has just been requested. A
    /// token that no fetch can help is rejected at once.
    pub(crate) fn try_verify(
        &self,
        presented: Presented<'_>,
        facts: Option<&Facts<'_>>,
    ) -> Result<AuthInfo, Undecided> {
        let issuers = self.0.issuers.load();
        let admitted = match issuers.cached(presented, &self.0.clock) {
            Some(cached) => cached,
            None => issuers
                .first_look(presented, &self.0.clock)
                .map_err(|undecided| match undecided {
                    Undecided::Rejected(rejection) => issuers
                        .explained(rejection, presented, &self.0.clock)
                        .into(),
                    pending @ Undecided::Pending(_) => pending,
                })?,
        };
        Ok(self.authorize(admitted, presented, facts, &issuers)?)
    }

    /// Waits for the missing keys and verifies the token once more. There is no further attempt.
    pub(crate) fn resume(
        &self,
        credentials: Credentials,
        pending: Pending,
    ) -> impl Future<Output = Result<AuthInfo, Rejection>> + Send + 'static + use<> {
        let verifier = self.clone();
        async move {
            let answer = pending.wait().await;
            let issuers = verifier.0.issuers.load_full();
            let newer = issuers.newer_keys_or_rejection(pending.demand(), pending.error(), answer);
            let presented = Presented::Kept(&credentials);
            let clock = &verifier.0.clock;
            let explained = |rejection| issuers.explained(rejection, presented, clock);
            let newer = newer.map_err(explained)?;
            // If many requests with the same token waited, the first one verifies it and the others
            // find it in the cache.
            let admitted = match issuers.cached(presented, clock) {
                Some(cached) => cached,
                None => issuers
                    .final_look(presented, &newer, clock)
                    .map_err(explained)?,
            };
            verifier.authorize(admitted, presented, None, &issuers)
        }
    }

    async fn decide(
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
        (verified, answers): Admitted,
        presented: Presented<'_>,
        // Tokens that are bound to a key will need the facts here.
        _facts: Option<&Facts<'_>>,
        issuers: &Issuers,
    ) -> Result<AuthInfo, Rejection> {
        let auth = AuthInfo::new(verified, presented.to_credentials(), answers);
        self.0.checks.run(&auth, &issuers.answers)?;
        let needed = &auth.answers().resource().required_scopes;
        match auth.satisfies(needed, None) {
            true => {
                auth.answers().resource().accepted.count();
                Ok(auth)
            }
            false => Err(auth.answers().insufficient_scope(needed)),
        }
    }
}

#[cfg(all(
    test,
    any(feature = "aws_lc_rs", feature = "rust_crypto"),
    feature = "test-util"
))]
mod tests;
