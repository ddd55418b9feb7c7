//! WebSockets: the layer checks the handshake, and the socket closes when the token expires.

use std::time::SystemTime;

use axum::Router;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::any;
use tower_jwt_auth::config::{JwtAuthConfigBuilder, TokenSource};
use tower_jwt_auth::{AuthInfo, ConfigError, JwtAuthLayer};

/// A script cannot set `Authorization` on a handshake. It sends the token as a subprotocol,
/// `new WebSocket(url, ["bearer", token])`. Not in the query: URLs are logged.
pub fn app(config: JwtAuthConfigBuilder) -> Result<Router, ConfigError> {
    let sources = [
        TokenSource::authorization(),
        TokenSource::websocket_protocol("bearer"),
    ];
    let auth = JwtAuthLayer::new(config.token_sources(sources).build()?);
    // Every method: over HTTP/2, a handshake is a CONNECT request.
    Ok(auth.protect(Router::new().route("/notes", any(handshake))))
}

/// A browser closes the socket unless the response chooses one of its subprotocols.
async fn handshake(socket: WebSocketUpgrade, auth: AuthInfo) -> Response {
    socket
        .protocols(["bearer"])
        .on_upgrade(|socket| serve(socket, auth))
}

/// From 4000 on, the codes belong to the application (RFC 6455 §7.4.2).
const TOKEN_EXPIRED: u16 = 4401;

async fn serve(mut socket: WebSocket, auth: AuthInfo) {
    let left = auth.expires_at().duration_since(SystemTime::now());
    let talk = talk(&mut socket, &auth);
    if tokio::time::timeout(left.unwrap_or_default(), talk)
        .await
        .is_err()
    {
        let frame = CloseFrame {
            code: TOKEN_EXPIRED,
            reason: "the token has expired".into(),
        };
        // The client may be gone already.
        let _ = socket.send(Message::Close(Some(frame))).await;
    }
}

async fn talk(socket: &mut WebSocket, auth: &AuthInfo) {
    while let Some(Ok(Message::Text(text))) = socket.recv().await {
        let answer = format!("{}: {text}", auth.subject().unwrap_or("nobody"));
        if socket.send(Message::Text(answer.into())).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use futures_util::{SinkExt as _, StreamExt as _};
    use tokio::net::TcpListener;
    use tokio_tungstenite::connect_async;
    use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
    use tokio_tungstenite::tungstenite::handshake::client::Request;
    use tokio_tungstenite::tungstenite::{Error, Message};

    use tower_jwt_auth::JwtAuthConfig;
    use tower_jwt_auth::test_util::TestIssuer;

    use crate::support::{API, reader};

    fn request(address: &str, headers: &[(&'static str, String)]) -> Request {
        let mut request = format!("ws://{address}/notes")
            .into_client_request()
            .unwrap();
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        request
    }

    async fn serve() -> (TestIssuer, String) {
        let issuer = TestIssuer::start();
        let config = JwtAuthConfig::builder()
            .resource(API)
            .issuer(issuer.issuer());
        let app = super::app(config).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, app).await });
        (issuer, address)
    }

    #[tokio::test]
    async fn the_handshake_needs_a_token_in_the_header_or_as_a_subprotocol() {
        let (issuer, address) = serve().await;
        let token = reader(&issuer).sign();
        let header = ("authorization", format!("Bearer {token}"));
        let protocol = ("sec-websocket-protocol", format!("bearer, {token}"));
        for (headers, chosen) in [(header, None), (protocol.clone(), Some("bearer"))] {
            let (mut socket, response) =
                connect_async(request(&address, &[headers])).await.unwrap();
            let answer = response.headers().get("sec-websocket-protocol");
            assert_eq!(answer.and_then(|answer| answer.to_str().ok()), chosen);
            socket.send(Message::text("hello")).await.unwrap();
            let answer = socket.next().await.unwrap().unwrap();
            assert_eq!(answer, Message::text("alice: hello"));
        }
        let junk = ("authorization", "Bearer a.b.c".to_owned());
        // The first source that is present counts, whether its token is valid or not.
        for headers in [vec![], vec![junk.clone()], vec![junk, protocol]] {
            match connect_async(request(&address, &headers)).await {
                Err(Error::Http(response)) => assert_eq!(response.status(), 401),
                other => panic!("{other:?}"),
            }
        }
    }

    #[tokio::test]
    async fn a_socket_ends_with_its_token() {
        let (issuer, address) = serve().await;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs();
        // Expired a second ago, which the leeway still lets in.
        let token = reader(&issuer)
            .valid(now - 61, Duration::from_secs(60))
            .sign();
        let header = ("authorization", format!("Bearer {token}"));
        let (mut socket, _) = connect_async(request(&address, &[header])).await.unwrap();
        let Some(Ok(Message::Close(Some(frame)))) = socket.next().await else {
            panic!("the socket stays open");
        };
        assert_eq!(u16::from(frame.code), super::TOKEN_EXPIRED);
    }
}
