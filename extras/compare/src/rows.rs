//! The rows of the tables: a peer and its results.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::machine;
use crate::peers::{Crypto, Peer, Role};
use crate::process::Backend;
use crate::results::{Behaviour, Counts, Timings};

/// A peer with one back end.
pub struct Row {
    pub name: &'static str,
    pub version: &'static str,
    pub form: &'static str,
    pub crypto: String,
    pub role: Role,
    /// The ratio to the bare verification in the same process, by algorithm.
    pub first: BTreeMap<String, f64>,
    pub again: f64,
    pub expired: f64,
    /// Whether the peer checks the signature of an expired token.
    pub pays: bool,
    pub allocations: [u64; 3],
    pub behaviour: Option<Behaviour>,
}

/// The baselines first, then this crate, then the peers, the fastest first.
pub fn rows(of: Vec<(Backend, Timings, Counts)>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (backend, mut timings, counts) in of {
        for peer in backend.peers() {
            rows.push(row(&peer, backend, &mut timings, &counts));
        }
    }
    let rank = |role| match role {
        Role::Measure => 0,
        Role::Own => 1,
        Role::Peer => 2,
    };
    rows.sort_by(|one, other| {
        let by_speed = match one.role {
            Role::Own => Ordering::Equal,
            _ => one.first["RS256"].total_cmp(&other.first["RS256"]),
        };
        rank(one.role).cmp(&rank(other.role)).then(by_speed)
    });
    rows
}

fn row(peer: &Peer, backend: Backend, timings: &mut Timings, counts: &Counts) -> Row {
    let first = timings.first.remove(peer.name).expect("it was measured");
    let over = |(algorithm, own): (String, f64)| {
        let bare = timings.bare[&algorithm];
        (algorithm, own / bare)
    };
    let expired = timings.expired[peer.name];
    let own = |version| format!("jsonwebtoken {}", machine::version("jsonwebtoken", version));
    Row {
        name: peer.name,
        version: machine::version(peer.package.0, peer.package.1),
        form: peer.form,
        crypto: match (peer.crypto, backend) {
            (Crypto::AwsLc, _) => "aws-lc-rs".to_owned(),
            (Crypto::PlainRing, _) => "ring".to_owned(),
            (Crypto::RustCrypto, _) => "RustCrypto".to_owned(),
            (Crypto::Ring(version), _) => format!("ring ({})", own(version)),
            (Crypto::Chosen(version), Backend::AwsLc) => format!("aws-lc-rs ({})", own(version)),
            (Crypto::Chosen(version), Backend::RustCrypto) => {
                format!("RustCrypto ({})", own(version))
            }
        },
        role: peer.role,
        first: first.into_iter().map(over).collect(),
        again: timings.again[peer.name],
        expired,
        pays: expired > timings.bare["RS256"] * 0.9,
        allocations: [&counts.first, &counts.again, &counts.expired]
            .map(|counts| counts[peer.name]),
        behaviour: timings.behaviour.remove(peer.name),
    }
}
