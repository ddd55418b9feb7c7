//! An issuer behind TLS that wants a certificate or a token of its clients.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto::aws_lc_rs};
use tower_jwt_auth::config::JwtAuthConfigBuilder;
use tower_jwt_auth::test_util::TestKey;
use tower_jwt_auth::{Algorithm, JwtAuthConfig, JwtVerifier};

pub(crate) const CA: &str = include_str!("../pki/ca.pem");

const SERVER: (&str, &str) = (
    include_str!("../pki/server.pem"),
    include_str!("../pki/server.key"),
);

/// An issuer behind TLS, with a certificate of a private CA.
#[derive(Clone)]
pub(crate) struct Guarded(Arc<State>);

struct State {
    base: String,
    jwks: String,
    /// Whoever has no certificate of the CA gets 403.
    wants_certificate: bool,
    /// Whoever sends another `Authorization` gets 401.
    wants_token: Mutex<Option<String>>,
    /// The `Authorization` of each request for the key set.
    seen: Mutex<Vec<Option<String>>>,
}

impl Guarded {
    pub(crate) async fn start(wants_certificate: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let key = TestKey::generate(Algorithm::ES256, "k").jwk();
        let issuer = Self(Arc::new(State {
            base: format!("https://{}", listener.local_addr().unwrap()),
            jwks: json!({"keys": [key]}).to_string(),
            wants_certificate,
            wants_token: Mutex::default(),
            seen: Mutex::default(),
        }));
        let (tls, served) = (TlsAcceptor::from(Arc::new(tls())), issuer.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(served.clone().serve(tls.clone(), stream));
            }
        });
        issuer
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.0.base
    }

    async fn serve(self, tls: TlsAcceptor, stream: TcpStream) {
        let Ok(stream) = tls.accept(stream).await else {
            return;
        };
        let is_known = stream.get_ref().1.peer_certificates().is_some();
        let answer = |request| std::future::ready(self.answer(&request, is_known));
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service_fn(answer));
        let _ = connection.await;
    }

    fn answer(
        &self,
        request: &Request<Incoming>,
        is_known: bool,
    ) -> Result<Response<Full<Bytes>>, std::convert::Infallible> {
        let state = &*self.0;
        let is_jwks = request.uri().path() == "/jwks";
        let sent = request.headers().get("authorization");
        let sent = sent.map(|value| value.to_str().unwrap().to_owned());
        let wanted = state.wants_token.lock().unwrap().clone();
        let body = match is_jwks {
            true => state.jwks.clone(),
            false => {
                let jwks_uri = format!("{}/jwks", state.base);
                json!({"issuer": state.base, "jwks_uri": jwks_uri}).to_string()
            }
        };
        let mut answer = Response::new(Full::from(body));
        if state.wants_certificate && !is_known {
            *answer.status_mut() = 403.try_into().unwrap();
        } else if wanted.is_some_and(|wanted| sent != Some(format!("Bearer {wanted}"))) {
            *answer.status_mut() = 401.try_into().unwrap();
        }
        if is_jwks {
            state.seen.lock().unwrap().push(sent);
        }
        Ok(answer)
    }

    /// The `Authorization` of the last request for the key set.
    pub(super) fn last_sent(&self) -> Option<String> {
        self.0.seen.lock().unwrap().last().unwrap().clone()
    }

    pub(super) fn wants(&self, token: &str) {
        *self.0.wants_token.lock().unwrap() = Some(token.to_owned());
    }

    pub(super) fn verifier(&self, change: impl FnOnce(Builder) -> Builder) -> JwtVerifier {
        let config = JwtAuthConfig::builder().issuer(&self.0.base).audience("a");
        JwtVerifier::new(change(config).build().unwrap())
    }

    /// Why the keys cannot be fetched; `None` if they can.
    pub(super) async fn refuses(&self, change: impl FnOnce(Builder) -> Builder) -> Option<String> {
        let ready = self.verifier(change).wait_for_keys().await;
        ready.err().map(|error| error.to_string())
    }
}

pub(super) type Builder = JwtAuthConfigBuilder;

fn tls() -> ServerConfig {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let certificates = |pem: &'static str| CertificateDer::pem_slice_iter(pem.as_bytes());
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates(CA).map(Result::unwrap));
    let clients = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
    let clients = clients.allow_unauthenticated().build().unwrap();
    let chain = certificates(SERVER.0).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(SERVER.1.as_bytes()).unwrap();
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_single_cert(chain, key)
        .unwrap()
}
