//! Bound tokens over real TLS.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ::aws_lc_rs::digest::{SHA256, digest};
use axum::routing::get;
use axum::{Extension, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{CertificateParams, CertifiedKey, KeyPair, date_time_ymd};
use reqwest::tls::Version;
use reqwest::{Client, Identity};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::ResolvesClientCert;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    ClientConfig, RootCertStore, SignatureScheme, SupportedProtocolVersion, sign,
};
use tower_jwt_auth::proof::Mtls;
use tower_jwt_auth::test_util::TestIssuer;
use tower_jwt_auth::{AuthInfo, JwtAuthConfig, JwtAuthLayer};

const RESOURCE: &str = "https://mcp.example.com/mcp";

struct Server {
    issuer: TestIssuer,
    base: String,
    der: CertificateDer<'static>,
    /// How often the handler ran.
    calls: Arc<AtomicUsize>,
}

impl Server {
    async fn start() -> Self {
        let issuer = TestIssuer::start();
        let config = JwtAuthConfig::builder()
            .resource(RESOURCE)
            .issuer(issuer.issuer())
            .mtls(Mtls::from_tls())
            .build()
            .unwrap();
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        let handler = move |Extension(auth): Extension<AuthInfo>| async move {
            counted.fetch_add(1, Ordering::Relaxed);
            let confirmation = auth.confirmation();
            let thumbprint = confirmation.and_then(|it| it.x5t_s256());
            thumbprint.unwrap_or("bearer").to_owned()
        };
        let app = JwtAuthLayer::new(config).protect(Router::new().route("/mcp", get(handler)));
        let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::from_pem_slice(own.signing_key.serialize_pem().as_bytes());
        let chain = vec![own.cert.der().clone()];
        let acceptor = mtls_rustls::acceptor(chain, key.unwrap()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(mtls_rustls::serve(listener, acceptor, app));
        Self {
            issuer,
            base: format!("https://localhost:{port}"),
            der: own.cert.der().clone(),
            calls,
        }
    }

    /// A client with connections of its own.
    fn client(&self, identity: Option<&CertifiedKey<KeyPair>>) -> Client {
        self.client_of(identity, Version::TLS_1_3)
    }

    fn client_of(&self, identity: Option<&CertifiedKey<KeyPair>>, tls: Version) -> Client {
        let root = reqwest::Certificate::from_der(&self.der).unwrap();
        let mut client = Client::builder()
            .tls_certs_only([root])
            .tls_version_min(tls)
            .tls_version_max(tls);
        if let Some(CertifiedKey { cert, signing_key }) = identity {
            let pem = format!("{}{}", cert.pem(), signing_key.serialize_pem());
            client = client.identity(Identity::from_pem(pem.as_bytes()).unwrap());
        }
        client.build().unwrap()
    }

    fn token(&self, thumbprint: &str) -> String {
        let token = self.issuer.mint(RESOURCE);
        token.claim("cnf", json!({"x5t#S256": thumbprint})).sign()
    }

    /// The status, the challenge and the body; the handler has run exactly when the status is 200.
    async fn get(&self, client: &Client, token: Option<&str>) -> (u16, String, String) {
        let before = self.calls.load(Ordering::Relaxed);
        let mut request = client.get(format!("{}/mcp", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let challenge = response.headers().get("www-authenticate");
        let challenge = challenge.map(|it| it.to_str().unwrap().to_owned());
        let body = response.text().await.unwrap();
        let ran = self.calls.load(Ordering::Relaxed) - before;
        assert_eq!(ran, usize::from(status == 200), "{body}");
        (status, challenge.unwrap_or_default(), body)
    }

    async fn accepts(&self, client: &Client, token: &str, thumbprint: &str) {
        let (status, _, body) = self.get(client, Some(token)).await;
        assert_eq!((status, &*body), (200, thumbprint));
    }

    async fn refuses(&self, client: &Client, token: &str) {
        let (status, challenge, body) = self.get(client, Some(token)).await;
        assert_eq!(status, 401, "{body}");
        assert!(challenge.starts_with("Bearer "), "{challenge}");
        assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    }
}

fn certificate(key: KeyPair) -> CertifiedKey<KeyPair> {
    let params = CertificateParams::new(["client.example".to_owned()]).unwrap();
    CertifiedKey {
        cert: params.self_signed(&key).unwrap(),
        signing_key: key,
    }
}

/// `x5t#S256` of RFC 8705 §3.1.
fn thumbprint(of: &CertifiedKey<KeyPair>) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, of.cert.der()))
}

fn new_key() -> KeyPair {
    KeyPair::generate().unwrap()
}

