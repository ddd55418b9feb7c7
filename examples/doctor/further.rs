//! What else is wrong with a rejected token. The library names the first reason alone, so each one
//! is removed in a copy, which is judged again. A copy never gets as far as a verified signature.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::advice;
use crate::report::Report;
use crate::settings::Wanted;
use crate::token::{self, Contents, Server, is_near};

/// Names what follows `first`, a code and its reason.
pub(crate) async fn tell(
    first: (&str, &str),
    contents: &Contents,
    server: Server<'_>,
    report: &mut Report,
) {
    let short = shortened(contents, server.wanted);
    let mut copy = Copy {
        contents: short.clone(),
        has_same_algorithm: true,
        has_same_issuer: true,
    };
    let mut seen = vec![(first.0.to_owned(), first.1.to_owned())];
    while let Some((code, reason)) = seen.last()
        && copy.mend(code, reason, server.wanted)
    {
        server.events.take();
        let _ = server.verifier.verify(&copy.contents.to_token()).await;
        let events = server.events.take();
        let refusal = events.iter().find(|event| event.is("request_refused"));
        let Some(event) = refusal else { break };
        let field = |name| event.get(name).unwrap_or_default().to_owned();
        let next = (field("code"), field("reason"));
        if seen.contains(&next) {
            break;
        }
        if copy.shares(&next.0) {
            let (code, reason) = (&next.0, &next.1);
            token::problem(code, reason, Some(&copy.contents), server.wanted, report);
        }
        seen.push(next);
    }
    if first.0 != "insufficient_scope" {
        missing_scopes(contents, server.wanted, report);
    }
    if copy.contents != short {
        report.note("the signature was not checked: that comes after what stands above");
    }
}

/// Large claims are read after the signature, which no copy has. Without the large ones that no
/// check reads, nearly all are small.
fn shortened(contents: &Contents, wanted: &[Wanted]) -> Contents {
    let mut short = contents.clone();
    let issuer = contents.wanted_of(wanted);
    let has_scopes =
        |name: &String| issuer.is_some_and(|issuer| issuer.scope_claims.contains(name));
    if let Some(members) = short.claims.as_object_mut() {
        members.retain(|name, value| {
            READ.contains(&name.as_str()) || has_scopes(name) || value.to_string().len() <= 256
        });
    }
    short
}

/// The claims that checks read, whatever their size.
const READ: [&str; 14] = [
    "appid",
    "aud",
    "azp",
    "cid",
    "client_id",
    "cnf",
    "events",
    "iss",
    "jti",
    "scope",
    "scp",
    "sub",
    "token_use",
    "typ",
];

struct Copy {
    contents: Contents,
    /// Whether `alg` is that of the token.
    has_same_algorithm: bool,
    /// Whether the token names this issuer, perhaps with another slash.
    has_same_issuer: bool,
}

impl Copy {
    /// Removes the reason. `false`: it cannot be removed.
    fn mend(&mut self, code: &str, reason: &str, wanted: &[Wanted]) -> bool {
        let issuer = self.contents.wanted_of(wanted);
        let Contents { header, claims, .. } = &mut self.contents;
        match code {
            "algorithm_not_allowed" => {
                let allowed = issuer.and_then(|issuer| issuer.algorithms.as_ref()?.first());
                header["alg"] = allowed.map_or("RS256", String::as_str).into();
                self.has_same_algorithm = false;
            }
            "audience_unknown" => match issuer.and_then(|issuer| issuer.audience.first()) {
                Some(audience) => claims["aud"] = audience.as_str().into(),
                None => return false,
            },
            "claim_missing" => {
                let named = reason
                    .rsplit_once('(')
                    .and_then(|(_, name)| name.strip_suffix(')'));
                let audience = issuer.and_then(|issuer| issuer.audience.first());
                let (Some(name), Some(issuer), Some(audience)) = (named, issuer, audience) else {
                    return false;
                };
                claims[name] = match name {
                    "aud" => audience.as_str().into(),
                    "exp" => in_seconds(VALID).into(),
                    "iat" => in_seconds(0).into(),
                    "iss" => issuer.issuer.as_str().into(),
                    _ => "-".into(),
                };
            }
            "confirmation_unsupported" | "proof_missing" => remove(claims, "cnf"),
            "issued_in_the_future" | "token_too_old" => claims["iat"] = in_seconds(0).into(),
            "issuer_unknown" => {
                let (Some(issuer), named) = (issuer, claims["iss"].as_str()) else {
                    return false;
                };
                self.has_same_issuer = named.is_some_and(|named| is_near(named, &issuer.issuer));
                claims["iss"] = issuer.issuer.as_str().into();
            }
            // The key may be looked for before the claims are read.
            "key_unknown" => remove(header, "kid"),
            "not_yet_valid" => remove(claims, "nbf"),
            "times_inconsistent" => {
                remove(claims, "nbf");
                claims["iat"] = in_seconds(0).into();
                claims["exp"] = in_seconds(VALID).into();
            }
            "token_expired" => claims["exp"] = in_seconds(VALID).into(),
            "type_wrong" => header["typ"] = json!("at+jwt"),
            _ => return false,
        }
        true
    }

    /// Whether the token has this fault too.
    fn shares(&self, code: &str) -> bool {
        match code {
            "key_ambiguous" | "key_mismatch" => self.has_same_algorithm && self.has_kid(),
            "key_unknown" => self.has_same_issuer,
            // It stands above, or only the copy has it.
            "signature_invalid" | "temporarily_unavailable" | "too_many_requests" => false,
            _ => true,
        }
    }

    /// Whether its key is the one that the token names.
    fn has_kid(&self) -> bool {
        self.has_same_issuer && self.contents.header.get("kid").is_some()
    }
}

/// Scopes are checked after the signature.
fn missing_scopes(contents: &Contents, wanted: &[Wanted], report: &mut Report) {
    let Some(wanted) = contents.wanted_of(wanted) else {
        return;
    };
    let granted: Vec<_> = wanted
        .scope_claims
        .iter()
        .flat_map(|claim| texts(&contents.claims[claim]))
        .flat_map(|text| text.split(' '))
        .collect();
    let missing: Vec<_> = wanted
        .required_scopes
        .iter()
        .filter(|scope| !granted.contains(&scope.as_str()))
        .map(String::as_str)
        .collect();
    if !missing.is_empty() {
        let code = "insufficient_scope";
        let text = format!("{code}: it lacks {}", missing.join(", "));
        report.problem(code, &text, advice::for_code(code));
    }
}

/// A text, or each text of a list.
pub(crate) fn texts(claim: &Value) -> Vec<&str> {
    let list = claim
        .as_array()
        .map_or(std::slice::from_ref(claim), Vec::as_slice);
    list.iter().filter_map(Value::as_str).collect()
}

fn remove(claims: &mut Value, name: &str) {
    if let Some(claims) = claims.as_object_mut() {
        claims.remove(name);
    }
}

fn in_seconds(seconds: u64) -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap_or_default().as_secs().saturating_add(seconds)
}

impl Contents {
    fn to_token(&self) -> String {
        let [header, claims] =
            [&self.header, &self.claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        format!("{header}.{claims}.{}", self.signature)
    }
}

const VALID: u64 = 600;
