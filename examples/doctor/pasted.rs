//! The token as people copy it, and what of it a server would not take.

use serde_json::{Map, Value};

/// A token alone, with its scheme, as a whole header, or in something that a tool has printed.
pub(crate) struct Pasted {
    /// What is judged: the token inside, if one is found.
    pub(crate) token: String,
    pub(crate) has_dpop_scheme: bool,
    /// What a server would refuse before it reads the token.
    pub(crate) faults: Vec<Fault>,
    pub(crate) notes: Vec<&'static str>,
    /// Everything that may be a token or a part of one.
    pub(crate) secrets: Vec<String>,
}

pub(crate) struct Fault {
    pub(crate) code: &'static str,
    pub(crate) text: String,
    pub(crate) advice: Option<&'static str>,
}

impl Pasted {
    pub(crate) fn of(text: &str) -> Self {
        let mut pasted = Self {
            token: String::new(),
            has_dpop_scheme: false,
            faults: Vec::new(),
            notes: Vec::new(),
            // A shorter one may be a part of a host name.
            secrets: pieces(text, LONG),
        };
        // White space at the ends is lost in the shell that reads the file.
        let value =
            text.trim_matches(|letter: char| letter.is_whitespace() || letter == '\u{feff}');
        let value = without_name(value);
        pasted.token = pasted.unwrapped(value, false, DEEPEST);
        let token = pasted.token.clone();
        pasted.secrets.extend(pieces(&token, SHORTEST_SECRET));
        pasted.secrets.push(token);
        pasted
            .secrets
            .retain(|secret| secret.len() >= SHORTEST_SECRET);
        pasted
            .secrets
            .sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        pasted
    }

    /// The token in `value`. Each thing around it that a server would not take is a fault.
    fn unwrapped(&mut self, value: &str, has_scheme: bool, depth: u32) -> String {
        let value = value.trim();
        if depth == 0 {
            return value.to_owned();
        }
        if let Some(object) = object(value) {
            return self.token_of_answer(&object, has_scheme, depth);
        }
        if let Some(inner) = without_quotes(value) {
            self.fault("token_quoted", "it is in quotes", Some("Remove the quotes"));
            return self.unwrapped(without_name(inner), has_scheme, depth.saturating_sub(1));
        }
        if let Some((scheme, rest)) = scheme_of(value) {
            match scheme {
                _ if has_scheme => {
                    let text = "a scheme stands in front of it twice";
                    self.fault(
                        "scheme_repeated",
                        text,
                        crate::advice::for_code("scheme_repeated"),
                    );
                }
                Scheme::Bearer => {}
                Scheme::Dpop => self.has_dpop_scheme = true,
                Scheme::Other => {
                    let text = "the word in front of it is no scheme that servers take";
                    self.fault("scheme_unknown", text, Some("Write `Bearer`"));
                }
            }
            return self.unwrapped(rest, true, depth.saturating_sub(1));
        }
        if let Some((text, advice)) = placeholder(value) {
            self.fault("token_malformed", text, Some(advice));
            return value.to_owned();
        }
        if value.bytes().all(is_token_byte) {
            return value.to_owned();
        }
        self.between(value)
    }

    /// The token in a text that is more than a token.
    fn between(&mut self, value: &str) -> String {
        let joined: String = value.split_whitespace().collect();
        if joined.bytes().all(is_token_byte) {
            let lines = value.lines().count();
            let text = match lines {
                1 => "it has white space in it".to_owned(),
                lines => {
                    format!("it has a line break: it is in {lines} lines, and a header is one")
                }
            };
            let advice =
                "Write it in one piece. Some tools wrap long lines: `base64 -w0`, `tr -d '\\n'`";
            self.fault("token_malformed", &text, Some(advice));
            return joined;
        }
        let Some((start, token)) = jwt_in(value) else {
            let odd = value
                .chars()
                .find(|letter| !letter.is_ascii() || !is_token_byte(*letter as u8));
            let odd = odd.map_or_else(String::new, |odd| odd.escape_unicode().to_string());
            let text = format!("it has a character that no token has: {odd}");
            self.fault(
                "token_malformed",
                &text,
                crate::advice::for_code("token_malformed"),
            );
            return value.to_owned();
        };
        let (before, after) = (
            start,
            value
                .len()
                .saturating_sub(start)
                .saturating_sub(token.len()),
        );
        let text =
            format!("it is more than a token: {before} bytes stand in front, {after} behind");
        self.fault(
            "token_malformed",
            &text,
            Some("Copy the token alone. It is judged below"),
        );
        token.to_owned()
    }

    /// The access token of an answer of the token endpoint (RFC 6749 §5.1).
    fn token_of_answer(
        &mut self,
        object: &Map<String, Value>,
        has_scheme: bool,
        depth: u32,
    ) -> String {
        let texts = object
            .iter()
            .filter(|(name, _)| !PLAIN_MEMBERS.contains(&name.as_str()));
        let texts = texts.filter_map(|(_, value)| value.as_str());
        self.secrets.extend(texts.flat_map(|text| {
            let mut secrets = pieces(text, SHORTEST_SECRET);
            secrets.push(text.to_owned());
            secrets
        }));
        let token = object.get("access_token").and_then(Value::as_str);
        let Some(token) = token else {
            let text = match object.contains_key("error") {
                true => "it is an error of the token endpoint, and no token",
                false => "it is a JSON object without `access_token`",
            };
            let advice = "Request an access token. An ID token, or a key, is not one";
            self.fault("token_malformed", text, Some(advice));
            return String::new();
        };
        match has_scheme {
            true => {
                let text = "it is the whole JSON answer of the token endpoint";
                let advice = "Send the value of `access_token` alone. It is judged below";
                self.fault("token_malformed", text, Some(advice));
            }
            false => self
                .notes
                .push("it is an answer of the token endpoint: its `access_token` is judged"),
        }
        self.unwrapped(token, true, depth.saturating_sub(1))
    }

