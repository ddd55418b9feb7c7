//! Measures processor time in rounds, in which all cases take turns.

use std::collections::BTreeMap;

use cpu_time::ThreadTime;

/// Runs one round and returns the number of operations in it.
pub type Round<'r> = Box<dyn FnOnce() -> usize + 'r>;

/// Prepares the next round, which is not timed.
pub type Case<'c> = Box<dyn FnMut() -> Round<'c> + 'c>;

/// Microseconds per operation of each case in its fastest round, because other work on the machine
/// only adds time.
pub fn interleaved<K: Ord + Clone>(
    rounds: usize,
    mut cases: Vec<(K, Case<'_>)>,
) -> BTreeMap<K, f64> {
    let mut least = BTreeMap::new();
    for _ in 0..rounds {
        for (name, case) in &mut cases {
            let round = case();
            // The time of this thread alone, so that fetching keys in the background is free.
            let began = ThreadTime::now();
            let operations = round();
            let each = began.elapsed().as_secs_f64() * 1e6 / operations as f64;
            let least = least.entry(name.clone()).or_insert(each);
            *least = least.min(each);
        }
    }
    least
}
