//! Certificates of clients behind a real nginx: certificate-bound tokens (RFC 8705 §3) with the
//! certificate in a header.
//!
//! nginx connects from 127.0.0.1, which is trusted, or through a Unix socket. Whoever goes around
//! it connects from 127.0.0.2.

use std::net::IpAddr;

use reqwest::Client;
use tower_jwt_auth::proof::{CertificateFormat, Mtls};

use crate::support::app::{App, thumbprint};
use crate::support::pki::{Certificate, escaped_pem};
use crate::support::proxy::Proxy;

const HEADER: &str = "client-cert";

fn mtls(peer: &str) -> Mtls {
    Mtls::from_header(HEADER, CertificateFormat::PemEscaped, [peer])
}

/// A client that goes around nginx.
fn stranger() -> Client {
    let elsewhere: IpAddr = [127, 0, 0, 2].into();
    Client::builder().local_address(elsewhere).build().unwrap()
}

#[tokio::test]
async fn nginx_passes_the_certificate_on() {
    let app = App::start(HEADER, mtls("127.0.0.1")).await;
    let nginx = Proxy::nginx(&app.base()).await;
    let (own, other) = (Certificate::new(), Certificate::new());
    let token = app.bound_token(&thumbprint(&own));
    let with_own = nginx.client(Some(&own));
    let seen = app.accepts(&with_own, &nginx.base, &token, &[]).await;
    assert_eq!(seen, escaped_pem(&own), "the service sees what nginx wrote");
    for other in [None, Some(&other)] {
        let client = nginx.client(other);
        app.refuses(&client, &nginx.base, &token, &[]).await;
    }
    app.accepts(&with_own, &nginx.base, &token, &[]).await;
}

/// C11 and C12: what a client writes is worth nothing, through nginx and around it.
#[tokio::test]
async fn a_forged_header_is_worth_nothing() {
    let app = App::start(HEADER, mtls("127.0.0.1")).await;
    let nginx = Proxy::nginx(&app.base()).await;
    let (own, other) = (Certificate::new(), Certificate::new());
    let token = app.bound_token(&thumbprint(&own));
    let bearer = app.bearer_token();
    let pem = escaped_pem(&own);
    let forged = [(HEADER, &*pem)];
    let forwarded = [
        (HEADER, &*pem),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-real-ip", "127.0.0.1"),
        ("forwarded", "for=127.0.0.1"),
    ];
    // nginx drops the second spelling, and `Client_Cert` is another header.
    let spelled = [("Client_Cert", &*pem), ("CLIENT-CERT", &*pem)];

    for certificate in [None, Some(&other)] {
        let client = nginx.client(certificate);
        for headers in [&forged[..], &forwarded, &spelled] {
            app.refuses(&client, &nginx.base, &token, headers).await;
        }
        let seen = app.accepts(&client, &nginx.base, &bearer, &forged).await;
        assert_eq!(seen, certificate.map(escaped_pem).unwrap_or_default());
    }
    let with_own = nginx.client(Some(&own));
    app.accepts(&with_own, &nginx.base, &token, &forwarded)
        .await;

    let around = app.base();
    for headers in [&forged[..], &forwarded] {
        app.refuses(&stranger(), &around, &token, headers).await;
        let seen = app.accepts(&stranger(), &around, &bearer, headers).await;
        assert_eq!(seen, "", "the header is gone");
    }
    // The one difference: the address of the peer.
    let client = Client::builder().local_address(IpAddr::from([127, 0, 0, 1]));
    let client = client.build().unwrap();
    app.accepts(&client, &around, &token, &forged).await;
    app.refuses(&client, &around, &token, &[forged[0], forged[0]])
        .await;
}

#[tokio::test]
async fn a_unix_socket_can_be_trusted() {
    let app = App::start(HEADER, mtls("unix")).await;
    let nginx = Proxy::nginx(&app.upstream_over_unix().await).await;
    let own = Certificate::new();
    let token = app.bound_token(&thumbprint(&own));
    let (with_own, without) = (nginx.client(Some(&own)), nginx.client(None));
    app.accepts(&with_own, &nginx.base, &token, &[]).await;
    app.refuses(&without, &nginx.base, &token, &[]).await;
    // Over the network, nobody is trusted.
    let pem = escaped_pem(&own);
    let client = Client::new();
    app.refuses(&client, &app.base(), &token, &[(HEADER, &pem)])
        .await;
}
