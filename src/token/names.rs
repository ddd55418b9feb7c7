//! The names of an object's members, to see whether one is repeated.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;

use super::json::Malformed;
use super::text::unescape;

/// Names in their order; those with escapes are kept decoded.
#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    /// While there are few.
    few: [&'a str; FEW],
    /// A bit for each of them: where it is clear, a name is new.
    seen: u64,
    repeated: bool,
    many: Vec<Name<'a>>,
    decoded: String,
    count: usize,
}

#[derive(Clone, Copy, Debug)]
enum Name<'a> {
    Decoded { start: usize, end: usize },
    Plain(&'a str),
}

impl<'a> Names<'a> {
    pub(super) fn add(&mut self, name: &'a str) {
        match self.few.split_at_mut_checked(self.count) {
            Some((others, [free, ..])) if self.many.is_empty() => {
                let bit = 1 << (hash(name, FEW_FACTOR) >> 58);
                // Each against each: few bits are set.
                self.repeated |= self.seen & bit != 0 && others.contains(&name);
                self.seen |= bit;
                *free = name;
            }
            _ => self.spill().push(Name::Plain(name)),
        }
        self.count += 1;
    }

    /// Gives the name decoded.
    pub(super) fn add_escaped(&mut self, raw: &str) -> Result<&str, Malformed> {
        let start = self.decoded.len();
        unescape(raw, &mut self.decoded)?;
        let end = self.decoded.len();
        self.spill().push(Name::Decoded { start, end });
        self.count += 1;
        Ok(self.decoded.get(start..end).unwrap_or_default())
    }

    /// From here on names go to the heap.
    fn spill(&mut self) -> &mut Vec<Name<'a>> {
        if self.many.is_empty() {
            let few = self.few.iter().take(self.count);
            self.many.reserve(MANY);
            self.many.extend(few.map(|name| Name::Plain(name)));
        }
        &mut self.many
    }

    pub(super) fn are_distinct(&self) -> bool {
        !self.repeated && (self.many.is_empty() || self.many_are_distinct())
    }

    fn text(&self, name: Name<'a>) -> &str {
        match name {
            Name::Plain(name) => name,
            Name::Decoded { start, end } => self.decoded.get(start..end).unwrap_or_default(),
        }
    }

    /// A table of our own, filled once: twice as fast as a set, and under a secret of this process, so
    /// that nothing an attacker writes can make it slow.
    fn many_are_distinct(&self) -> bool {
        static SECRET: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(0) | 1);
        let (secret, size) = (*SECRET, (self.many.len() * 2).next_power_of_two());
        let mut table = vec![FREE; size];
        for (index, name) in self.many.iter().enumerate() {
            let text = self.text(*name);
            let hash = hash(text, secret);
            // The upper half tells entries apart, the lower half places them.
            let mut place = hash as usize & (size - 1);
            let tag = (hash >> 32) as u32;
            while let Some(&(other, found)) = table.get(place).filter(|entry| **entry != FREE) {
                let other = self.many.get(other as usize).map(|name| self.text(*name));
                if found == tag && other == Some(text) {
                    return false;
                }
                place = (place + 1) & (size - 1);
            }
            if let (Some(free), Ok(index)) = (table.get_mut(place), u32::try_from(index)) {
                *free = (index, tag);
            }
        }
        true
    }
}

/// Multiplies and folds eight bytes at a time, under a secret factor: what collides, nobody can tell
/// from outside, and a collision costs no more than another comparison.
fn hash(name: &str, secret: u64) -> u64 {
    let fold = |sum: u64, word: u64| {
        let product = u128::from(sum ^ word ^ secret) * u128::from(secret.rotate_left(32) | 1);
        product as u64 ^ (product >> 64) as u64
    };
    let (words, rest) = name.as_bytes().as_chunks::<8>();
    let sum = words.iter().map(|word| u64::from_le_bytes(*word));
    let sum = sum.fold(name.len() as u64, fold);
    let last = rest
        .iter()
        .fold(0, |last, byte| last << 8 | u64::from(*byte));
    fold(fold(sum, last), secret)
}

/// Access tokens carry fewer claims.
const FEW: usize = 16;

/// Room at first for what carries more.
const MANY: usize = 128;

/// Odd, with bits all over; for a few names it need not be secret.
const FEW_FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

const FREE: (u32, u32) = (u32::MAX, 0);

#[cfg(test)]
mod tests {
    use super::*;

    fn distinct(names: &[String]) -> bool {
        let mut all = Names::default();
        for name in names {
            match name.contains('\\') {
                true => drop(all.add_escaped(name).unwrap()),
                false => all.add(name),
            }
        }
        all.are_distinct()
    }

    #[test]
    fn one_repeated_among_any_number() {
        for count in [1, 2, 3, 8, FEW - 1, FEW, FEW + 1, 100, 1000] {
            let names: Vec<String> = (0..count).map(|n| format!("name-{n}")).collect();
            assert!(distinct(&names), "{count}");
            for (from, to) in [(0, count - 1), (count - 1, 0), (count / 2, count - 1)] {
                if from == to {
                    continue;
                }
                let mut repeated = names.clone();
                repeated[to] = names[from].clone();
                assert!(!distinct(&repeated), "{count}: {from} again at {to}");
                // The same name, once escaped.
                repeated[to] = names[from].replace('n', "\\u006e");
                assert!(
                    !distinct(&repeated),
                    "{count}: {from} again at {to}, escaped"
                );
                repeated[to].push('x');
                assert!(distinct(&repeated), "{count}: one longer");
            }
        }
    }

    #[test]
    fn names_that_begin_alike_differ() {
        for names in [
            ["", "a"],
            ["aaaaaaaab", "aaaaaaaac"],
            ["aaaaaaaa", "aaaaaaaaa"],
        ] {
            assert!(distinct(&names.map(ToOwned::to_owned)), "{names:?}");
        }
        assert!(!distinct(&["".to_owned(), "".to_owned()]));
    }
}
