//! A recorder of metrics for tests: each series as one line, as Prometheus writes them. Also a
//! module of the tests in `tests/api`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata,
    Recorder as Records, SharedString, Unit,
};

/// What was recorded so far. Install it with `metrics::set_default_local_recorder`.
#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<BTreeMap<String, f64>>>);

impl Recorder {
    /// The name, the labels and the value of each series, sorted.
    pub(crate) fn lines(&self) -> Vec<String> {
        let series = self.0.lock().unwrap();
        let line = |(series, value): (&String, &f64)| format!("{series} {value}");
        series.iter().map(line).collect()
    }

    fn series(&self, suffix: &str, key: &Key) -> Series {
        let labels = key
            .labels()
            .map(|label| format!("{}={}", label.key(), label.value()));
        let labels = labels.collect::<Vec<_>>().join(",");
        Series(self.clone(), format!("{}{suffix}{{{labels}}}", key.name()))
    }
}

struct Series(Recorder, String);

impl Series {
    fn change(&self, change: impl FnOnce(f64) -> f64) {
        let mut series = self.0.0.lock().unwrap();
        let value = series.entry(self.1.clone()).or_default();
        *value = change(*value);
    }
}

/// The sum of what was recorded, and how often.
struct Distribution(Series, Series);

impl Records for Recorder {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(Arc::new(self.series("", key)))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(Arc::new(self.series("", key)))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let distribution = Distribution(self.series("_sum", key), self.series("_count", key));
        Histogram::from_arc(Arc::new(distribution))
    }
}

impl CounterFn for Series {
    fn increment(&self, by: u64) {
        self.change(|value| value + by as f64);
    }

    fn absolute(&self, to: u64) {
        self.change(|_| to as f64);
    }
}

impl GaugeFn for Series {
    fn increment(&self, by: f64) {
        self.change(|value| value + by);
    }

    fn decrement(&self, by: f64) {
        self.change(|value| value - by);
    }

    fn set(&self, to: f64) {
        self.change(|_| to);
    }
}

impl HistogramFn for Distribution {
    fn record(&self, value: f64) {
        self.0.change(|sum| sum + value);
        self.1.change(|count| count + 1.0);
    }
}
