//! Headers that good tokens came with. Tokens of one key mostly have the same header, letter for letter, and
//! what it says depends on nothing else: so it is read once, and then compared.
//!
//! Learned is only the header of a token whose signature verified, so that nobody else's take the room, and
//! known is only what is equal in every byte. Whether an issuer's tokens may say so is asked for each token.

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
        let wanted = issuers.saturating_mul(PLACES_PER_ISSUER);
        let places = wanted.clamp(LEAST_PLACES, MOST_PLACES);
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
                header: header.to_static(),
            })));
        }
    }

    fn place(&self, encoded: &[u8]) -> Option<&ArcSwapOption<Known>> {
        let encoded = Some(encoded).filter(|encoded| encoded.len() <= LONGEST)?;
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

/// An issuer signs with one or two keys, and writes one header for each, or two: few of them share a place.
const PLACES_PER_ISSUER: usize = 16;

/// 2 KiB.
const LEAST_PLACES: usize = 256;

/// 32 KiB. With headers of the greatest length in all of them, 5 MiB.
const MOST_PLACES: usize = 4096;

/// Longer ones, which hold a certificate, are read each time: an issuer is not trusted with our memory.
const LONGEST: usize = 512;

/// Odd, with bits all over.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Algorithm;

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
        // What differs stands anywhere: a `kid` in front, in the middle, at the end.
        let families: [fn(usize) -> String; 3] = [
            |n| format!("{n:08}-of-the-headers"),
            |n| format!("of-the-headers-{n}-this-one"),
            |n| format!("of-the-headers-number-{n}"),
        ];
        for text_of in families {
            let headers = KnownHeaders::new(1);
            let texts: Vec<String> = (0..300).map(text_of).collect();
            for text in &texts {
                headers.learn(text.as_bytes(), &header(text));
                let known = headers.recall(text.as_bytes()).unwrap();
                assert_eq!(known.header().unwrap().kid.as_deref(), Some(&**text));
            }
            let mut kept = 0;
            for text in &texts {
                if let Some(known) = headers.recall(text.as_bytes()) {
                    assert_eq!(known.header().unwrap().kid.as_deref(), Some(&**text));
                    kept += 1;
                }
            }
            let most = LEAST_PLACES;
            assert!((most / 3..=most).contains(&kept), "{kept}: {}", texts[0]);
        }
    }

    #[test]
    fn long_ones_are_not_kept() {
        let headers = KnownHeaders::new(1);
        for (length, kept) in [(LONGEST, true), (LONGEST + 1, false)] {
            let text = vec![b'e'; length];
            headers.learn(&text, &header("a key"));
            assert_eq!(headers.recall(&text).is_some(), kept, "{length}");
        }
    }

    #[test]
    fn places_for_few_issuers_and_for_many() {
        for (issuers, places) in [(1, 256), (17, 272), (1_000_000, 4096), (usize::MAX, 4096)] {
            assert_eq!(KnownHeaders::new(issuers).0.len(), places, "{issuers}");
        }
    }
}
