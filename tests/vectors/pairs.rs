//! Key set, token, clock and verdict, from the test suites of other libraries.

use serde::Deserialize as _;
use serde_json::{Value, json};
use tower_jwt_auth::Algorithm;
use tower_jwt_auth::error::TokenErrorKind::{
    self, AlgorithmNotAllowed, BadSignature, Expired, KeyMismatch, NotYetValid, UnknownKey,
    WrongSegments,
};
use tower_jwt_auth::keys::{FetchError, FetchFuture, FetchRequest, Fetched, KeySource};
use tower_jwt_auth::limits::DEFAULT_LEEWAY;
use tower_jwt_auth::test_util::TestKey;

use crate::support::{
    Refusal, Suite, Verdict, at_seam, end_to_end, frozen, jwk_set, rows, sign, with,
};

#[tokio::test]
async fn pairs() {
    let Some(mut suite) = Suite::open("pairs") else {
        return;
    };
    let rows = rows(&suite.data.join("pairs/pairs.json"));
    let mut levels = [0; 4];
    for row in &rows {
        let row = Row(row);
        let level = row.level();
        levels[level as usize] += 1;
        let verdict = match level {
            Level::EndToEnd => row.end_to_end().await,
            Level::Jws => at_seam(&row.0["jwks"], row.text("token")).map(drop),
            Level::Resigned => row.resigned(&mut suite).await,
            Level::Served => row.served(&mut suite).await,
        };
        suite.row();
        suite.verdict(row.id(), row.expected(), &verdict);
        row.check_reason(&mut suite, &verdict);
    }
    let [whole, jws, resigned, served] = levels;
    suite.finish(
        rows.len(),
        format_args!(
            "{whole} end to end, {resigned} end to end with an audience added, \
             {served} end to end with the answer of the row, {jws} at the JWS seam"
        ),
    );
}

struct Row<'r>(&'r Value);

/// Where a row means something.
#[derive(Clone, Copy)]
enum Level {
    EndToEnd,
    /// Signature and choice of key: the token lacks a claim that we require, or its payload is
    /// prose.
    Jws,
    /// What the row refuses is a claim, which the JWS seam does not see, but its token lacks `aud`,
    /// for which we would refuse it before: the claims get an audience and another signature.
    Resigned,
    /// What the row refuses is the answer of the issuer.
    Served,
}

