use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use crate::base::clock::Clock;
use crate::caller::AuthInfo;
use crate::crypto::Algorithm;
use crate::keys::{Asked, DemandOutcome, FetchError, KeyDemand, KeysHealth, LiveKeys, Snapshot};
use crate::telemetry;
use crate::token::verified::Verified;
use crate::token::{Compact, Headed, Header, TokenError, TokenErrorKind, ValidationPolicy, room};
use crate::verifier::cache::{Cached, TokenCache};
use crate::verifier::checks::CustomChecks;
use crate::wire::credentials::Credentials;
use crate::wire::credentials::is_b64token;
use crate::wire::rejection::Rejection;
use crate::wire::resource::ProtectedResource;

pub(crate) mod cache;
pub(crate) mod checks;
mod pending;
mod presented;

pub use checks::Refusal;
use pending::OwnedLack;
pub(crate) use pending::Unsettled;
pub(crate) use presented::Presented;

/// The verdicts of [`JwtAuthLayer`](crate::JwtAuthLayer) without tower, for frameworks that own their
/// HTTP layer.
///
/// Cloning shares the keys and the task that refreshes them. You find the token in the request
/// yourself: exactly one `Authorization` header, `Bearer` in any case.
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
/// match verifier.verify("eyJhbGciOi...").await {
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
    issuers: Vec<TrustedIssuer>,
    by_name: HashMap<Arc<str>, usize>,
    /// What any of them uses.
    algorithms: Vec<Algorithm>,
    resource: Arc<ProtectedResource>,
    checks: CustomChecks,
    cache: Option<TokenCache>,
    clock: Clock,
}

/// One issuer: what its tokens must say, and its keys. Nothing of another counts for it.
#[derive(Debug)]
pub(crate) struct TrustedIssuer {
    pub(crate) policy: ValidationPolicy,
    pub(crate) keys: LiveKeys,
}

/// A verdict, or what is missing for one.
#[derive(Debug)]
pub(crate) enum NotYet {
    Rejected(Rejection),
    Unsettled(Box<Unsettled>),
}

/// Which keys a token is looked at with.
#[derive(Clone, Copy)]
enum Look<'k> {
    /// Those in use. What they lack is asked for.
    First,
    /// Those that came of asking. Nothing is asked for again.
    Second(&'k Snapshot),
}

impl JwtVerifier {
    pub(crate) fn assemble(
        issuers: impl Iterator<Item = TrustedIssuer>,
        resource: Arc<ProtectedResource>,
        checks: CustomChecks,
        cache: Option<TokenCache>,
        clock: Clock,
    ) -> Self {
        let issuers: Vec<_> = issuers.collect();
        let names = issuers.iter().map(|trusted| trusted.policy.issuer.clone());
        let by_name = names.enumerate().map(|(index, name)| (name, index));
        let policies = issuers.iter().map(|trusted| &trusted.policy);
        let mut algorithms: Vec<Algorithm> = Vec::new();
        for algorithm in policies.flat_map(|policy| &policy.algorithms) {
            if !algorithms.contains(algorithm) {
                algorithms.push(*algorithm);
            }
        }
        Self(Arc::new(Inner {
            by_name: by_name.collect(),
            issuers,
            algorithms,
            resource,
            checks,
            cache,
            clock,
        }))
    }

    /// Verifies a token, and checks that it grants the scopes that every operation needs.
    ///
    /// Waits, at most the fetch timeout of the issuer, only when the key that the token names is not
    /// at hand. Dropping the future never stops a fetch that others wait for.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] with the status, the challenge and the body of the answer.
    pub async fn verify(&self, token: &str) -> Result<AuthInfo, Rejection> {
        let presented = Presented::Alone(token);
        match self.try_verify(presented) {
            Ok(auth) => Ok(auth),
            Err(NotYet::Rejected(rejection)) => Err(rejection),
            Err(NotYet::Unsettled(unsettled)) => {
                self.settle(presented.to_credentials(), *unsettled).await
            }
        }
        .inspect_err(telemetry::refused)
    }

    /// Waits until every issuer has keys.
    ///
    /// Starts the background refresh, as the first token would. A process need not wait for it: it
    /// serves, and answers 503, until keys arrive.
    ///
    /// # Errors
    ///
    /// The first [`FetchError`], with URL and cause. The refresh goes on, and a later call may succeed.
    pub async fn ready(&self) -> Result<(), FetchError> {
        for trusted in &self.0.issuers {
            // All start before the first is waited for: looking at the keys starts the task.
            drop(trusted.keys.in_use(self.0.clock.now()));
        }
        for trusted in &self.0.issuers {
            trusted.keys.ready().await?;
        }
        Ok(())
    }

