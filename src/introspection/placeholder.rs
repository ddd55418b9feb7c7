//! Stand-in for the trait, until it is here.
use std::fmt;

/// Stand-in.
pub trait Introspector: fmt::Debug + Send + Sync + 'static {}
