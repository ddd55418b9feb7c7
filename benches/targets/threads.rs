//! Two threads against one.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use tower_jwt_auth::Algorithm;

use crate::drive::{self, request, service, status};
use crate::table::Report;
use crate::world::{World, config, ready};

pub(crate) const ROUNDS: usize = 60;

pub(crate) fn run(report: &mut Report) {
    if std::thread::available_parallelism().map_or(1, usize::from) < 2 {
        println!("one processor: no threads to compare");
        return;
    }
    report.heading("Two threads against one, over the factor of the bare verification");
    let world = World::new(Algorithm::RS256);
    let tokens = world.tokens(1000);
    let (bare, _) = factor(|thread| {
        for token in &tokens[thread * 100..][..20] {
            world.verify(token);
        }
    });
    report.figure("bare verification", &format!("{bare:.2} times"));
    let service = service(&world.layer());
    for token in &tokens[..200] {
        status(&service, request(Some(&token.line)));
    }
    let [forgetful, crowded] = [0, 1].map(|entries| {
        let layer = ready(config(world.source()).token_cache_entries(entries));
        drive::service(&layer)
    });
    let turns = [const { AtomicUsize::new(0) }; 2];
    let rows: [(&str, &(dyn Fn(usize) + Sync)); 5] = [
        ("first sight, nothing is remembered", &|thread| {
            for token in &tokens[thread * 100..][..20] {
                status(&forgetful, request(Some(&token.line)));
            }
        }),
        // Each of five hundred has been evicted when it comes again.
        ("first sight, in a cache that is full", &|thread| {
            for _ in 0..60 {
                let turn = turns[thread].fetch_add(1, Ordering::Relaxed);
                let token = &tokens[thread * 500 + turn % 500];
                status(&crowded, request(Some(&token.line)));
            }
        }),
        ("remembered, a token each", &|thread| {
            for _ in 0..500 {
                status(&service, request(Some(&tokens[thread].line)));
            }
        }),
        ("remembered, one token for both", &|_| {
            for _ in 0..500 {
                status(&service, request(Some(&tokens[0].line)));
            }
        }),
        ("remembered, 100 tokens each", &|thread| {
            for token in tokens[thread * 100..][..100].iter().cycle().take(500) {
                status(&service, request(Some(&token.line)));
            }
        }),
    ];
    for (name, work) in rows {
        let (measured, both) = factor(work);
        let detail = format!("x ({measured:.2} times; both threads {both:.0} us)");
        report.at_most(name, 1.03, bare / measured, "", &detail);
    }
}

/// How much more work two threads do than one in the same time, and how long both take, in
/// microseconds.
pub(crate) fn factor(work: impl Fn(usize) + Sync) -> (f64, f64) {
    let one = (0..ROUNDS).map(|_| time(1, &work)).fold(f64::MAX, f64::min);
    let two = (0..ROUNDS).map(|_| time(2, &work)).fold(f64::MAX, f64::min);
    (2.0 * one / two, two * 1e6)
}

fn time(threads: usize, work: &(impl Fn(usize) + Sync)) -> f64 {
    let start = Barrier::new(threads);
    let times: Vec<f64> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|thread| {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    let began = Instant::now();
                    work(thread);
                    began.elapsed().as_secs_f64()
                })
            })
            .collect();
        running.into_iter().map(|one| one.join().unwrap()).collect()
    });
    times.into_iter().fold(0.0, f64::max)
}
