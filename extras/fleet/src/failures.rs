//! The table of failures, walked through under load: what a good token gets in each second while
//! the store is killed, frozen, filled, emptied and poisoned.

use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::time::sleep;

use crate::fault_proxy::{Fault, FaultProxy};
use crate::issuer::CountingIssuer;
use crate::load::{Answer, Load};
use crate::replica::{Replica, Settings};
use crate::store_server::{NAMESPACE, PASSWORD, StoreServer, USER, url_at};

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

const SECONDS: u64 = 4;

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
    let (issuer, store) = (CountingIssuer::start().await, StoreServer::start());
    let proxy = FaultProxy::start(store.address()).await;
    let mut scene = Scene { store, proxy };
    let settings = Settings {
        issuer: issuer.url(),
        store: Some(url_at(scene.proxy.address())),
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
        happen(&mut scene);
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

/// The store, and the way to it.
struct Scene {
    store: StoreServer,
    proxy: FaultProxy,
}

type Happen = fn(&mut Scene);

const FAULTS: [(&str, Happen); 15] = [
    ("nothing", |_| {}),
    ("is killed", |scene| scene.store.kill()),
    ("is started again, empty", |scene| scene.store.restart()),
    ("is frozen (SIGSTOP)", |scene| scene.store.freeze()),
    ("goes on (SIGCONT)", |scene| scene.store.thaw()),
    ("answers half a second late", |scene| {
        scene.proxy.set(Fault::Delay(Duration::from_millis(250)));
    }),
    ("packets to it are dropped", |scene| {
        scene.proxy.set(Fault::Swallow);
    }),
    ("can be reached again", |scene| scene.proxy.set(Fault::None)),
    ("is full and evicts nothing", fill),
    ("is full and evicts", |scene| {
        let policy = ["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"];
        scene.store.must(&policy);
    }),
    ("has room again", |scene| {
        scene.store.must(&["CONFIG", "SET", "maxmemory", "0"]);
    }),
    ("is emptied (FLUSHALL)", |scene| {
        scene.store.must(&["FLUSHALL"]);
    }),
    ("is poisoned: junk under every name", |scene| {
        poison(&scene.store);
    }),
    ("refuses the password", |scene| {
        let other = ["ACL", "SETUSER", USER, "resetpass", ">another"];
        scene.store.must(&other);
        scene.store.must(&["CLIENT", "KILL", "USER", USER]);
    }),
    ("takes the password again", |scene| {
        let password = format!(">{PASSWORD}");
        let password = ["ACL", "SETUSER", USER, "resetpass", &password];
        scene.store.must(&password);
    }),
];

/// A value that takes more memory than there is from then on.
fn fill(scene: &mut Scene) {
    let used = scene.store.info("used_memory");
    let used = used.and_then(|used| used.parse::<u64>().ok());
    let limit = used.expect("a number") + 1024 * 1024;
    let store = &scene.store;
    store.must(&["SETRANGE", "filling", "4194304", "x"]);
    store.must(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    store.must(&["CONFIG", "SET", "maxmemory", &limit.to_string()]);
}

/// Somebody else who may write puts junk under all names, for ever.
fn poison(store: &StoreServer) {
    for kind in ["keys", "lease", "hold", "kid", "dpop", "session"] {
        for name in store.names(kind) {
            store.must(&["SET", &name, "junk"]);
        }
    }
    let stream = format!("tja1:{}:revoked", NAMESPACE);
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
