//! Sessions of an MCP server that belong to their principal.
//!
//! This file is the layer. `service` handles a request: it asks the store whether the session is
//! the caller's, calls the server, and binds or ends a session by what the server answers. `store`
//! is the interface of stores, `memory` the store of one process, `owners` its order by users, and
//! `entry` what it keeps of a session. Only `service` calls a store.

mod entry;
pub(super) mod memory;
mod owners;
pub(super) mod service;
pub(super) mod store;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tower_layer::Layer;

use self::memory::MemorySessions;
use self::service::SessionBinding;
use self::store::SessionStore;

/// Binds each MCP session to the principal that began it. Its id is of no use to others.
///
/// This layer belongs inside [`JwtAuthLayer`](crate::JwtAuthLayer), in front of an MCP server that
/// keeps sessions (protocols before 2026-07-28). Such a server admits every caller with a valid
/// token and the id of a session, whoever began it; the MCP specification asks servers to bind the
/// two ("Session Hijacking").
///
/// - A session belongs to the [`Principal`](crate::mcp::Principal) whose request made the server
///   respond with an `Mcp-Session-Id`. A refreshed token is the same principal.
/// - A request of any other principal gets 404, as for a session that does not exist, whatever its
///   method. The client then begins a session of its own. The server does not see the request.
/// - If the store does not know an id, after a restart for example, the request goes to the server,
///   and the session belongs to the first principal that uses it with success. The server's
///   response to an id that it does not know may differ from the 404 of this layer, and so reveal
///   that a stolen id is in use (rmcp's is equal for the requests that clients send). With
///   [`strict`](Self::strict), unknown ids get 404: turn it on if the store knows every session.
/// - A session is forgotten when its owner ends it with DELETE, when the server answers 404 to a
///   new stream (GET) of it, or when the [store](MemorySessions) is full. A 404 to any other
///   request changes nothing: the server may not know the method or the resource of a message. Nor
///   does the 404 of a server that has opened no stream yet: it may not support GET.
/// - A token that names neither a subject nor a client owns no session.
/// - Streams are not bound by their `Last-Event-ID`: a server that replays events must check itself
///   to whom they belong.
///
/// Not supported: the transport HTTP+SSE of 2024-11-05, whose messages carry the session id in the
/// query of their URL. This layer reads the header alone, so it does not bind such sessions.
///
/// ```
/// # #[cfg(feature = "axum")] {
/// use axum::{Router, routing::any};
/// use tower_jwt_auth::JwtAuthLayer;
/// use tower_jwt_auth::mcp::SessionBindingLayer;
///
/// fn app(auth: JwtAuthLayer) -> Router {
///     Router::new()
///         .route("/mcp", any(|| async { "the MCP server" }).layer(SessionBindingLayer::new()))
///         .route_layer(auth)
/// }
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct SessionBindingLayer {
    store: Arc<dyn SessionStore>,
    strict: bool,
    /// Whether the server has opened a stream. One that never does may answer 404 to each GET.
    /// Here, because axum makes a new service for each request.
    opens_streams: Arc<AtomicBool>,
}

impl Default for SessionBindingLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl SessionBindingLayer {
    /// Remembers sessions in this process. Clones of the layer, and its services, share them.
    pub fn new() -> Self {
        Self::with_store(MemorySessions::new())
    }

    /// Remembers sessions in `store`.
    pub fn with_store(store: impl SessionStore) -> Self {
        Self {
            store: Arc::new(store),
            strict: false,
            opens_streams: Arc::default(),
        }
    }

    /// Responds with 404 to every session that the store does not know, instead of asking the
    /// server.
    ///
    /// Default: off, so that sessions that the server keeps elsewhere survive a restart of this
    /// process. Turn it on if the store survives the restart too, as
    /// [`Fleet::sessions`](crate::fleet::Fleet::sessions) does, or if the server's sessions do not.
    /// Leave it off behind [`optional`](crate::JwtAuthLayer::optional): a caller without a token
    /// owns no session, so its second request would get 404. Such a session belongs to the caller
    /// that first uses it with a token, usually the same client after its sign-in.
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }
}

impl<S> Layer<S> for SessionBindingLayer {
    type Service = SessionBinding<S>;

    fn layer(&self, inner: S) -> SessionBinding<S> {
        SessionBinding::new(
            inner,
            self.store.clone(),
            self.strict,
            self.opens_streams.clone(),
        )
    }
}
