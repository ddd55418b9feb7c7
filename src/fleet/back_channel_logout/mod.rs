//! Logouts of the issuers, which become revocations.
//!
//! 1. `form`: method, content type, the form, its size and how long it takes.
//! 2. `judge`: the checks of the token that need no key, then its signature. `claims` knows what a
//!    logout token must say.
//! 3. `revoke`: what it names is revoked, also if the sender does not wait for it. Only then is it
//!    answered as done.

mod answer;
mod claims;
mod form;

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tokio::time::Instant;
use tower_service::Service;

use self::answer::{Cause, Refusal, response};
use self::claims::LogoutClaims;
use super::{Fleet, Revocation, RevokeError};
use crate::base::numeric_date::NumericDate;
use crate::limits::{FIRST_BACKOFF, MAX_LOGOUT_BYTES};
use crate::telemetry;
use crate::token::{Compact, Header, HeaderBuffer, HeaderRead, without_application};
use crate::verifier::JwtVerifier;
use crate::wire::body::GuardedBody;

/// Revokes the tokens of a user who logs out at the issuer (OpenID Connect Back-Channel Logout
/// 1.0).
///
/// The issuer posts a logout token to the URL that you register there for a client. Put this
/// service at that path, in front of no [`JwtAuthLayer`](crate::JwtAuthLayer): the request carries
/// no access token. [`guide::fleet`](crate::guide::fleet) says where issuers want the URL.
///
/// ```
/// # #[cfg(feature = "axum")] {
/// use axum::Router;
/// use tower_jwt_auth::JwtAuthLayer;
/// use tower_jwt_auth::fleet::{BackChannelLogout, Fleet};
///
/// fn app(protected: Router, auth: JwtAuthLayer, fleet: Fleet) -> Router {
///     let logout = BackChannelLogout::new(fleet, auth.verifier()).audience("my-mcp-server");
///     auth.protect(protected).route_service("/backchannel-logout", logout)
/// }
/// # }
/// ```
///
/// # What is revoked
///
/// | the logout token has | refused from now on |
/// | --- | --- |
/// | `sub` | the tokens of the user that were issued up to its `iat` |
/// | `sid` | the tokens with this `sid` |
/// | both | the tokens with this `sid`, and those of the user up to `iat` that have no `sid` |
///
/// Not every issuer puts `sid` into access tokens. With `sid` alone, nothing is refused then: let
/// the issuer send `sub` too. The event `logout_without_effect` tells of it. Refresh tokens are not
/// concerned: the issuer ends them.
///
/// # What is accepted
///
/// A POST of at most [16 KiB](crate::limits::MAX_LOGOUT_BYTES) with the form field `logout_token`,
/// all of which is there within [5 seconds](crate::limits::LOGOUT_BODY_TIME). The token has the
/// `typ` `logout+jwt`, an issuer of the verifier, an `aud` that [`audience`](Self::audience) names,
/// `iat`, the logout event, `sub` or `sid`, and no `nonce`. `exp` has not passed; without it, `iat`
/// is at most [5 minutes](crate::limits::MAX_LOGOUT_AGE) old. Neither `iat` nor `nbf` is in the
/// future. The `leeway` is added to each. The keys of the issuer verify the signature, and an
/// unknown `kid` has them fetched as for an access token.
///
/// # What is answered
///
/// - 200 once the store has the revocations. A repeated logout token does nothing new, and is
///   answered as the first.
/// - 400 with the JSON of RFC 6749 §5.2 for a form or a token that is not as above; 405 for another
///   method, 408 for a body that takes too long, 413 for one that is too large and 415 for another
///   content type. Nothing is revoked. The event `logout_refused` has the reason.
/// - 503 with `Retry-After` when the store did not take it, when `revocations_limit` is reached,
///   when revocations are turned off, and when the keys are not available. The standard knows only
///   200 and 400; this tells the issuer that the same request will work. Most issuers do not come
///   again all the same, so the event `logout_not_stored` is one to be alerted of.
///
/// A sender that leaves after the token was verified changes nothing: all of it is revoked.
#[derive(Clone, Debug)]
#[must_use = "logouts are taken only where the service is mounted"]
pub struct BackChannelLogout(Arc<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    fleet: Fleet,
    verifier: JwtVerifier,
    clients: Vec<String>,
    allow_untyped: bool,
    /// When `logout_not_stored` was told.
    told: Arc<Mutex<Option<Instant>>>,
}

impl BackChannelLogout {
    /// Takes logouts of the issuers of `verifier`, and revokes in `fleet`, which must be the fleet
    /// of the configuration of `verifier`. Accepts nothing before [`audience`](Self::audience) was
    /// called.
    pub fn new(fleet: Fleet, verifier: JwtVerifier) -> Self {
        Self(Arc::new(Inner {
            fleet,
            verifier,
            clients: Vec::new(),
            allow_untyped: false,
            told: Arc::default(),
        }))
    }

