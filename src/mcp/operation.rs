//! What a request to an MCP server asks for, read off its headers or its body.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// One JSON-RPC message of a client: its method, and what the method is applied to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Operation<'a> {
    pub(super) method: Cow<'a, str>,
    /// `name` of a tool or prompt, `uri` of a resource; `None` for methods that name nothing.
    pub(super) target: Option<Cow<'a, str>>,
}

/// What a method is applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TargetKind {
    Prompt,
    Resource,
    Tool,
}

impl TargetKind {
    pub(super) fn of(method: &str) -> Option<Self> {
        match method {
            "prompts/get" => Some(Self::Prompt),
            "resources/read" | "resources/subscribe" | "resources/unsubscribe" => {
                Some(Self::Resource)
            }
            "tools/call" => Some(Self::Tool),
            _ => None,
        }
    }
}

/// What the mirrored headers say; `None` where they cannot be trusted, and the body has to be read.
///
/// Servers compare them with the body from the protocol of 2026-07-28 on, and refuse the request when
/// they differ. Below that, or without a version, nobody does: then they are the client's fiction.
pub(super) fn from_headers(headers: &HeaderMap) -> Option<Operation<'_>> {
    let version = only(headers, "mcp-protocol-version")?;
    if !is_date(version) || version < FIRST_WITH_MIRRORED_HEADERS {
        return None;
    }
    let method = only(headers, "mcp-method")?;
    let target = match TargetKind::of(method) {
        None => None,
        Some(_) => Some(decoded(only(headers, "mcp-name")?)?),
    };
    Some(Operation {
        method: method.into(),
        target,
    })
}

/// The operations of a body: one message, or a batch of them (2025-03-26). `None` when it has two
/// readings, or none: the server behind might find one that we do not.
pub(super) fn from_body(body: &[u8]) -> Option<Vec<Operation<'_>>> {
    let Body(messages) = serde_json::from_slice(body).ok()?;
    let mut operations = Vec::new();
    for Message { method, name, uri } in messages {
        // An answer to a request of the server has no method, and asks for nothing.
        let Some(method) = method else { continue };
        let target = match TargetKind::of(&method) {
            None => None,
            Some(TargetKind::Resource) => Some(uri?),
            Some(TargetKind::Prompt | TargetKind::Tool) => Some(name?),
        };
        operations.push(Operation { method, target });
    }
    Some(operations)
}

/// The value of a header that is there exactly once: of two, someone else may read the other.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// Versions are dates, and so compare as texts.
fn is_date(version: &str) -> bool {
    version.len() == FIRST_WITH_MIRRORED_HEADERS.len()
        && version.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

/// Names that no header can carry come as `=?base64?..?=`.
fn decoded(value: &str) -> Option<Cow<'_, str>> {
    let wrapped = value
        .strip_prefix("=?base64?")
        .and_then(|rest| rest.strip_suffix("?="));
    match wrapped {
        None => Some(value.into()),
        Some(text) => {
            let bytes = STANDARD.decode(text).ok()?;
            Some(String::from_utf8(bytes).ok()?.into())
        }
    }
}

struct Body<'a>(Vec<Message<'a>>);

#[derive(Default)]
struct Message<'a> {
    method: Option<Cow<'a, str>>,
    name: Option<Cow<'a, str>>,
    uri: Option<Cow<'a, str>>,
}

impl<'de> Deserialize<'de> for Body<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BodyVisitor)
    }
}

struct BodyVisitor;

impl<'de> Visitor<'de> for BodyVisitor {
    type Value = Body<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON-RPC message or a batch")
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Body<'de>, M::Error> {
        Ok(Body(vec![MessageVisitor.visit_map(map)?]))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Body<'de>, S::Error> {
        let mut messages = Vec::new();
        while let Some(message) = seq.next_element()? {
            messages.push(message);
        }
        Ok(Body(messages))
    }
}

impl<'de> Deserialize<'de> for Message<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MessageVisitor)
    }
}

/// Not derived: a derived one takes a list for an object, and so would read what a server reads in
/// another order.
struct MessageVisitor;

