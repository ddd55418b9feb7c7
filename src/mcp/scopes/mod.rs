//! Scopes for each operation of an MCP server.
//!
//! `rules` holds what each operation requires and knows no request handling; `uri` tells it which
//! URIs a server could resolve to another place. `service` learns the operation of a request, asks
//! the rules, and admits or rejects. This file is the layer: the settings that users write.
//! `protocol` reads the operation; only `service` and `rules` call it.

pub(super) mod service;

mod rules;
mod uri;

use std::sync::Arc;

use tower_layer::Layer;

use self::rules::Rules;
use self::service::McpScopes;
use crate::base::scopes::{ScopeHierarchy, ScopeSet};

/// Requires scopes for each tool, prompt, resource or method of an MCP server.
///
/// This layer belongs inside [`JwtAuthLayer`](crate::JwtAuthLayer), in front of the MCP server. If
/// the token lacks a scope, the request gets 403 before the server sees it, with a challenge that
/// names all scopes that the operation requires. Clients react to this response by asking their
/// user for more (MCP authorization, "Scope Challenge Handling"); a tool cannot send it.
///
/// ```
/// # #[cfg(feature = "axum")] {
/// use axum::{Router, routing::post};
/// use tower_jwt_auth::JwtAuthLayer;
/// use tower_jwt_auth::mcp::McpScopesLayer;
///
/// fn app(auth: JwtAuthLayer) -> Router {
///     let scopes = McpScopesLayer::new()
///         .tool("list_notes", ["notes:read"])
///         .tool("add_note", ["notes:write"]);
///     let mcp = post(|| async { "the MCP server" });
///     auth.protect(Router::new().route("/mcp", mcp).route_layer(scopes))
/// }
/// # }
/// ```
///
/// # What each operation requires
///
/// | operation | requires |
/// | --- | --- |
/// | every one | `required_scopes` of the configuration, which [`JwtAuthLayer`](crate::JwtAuthLayer) checks first |
/// | a tool, prompt or resource with a rule | the scopes of its rules |
/// | one without a rule, once another of its kind has one | the scopes of all rules of its kind together, so that a forgotten tool is closed; [`unlisted`](Self::unlisted) changes this |
/// | one without a rule, if no other of its kind has one | nothing more |
/// | a [`method`](Self::method) with a rule | the scopes of the rule |
/// | a method without a rule, such as `ping`, `initialize` or `tools/list` | nothing more |
/// | a batch | the scopes of all its messages |
/// | one that cannot be read | every scope that the rules mention |
///
/// An operation that is closed because it has no rule, or because it cannot be read, gets a 403
/// without a challenge: no user should be asked to grant everything.
///
/// # How the layer learns the operation
///
/// - From the headers `Mcp-Method` and `Mcp-Name`, if `MCP-Protocol-Version` is 2026-07-28 or later
///   and each header is present exactly once. From that version on, a server must reject headers
///   that differ from the body, and rmcp 3 does. **If your server does not compare them, a caller
///   can name a harmless tool in the headers and call another one in the body**: then set
///   [`always_read_body`](Self::always_read_body).
/// - Otherwise from the body, up to [`max_body_bytes`](Self::max_body_bytes): one message, or a
///   batch of up to 100 messages, which requires the scopes of all of them. The server receives the
///   same bytes. This layer has no timeout for slow bodies; put one in front of it.
/// - If the operation cannot be determined (malformed JSON, an ambiguous member, a body that is too
///   long), the request requires every scope that the rules mention. A token that grants them all
///   is admitted, and its body is not read. Any other token gets 403 without a challenge, because
///   no user should be asked to grant every scope for a request that cannot be understood.
///
/// Requests whose method carries no message (GET, HEAD, DELETE, OPTIONS) require nothing. Methods
/// that name no tool, prompt or resource, such as the methods of tasks, require the scopes of their
/// [`method`](Self::method) rule. For a caller without a token, admitted by
/// [`optional`](crate::JwtAuthLayer::optional), the operation is read in the same way: what
/// requires no scope is admitted, and the rest gets 401 with a challenge that lists
/// [`initial_scopes`](crate::config::JwtAuthConfigBuilder::initial_scopes) and the scopes of the
/// operation.
#[derive(Clone, Debug)]
#[must_use]
pub struct McpScopesLayer(Arc<Rules>);

impl Default for McpScopesLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl McpScopesLayer {
    /// Makes a layer without rules: no operation requires a scope.
    pub fn new() -> Self {
        Self(Arc::default())
    }

    /// Requires all of `scopes` for `tools/call` of the tool `name`.
    pub fn tool<S: AsRef<str>>(
        self,
        name: impl Into<String>,
        scopes: impl IntoIterator<Item = S>,
    ) -> Self {
        self.with(scopes, |rules, scopes| rules.add_tool(name.into(), scopes))
    }

