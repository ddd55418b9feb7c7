//! The events of the library: what it did, in the order in which it did it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Level, Metadata, Subscriber};

/// The events since they were last taken.
#[derive(Clone, Default)]
pub(crate) struct Events(Arc<Mutex<Vec<Event>>>);

pub(crate) struct Event {
    level: Level,
    pub(crate) at: SystemTime,
    fields: BTreeMap<&'static str, String>,
}

impl Events {
    /// Collects the events of this process from now on.
    pub(crate) fn install() -> Self {
        let events = Self::default();
        // Nothing else in this program installs a subscriber.
        let _ = tracing::subscriber::set_global_default(events.clone());
        events
    }

    pub(crate) fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Event {
    pub(crate) fn is(&self, name: &str) -> bool {
        self.get("event") == Some(name)
    }

    pub(crate) fn get(&self, field: &str) -> Option<&str> {
        self.fields.get(field).map(String::as_str)
    }

    /// Its sentence, if it is a warning or an error.
    pub(crate) fn warning(&self) -> Option<String> {
        let message = self.get("message").filter(|_| self.level <= Level::WARN)?;
        Some(format!("{}: {message}", self.get("event")?))
    }
}

impl Subscriber for Events {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "tower_jwt_auth"
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut seen = Event {
            level: *event.metadata().level(),
            at: SystemTime::now(),
            fields: BTreeMap::new(),
        };
        event.record(&mut seen);
        let mut events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        events.push(seen);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

impl Visit for Event {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.fields.insert(field.name(), format!("{value:?}"));
    }
}