#[tokio::test]
async fn a_bound_token_needs_its_certificate() {
    let server = Server::start().await;
    let own = certificate(new_key());
    let stranger = certificate(new_key());
    // RFC 8705 §6.3: the hash is that of the certificate, not of its key.
    let same_key = certificate(KeyPair::from_pem(&own.signing_key.serialize_pem()).unwrap());
    let bound = thumbprint(&own);
    let token = server.token(&bound);
    for tls in [Version::TLS_1_2, Version::TLS_1_3] {
        let client = server.client_of(Some(&own), tls);
        server.accepts(&client, &token, &bound).await;
        // The token is remembered now, and the certificate is asked for again.
        let others = [
            server.client_of(None, tls),
            server.client_of(Some(&stranger), tls),
            server.client_of(Some(&same_key), tls),
        ];
        for other in &others {
            server.refuses(other, &token).await;
        }
        server.accepts(&client, &token, &bound).await;
        let theirs = thumbprint(&same_key);
        let token = server.token(&theirs);
        server.accepts(&others[2], &token, &theirs).await;
        server.refuses(&client, &token).await;
    }
}

#[tokio::test]
async fn clients_without_a_certificate_are_served() {
    let server = Server::start().await;
    let client = server.client(None);
    let (status, challenge, _) = server.get(&client, None).await;
    assert_eq!(status, 401);
    let url = challenge.split('"').find(|text| text.ends_with("/mcp"));
    let path = url.and_then(|url| url.strip_prefix("https://mcp.example.com"));
    let metadata = client.get(format!("{}{}", server.base, path.unwrap()));
    let metadata = metadata.send().await.unwrap().text().await.unwrap();
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    assert_eq!(metadata["tls_client_certificate_bound_access_tokens"], true);
    let bearer = server.issuer.mint(RESOURCE).sign();
    server.accepts(&client, &bearer, "bearer").await;
    // A token without `cnf` gains nothing by a certificate.
    let client = server.client(Some(&certificate(new_key())));
    server.accepts(&client, &bearer, "bearer").await;
}

/// Issuer, dates and names do not count (RFC 8705 §6.2).
#[tokio::test]
async fn an_expired_certificate_is_as_good_as_any() {
    let server = Server::start().await;
    let signing_key = new_key();
    let mut params = CertificateParams::new(["elsewhere.example".to_owned()]).unwrap();
    params.not_before = date_time_ymd(2018, 10, 18);
    params.not_after = date_time_ymd(2022, 5, 2);
    let cert = params.self_signed(&signing_key).unwrap();
    let expired = CertifiedKey { cert, signing_key };
    let bound = thumbprint(&expired);
    let client = server.client(Some(&expired));
    server.accepts(&client, &server.token(&bound), &bound).await;
    let of_another = thumbprint(&certificate(new_key()));
    server.refuses(&client, &server.token(&of_another)).await;
}

/// Certificates are no secret: the handshake must prove the key.
#[tokio::test]
async fn a_copy_of_a_certificate_is_worth_nothing() {
    let server = Server::start().await;
    let own = certificate(new_key());
    let bound = thumbprint(&own);
    let token = server.token(&bound);
    for version in [&TLS12, &TLS13] {
        let answer = |key| server.ask_with_key(version, &own, key, &token);
        let answered = answer(own.signing_key.serialize_pem()).await.unwrap();
        assert!(answered.starts_with("HTTP/1.1 200 "), "{answered}");
        let calls = server.calls.load(Ordering::Relaxed);
        let error = answer(new_key().serialize_pem()).await.unwrap_err();
        assert!(error.to_string().contains("DecryptError"), "{error}");
        assert_eq!(server.calls.load(Ordering::Relaxed), calls);
    }
}

impl Server {
    /// The answer to a client that sends this certificate and signs the handshake with `key`.
    async fn ask_with_key(
        &self,
        version: &'static SupportedProtocolVersion,
        sent: &CertifiedKey<KeyPair>,
        key: String,
        token: &str,
    ) -> io::Result<String> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let key = provider.key_provider.load_private_key(key).unwrap();
        let sent = vec![sent.cert.der().clone()];
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_client_cert_resolver(Arc::new(Sends(Arc::new(sign::CertifiedKey::new(
                sent, key,
            )))));
        let port: u16 = self.base.rsplit(':').next().unwrap().parse().unwrap();
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        let name = "localhost".try_into().unwrap();
        let mut stream = TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await?;
        let request = format!(
            "GET /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }
}

/// A client's certificate with whatever key; `with_client_auth_cert` compares the two.
#[derive(Debug)]
struct Sends(Arc<sign::CertifiedKey>);

impl ResolvesClientCert for Sends {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<sign::CertifiedKey>> {
        Some(self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}