    /// A client for which the URL is registered at the issuer: the `aud` of its logout tokens. Call
    /// it again for each further client. It is not the `resource`, which issuers put into the `aud`
    /// of access tokens.
    pub fn audience(mut self, client_id: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.0).clients.push(client_id.into());
        self
    }

    /// Accepts logout tokens without `typ` or with `JWT`, as many issuers send them. By default
    /// only `logout+jwt` is accepted.
    ///
    /// The claim `events` still tells them from access and ID tokens.
    pub fn allow_untyped(mut self) -> Self {
        Arc::make_mut(&mut self.0).allow_untyped = true;
        self
    }
}

impl<B> Service<Request<B>> for BackChannelLogout
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = Response<GuardedBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let inner = self.0.clone();
        Box::pin(async move {
            let outcome = inner.log_out(request).await;
            Ok(response(outcome).map(GuardedBody::own))
        })
    }
}

/// What a verified logout token says.
struct Logout {
    issuer: Arc<str>,
    subject: Option<String>,
    session: Option<String>,
    time: NumericDate,
}

impl Inner {
    async fn log_out<B>(self: Arc<Self>, request: Request<B>) -> Result<(), Refusal>
    where
        B: Body,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let token = form::logout_token(request).await?;
        let logout = self.judge(&token).await;
        let logout = logout.inspect_err(|refusal| self.tell_if_not_stored(refusal))?;
        // A task, because most issuers do not come again: one that has left is served too.
        let revoked = tokio::spawn(async move {
            let revoked = self.revoke(logout).await.map_err(Refusal::from);
            revoked.inspect_err(|refusal| self.tell_if_not_stored(refusal))
        });
        let not_finished = |_| Err(Refusal::Later(FIRST_BACKOFF, Cause::NotFinished));
        revoked.await.unwrap_or_else(not_finished)
    }

    fn tell_if_not_stored(&self, refusal: &Refusal) {
        if let Refusal::Later(_, cause) = refusal {
            telemetry::logout_not_stored(cause, &self.told);
        }
    }

    async fn judge(&self, token: &str) -> Result<Logout, Refusal> {
        let malformed = "logout_token is not a signed JWT";
        let compact = Compact::split(token.as_bytes(), MAX_LOGOUT_BYTES).map_err(|_| malformed)?;
        let mut buffer = HeaderBuffer::new();
        let header = compact.header(&mut buffer).map_err(|_| malformed)?;
        let header = Header::parse(header).map_err(|_| malformed)?;
        if !self.allows_type(header.typ.as_deref()) {
            return Err("typ is not logout+jwt".into());
        }
        let payload = compact.claims().map_err(|_| malformed)?;
        let claims = LogoutClaims::parse(&payload);
        let claims = claims.map_err(|_| "a claim is malformed, repeated, or of a wrong type")?;
        claims.check(&self.clients)?;
        let trusted = claims.iss.as_deref();
        let trusted = trusted.and_then(|name| self.verifier.issuer(name));
        let trusted = trusted.ok_or("iss is not an issuer of this server")?;
        let now = self.verifier.clock().now();
        let time = claims.time(now.wall, trusted.policy.leeway)?;
        // The algorithm is judged with the signature, by the list of the issuer.
        let jws = HeaderRead::new(compact, header, |_| true).map_err(|_| malformed)?;
        let issuer = trusted.policy.issuer.clone();
        self.verifier.verify_signed(&jws, trusted).await?;
        Ok(Logout {
            issuer,
            subject: claims.sub.map(Into::into),
            session: claims.sid.map(Into::into),
            time,
        })
    }

    fn allows_type(&self, typ: Option<&str>) -> bool {
        match typ.map(without_application) {
            Some(typ) if typ.eq_ignore_ascii_case("logout+jwt") => true,
            Some(typ) => self.allow_untyped && typ.eq_ignore_ascii_case("JWT"),
            None => self.allow_untyped,
        }
    }

    /// Returns once the store has all of it.
    async fn revoke(&self, logout: Logout) -> Result<(), RevokeError> {
        let Logout {
            issuer,
            subject,
            session,
            time,
        } = logout;
        let has_session = session.is_some();
        if let Some(session) = session {
            let session = Revocation::session(&*issuer, session);
            self.fleet.revoke_once(session, time).await?;
        }
        let Some(subject) = subject else {
            if let Some(list) = self.fleet.revocations() {
                list.tell_without_effect(&issuer, self.verifier.clock().now());
            }
            return Ok(());
        };
        let subject = match has_session {
            true => Revocation::subject_without_session(&*issuer, subject),
            false => Revocation::subject(&*issuer, subject),
        };
        self.fleet.revoke_once(subject, time).await
    }
}
