//! The key sets that the fleet shares, under names that are made from issuer and source.
//!
//! A set is looked for under the names of both secrets, so that sharing goes on while a secret is
//! being replaced. Everything else stands under the first: a rollout may cost one fetch more.

use std::sync::Arc;
use std::time::Duration;

use super::Store;
use super::commands::StoreError;
use super::seal::{OVERHEAD, Seal, Unopened, VERSION, is_version};
use crate::keys::shared::{
    HEAD, HOLD, Hint, Hold, LEASE_LIFE, Lease, MAX_PAYLOAD, SharedFuture, SharedKeys, SharedSet,
    StoreFailed,
};
use crate::telemetry;

/// What the fleet shares of the keys of one issuer from one source.
#[derive(Debug)]
pub(crate) struct SharedIssuer {
    store: Arc<Store>,
    /// The sealed values under the first secret.
    first: Place,
    /// The key set under the second secret, while there are two.
    second: Option<Place>,
    hold: Place,
    lease: String,
    slots: [String; 2],
}

/// A name, and the seal of what is stored there.
#[derive(Clone, Debug)]
struct Place {
    seal: Seal,
    name: String,
    kind: &'static str,
}

impl SharedIssuer {
    /// `source` says where the keys come from: processes that disagree about it share nothing.
    /// `None` if the store has no secret.
    pub(crate) fn new(store: Arc<Store>, issuer: &str, source: &[&[u8]]) -> Option<Self> {
        let parts = [&[issuer.as_bytes()], source].concat();
        let place = |seal: &Seal, kind| Place {
            name: seal.name(kind, &parts),
            kind,
            seal: seal.clone(),
        };
        let mut seals = store.seals.iter();
        let (first, second) = (seals.next()?, seals.next());
        let slot = first.name("kid", &parts);
        Some(Self {
            hold: place(first, "hold"),
            lease: first.name("lease", &parts),
            slots: [format!("{slot}:0"), format!("{slot}:1")],
            first: place(first, "keys"),
            second: second.map(|second| place(second, "keys")),
            store,
        })
    }

    /// The places of a key set, by the numbers of their secrets.
    fn places(&self) -> impl Iterator<Item = (usize, &Place)> {
        [&self.first].into_iter().chain(&self.second).enumerate()
    }

    async fn call<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreFailed> {
        let answer = self.store.call_connected(call).await;
        answer.map_err(|_| StoreFailed)
    }
}

impl SharedKeys for SharedIssuer {
    fn look(&self) -> SharedFuture<'_, Vec<Hint>> {
        Box::pin(async move {
            let mut hints = Vec::new();
            for (secret, Place { name, kind, .. }) in self.places() {
                // The version too: one byte more than this is read.
                let head = self.call(self.store.commands.get(name, HEAD)).await?;
                let Some(head) = head else { continue };
                match head.split_first() {
                    Some((&VERSION, head)) if head.len() == HEAD => {
                        hints.extend(Hint::read(head, secret));
                    }
                    Some((&version, _)) if version != VERSION && is_version(version) => {}
                    _ => telemetry::store_tampered(kind),
                }
            }
            Ok(hints)
        })
    }

    fn take<'a>(&'a self, hint: &'a Hint) -> SharedFuture<'a, Option<SharedSet>> {
        Box::pin(async move {
            let mut places = self.places();
            let Some((_, place)) = places.find(|(secret, _)| *secret == hint.secret) else {
                return Ok(None);
            };
            // What is longer comes cut off, and does not open.
            let get = self.store.commands.get(&place.name, MAX_PAYLOAD + OVERHEAD);
            let value = self.call(get).await?;
            let payload = value.as_deref().and_then(|value| place.open(value));
            Ok(payload.and_then(SharedSet::from_payload))
        })
    }

    fn write<'a>(&'a self, set: &'a SharedSet, life: Duration) -> SharedFuture<'a, ()> {
        Box::pin(async move {
            let Place { seal, name, .. } = &self.first;
            let value = seal.close(name, &set.to_payload());
            self.call(self.store.commands.set(name, &value, life)).await
        })
    }

    fn get_lease<'a>(&'a self, lease: &'a Lease) -> SharedFuture<'a, bool> {
        let commands = &self.store.commands;
        Box::pin(self.call(commands.set_if_absent(&self.lease, lease, LEASE_LIFE)))
    }

    fn is_leased(&self) -> SharedFuture<'_, bool> {
        Box::pin(async move {
            let get = self.store.commands.get(&self.lease, size_of::<Lease>());
            Ok(self.call(get).await?.is_some())
        })
    }

    fn prolong<'a>(&'a self, lease: &'a Lease) -> SharedFuture<'a, ()> {
        Box::pin(async move {
            let commands = &self.store.commands;
            let prolonged = self.call(commands.prolong_if(&self.lease, lease, LEASE_LIFE));
            prolonged.await.map(drop)
        })
    }

    fn release<'a>(&'a self, lease: &'a Lease) -> SharedFuture<'a, ()> {
        Box::pin(async move {
            let removed = self.call(self.store.commands.remove_if(&self.lease, lease));
            removed.await.map(drop)
        })
    }

    fn read_hold(&self) -> SharedFuture<'_, Option<Hold>> {
        Box::pin(async move {
            let get = self.store.commands.get(&self.hold.name, HOLD + OVERHEAD);
            let value = self.call(get).await?;
            let payload = value.as_deref().and_then(|value| self.hold.open(value));
            Ok(payload.and_then(Hold::from_payload))
        })
    }

    fn write_hold(&self, hold: Hold, life: Duration) -> SharedFuture<'_, ()> {
        Box::pin(async move {
            let Place { seal, name, .. } = &self.hold;
            let value = seal.close(name, &hold.to_payload());
            self.call(self.store.commands.set(name, &value, life)).await
        })
    }

    fn clear_hold(&self) -> SharedFuture<'_, ()> {
        Box::pin(self.call(self.store.commands.remove(&self.hold.name)))
    }

    fn spend_slot(&self, cooldown: Duration) -> SharedFuture<'_, bool> {
        Box::pin(async move {
            let lives = [cooldown, cooldown.saturating_mul(2)];
            for (slot, life) in self.slots.iter().zip(lives) {
                let set = self.store.commands.set_if_absent(slot, b"", life);
                if self.call(set).await? {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }
}

impl Place {
    fn open<'v>(&self, value: &'v [u8]) -> Option<&'v [u8]> {
        let opened = self.seal.open(&self.name, value);
        if opened == Err(Unopened::Tampered) {
            telemetry::store_tampered(self.kind);
        }
        opened.ok()
    }
}
