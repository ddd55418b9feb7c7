//! The two servers that are shown the same requests.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use http::{Request, Response, StatusCode};
use huskarl_axum::layers::ValidatorLayer;
use huskarl_axum::resource_server::core::Error;
use huskarl_axum::resource_server::core::jwt::JtiUniquenessChecker;
use huskarl_axum::resource_server::core::platform::MaybeSendBoxFuture;
use huskarl_reqwest::ReqwestClient;
use huskarl_resource_server::validator::rfc9068::Rfc9068Validator;
use tower::util::BoxCloneSyncService;
use tower::{Layer as _, ServiceExt as _};
use tower_jwt_auth::proof::Dpop;
use tower_jwt_auth::test_util::TestIssuer;
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};

use crate::scene::{ORIGIN, RESOURCE};

/// A service behind a layer.
#[derive(Clone)]
pub struct Server(BoxCloneSyncService<Request<Body>, StatusCode, Infallible>);

impl Server {
    pub async fn status(&self, request: &Request<()>) -> StatusCode {
        let request = request.clone().map(|()| Body::empty());
        let answer = self.0.clone().oneshot(request).await;
        answer.unwrap_or_else(|never| match never {})
    }
}

/// This crate, with every setting at its default.
pub fn layer(issuer: &TestIssuer) -> JwtAuthLayer {
    let config = JwtAuthConfig::builder()
        .resource(RESOURCE)
        .issuer(issuer.issuer())
        .jwks(issuer.jwks())
        .dpop(Dpop::new());
    JwtAuthLayer::new(config.build().expect("a configuration"))
}

pub fn ours(issuer: &TestIssuer) -> Server {
    let service = layer(issuer).layer(tower::service_fn(served));
    Server(BoxCloneSyncService::new(
        service.map_response(|response| response.status()),
    ))
}

/// huskarl, with a memory of the proofs that were used: it has none of its own.
pub async fn huskarl(issuer: &TestIssuer) -> Server {
    let client = ReqwestClient::builder().build().await.expect("a client");
    let validator = Rfc9068Validator::builder()
        .issuer(issuer.issuer())
        .audience(RESOURCE)
        .jwks_uri(issuer.jwks_uri().parse().expect("a URL"))
        .jwks_source(client)
        .dpop_jti_checker(Seen::default())
        .build();
    let layer = ValidatorLayer::builder()
        .validator(validator.await.expect("a validator"))
        .base_url(ORIGIN)
        .expect("a URL")
        .build();
    let service = layer.authenticated().layer(tower::service_fn(served));
    Server(BoxCloneSyncService::new(
        service.map_response(|response| response.status()),
    ))
}

async fn served(_: Request<Body>) -> Result<Response<Body>, Infallible> {
    Ok(Response::new(Body::empty()))
}

/// Every `jti` that came, for ever. The key of its proof is not known here.
#[derive(Clone, Debug, Default)]
struct Seen(Arc<Mutex<HashSet<String>>>);

impl JtiUniquenessChecker for Seen {
    fn check_and_mark_seen(&self, jti: &str) -> MaybeSendBoxFuture<'_, Result<bool, Error>> {
        let jti = jti.to_owned();
        Box::pin(async move {
            let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(!seen.insert(jti))
        })
    }
}
