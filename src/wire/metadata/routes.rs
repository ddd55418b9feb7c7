//! The documents as routes of axum.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use tower_service::Service;

use super::{ResourceMetadata, status};
use crate::wire::body::GuardedBody;

/// A router that serves each document at its path.
pub(crate) fn routes<'m, S: Clone + Send + Sync + 'static>(
    documents: impl IntoIterator<Item = (&'m str, &'m ResourceMetadata)>,
) -> Router<S> {
    let mut routes: Vec<(String, Vec<(String, ResourceMetadata)>)> = Vec::new();
    for (path, metadata) in documents {
        let document = (path.to_owned(), metadata.clone());
        let route = route_for(path);
        match routes.iter_mut().find(|(known, _)| *known == route) {
            Some((_, documents)) => documents.push(document),
            None => routes.push((route, vec![document])),
        }
    }
    // A router that checks for patterns would make each router check that it is merged into.
    let router = Router::new().without_v07_checks();
    routes
        .into_iter()
        .fold(router, |router, (route, documents)| {
            router.route_service(&route, AtPaths(documents.into()))
        })
}

/// The route that matches `path`. axum panics when a router that checks for the patterns of older
/// versions gets a segment that starts with `:` or `*`, also when routers are merged. Such a
/// segment is captured, and compared later.
fn route_for(path: &str) -> String {
    let segments = path.split('/').enumerate();
    let segments = segments.map(|(number, segment)| match segment.starts_with([':', '*']) {
        true => format!("{{segment_{number}}}"),
        false => segment.to_owned(),
    });
    segments.collect::<Vec<_>>().join("/")
}

/// The documents at the paths that one route matches.
#[derive(Clone)]
struct AtPaths(Arc<[(String, ResourceMetadata)]>);

impl<B> Service<Request<B>> for AtPaths {
    type Response = Response<GuardedBody>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (method, path) = (request.method(), request.uri().path());
        let found = self.0.iter().find(|(known, _)| known == path);
        let response: Response<Bytes> = match found {
            Some((_, metadata)) => metadata.respond(method, request.headers()),
            None => status(StatusCode::NOT_FOUND),
        };
        ready(Ok(response.map(GuardedBody::own)))
    }
}
