//! One HTTP exchange with bounds on size, time and address. Knows nothing of keys or tokens.

pub(crate) mod cache_control;
pub(crate) mod guarded_dns;
