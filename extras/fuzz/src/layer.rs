use std::convert::Infallible;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::Empty;
use tower::{ServiceExt as _, service_fn};
use tower_jwt_auth::{AuthInfo, JwtAuthLayer, Rejection};

use crate::at_once;

type Answer = Response<Empty<Bytes>>;

/// Sends a request with these header lines through the layer. `Ok` means that the service was
/// called.
pub fn send(layer: &JwtAuthLayer, headers: HeaderMap) -> Result<Option<AuthInfo>, Rejection> {
    let service = service_fn(|request: Request<()>| async move {
        let mut response = Answer::default();
        let auth = request.extensions().get::<AuthInfo>().cloned();
        response.extensions_mut().insert(Reached(auth));
        Ok::<_, Infallible>(response)
    });
    let mut request = Request::new(());
    *request.headers_mut() = headers;
    let service = tower::Layer::layer(layer, service);
    let Ok(mut response) = at_once(service.oneshot(request));
    let extensions = response.extensions_mut();
    match (
        extensions.remove::<Reached>(),
        extensions.remove::<Rejection>(),
    ) {
        (Some(Reached(auth)), None) => Ok(auth),
        (None, Some(rejection)) => Err(rejection),
        _ => panic!("reached, or refused"),
    }
}

#[derive(Clone)]
struct Reached(Option<AuthInfo>);

pub fn authorization(values: impl IntoIterator<Item = HeaderValue>) -> HeaderMap {
    let lines = values.into_iter().map(|value| (AUTHORIZATION, value));
    lines.collect()
}
