//! What an answer of the endpoint means.

use super::introspector::{IntrospectionAnswer, MediaType};
use super::jwt::{self, SignedAnswers};
use crate::base::byte_order_mark::without_byte_order_mark;
use crate::base::clock::Now;
use crate::base::escape::shown;
use crate::token::verified::Verified;
use crate::token::{AnswerError, AnswerRules, TokenError, TokenErrorKind, Vouched, judge};

/// What the issuer says of a token.
#[derive(Debug)]
pub(super) enum Verdict {
    Active(Vouched),
    NotActive(TokenError),
    /// It is refused now, but its time comes: `nbf` or `iat` lies ahead.
    NotActiveYet(TokenError),
    /// The endpoint is at fault, and nothing is known about the token.
    Fault(String),
}

/// Judges an answer with status 200. `signed`: it must be a JWT (RFC 9701). `jwt` is the token
/// itself, if it is a JWT that was verified here.
pub(super) async fn read(
    answer: IntrospectionAnswer,
    signed: Option<&SignedAnswers>,
    rules: &AnswerRules,
    jwt: Option<&Verified>,
    now: Now,
) -> Verdict {
    let wanted = match signed {
        Some(_) => "application/token-introspection+jwt",
        None => "application/json",
    };
    if let Some(wrong) = answer.media_type.filter(|it| !it.is(wanted)) {
        let wrong = shown(&wrong.0);
        return Verdict::Fault(format!("its media type is {wrong:?} and not {wanted}"));
    }
    let json = match signed {
        Some(signed) => jwt::open(&answer.body, signed, &rules.policy, now).await,
        None => {
            let json = without_byte_order_mark(&answer.body).to_vec();
            String::from_utf8(json).map_err(|_| "it is no UTF-8".to_owned())
        }
    };
    let judged = json.map(|json| judge(json, rules, jwt, now.wall));
    match judged {
        Ok(Ok(vouched)) => Verdict::Active(vouched),
        Ok(Err(AnswerError::Refused(error))) => match error.kind() {
            TokenErrorKind::IssuedInTheFuture | TokenErrorKind::NotYetValid => {
                Verdict::NotActiveYet(error)
            }
            _ => Verdict::NotActive(error),
        },
        Ok(Err(AnswerError::Fault(fault))) => Verdict::Fault(fault.to_string()),
        Err(fault) => Verdict::Fault(fault),
    }
}

impl MediaType {
    /// Case and parameters do not count (RFC 9110 §8.3.1).
    fn is(&self, wanted: &str) -> bool {
        let Self(text) = self;
        let end = text.find(';').unwrap_or(text.len());
        let kind = text.get(..end).unwrap_or_default().trim();
        kind.eq_ignore_ascii_case(wanted)
    }
}
