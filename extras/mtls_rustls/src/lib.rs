//! A server that ends TLS itself and tells `JwtAuthLayer` which certificate its client has, for
//! tokens that are bound to certificates (RFC 8705 §3).
//!
//! It asks each client for a certificate. A client without one is served all the same. The
//! certificate may be self-signed or expired: it is only the mark of a key, and the handshake
//! proves that the client holds the key.

mod verifier;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_rustls::server::TlsStream;
use tower::ServiceExt as _;
use tower_jwt_auth::proof::ClientCertificate;

use crate::verifier::AnyCertificate;

/// TLS with the certificate of this server, which asks clients for theirs.
pub fn acceptor(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<TlsAcceptor, rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let any_certificate = Arc::new(AnyCertificate::new(&provider));
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(any_certificate)
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Serves `app`, which `JwtAuthLayer` protects.
pub async fn serve(listener: TcpListener, acceptor: TlsAcceptor, app: Router) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let (acceptor, app) = (acceptor.clone(), app.clone());
        tokio::spawn(async move {
            // A client that never finishes its handshake must not hold the task for ever.
            if let Ok(Ok(stream)) = timeout(HANDSHAKE, acceptor.accept(stream)).await {
                serve_connection(stream, app).await;
            }
        });
    }
}

async fn serve_connection(stream: TlsStream<TcpStream>, app: Router) {
    let certificate = certificate(&stream);
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        if let Some(certificate) = &certificate {
            request.extensions_mut().insert(certificate.clone());
        }
        app.clone().oneshot(request)
    });
    let server = Builder::new(TokioExecutor::new());
    // The client is gone, or does not speak HTTP.
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

/// Hashed once for each connection. The first certificate is the client's own.
fn certificate(stream: &TlsStream<TcpStream>) -> Option<ClientCertificate> {
    let (_, connection) = stream.get_ref();
    let own = connection.peer_certificates()?.first()?;
    Some(ClientCertificate::from_der(own))
}

const HANDSHAKE: Duration = Duration::from_secs(10);
