//! Measures the peers with one back end: `time aws_lc_rs`. Prints JSON.

use compare::process::{Backend, runtime};
use compare::{behaviour, timing};

fn main() {
    let backend = Backend::of_process();
    let runtime = runtime();
    let _entered = runtime.enter();
    let peers = backend.peers();
    let mut behaved = compare::results::Timings::default();
    // The back end makes no difference here, so one process is enough.
    let waiting = (backend == Backend::AwsLc).then(|| behaviour::run(&peers, &mut behaved));
    let mut timings = timing::run(&peers);
    if let Some(waiting) = waiting {
        waiting.finish(&mut behaved);
    }
    timings.behaviour = behaved.behaviour;
    println!("{}", serde_json::to_string(&timings).expect("plain data"));
}
