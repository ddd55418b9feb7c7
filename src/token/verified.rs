//! The claims of a verified token: the decoded payload plus byte ranges into it, to keep
//! allocations few.

use std::sync::OnceLock;

use super::confirmation::Confirmation;
#[cfg(feature = "redis")]
use super::marks::Marks;
use crate::base::numeric_date::{NumericDate, TokenTimes};
use crate::base::scopes::{ScopeHierarchy, ScopeSet, grants};

/// A token that passed every check. Shared by every `AuthInfo` of the token.
#[derive(Debug)]
pub(crate) struct Verified {
    spans: ClaimSpans,
    not_after: NumericDate,
    payload: String,
    /// This list and `scopes` are built on first use, because most handlers use neither.
    audience: OnceLock<Vec<String>>,
    scopes: OnceLock<ScopeSet>,
    #[cfg(feature = "redis")]
    marks: Marks,
}

#[derive(Clone, Debug)]
pub(crate) struct ClaimSpans {
    pub(crate) times: TokenTimes,
    pub(crate) audience: Spans,
    pub(crate) client: Option<Span>,
    /// Boxed, because most tokens have none.
    pub(crate) confirmation: Option<Box<Confirmation>>,
    pub(crate) issuer: Span,
    pub(crate) jti: Option<Span>,
    /// The accepted audience that `aud` contains.
    pub(crate) matched: Option<Span>,
    /// Each span is a list of scopes separated by spaces.
    pub(crate) scopes: Spans,
    #[cfg(feature = "redis")]
    pub(crate) sid: Option<Span>,
    pub(crate) subject: Option<Span>,
}

/// A string of the claims: its byte range in the payload, or a copy if the payload spells it with
/// escapes.
#[derive(Clone, Debug)]
pub(crate) enum Span {
    At { start: u32, end: u32 },
    Copy(Box<str>),
}

#[derive(Clone, Debug, Default)]
pub(crate) enum Spans {
    #[default]
    None,
    One(Span),
    Many(Vec<Span>),
}

impl Verified {
    /// Named to be searched for: each caller of this is a place that grants access.
    pub(crate) fn assertion(payload: String, spans: ClaimSpans, not_after: NumericDate) -> Self {
        Self {
            spans,
            not_after,
            payload,
            audience: OnceLock::new(),
            scopes: OnceLock::new(),
            #[cfg(feature = "redis")]
            marks: Marks::default(),
        }
    }

    /// The same claims, restricted: bound to `confirmation`, accepted until `not_after` at most,
    /// and, if `granted` is given, with only the scopes that `granted` has too.
    pub(crate) fn narrowed(
        &self,
        granted: Option<&ScopeSet>,
        confirmation: Option<Confirmation>,
        not_after: NumericDate,
    ) -> Self {
        let mut spans = self.spans.clone();
        if let Some(granted) = granted {
            let both = self.scopes().as_slice().iter();
            let both = both.filter(|scope| granted.contains(scope));
            spans.scopes = both
                .map(|scope| Span::Copy(scope.as_str().into()))
                .collect();
        }
        spans.confirmation = confirmation.map(Box::new);
        let not_after = match not_after < self.not_after {
            true => not_after,
            false => self.not_after,
        };
        Self::assertion(self.payload.clone(), spans, not_after)
    }

    pub(crate) fn payload(&self) -> &str {
        &self.payload
    }

    pub(crate) fn times(&self) -> &TokenTimes {
        &self.spans.times
    }

    /// The time from which the policy that verified the token no longer accepts it.
    pub(crate) const fn not_after(&self) -> NumericDate {
        self.not_after
    }

    pub(crate) fn issuer(&self) -> &str {
        self.at(&self.spans.issuer)
    }

    pub(crate) fn client(&self) -> Option<&str> {
        self.spans.client.as_ref().map(|place| self.at(place))
    }

    /// The key that a caller must prove for each request.
    pub(crate) fn confirmation(&self) -> Option<&Confirmation> {
        self.spans.confirmation.as_deref()
    }

    pub(crate) fn matched(&self) -> Option<&str> {
        self.spans.matched.as_ref().map(|place| self.at(place))
    }

    pub(crate) fn jti(&self) -> Option<&str> {
        self.spans.jti.as_ref().map(|place| self.at(place))
    }

