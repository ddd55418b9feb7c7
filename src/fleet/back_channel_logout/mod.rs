//! Logouts of the issuers, which become revocations.
//!
//! 1. [`BackChannelLogout::call`]: method, content type, the form and its size.
//! 2. `judge`: the checks of the token that need no key, then its signature. `claims` knows what a
//!    logout token must say.
//! 3. `revoke`: what it names is revoked. Only then is it answered as done.

mod answer;
mod claims;

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, Request, Response};
use http_body::Body;
use http_body_util::{BodyExt as _, Limited};
use tower_service::Service;
use url::form_urlencoded;

use self::answer::{Refusal, response};
use self::claims::LogoutClaims;
use super::{Fleet, Revocation, RevokeError};
use crate::base::numeric_date::NumericDate;
use crate::limits::MAX_LOGOUT_BYTES;
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
/// A POST of at most [16 KiB](crate::limits::MAX_LOGOUT_BYTES) with the form field `logout_token`.
/// The token has the `typ` `logout+jwt`, an issuer of the verifier, an `aud` that
/// [`audience`](Self::audience) names, `iat`, the logout event, `sub` or `sid`, and no `nonce`.
/// `exp` has not passed; without it, `iat` is at most
/// [5 minutes](crate::limits::MAX_LOGOUT_AGE) old. The `leeway` is added to both. The keys of the
/// issuer verify the signature, and an unknown `kid` has them fetched as for an access token.
///
/// # What is answered
///
/// - 200 once the store has the revocations. A repeated logout token does nothing new, and is
///   answered as the first.
/// - 400 with the JSON of RFC 6749 §5.2 for anything that is not as above. Nothing is revoked.
/// - 405 for another method.
/// - 503 with `Retry-After` when the store did not take it, when `revocations_limit` is reached,
///   when revocations are turned off, and when the keys are not available. The standard knows only
///   200 and 400; this tells the issuer that the same request will work. Most issuers do not come
///   again all the same.
#[derive(Clone, Debug)]
#[must_use = "logouts are taken only where the service is mounted"]
pub struct BackChannelLogout(Arc<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    fleet: Fleet,
    verifier: JwtVerifier,
    clients: Vec<String>,
    allow_untyped: bool,
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
    async fn log_out<B>(&self, request: Request<B>) -> Result<(), Refusal>
    where
        B: Body,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        if parts.method != Method::POST {
            return Err(Refusal::Method);
        }
        if !is_form(&parts.headers) {
            return Err("the content type is not application/x-www-form-urlencoded".into());
        }
        let body = Limited::new(body, MAX_LOGOUT_BYTES).collect().await;
        let form = body.map_err(|_| "the body is larger than 16 KiB, or broken")?;
        let token = logout_token(&form.to_bytes())?;
        let logout = self.judge(&token).await?;
        Ok(self.revoke(logout).await?)
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

fn is_form(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(media_type), None) = (types.next(), types.next()) else {
        return false;
    };
    let media_type = media_type.to_str().unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// The only field of this name. Others are passed over (§2.5).
fn logout_token(form: &Bytes) -> Result<String, &'static str> {
    let fields = form_urlencoded::parse(form);
    let mut tokens = fields.filter(|(name, _)| name == "logout_token");
    match (tokens.next(), tokens.next()) {
        (Some((_, token)), None) => Ok(token.into_owned()),
        (None, _) => Err("logout_token is missing"),
        (Some(_), Some(_)) => Err("logout_token is there twice"),
    }
}
