//! The identity of a caller across refreshes of its token.

use serde::{Deserialize, Serialize};

use crate::caller::AuthInfo;
use crate::token::Confirmation;

/// Identifies a caller across refreshes of its token: by issuer, client and subject, and by the key
/// that the token is bound to.
///
/// Use it, and never the token, as the key of sessions, handles and cached state. For data that a
/// user expects to see from every client, leave out the client: see [`AuthInfo::principal`].
///
/// ```
/// # #[cfg(feature = "test-util")] {
/// use tower_jwt_auth::AuthInfo;
/// use tower_jwt_auth::mcp::Principal;
///
/// let auth = AuthInfo::for_tests(serde_json::json!({"sub": "alice", "client_id": "app"}));
/// let principal = auth.principal().expect("the token names a subject");
/// assert_eq!(principal, Principal::new(auth.issuer(), Some("app"), Some("alice")));
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Principal {
    /// The claim `iss`.
    pub issuer: String,
    /// See [`AuthInfo::named_client`].
    pub client_id: Option<String>,
    /// The claim `sub`.
    pub subject: Option<String>,
    /// The key that the token is bound to: `jkt:` and its thumbprint (RFC 9449 §6.1), or `x5t` for
    /// a token that is bound to a certificate, whatever its hash, because certificates are renewed
    /// often (RFC 8705 §3.1). `None` for bearer tokens.
    #[serde(default)]
    pub key: Option<String>,
}

impl Principal {
    /// Makes the principal of a bearer token with these claims.
    #[must_use]
    pub fn new(issuer: impl Into<String>, client_id: Option<&str>, subject: Option<&str>) -> Self {
        Self {
            issuer: issuer.into(),
            client_id: client_id.map(ToOwned::to_owned),
            subject: subject.map(ToOwned::to_owned),
            key: None,
        }
    }
}

fn key(confirmation: &Confirmation) -> String {
    match confirmation.jkt() {
        Some(jkt) => format!("jkt:{jkt}"),
        None => "x5t".to_owned(),
    }
}

impl AuthInfo {
    /// The caller's identity across refreshes of its token: issuer, client and subject. `None` if
    /// the token names neither a subject nor a client, because then any caller of that issuer could
    /// be meant.
    ///
    /// The client is a part of it: one program cannot use what another has started for the
    /// same user. But a program may get a new client id each time its user signs in: several MCP
    /// clients register anew for every login (RFC 7591). So the key depends on what you store:
    ///
    /// | what you store | key |
    /// | --- | --- |
    /// | what one client has started: sessions, handles, `requestState`, subscriptions, running tasks | the principal |
    /// | limits on requests | the issuer and the subject, or one user gets a new allowance with each registration |
    /// | what belongs to the user: documents, notes, settings | the issuer and the subject |
    /// | a token without a subject, as a program without a user gets it (RFC 6749 §4.4) | the principal |
    ///
    /// Never use the subject without the issuer: another issuer may give the same subject to
    /// somebody else (RFC 7519 §4.1.2).
    ///
    /// ```
    /// # #[cfg(feature = "test-util")] {
    /// use tower_jwt_auth::AuthInfo;
    /// use tower_jwt_auth::mcp::Principal;
    ///
    /// /// The owner of data that a user expects to see from every client.
    /// fn owner(auth: &AuthInfo) -> Option<Principal> {
    ///     match auth.subject() {
    ///         Some(subject) => Some(Principal::new(auth.issuer(), None, Some(subject))),
    ///         None => auth.principal(),
    ///     }
    /// }
    ///
    /// let signed_in = |client: &str| {
    ///     AuthInfo::for_tests(serde_json::json!({"sub": "alice", "client_id": client}))
    /// };
    /// let (monday, tuesday) = (signed_in("registered-1"), signed_in("registered-2"));
    /// assert_ne!(monday.principal(), tuesday.principal());
    /// assert_eq!(owner(&monday), owner(&tuesday));
    /// # }
    /// ```
    #[must_use]
    pub fn principal(&self) -> Option<Principal> {
        let (client, subject) = (self.named_client(), self.subject());
        let is_named = client.is_some() || subject.is_some();
        is_named.then(|| Principal {
            key: self.confirmation().map(key),
            ..Principal::new(self.issuer(), client, subject)
        })
    }

    /// The OAuth client that the token names, as in [`client_id`](Self::client_id); `None` if it
    /// names none.
    #[must_use]
    pub fn named_client(&self) -> Option<&str> {
        self.verified.client()
    }
}

#[cfg(all(test, feature = "test-util"))]
mod tests {
    use super::*;

    #[test]
    fn a_client_called_jwt_is_named() {
        let principal = |claims| AuthInfo::for_tests(claims).principal();
        let unnamed = AuthInfo::for_tests(serde_json::json!({}));
        assert_eq!((unnamed.client_id(), unnamed.named_client()), ("jwt", None));
        assert_eq!(unnamed.principal(), None);
        let client = principal(serde_json::json!({"client_id": "jwt"})).unwrap();
        assert_eq!(client.client_id.as_deref(), Some("jwt"));
        let with_client = principal(serde_json::json!({"client_id": "jwt", "sub": "alice"}));
        let without = principal(serde_json::json!({"sub": "alice"}));
        assert_ne!(
            with_client, without,
            "an unnamed client is not the client `jwt`"
        );
    }
}
