//! The verifiers that were made of one: they differ in their hooks, and a new list of issuers
//! reaches all of them.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use arc_swap::ArcSwap;

use crate::verifier::issuers::{IssuerList, Issuers};

/// What the verifiers of one family share. `M` is a verifier.
pub(super) struct Family<M>(Mutex<State<M>>);

pub(super) trait Member {
    fn issuers(&self) -> &ArcSwap<Issuers>;
}

struct State<M> {
    members: Vec<Weak<M>>,
    origin: Origin,
}

/// What the issuers were made of. Its type belongs to `config`, which this folder may not name.
pub(crate) type Origin = Box<dyn Any + Send>;

impl<M: Member> Family<M> {
    pub(super) fn new(origin: Origin) -> Self {
        let members = Vec::new();
        Self(Mutex::new(State { members, origin }))
    }

    /// Makes one more member. No list of issuers is replaced meanwhile.
    pub(super) fn join(&self, make: impl FnOnce() -> M) -> Arc<M> {
        let mut state = self.state();
        let member = Arc::new(make());
        state.members.retain(|member| member.strong_count() > 0);
        state.members.push(Arc::downgrade(&member));
        member
    }

    /// Replaces the issuers of every member by those that `make` makes, unless it makes none. Calls
    /// wait for each other.
    pub(super) fn replace<T: 'static, E>(
        &self,
        make: impl FnOnce(&mut T, &Issuers) -> Result<Option<IssuerList>, E>,
    ) -> Result<(), E> {
        let mut state = self.state();
        let State { members, origin } = &mut *state;
        let members: Vec<_> = members.iter().filter_map(Weak::upgrade).collect();
        let Some((first, origin)) = members.first().zip(origin.downcast_mut()) else {
            return Ok(());
        };
        let old = first.issuers().load_full();
        let Some(list) = make(origin, &old)? else {
            return Ok(());
        };
        let new = old.replaced(list);
        for member in &members {
            // What is kept may have the hook of another member.
            let hook = member.issuers().load().answers.hook().cloned();
            let issuers = new.with_answers(|answers| answers.with_hook(hook.clone()));
            member.issuers().store(Arc::new(issuers));
        }
        // Last, so that a request that began before it ends with what it opens.
        old.end_all_but(&new);
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.state().members.len()
    }

    fn state(&self) -> MutexGuard<'_, State<M>> {
        // Every change leaves the state whole, so a panic elsewhere cannot have broken it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<M> fmt::Debug for Family<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Family").finish_non_exhaustive()
    }
}