impl<'de> Visitor<'de> for MessageVisitor {
    type Value = Message<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON-RPC message")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Message<'de>, M::Error> {
        let mut message = Message::default();
        let (mut has_method, mut has_params) = (false, false);
        while let Some(Text(member)) = map.next_key()? {
            match &*member {
                "method" => {
                    once::<M::Error>(&mut has_method)?;
                    message.method = Some(map.next_value::<Text<'de>>()?.0);
                }
                "params" => {
                    once::<M::Error>(&mut has_params)?;
                    let Params { name, uri } = map.next_value()?;
                    (message.name, message.uri) = (name, uri);
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(message)
    }
}

fn once<E: serde::de::Error>(seen: &mut bool) -> Result<(), E> {
    match std::mem::replace(seen, true) {
        true => Err(E::custom("a member is repeated")),
        false => Ok(()),
    }
}

#[derive(Default)]
struct Params<'a> {
    name: Option<Cow<'a, str>>,
    uri: Option<Cow<'a, str>>,
}

impl<'de> Deserialize<'de> for Params<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ParamsVisitor;

        impl<'de> Visitor<'de> for ParamsVisitor {
            type Value = Params<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("parameters by name")
            }

            fn visit_unit<E>(self) -> Result<Params<'de>, E> {
                Ok(Params::default())
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Params<'de>, M::Error> {
                let mut params = Params::default();
                let (mut has_name, mut has_uri) = (false, false);
                while let Some(Text(member)) = map.next_key()? {
                    match &*member {
                        "name" => {
                            once::<M::Error>(&mut has_name)?;
                            params.name = map.next_value::<MaybeText<'de>>()?.0;
                        }
                        "uri" => {
                            once::<M::Error>(&mut has_uri)?;
                            params.uri = map.next_value::<MaybeText<'de>>()?.0;
                        }
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(params)
            }
        }

        deserializer.deserialize_any(ParamsVisitor)
    }
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A text, or anything else, which is then no name.
struct MaybeText<'a>(Option<Cow<'a, str>>);

impl<'de> Deserialize<'de> for MaybeText<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        Ok(Self(match value {
            serde_json::Value::String(text) => Some(text.into()),
            _ => None,
        }))
    }
}

