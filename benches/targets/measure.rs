use std::any::Any;

use cpu_time::ThreadTime;

/// One case to time: `prepare` makes a batch, which is not timed, and running the batch returns the
/// number of its operations.
pub(crate) struct Case<'c> {
    batch: Box<dyn FnMut() -> Batch<'c> + 'c>,
    samples: Vec<f64>,
}

/// A prepared batch: the number of its operations, and the function that runs them. The result of
/// that function is dropped after the clock is read.
pub(crate) struct Batch<'c> {
    pub(crate) operations: usize,
    pub(crate) run: Box<dyn FnOnce() -> Box<dyn Any> + 'c>,
}

impl<'c> Batch<'c> {
    pub(crate) fn new(operations: usize, run: impl FnOnce() + 'c) -> Self {
        Self::keeping(operations, run)
    }

    pub(crate) fn keeping<K: 'static>(operations: usize, run: impl FnOnce() -> K + 'c) -> Self {
        let run = Box::new(move || Box::new(run()) as Box<dyn Any>);
        Self { operations, run }
    }
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
        // Time of this thread on a processor: what else the machine does is not counted.
        let began = ThreadTime::now();
        let rest = run();
        let spent = began.elapsed().as_secs_f64() * 1e6;
        drop(rest);
        self.samples.push(spent / operations as f64);
    }
}

/// Microseconds per operation of each case. The cases take turns, so that other work on the machine
/// affects all of them.
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
