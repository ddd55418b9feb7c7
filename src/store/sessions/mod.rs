//! The MCP sessions of all processes of the fleet.
//!
//! | name | value | lives |
//! | --- | --- | --- |
//! | `session:<d>` of the id | its principal's digest, sealed | 15 minutes; 24 hours once used again |
//!
//! The digest is HMAC-SHA-256(k(`principal`), field(issuer) ‖ field(client) ‖ c ‖ field(subject) ‖
//! s ‖ field(key)), with c and s 1 for a client and a subject that are named, and 0 otherwise; what
//! is not named is an empty field. No name of a user leaves the process.
//!
//! The same principal has the same value under a name, so a session is theirs if the value is the
//! one that they would have written. Anything else is somebody else's: also what somebody without
//! the secret has put there, which is never overwritten.
//!
//! While there are two secrets, a session is looked for under both names, first secret first, and
//! what is found under the second is written anew under the first. A new one is set under both, in
//! the order of the bytes of the names, so that processes with another order of secrets agree who
//! was first.

mod recent;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use self::recent::{Begun, Prolonged};
use super::Store;
use super::commands::{StoreError, StoreErrorKind};
use super::seal::{Seal, Unopened, push_field};
use crate::base::equal_bytes::are_equal;
use crate::crypto::hmac_sha256;
use crate::limits::NEW_SESSION_TIME;
use crate::mcp::{Ownership, Principal, SessionFuture, SessionStore, SessionStoreError};
use crate::telemetry;

/// The sessions of a fleet. Clones share them, and what this process remembers of them.
#[derive(Clone)]
pub(crate) struct FleetSessions(Arc<Sessions>);

struct Sessions {
    store: Arc<Store>,
    begun: Begun,
    prolonged: Prolonged,
}

/// Where a session is under one secret, and what is there if it belongs to the principal.
struct Place<'s> {
    seal: &'s Seal,
    name: String,
    value: Vec<u8>,
}

impl FleetSessions {
    pub(crate) fn new(store: &Arc<Store>) -> Self {
        Self(Arc::new(Sessions {
            store: store.clone(),
            begun: Begun::new(),
            prolonged: Prolonged::new(),
        }))
    }
}

impl SessionStore for FleetSessions {
    fn bind<'s>(
        &'s self,
        id: &'s str,
        principal: &'s Principal,
        keep: Duration,
    ) -> SessionFuture<'s, Ownership> {
        SessionFuture::new(async move {
            let Self(sessions) = self;
            let begins = sessions.begun.begin(principal, Instant::now());
            begins.map_err(SessionStoreError::too_many_sessions)?;
            let places = sessions.places(id, principal);
            let bound = sessions.ask(sessions.bind(&places, keep)).await;
            if !matches!(bound, Ok(Ownership::Owner)) {
                sessions.begun.undo(principal);
            }
            bound
        })
    }

    fn owner_is<'s>(
        &'s self,
        id: &'s str,
        principal: &'s Principal,
        keep: Duration,
    ) -> SessionFuture<'s, Ownership> {
        SessionFuture::new(async move {
            let Self(sessions) = self;
            let places = sessions.places(id, principal);
            sessions.ask(sessions.look(&places, keep)).await
        })
    }

    fn end<'s>(&'s self, id: &'s str, principal: &'s Principal) -> SessionFuture<'s, ()> {
        SessionFuture::new(async move {
            let Self(sessions) = self;
            let places = sessions.places(id, principal);
            sessions.ask(sessions.remove(&places)).await
        })
    }
}

impl Sessions {
    async fn ask<T>(
        &self,
        question: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, SessionStoreError> {
        let answer = self.store.call(self.store.request_limit(), question).await;
        answer.map_err(SessionStoreError::new)
    }

    /// One for each secret, first secret first.
    fn places(&self, id: &str, principal: &Principal) -> Vec<Place<'_>> {
        let seals = self.store.seals.iter();
        let places = seals.map(|seal| {
            let name = seal.name(KIND, &[id.as_bytes()]);
            let value = seal.close(&name, &digest(seal, principal));
            Place { seal, name, value }
        });
        places.collect()
    }

