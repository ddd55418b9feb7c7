//! Time on the processor, in rounds that all cases take in turn.

use std::collections::BTreeMap;

use cpu_time::ThreadTime;

/// Operations that are ready to be done; it says how many they were.
pub type Round<'r> = Box<dyn FnOnce() -> usize + 'r>;

/// Makes the next round, which costs nothing.
pub type Case<'c> = Box<dyn FnMut() -> Round<'c> + 'c>;

/// Microseconds per operation of each case, in its quietest round: other work on the machine only adds.
pub fn interleaved<K: Ord + Clone>(
    rounds: usize,
    mut cases: Vec<(K, Case<'_>)>,
) -> BTreeMap<K, f64> {
    let mut least = BTreeMap::new();
    for _ in 0..rounds {
        for (name, case) in &mut cases {
            let round = case();
            // Time of this thread alone: keys that are fetched meanwhile cost it nothing.
            let began = ThreadTime::now();
            let operations = round();
            let each = began.elapsed().as_secs_f64() * 1e6 / operations as f64;
            let least = least.entry(name.clone()).or_insert(each);
            *least = least.min(each);
        }
    }
    least
}