impl Row<'_> {
    fn level(&self) -> Level {
        let claims = &self.0["claims"];
        let has_required = ["exp", "iss", "aud"]
            .iter()
            .all(|name| !claims[name].is_null());
        let is_issued = claims["iat"].as_u64() <= self.0["verify_at"].as_u64();
        if !self.0["jwks_http_status"].is_null() {
            Level::Served
        } else if self.0["level"] == "jws" || self.text("reason").contains("JWS level only") {
            Level::Jws
        } else if has_required && is_issued {
            Level::EndToEnd
        } else if self.0["category"] == "claims" {
            Level::Resigned
        } else {
            Level::Jws
        }
    }

    async fn end_to_end(&self) -> Result<(), Refusal> {
        let aud = &self.0["aud"];
        let audience = aud.as_str().or(aud[0].as_str()).unwrap();
        let config = frozen(self.text("iss"), audience, self.number("verify_at"))
            .jwks(self.0["jwks"].clone());
        end_to_end(config, self.text("token")).await.map(drop)
    }

    /// The claims are those that the row's own signature covers, and they pass at another time.
    async fn resigned(&self, suite: &mut Suite) -> Result<(), Refusal> {
        let payload = at_seam(&self.0["jwks"], self.text("token"))?;
        let claims: Value = serde_json::from_slice(&payload).unwrap();
        let claims = with(&claims, "aud", Some(AUDIENCE.into()));
        let key = TestKey::generate(Algorithm::ES256, "k");
        let token = sign(&key, &self.0["header"], &claims);
        // The tokens of these rows expire as they begin: only within a leeway were they ever good.
        let at = |now| {
            frozen(self.text("iss"), AUDIENCE, now)
                .jwks(jwk_set(vec![key.jwk()]))
                .leeway(DEFAULT_LEEWAY)
        };
        let in_time = end_to_end(at(claims["nbf"].as_u64().unwrap()), &token).await;
        suite.check(self.id(), in_time.is_ok(), "refused at a good time too");
        end_to_end(at(self.number("verify_at")), &token)
            .await
            .map(drop)
    }

    /// No static set can be an answer of status 404, so a source gives it. The row's token lacks
    /// claims and would be refused before any key is asked for: a good one shows what the answer
    /// does.
    async fn served(&self, suite: &mut Suite) -> Result<(), Refusal> {
        let verify_at = self.number("verify_at");
        let key = TestKey::generate(
            Algorithm::RS256,
            self.0["header"]["kid"].as_str().unwrap_or_default(),
        );
        let claims = json!({"iss": ISSUER, "aud": AUDIENCE, "exp": verify_at + 60});
        let token = sign(&key, &self.0["header"], &claims);
        let with_answer = |answer: Answer| frozen(ISSUER, AUDIENCE, verify_at).key_source(answer);
        let good = Answer {
            status: 200,
            body: jwk_set(vec![key.jwk()]).to_string(),
        };
        let answer = Answer {
            status: self.number("jwks_http_status"),
            body: self.0["jwks_raw"].as_str().unwrap_or_default().to_owned(),
        };
        let control = end_to_end(with_answer(good), &token).await;
        suite.check(self.id(), control.is_ok(), "refused with a good answer too");
        let own = end_to_end(with_answer(answer.clone()), self.text("token")).await;
        suite.check(self.id(), own.is_err(), "the row's own token is accepted");
        end_to_end(with_answer(answer), &token).await.map(drop)
    }

    /// A reject row that is refused for another reason shows nothing.
    fn check_reason(&self, suite: &mut Suite, verdict: &Result<(), Refusal>) {
        let Err(refusal) = verdict else { return };
        let reason = self.text("reason");
        let known = REASONS.iter().find(|(part, _)| reason.contains(part));
        if let Some((_, wanted)) = known {
            suite.check(
                self.id(),
                wanted.contains(refusal),
                format_args!("refused for {refusal:?}, but should be for {reason:?}"),
            );
        }
    }

    fn id(&self) -> &str {
        self.text("id")
    }

    fn expected(&self) -> Verdict {
        Verdict::deserialize(&self.0["expected"]).unwrap()
    }

    fn text(&self, member: &str) -> &str {
        let text = self.0[member].as_str();
        text.unwrap_or_else(|| panic!("{member} is missing: {}", self.0["id"]))
    }

    fn number(&self, member: &str) -> u64 {
        let number = self.0[member].as_u64();
        number.unwrap_or_else(|| panic!("{member} is missing: {}", self.0["id"]))
    }
}

/// What an issuer answers to the one who fetches its keys.
#[derive(Clone, Debug)]
struct Answer {
    status: u64,
    body: String,
}

impl KeySource for Answer {
    fn fetch<'a>(&'a self, _known: FetchRequest<'a>) -> FetchFuture<'a> {
        Box::pin(async move {
            match self.status {
                200 => Ok(Fetched::document(self.body.as_str())),
                status => Err(FetchError::new(format!("status {status}"))),
            }
        })
    }
}

const ISSUER: &str = "https://idp.example.com";
const AUDIENCE: &str = "https://mcp.example.com/mcp";

const fn token(kind: TokenErrorKind) -> Refusal {
    Refusal::Token(kind)
}

/// What a row's words for its refusal mean here. A key that we skip is a key that is not there.
const REASONS: &[(&str, &[Refusal])] = &[
    (
        "alg none",
        &[token(BadSignature), token(AlgorithmNotAllowed)],
    ),
    ("cannot be used for signing", &[token(UnknownKey)]),
    ("could not find jwk with kid", &[token(UnknownKey)]),
    ("ES256K unsupported", &[token(AlgorithmNotAllowed)]),
    ("Ed448 unsupported", &[token(AlgorithmNotAllowed)]),
    ("expired", &[token(Expired)]),
    ("failed fetching jwks", &[Refusal::Unavailable]),
    ("in the future", &[token(NotYetValid)]),
    ("invalid jwks format", &[Refusal::Unavailable]),
    ("jwks invalid format", &[Refusal::Unavailable]),
    ("kid not in the key set", &[token(UnknownKey)]),
    ("no key with that kid", &[token(UnknownKey)]),
    ("parsed token is a jwe", &[token(WrongSegments)]),
    ("signature by another key", &[token(BadSignature)]),
    // RFC 8725 §3.1: the secret is in the set, and it is no key for us.
    (
        "asymmetric-only verifier",
        &[token(KeyMismatch), token(UnknownKey)],
    ),
];
