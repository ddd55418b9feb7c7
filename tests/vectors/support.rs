//! What the suites share: the data, the verdicts and the exceptions to them.

use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Once};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tower_jwt_auth::config::JwtAuthConfigBuilder;
use tower_jwt_auth::error::{RejectionKind, TokenErrorKind};
use tower_jwt_auth::keys::KeySetError;
use tower_jwt_auth::test_util::internal::unix;
use tower_jwt_auth::test_util::internal::{JwsError, verify_jws_only};
use tower_jwt_auth::test_util::{FakeClock, TestKey};
use tower_jwt_auth::{Algorithm, AuthInfo, JwtAuthConfig, JwtVerifier, Rejection};

/// One suite: counts its rows, gathers what is wrong with them, and says both at the end.
pub(crate) struct Suite {
    name: &'static str,
    pub(crate) data: PathBuf,
    rows: usize,
    accepted: usize,
    refused: usize,
    faults: Vec<String>,
    exceptions: Vec<Exception>,
}

/// A verdict on which we and the data differ, and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    suite: String,
    id: String,
    expected: Verdict,
    actual: Verdict,
    reason: String,
    #[serde(skip)]
    met: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    Accept,
    Reject,
}

/// Why a token was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The key set is none.
    Keys,
    Token(TokenErrorKind),
    /// The keys could not be had: 503, which no token is let through on either.
    Unavailable,
}

/// Once, and past the capture of `cargo test`, which shows nothing of a test that passes.
fn say_that_nothing_runs() {
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        let line = b"vectors: not run, JWT_VECTORS is unset\n";
        std::io::stderr().write_all(line).unwrap();
    });
}

impl Suite {
    /// `None` when no data is given; data that is given and cannot be read fails later.
    pub(crate) fn open(name: &'static str) -> Option<Self> {
        let Some(data) = std::env::var_os("JWT_VECTORS") else {
            say_that_nothing_runs();
            return None;
        };
        Some(Self {
            data: data.into(),
            ..Self::of_our_own(name)
        })
    }

    /// A suite whose rows come from elsewhere than `JWT_VECTORS`, so that it always runs.
    pub(crate) fn of_our_own(name: &'static str) -> Self {
        Self {
            name,
            data: PathBuf::new(),
            rows: 0,
            accepted: 0,
            refused: 0,
            faults: Vec::new(),
            exceptions: exceptions(name),
        }
    }

    /// Counts a row as run.
    pub(crate) fn row(&mut self) {
        self.rows += 1;
    }

    /// Compares a verdict with the data's.
    pub(crate) fn verdict<T>(&mut self, id: &str, expected: Verdict, got: &Result<T, Refusal>) {
        let actual = match got {
            Ok(_) => Verdict::Accept,
            Err(_) => Verdict::Reject,
        };
        match actual {
            Verdict::Accept => self.accepted += 1,
            Verdict::Reject => self.refused += 1,
        }
        let listed = self.exceptions.iter_mut().find(|listed| listed.id == id);
        let as_wanted = match listed {
            None => actual == expected,
            Some(listed) => {
                listed.met = true;
                (listed.expected, listed.actual) == (expected, actual) && actual != expected
            }
        };
        let got = format!("{actual:?}, refused for {:?}", got.as_ref().err());
        self.check(id, as_wanted, format_args!("{got}; the data: {expected:?}"));
    }

    /// Asks for something beyond the verdict.
    pub(crate) fn check(&mut self, id: &str, holds: bool, otherwise: impl fmt::Display) {
        if !holds {
            self.faults.push(format!("{id}: {otherwise}"));
        }
    }

    pub(crate) fn accepted(&self) -> usize {
        self.accepted
    }

    pub(crate) fn refused(&self) -> usize {
        self.refused
    }

    /// Prints the count, which CI looks for, and fails for everything that was wrong.
    pub(crate) fn finish(mut self, found: usize, detail: impl fmt::Display) {
        println!("vectors: {}: {} rows run ({detail})", self.name, self.rows);
        for unmet in self.exceptions.iter().filter(|listed| !listed.met) {
            let fault = format!("{}: a listed exception without its row", unmet.id);
            self.faults.push(fault);
        }
        assert!(found > 0, "{}: the data holds no rows", self.name);
        assert_eq!(self.rows, found, "{}: rows run and rows found", self.name);
        let faults = self.faults.join("\n  ");
        assert!(self.faults.is_empty(), "{}:\n  {faults}", self.name);
    }
}

fn exceptions(suite: &str) -> Vec<Exception> {
    let listed: Vec<Exception> = serde_json::from_str(include_str!("exceptions.json")).unwrap();
    assert!(
        listed.iter().all(|exception| !exception.reason.is_empty()),
        "each exception has a reason"
    );
    listed
        .into_iter()
        .filter(|exception| exception.suite == suite)
        .collect()
}

/// An exception for a suite that does not exist would never be looked at.
#[test]
fn exceptions_name_suites() {
    let listed: Vec<Exception> = serde_json::from_str(include_str!("exceptions.json")).unwrap();
    for exception in listed {
        assert!(SUITES.contains(&exception.suite.as_str()), "{exception:?}");
    }
}

/// Those that compare verdicts.
const SUITES: &[&str] = &[
    "base64",
    "ecdsa",
    "ed25519",
    "mldsa",
    "pairs",
    "rfc",
    "rsapkcs1",
    "rsapss",
    "wycheproof",
];

