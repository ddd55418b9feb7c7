use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use crate::auth_info::AuthInfo;
use crate::custom_check::CustomChecks;
use crate::keys::{Answer, FetchError, IssuerHealth, KeySnapshot, Lack, LiveKeys, Snapshot};
use crate::protected_resource::ProtectedResource;
use crate::rejection::Rejection;
use crate::telemetry;
use crate::time::{Clock, Now};
use crate::token::{TokenError, TokenErrorKind, Unverified, ValidationPolicy};

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
    issuers: HashMap<Arc<str>, TrustedIssuer>,
    resource: Arc<ProtectedResource>,
    checks: CustomChecks,
    clock: Clock,
}

/// One issuer: what its tokens must say, and its keys. Nothing of another counts for it.
#[derive(Debug)]
pub(crate) struct TrustedIssuer {
    pub(crate) policy: ValidationPolicy,
    pub(crate) keys: LiveKeys,
}

/// A token that cannot be judged with the keys at hand.
#[derive(Debug)]
pub(crate) struct Unsettled {
    keys: LiveKeys,
    lack: OwnedLack,
    error: TokenError,
}

#[derive(Debug)]
enum OwnedLack {
    Key { kid: Option<String>, seen: u64 },
    Signature { seen: u64 },
}

/// A verdict, or what is missing for one.
#[derive(Debug)]
pub(crate) enum NotYet {
    Rejected(Rejection),
    Unsettled(Box<Unsettled>),
}

impl JwtVerifier {
    pub(crate) fn assemble(
        issuers: impl Iterator<Item = TrustedIssuer>,
        resource: Arc<ProtectedResource>,
        checks: CustomChecks,
        clock: Clock,
    ) -> Self {
        let issuers = issuers
            .map(|trusted| (trusted.policy.issuer.clone(), trusted))
            .collect();
        Self(Arc::new(Inner {
            issuers,
            resource,
            checks,
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
        match self.try_verify(token) {
            Ok(auth) => Ok(auth),
            Err(NotYet::Rejected(rejection)) => Err(rejection),
            Err(NotYet::Unsettled(unsettled)) => self.settle(token.to_owned(), *unsettled).await,
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
        for trusted in self.0.issuers.values() {
            // All start before the first is waited for: `snapshot` starts the task.
            let _ = trusted.keys.snapshot(self.0.clock.now());
        }
        for trusted in self.0.issuers.values() {
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
            .map(|(issuer, trusted)| trusted.keys.health(issuer, now))
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

    /// The verdict, without waiting.
    pub(crate) fn try_verify(&self, token: &str) -> Result<AuthInfo, NotYet> {
        self.judge(token, self.0.clock.now(), None)
    }

    /// Waits for the keys that were missing and looks once more; never again after that.
    pub(crate) fn settle(
        &self,
        token: String,
        unsettled: Unsettled,
    ) -> impl Future<Output = Result<AuthInfo, Rejection>> + Send + 'static + use<> {
        let verifier = self.clone();
        async move {
            let answer = unsettled.keys.newer(unsettled.lack.borrowed()).await;
            match answer {
                Answer::Newer(snapshot) => {
                    let now = verifier.0.clock.now();
                    verifier
                        .judge(&token, now, Some(snapshot))
                        .map_err(|not_yet| match not_yet {
                            NotYet::Rejected(rejection) => rejection,
                            NotYet::Unsettled(again) => verifier.refuse(again.error),
                        })
                }
                // The key is known and its signature is wrong, whatever the issuer would say.
                Answer::Unavailable { retry_after }
                    if !matches!(unsettled.lack, OwnedLack::Signature { .. }) =>
                {
                    Err(Rejection::keys_unavailable(retry_after))
                }
                Answer::Absent | Answer::Unavailable { .. } => {
                    Err(verifier.refuse(unsettled.error))
                }
            }
        }
    }

    fn judge(
        &self,
        token: &str,
        now: Now,
        keys: Option<Arc<Snapshot>>,
    ) -> Result<AuthInfo, NotYet> {
        let refuse = |error: TokenError| NotYet::Rejected(self.refuse(error));
        let unverified = Unverified::split(token).map_err(refuse)?;
        let parsed = unverified.parse().map_err(refuse)?;
        let trusted = match parsed.issuer() {
            None => {
                return Err(refuse(TokenError::at(
                    TokenErrorKind::MissingClaim,
                    Some("iss"),
                )));
            }
            Some(issuer) => self
                .0
                .issuers
                .get(issuer)
                .ok_or_else(|| refuse(TokenErrorKind::WrongIssuer.into()))?,
        };
        let TrustedIssuer { policy, keys: live } = trusted;
        let checked = parsed.check(policy, now.wall).map_err(refuse)?;

        let unsettled = |lack, error| {
            let keys = live.clone();
            NotYet::Unsettled(Box::new(Unsettled { keys, lack, error }))
        };
        let kid = || checked.kid().map(ToOwned::to_owned);
        let Some(snapshot) = keys.or_else(|| live.snapshot(now)) else {
            let lack = OwnedLack::Key {
                kid: kid(),
                seen: 0,
            };
            return Err(unsettled(lack, TokenErrorKind::UnknownKey.into()));
        };
        let seen = snapshot.generation;
        let auth = checked
            .verify(&snapshot.keys)
            .map_err(|error| match error.kind() {
                TokenErrorKind::UnknownKey => unsettled(OwnedLack::Key { kid: kid(), seen }, error),
                // A key of another type in the place of the old one is new material as well.
                TokenErrorKind::BadSignature | TokenErrorKind::KeyMismatch => {
                    unsettled(OwnedLack::Signature { seen }, error)
                }
                _ => refuse(error),
            })?;
        self.0
            .checks
            .run(&auth, &policy.resource)
            .map_err(NotYet::Rejected)?;
        if !auth.satisfies(&policy.resource.required_scopes, None) {
            let rejection =
                Rejection::insufficient_scope(&policy.resource, &policy.resource.required_scopes);
            return Err(NotYet::Rejected(rejection));
        }
        Ok(auth)
    }

    fn refuse(&self, error: TokenError) -> Rejection {
        Rejection::invalid_token(&self.0.resource, Some(error))
    }
}

impl OwnedLack {
    fn borrowed(&self) -> Lack<'_> {
        match self {
            Self::Key { kid, seen } => Lack::Key {
                kid: kid.as_deref(),
                seen: *seen,
            },
            Self::Signature { seen } => Lack::Signature { seen: *seen },
        }
    }
}

/// How the keys of each issuer are.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KeysHealth {
    /// One entry for each configured issuer, by name.
    pub issuers: Vec<IssuerHealth>,
}

impl KeysHealth {
    /// Whether tokens of every issuer can be verified now: for a readiness probe.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.issuers.iter().all(|issuer| issuer.ready)
    }

    /// The keys in use of each issuer that has fetched some, to start another process with.
    #[must_use]
    pub fn export(&self) -> Vec<KeySnapshot> {
        self.issuers
            .iter()
            .filter_map(|issuer| issuer.export())
            .collect()
    }
}
