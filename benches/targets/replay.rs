//! The memory of used proofs, half full and full, and the check of a nonce.

use std::cell::Cell;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tower_jwt_auth::test_util::internal::{ServerNonces, UsedProofs};

use crate::measure::{Batch, Case, Figures, interleaved};
use crate::table::Report;
use crate::threads::factor;

/// The default of `dpop.replay_entries`.
const ENTRIES: usize = 256 * 1024;
const ROUNDS: usize = 60;
/// More than the full memory gets in a second, so that each batch also forgets.
const BATCH: u64 = 10_000;
const BEGAN: f64 = 1_700_000_000.0;
const WINDOW: u64 = 60;

pub(crate) fn run(report: &mut Report) {
    report.heading("First use of a proof, without its signature");
    memory(report);
    minute(report);
    threads(report);
    report.heading("Nonces");
    nonces(report);
}

/// Proofs of this moment from 250 keys, `rate` in a second.
struct Flood {
    proofs: UsedProofs,
    rate: f64,
    sent: Cell<u64>,
}

impl Flood {
    /// Lasts already for longer than a proof is remembered.
    fn new(rate: f64) -> Self {
        let flood = Self {
            proofs: UsedProofs::new(ENTRIES),
            rate,
            sent: Cell::new(0),
        };
        let minute = (rate * (WINDOW + 2) as f64) as u64;
        for number in flood.next(minute) {
            flood.send(number, &number.to_string()).unwrap();
        }
        flood
    }

    fn next(&self, count: u64) -> std::ops::Range<u64> {
        let from = self.sent.replace(self.sent.get() + count);
        from..from + count
    }

    fn send(&self, number: u64, jti: &str) -> Result<(), u16> {
        send(&self.proofs, self.rate, number, jti, number)
    }

    fn batch(&self) -> Batch<'_> {
        let jtis: Vec<_> = self.next(BATCH).map(|n| (n, n.to_string())).collect();
        Batch::new(jtis.len(), move || {
            for (number, jti) in &jtis {
                self.send(*number, jti).unwrap();
            }
        })
    }

    /// The last proofs again.
    fn replays(&self) -> Batch<'_> {
        let last = self.sent.get() - 1;
        let jtis: Vec<_> = (last - BATCH..=last).map(|n| (n, n.to_string())).collect();
        Batch::new(jtis.len(), move || {
            for (number, jti) in &jtis {
                let again = send(&self.proofs, self.rate, last, jti, *number);
                assert_eq!(again, Err(401));
            }
        })
    }
}

fn send(proofs: &UsedProofs, rate: f64, now: u64, jti: &str, number: u64) -> Result<(), u16> {
    let time = |number: u64| BEGAN + number as f64 / rate;
    let jkt = [(number % 250) as u8; 32];
    let last_second = time(number) as u64 + WINDOW;
    proofs.first_use(&jkt, jti, last_second, time(now))
}

fn memory(report: &mut Report) {
    let room = ENTRIES as f64 / (WINDOW + 1) as f64;
    let [half, full] = [0.5, 2.0].map(|load| Flood::new(room * load));
    let figures = interleaved(
        ROUNDS,
        [
            Case::new(|| half.batch()),
            Case::new(|| full.batch()),
            Case::new(|| full.replays()),
        ],
    );
    let [half, full, replay] = figures;
    let shown =
        |figures: Figures| format!("{:.3} us (median {:.3})", figures.least, figures.median);
    report.figure("half full", &shown(half));
    report.figure("full, of twice as many as fit", &shown(full));
    report.figure("replay, full", &shown(replay));
    report.at_most(
        "full, over half full",
        1.1,
        full.least / half.least,
        "x",
        "",
    );
}

/// 20,000 proofs a second for a minute, and after each the one before.
fn minute(report: &mut Report) {
    let (proofs, rate) = (UsedProofs::new(ENTRIES), 20_000.0);
    let (mut accepted, mut began) = (0_u64, Instant::now());
    let mut slowest = 0.0_f64;
    for number in 0..1_200_000_u64 {
        let jti = number.to_string();
        let once = send(&proofs, rate, number, &jti, number).is_ok();
        let twice = send(&proofs, rate, number, &jti, number).is_ok();
        accepted += u64::from(once && !twice);
        slowest = slowest.max(began.elapsed().as_secs_f64() * 1e6);
        began = Instant::now();
    }
    report.figure("accepted once, of 1,200,000", &accepted.to_string());
    report.figure(
        "slowest of them, with a second forgotten",
        &format!("{slowest:.0} us"),
    );
    let now = 1_200_000;
    let oldest = (0..now).rev().step_by(100).take_while(|number| {
        let new = format!("new {number}");
        send(&proofs, rate, now, &new, *number).is_ok()
    });
    let seconds = oldest.count() as f64 * 100.0 / rate;
    report.figure("then accepted up to an age of", &format!("{seconds:.1} s"));
}

fn threads(report: &mut Report) {
    if std::thread::available_parallelism().map_or(1, usize::from) < 2 {
        return;
    }
    let rate = ENTRIES as f64 / WINDOW as f64;
    let shared = UsedProofs::new(ENTRIES);
    let own = [(); 2].map(|()| UsedProofs::new(ENTRIES));
    let next = AtomicU64::new(0);
    let work = |proofs: &UsedProofs| {
        let from = next.fetch_add(2_000, Ordering::Relaxed);
        for number in from..from + 2_000 {
            send(proofs, rate, number, &number.to_string(), number).unwrap();
        }
    };
    let (apart, _) = factor(|thread| work(&own[thread]));
    let (together, both) = factor(|_| work(&shared));
    report.figure("two threads, a memory each", &format!("{apart:.2} times"));
    let detail = format!(" ({together:.2} times; both threads {both:.0} us)");
    report.at_least(
        "two threads, one memory, over that",
        0.9,
        together / apart,
        &detail,
    );
}

fn nonces(report: &mut Report) {
    let nonces = ServerNonces::new();
    let now = BEGAN + 400.0;
    let text = |at: f64| nonces.newest(at).to_str().unwrap().to_owned();
    let [newest, oldest] = [now, now - 300.0].map(text);
    let unknown = "AAAAAAAAAAAAAAAAAAAAAA";
    let check = |nonce: &str, wanted: bool| {
        for _ in 0..BATCH {
            assert_eq!(nonces.is_good(black_box(nonce), now), wanted);
        }
    };
    let checks = |nonce, wanted| move || Batch::new(BATCH as usize, move || check(nonce, wanted));
    let figures = interleaved(
        ROUNDS,
        [
            Case::new(checks(&*newest, true)),
            Case::new(checks(&*oldest, true)),
            Case::new(checks(unknown, false)),
            // Each is of another slice, so all are made.
            Case::new(|| {
                Batch::new(100, || {
                    for slice in 0..100 {
                        black_box(nonces.newest(now + f64::from(slice % 2) * 60.0));
                    }
                })
            }),
        ],
    );
    let names = ["the newest", "the oldest", "an unknown one"];
    for (name, figures) in names.into_iter().zip(figures) {
        report.at_most(name, 0.1, figures.least, " us", "");
    }
    let made = figures[3].least;
    report.figure(
        "the first in a slice, with all seven made",
        &format!("{made:.1} us"),
    );
}
