//! Proofs through the whole layer, at the rate that all cores give: `minute 60`, in seconds.
//!
//! Each proof is new: one thread for each core signs it as a client does and sends it as a server
//! would, so half of the time goes into the client's part. What the layer takes is measured apart.

use std::env;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use proofs::scene::Scene;
use proofs::servers::{Server, ours};
use tokio::runtime::Builder;
use tower_jwt_auth::Algorithm;
use tower_jwt_auth::test_util::TestIssuer;

/// Keys of each thread: one key may use a sixteenth of the memory of used proofs.
const CLIENTS: usize = 64;

/// What the requests of one thread got.
#[derive(Default)]
struct Counts {
    accepted: u64,
    /// 429 and 503: the memory of used proofs is full.
    limited: u64,
    wrong: u64,
    replays_accepted: u64,
    in_layer: Duration,
    slowest: Duration,
}

fn main() -> ExitCode {
    let seconds = env::args().nth(1).map_or(Ok(3), |text| text.parse::<u64>());
    let Ok(seconds) = seconds else {
        eprintln!("minute SECONDS");
        return ExitCode::FAILURE;
    };
    let time = Duration::from_secs(seconds);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let issuer = TestIssuer::start();
    let server = ours(&issuer);
    let began = Instant::now();
    let counts = thread::scope(|scope| {
        let run = || scope.spawn(|| send(&issuer, server.clone(), began + time));
        let running: Vec<_> = (0..threads).map(|_| run()).collect();
        let ended = running.into_iter().map(|thread| thread.join());
        ended
            .filter_map(Result::ok)
            .fold(Counts::default(), Counts::and)
    });
    counts.print(threads, began.elapsed());
    match counts.wrong + counts.replays_accepted {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn send(issuer: &TestIssuer, server: Server, end: Instant) -> Counts {
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| Scene::of(issuer, Algorithm::ES256))
        .collect();
    let mut counts = Counts::default();
    for client in clients.iter().cycle() {
        if Instant::now() >= end {
            return counts;
        }
        let request = client.good();
        let began = Instant::now();
        let status = runtime.block_on(server.status(&request)).as_u16();
        let took = began.elapsed();
        counts.in_layer += took;
        counts.slowest = counts.slowest.max(took);
        match status {
            200 => counts.accepted += 1,
            429 | 503 => counts.limited += 1,
            _ => counts.wrong += 1,
        }
        // One in a hundred comes again at once.
        if counts.accepted.is_multiple_of(100) && status == 200 {
            let again = runtime.block_on(server.status(&request)).as_u16();
            counts.replays_accepted += u64::from(again == 200);
        }
    }
    counts
}

impl Counts {
    fn and(self, other: Self) -> Self {
        Self {
            accepted: self.accepted + other.accepted,
            limited: self.limited + other.limited,
            wrong: self.wrong + other.wrong,
            replays_accepted: self.replays_accepted + other.replays_accepted,
            in_layer: self.in_layer + other.in_layer,
            slowest: self.slowest.max(other.slowest),
        }
    }

    fn print(&self, threads: usize, took: Duration) {
        let sent = self.accepted + self.limited + self.wrong;
        let seconds = took.as_secs_f64();
        let mean = self.in_layer.as_secs_f64() / sent.max(1) as f64;
        println!("{threads} threads, {seconds:.1} s");
        println!(
            "{sent} proofs, {:.0} a second, signed and verified",
            sent as f64 / seconds
        );
        println!(
            "{:.1} us in the layer on average, so {:.0} a second on {threads} cores",
            mean * 1e6,
            threads as f64 / mean
        );
        println!(
            "{:.1} ms in the layer at most",
            self.slowest.as_secs_f64() * 1e3
        );
        println!(
            "{} accepted, {} limited (429, 503), {} wrong, {} replays accepted",
            self.accepted, self.limited, self.wrong, self.replays_accepted
        );
    }
}