    #[cfg(feature = "redis")]
    pub(crate) fn sid(&self) -> Option<&str> {
        self.spans.sid.as_ref().map(|place| self.at(place))
    }

    /// The names by which the list of revocations finds the token.
    #[cfg(feature = "redis")]
    pub(crate) const fn marks(&self) -> &Marks {
        &self.marks
    }

    pub(crate) fn subject(&self) -> Option<&str> {
        self.spans.subject.as_ref().map(|place| self.at(place))
    }

    pub(crate) fn audience(&self) -> &[String] {
        self.audience.get_or_init(|| {
            let places = self.spans.audience.as_slice().iter();
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
        self.spans
            .scopes
            .as_slice()
            .iter()
            .map(|place| self.at(place))
    }

    fn at<'v>(&'v self, place: &'v Span) -> &'v str {
        place.text(&self.payload)
    }

    /// An upper bound for the bytes on the heap: it counts both lists as if they were built.
    pub(crate) fn weight(&self) -> usize {
        let ClaimSpans {
            audience,
            client,
            confirmation,
            issuer,
            jti,
            matched,
            scopes,
            #[cfg(feature = "redis")]
            sid,
            subject,
            times: _,
        } = &self.spans;
        let copied = |place: &Span| match place {
            Span::At { .. } => 0,
            Span::Copy(text) => text.len(),
        };
        let mut bytes = size_of::<Self>() + self.payload.capacity() + copied(issuer);
        if confirmation.is_some() {
            bytes += size_of::<Confirmation>() + 2 * THUMBPRINT;
        }
        for place in [client, jti, matched, subject].into_iter().flatten() {
            bytes += copied(place);
        }
        #[cfg(feature = "redis")]
        {
            bytes += Marks::WEIGHT + sid.as_ref().map_or(0, copied);
        }
        for (places, is_list) in [(audience, false), (scopes, true)] {
            for place in places.as_slice() {
                let text = self.at(place);
                // Not `memchr`, because the lists are short.
                let spaces = text.bytes().filter(|byte| is_list && *byte == b' ').count();
                let texts = (spaces + 1) * (size_of::<String>() + LEAST_ALLOCATION) + text.len();
                bytes += size_of::<Span>() + copied(place) + texts;
            }
        }
        bytes
    }
}

impl Span {
    /// The byte range of `text` if it borrows from `whole`, otherwise a copy.
    pub(crate) fn of(text: &str, whole: &str) -> Self {
        let start = text.as_ptr().addr().wrapping_sub(whole.as_ptr().addr());
        let end = start.wrapping_add(text.len());
        match (u32::try_from(start), u32::try_from(end)) {
            // No need to compare the bytes: an address range inside `whole` is a part of `whole`.
            (Ok(from), Ok(to)) if from <= to && end <= whole.len() => Self::At {
                start: from,
                end: to,
            },
            _ => Self::Copy(text.into()),
        }
    }

    /// The text. `whole` must be the one that [`of`](Self::of) was called with.
    pub(crate) fn text<'s>(&'s self, whole: &'s str) -> &'s str {
        match self {
            Self::At { start, end } => whole
                .get(*start as usize..*end as usize)
                .unwrap_or_default(),
            Self::Copy(text) => text,
        }
    }
}

impl Spans {
    fn as_slice(&self) -> &[Span] {
        match self {
            Self::None => &[],
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl FromIterator<Span> for Spans {
    fn from_iter<I: IntoIterator<Item = Span>>(places: I) -> Self {
        let mut places = places.into_iter();
        match (places.next(), places.next()) {
            (None, _) => Self::None,
            (Some(one), None) => Self::One(one),
            (Some(one), Some(two)) => Self::Many([one, two].into_iter().chain(places).collect()),
        }
    }
}

/// The bytes of a thumbprint in base64url, as an allocator rounds them.
const THUMBPRINT: usize = 48;

/// The bytes that an allocator uses for the shortest text.
const LEAST_ALLOCATION: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_or_copied() {
        let whole = String::from("say caf\\u00e9");
        let inside = Span::of(&whole[4..7], &whole);
        assert!(
            matches!(inside, Span::At { start: 4, end: 7 }),
            "{inside:?}"
        );
        for foreign in ["caf", "caf\u{e9}", ""] {
            let place = Span::of(foreign, &whole);
            assert!(
                matches!(&place, Span::Copy(text) if **text == *foreign),
                "{place:?}"
            );
        }
    }
}