    fn fault(&mut self, code: &'static str, text: &str, advice: Option<&'static str>) {
        // What is wrapped twice in the same way is said once.
        if self
            .faults
            .iter()
            .all(|fault| fault.code != code || fault.text != text)
        {
            self.faults.push(Fault {
                code,
                text: text.to_owned(),
                advice,
            });
        }
    }
}

fn without_name(value: &str) -> &str {
    match value.split_once(':') {
        Some((name, rest)) if name.trim().eq_ignore_ascii_case("authorization") => rest,
        _ => value,
    }
}

fn object(value: &str) -> Option<Map<String, Value>> {
    let value = value
        .starts_with('{')
        .then(|| serde_json::from_str(value).ok());
    value.flatten()
}

fn without_quotes(value: &str) -> Option<&str> {
    let quotes = [
        ("\\\"", "\\\""),
        ("\"", "\""),
        ("'", "'"),
        ("`", "`"),
        ("\u{201c}", "\u{201d}"),
        ("\u{2018}", "\u{2019}"),
    ];
    let mut inner = quotes.iter().filter_map(|(open, close)| {
        // A quote that was opened alone is a fault too.
        let inner = value.strip_prefix(open)?;
        Some(inner.strip_suffix(close).unwrap_or(inner))
    });
    let is_word = !value.contains(char::is_whitespace);
    let closed = || value.strip_suffix(['"', '\'']).filter(|_| is_word);
    inner.next().or_else(closed)
}

enum Scheme {
    Bearer,
    Dpop,
    Other,
}

/// The scheme in front of one token in one line, and the rest.
fn scheme_of(value: &str) -> Option<(Scheme, &str)> {
    let (name, rest) = value.split_once([' ', '\t'])?;
    let is = |scheme: &str| name.eq_ignore_ascii_case(scheme);
    let known = [("bearer", Scheme::Bearer), ("dpop", Scheme::Dpop)];
    if let Some((_, scheme)) = known.into_iter().find(|(scheme, _)| is(scheme)) {
        return Some((scheme, rest));
    }
    let is_word = name.len() < SHORTEST_SECRET
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphabetic() || byte == b':');
    let rest_is_token = jwt_in(rest.trim())
        .is_some_and(|(start, token)| start == 0 && token.len() == rest.trim().len());
    (is_word && rest_is_token).then_some((Scheme::Other, rest))
}

/// What stands for a token that nobody has put in.
fn placeholder(value: &str) -> Option<(&'static str, &'static str)> {
    let around = |open: &str, close: &str| {
        value.len() > open.len() && value.starts_with(open) && value.ends_with(close)
    };
    let is_variable = value.starts_with('$') || around("%", "%") || around("{{", "}}");
    if is_variable {
        return Some((
            "it is the name of a variable, not its value",
            "The value was not put in: in single quotes a shell leaves `$` alone, and other tools \
             write variables in another way",
        ));
    }
    if around("<", ">")
        || around("[", "]")
        || UNSET.iter().any(|unset| value.eq_ignore_ascii_case(unset))
    {
        return Some((
            "it stands for a token that was not put in",
            "The variable that should hold the token is not set, or the example was not filled in",
        ));
    }
    None
}

/// The first JWT in `text`, and where it begins.
fn jwt_in(text: &str) -> Option<(usize, &str)> {
    let starts = text.match_indices("eyJ").map(|(start, _)| start);
    starts.into_iter().find_map(|start| {
        let rest = text.get(start..)?;
        let is_end =
            |letter: char| !letter.is_ascii() || !(letter == '.' || is_base64url(letter as u8));
        let token = rest.get(..rest.find(is_end).unwrap_or(rest.len()))?;
        (token.matches('.').count() == 2).then_some((start, token))
    })
}

/// Each run of characters that a segment may have, if it is at least that long.
fn pieces(text: &str, shortest: usize) -> Vec<String> {
    let is_other = |letter: char| !letter.is_ascii() || !is_base64url(letter as u8);
    text.split(is_other)
        .filter(|piece| piece.len() >= shortest)
        .map(ToOwned::to_owned)
        .collect()
}

const fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// RFC 6750 §2.1.
const fn is_token_byte(byte: u8) -> bool {
    is_base64url(byte) || matches!(byte, b'.' | b'~' | b'+' | b'/' | b'=')
}

/// Wrappers in wrappers.
const DEEPEST: u32 = 6;
/// A shorter one is a word.
const SHORTEST_SECRET: usize = 8;
const LONG: usize = 20;
const UNSET: [&str; 6] = ["null", "undefined", "none", "nil", "token", "your_token"];
/// Members of an answer of the token endpoint that are no secret.
const PLAIN_MEMBERS: [&str; 5] = [
    "error",
    "expires_in",
    "issued_token_type",
    "scope",
    "token_type",
];
