//! The verdict on a token: the caller that it names, or the rejection. The public methods of
//! `JwtVerifier` are here, the way of a token in `verdict`.
//!
//! The tower layer calls [`JwtVerifier::try_verify`], other programs call
//! [`JwtVerifier::verify_request`] or [`JwtVerifier::verify`]. A token passes these steps in order:
//!
//! 1. `cache`: the same bytes were verified before, by keys that still serve, and the times of the
//!    token still hold.
//! 2. `look`, the first attempt: header, `kid`, claims, `issuers`, policy, signature. Only the
//!    signature needs a key. Large claims are glanced at, and read after the signature, or before
//!    step 3 (`candidate`).
//! 3. If the available keys are not enough, newer keys are requested once. If newer keys have just
//!    arrived, the token is verified with them. If a fetch is under way, the token is `pending`:
//!    the caller waits for it, and then makes the last attempt. The type of this attempt ensures
//!    that it cannot request keys again.
//! 4. `revocation`, in a fleet: the token is not revoked.
//! 5. `possession`: if the token is bound to a key, the request must prove that its sender holds
//!    the key. What needs no signature is checked before the token's own signature (of a token with
//!    large claims, after it), the rest after it.
//! 6. `checks` of the application and the scopes that every operation needs.
//! 7. A proof is used up last.
//!
//! Steps 4 to 7 run for each request, whether its token was cached or not.
//!
//! `family` replaces the issuers of a verifier, and of those that differ from it in their hook
//! alone.
//!
//! `signed` verifies other JWTs of the issuers: logout tokens.
//!
//! If an event will show what a rejected token named, `explain` reads the token once more for it.

mod asked;
pub(crate) mod cache;
mod candidate;
pub(crate) mod checks;
mod explain;
mod family;
mod introspection;
mod issuer_id;
mod issuers;
mod look;
mod pending;
mod possession;
mod presented;
#[cfg(feature = "redis")]
mod revocation;
#[cfg(feature = "redis")]
mod signed;
mod verdict;

use std::sync::Arc;

use arc_swap::ArcSwap;
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderName, Method};

use crate::base::clock::Clock;
use crate::base::facts::Facts;
use crate::caller::AuthInfo;
use crate::introspection::Introspections;
use crate::keys::{FetchError, KeySnapshot, KeysHealth, LiveKeys};
use crate::proof::nonce::NonceMode;
use crate::proof::possession::Proofs;
#[cfg(feature = "redis")]
use crate::revocation::Revocations;
use crate::verifier::cache::TokenCache;
use crate::verifier::checks::CustomChecks;
use crate::verifier::family::{Family, Member};
use crate::wire::answers::Answers;
use crate::wire::credentials::{NoToken, TokenFinder};
use crate::wire::rejection::{Rejection, RejectionHook};
use crate::wire::response_nonce::{Due, ResponseNonce};

pub(crate) use asked::{IssuerKeys, TokensAsked};
pub use checks::CheckError;
pub(crate) use family::Origin;
pub(crate) use issuers::{IssuerList, Issuers, TrustedIssuer};
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
    family: Arc<Family<Inner>>,
    finder: TokenFinder,
    proofs: Arc<Proofs>,
    checks: CustomChecks,
    clock: Clock,
}

impl Member for Inner {
    fn issuers(&self) -> &ArcSwap<Issuers> {
        &self.issuers
    }
}

/// What holds for the tokens of every issuer.
pub(crate) struct Rules {
    pub(crate) finder: TokenFinder,
    pub(crate) proofs: Arc<Proofs>,
    pub(crate) checks: CustomChecks,
    pub(crate) clock: Clock,
    #[cfg(feature = "redis")]
    pub(crate) revocations: Option<Arc<Revocations>>,
}

impl JwtVerifier {
    pub(crate) fn assemble(
        issuers: IssuerList,
        rules: Rules,
        cache: Option<TokenCache>,
        origin: Origin,
    ) -> Self {
        let Rules {
            finder,
            proofs,
            checks,
            clock,
            #[cfg(feature = "redis")]
            revocations,
        } = rules;
        let issuers = Issuers::new(issuers, proofs.clone(), cache.map(Arc::new));
        #[cfg(feature = "redis")]
        let issuers = issuers.with_revocations(revocations);
        let family = Arc::new(Family::new(origin));
        Self(family.join(|| Inner {
            issuers: ArcSwap::from_pointee(issuers),
            family: family.clone(),
            finder,
            proofs,
            checks,
            clock,
        }))
    }

    /// The same verifier with another hook for its rejections. It shares the keys and the cache.
    pub(crate) fn with_hook(&self, hook: &RejectionHook) -> Self {
        Self(self.0.family.join(|| {
            let issuers = self.0.issuers.load();
            let issuers = issuers.with_answers(|answers| answers.with_hook(Some(hook.clone())));
            Inner {
                issuers: ArcSwap::from_pointee(issuers),
                family: self.0.family.clone(),
                finder: self.0.finder.clone(),
                proofs: self.0.proofs.clone(),
                checks: self.0.checks.clone(),
                clock: self.0.clock.clone(),
            }
        }))
    }

