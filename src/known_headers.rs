//! Headers that good tokens came with. Tokens of one key mostly have the same header, letter for letter, and
//! what it says depends on nothing else: so it is read once, and then compared.
//!
//! Learned is only the header of a token whose signature verified, so that nobody else's take the room, and
//! known is only what is equal in every byte. Every check of what it says is made anew for each token.

use std::fmt;
use std::sync::Arc;

use arc_swap::{ArcSwapOption, Guard};

use crate::token::Header;

/// One place for each header, shared by those that fall on it: the last one stays.
pub(crate) struct KnownHeaders(Box<[ArcSwapOption<Known>]>);

struct Known {
    /// The first segment of a token.
    encoded: Box<[u8]>,
    header: Header<'static>,
}

/// A header, held for one request.
pub(crate) struct KnownHeader(Guard<Option<Arc<Known>>>);

impl KnownHeaders {
    pub(crate) fn new(issuers: usize) -> Self {
        let places = issuers.saturating_mul(PLACES_PER_ISSUER).min(MOST_PLACES);
        Self(
            std::iter::repeat_with(ArcSwapOption::empty)
                .take(places)
                .collect(),
        )
    }

    pub(crate) fn recall(&self, encoded: &[u8]) -> Option<KnownHeader> {
        let held = self.place(encoded)?.load();
        held.as_ref().filter(|known| *known.encoded == *encoded)?;
        Some(KnownHeader(held))
    }

    /// `header` is what `encoded` says, and the token that it comes from has just been verified.
    pub(crate) fn learn(&self, encoded: &[u8], header: &Header<'_>) {
        if let Some(place) = self.place(encoded) {
            place.store(Some(Arc::new(Known {
                encoded: encoded.into(),
                header: header.to_owned(),
            })));
        }
    }

    fn place(&self, encoded: &[u8]) -> Option<&ArcSwapOption<Known>> {
        let (words, rest) = encoded.as_chunks();
        let mixed = words.iter().fold(0, |mixed: u64, word| {
            (mixed.rotate_left(29) ^ u64::from_le_bytes(*word)).wrapping_mul(SPREAD)
        });
        let mixed = rest.iter().fold(mixed, |mixed, byte| {
            (mixed ^ u64::from(*byte)).wrapping_mul(SPREAD)
        });
        let index = u128::from(mixed).wrapping_mul(self.0.len() as u128) >> 64;
        self.0.get(index as usize)
    }
}

impl KnownHeader {
    pub(crate) fn header(&self) -> Option<&Header<'static>> {
        self.0.as_deref().map(|known| &known.header)
    }
}

impl fmt::Debug for KnownHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownHeaders").finish_non_exhaustive()
    }
}

/// An issuer signs with one or two keys, and writes one header for each, or two.
const PLACES_PER_ISSUER: usize = 16;

/// 32 KiB.
const MOST_PLACES: usize = 4096;

/// Odd, with bits all over.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::Algorithm;

    fn header(kid: &str) -> Header<'_> {
        Header {
            algorithm: Algorithm::ES256,
            kid: Some(kid.into()),
            typ: Some("at+jwt".into()),
        }
    }

    #[test]
    fn what_is_equal_in_every_byte_is_known() {
        let headers = KnownHeaders::new(1);
        let good = b"eyJhbGciOiJFUzI1NiIsImtpZCI6ImtleS0yMDI1LTExIiwidHlwIjoiYXQrand0In0";
        assert!(headers.recall(good).is_none());
        headers.learn(good, &header("a key"));
        let known = headers.recall(good).unwrap();
        let known = known.header().unwrap();
        assert_eq!(
            (known.algorithm, known.kid.as_deref(), known.typ.as_deref()),
            (Algorithm::ES256, Some("a key"), Some("at+jwt"))
        );
        for at in 0..good.len() {
            let mut other = *good;
            other[at] ^= 1;
            assert!(headers.recall(&other).is_none(), "byte {at}");
            assert!(headers.recall(&good[..at]).is_none(), "the first {at}");
        }
        assert!(headers.recall(&[&good[..], b"A"].concat()).is_none());
    }

    #[test]
    fn two_that_share_a_place_take_turns() {
        let headers = KnownHeaders::new(1);
        let texts: Vec<String> = (0..200).map(|n| format!("header-number-{n}")).collect();
        for text in &texts {
            headers.learn(text.as_bytes(), &header(text));
            let known = headers.recall(text.as_bytes()).unwrap();
            assert_eq!(known.header().unwrap().kid.as_deref(), Some(&**text));
        }
        let kept = texts
            .iter()
            .filter_map(|text| Some((text, headers.recall(text.as_bytes())?)));
        let kept = kept.inspect(|(text, known)| {
            assert_eq!(known.header().unwrap().kid.as_deref(), Some(&***text));
        });
        assert!((PLACES_PER_ISSUER / 2..=PLACES_PER_ISSUER).contains(&kept.count()));
    }

    #[test]
    fn places_for_few_issuers_and_for_many() {
        for (issuers, places) in [(1, 16), (2, 32), (1_000_000, 4096), (usize::MAX, 4096)] {
            assert_eq!(KnownHeaders::new(issuers).0.len(), places, "{issuers}");
        }
    }
}
