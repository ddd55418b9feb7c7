//! The face of this folder for the verifier: one issuer that is asked about tokens.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime;
use tokio::time::timeout_at;

use super::calls::{Call, Calls, Joined, Waiting};
use super::client::Client;
use super::failure::{Failure, FailureKind};
use super::health::IntrospectionHealth;
use super::introspector::{IntrospectionAnswer, Introspector};
use super::jwt::SignedAnswers;
use super::memory::{Ages, Kept, Memory};
use super::places::{Admission, Places};
use super::response::{self, Verdict};
use super::state::State;
use crate::base::clock::{Clock, Now, later};
use crate::limits::{FIRST_BACKOFF, MAX_INTROSPECTION_BYTES};
use crate::telemetry;
use crate::token::verified::Verified;
use crate::token::{AnswerRules, TokenError, TokenErrorKind, Vouched};

/// What the configuration says about the introspection of one issuer's tokens. Everything in it is
/// checked.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) source: Source,
    /// `None`: every opaque token.
    pub(crate) token_prefix: Option<String>,
    pub(crate) rules: AnswerRules,
    /// `None`: answers are plain JSON.
    pub(crate) signed: Option<SignedAnswers>,
    pub(crate) negative_max_age: Duration,
    pub(crate) max_stale: Duration,
    pub(crate) timeout: Duration,
    pub(crate) clock: Clock,
}

/// Who is asked.
#[derive(Debug)]
pub(crate) enum Source {
    Endpoint(Box<Client>),
    Own(Arc<dyn Introspector>),
}

/// One issuer that is asked about tokens: its answers, and the calls that are under way.
#[derive(Debug)]
pub(crate) struct Introspected {
    plan: Plan,
    memory: Memory,
    calls: Calls<Answered>,
    places: Places,
    state: State,
}

/// What is known of a token without a call.
#[derive(Debug)]
pub(crate) enum Looked {
    /// Nothing, or nothing that still counts.
    Ask,
    Known(Arc<Verified>),
    NotActive(TokenError),
}

/// What came of asking.
#[derive(Clone, Debug)]
pub(crate) enum Answered {
    Active(Arc<Verified>),
    NotActive(TokenError),
    /// No verdict.
    Unavailable {
        retry_after: Duration,
    },
}

/// How a call ended.
enum Outcome {
    Failed(Failure),
    /// It was not made, or had too little time to tell anything.
    NotMade {
        retry_after: Duration,
    },
    Verdict(Verdict),
}

impl Introspected {
    pub(crate) fn new(plan: Plan) -> Self {
        let ages = Ages {
            active: plan.rules.max_age,
            inactive: plan.negative_max_age,
            stale: plan.max_stale,
        };
        Self {
            plan,
            memory: Memory::new(ages),
            calls: Calls::new(),
            places: Places::new(),
            state: State::default(),
        }
    }

    /// Whether this issuer is asked about opaque tokens that look like this one.
    pub(crate) fn takes(&self, token: &[u8]) -> bool {
        let prefix = self.plan.token_prefix.as_ref();
        prefix.is_none_or(|prefix| token.starts_with(prefix.as_bytes()))
    }

    /// What is known of the token. An answer that will soon be too old is renewed in the
    /// background, so that busy callers never wait.
    pub(crate) fn look(self: &Arc<Self>, token: &[u8], now: Now) -> Looked {
        let kept = self.memory.active(token);
        if let Some(kept) = &kept {
            let is_fresh = self.is_fresh(kept, now);
            // While the endpoint is known to fail, nobody waits for it if an old answer may serve.
            let is_stale = || self.may_be_stale(kept, now) && self.state.pauses_with_stale();
            if is_fresh || is_stale() {
                if kept.takes_refresh(now.monotonic) {
                    self.refresh(token, kept, now);
                }
                telemetry::introspection_looked_up(if is_fresh { "active" } else { "stale" });
                return Looked::Known(kept.verified().clone());
            }
        }
        match self.memory.refusal(token, now.monotonic) {
            Some(error) => {
                telemetry::introspection_looked_up("not_active");
                Looked::NotActive(error)
            }
            None => {
                telemetry::introspection_looked_up("absent");
                Looked::Ask
            }
        }
    }

    /// Whether an answer that still counts is at hand.
    pub(crate) fn knows(&self, token: &[u8], now: Now) -> bool {
        self.at_hand(token, now).is_some()
    }

