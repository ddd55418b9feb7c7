//! The token: what it says of itself, and the verdict.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderValue, Request};
use serde_json::Value;
use tower_jwt_auth::{AuthInfo, JwtVerifier, Rejection};

use crate::events::{Event, Events};
use crate::pasted::Pasted;
use crate::report::Report;
use crate::settings::{Proofs, Wanted};
use crate::{advice, further, introspection};

/// What judges a token, and what is known of its settings.
#[derive(Clone, Copy)]
pub(crate) struct Server<'s> {
    pub(crate) events: &'s Events,
    pub(crate) proofs: Proofs,
    pub(crate) verifier: &'s JwtVerifier,
    pub(crate) wanted: &'s [Wanted],
}

/// What a JWT says of itself. Nothing of it is verified.
#[derive(Clone, PartialEq)]
pub(crate) struct Contents {
    pub(crate) header: Value,
    pub(crate) claims: Value,
    pub(crate) signature: String,
}

pub(crate) async fn check(pasted: &Pasted, server: Server<'_>, report: &mut Report) {
    report.heading("token");
    for note in &pasted.notes {
        report.note(note);
    }
    for fault in &pasted.faults {
        let text = format!("{}: {}", fault.code, fault.text);
        report.problem(fault.code, &text, fault.advice);
    }
    let contents = Contents::of(&pasted.token);
    match &contents {
        Some(contents) => contents.describe(report),
        None if pasted.faults.is_empty() => report.note("it is no JWT, as far as can be seen"),
        None => {}
    }
    let is_judged = contents.is_some() || pasted.faults.is_empty();
    let line = HeaderValue::from_str(&format!("Bearer {}", pasted.token));
    let (Ok(line), true) = (line, is_judged) else {
        // What is wrong stands above.
        return;
    };
    server.events.take();
    let request = Request::get("/").header("authorization", line).body(());
    let Ok((parts, ())) = request.map(Request::into_parts) else {
        return;
    };
    let verdict = server.verifier.verify_request(&parts).await;
    let events = server.events.take();
    let refusal = events.iter().find(|event| event.is("request_refused"));
    let code = refusal.and_then(|event| event.get("code"));
    introspection::tell(server.verifier, &events, &verdict, code, report);
    report.heading("verdict");
    let claims = contents.as_ref().map(|contents| &contents.claims);
    match verdict {
        Ok(_) if pasted.has_dpop_scheme => {
            let code = match server.proofs.dpop {
                true => "not_bound_to_key",
                false => "dpop_off",
            };
            let text = format!("{code}: it came with the scheme DPoP, and is not bound to a key");
            report.problem(code, &text, advice::for_code(code));
        }
        Ok(auth) => report.good(&accepted(&auth)),
        Err(_) if code.is_some_and(wants_proof) && server.proofs.fit(claims) => {
            report.good("accepted so far: bound to a key; needs a proof, which its client makes");
            report
                .note("what follows the proof was not checked: the signature of a JWT, the scopes");
        }
        Err(rejection) => {
            let (code, reason) = rejected(&rejection, refusal, contents.as_ref(), server, report);
            if let Some(contents) = &contents {
                further::tell((&code, &reason), contents, server, report).await;
            }
        }
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

/// Returns the code and the reason.
fn rejected(
    rejection: &Rejection,
    refusal: Option<&Event>,
    contents: Option<&Contents>,
    server: Server<'_>,
    report: &mut Report,
) -> (String, String) {
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
    problem(code, &reason, contents, server.wanted, report);
    (code.to_owned(), reason)
}

/// A reason, with what to do. A name that is wrong stands under the one that is set.
pub(crate) fn problem(
    code: &str,
    reason: &str,
    contents: Option<&Contents>,
    wanted: &[Wanted],
    report: &mut Report,
) {
    let names = contents.and_then(|contents| Names::of(code, contents, wanted));
    let slash = names.as_ref().and_then(Names::advice);
    let advice = slash.as_deref().or(advice::for_code(code));
    report.problem(code, &format!("{code}: {reason}"), advice);
    if let Some(Names {
        claim,
        setting,
        theirs,
        ours,
    }) = names
    {
        let (claim, setting) = (
            format!("`{claim}` of the token"),
            format!("`{setting}` of the configuration"),
        );
        report.compare([(&claim, theirs), (&setting, ours)]);
    }
}

/// A name in a token, and the one of the configuration that is meant.
struct Names<'n> {
    claim: &'static str,
    setting: &'static str,
    theirs: &'n str,
    ours: &'n str,
}

impl<'n> Names<'n> {
    fn of(code: &str, contents: &'n Contents, wanted: &'n [Wanted]) -> Option<Self> {
        let issuer = contents.wanted_of(wanted);
        let claims = &contents.claims;
        match code {
            "issuer_unknown" => Some(Self {
                claim: "iss",
                setting: "issuer",
                theirs: claims["iss"].as_str()?,
                ours: &issuer?.issuer,
            }),
            "audience_unknown" => {
                let theirs = further::texts(&claims["aud"]);
                let ours = &issuer?.audience;
                let pairs = theirs
                    .iter()
                    .flat_map(|theirs| ours.iter().map(move |ours| (*theirs, &**ours)));
                let (theirs, ours) = pairs.max_by_key(|(one, other)| alike(one, other))?;
                Some(Self {
                    claim: "aud",
                    setting: issuer?.audience_setting,
                    theirs,
                    ours,
                })
            }
            _ => None,
        }
    }

    fn advice(&self) -> Option<String> {
        let setting = match self.setting {
            // The URL of the server stays as it is.
            "resource" => "audience",
            setting => setting,
        };
        advice::for_other_name(setting, self.theirs, self.ours)
    }
}

/// Whether only slashes at the end may differ.
pub(crate) fn is_near(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

/// How many characters at the beginning are the same.
fn alike(one: &str, other: &str) -> usize {
    one.chars()
        .zip(other.chars())
        .take_while(|(one, other)| one == other)
        .count()
}

impl Contents {
    fn of(token: &str) -> Option<Self> {
        let mut segments = token.split('.');
        let mut object = || {
            let json = URL_SAFE_NO_PAD.decode(segments.next()?).ok()?;
            serde_json::from_slice::<Value>(&json)
                .ok()
                .filter(Value::is_object)
        };
        let (header, claims) = (object()?, object()?);
        let signature = segments.next().unwrap_or_default().to_owned();
        Some(Self {
            header,
            claims,
            signature,
        })
    }

    /// The issuer that it names; else the only one, or the one whose name differs by a slash.
    pub(crate) fn wanted_of<'w>(&self, wanted: &'w [Wanted]) -> Option<&'w Wanted> {
        let named = self.claims["iss"].as_str().unwrap_or_default();
        let exact = wanted.iter().find(|wanted| wanted.issuer == named);
        let near = || wanted.iter().find(|wanted| is_near(&wanted.issuer, named));
        let only = || wanted.first().filter(|_| wanted.len() == 1);
        exact.or_else(near).or_else(only)
    }

    /// Shows what events show of a token, and its times.
    fn describe(&self, report: &Report) {
        let Self { header, claims, .. } = self;
        let shown = |value: &Value| value.to_string().chars().take(128).collect::<String>();
        for (members, of) in [
            (["alg", "typ", "kid"], header),
            (["iss", "aud", ""], claims),
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
    }
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
