//! What a rejected token named and what is accepted instead, for the log. Callers never see it.

use std::cell::LazyCell;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::base::clock::Clock;
use crate::base::escape::shown_up_to;
use crate::token::TokenErrorKind;
use crate::verifier::issuers::{Issuers, TrustedIssuer};
use crate::verifier::presented::Presented;
use crate::wire::rejection::Rejection;

impl Issuers {
    /// A rejection as it is sent: where proofs must always have a nonce, with the newest one (RFC
    /// 9449 §8).
    pub(super) fn finished(
        &self,
        rejection: Rejection,
        presented: Presented<'_>,
        clock: &Clock,
    ) -> Rejection {
        let rejection = self.explained(rejection, presented, clock);
        self.with_nonce(rejection, clock)
    }

    pub(super) fn with_nonce(&self, rejection: Rejection, clock: &Clock) -> Rejection {
        match self.proofs.required_nonces() {
            Some(nonces) => rejection.with_dpop_nonce(nonces.newest(clock.now().wall)),
            None => rejection,
        }
    }

    /// Adds what the token named, if an event will show it. The token is read once more for that.
    pub(super) fn explained(
        &self,
        rejection: Rejection,
        presented: Presented<'_>,
        clock: &Clock,
    ) -> Rejection {
        let Some(kind) = rejection.token_error().map(|error| error.kind()) else {
            return rejection;
        };
        match rejection.wants_detail() {
            true => rejection.with_detail(self.detail(kind, presented.bytes(), clock)),
            false => rejection,
        }
    }

    fn detail(&self, kind: TokenErrorKind, token: &[u8], clock: &Clock) -> Option<String> {
        if kind == TokenErrorKind::TooLarge {
            let (size, most) = (token.len(), self.options.max_token_bytes);
            return Some(format!(
                "it has {size} bytes, and max_token_bytes is {most}"
            ));
        }
        if token.len() > self.options.max_token_bytes {
            return None;
        }
        let part = |place| {
            let segment = token.split(|byte| *byte == b'.').nth(place)?;
            let json = URL_SAFE_NO_PAD.decode(segment).ok()?;
            serde_json::from_slice::<Value>(&json).ok()
        };
        // Most reasons show nothing of the token: it is not read for them.
        let header = LazyCell::new(|| part(0));
        let claims = LazyCell::new(|| part(1));
        let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
        let issuer = || {
            let name = text(claims.as_ref()?.get("iss")?)?;
            self.named(Some(&name)).ok().map(|(_, issuer)| issuer)
        };
        match kind {
            TokenErrorKind::WrongIssuer => self.named_issuer(claims.as_ref()?),
            TokenErrorKind::WrongAudience => {
                let aud = claims.as_ref()?.get("aud")?;
                let list = aud
                    .as_array()
                    .map_or(std::slice::from_ref(aud), Vec::as_slice);
                let policy = &issuer()?.policy;
                named(
                    "aud",
                    list.iter().filter_map(text),
                    policy.audience.accepted(),
                )
            }
            TokenErrorKind::WrongType => {
                let accepted = issuer()?.policy.profile.types();
                named(
                    "typ",
                    text(header.as_ref()?.get("typ")?),
                    accepted.iter().copied(),
                )
            }
            TokenErrorKind::AlgorithmNotAllowed => {
                let of = |issuer: &TrustedIssuer| issuer.policy.algorithms.clone();
                let accepted = issuer().map_or_else(|| self.algorithms().to_vec(), |it| of(it));
                named(
                    "alg",
                    text(header.as_ref()?.get("alg")?),
                    accepted.iter().map(|it| it.name()),
                )
            }
            TokenErrorKind::UnknownKey => {
                let now = clock.now();
                let named_here = issuer().map(|it| &**it);
                let in_use = named_here.or(self.only())?.keys.in_use_already(now)?;
                let kids = in_use.serving(now)?.keys.kids().flatten();
                let kid = named("kid", text(header.as_ref()?.get("kid")?), kids)?;
                // The key of the only issuer may be looked for before the claims are read.
                let stranger = named_here
                    .is_none()
                    .then(|| self.named_issuer(claims.as_ref()?));
                match stranger.flatten() {
                    Some(issuer) => Some(format!("{kid}; {issuer}")),
                    None => Some(kid),
                }
            }
            _ => None,
        }
    }

    fn named_issuer(&self, claims: &Value) -> Option<String> {
        let issuer = claims.get("iss")?.as_str()?.to_owned();
        let accepted = self.iter().map(|trusted| &*trusted.policy.issuer);
        named("iss", Some(issuer), accepted)
    }
}

/// At most eight values of each side, and the number of the others.
fn named<'a>(
    member: &str,
    got: impl IntoIterator<Item = String>,
    accepted: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let list = |values: Vec<String>| {
        let more = values.len().saturating_sub(MOST_VALUES);
        let values = values.into_iter().take(MOST_VALUES);
        let values: Vec<_> = values
            .map(|value| format!("\"{}\"", shown_up_to(&value, MOST_CHARACTERS)))
            .collect();
        match more {
            0 => values.join(", "),
            more => format!("{} and {more} more", values.join(", ")),
        }
    };
    let got = list(got.into_iter().collect());
    let accepted = list(accepted.into_iter().map(ToOwned::to_owned).collect());
    Some(format!("{member} is {got}; accepted: {accepted}"))
}

const MOST_VALUES: usize = 8;
const MOST_CHARACTERS: usize = 128;