const FIRST_WITH_MIRRORED_HEADERS: &str = "2026-07-28";

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn shown(operation: &Operation<'_>) -> String {
        match &operation.target {
            None => operation.method.to_string(),
            Some(target) => format!("{} {target}", operation.method),
        }
    }

    #[test]
    fn headers() {
        const NEW: (&str, &str) = ("mcp-protocol-version", "2026-07-28");
        let call = ("mcp-method", "tools/call");
        let cases: [(&str, &[(&str, &str)], Option<&str>); 19] = [
            (
                "a tool",
                &[NEW, call, ("mcp-name", "a")],
                Some("tools/call a"),
            ),
            (
                "a name in base64",
                &[NEW, call, ("mcp-name", "=?base64?YSBi?=")],
                Some("tools/call a b"),
            ),
            (
                "an empty name in base64",
                &[NEW, call, ("mcp-name", "=?base64??=")],
                Some("tools/call "),
            ),
            (
                "no base64",
                &[NEW, call, ("mcp-name", "=?base64?!?=")],
                None,
            ),
            (
                "not UTF-8",
                &[NEW, call, ("mcp-name", "=?base64?/w==?=")],
                None,
            ),
            (
                "looks like base64 and is not",
                &[NEW, call, ("mcp-name", "=?base64?YQ==")],
                Some("tools/call =?base64?YQ=="),
            ),
            (
                "a resource",
                &[NEW, ("mcp-method", "resources/read"), ("mcp-name", "f://x")],
                Some("resources/read f://x"),
            ),
            (
                "a method that names nothing",
                &[NEW, ("mcp-method", "tools/list")],
                Some("tools/list"),
            ),
            (
                "a name that means nothing",
                &[NEW, ("mcp-method", "tools/list"), ("mcp-name", "a")],
                Some("tools/list"),
            ),
            (
                "a later version",
                &[
                    ("mcp-protocol-version", "2027-01-01"),
                    ("mcp-method", "ping"),
                ],
                Some("ping"),
            ),
            (
                "an older version",
                &[
                    ("mcp-protocol-version", "2025-11-25"),
                    call,
                    ("mcp-name", "a"),
                ],
                None,
            ),
            ("no version", &[call, ("mcp-name", "a")], None),
            (
                "no date",
                &[("mcp-protocol-version", "draft"), call, ("mcp-name", "a")],
                None,
            ),
            (
                "a date and more",
                &[
                    ("mcp-protocol-version", "2026-07-28x"),
                    call,
                    ("mcp-name", "a"),
                ],
                None,
            ),
            (
                "the version twice",
                &[
                    NEW,
                    ("mcp-protocol-version", "2025-11-25"),
                    call,
                    ("mcp-name", "a"),
                ],
                None,
            ),
            (
                "the method twice",
                &[NEW, ("mcp-method", "ping"), call, ("mcp-name", "a")],
                None,
            ),
            (
                "the name twice",
                &[NEW, call, ("mcp-name", "a"), ("mcp-name", "b")],
                None,
            ),
            ("no method", &[NEW, ("mcp-name", "a")], None),
            ("no name", &[NEW, call], None),
        ];
        for (name, lines, want) in cases {
            let mut headers = HeaderMap::new();
            for (header, value) in lines {
                headers.append(*header, HeaderValue::from_static(value));
            }
            let got = from_headers(&headers).as_ref().map(shown);
            assert_eq!(got.as_deref(), want, "{name}");
        }
    }

    #[test]
    fn bodies() {
        let cases: [(&str, &str, Option<&[&str]>); 24] = [
            (
                "a tool",
                r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"name":"b"}}}"#,
                Some(&["tools/call a"]),
            ),
            (
                "escapes are read",
                r#"{"\u006dethod":"tools/call","params":{"n\u0061me":"\u0061"}}"#,
                Some(&["tools/call a"]),
            ),
            (
                "parameters first",
                r#"{"params":{"name":"a"},"method":"tools/call"}"#,
                Some(&["tools/call a"]),
            ),
            (
                "a prompt",
                r#"{"method":"prompts/get","params":{"name":"p"}}"#,
                Some(&["prompts/get p"]),
            ),
            (
                "a resource goes by its URI",
                r#"{"method":"resources/read","params":{"name":"n","uri":"f://x"}}"#,
                Some(&["resources/read f://x"]),
            ),
            (
                "a batch",
                r#"[{"method":"ping"},{"method":"tools/call","params":{"name":"a"}}]"#,
                Some(&["ping", "tools/call a"]),
            ),
            ("an empty batch", "[]", Some(&[])),
            ("an answer", r#"{"id":1,"result":{}}"#, Some(&[])),
            (
                "no parameters",
                r#"{"method":"tools/list"}"#,
                Some(&["tools/list"]),
            ),
            (
                "null for parameters",
                r#"{"method":"tools/list","params":null}"#,
                Some(&["tools/list"]),
            ),
            (
                "a name of another type where none is needed",
                r#"{"method":"x","params":{"name":1}}"#,
                Some(&["x"]),
            ),
            ("not JSON", "{", None),
            ("nothing", "", None),
            ("a text", r#""tools/call""#, None),
            (
                "two documents",
                r#"{"method":"ping"}{"method":"ping"}"#,
                None,
            ),
            (
                "the method twice",
                r#"{"method":"ping","method":"tools/call","params":{"name":"a"}}"#,
                None,
            ),
            (
                "the method twice, once escaped",
                r#"{"method":"ping","\u006dethod":"ping"}"#,
                None,
            ),
            (
                "parameters twice",
                r#"{"method":"tools/call","params":{"name":"a"},"params":{"name":"b"}}"#,
                None,
            ),
            (
                "the name twice",
                r#"{"method":"tools/call","params":{"name":"a","name":"b"}}"#,
                None,
            ),
            ("no name", r#"{"method":"tools/call","params":{}}"#, None),
            (
                "a name of another type",
                r#"{"method":"tools/call","params":{"name":["a"]}}"#,
                None,
            ),
            (
                "parameters by position",
                r#"{"method":"tools/call","params":["a"]}"#,
                None,
            ),
            ("a method of another type", r#"{"method":1}"#, None),
            ("a batch in a batch", r#"[[{"method":"ping"}]]"#, None),
        ];
        for (name, body, want) in cases {
            let got = from_body(body.as_bytes())
                .map(|operations| operations.iter().map(shown).collect::<Vec<_>>());
            let want = want.map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert_eq!(got, want, "{name}");
        }
        assert_eq!(from_body(b"{\"method\":\"\xff\"}"), None, "not UTF-8");
        assert_eq!(from_body(b"\xef\xbb\xbf{\"method\":\"ping\"}"), None);
    }
}
