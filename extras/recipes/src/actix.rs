//! actix-web, which is not tower: a middleware around [`JwtVerifier::verify_request`].

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{Data, ReqData, ServiceConfig, get, scope};
use actix_web::{Error, HttpMessage as _, HttpResponse};
use http::request::Parts;
use tower_jwt_auth::{AuthInfo, JwtAuthLayer, JwtVerifier, Rejection};

/// For `App::new().configure(..)`.
pub fn configure(app: &mut ServiceConfig, auth: &JwtAuthLayer) {
    app.app_data(Data::new(auth.verifier()));
    if let Some(metadata) = auth.resource_metadata().cloned() {
        // Public: clients without a token read it.
        let path = metadata.path().to_owned();
        app.route(
            &path,
            get().to(move || {
                let document = metadata.document();
                async {
                    HttpResponse::Ok()
                        .content_type("application/json")
                        .body(document)
                }
            }),
        );
    }
    let api = scope("/api")
        .route("/notes", get().to(notes))
        .wrap(from_fn(authenticate));
    app.service(api);
}

async fn notes(auth: ReqData<AuthInfo>) -> String {
    format!("the notes of {}", auth.subject().unwrap_or("nobody"))
}

async fn authenticate<B: MessageBody + 'static>(
    verifier: Data<JwtVerifier>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let Some(parts) = parts(&request) else {
        let response = HttpResponse::BadRequest().finish();
        return Ok(request.into_response(response).map_into_right_body());
    };
    match verifier.verify_request(&parts).await {
        Ok(auth) => {
            request.extensions_mut().insert(auth);
            Ok(next.call(request).await?.map_into_left_body())
        }
        Err(rejection) => {
            let response = response(&rejection);
            Ok(request.into_response(response).map_into_right_body())
        }
    }
}

/// actix-web has the types of `http` 0.2, so method, URI and headers are made anew.
fn parts(request: &ServiceRequest) -> Option<Parts> {
    let mut parts = http::Request::builder()
        .method(request.method().as_str())
        .uri(request.uri().to_string());
    for (name, value) in request.headers() {
        parts = parts.header(name.as_str(), value.as_bytes());
    }
    Some(parts.body(()).ok()?.into_parts().0)
}

/// The status, the challenge and the body as the layer would send them.
fn response(rejection: &Rejection) -> HttpResponse {
    let (parts, body) = rejection.to_response().into_parts();
    let status = StatusCode::from_u16(parts.status.as_u16());
    let mut response = HttpResponse::build(status.unwrap_or(StatusCode::UNAUTHORIZED));
    for (name, value) in &parts.headers {
        response.append_header((name.as_str(), value.as_bytes()));
    }
    response.body(body)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use actix_web::App;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};

    use crate::support::{METADATA, layer, reader};

    #[actix_web::test]
    async fn the_handler_knows_its_caller() {
        let (issuer, auth) = layer();
        let app = App::new().configure(|app| super::configure(app, &auth));
        let app = init_service(app).await;
        let good = format!("Bearer {}", reader(&issuer).sign());
        for (lines, expected) in [(vec![&good], 200), (vec![], 401), (vec![&good, &good], 400)] {
            let mut request = TestRequest::get().uri("/api/notes");
            for line in lines {
                request = request.append_header(("authorization", line.as_str()));
            }
            let response = call_service(&app, request.to_request()).await;
            assert_eq!(response.status().as_u16(), expected);
            let challenge = response.headers().contains_key("www-authenticate");
            assert_eq!(challenge, expected != 200);
            let body = read_body(response).await;
            assert_eq!(body == "the notes of alice", expected == 200, "{body:?}");
        }
        let request = TestRequest::get().uri(METADATA).to_request();
        assert_eq!(call_service(&app, request).await.status().as_u16(), 200);
    }
}
