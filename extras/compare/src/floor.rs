//! A verifier written by hand with the usual crates: one issuer, one algorithm; without refresh,
//! challenges, limits or configuration.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::ParsedPublicKey;
use axum::Router;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::Either;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Request, Response, StatusCode};
use serde::Deserialize;
use tower::Service;

use crate::drive::App;
use crate::issuer::Issuer;
use crate::peers::{ALGORITHMS, Crypto, Peer, Role, layered};
use crate::token::{Caller, RESOURCE, public_key};

pub fn peer(remembers: bool) -> Peer {
    Peer {
        name: match remembers {
            false => "by hand",
            true => "by hand, with a cache keyed by SHA-256",
        },
        form: "service",
        package: ("tower-jwt-auth-compare", ""),
        crypto: Crypto::AwsLc,
        algorithms: &ALGORITHMS,
        role: Role::Measure,
        start: match remembers {
            false => |issuer| Box::pin(async { start(issuer, None) }),
            true => |issuer| Box::pin(async { start(issuer, Some(Mutex::default())) }),
        },
    }
}

type Memory = Mutex<HashMap<[u8; 32], Arc<Caller>>>;

struct Floor {
    issuer: String,
    algorithm: &'static str,
    keys: ArcSwap<HashMap<String, ParsedPublicKey>>,
    memory: Option<Memory>,
}

#[derive(Deserialize)]
struct Header<'h> {
    alg: &'h str,
    kid: &'h str,
}

fn start(issuer: &Issuer, memory: Option<Memory>) -> App {
    let key = public_key(&issuer.jwk(), issuer.algorithm());
    let floor = Arc::new(Floor {
        issuer: issuer.name().to_owned(),
        algorithm: issuer.algorithm().name(),
        keys: ArcSwap::from_pointee(HashMap::from([(issuer.key().kid().to_owned(), key)])),
        memory,
    });
    layered(&tower::layer::layer_fn(move |inner| Guarded {
        inner,
        floor: floor.clone(),
    }))
}

impl Floor {
    fn caller(&self, headers: &HeaderMap) -> Option<Arc<Caller>> {
        let token = headers
            .get(AUTHORIZATION)?
            .to_str()
            .ok()?
            .strip_prefix("Bearer ")?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
        let Some(memory) = &self.memory else {
            return self.verify(token, now).map(Arc::new);
        };
        let name = digest(&SHA256, token.as_bytes()).as_ref().try_into().ok()?;
        let memory = || memory.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = memory().get(&name).cloned();
        if let Some(caller) = seen {
            return (caller.exp + 60 > now).then_some(caller);
        }
        let caller = Arc::new(self.verify(token, now)?);
        memory().insert(name, caller.clone());
        Some(caller)
    }

    fn verify(&self, token: &str, now: u64) -> Option<Caller> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let header = URL_SAFE_NO_PAD.decode(header).ok()?;
        let header: Header<'_> = serde_json::from_slice(&header).ok()?;
        let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
        let caller: Caller = serde_json::from_slice(&payload).ok()?;
        let good = header.alg == self.algorithm
            && caller.iss == self.issuer
            && caller.aud.iter().any(|audience| audience == RESOURCE)
            && caller.exp + 60 > now
            && caller.nbf.is_none_or(|nbf| nbf <= now + 60);
        if !good {
            return None;
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let keys = self.keys.load();
        let key = keys.get(header.kid)?;
        key.verify_sig(signed.as_bytes(), &signature).ok()?;
        Some(caller)
    }
}

#[derive(Clone)]
struct Guarded {
    inner: Router,
    floor: Arc<Floor>,
}

type Refused = Ready<Result<Response<Body>, Infallible>>;

impl Service<Request<Body>> for Guarded {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<Refused, <Router as Service<Request<Body>>>::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request<Body>>::poll_ready(&mut self.inner, cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let Some(caller) = self.floor.caller(request.headers()) else {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::UNAUTHORIZED;
            return Either::Left(ready(Ok(response)));
        };
        request.extensions_mut().insert(caller);
        Either::Right(self.inner.call(request))
    }
}
