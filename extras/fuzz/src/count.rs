use std::sync::atomic::{AtomicU64, Ordering};

/// Prints the number of accepted inputs to stderr, at each power of two. A target that refuses all
/// of its inputs tests little, and `.ci/fuzz` fails then.
pub struct Acceptance {
    accepted: AtomicU64,
    seen: AtomicU64,
}

impl Acceptance {
    pub const fn new() -> Self {
        Self {
            accepted: AtomicU64::new(0),
            seen: AtomicU64::new(0),
        }
    }

    pub fn note(&self, accepted: bool) {
        let seen = self.seen.fetch_add(1, Ordering::Relaxed) + 1;
        if accepted {
            let accepted = self.accepted.fetch_add(1, Ordering::Relaxed) + 1;
            if accepted.is_power_of_two() {
                eprintln!("accepted {accepted} of {seen}");
            }
        }
    }
}

impl Default for Acceptance {
    fn default() -> Self {
        Self::new()
    }
}
