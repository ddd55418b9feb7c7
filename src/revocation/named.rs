//! What a program asks to revoke.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::record::{Kind, Record};
use crate::base::numeric_date::NumericDate;

/// Tokens that every process of a fleet refuses from now on, though they have not expired.
///
/// | revocation | refuses | by the claims |
/// | --- | --- | --- |
/// | [`token`](Self::token) | one token | `iss`, `jti` |
/// | [`session`](Self::session) | the tokens of a login | `iss`, `sid` |
/// | [`subject`](Self::subject) | the tokens of a user up to a time | `iss`, `sub`, `iat` |
/// | [`client`](Self::client) | the tokens of a client up to a time | `iss`, the client, `iat` |
/// | [`everything`](Self::everything) | all tokens of an issuer up to a time | `iss`, `iat` |
///
/// Names are compared byte for byte, and they are names of that issuer: the same `jti`, `sid` or
/// `sub` of another issuer is not concerned. Opaque tokens are known by the same members of the
/// answer of their issuer. A revoked token gets 401 with `invalid_token`; the events have the
/// reason `revoked`.
///
/// # Until when
///
/// The last three end access tokens that were issued up to the *cut*, by default now. They do not
/// end refresh tokens, and this crate never sees one: disable the user or the client at the issuer
/// first, or a refresh a second later gives a new, good token. A login after the cut works.
///
/// An issuer whose tokens have no `iat` does not tell when it issued them. The last three then
/// refuse *new* logins too, until the revocation is forgotten.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use tower_jwt_auth::fleet::Revocation;
///
/// let issuer = "https://tenant.auth0.com/";
/// let logout = Revocation::session(issuer, "08a5019c-17e1-4977-8f42-65a12843ea02");
/// let stolen = Revocation::subject(issuer, "auth0|1234");
/// // The issuer's clock is ahead of ours.
/// let now = SystemTime::now();
/// let stolen = stolen.issued_before(now + Duration::from_secs(20));
/// # drop((logout, stolen));
/// ```
#[derive(Clone, PartialEq, Eq)]
#[must_use = "nothing is revoked before `Fleet::revoke` is called with it"]
pub struct Revocation {
    kind: Kind,
    issuer: String,
    name: String,
    cut: Option<SystemTime>,
    until: Option<SystemTime>,
}

/// What the fleet says of every revocation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) now: NumericDate,
    /// For how long a revocation is remembered whose end is not known, and the longest.
    pub(crate) keep: Duration,
    pub(crate) leeway: Duration,
}

/// Why there is no record of a revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordError {
    /// The cut lies this far in the future, beyond the leeway.
    CutAhead(Duration),
    /// It would be forgotten this much later than `keep` from now.
    UntilTooLate(Duration),
}

impl Revocation {
    /// One token, by its `jti` (RFC 7519 §4.1.7).
    pub fn token(issuer: impl Into<String>, jti: impl Into<String>) -> Self {
        Self::new(Kind::Token, issuer, jti)
    }

    /// The tokens of one login, by their `sid` (OpenID Connect Front-Channel Logout 1.0 §3).
    ///
    /// Not every issuer puts `sid` into access tokens. If yours does not, this refuses nothing: use
    /// [`subject`](Self::subject).
    pub fn session(issuer: impl Into<String>, sid: impl Into<String>) -> Self {
        Self::new(Kind::Session, issuer, sid)
    }

    /// The tokens of a user that were issued up to the cut, and those without `iat`.
    pub fn subject(issuer: impl Into<String>, sub: impl Into<String>) -> Self {
        Self::new(Kind::Subject, issuer, sub)
    }

    /// The tokens of a client that were issued up to the cut, and those without `iat`.
    ///
    /// `client_id` is compared with [`AuthInfo::client_id`](crate::AuthInfo::client_id), for which
    /// `azp` counts more than `client_id`. A token that names no client matches no client.
    pub fn client(issuer: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self::new(Kind::Client, issuer, client_id)
    }

    /// All tokens of an issuer that were issued up to the cut, and those without `iat`.
    pub fn everything(issuer: impl Into<String>) -> Self {
        Self::new(Kind::Everything, issuer, "")
    }

    /// The tokens of a user that were issued up to the cut and carry no `sid`.
    pub(crate) fn subject_without_session(
        issuer: impl Into<String>,
        sub: impl Into<String>,
    ) -> Self {
        Self::new(Kind::SubjectWithoutSession, issuer, sub)
    }

    fn new(kind: Kind, issuer: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            kind,
            issuer: issuer.into(),
            name: name.into(),
            cut: None,
            until: None,
        }
    }

    /// The cut: tokens whose `iat` is not after the second of `cut` are refused. `iat` is a time of
    /// the issuer's clock.
    ///
    /// Default: the time of the call of `revoke`, rounded up to a second, by the clock of this
    /// machine. Without meaning for [`token`](Self::token) and [`session`](Self::session).
    ///
    /// # Errors
    ///
    /// `revoke` returns an error if `cut` lies further in the future than the leeway: it would
    /// refuse new logins too, and nothing would undo it.
    pub fn issued_before(mut self, cut: SystemTime) -> Self {
        self.cut = Some(cut);
        self
    }

    /// When it may be forgotten: the `exp` of the last token that it concerns. The leeway is added.
    ///
    /// Default: after `revocation_keep`, which is longer than a token lives. Setting it saves
    /// memory.
    ///
    /// # Errors
    ///
    /// `revoke` returns an error if `until` is later than `revocation_keep` from now.
    pub fn until(mut self, until: SystemTime) -> Self {
        self.until = Some(until);
        self
    }

    pub(crate) const fn kind(&self) -> Kind {
        self.kind
    }

    /// What is shared of it. `key` is k(`revoked`) of the secret that seals.
    pub(crate) fn record(&self, key: &[u8; 32], terms: Terms) -> Result<Record, RecordError> {
        let Terms { now, keep, leeway } = terms;
        let cut = match self.cut {
            None => now.unix_seconds_up(),
            Some(cut) => {
                let cut = date(cut);
                let ahead = cut.since(now);
                if ahead > leeway {
                    return Err(RecordError::CutAhead(ahead));
                }
                cut.unix_seconds()
            }
        };
        let latest = now.plus(keep);
        let until = match self.until {
            None => latest,
            Some(until) => {
                let beyond = date(until).since(latest);
                if !beyond.is_zero() {
                    return Err(RecordError::UntilTooLate(beyond));
                }
                // A token is accepted for as long after its `exp`.
                let until = date(until).plus(leeway);
                if until < latest { until } else { latest }
            }
        };
        Ok(Record {
            kind: self.kind,
            digest: self.kind.digest(key, &self.issuer, &self.name),
            cut,
            until: until.unix_seconds_up(),
        })
    }
}

/// A time before 1970 is as old as 1970.
fn date(time: SystemTime) -> NumericDate {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    NumericDate::new(since.as_secs_f64()).unwrap_or(NumericDate::FAR_FUTURE)
}

/// Names no issuer, user, client or token.
impl fmt::Debug for Revocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revocation")
            .field("kind", &self.kind.name())
            .field("cut", &self.cut)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}
