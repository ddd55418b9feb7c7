//! The token: what it says of itself, and the verdict.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderValue, Request};
use serde_json::Value;
use tower_jwt_auth::{AuthInfo, JwtVerifier, Rejection};

use crate::advice;
use crate::events::{Event, Events};
use crate::introspection;
use crate::report::Report;
use crate::settings::Proofs;

/// A token as people copy it: alone, with its scheme, or as a whole header.
#[derive(Clone, Copy)]
pub(crate) struct Pasted<'t> {
    has_dpop_scheme: bool,
    pub(crate) token: &'t str,
}

impl<'t> Pasted<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        let text = text.trim();
        let value = match text.split_once(':') {
            Some((name, value)) if name.trim_end().eq_ignore_ascii_case("authorization") => value,
            _ => text,
        };
        let value = value.trim();
        let (has_dpop_scheme, token) = match value.split_once(' ') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => (false, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("dpop") => (true, rest),
            _ => (false, value),
        };
        Self {
            has_dpop_scheme,
            token: token.trim(),
        }
    }
}

pub(crate) async fn check(
    verifier: &JwtVerifier,
    pasted: Pasted<'_>,
    proofs: Proofs,
    events: &Events,
    report: &mut Report,
) {
    report.heading("token");
    let token = pasted.token;
    let claims = describe(token, report);
    let Ok(line) = HeaderValue::from_str(&format!("Bearer {token}")) else {
        let text = "it has a line break, or a character that no header may have";
        let code = "token_malformed";
        report.problem(code, text, advice::for_code(code));
        return;
    };
    events.take();
    let request = Request::get("/").header("authorization", line).body(());
    let Ok((parts, ())) = request.map(Request::into_parts) else {
        return;
    };
    let verdict = verifier.verify_request(&parts).await;
    let events = events.take();
    let refusal = events.iter().find(|event| event.is("request_refused"));
    let code = refusal.and_then(|event| event.get("code"));
    introspection::tell(verifier, &events, &verdict, code, report);
    report.heading("verdict");
    match verdict {
        Ok(_) if pasted.has_dpop_scheme => {
            let code = if proofs.dpop {
                "not_bound_to_key"
            } else {
                "dpop_off"
            };
            let text = format!("{code}: it came with the scheme DPoP, and is not bound to a key");
            report.problem(code, &text, advice::for_code(code));
        }
        Ok(auth) => report.good(&accepted(&auth)),
        Err(_) if code.is_some_and(wants_proof) && proofs.fit(claims.as_ref()) => {
            report.good("accepted so far: bound to a key; needs a proof, which its client makes");
            report
                .note("what follows the proof was not checked: the signature of a JWT, the scopes");
        }
        Err(rejection) => rejected(&rejection, refusal, claims.as_ref(), verifier, report),
    }
}

/// This program has neither the key nor the certificate of the client.
fn wants_proof(code: &str) -> bool {
    matches!(code, "certificate_mismatch" | "proof_missing")
}

impl Proofs {
    /// Whether one of them may be what the token needs. What an opaque token is bound to is in the
    /// answer of its issuer.
    fn fit(self, claims: Option<&Value>) -> bool {
        let Some(claims) = claims else {
            return self.dpop || self.mtls;
        };
        let names = |way: &str| claims["cnf"].get(way).is_some();
        (self.dpop && names("jkt")) || (self.mtls && names("x5t#S256"))
    }
}

fn accepted(auth: &AuthInfo) -> String {
    let scopes = match auth.scopes() {
        [] => "no scope".to_owned(),
        scopes => format!("the scopes {}", scopes.join(" ")),
    };
    format!("accepted, with {scopes}")
}

fn rejected(
    rejection: &Rejection,
    refusal: Option<&Event>,
    claims: Option<&Value>,
    verifier: &JwtVerifier,
    report: &mut Report,
) {
    let field = |name| refusal.and_then(|event| event.get(name));
    let code = field("code").unwrap_or("rejected");
    let reason = field("reason").map_or_else(|| rejection.to_string(), ToOwned::to_owned);
    let status = rejection.status().as_u16();
    if let Some(challenge) = rejection
        .www_authenticate()
        .and_then(|value| value.to_str().ok())
    {
        report.note(&format!("the client is told: {status}, {challenge}"));
    }
    let name = issuer_with_another_slash(claims, verifier)
        .filter(|_| code == "issuer_unknown")
        .map(|issuer| format!("Set `issuer` to {issuer:?}: only the slash at the end differs"));
    let advice = name.as_deref().or(advice::for_code(code));
    report.problem(code, &format!("{code}: {reason}"), advice);
}

/// What the token names, if only a slash at the end tells it from a configured issuer.
fn issuer_with_another_slash(claims: Option<&Value>, verifier: &JwtVerifier) -> Option<String> {
    let issuer = claims?.get("iss")?.as_str()?;
    let bare = |name: &str| name.trim_end_matches('/').to_owned();
    let configured = verifier.keys_health().issuers;
    let is_near = configured
        .iter()
        .any(|other| bare(&other.issuer) == bare(issuer));
    is_near.then(|| issuer.to_owned())
}

/// Shows what events show of a token, and its times. Nothing of it is verified yet.
fn describe(token: &str, report: &Report) -> Option<Value> {
    let mut segments = token.split('.').map(|segment| {
        let json = URL_SAFE_NO_PAD.decode(segment).ok()?;
        serde_json::from_slice::<Value>(&json).ok()
    });
    let (Some(header), Some(claims)) = (segments.next().flatten(), segments.next().flatten())
    else {
        report.note("it is no JWT, as far as can be seen");
        return None;
    };
    let shown = |value: &Value| value.to_string().chars().take(128).collect::<String>();
    for (members, of) in [
        (["alg", "typ", "kid"], &header),
        (["iss", "aud", ""], &claims),
    ] {
        let named = members.iter().filter_map(|name| {
            let value = of.get(name)?;
            Some(format!("{name} {}", shown(value).escape_default()))
        });
        report.note(&named.collect::<Vec<_>>().join(", ").replace("\\\"", "\""));
    }
    let times = ["iat", "nbf", "exp"].iter().filter_map(|name| {
        let at = claims.get(name)?.as_f64()?;
        Some(format!("{name} {}", relative(at)))
    });
    report.note(&times.collect::<Vec<_>>().join(", "));
    if let Some(members) = claims.get("cnf").and_then(Value::as_object) {
        let ways: Vec<_> = members
            .keys()
            .map(|way| shown(&Value::from(way.as_str())))
            .collect();
        report.note(&format!("bound to a key by cnf {}", ways.join(", ")));
    }
    Some(claims)
}

/// `in 9m` or `2h ago`.
fn relative(at: f64) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let ahead = at - now.unwrap_or_default().as_secs_f64();
    let Ok(distance) = Duration::try_from_secs_f64(ahead.abs().trunc()) else {
        return "is no time".to_owned();
    };
    let distance = humantime::format_duration(distance);
    match ahead < 0.0 {
        true => format!("{distance} ago"),
        false => format!("in {distance}"),
    }
}
