//! Shows each proof to this crate and to huskarl, and prints what they say. Ends with an error if
//! this crate is wrong, or if they differ where they did not before, or no longer do.

use std::process::ExitCode;

use proofs::rows::{Row, rows};
use proofs::servers::{Server, huskarl, ours};
use tower_jwt_auth::test_util::TestIssuer;

/// What was seen so far.
#[derive(Default)]
struct Seen {
    differing: Vec<(&'static str, &'static str)>,
    faults: Vec<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let issuer = TestIssuer::start();
    let (ours, huskarl) = (ours(&issuer), huskarl(&issuer).await);
    let mut seen = Seen::default();
    println!("| row | the one thing | this crate | huskarl | why they differ |");
    println!("| --- | --- | --- | --- | --- |");
    for row in rows(&issuer) {
        let own = statuses(&ours, &row).await;
        let other = statuses(&huskarl, &row).await;
        let why = seen.note(&row, &own, &other);
        let (own, other) = (shown(&own), shown(&other));
        println!("| {} | {} | {own} | {other} | {why} |", row.id, row.what);
    }
    seen.conclude()
}

impl Seen {
    fn note(&mut self, row: &Row, own: &[u16], other: &[u16]) -> &'static str {
        let Some((last, before)) = own.split_last() else {
            return "";
        };
        if (*last == 200) != row.is_good || before.iter().any(|status| *status != 200) {
            self.faults.push(format!("wrong: {} {}", row.id, row.what));
        }
        if (*last == 200) == (other.last() == Some(&200)) {
            return "";
        }
        self.differing.push((row.id, row.what));
        let known = KNOWN
            .iter()
            .find(|(id, what, _)| (*id, *what) == (row.id, row.what));
        match known {
            Some((_, _, why)) => why,
            None => {
                self.faults.push(format!("new: {} {}", row.id, row.what));
                "?"
            }
        }
    }

    fn conclude(mut self) -> ExitCode {
        for (id, what, _) in KNOWN {
            if !self.differing.contains(&(id, what)) {
                self.faults
                    .push(format!("no difference any more: {id} {what}"));
            }
        }
        println!("\n{} rows differ", self.differing.len());
        for fault in &self.faults {
            println!("{fault}");
        }
        match self.faults.is_empty() {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        }
    }
}

async fn statuses(server: &Server, row: &Row) -> Vec<u16> {
    let mut statuses = Vec::new();
    for request in &row.requests {
        statuses.push(server.status(request).await.as_u16());
    }
    statuses
}

fn shown(statuses: &[u16]) -> String {
    let all: Vec<_> = statuses.iter().map(u16::to_string).collect();
    all.join(", ")
}

const PRIVATE: &str = "RFC 9449 §4.3 (7): a private key must not be in jwk; each member that only private keys have tells of one";
const OTHER_KEY: &str = "RFC 7800 §3.1: the issuer bound the token to a key that was not proven";
const CRIT: &str =
    "RFC 7515 §4.1.11: the list must not be empty; RFC 7797 §7: b64 must not be in a JWT";
const QUERY: &str = "RFC 9449 §4.3 (9) compares without query and fragment; that there is none is a rule for clients (§4.2)";

/// The rows about which they differ, and why this crate keeps its own opinion.
const KNOWN: [(&str, &str, &str); 25] = [
    (
        "P09",
        "larger than 16 KiB",
        "RFC 9449 §11.1 asks for a limit: whoever has a token chooses the size of a proof",
    ),
    ("P28", "crit, empty", CRIT),
    ("P28", "b64", CRIT),
    ("P21", "p", PRIVATE),
    ("P21", "q", PRIVATE),
    ("P21", "dp", PRIVATE),
    ("P21", "dq", PRIVATE),
    ("P21", "qi", PRIVATE),
    ("P21", "oth", PRIVATE),
    ("P21", "k", PRIVATE),
    ("P21", "priv", PRIVATE),
    (
        "W05",
        "x5u in jwk, which is not read",
        "Nothing is fetched, so it does no harm; RFC 7517 §4.6 makes it optional",
    ),
    ("P22", "p", PRIVATE),
    ("P22", "dp", PRIVATE),
    ("P22", "oth", PRIVATE),
    ("P34", "cnf is null, as Bearer", OTHER_KEY),
    ("P34", "cnf is empty, as Bearer", OTHER_KEY),
    ("P34", "kid alone, as Bearer", OTHER_KEY),
    ("P34", "an unknown member alone, as Bearer", OTHER_KEY),
    ("P35", "jkt and jwk", OTHER_KEY),
    ("P35", "jkt and kid", OTHER_KEY),
    (
        "P40",
        "jti is empty",
        "RFC 9449 §4.2: jti must be unique to the proof, and an empty one is no identifier",
    ),
    ("W03", "a query", QUERY),
    ("W03", "a fragment", QUERY),
    (
        "W10",
        "one jti, two keys",
        "By jti alone, one client could use up the ids of another (RFC 9449 §11.1)",
    ),
];
