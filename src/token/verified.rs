//! What a good token says, in as few pieces of memory as can be: the claims as they came, and places in
//! them.

use std::sync::{Arc, OnceLock};

use crate::base::numeric_date::TokenTimes;
use crate::base::scopes::{ScopeHierarchy, ScopeSet, grants};
use crate::wire::resource::ProtectedResource;

/// A token that passed every check. Shared by everybody who holds an `AuthInfo` of it.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) resource: Arc<ProtectedResource>,
    said: Said,
    payload: String,
    /// Made when they are first asked for: most handlers ask for neither.
    audience: OnceLock<Vec<String>>,
    scopes: OnceLock<ScopeSet>,
}

#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) times: TokenTimes,
    pub(crate) audience: Places,
    pub(crate) client: Option<Place>,
    pub(crate) issuer: Place,
    pub(crate) jti: Option<Place>,
    /// The accepted audience that `aud` named.
    pub(crate) matched: Option<Place>,
    /// Lists of scopes, separated by spaces.
    pub(crate) scopes: Places,
    pub(crate) subject: Option<Place>,
}

/// A text of the claims: where it stands, or a copy when it is spelled with escapes there.
#[derive(Debug)]
pub(crate) enum Place {
    At { start: u32, end: u32 },
    Copy(Box<str>),
}

#[derive(Debug, Default)]
pub(crate) enum Places {
    #[default]
    None,
    One(Place),
    Many(Vec<Place>),
}

impl Verified {
    /// Named to be searched for: each caller of this is a place that grants access.
    pub(crate) fn assertion(payload: String, said: Said, resource: Arc<ProtectedResource>) -> Self {
        Self {
            resource,
            said,
            payload,
            audience: OnceLock::new(),
            scopes: OnceLock::new(),
        }
    }

    pub(crate) fn payload(&self) -> &str {
        &self.payload
    }

    pub(crate) fn times(&self) -> &TokenTimes {
        &self.said.times
    }

    pub(crate) fn issuer(&self) -> &str {
        self.at(&self.said.issuer)
    }

    pub(crate) fn client(&self) -> Option<&str> {
        self.said.client.as_ref().map(|place| self.at(place))
    }

    pub(crate) fn matched(&self) -> Option<&str> {
        self.said.matched.as_ref().map(|place| self.at(place))
    }

    pub(crate) fn jti(&self) -> Option<&str> {
        self.said.jti.as_ref().map(|place| self.at(place))
    }

    pub(crate) fn subject(&self) -> Option<&str> {
        self.said.subject.as_ref().map(|place| self.at(place))
    }

    pub(crate) fn audience(&self) -> &[String] {
        self.audience.get_or_init(|| {
            let places = self.said.audience.as_slice().iter();
            places.map(|place| self.at(place).to_owned()).collect()
        })
    }

    pub(crate) fn scopes(&self) -> &ScopeSet {
        self.scopes.get_or_init(|| self.scope_lists().collect())
    }

    /// Whether `needed` is granted, directly or through `hierarchy`.
    pub(crate) fn grants(&self, needed: &str, hierarchy: Option<&ScopeHierarchy>) -> bool {
        let granted = self.scope_lists().flat_map(|list| list.split(' '));
        grants(granted.filter(|scope| !scope.is_empty()), needed, hierarchy)
    }

    fn scope_lists(&self) -> impl Iterator<Item = &str> + Clone {
        self.said
            .scopes
            .as_slice()
            .iter()
            .map(|place| self.at(place))
    }

    fn at<'v>(&'v self, place: &'v Place) -> &'v str {
        match place {
            Place::At { start, end } => self
                .payload
                .get(*start as usize..*end as usize)
                .unwrap_or_default(),
            Place::Copy(text) => text,
        }
    }

    /// Bytes on the heap, at most: as if every list had been asked for.
    pub(crate) fn weight(&self) -> usize {
        let Said {
            audience,
            client,
            issuer,
            jti,
            matched,
            scopes,
            subject,
            times: _,
        } = &self.said;
        let copied = |place: &Place| match place {
            Place::At { .. } => 0,
            Place::Copy(text) => text.len(),
        };
        let mut bytes = size_of::<Self>() + self.payload.capacity() + copied(issuer);
        for place in [client, jti, matched, subject].into_iter().flatten() {
            bytes += copied(place);
        }
        for (places, is_list) in [(audience, false), (scopes, true)] {
            for place in places.as_slice() {
                let text = self.at(place);
                // Not memchr: lists are short.
                let spaces = text.bytes().filter(|byte| is_list && *byte == b' ').count();
                let texts = (spaces + 1) * (size_of::<String>() + LEAST_ALLOCATION) + text.len();
                bytes += size_of::<Place>() + copied(place) + texts;
            }
        }
        bytes
    }
}

impl Place {
    /// Where `text` stands in `whole`, which it was read from.
    pub(crate) fn of(text: &str, whole: &str) -> Self {
        let start = text.as_ptr().addr().wrapping_sub(whole.as_ptr().addr());
        let end = start.wrapping_add(text.len());
        match (u32::try_from(start), u32::try_from(end)) {
            // No need to compare: two texts cannot lie in one place.
            (Ok(from), Ok(to)) if from <= to && end <= whole.len() => Self::At {
                start: from,
                end: to,
            },
            _ => Self::Copy(text.into()),
        }
    }
}

impl Places {
    fn as_slice(&self) -> &[Place] {
        match self {
            Self::None => &[],
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl FromIterator<Place> for Places {
    fn from_iter<I: IntoIterator<Item = Place>>(places: I) -> Self {
        let mut places = places.into_iter();
        match (places.next(), places.next()) {
            (None, _) => Self::None,
            (Some(one), None) => Self::One(one),
            (Some(one), Some(two)) => Self::Many([one, two].into_iter().chain(places).collect()),
        }
    }
}

/// What an allocator takes for the shortest text.
const LEAST_ALLOCATION: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_or_copied() {
        let whole = String::from("say caf\\u00e9");
        let inside = Place::of(&whole[4..7], &whole);
        assert!(
            matches!(inside, Place::At { start: 4, end: 7 }),
            "{inside:?}"
        );
        for foreign in ["caf", "caf\u{e9}", ""] {
            let place = Place::of(foreign, &whole);
            assert!(
                matches!(&place, Place::Copy(text) if **text == *foreign),
                "{place:?}"
            );
        }
    }
}