    /// Asks about the token, or waits for the call that is under way for it: at most `timeout` in
    /// all. `jwt` is the token itself, if it is a JWT that was verified here. A caller that goes
    /// away ends nothing that others wait for.
    pub(crate) async fn ask(
        self: &Arc<Self>,
        token: &[u8],
        jwt: Option<Arc<Verified>>,
    ) -> Answered {
        let now = self.plan.clock.now();
        let at_hand = || self.at_hand(token, now);
        match self.begin(token, jwt, now, at_hand) {
            Err(answered) => answered,
            Ok(waiting) => waiting.result().await.unwrap_or(UNAVAILABLE),
        }
    }

    /// Drops what is known of the token, so that its next use asks: for issuers that announce
    /// revocations.
    pub(crate) fn forget(&self, token: &[u8]) {
        // In this order: a call that ends in between keeps nothing.
        self.calls.forget(token);
        self.memory.forget(token);
    }

    pub(crate) fn health(&self) -> IntrospectionHealth {
        let now = self.plan.clock.now().monotonic;
        let (in_flight, kept) = (self.places.in_flight(), self.memory.active_answers());
        self.state.health(self.issuer(), in_flight, kept, now)
    }

    fn issuer(&self) -> &str {
        &self.plan.rules.policy.issuer
    }

    fn is_fresh(&self, kept: &Kept, now: Now) -> bool {
        self.memory.is_fresh(kept, &self.plan.rules.policy, now)
    }

    fn may_be_stale(&self, kept: &Kept, now: Now) -> bool {
        self.memory.may_be_stale(kept, &self.plan.rules.policy, now)
    }

    /// An answer that still counts.
    fn at_hand(&self, token: &[u8], now: Now) -> Option<Answered> {
        let kept = self.memory.active(token);
        match kept.filter(|kept| self.is_fresh(kept, now)) {
            Some(kept) => Some(Answered::Active(kept.verified().clone())),
            None => self
                .memory
                .refusal(token, now.monotonic)
                .map(Answered::NotActive),
        }
    }

    fn refresh(self: &Arc<Self>, token: &[u8], kept: &Kept, now: Now) {
        // Nobody waits for it.
        drop(self.begin(token, kept.jwt.clone(), now, || None));
    }

    /// Starts a call, or finds the one that is under way. The task is spawned here and not by the
    /// first one who waits, so that the call goes on without it.
    fn begin(
        self: &Arc<Self>,
        token: &[u8],
        jwt: Option<Arc<Verified>>,
        now: Now,
        at_hand: impl FnOnce() -> Option<Answered>,
    ) -> Result<Waiting<Answered>, Answered> {
        let Ok(runtime) = runtime::Handle::try_current() else {
            telemetry::no_runtime(self.issuer(), "tokens can only be introspected");
            return Err(UNAVAILABLE);
        };
        let deadline = later(now.monotonic, self.plan.timeout);
        let joined = self.calls.join(token, now.monotonic, deadline, at_hand);
        let (call, waiting) = match joined {
            Joined::Answered(answered) => return Err(answered),
            Joined::Later(waiting) => return Ok(waiting),
            Joined::First(call, waiting) => (call, waiting),
        };
        let is_known = self.memory.active(token).is_some();
        let refused = self.state.refuses_new(now.monotonic);
        if let Some(retry_after) = refused.filter(|_| !is_known) {
            return Err(Answered::Unavailable { retry_after });
        }
        let admission = self.places.admit(is_known).ok_or(UNAVAILABLE)?;
        runtime.spawn(self.clone().run(call, jwt, is_known, admission));
        Ok(waiting)
    }

    /// One call, from the wait for a place to what is kept of it.
    async fn run(
        self: Arc<Self>,
        call: Call<Answered>,
        jwt: Option<Arc<Verified>>,
        is_known: bool,
        _admission: Admission,
    ) {
        let outcome = self.outcome(&call, jwt.as_deref(), is_known).await;
        let now = self.plan.clock.now();
        let token: Box<[u8]> = call.token().into();
        match outcome {
            Outcome::Verdict(Verdict::Active(vouched)) => {
                let answered = Answered::Active(vouched.verified.clone());
                call.finish(answered, || self.keep(&token, vouched, jwt, now));
            }
            Outcome::Verdict(Verdict::NotActive(error)) => {
                let keep = || self.memory.keep_refusal(&token, error, now.monotonic);
                call.finish(Answered::NotActive(error), keep);
            }
            Outcome::Verdict(Verdict::NotActiveYet(error)) => {
                call.finish(Answered::NotActive(error), || self.memory.forget(&token));
            }
            Outcome::Verdict(Verdict::Fault(_)) => {}
            Outcome::Failed(failure) => {
                let stale = failure.kind().allows_stale();
                let answered = self.without_verdict(&token, failure.retry_after(), stale, now);
                call.finish(answered, || ());
            }
            Outcome::NotMade { retry_after } => {
                let stale = self.state.allows_stale();
                let answered = self.without_verdict(&token, Some(retry_after), stale, now);
                call.finish(answered, || ());
            }
        }
    }

