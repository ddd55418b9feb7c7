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
    use crate::support::{RESOURCE, layer, listen};
    use tonic::Code;
    use tonic::transport::Channel;
    use tower_jwt_auth::test_util::Fault;

    async fn call(base: &str, token: Option<&str>) -> Result<String, Status> {
        let channel = Channel::from_shared(base.to_owned()).unwrap();
        let mut client = tonic::client::Grpc::new(channel.connect().await.unwrap());
        client.ready().await.unwrap();
        let mut request = Request::new(Question {});
        if let Some(token) = token {
            let value = format!("Bearer {token}").parse().unwrap();
            request.metadata_mut().insert("authorization", value);
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
