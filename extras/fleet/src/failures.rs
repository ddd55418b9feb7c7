//! The table of failures, walked through under load: what a good token gets in each second while
//! the store is killed, frozen, filled, emptied and poisoned.

use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::time::sleep;

use crate::issuer::CountingIssuer;
use crate::load::{Answer, Load};
use crate::replica::{Replica, Settings};
use crate::store_server::StoreServer;

/// What happened in one situation, second by second.
#[derive(Debug, Serialize)]
pub struct Row {
    pub what: &'static str,
    /// Bearer tokens that were sent.
    pub tokens: usize,
    /// Those of each second that were not accepted.
    pub refused: Vec<usize>,
    pub slowest_ms: u128,
    /// Of the proofs of each second: the statuses.
    pub proofs: Vec<String>,
}

const SECONDS: u64 = 5;

/// Prints the table. Whether no good bearer token was refused.
pub async fn run() -> bool {
    let rows = walk().await;
    for row in &rows {
        let (what, tokens, slowest) = (row.what, row.tokens, row.slowest_ms);
        println!("{what}");
        println!("  {tokens} good bearer tokens, slowest answer after {slowest} ms");
        println!("  refused in each second: {:?}", row.refused);
        println!("  proofs in each second:  {}", row.proofs.join(" "));
    }
    let refused: usize = rows.iter().flat_map(|row| &row.refused).sum();
    println!("{refused} good tokens refused");
    refused == 0
}

/// Three processes under load, and a store to which everything happens.
pub async fn walk() -> Vec<Row> {
    let (issuer, mut store) = (CountingIssuer::start().await, StoreServer::start());
    let settings = Settings {
        issuer: issuer.url(),
        store: Some(store.url()),
        // Short, so that a fetch is due in each situation.
        max_age: Duration::from_secs(4),
        cooldown: Duration::from_secs(1),
    };
    let mut replicas = Vec::new();
    for _ in 0..3 {
        let mut replica = Replica::start(&settings).await;
        replica.is_ready().await;
        replicas.push(replica);
    }
    let addresses: Vec<_> = replicas.iter().map(|replica| replica.address).collect();
    let load = Load::start(&issuer, &addresses);
    let mut rows = Vec::new();
    for (what, happen) in FAULTS {
        let began = Instant::now();
        happen(&mut store);
        sleep(Duration::from_secs(SECONDS)).await;
        rows.push((what, began));
    }
    let end = Instant::now();
    let answers = load.stop().await;
    let ends = rows.iter().skip(1).map(|(_, began)| *began).chain([end]);
    let rows = rows.iter().zip(ends);
    rows.map(|((what, began), end)| Row::of(what, *began, end, &answers))
        .collect()
}

type Happen = fn(&mut StoreServer);

const FAULTS: [(&str, Happen); 12] = [
    ("nothing", |_| {}),
    ("killed", |store| store.kill()),
    ("started again, empty", |store| store.restart()),
    ("frozen (SIGSTOP)", |store| store.freeze()),
    ("goes on (SIGCONT)", |store| store.thaw()),
    ("full, evicts nothing", fill),
    ("full, evicts everything", |store| {
        store.must(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    }),
    ("has room again", |store| {
        store.must(&["CONFIG", "SET", "maxmemory", "0"]);
        store.must(&["DEL", "filling"]);
    }),
    ("emptied (FLUSHALL)", |store| {
        store.must(&["FLUSHALL"]);
    }),
    ("poisoned: junk under every name", poison),
    ("refuses the password", |store| {
        store.must(&["ACL", "SETUSER", "fleet", "resetpass", ">another"]);
        store.must(&["CLIENT", "KILL", "USER", "fleet"]);
    }),
    ("takes the password again", |store| {
        let password = format!(">{}", crate::store_server::PASSWORD);
        store.must(&["ACL", "SETUSER", "fleet", "resetpass", &password]);
    }),
];

/// A value that takes the memory that was left, and 64 KiB more.
fn fill(store: &mut StoreServer) {
    store.must(&["SETRANGE", "filling", "4194304", "x"]);
    store.must(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    store.must(&["CONFIG", "SET", "maxmemory", "1mb"]);
}

/// Somebody else who may write puts junk under all names, for ever.
fn poison(store: &mut StoreServer) {
    for kind in ["keys", "lease", "hold", "kid", "dpop", "session"] {
        for name in store.names(kind) {
            store.must(&["SET", &name, "junk"]);
        }
    }
    let stream = format!("tja1:{}:revoked", crate::store_server::NAMESPACE);
    for _ in 0..100 {
        store.must(&["XADD", &stream, "*", "e", "junk"]);
    }
}

impl Row {
    fn of(what: &'static str, began: Instant, end: Instant, answers: &[Answer]) -> Self {
        let in_second = |second: u64, answer: &&Answer| {
            let from = began + Duration::from_secs(second);
            let is_last = second + 1 == SECONDS;
            answer.at >= from && answer.at < end && (is_last || answer.at < from + SECOND)
        };
        let seconds = |is_proof: bool| {
            (0..SECONDS).map(move |second| {
                let of = answers
                    .iter()
                    .filter(move |answer| in_second(second, answer));
                of.filter(move |answer| answer.is_proof == is_proof)
                    .collect::<Vec<_>>()
            })
        };
        let bearer: Vec<_> = seconds(false).collect();
        let all = bearer.iter().flatten();
        Self {
            what,
            tokens: all.clone().count(),
            refused: bearer
                .iter()
                .map(|of| of.iter().filter(|answer| answer.status != 200).count())
                .collect(),
            slowest_ms: all.map(|answer| answer.took.as_millis()).max().unwrap_or(0),
            proofs: seconds(true).map(|of| statuses(&of)).collect(),
        }
    }
}

/// The statuses that occurred, `200` or `200+503`.
fn statuses(answers: &[&Answer]) -> String {
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    statuses.dedup();
    let statuses: Vec<_> = statuses.iter().map(u16::to_string).collect();
    statuses.join("+")
}

const SECOND: Duration = Duration::from_secs(1);
