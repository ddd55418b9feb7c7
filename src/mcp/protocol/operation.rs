//! What a request to an MCP server asks for, read off its headers or its body.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;

use crate::mcp::protocol::message::{Body, MAX_TARGETS, Message, Params};

/// One JSON-RPC message of a client: its method, and what the method is applied to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::mcp) struct Operation<'a> {
    pub(in crate::mcp) method: Cow<'a, str>,
    /// `name` of a tool or prompt, `uri` of resources; none for methods that name nothing.
    pub(in crate::mcp) targets: Vec<Target<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::mcp) struct Target<'a> {
    pub(in crate::mcp) kind: TargetKind,
    pub(in crate::mcp) name: Cow<'a, str>,
}

/// What a method is applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mcp) enum TargetKind {
    Prompt,
    Resource,
    /// The URI of a resource, or a template of such URIs (RFC 6570), of which nothing is read.
    Template,
    Tool,
}

/// Where a method says what it is applied to.
enum Naming {
    /// `params.name` or `params.uri`. The header mirrors it.
    Mirrored(TargetKind),
    /// `params.uri`, and no server has to compare a header with it.
    Uri,
    /// `params.ref`, a prompt by name, or a resource by its URI or template.
    Reference,
    /// `params.notifications.resourceSubscriptions`, a list of URIs.
    Subscriptions,
    Nothing,
}

impl Naming {
    fn of(method: &str) -> Self {
        match method {
            "completion/complete" => Self::Reference,
            "prompts/get" => Self::Mirrored(TargetKind::Prompt),
            "resources/directory/read" | "resources/subscribe" | "resources/unsubscribe" => {
                Self::Uri
            }
            "resources/read" => Self::Mirrored(TargetKind::Resource),
            "subscriptions/listen" => Self::Subscriptions,
            "tools/call" => Self::Mirrored(TargetKind::Tool),
            _ => Self::Nothing,
        }
    }
}

/// What the mirrored headers say; `None` where they cannot be trusted, and the body has to be read.
///
/// Servers compare them with the body from the protocol of 2026-07-28 on, and refuse the request
/// when they differ. Below that, or without a version, nobody does: then they are the client's
/// fiction.
pub(in crate::mcp) fn from_headers(headers: &HeaderMap) -> Option<Operation<'_>> {
    let version = single_header(headers, "mcp-protocol-version")?;
    if !is_date(version) || version < FIRST_WITH_MIRRORED_HEADERS {
        return None;
    }
    let method = single_header(headers, "mcp-method")?;
    let targets = match Naming::of(method) {
        Naming::Mirrored(kind) => {
            let name = decode_name(single_header(headers, "mcp-name")?)?;
            vec![Target { kind, name }]
        }
        Naming::Nothing => Vec::new(),
        Naming::Reference | Naming::Subscriptions | Naming::Uri => return None,
    };
    Some(Operation {
        method: method.into(),
        targets,
    })
}

/// The operations of a body: one message, or a batch of them (2025-03-26). `None` when it has two
/// readings, or none: the server behind might find one that we do not.
pub(in crate::mcp) fn from_body(body: &[u8]) -> Option<Vec<Operation<'_>>> {
    let Body(messages) = serde_json::from_slice(body).ok()?;
    let operations: Vec<_> = messages
        .into_iter()
        // An answer to a request of the server asks for nothing.
        .filter(|message| message.method.is_some() || !message.is_answer)
        .map(Message::into_operation)
        .collect::<Option<_>>()?;
    let targets = operations.iter().map(|operation| operation.targets.len());
    (targets.sum::<usize>() <= MAX_TARGETS).then_some(operations)
}

impl Operation<'_> {
    /// Whether the response only delivers notifications, for as long as the client listens.
    pub(in crate::mcp) fn only_listens(&self) -> bool {
        matches!(Naming::of(&self.method), Naming::Subscriptions)
    }
}

impl<'a> Message<'a> {
    fn into_operation(self) -> Option<Operation<'a>> {
        let method = self.method?;
        let Params {
            name,
            uri,
            reference,
            subscriptions,
        } = self.params;
        let resource = |name| Target {
            kind: TargetKind::Resource,
            name,
        };
        let targets = match Naming::of(&method) {
            Naming::Mirrored(TargetKind::Resource) | Naming::Uri => vec![resource(uri?)],
            Naming::Mirrored(kind) => vec![Target { kind, name: name? }],
            Naming::Nothing => Vec::new(),
            Naming::Reference => vec![match (reference.name, reference.uri) {
                (Some(name), None) => Target {
                    kind: TargetKind::Prompt,
                    name,
                },
                (None, Some(name)) => Target {
                    kind: TargetKind::Template,
                    name,
                },
                _ => return None,
            }],
            Naming::Subscriptions => subscriptions.into_iter().map(resource).collect(),
        };
        Some(Operation { method, targets })
    }
}

/// The value of a header that is there exactly once: of two, someone else may read the other.
fn single_header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
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
fn decode_name(value: &str) -> Option<Cow<'_, str>> {
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

const FIRST_WITH_MIRRORED_HEADERS: &str = "2026-07-28";

#[cfg(test)]
mod tests;
