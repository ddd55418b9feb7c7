//! poem, which is not tower: a middleware around [`JwtVerifier::verify_request`].

use std::sync::Arc;

use http::request::Parts;
use poem::endpoint::make_sync;
use poem::web::Data;
use poem::{Endpoint, EndpointExt as _, Request, Response, Result, Route, get, handler};
use tower_jwt_auth::{AuthInfo, JwtAuthLayer, JwtVerifier, Rejection};

pub fn app(auth: &JwtAuthLayer) -> impl Endpoint {
    let verifier = auth.verifier();
    let protected =
        get(notes).around(move |inner, request| authenticate(verifier.clone(), inner, request));
    let mut app = Route::new().at("/notes", protected);
    if let Some(metadata) = auth.resource_metadata() {
        // Public: clients without a token read it.
        let document = metadata.document();
        let document = make_sync(move |_| {
            let response = Response::builder().content_type("application/json");
            response.body(document.clone())
        });
        app = app.at(metadata.path(), get(document));
    }
    app
}

#[handler]
async fn notes(auth: Data<&AuthInfo>) -> String {
    format!("the notes of {}", auth.subject().unwrap_or("nobody"))
}

async fn authenticate<E: Endpoint>(
    verifier: JwtVerifier,
    next: Arc<E>,
    mut request: Request,
) -> Result<E::Output> {
    let parts = parts(&request);
    match verifier.verify_request(&parts).await {
        Ok(auth) => {
            request.extensions_mut().insert(auth);
            next.call(request).await
        }
        Err(rejection) => Err(poem::Error::from_response(response(&rejection))),
    }
}

fn parts(request: &Request) -> Parts {
    let (mut parts, ()) = http::Request::new(()).into_parts();
    parts.method = request.method().clone();
    parts.uri = request.original_uri().clone();
    parts.headers = request.headers().clone();
    parts
}

/// The status, the challenge and the body as the layer would send them.
fn response(rejection: &Rejection) -> Response {
    let (parts, body) = rejection.to_response().into_parts();
    let mut response = Response::from(body);
    response.set_status(parts.status);
    *response.headers_mut() = parts.headers;
    response
}

#[cfg(test)]
mod tests {
    use poem::{Endpoint as _, Request};

    use crate::support::{METADATA, layer, reader};

    #[tokio::test]
    async fn the_handler_knows_its_caller() {
        let (issuer, auth) = layer();
        let app = super::app(&auth);
        let good = format!("Bearer {}", reader(&issuer).sign());
        for (lines, expected) in [(vec![&good], 200), (vec![], 401), (vec![&good, &good], 400)] {
            let mut request = Request::builder().uri_str("/notes");
            for line in lines {
                request = request.header("authorization", line);
            }
            let response = app.get_response(request.finish()).await;
            assert_eq!(response.status().as_u16(), expected);
            let challenge = response.headers().contains_key("www-authenticate");
            assert_eq!(challenge, expected != 200);
            let body = response.into_body().into_string().await;
            let answered = body.is_ok_and(|body| body == "the notes of alice");
            assert_eq!(answered, expected == 200);
        }
        let request = Request::builder().uri_str(METADATA).finish();
        assert_eq!(app.get_response(request).await.status().as_u16(), 200);
    }
}
