use super::*;

const NEW: bool = false;
const KNOWN: bool = true;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Pauses, and a clock that the test moves.
struct Endpoint {
    pauses: Pauses,
    now: Instant,
}

impl Endpoint {
    fn new() -> Self {
        Self {
            pauses: Pauses::default(),
            now: Instant::now(),
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now = later(self.now, time);
    }

    fn begin(&mut self, is_known: bool) -> Result<Ticket, Duration> {
        self.pauses.begin(is_known, self.now)
    }

    fn fail(&mut self, ticket: Ticket, retry_after: Option<Duration>) {
        self.pauses.failed(ticket, retry_after, self.now);
    }

    fn fail_in_a_row(&mut self, calls: u32) {
        for _ in 0..calls {
            let ticket = self.begin(NEW).unwrap();
            self.fail(ticket, None);
        }
    }

    fn left(&self) -> Option<Duration> {
        self.pauses.left(self.now)
    }
}

#[test]
fn five_failures_in_a_row_pause_calls_for_new_tokens() {
    let mut endpoint = Endpoint::new();
    endpoint.fail_in_a_row(4);
    assert!(!endpoint.pauses.succeeded(), "there was no pause to end");
    endpoint.fail_in_a_row(4);
    assert_eq!(endpoint.left(), None);
    endpoint.fail_in_a_row(1);
    assert_eq!(endpoint.left(), Some(seconds(1)));
    assert_eq!(endpoint.begin(NEW).unwrap_err(), seconds(1));
    assert!(endpoint.begin(KNOWN).is_ok());
}

#[test]
fn what_a_token_may_have_caused_does_not_count() {
    let mut endpoint = Endpoint::new();
    for _ in 0..1000 {
        let ticket = endpoint.begin(NEW).unwrap();
        endpoint.pauses.given_up(ticket);
    }
    assert_eq!(endpoint.left(), None);
    // Neither is it a success.
    endpoint.fail_in_a_row(4);
    let ticket = endpoint.begin(NEW).unwrap();
    endpoint.pauses.given_up(ticket);
    endpoint.fail_in_a_row(1);
    assert!(endpoint.left().is_some());
}

#[test]
fn one_probe_at_a_time_and_each_that_fails_doubles_the_pause() {
    let mut endpoint = Endpoint::new();
    endpoint.fail_in_a_row(5);
    for pause in [1, 2, 4, 8, 16, 30, 30] {
        assert_eq!(endpoint.left(), Some(seconds(pause)));
        endpoint.pass(seconds(pause) - Duration::from_millis(1));
        assert!(endpoint.begin(NEW).is_err());
        endpoint.pass(Duration::from_millis(1));
        let probe = endpoint.begin(NEW).unwrap();
        assert_eq!(endpoint.begin(NEW).unwrap_err(), seconds(1), "one probe");
        endpoint.fail(probe, None);
    }
    endpoint.pass(seconds(30));
    let probe = endpoint.begin(NEW).unwrap();
    assert!(probe.is_probe);
    assert!(endpoint.pauses.succeeded());
    assert!(endpoint.begin(NEW).is_ok());
    assert!(endpoint.begin(NEW).is_ok());
    // The next pause begins with a second again.
    endpoint.fail_in_a_row(5);
    assert_eq!(endpoint.left(), Some(seconds(1)));
}

#[test]
fn a_probe_that_is_given_up_makes_room_for_the_next() {
    let mut endpoint = Endpoint::new();
    endpoint.fail_in_a_row(5);
    endpoint.pass(seconds(1));
    let probe = endpoint.begin(NEW).unwrap();
    endpoint.pauses.given_up(probe);
    assert!(endpoint.begin(NEW).is_ok());
}

#[test]
fn calls_that_began_before_a_pause_do_not_lengthen_it() {
    let mut endpoint = Endpoint::new();
    let early: Vec<_> = (0..20).map(|_| endpoint.begin(NEW).unwrap()).collect();
    for ticket in &early {
        endpoint.fail(*ticket, None);
    }
    assert_eq!(endpoint.left(), Some(seconds(1)));
    // Nor do they begin one after the endpoint has come back.
    endpoint.pass(seconds(1));
    let _probe = endpoint.begin(NEW).unwrap();
    endpoint.pauses.succeeded();
    for ticket in &early {
        endpoint.fail(*ticket, Some(seconds(60)));
    }
    assert_eq!(endpoint.left(), None);
}

#[test]
fn tokens_that_were_active_probe_too() {
    let mut endpoint = Endpoint::new();
    endpoint.fail_in_a_row(5);
    // During the pause they change nothing.
    let ticket = endpoint.begin(KNOWN).unwrap();
    endpoint.fail(ticket, None);
    assert_eq!(endpoint.left(), Some(seconds(1)));
    endpoint.pass(seconds(1));
    let probe = endpoint.begin(KNOWN).unwrap();
    assert!(endpoint.begin(NEW).is_err());
    assert!(!endpoint.begin(KNOWN).unwrap().is_probe);
    endpoint.fail(probe, None);
    assert_eq!(endpoint.left(), Some(seconds(2)));
}

#[test]
fn retry_after_pauses_at_once() {
    let mut endpoint = Endpoint::new();
    let ticket = endpoint.begin(NEW).unwrap();
    endpoint.fail(ticket, Some(seconds(7)));
    assert_eq!(endpoint.begin(NEW).unwrap_err(), seconds(7));
    endpoint.pass(seconds(7));
    let probe = endpoint.begin(NEW).unwrap();
    endpoint.fail(probe, None);
    assert_eq!(endpoint.left(), Some(seconds(2)), "the second pause");
    let mut endpoint = Endpoint::new();
    let ticket = endpoint.begin(NEW).unwrap();
    endpoint.fail(ticket, Some(Duration::ZERO));
    assert_eq!(endpoint.left(), None, "as any failure");
}
