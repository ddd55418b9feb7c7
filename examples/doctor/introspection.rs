//! The issuers that were asked about the token (RFC 7662), and what became of that.

use tower_jwt_auth::{AuthInfo, JwtVerifier, Rejection};

use crate::advice;
use crate::events::Event;
use crate::keys;
use crate::report::Report;

/// Nothing, if no issuer of the configuration can be asked.
pub(crate) fn tell(
    verifier: &JwtVerifier,
    events: &[Event],
    verdict: &Result<AuthInfo, Rejection>,
    code: Option<&str>,
    report: &mut Report,
) {
    let issuers = verifier.introspection().health();
    if issuers.is_empty() {
        return;
    }
    report.heading("introspection");
    for event in events.iter().filter(|event| event.is("exchanged")) {
        report.note(&keys::request(event));
    }
    let mut asked = issuers.iter().filter(|issuer| issuer.calls > 0).peekable();
    if asked.peek().is_none() {
        let names: Vec<_> = issuers.iter().map(|issuer| &*issuer.issuer).collect();
        report.note(&format!(
            "{} was not asked: the verdict needs no answer, or the token is not one of its own",
            names.join(", ")
        ));
    }
    for issuer in asked {
        let name = &issuer.issuer;
        match &issuer.last_error {
            Some(error) => {
                let advice = advice::for_introspection(error);
                report.problem("introspection", &format!("{name}: {error}"), advice);
            }
            None if code == Some("token_not_active") => {
                report.note(&format!("{name} says that the token is not active"));
            }
            None if verdict.is_ok() || code.is_some() => {
                report.good(&format!("{name} says that the token is active"));
            }
            None => report.note(&format!("{name} has answered")),
        }
    }
}
