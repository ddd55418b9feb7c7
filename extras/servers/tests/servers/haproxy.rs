//! Certificates of clients behind a real HAProxy, in both formats that the guide names.

use tower_jwt_auth::proof::{CertificateFormat, Mtls};

use crate::support::app::{App, thumbprint};
use crate::support::pki::Certificate;
use crate::support::proxy::Proxy;

#[tokio::test]
async fn haproxy_passes_the_certificate_on() {
    for (format, header, value) in [
        (
            CertificateFormat::Rfc9440,
            "client-cert",
            ":%[ssl_c_der,base64]:",
        ),
        (
            CertificateFormat::Sha256Hex,
            "x-ssl-client-sha256",
            "%[ssl_c_der,sha2(256),hex]",
        ),
    ] {
        let app = App::start(header, Mtls::from_header(header, format, ["127.0.0.1"])).await;
        let haproxy = Proxy::haproxy(&app, header, value).await;
        let (own, other) = (Certificate::new(), Certificate::new());
        let token = app.bound_token(&thumbprint(&own));
        let with_own = haproxy.client(Some(&own));
        let seen = app.accepts(&with_own, &haproxy.base, &token, &[]).await;
        let forged = [(header, &*seen)];
        for certificate in [None, Some(&other)] {
            let client = haproxy.client(certificate);
            for headers in [&[][..], &forged] {
                app.refuses(&client, &haproxy.base, &token, headers).await;
            }
            let bearer = app.bearer_token();
            let passed = app.accepts(&client, &haproxy.base, &bearer, &forged).await;
            assert_eq!(passed.is_empty(), certificate.is_none(), "{passed}");
            assert_ne!(passed, seen);
        }
        app.accepts(&with_own, &haproxy.base, &token, &forged).await;
    }
}
