use std::borrow::Cow;

use serde::de::MapAccess;

use super::error::{TokenError, TokenErrorKind};
use super::json::{MaybeText, Members, OneOrMany, Text, Value, read_object};
use super::policy::{Lifetime, missing};
use crate::numeric_date::NumericDate;
use crate::scopes::ScopeSet;

/// The claims that decide something (RFC 7519 §4.1, RFC 9068 §2.2); their types are checked, their
/// values are not yet.
#[derive(Debug, Default)]
pub(crate) struct Claims<'a> {
    pub(super) aud: Option<OneOrMany<'a>>,
    pub(super) cnf: bool,
    pub(super) exp: Option<NumericDate>,
    pub(super) iat: Option<NumericDate>,
    pub(super) iss: Option<Cow<'a, str>>,
    pub(super) jti: Option<Cow<'a, str>>,
    pub(super) nbf: Option<NumericDate>,
    pub(super) sub: Option<Cow<'a, str>>,
    pub(super) token_use: Option<Cow<'a, str>>,
    pub(super) typ: Option<Cow<'a, str>>,
    appid: Option<Cow<'a, str>>,
    azp: Option<Cow<'a, str>>,
    cid: Option<Cow<'a, str>>,
    pub(super) client_id: Option<Cow<'a, str>>,
    scope: OneOrMany<'a>,
    scp: OneOrMany<'a>,
}

impl<'a> Claims<'a> {
    pub(super) fn parse(json: &'a str) -> Result<Self, TokenError> {
        let mut claims = Self::default();
        read_object(json, &mut claims)
            .map_err(|member| TokenError::at(TokenErrorKind::MalformedClaims, member))?;
        Ok(claims)
    }

    /// Who was issued the token: providers agree on no name, so the first of theirs that holds
    /// something. Never `sub` or `aud`, which name others.
    pub(super) fn client(&self) -> &str {
        // Clerk puts the browser's origin into `azp`, which names no client.
        let azp = self.azp.as_deref().filter(|azp| !is_web_origin(azp));
        [
            azp,
            self.client_id.as_deref(),
            self.cid.as_deref(),
            self.appid.as_deref(),
        ]
        .into_iter()
        .flatten()
        .find(|id| !id.is_empty())
        .unwrap_or(UNKNOWN_CLIENT)
    }

    pub(super) fn lifetime(&self) -> Result<Lifetime, TokenError> {
        Ok(Lifetime {
            exp: self.exp.ok_or(missing("exp"))?,
            iat: self.iat,
            nbf: self.nbf,
        })
    }

    pub(super) fn audience(&self) -> Vec<String> {
        self.aud
            .iter()
            .flat_map(|aud| &aud.0)
            .map(|aud| aud.clone().into_owned())
            .collect()
    }

    /// Both spellings are read: `scope` (RFC 9068 §2.2.3) and the `scp` of Okta and Entra ID.
    pub(super) fn scopes(&self) -> ScopeSet {
        self.scope.0.iter().chain(&self.scp.0).collect()
    }
}

