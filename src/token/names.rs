//! The names of an object's members, to see whether one is repeated.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;

use super::json::Malformed;
use super::text::unescape;

/// Names in their order; those with escapes are kept decoded.
#[derive(Debug)]
pub(super) struct Names<'a> {
    few: [&'a str; FEW],
    many: Vec<Name<'a>>,
    decoded: String,
    count: usize,
}

#[derive(Clone, Copy, Debug)]
enum Name<'a> {
    Decoded { start: usize, end: usize },
    Plain(&'a str),
}

impl Default for Names<'_> {
    fn default() -> Self {
        Self {
            few: [""; FEW],
            many: Vec::new(),
            decoded: String::new(),
            count: 0,
        }
    }
}

impl<'a> Names<'a> {
    /// The index by which [`text`](Self::text) knows it.
    pub(super) fn add(&mut self, name: &'a str) -> usize {
        match self.few.get_mut(self.count) {
            Some(free) if self.many.is_empty() => *free = name,
            _ => self.spill().push(Name::Plain(name)),
        }
        self.count += 1;
        self.count - 1
    }

    pub(super) fn add_escaped(&mut self, raw: &str) -> Result<usize, Malformed> {
        let start = self.decoded.len();
        unescape(raw, &mut self.decoded)?;
        let end = self.decoded.len();
        self.spill().push(Name::Decoded { start, end });
        self.count += 1;
        Ok(self.count - 1)
    }

    /// From here on names go to the heap.
    fn spill(&mut self) -> &mut Vec<Name<'a>> {
        if self.many.is_empty() {
            let few = self.few.iter().take(self.count);
            self.many = few.map(|name| Name::Plain(name)).collect();
        }
        &mut self.many
    }

    pub(super) fn text(&self, index: usize) -> &str {
        match self.many.get(index) {
            Some(Name::Plain(name)) => name,
            Some(Name::Decoded { start, end }) => {
                self.decoded.get(*start..*end).unwrap_or_default()
            }
            None => self.few.get(index).copied().unwrap_or_default(),
        }
    }

    pub(super) fn are_distinct(&self) -> bool {
        if self.count <= FEW {
            return self.few_are_distinct();
        }
        self.many_are_distinct()
    }

    /// Each against each: cheaper than anything else for as many claims as tokens carry.
    fn few_are_distinct(&self) -> bool {
        let mut marks = [0; FEW];
        for (index, mark) in marks.iter_mut().enumerate().take(self.count) {
            *mark = self::mark(self.text(index));
        }
        (1..self.count).all(|index| {
            let (before, own) = (marks.get(..index).unwrap_or_default(), marks.get(index));
            let alike = |(other, mark): (usize, &u64)| {
                Some(mark) == own && self.text(other) == self.text(index)
            };
            !before.iter().enumerate().any(alike)
        })
    }

    /// A table of our own, filled once: twice as fast as a set, and under a secret of this process, so
    /// that nothing an attacker writes can make it slow.
    fn many_are_distinct(&self) -> bool {
        static SECRET: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        let size = (self.count * 2).next_power_of_two();
        let mut table = vec![FREE; size];
        for index in 0..self.count {
            let hash = SECRET.hash_one(self.text(index));
            // The upper half tells entries apart, the lower half places them.
            let mut place = hash as usize & (size - 1);
            let tag = (hash >> 32) as u32;
            while let Some(&(other, found)) = table.get(place).filter(|entry| **entry != FREE) {
                if found == tag && self.text(other as usize) == self.text(index) {
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

/// The first bytes and the length: different for nearly all names that differ.
fn mark(name: &str) -> u64 {
    let mut first = [0; 8];
    for (to, from) in first.iter_mut().zip(name.as_bytes()) {
        *to = *from;
    }
    u64::from_le_bytes(first) ^ (name.len() as u64) << 56
}

/// Access tokens carry fewer claims.
const FEW: usize = 24;

const FREE: (u32, u32) = (u32::MAX, 0);

#[cfg(test)]
mod tests {
    use super::*;

    fn distinct(names: &[String]) -> bool {
        let mut all = Names::default();
        for (index, name) in names.iter().enumerate() {
            match name.contains('\\') {
                true => assert_eq!(all.add_escaped(name), Ok(index)),
                false => assert_eq!(all.add(name), index),
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
