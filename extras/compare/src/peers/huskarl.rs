use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use huskarl_reqwest::ReqwestClient;
use huskarl_resource_server::validator::rfc9068::Rfc9068Validator;
use tower::Service;

use super::{ALGORITHMS, Crypto, Peer, Role, layered};
use crate::drive::App;
use crate::issuer::Issuer;
use crate::token::RESOURCE;

pub fn peer() -> Peer {
    Peer {
        name: "huskarl-resource-server",
        form: "engine, in our minimal layer",
        package: ("huskarl-resource-server", ""),
        crypto: Crypto::RustCrypto,
        algorithms: &ALGORITHMS,
        role: Role::Peer,
        start: |issuer| Box::pin(start(issuer)),
    }
}

async fn start(issuer: &Issuer) -> App {
    let client = ReqwestClient::builder().build().await.expect("a client");
    let validator = Rfc9068Validator::builder()
        .issuer(issuer.name())
        .audience(RESOURCE)
        .jwks_uri(issuer.jwks_uri().parse().expect("a URL"))
        .jwks_source(client)
        .build();
    let validator = Arc::new(validator.await.expect("a validator"));
    layered(&tower::layer::layer_fn(move |inner| Guarded {
        inner,
        validator: validator.clone(),
    }))
}

/// huskarl has not released its layer. This one does only what its documentation asks for.
#[derive(Clone)]
struct Guarded {
    inner: Router,
    validator: Arc<Rfc9068Validator>,
}

impl Service<Request<Body>> for Guarded {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request<Body>>::poll_ready(&mut self.inner, cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let validator = self.validator.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let result =
                validator.validate_request(&parts.headers, &parts.method, &parts.uri, None);
            let result = result.await;
            if let Some(rejection) = result.rejection(&validator.validator_metadata(None), None) {
                let response = rejection.apply(Response::builder()).body(Body::empty());
                return Ok(response.expect("headers of its own making"));
            }
            request = Request::from_parts(parts, body);
            if let Ok(Some(caller)) = result.outcome {
                request.extensions_mut().insert(Arc::new(caller));
            }
            inner.call(request).await
        })
    }
}
