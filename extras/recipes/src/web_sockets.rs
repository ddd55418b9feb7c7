//! WebSockets: the layer checks the handshake, and the socket closes when the token expires.

use std::time::SystemTime;

use axum::Router;
use axum::extract::Request;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::HeaderValue;
use axum::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use axum::middleware::map_request;
use axum::response::Response;
use axum::routing::any;
use tower_jwt_auth::{AuthInfo, JwtAuthLayer};

pub fn app(auth: &JwtAuthLayer) -> Router {
    // Every method: over HTTP/2, a handshake is a CONNECT request.
    let routes = Router::new().route("/notes", any(handshake));
    auth.protect(routes).layer(map_request(token_of_browsers))
}

/// A script cannot set `Authorization` on a handshake. It offers the token as a subprotocol,
/// `new WebSocket(url, ["notes.v1", "bearer." + token])`, and this puts it where the layer looks.
/// Not in the query: URLs are logged.
async fn token_of_browsers(mut request: Request) -> Request {
    let headers = request.headers_mut();
    let offered = headers.get(SEC_WEBSOCKET_PROTOCOL).cloned();
    let Some(offered) = offered.as_ref().and_then(|value| value.to_str().ok()) else {
        return request;
    };
    let (token, others): (Vec<_>, Vec<_>) = offered
        .split(',')
        .map(str::trim)
        .partition(|protocol| protocol.starts_with("bearer."));
    let value = |text: String| HeaderValue::from_str(&text).ok();
    if let Some(others) = value(others.join(", ")) {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, others);
    }
    for token in token
        .iter()
        .filter_map(|token| token.strip_prefix("bearer."))
    {
        if let Some(mut line) = value(format!("Bearer {token}")) {
            line.set_sensitive(true);
            // Beside another token this is a second line, which the layer rejects.
            headers.append(AUTHORIZATION, line);
        }
    }
    request
}

async fn handshake(socket: WebSocketUpgrade, auth: AuthInfo) -> Response {
    socket
        .protocols(["notes.v1"])
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

    use crate::support::{layer, reader};

    fn request(address: &str, headers: &[(&'static str, String)]) -> Request {
        let mut request = format!("ws://{address}/notes")
            .into_client_request()
            .unwrap();
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        request
    }

    async fn serve() -> (tower_jwt_auth::test_util::TestIssuer, String) {
        let (issuer, auth) = layer();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, super::app(&auth)).await });
        (issuer, address)
    }

    #[tokio::test]
    async fn the_handshake_needs_one_token_in_the_header_or_as_a_subprotocol() {
        let (issuer, address) = serve().await;
        let token = reader(&issuer).sign();
        let header = ("authorization", format!("Bearer {token}"));
        let protocol = (
            "sec-websocket-protocol",
            format!("notes.v1, bearer.{token}"),
        );
        for headers in [vec![header.clone()], vec![protocol.clone()]] {
            let (mut socket, response) = connect_async(request(&address, &headers)).await.unwrap();
            // The token is not repeated in the response.
            let chosen = response.headers().get("sec-websocket-protocol");
            assert!(chosen.is_none_or(|chosen| chosen == "notes.v1"));
            socket.send(Message::text("hello")).await.unwrap();
            let answer = socket.next().await.unwrap().unwrap();
            assert_eq!(answer, Message::text("alice: hello"));
        }
        let junk = ("authorization", "Bearer a.b.c".to_owned());
        for (headers, expected) in [
            (vec![], 401),
            (vec![junk], 401),
            (vec![header, protocol], 400),
        ] {
            match connect_async(request(&address, &headers)).await {
                Err(Error::Http(response)) => assert_eq!(response.status(), expected),
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