impl<'a> Members<'a> for Claims<'a> {
    fn member<D: MapAccess<'a>>(
        &mut self,
        name: &str,
        value: Value<'_, D>,
    ) -> Result<(), D::Error> {
        match name {
            "appid" => self.appid = value.read::<MaybeText<'a>>("appid")?.0,
            "aud" => self.aud = Some(value.read("aud")?),
            "azp" => self.azp = value.read::<MaybeText<'a>>("azp")?.0,
            "cid" => self.cid = value.read::<MaybeText<'a>>("cid")?.0,
            "client_id" => self.client_id = value.read::<MaybeText<'a>>("client_id")?.0,
            "cnf" => {
                self.cnf = true;
                value.skip()?;
            }
            "exp" => self.exp = Some(value.read("exp")?),
            "iat" => self.iat = Some(value.read("iat")?),
            "iss" => self.iss = Some(value.read::<Text<'a>>("iss")?.0),
            "jti" => self.jti = Some(value.read::<Text<'a>>("jti")?.0),
            "nbf" => self.nbf = Some(value.read("nbf")?),
            "scope" => self.scope = value.read("scope")?,
            "scp" => self.scp = value.read("scp")?,
            "sub" => self.sub = Some(value.read::<Text<'a>>("sub")?.0),
            "token_use" => self.token_use = value.read::<MaybeText<'a>>("token_use")?.0,
            "typ" => self.typ = value.read::<MaybeText<'a>>("typ")?.0,
            _ => value.skip()?,
        }
        Ok(())
    }
}

/// A scheme and an authority and nothing more (RFC 6454 §6.2).
fn is_web_origin(text: &str) -> bool {
    let authority = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    authority.is_some_and(|rest| !rest.is_empty() && !rest.contains(['/', '?', '#']))
}

/// What `client_id()` says of a token that names no client.
const UNKNOWN_CLIENT: &str = "jwt";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_id_order() {
        let cases = [
            ("azp first", r#"{"azp":"a","client_id":"b"}"#, "a"),
            (
                "an origin in azp is no client",
                r#"{"azp":"https://app.example","client_id":"b"}"#,
                "b",
            ),
            (
                "an origin with a port neither",
                r#"{"azp":"http://localhost:3000","cid":"c"}"#,
                "c",
            ),
            (
                "a URL with a path is a client",
                r#"{"azp":"https://app.example/c.json"}"#,
                "https://app.example/c.json",
            ),
            (
                "empty is passed over",
                r#"{"azp":"","client_id":"","cid":"c","appid":"d"}"#,
                "c",
            ),
            (
                "a number is passed over",
                r#"{"azp":7,"client_id":["x"],"appid":"d"}"#,
                "d",
            ),
            ("never sub or aud", r#"{"sub":"s","aud":"a"}"#, "jwt"),
        ];
        for (name, json, want) in cases {
            assert_eq!(Claims::parse(json).unwrap().client(), want, "{name}");
        }
    }

    #[test]
    fn scope_spellings() {
        let cases: [(&str, &str, &[&str]); 6] = [
            ("a string", r#"{"scope":"a b"}"#, &["a", "b"]),
            ("a list", r#"{"scope":["a","b"]}"#, &["a", "b"]),
            ("scp", r#"{"scp":["a"]}"#, &["a"]),
            ("both", r#"{"scp":"b c","scope":"a b"}"#, &["a", "b", "c"]),
            (
                "a list of lists in strings",
                r#"{"scope":["a b","c"]}"#,
                &["a", "b", "c"],
            ),
            ("neither", r"{}", &[]),
        ];
        for (name, json, want) in cases {
            assert_eq!(
                Claims::parse(json).unwrap().scopes().as_slice(),
                want,
                "{name}"
            );
        }
    }

    #[test]
    fn types_and_shape() {
        assert!(Claims::parse(r#"{"exp":1,"x":[[1e3,"\u00e9",null,true,{"a":{}}]]} "#).is_ok());
        let deep = format!(r#"{{"x":{}{}}}"#, "[".repeat(5000), "]".repeat(5000));
        let cases = [
            ("not JSON", "x", None),
            ("empty", "", None),
            ("a list", "[]", None),
            ("null", "null", None),
            ("trailing bytes", r#"{"exp":1}x"#, None),
            ("a second object", r#"{"exp":1}{}"#, None),
            ("a byte order mark", "\u{feff}{}", None),
            ("exp twice", r#"{"exp":1,"exp":1}"#, None),
            ("exp twice, once escaped", r#"{"exp":1,"\u0065xp":1}"#, None),
            ("an unknown member twice", r#"{"x":1,"y":1,"x":1}"#, None),
            ("a lone surrogate", r#"{"x":"\ud800"}"#, None),
            ("a lone surrogate in a name", r#"{"\ud800":1}"#, None),
            ("a number out of range", r#"{"x":1e400}"#, None),
            ("nested too deep", deep.as_str(), None),
            ("exp as a string", r#"{"exp":"1"}"#, Some("exp")),
            ("exp null", r#"{"exp":null}"#, Some("exp")),
            ("exp true", r#"{"exp":true}"#, Some("exp")),
            ("exp as a list", r#"{"exp":[1]}"#, Some("exp")),
            ("exp 1e400", r#"{"exp":1e400}"#, Some("exp")),
            ("exp 2^64", r#"{"exp":18446744073709551616}"#, Some("exp")),
            ("exp NaN", r#"{"exp":NaN}"#, Some("exp")),
            ("nbf as a string", r#"{"nbf":"1"}"#, Some("nbf")),
            ("iat as a string", r#"{"iat":"1"}"#, Some("iat")),
            ("iss as a list", r#"{"iss":["a"]}"#, Some("iss")),
            ("iss null", r#"{"iss":null}"#, Some("iss")),
            ("aud as an object", r#"{"aud":{}}"#, Some("aud")),
            ("aud with a number", r#"{"aud":["a",1]}"#, Some("aud")),
            ("sub as a number", r#"{"sub":1}"#, Some("sub")),
            ("jti as a number", r#"{"jti":1}"#, Some("jti")),
            ("scope as a number", r#"{"scope":1}"#, Some("scope")),
            ("scp as an object", r#"{"scp":{}}"#, Some("scp")),
            ("scope with a number", r#"{"scope":["a",1]}"#, Some("scope")),
        ];
        for (name, json, member) in cases {
            let want = TokenError::at(TokenErrorKind::MalformedClaims, member);
            assert_eq!(Claims::parse(json).map(drop), Err(want), "{name}");
        }
    }
}