/// A verdict that is not the data's is a fault, whichever way it differs, unless it is listed just
/// so.
#[test]
fn an_unexpected_success_is_as_bad_as_a_failure() {
    use Verdict::{Accept, Reject};
    let listed = |expected, actual| Exception {
        suite: "pairs".to_owned(),
        id: "row".to_owned(),
        expected,
        actual,
        reason: "a reason".to_owned(),
        met: false,
    };
    for (expected, actual, exception, is_fault) in [
        (Accept, Accept, None, false),
        (Reject, Reject, None, false),
        (Accept, Reject, None, true),
        (Reject, Accept, None, true),
        (Accept, Reject, Some(listed(Accept, Reject)), false),
        (Reject, Accept, Some(listed(Reject, Accept)), false),
        (Accept, Accept, Some(listed(Accept, Reject)), true),
        (Reject, Reject, Some(listed(Reject, Accept)), true),
        (Reject, Accept, Some(listed(Accept, Reject)), true),
        (Accept, Accept, Some(listed(Accept, Accept)), true),
    ] {
        let mut suite = Suite::of_our_own("pairs");
        suite.exceptions = exception.into_iter().collect();
        let got = match actual {
            Accept => Ok(()),
            Reject => Err(Refusal::Keys),
        };
        suite.verdict("row", expected, &got);
        assert_eq!(
            !suite.faults.is_empty(),
            is_fault,
            "{expected:?}, {actual:?}"
        );
    }
}

pub(crate) fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn json(path: &Path) -> Value {
    serde_json::from_str(&text(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The rows of a file that is a list.
pub(crate) fn rows(path: &Path) -> Vec<Value> {
    match json(path) {
        Value::Array(rows) => rows,
        _ => panic!("{}: not a list", path.display()),
    }
}

/// The files of a folder whose names end in one of these, in a fixed order.
pub(crate) fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .filter(|path| endings.iter().any(|ending| name(path).ends_with(ending)))
        .collect();
    files.sort();
    files
}

/// The last part of a path.
pub(crate) fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

pub(crate) fn jwk_set(keys: impl Into<Value>) -> Value {
    json!({"keys": keys.into()})
}

/// A token of this header and these claims; `alg` and `kid` become the key's.
pub(crate) fn sign(key: &TestKey, header: &Value, claims: &Value) -> String {
    let mut header = header.as_object().cloned().unwrap_or_default();
    header.insert("alg".to_owned(), key.algorithm().name().into());
    header.insert("kid".to_owned(), key.kid().into());
    key.sign_compact(&Value::from(header).to_string(), &claims.to_string())
}

/// A copy with one member set, or removed.
pub(crate) fn with(object: &Value, member: &str, value: Option<Value>) -> Value {
    let mut object = object.as_object().cloned().unwrap();
    match value {
        Some(value) => object.insert(member.to_owned(), value),
        None => object.remove(member),
    };
    object.into()
}

/// The verdict on signature and choice of key alone (RFC 7515 §5.2).
///
/// A set without a usable key would refuse whatever came. Then a stranger's key goes into it, so
/// that the token must answer for itself: `none`, an `HS*` or a foreign algorithm is refused by our
/// rules and not for want of keys.
pub(crate) fn at_seam(jwks: &Value, token: &str) -> Result<Vec<u8>, Refusal> {
    static STRANGER: LazyLock<Value> =
        LazyLock::new(|| TestKey::generate(Algorithm::ES256, "stranger").jwk());
    let verify = |jwks: &Value| verify_jws_only(jwks.to_string().as_bytes(), token);
    let verdict = match verify(jwks) {
        Err(JwsError::Keys(KeySetError::NoUsableKey { .. })) => {
            let mut keys = jwks["keys"].as_array().cloned().unwrap();
            keys.push(STRANGER.clone());
            verify(&jwk_set(keys))
        }
        verdict => verdict,
    };
    verdict.map_err(|error| match error {
        JwsError::Token(error) => Refusal::Token(error.kind()),
        _ => Refusal::Keys,
    })
}

/// A configuration whose clock stands. No leeway: the verdicts of the data know none.
pub(crate) fn frozen(issuer: &str, audience: &str, now: u64) -> JwtAuthConfigBuilder {
    // Exact: every date in the data is below 2^53.
    let clock = FakeClock::at(unix(now as f64));
    remembering(JwtAuthConfig::builder())
        .issuer(issuer)
        .audience(audience)
        .leeway(Duration::ZERO)
        .clock(&clock)
}

/// `REMEMBERED_TOKENS=0` runs the suites without a memory of verified tokens: the verdicts are the
/// same.
fn remembering(config: JwtAuthConfigBuilder) -> JwtAuthConfigBuilder {
    match std::env::var("REMEMBERED_TOKENS") {
        Ok(tokens) => config.token_cache_entries(tokens.parse().unwrap()),
        Err(_) => config,
    }
}

/// The verdict of the whole verifier, twice: the second time a good token is remembered.
pub(crate) async fn end_to_end(
    config: JwtAuthConfigBuilder,
    token: &str,
) -> Result<AuthInfo, Refusal> {
    let verifier = JwtVerifier::new(config.build().unwrap());
    let first = verifier.verify(token).await;
    let second = verifier.verify(token).await;
    assert_eq!(
        first.as_ref().map(shown).map_err(|e| refusal(e.clone())),
        second.as_ref().map(shown).map_err(|e| refusal(e.clone())),
        "the first look and the second"
    );
    second.map_err(refusal)
}

fn shown(auth: &AuthInfo) -> Value {
    serde_json::to_value(auth).unwrap()
}

fn refusal(rejection: Rejection) -> Refusal {
    match (rejection.kind(), rejection.token_error()) {
        (RejectionKind::KeysUnavailable, _) => Refusal::Unavailable,
        (RejectionKind::InvalidToken, Some(error)) => Refusal::Token(error.kind()),
        (kind, error) => panic!("no verdict on a token: {kind:?}, {error:?}"),
    }
}
