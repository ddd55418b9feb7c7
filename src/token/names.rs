//! The member names of one object, kept to detect a repeated member.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::limits::MAX_JSON_MEMBERS;

/// The names read so far.
#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    /// Used while there are few names and none holds an escape.
    few: [&'a str; FEW],
    /// All names, once there are many or one holds an escape. Hashed with a random key, so that a
    /// token cannot provoke collisions.
    many: HashSet<Cow<'a, str>>,
    count: usize,
}

impl<'a> Names<'a> {
    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// Adds `name` and returns whether it is new.
    pub(super) fn add(&mut self, name: Cow<'a, str>) -> bool {
        let few = self.few.split_at_mut_checked(self.count);
        self.count += 1;
        match (name, few) {
            (Cow::Borrowed(name), Some((others, [free, ..]))) if self.many.is_empty() => {
                *free = name;
                !others.contains(&name)
            }
            (name, few) => {
                if let Some((others, _)) = few.filter(|_| self.many.is_empty()) {
                    // All at once: growing step by step hashes each name again and again.
                    self.many.reserve(MAX_JSON_MEMBERS);
                    self.many
                        .extend(others.iter().map(|name| Cow::Borrowed(*name)));
                }
                self.many.insert(name)
            }
        }
    }
}

/// Access tokens carry fewer claims.
const FEW: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn distinct(names: &[(&str, bool)]) -> bool {
        let mut all = Names::default();
        names.iter().all(|(name, escaped)| {
            all.add(match escaped {
                true => Cow::Owned((*name).to_owned()),
                false => Cow::Borrowed(*name),
            })
        })
    }

    #[test]
    fn one_repeated_among_any_number() {
        for count in [1, 2, 3, 8, FEW - 1, FEW, FEW + 1, 100, 256] {
            let texts: Vec<String> = (0..count).map(|n| format!("name-{n}")).collect();
            for escaped_at in [None, Some(0), Some(count / 2), Some(count - 1)] {
                let names: Vec<_> = texts
                    .iter()
                    .enumerate()
                    .map(|(n, text)| (text.as_str(), Some(n) == escaped_at))
                    .collect();
                assert!(distinct(&names), "{count}, escaped at {escaped_at:?}");
                for (from, to) in [(0, count - 1), (count - 1, 0), (count / 2, count - 1)] {
                    if from == to {
                        continue;
                    }
                    let mut repeated = names.clone();
                    repeated[to].0 = names[from].0;
                    assert!(
                        !distinct(&repeated),
                        "{count}, escaped at {escaped_at:?}: {from} again at {to}"
                    );
                }
            }
        }
    }

    #[test]
    fn names_that_are_alike_differ() {
        for names in [["", "a"], ["azzb", "ayyb"], ["ab", "aab"]] {
            assert!(distinct(&names.map(|name| (name, false))), "{names:?}");
        }
        assert!(!distinct(&[("", false), ("", false)]));
    }
}
