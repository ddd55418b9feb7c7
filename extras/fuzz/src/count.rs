use std::sync::atomic::{AtomicU64, Ordering};

/// Says on stderr how many inputs were accepted, at each power of two: a target whose inputs are all
/// refused tests little, and must be noticed.
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