    fn keep(&self, token: &[u8], vouched: Vouched, jwt: Option<Arc<Verified>>, now: Now) {
        self.memory.keep_active(token, vouched, jwt, now.monotonic);
    }

    async fn outcome(
        &self,
        call: &Call<Answered>,
        jwt: Option<&Verified>,
        is_known: bool,
    ) -> Outcome {
        let deadline = call.deadline();
        let Ok(token) = std::str::from_utf8(call.token()) else {
            let error = TokenErrorKind::MalformedToken.into();
            return Outcome::Verdict(Verdict::NotActive(error));
        };
        let retry_after = FIRST_BACKOFF;
        let place = timeout_at(deadline, self.places.take(is_known)).await;
        let Ok(Some(_place)) = place else {
            return Outcome::NotMade { retry_after };
        };
        let now = self.plan.clock.now();
        let underway = match self.state.begin(is_known, now.monotonic) {
            Ok(underway) => underway,
            Err(retry_after) => return Outcome::NotMade { retry_after },
        };
        let left = deadline.saturating_duration_since(now.monotonic);
        let result = timeout_at(deadline, self.call(token, jwt, now, left)).await;
        let ended = self.plan.clock.now().monotonic;
        let failure = match result {
            Ok(Ok(verdict)) => {
                if underway.succeeded(ended) {
                    telemetry::introspection_recovered(self.issuer());
                }
                return Outcome::Verdict(verdict);
            }
            Ok(Err(failure)) => failure,
            // The endpoint had too little time, after a long wait for a place.
            Err(_) if left < self.plan.timeout.mul_f64(0.5) => {
                return Outcome::NotMade { retry_after };
            }
            Err(_) => self.no_answer(),
        };
        telemetry::introspection_called(failure.kind().label());
        if underway.failed(&failure, ended) {
            let is_refusal = failure.kind().is_refusal();
            telemetry::introspection_failed(self.issuer(), &failure, is_refusal);
        }
        Outcome::Failed(failure)
    }

    async fn call(
        &self,
        token: &str,
        jwt: Option<&Verified>,
        now: Now,
        left: Duration,
    ) -> Result<Verdict, Failure> {
        let answer = self.plan.source.ask(token, now, left).await?;
        // The times of the answer are compared with the time at which it came.
        let now = self.plan.clock.now();
        let (signed, rules) = (self.plan.signed.as_ref(), &self.plan.rules);
        let verdict = response::read(answer, signed, rules, jwt, now).await;
        telemetry::introspection_called(match &verdict {
            Verdict::Active(_) => "active",
            Verdict::NotActive(_) | Verdict::NotActiveYet(_) => "not_active",
            Verdict::Fault(fault) => {
                let text = format!("the answer of the introspection endpoint is unusable: {fault}");
                return Err(Failure::new(FailureKind::Faulty, text));
            }
        });
        Ok(verdict)
    }

    fn no_answer(&self) -> Failure {
        let timeout = humantime::format_duration(self.plan.timeout);
        let text =
            format!("the introspection endpoint has not answered within the timeout of {timeout}");
        Failure::new(FailureKind::Unreachable, text)
    }

    /// The answer when the issuer could not be asked: an older one, if it still counts or may serve
    /// meanwhile.
    fn without_verdict(
        &self,
        token: &[u8],
        retry_after: Option<Duration>,
        may_be_stale: bool,
        now: Now,
    ) -> Answered {
        let kept = self.memory.active(token).filter(|kept| {
            self.is_fresh(kept, now) || (may_be_stale && self.may_be_stale(kept, now))
        });
        if let Some(kept) = kept {
            return Answered::Active(kept.verified().clone());
        }
        let pause = self.state.pause(now.monotonic);
        let retry_after = retry_after.max(pause).unwrap_or_default();
        Answered::Unavailable {
            retry_after: retry_after.max(FIRST_BACKOFF),
        }
    }
}

impl Source {
    async fn ask(
        &self,
        token: &str,
        now: Now,
        left: Duration,
    ) -> Result<IntrospectionAnswer, Failure> {
        let own = match self {
            Self::Endpoint(client) => return client.call(token, now, left).await,
            Self::Own(own) => own,
        };
        let answer = own.introspect(token).await?;
        match answer.body.len() > MAX_INTROSPECTION_BYTES {
            true => {
                let text = format!("an answer is larger than {MAX_INTROSPECTION_BYTES} bytes");
                Err(Failure::new(FailureKind::Faulty, text))
            }
            false => Ok(answer),
        }
    }
}

const UNAVAILABLE: Answered = Answered::Unavailable {
    retry_after: FIRST_BACKOFF,
};
