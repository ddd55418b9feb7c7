use std::time::Instant;

/// One thing to time: `prepare` makes a batch, which costs nothing, and running the batch says how many
/// operations it held.
pub(crate) struct Case<'c> {
    batch: Box<dyn FnMut() -> Batch<'c> + 'c>,
    samples: Vec<f64>,
}

/// What a prepared batch does, and how many operations it counts for.
pub(crate) struct Batch<'c> {
    pub(crate) operations: usize,
    pub(crate) run: Box<dyn FnOnce() + 'c>,
}

impl<'c> Case<'c> {
    pub(crate) fn new(batch: impl FnMut() -> Batch<'c> + 'c) -> Self {
        Self {
            batch: Box::new(batch),
            samples: Vec::new(),
        }
    }

    fn round(&mut self) {
        let Batch { operations, run } = (self.batch)();
        let began = Instant::now();
        run();
        let spent = began.elapsed().as_secs_f64() * 1e6;
        self.samples.push(spent / operations as f64);
    }
}

/// Microseconds per operation of each case. The cases take turns, so that whatever else the machine does
/// falls on all of them.
pub(crate) fn interleaved<const N: usize>(rounds: usize, mut cases: [Case<'_>; N]) -> [Figures; N] {
    for _ in 0..rounds {
        for case in &mut cases {
            case.round();
        }
    }
    cases.map(|case| Figures::of(case.samples))
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// The quietest round: other work on the machine only adds.
    pub(crate) least: f64,
    pub(crate) median: f64,
}

impl Figures {
    fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        Self {
            least: samples[0],
            median: samples[samples.len() / 2],
        }
    }
}

/// Allocations by Rust code while `work` runs. The C code of the crypto has its own.
pub(crate) fn allocations(work: impl FnOnce()) -> u64 {
    allocation_counter::measure(work).count_total
}
