//! Signed answers (RFC 9701).
//!
//! In order: three segments, `typ`, `alg` in the issuer's algorithms, `iss`, `aud`, the times,
//! `token_introspection`, the signature. What is beside `token_introspection` is not read further:
//! a member `active` there means nothing. Such a JWT is never an access token, because its `typ` is
//! not that of one.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde::de::MapAccess;

use crate::base::clock::Now;
use crate::base::numeric_date::NumericDate;
use crate::crypto::Algorithm;
use crate::limits::{MAX_INTROSPECTION_BYTES, MAX_SIGNED_ANSWER_AGE};
use crate::token::json::{JsonError, Members, Text, Value, read_object};
use crate::token::json_values::{OneOrMany, RawObject};
use crate::token::{Compact, Header, Scratch, ValidationPolicy, without_application};

/// What a signed answer must say, and the keys that it is signed with.
#[derive(Clone, Debug)]
pub(crate) struct SignedAnswers {
    /// The client id and the `resource` of this server: `aud` names one of them.
    pub(crate) audiences: Vec<String>,
    pub(crate) keys: Arc<dyn AnswerKeys>,
}

/// The keys of the issuer over time. They are fetched by `keys`, which stands above this folder.
pub(crate) trait AnswerKeys: fmt::Debug + Send + Sync + 'static {
    /// Whether a key of the issuer verifies the answer. Waits for newer keys if those at hand do
    /// not; `Err` if they cannot be had.
    fn verify<'a>(&'a self, signed: Signed<'a>) -> VerifyFuture<'a>;
}

pub(crate) type VerifyFuture<'a> =
    Pin<Box<dyn Future<Output = Result<bool, KeysUnavailable>> + Send + 'a>>;

/// A signature and what it covers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signed<'a> {
    pub(crate) kid: Option<&'a str>,
    pub(crate) algorithm: Algorithm,
    pub(crate) message: &'a [u8],
    pub(crate) signature: &'a [u8],
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct KeysUnavailable;

/// The value of `token_introspection`, or why the answer is a fault of the endpoint.
pub(super) async fn open(
    jws: &[u8],
    rules: &SignedAnswers,
    policy: &ValidationPolicy,
    now: Now,
) -> Result<String, String> {
    let mut scratch = Scratch::new();
    let compact = Compact::split(jws, MAX_INTROSPECTION_BYTES).map_err(not_signed)?;
    let header = compact.header(&mut scratch.header).map_err(not_signed)?;
    let header = Header::parse(header).map_err(not_signed)?;
    let typ = header.typ.as_deref().map(without_application);
    if !typ.is_some_and(|typ| typ.eq_ignore_ascii_case(TYP)) {
        return Err(format!("the typ of the signed answer is not {TYP}"));
    }
    if !policy.algorithms.contains(&header.algorithm) {
        let algorithm = header.algorithm;
        return Err(format!(
            "the signed answer has alg {algorithm}, which is not in algorithms"
        ));
    }
    let payload = compact.claims().map_err(not_signed)?;
    let claims = AnswerClaims::parse(&payload)?;
    claims.check(rules, policy, now.wall)?;
    let answer = claims
        .answer
        .ok_or("the signed answer has no token_introspection that is an object")?;
    let signature = compact
        .signature(&mut scratch.signature)
        .map_err(not_signed)?;
    let signed = Signed {
        kid: header.kid.as_deref(),
        algorithm: header.algorithm,
        message: compact.signing_input,
        signature,
    };
    match rules.keys.verify(signed).await {
        Ok(true) => Ok(answer.to_owned()),
        Ok(false) => Err("no key of the issuer verifies the signed answer".to_owned()),
        Err(KeysUnavailable) => {
            Err("the keys of the issuer, which sign the answer, are not available".to_owned())
        }
    }
}

fn not_signed(error: impl fmt::Display) -> String {
    format!("it is no signed answer (RFC 9701): {error}")
}

/// The claims beside the answer.
#[derive(Default)]
struct AnswerClaims<'a> {
    iss: Option<Cow<'a, str>>,
    aud: OneOrMany<'a>,
    iat: Option<NumericDate>,
    exp: Option<NumericDate>,
    nbf: Option<NumericDate>,
    answer: Option<&'a str>,
}

impl<'a> AnswerClaims<'a> {
    fn parse(payload: &'a str) -> Result<Self, String> {
        let mut claims = Self::default();
        read_object(payload, &mut claims).map_err(|error| {
            let fault = match error {
                JsonError::Malformed(Some(member)) | JsonError::OutOfRange(member) => member,
                JsonError::Malformed(None) => "its claims are not one JSON object",
                JsonError::TooMuch => "it has more members or values than are read",
            };
            format!("the signed answer is malformed: {fault}")
        })?;
        Ok(claims)
    }

    fn check(
        &self,
        rules: &SignedAnswers,
        policy: &ValidationPolicy,
        now: NumericDate,
    ) -> Result<(), &'static str> {
        if self.iss.as_deref() != Some(&*policy.issuer) {
            return Err("the iss of the signed answer is not the issuer");
        }
        let is_ours = |aud: &Cow<'_, str>| rules.audiences.iter().any(|ours| *ours == **aud);
        if !self.aud.as_slice().iter().any(is_ours) {
            return Err("the aud of the signed answer names neither client_id nor resource");
        }
        let iat = self.iat.ok_or("the signed answer has no iat")?;
        let latest = now.plus(policy.leeway);
        if latest < iat || self.nbf.is_some_and(|nbf| latest < nbf) {
            return Err("the iat or nbf of the signed answer lies in the future");
        }
        if now > iat.plus(MAX_SIGNED_ANSWER_AGE).plus(policy.leeway) {
            return Err("the iat of the signed answer is too long ago");
        }
        // RFC 9701 §5 advises against `exp`.
        match self.exp {
            Some(exp) if now >= exp.plus(policy.leeway) => Err("the signed answer has expired"),
            _ => Ok(()),
        }
    }
}

impl<'a> Members<'a> for AnswerClaims<'a> {
    fn member<D: MapAccess<'a>>(
        &mut self,
        name: &str,
        value: Value<'_, D>,
    ) -> Result<(), D::Error> {
        match name {
            "aud" => self.aud = value.read("aud")?,
            "exp" => self.exp = Some(value.read("exp")?),
            "iat" => self.iat = Some(value.read("iat")?),
            "iss" => self.iss = Some(value.read::<Text<'a>>("iss")?.0),
            "nbf" => self.nbf = Some(value.read("nbf")?),
            "token_introspection" => {
                self.answer = Some(value.read::<RawObject<'a>>("token_introspection")?.0);
            }
            _ => value.skip()?,
        }
        Ok(())
    }
}

const TYP: &str = "token-introspection+jwt";