    /// Requires all of `scopes` for `prompts/get` and for completions of the prompt `name`.
    pub fn prompt<S: AsRef<str>>(
        self,
        name: impl Into<String>,
        scopes: impl IntoIterator<Item = S>,
    ) -> Self {
        self.with(scopes, |rules, scopes| {
            rules.add_prompt(name.into(), scopes);
        })
    }

    /// Requires all of `scopes` for reading the resource `uri`, for subscriptions to it and for
    /// completions of it. URIs are compared byte for byte.
    pub fn resource<S: AsRef<str>>(
        self,
        uri: impl Into<String>,
        scopes: impl IntoIterator<Item = S>,
    ) -> Self {
        self.with(scopes, |rules, scopes| {
            rules.add_resource(uri.into(), scopes);
        })
    }

    /// Requires all of `scopes` for every resource whose URI starts with `prefix`, byte for byte.
    ///
    /// End the prefix with a slash: `file:///srv/public` also covers `file:///srv/public-drafts`.
    /// The scopes of other rules for the same resource are required too, also of rules for another
    /// spelling of its URI: of the scheme, the host and its default port, of percent-encodings and
    /// doubled slashes, or the path of a file without its scheme.
    ///
    /// A URI that a server could resolve to another place requires the scopes of all resources: one
    /// with a dot segment, an encoded slash, a backslash, or a character that RFC 3986 does not
    /// permit, such as a tab or a space. Percent-encodings of them count too, however often they
    /// are encoded. A URI that a rule of [`resource`](Self::resource) names byte for byte is
    /// exempt.
    ///
    /// A completion may name a template, such as `file:///srv/public/{name}`. `prefix` covers it if
    /// it ends before the first brace, so that every URI of the template begins with it. The scopes
    /// of rules that cover only some of these URIs are required too.
    pub fn resources_under<S: AsRef<str>>(
        self,
        prefix: impl Into<String>,
        scopes: impl IntoIterator<Item = S>,
    ) -> Self {
        self.with(scopes, |rules, scopes| {
            rules.add_resources_under(prefix.into(), scopes);
        })
    }

    /// Requires all of `scopes` for this JSON-RPC method, such as `tools/list`.
    ///
    /// The scopes of the tool, prompt or resource that the message names are required too.
    pub fn method<S: AsRef<str>>(
        self,
        method: impl Into<String>,
        scopes: impl IntoIterator<Item = S>,
    ) -> Self {
        self.with(scopes, |rules, scopes| {
            rules.add_method(method.into(), scopes);
        })
    }

    /// Requires all of `scopes` for tools, prompts and resources without a rule. An empty list
    /// requires nothing.
    ///
    /// Default: once one tool has a rule, a tool without a rule requires the scopes of all tools
    /// together, so that a new tool is not open by oversight. The same holds for prompts and for
    /// resources. A token that lacks one of these scopes gets 403 without a challenge.
    pub fn unlisted<S: AsRef<str>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.with(scopes, Rules::set_unlisted)
    }

    /// Sets which scopes imply which others: `implies(granted, needed)`.
    ///
    /// Default: the hierarchy of the [`JwtAuthConfig`](crate::JwtAuthConfig), if it has one.
    pub fn hierarchy(
        mut self,
        implies: impl Fn(&str, &str) -> bool + Send + Sync + 'static,
    ) -> Self {
        Arc::make_mut(&mut self.0).hierarchy = Some(ScopeHierarchy::new(implies));
        self
    }

    /// Reads the operation from the body even if the headers name it.
    ///
    /// Needed for a server that does not compare the headers with the body, as the protocol of
    /// 2026-07-28 demands. rmcp 3 does compare them.
    ///
    /// Default: off.
    pub fn always_read_body(mut self) -> Self {
        Arc::make_mut(&mut self.0).always_read_body = true;
        self
    }

    /// Reads at most `bytes` of a body to learn its operation.
    ///
    /// A longer body counts as unreadable: it requires every scope that the rules mention.
    ///
    /// Default: [`MAX_MCP_BODY_BYTES`](crate::limits::MAX_MCP_BODY_BYTES), 4 MiB. Set it to the
    /// limit of the server behind.
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        Arc::make_mut(&mut self.0).max_body_bytes = bytes;
        self
    }

    fn with<S: AsRef<str>>(
        mut self,
        scopes: impl IntoIterator<Item = S>,
        change: impl FnOnce(&mut Rules, ScopeSet),
    ) -> Self {
        change(Arc::make_mut(&mut self.0), ScopeSet::required(scopes));
        self
    }
}

impl<S> Layer<S> for McpScopesLayer {
    type Service = McpScopes<S>;

    fn layer(&self, inner: S) -> McpScopes<S> {
        McpScopes::new(inner, self.0.clone())
    }
}