    /// Looks under each secret, and keeps what is found for `keep`.
    async fn look(&self, places: &[Place<'_>], keep: Duration) -> Result<Ownership, StoreError> {
        for (at, place) in places.iter().enumerate() {
            match self.owner(place).await? {
                Ownership::Unknown => {}
                Ownership::Owner => {
                    match (at, places.first()) {
                        (1.., Some(first)) => self.write_anew(first, keep).await?,
                        _ => self.prolong(place, keep).await?,
                    }
                    return Ok(Ownership::Owner);
                }
                other => return Ok(other),
            }
        }
        Ok(Ownership::Unknown)
    }

    async fn bind(&self, places: &[Place<'_>], keep: Duration) -> Result<Ownership, StoreError> {
        if places.len() > 1 {
            match self.look(places, keep).await? {
                Ownership::Unknown => {}
                known => return Ok(known),
            }
        }
        let mut in_order: Vec<_> = places.iter().collect();
        in_order.sort_unstable_by_key(|place| &place.name);
        for place in in_order {
            let ownership = self.claim(place, keep).await?;
            if ownership != Ownership::Owner {
                // A process that has only the second secret was first.
                self.remove(places).await?;
                return Ok(ownership);
            }
        }
        Ok(Ownership::Owner)
    }

    /// Takes a place if it is free; otherwise looks whose it is, and once more if it was removed in
    /// between.
    async fn claim(&self, place: &Place<'_>, keep: Duration) -> Result<Ownership, StoreError> {
        let (commands, life) = (&self.store.commands, NEW_SESSION_TIME.min(keep));
        for _ in 0..2 {
            let Place { name, value, .. } = place;
            if commands.set_if_absent(name, value, life).await? {
                return Ok(Ownership::Owner);
            }
            match self.owner(place).await? {
                Ownership::Unknown => {}
                known => return Ok(known),
            }
        }
        // Never somebody's without an answer that says so.
        Ok(Ownership::Other)
    }

    async fn owner(&self, place: &Place<'_>) -> Result<Ownership, StoreError> {
        let Place { seal, name, value } = place;
        let Some(found) = self.store.commands.get(name, LONGEST_VALUE).await? else {
            return Ok(Ownership::Unknown);
        };
        if are_equal(&found, value) {
            return Ok(Ownership::Owner);
        }
        if seal.open(name, &found) == Err(Unopened::Tampered) {
            telemetry::store_tampered(KIND);
        }
        Ok(Ownership::Other)
    }

    async fn write_anew(&self, first: &Place<'_>, keep: Duration) -> Result<(), StoreError> {
        let Place { name, value, .. } = first;
        match self.store.commands.set_if_absent(name, value, keep).await {
            // A later use writes it, when there is room.
            Err(error) if error.kind == StoreErrorKind::Full => Ok(()),
            written => written.map(drop),
        }
    }

    async fn prolong(&self, place: &Place<'_>, keep: Duration) -> Result<(), StoreError> {
        let now = Instant::now();
        if self.prolonged.is_due(&place.name, now) {
            self.store.commands.prolong(&place.name, keep).await?;
            self.prolonged.note(&place.name, now);
        }
        Ok(())
    }

    /// Removes what belongs to the principal.
    async fn remove(&self, places: &[Place<'_>]) -> Result<(), StoreError> {
        for Place { name, value, .. } in places {
            self.store.commands.remove_if(name, value).await?;
        }
        Ok(())
    }
}

fn digest(seal: &Seal, principal: &Principal) -> [u8; 32] {
    let Principal {
        issuer,
        client_id,
        subject,
        key,
        ..
    } = principal;
    let mut text = Vec::new();
    push_field(&mut text, issuer.as_bytes());
    for name in [client_id, subject] {
        push_field(&mut text, name.as_deref().unwrap_or_default().as_bytes());
        text.push(u8::from(name.is_some()));
    }
    push_field(&mut text, key.as_deref().unwrap_or_default().as_bytes());
    hmac_sha256(&seal.principal, &[&text])
}

impl fmt::Debug for FleetSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FleetSessions").finish_non_exhaustive()
    }
}

/// What stands in the names.
const KIND: &str = "session";

/// A value has 49 bytes. Of a longer one no more than this and one byte is read.
const LONGEST_VALUE: usize = 63;

#[cfg(all(
    test,
    feature = "test-util",
    any(feature = "aws_lc_rs", feature = "rust_crypto")
))]
mod tests;
