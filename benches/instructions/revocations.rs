//! A token that was seen before, in a process that has a list of revocations.

use std::time::SystemTime;

use http::StatusCode;
use tower_jwt_auth::fleet::Revocation;
use tower_jwt_auth::test_util::FakeClock;
use tower_jwt_auth::test_util::internal::fleet::RevocationList;

use crate::drive::{lines, request, service, status};
use crate::world::{ISSUER, World, config, ready};
use crate::{CALLS, run as count};

/// As many tokens as calls. The list has this many `entries`, and one more since its tokens were
/// seen if it has `changed`.
pub(crate) fn run(world: &World, entries: Option<usize>, changed: bool) {
    let clock = FakeClock::at(SystemTime::now());
    let list = RevocationList::new(&[&[1; 32]], 100_000, &clock);
    let revoke = |number: usize| {
        let revocation = Revocation::token(ISSUER, format!("revoked-{number}"));
        list.revoke(&revocation).unwrap();
    };
    let settings = config(world.source());
    let layer = match entries {
        None => ready(settings),
        Some(entries) => {
            (0..entries).for_each(revoke);
            ready(settings.revocations(&list))
        }
    };
    list.tick();
    let layered = service(&layer);
    let tokens = world.tokens(CALLS);
    let pass = || {
        for token in &tokens {
            assert_eq!(status(&layered, request(Some(&token.line))), StatusCode::OK);
        }
    };
    pass();
    if changed {
        revoke(ENTRIES);
        // All of them look in the list once more, as they do after each change.
        pass();
        revoke(ENTRIES + 1);
    }
    count(layered, lines(&tokens), StatusCode::OK);
}

/// Of a list that is not empty.
pub(crate) const ENTRIES: usize = 10_000;
