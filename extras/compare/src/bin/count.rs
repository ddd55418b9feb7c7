//! Counts the Rust allocations of one request, minus the allocations of the service, with one back
//! end: `count rust_crypto`. Prints JSON. Allocations in the C code of the crypto are not counted.
//! A separate program, because counting takes time and would distort the timing.

use allocation_counter::measure;
use compare::drive::{Call, request};
use compare::issuer::Issuer;
use compare::peers::Peer;
use compare::process::{Backend, runtime, start};
use compare::results::Counts;
use compare::token::{self, Token};
use tower_jwt_auth::Algorithm;

fn main() {
    let backend = Backend::of_process();
    let runtime = runtime();
    let _entered = runtime.enter();
    let counts = run(&backend.peers());
    println!("{}", serde_json::to_string(&counts).expect("plain data"));
}

fn run(peers: &[Peer]) -> Counts {
    let issuer = Issuer::start(Algorithm::RS256);
    let mut counts = Counts::default();
    for peer in peers {
        let app = start(peer, &issuer);
        let (good, expired) = (token::good(&issuer, 1), token::expired(&issuer, 1));
        let served = || {
            let service = counted(&app.bare, &good);
            counted(&app.call, &good) - service
        };
        let name = || peer.name.to_owned();
        counts.first.insert(name(), served());
        counts.again.insert(name(), served());
        // The service is never reached, so there is nothing to subtract.
        counts.expired.insert(name(), counted(&app.call, &expired));
    }
    counts
}

fn counted(call: &Call, token: &Token) -> u64 {
    let request = request(&token.line);
    let counted = measure(|| {
        call(request);
    });
    counted.count_total
}