    /// Replaces the issuers of this verifier, and of those that differ from it in their hook alone,
    /// by those that `make` makes of the origin and of the issuers so far. `None`: they stay.
    pub(crate) fn replace<T: 'static, E>(
        &self,
        make: impl FnOnce(&mut T, &Issuers) -> Result<Option<IssuerList>, E>,
    ) -> Result<(), E> {
        self.0.family.replace(make)
    }

    /// Verifies a token, and checks that it grants the scopes that every operation needs.
    ///
    /// Waits only if the key that the token names is missing, and at most for the fetch timeout of
    /// the issuer; and in a fleet, before the list of revocations was read, at most for the timeout
    /// of the store. Dropping the future never stops a fetch that other requests wait for.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] with the status, the challenge and the body of the response.
    pub async fn verify(&self, token: &str) -> Result<AuthInfo, Rejection> {
        self.decide(Presented::Alone(token), None).await
    }

    /// Verifies the token of a request: exactly one `Authorization` header with the scheme `Bearer`
    /// (RFC 6750 §2.1), or `DPoP` where that is on, unless
    /// [`token_sources`](crate::config::JwtAuthConfigBuilder::token_sources) names other places.
    /// Otherwise it behaves as [`verify`](Self::verify) does.
    ///
    /// The layer marks the header as sensitive, so that `Debug` hides the token, and with
    /// [`Mtls::from_header`](crate::proof::Mtls::from_header) it removes the certificate header
    /// that somebody else than a trusted proxy has sent. This method only reads `parts`: do not log
    /// them afterwards, or mark the header yourself, and read no certificate from them. Such a
    /// header never counts here either.
    ///
    /// # Errors
    ///
    /// The [`Rejection`] that the layer would send: 401 when there is no token, 400 when there is
    /// more than one `Authorization` header.
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
        match self.finder().find(facts.headers) {
            Ok(token) => self.decide(Presented::Line(token), Some(&facts)).await,
            Err(none) => {
                let rejection = self.without_bearer(none, facts.headers);
                rejection.report();
                Err(rejection)
            }
        }
    }

    /// Waits until every issuer has keys, and in a fleet until the list of revocations was read, or
    /// `revocations_at_start` is over.
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
        #[cfg(feature = "redis")]
        if let Some(list) = &issuers.revocations {
            list.ready().await;
        }
        Ok(())
    }

    /// The state of the keys of each issuer.
    #[must_use]
    pub fn keys_health(&self) -> KeysHealth {
        let now = self.0.clock.now();
        let trusted = self.0.issuers.load();
        let health = |TrustedIssuer { policy, keys, .. }: &TrustedIssuer| {
            keys.health(&policy.issuer, &policy.algorithms, now)
        };
        let mut issuers: Vec<_> = trusted.iter().map(|it| health(it)).collect();
        issuers.sort_by(|a, b| a.issuer.cmp(&b.issuer));
        KeysHealth {
            issuers,
            #[cfg(feature = "redis")]
            revocations_unread: (trusted.revocations.as_ref()).is_some_and(|it| it.is_unread()),
        }
    }

    /// The issuers that are asked about tokens (RFC 7662): their state, and what is known of a
    /// token.
    #[must_use]
    pub fn introspection(&self) -> Introspections {
        let verifier = self.clone();
        Introspections::new(move || {
            let issuers = verifier.0.issuers.load();
            let asked = issuers.iter().filter_map(|it| it.introspection.as_ref());
            asked.map(|asked| asked.issuer.clone()).collect()
        })
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

    /// Where the token of a request may be.
    #[inline]
    pub(crate) fn finder(&self) -> &TokenFinder {
        &self.0.finder
    }

    /// The header with a client certificate that a stranger has sent.
    #[inline]
    pub(crate) fn header_of_a_stranger(&self, extensions: &Extensions) -> Option<HeaderName> {
        let source = self.0.proofs.mtls.as_ref()?;
        source.header_to_remove(extensions).cloned()
    }

    /// The nonce for the response of the service.
    #[inline]
    pub(crate) fn response_nonce(
        &self,
        method: &Method,
        auth: Option<&AuthInfo>,
    ) -> Option<Box<ResponseNonce>> {
        let nonces = &self.0.proofs.dpop.as_ref()?.nonces;
        let (nonce, due) = match auth.and_then(AuthInfo::dpop_nonce) {
            Some(nonce) => (nonce.clone(), Due::Always),
            None if nonces.mode() == NonceMode::Required => {
                (nonces.newest(self.0.clock.now().wall), Due::WithRejections)
            }
            None => return None,
        };
        Some(ResponseNonce::new(nonce, method, due))
    }

    #[inline]
    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// For requests without a verified token.
    pub(crate) fn answers(&self) -> Arc<Answers> {
        self.0.issuers.load().answers.clone()
    }

    pub(crate) fn without_bearer(&self, none: NoToken, headers: &HeaderMap) -> Rejection {
        let issuers = self.0.issuers.load();
        let reason = || self.finder().fault(headers).map(Into::into);
        let rejection = match none {
            // RFC 9110 §11.6.2: an empty field value holds no credentials.
            NoToken::Absent => issuers.answers.missing_token().with_token_error(reason()),
            NoToken::Malformed(scheme) => issuers.answers.invalid_token(scheme, reason()),
            NoToken::Several => issuers.answers.invalid_request(),
        };
        issuers.with_nonce(rejection, &self.0.clock)
    }
}

#[cfg(all(
    test,
    any(feature = "aws_lc_rs", feature = "rust_crypto"),
    feature = "test-util"
))]
mod tests;
