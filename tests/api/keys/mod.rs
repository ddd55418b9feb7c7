//! Keys over time, and what requests notice of it.
//!
//! Most tests run a [`Scenario`]: an issuer in memory, on a clock that runs as fast as nothing
//! happens. [`over_http`] and [`lifecycle`] have an issuer on a real socket.

mod discovery;
mod documents;
mod floods;
mod lifecycle;
mod outages;
pub(crate) mod over_http;
mod pinned;
mod refresh;
mod rotation;
mod runtimes;
mod shared;
mod snapshots;
mod start;
mod transport;

use crate::support::issuer_in_memory::Verdict::{self, Good, Unavailable};
use crate::support::issuer_in_memory::{Answer, UNKNOWN};
use crate::support::scenario::{Scenario, took};
use crate::support::{pass, seconds};