    /// How the keys of each issuer are.
    #[must_use]
    pub fn keys(&self) -> KeysHealth {
        let now = self.0.clock.now();
        let mut issuers: Vec<_> = self
            .0
            .issuers
            .iter()
            .map(|trusted| trusted.keys.health(&trusted.policy.issuer, now))
            .collect();
        issuers.sort_by(|a, b| a.issuer.cmp(&b.issuer));
        KeysHealth { issuers }
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) fn protected_resource(&self) -> &Arc<ProtectedResource> {
        &self.0.resource
    }

    /// The verdict, unless it must be waited for. That is so only when a fetch is under way or has been
    /// asked for: a token that no fetch can help is refused at once.
    pub(crate) fn try_verify(&self, presented: Presented<'_>) -> Result<AuthInfo, NotYet> {
        self.judge(presented, Look::First)
    }

    /// Waits for the keys that were missing and looks once more; never again after that.
    pub(crate) fn settle(
        &self,
        credentials: Credentials,
        unsettled: Unsettled,
    ) -> impl Future<Output = Result<AuthInfo, Rejection>> + Send + 'static + use<> {
        let verifier = self.clone();
        async move {
            let Unsettled {
                issuer,
                lack,
                flight,
                error,
            } = unsettled;
            let lack = lack.borrowed();
            let answer = match verifier.0.issuers.get(issuer) {
                Some(trusted) => trusted.keys.wait(lack, flight).await,
                None => DemandOutcome::Absent,
            };
            let newer = verifier.conclude(lack, answer, error)?;
            let judged = verifier.judge(Presented::Kept(&credentials), Look::Second(&newer));
            judged.map_err(|not_yet| match not_yet {
                NotYet::Rejected(rejection) => rejection,
                NotYet::Unsettled(again) => verifier.refuse(again.error),
            })
        }
    }

    /// The keys for a second look, or what their absence means for a token.
    fn conclude(
        &self,
        lack: KeyDemand<'_>,
        answer: DemandOutcome,
        error: TokenError,
    ) -> Result<Arc<Snapshot>, Rejection> {
        match (answer, lack) {
            (DemandOutcome::Newer(snapshot), _) => Ok(snapshot),
            (DemandOutcome::Unavailable { retry_after }, KeyDemand::Key { .. }) => {
                Err(Rejection::keys_unavailable(retry_after))
            }
            // The key is known and its signature is wrong, whatever the issuer would say.
            (DemandOutcome::Unavailable { .. }, KeyDemand::Signature { .. })
            | (DemandOutcome::Absent, _) => Err(self.refuse(error)),
        }
    }

    /// Who the caller is, and whether they may call at all: what follows the verified token is asked
    /// anew for each request.
    fn judge(&self, presented: Presented<'_>, look: Look<'_>) -> Result<AuthInfo, NotYet> {
        let verified = match self.recall(presented) {
            Some(recalled) => recalled,
            None => self.authenticate(presented, look)?,
        };
        let auth = AuthInfo::new(verified, presented.to_credentials());
        self.0
            .checks
            .run(&auth, &self.0.resource)
            .map_err(NotYet::Rejected)?;
        let resource = auth.protected_resource();
        if !auth.satisfies(&resource.required_scopes, None) {
            let rejection = Rejection::insufficient_scope(resource, &resource.required_scopes);
            return Err(NotYet::Rejected(rejection));
        }
        Ok(auth)
    }

    /// A token that was verified before, if a fresh look would come to the same verdict: under the same
    /// keys, which may still serve, and by the clock of this moment.
    fn recall(&self, presented: Presented<'_>) -> Option<Arc<Verified>> {
        let cache = self.0.cache.as_ref()?;
        let cached = cache.get(presented.bytes())?;
        let verified = cached.verified();
        let TrustedIssuer { policy, keys } = self.0.issuers.get(cached.issuer())?;
        let now = self.0.clock.now();
        let in_use = keys.in_use(now);
        let same_keys = in_use.serving(now)?.generation == cached.generation();
        let in_time = policy.check_times(verified.times(), now.wall).is_ok();
        if !(same_keys && in_time) {
            cache.remove(presented.bytes());
            return None;
        }
        Some(cached.into_verified())
    }

    /// Every check, from the first to the signature.
    fn authenticate(
        &self,
        presented: Presented<'_>,
        look: Look<'_>,
    ) -> Result<Arc<Verified>, NotYet> {
        let refuse = |error: TokenError| NotYet::Rejected(self.refuse(error));
        let unreadable = |error| NotYet::Rejected(self.refuse_unreadable(presented, error));
        let (mut header_room, mut signature_room) = (room(), room());
        let compact = Compact::split(presented.bytes()).map_err(unreadable)?;
        let header_text = compact.header(&mut header_room).map_err(unreadable)?;
        let header = Header::parse(&header_text).map_err(refuse)?;
        let used = |algorithm| self.0.algorithms.contains(&algorithm);
        let headed = Headed::new(compact, &header, used).map_err(refuse)?;
        let now = self.0.clock.now();
        // Loaded once for the whole look: of several issuers, only the claims say whose.
        let early = match (look, &*self.0.issuers) {
            (Look::First, [only]) => only.keys.in_use_already(now).map(|keys| (only, keys)),
            _ => None,
        };
        if let Some((only, in_use)) = &early
            && only.keys.are_known_to_lack(headed.kid(), in_use, now)
        {
            // Whatever else it says: in a flood of them, claims are not worth reading.
            return Err(refuse(TokenErrorKind::UnknownKey.into()));
        }
        let payload = compact.claims().map_err(unreadable)?;
        let parsed = headed.parse(&payload).map_err(refuse)?;
        let missing = TokenError::at(TokenErrorKind::MissingClaim, Some("iss"));
        let named = parsed.issuer().ok_or_else(|| refuse(missing))?;
        let (issuer, TrustedIssuer { policy, keys }) = self
            .trusted(named)
            .ok_or_else(|| refuse(TokenErrorKind::WrongIssuer.into()))?;
        let checked = parsed.check(policy, now.wall).map_err(refuse)?;
        // Before any key is asked for: what is no signature is no reason to.
        let signature = compact.signature(&mut signature_room).map_err(unreadable)?;

        let lacking = |lack: KeyDemand<'_>, error| {
            let asked = match look {
                Look::First => keys.ask(lack, now),
                Look::Second(_) => return Err(refuse(error)),
            };
            let newer = match asked {
                Asked::Answered(answer) => self.conclude(lack, answer, error),
                Asked::WaitFor(flight) => {
                    return Err(NotYet::Unsettled(Box::new(Unsettled {
                        issuer,
                        lack: OwnedLack::of(lack),
                        flight,
                        error,
                    })));
                }
            };
            // They have just come: the second look needs no waiting.
            let newer = newer.map_err(NotYet::Rejected)?;
            self.authenticate(presented, Look::Second(&newer))
        };
        let in_use = early.map_or_else(|| keys.in_use(now), |(_, in_use)| in_use);
        let snapshot = match look {
            Look::First => in_use.serving(now),
            Look::Second(newer) => Some(newer),
        };
        let kid = checked.kid();
        let Some(snapshot) = snapshot else {
            let lack = KeyDemand::Key { kid, seen: 0 };
            return lacking(lack, TokenErrorKind::UnknownKey.into());
        };
        let seen = snapshot.generation;
        let attested = match checked.verify(&snapshot.keys, &signature) {
            Ok(attested) => attested,
            Err(error) => {
                return match error.kind() {
                    TokenErrorKind::UnknownKey => lacking(KeyDemand::Key { kid, seen }, error),
                    // A key of another type in the place of the old one is new material as well.
                    TokenErrorKind::BadSignature | TokenErrorKind::KeyMismatch => {
                        lacking(KeyDemand::Signature { seen }, error)
                    }
                    _ => Err(refuse(error)),
                };
            }
        };
        let verified = attested.into_verified(payload);
        if let Some(cache) = &self.0.cache {
            let cached = Cached::new(issuer, seen, verified.clone());
            cache.insert(presented.bytes(), cached);
        }
        Ok(verified)
    }

    fn trusted(&self, named: &str) -> Option<(usize, &TrustedIssuer)> {
        let index = match &*self.0.issuers {
            // Most have but one.
            [only] => (*only.policy.issuer == *named).then_some(0)?,
            _ => *self.0.by_name.get(named)?,
        };
        Some((index, self.0.issuers.get(index)?))
    }

    /// What is no token at all is told apart from one that is spelled wrong (RFC 6750 §2.1).
    fn refuse_unreadable(&self, presented: Presented<'_>, error: TokenError) -> Rejection {
        match presented {
            Presented::Line(bearer) if !is_b64token(bearer.bytes()) => {
                Rejection::invalid_token(&self.0.resource, None)
            }
            _ => self.refuse(error),
        }
    }

    fn refuse(&self, error: TokenError) -> Rejection {
        Rejection::invalid_token(&self.0.resource, Some(error))
    }
}

#[cfg(all(
    test,
    any(feature = "aws_lc_rs", feature = "rust_crypto"),
    feature = "test-util"
))]
mod tests;
