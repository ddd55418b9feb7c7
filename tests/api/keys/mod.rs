//! Keys over time: first use, rotation, outages, recovery.

mod availability;
mod lifecycle;
mod over_http;
