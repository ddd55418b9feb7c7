//! A gRPC service (tonic) behind the layer.
//!
//! The hook turns a rejection into a gRPC response: HTTP 200 with `grpc-status`, and the challenge
//! as a header. Without the hook the response is an HTTP status with a JSON body, which tonic's
//! client reports as a malformed message.
//!
//! The service is what `tonic-build` would generate, written out, so that no protobuf compiler is
//! needed.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Bytes;
use axum::http;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::transport::Server;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;
use tower::Service;
use tower_jwt_auth::error::{RejectionContext, RejectionKind};
use tower_jwt_auth::{AuthInfo, JwtAuthLayer, Rejection};

pub async fn serve(
    listener: TcpListener,
    auth: JwtAuthLayer,
) -> Result<(), tonic::transport::Error> {
    Server::builder()
        .layer(auth.on_rejection(as_status))
        .add_service(Identity)
        .serve_with_incoming(TcpListenerStream::new(listener))
        .await
}

fn as_status(rejection: &Rejection, _: &RejectionContext<'_>) -> http::Response<Bytes> {
    let status = match rejection.kind() {
        RejectionKind::AccessDenied => Status::permission_denied("access denied"),
        RejectionKind::InsufficientScope => Status::permission_denied("a scope is missing"),
        RejectionKind::KeysUnavailable => Status::unavailable("try again"),
        RejectionKind::TooManyRequests => Status::resource_exhausted("try again later"),
        _ => Status::unauthenticated("a valid access token is needed"),
    };
    let mut response = status.into_http();
    if let Some(challenge) = rejection.www_authenticate() {
        let name = http::header::WWW_AUTHENTICATE;
        response.headers_mut().insert(name, challenge.clone());
    }
    response
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Question {}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Answer {
    #[prost(string, tag = "1")]
    pub subject: String,
}

/// The handler of `rpc Whoami (Question) returns (Answer)`.
#[derive(Clone, Debug)]
struct Whoami;

impl UnaryService<Question> for Whoami {
    type Response = Answer;
    type Future = Ready<Result<Response<Answer>, Status>>;

    fn call(&mut self, request: Request<Question>) -> Self::Future {
        let auth = request.extensions().get::<AuthInfo>();
        let answer = auth.map(|auth| Answer {
            subject: auth.subject().unwrap_or("nobody").to_owned(),
        });
        ready(match answer {
            Some(answer) => Ok(Response::new(answer)),
            None => Err(Status::internal("JwtAuthLayer is missing")),
        })
    }
}

#[derive(Clone, Debug)]
pub struct Identity;

impl NamedService for Identity {
    const NAME: &'static str = "example.Identity";
}

impl Service<http::Request<Body>> for Identity {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            match request.uri().path() {
                "/example.Identity/Whoami" => {
                    let mut grpc = Grpc::new(ProstCodec::<Answer, Question>::default());
                    Ok(grpc.unary(Whoami, request).await)
                }
                _ => Ok(Status::unimplemented("no such method").into_http()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::{RESOURCE, layer, layer_with, listen};
    use tonic::Code;
    use tonic::transport::Channel;
    use tower_jwt_auth::proof::Dpop;
    use tower_jwt_auth::test_util::{Fault, TestClient};

    async fn call(base: &str, token: Option<&str>) -> Result<String, Status> {
        let bearer = token.map(|token| ("authorization", format!("Bearer {token}")));
        call_with(base, bearer).await
    }

    async fn call_with(
        base: &str,
        metadata: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Result<String, Status> {
        let channel = Channel::from_shared(base.to_owned()).unwrap();
        let mut client = tonic::client::Grpc::new(channel.connect().await.unwrap());
        client.ready().await.unwrap();
        let mut request = Request::new(Question {});
        for (name, value) in metadata {
            request.metadata_mut().insert(name, value.parse().unwrap());
        }
        let path = http::uri::PathAndQuery::from_static("/example.Identity/Whoami");
        let codec = ProstCodec::<Question, Answer>::default();
        let answer = client.unary(request, path, codec).await?;
        Ok(answer.into_inner().subject)
    }

    #[tokio::test]
    async fn the_handler_knows_its_caller() {
        let (issuer, auth) = layer();
        let (listener, base) = listen().await;
        tokio::spawn(serve(listener, auth));
        let good = issuer.mint(RESOURCE).subject("alice").scope("mcp:read");
        assert_eq!(call(&base, Some(&good.sign())).await.unwrap(), "alice");

        let elsewhere = good.clone().claim("aud", "https://other.example").sign();
        let narrow = good.without("scope").sign();
        for (token, code) in [
            (None, Code::Unauthenticated),
            (Some(elsewhere), Code::Unauthenticated),
            (Some(narrow), Code::PermissionDenied),
        ] {
            let refused = call(&base, token.as_deref()).await.unwrap_err();
            assert_eq!(refused.code(), code, "{refused:?}");
            let challenge = refused.metadata().get("www-authenticate").unwrap();
            let challenge = challenge.to_str().unwrap();
            assert!(challenge.contains("resource_metadata="), "{challenge}");
        }
    }

    /// The client sends `:authority: 127.0.0.1:PORT`; the URL that counts is the configured one.
    #[tokio::test]
    async fn a_token_that_is_bound_to_a_key() {
        const PATH: &str = "/example.Identity/Whoami";
        let (issuer, auth) = layer_with(|config| config.dpop(Dpop::new()));
        let (listener, base) = listen().await;
        tokio::spawn(serve(listener, auth));
        let (client, other) = (TestClient::start(), TestClient::start());
        let token = issuer.mint(RESOURCE).subject("alice").scope("mcp:read");
        let token = token.bound_to(&client).sign();
        let url = format!("https://mcp.example.com{PATH}");
        let call = async |scheme: &str, client: &TestClient, url: &str| {
            let proof = client.proof("POST", url).token(&token).sign();
            let authorization = ("authorization", format!("{scheme} {token}"));
            call_with(&base, [authorization, ("dpop", proof)]).await
        };
        assert_eq!(call("DPoP", &client, &url).await.unwrap(), "alice");
        let authority = format!("{base}{PATH}");
        for (refused, challenge) in [
            (
                call("DPoP", &client, &authority).await,
                r#"DPoP error="invalid_dpop_proof""#,
            ),
            (
                call("DPoP", &other, &url).await,
                r#"DPoP error="invalid_token""#,
            ),
            (
                call("Bearer", &client, &url).await,
                r#"Bearer error="invalid_token""#,
            ),
        ] {
            let refused = refused.unwrap_err();
            assert_eq!(refused.code(), Code::Unauthenticated, "{refused:?}");
            let found = refused.metadata().get("www-authenticate").unwrap();
            let found = found.to_str().unwrap();
            assert!(found.starts_with(challenge), "{found}");
        }
        assert_eq!(call("DPoP", &client, &url).await.unwrap(), "alice");
    }

    #[tokio::test]
    async fn an_outage_is_no_bad_token() {
        let (issuer, auth) = layer();
        issuer.fail(Fault::Status(500));
        let (listener, base) = listen().await;
        tokio::spawn(serve(listener, auth));
        let token = issuer.mint(RESOURCE).scope("mcp:read").sign();
        let refused = call(&base, Some(&token)).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
    }
}
