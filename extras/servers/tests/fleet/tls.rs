//! A store that is reached over TLS, as `rediss://`. Each refused connection differs in one thing
//! from one that works.

use std::fs;
use std::path::PathBuf;

use fleet::issuer::CountingIssuer;
use fleet::store_cluster::StoreCluster;
use fleet::store_server::{NAMESPACE, PASSWORD, StoreServer, USER, free_port};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};
use tempfile::TempDir;
use tower_jwt_auth::fleet::FleetBuilder;

use crate::support::{Holder, MAX_AGE, Member, until};

/// Two authorities, and what they have signed, as PEM files: `NAME.pem` and `NAME.key`.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        for name in ["ours", "theirs"] {
            let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.distinguished_name.push(DnType::CommonName, name);
            let key = KeyPair::generate().unwrap();
            let authority = CertifiedIssuer::self_signed(params, key).unwrap();
            files.write(&format!("{name}.pem"), &authority.pem());
            use ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
            // The nodes of a cluster are clients of each other.
            for (kind, usages) in [
                ("server", vec![ServerAuth, ClientAuth]),
                ("client", vec![ClientAuth]),
            ] {
                // An address and no name, so that `localhost` is another host.
                let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
                params.extended_key_usages = usages;
                let key = KeyPair::generate().unwrap();
                let certificate = params.signed_by(&key, &authority).unwrap();
                files.write(&format!("{name}-{kind}.pem"), &certificate.pem());
                files.write(&format!("{name}-{kind}.key"), &key.serialize_pem());
            }
        }
        files
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The same file under another name, in place of what was there.
    fn replace(&self, name: &str, by: &str) {
        fs::copy(self.path(by), self.path(name)).unwrap();
    }

    /// What a server is told.
    fn settings(&self, wants_certificates: &str) -> Vec<String> {
        vec![
            format!("tls-cert-file {}", self.shown("ours-server.pem")),
            format!("tls-key-file {}", self.shown("ours-server.key")),
            format!("tls-ca-cert-file {}", self.shown("ours.pem")),
            format!("tls-auth-clients {wants_certificates}"),
        ]
    }

    fn shown(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }
}

/// A server with TLS on a port of its own. The operator uses the other one.
struct Tls {
    store: StoreServer,
    port: u16,
}

impl Tls {
    fn start(files: &Files, wants_certificates: &str) -> Self {
        let port = free_port();
        let mut settings = files.settings(wants_certificates);
        settings.push(format!("tls-port {port}"));
        let settings: Vec<_> = settings.iter().map(String::as_str).collect();
        let store = StoreServer::start_with(&settings);
        Self { store, port }
    }

    fn url(&self, host: &str) -> String {
        format!("rediss://{USER}:{PASSWORD}@{host}:{}/", self.port)
    }
}

/// Whether a member that connects so uses the store, and what it says if not.
async fn uses(
    url: &str,
    issuer: &CountingIssuer,
    change: impl FnOnce(FleetBuilder) -> FleetBuilder,
) -> Result<Member, String> {
    let member = Member::with(url, issuer, MAX_AGE, |fleet| {
        change(fleet).revocations_at_start(std::time::Duration::ZERO)
    });
    let holder = Holder::new(issuer);
    // What a bearer token gets does not depend on the store.
    until("it has keys", async || {
        member.status(&issuer.mint().sign()).await == 200
    })
    .await;
    let mut status = 0;
    for _ in 0..3 {
        status = member.status_of(&holder.request()).await;
        assert!(status == 200 || status == 503, "{status}");
    }
    let health = member.fleet.health();
    match (status, health.last_error) {
        (200, _) => Ok(member),
        (_, error) => Err(error.unwrap()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_with_the_authority_of_a_file_and_no_other() {
    let (files, issuer) = (Files::new(), CountingIssuer::start().await);
    let tls = Tls::start(&files, "no");
    let url = tls.url("127.0.0.1");
    let ours = || |fleet: FleetBuilder| fleet.ca_file(files.path("ours.pem"));

    let member = uses(&url, &issuer, ours()).await.unwrap();
    member.fleet.ready().await;
    assert_eq!(tls.store.names("dpop").len(), 3);
    let again = uses(&url, &issuer, ours()).await.unwrap();
    let mallory = issuer.mint().subject("mallory").sign();
    let revocation = tower_jwt_auth::fleet::Revocation::subject(issuer.url(), "mallory");
    member.fleet.revoke(revocation).await.unwrap();
    until("the other hears", async || {
        again.status(&mallory).await == 401
    })
    .await;
    drop((member, again));
    until("nobody is connected", async || tls.store.clients() == 0).await;

    let theirs = |fleet: FleetBuilder| fleet.ca_file(files.path("theirs.pem"));
    let error = uses(&url, &issuer, theirs).await.unwrap_err();
    assert!(error.contains("UnknownIssuer"), "{error}");
    // The authorities of the system do not know ours.
    let error = uses(&url, &issuer, |fleet| fleet).await.unwrap_err();
    assert!(error.contains("UnknownIssuer"), "{error}");
    let error = uses(&tls.url("localhost"), &issuer, ours()).await;
    let error = error.unwrap_err();
    assert!(error.contains("not valid for name"), "{error}");
    // Text where TLS is expected, and the reverse.
    let plain = format!("redis://{USER}:{PASSWORD}@127.0.0.1:{}/", tls.port);
    uses(&plain, &issuer, |fleet| fleet).await.unwrap_err();
    let plain = tls.store.address().to_string();
    let plain = format!("rediss://{USER}:{PASSWORD}@{plain}/");
    uses(&plain, &issuer, ours()).await.unwrap_err();
    assert_eq!(tls.store.names("dpop").len(), 6, "none of them got in");
    for name in tls.store.names("") {
        assert!(name.starts_with(&format!("tja1:{NAMESPACE}:")), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_with_a_certificate_of_the_client() {
    let (files, issuer) = (Files::new(), CountingIssuer::start().await);
    let tls = Tls::start(&files, "yes");
    let url = tls.url("127.0.0.1");
    let with = |name: &str| {
        let (pem, key) = (format!("{name}.pem"), format!("{name}.key"));
        let (ca, pem, key) = (files.path("ours.pem"), files.path(&pem), files.path(&key));
        move |fleet: FleetBuilder| {
            let fleet = fleet.ca_file(ca);
            fleet.client_certificate_file(pem).client_key_file(key)
        }
    };
    uses(&url, &issuer, with("ours-client")).await.unwrap();
    let without = |fleet: FleetBuilder| fleet.ca_file(files.path("ours.pem"));
    let error = uses(&url, &issuer, without).await.unwrap_err();
    assert!(error.contains("ertificate"), "{error}");
    let error = uses(&url, &issuer, with("theirs-client"))
        .await
        .unwrap_err();
    assert!(error.contains("alert"), "{error}");
}

/// The files are read at each connection: whoever replaces an authority or a certificate restarts
/// nothing.
#[tokio::test(flavor = "multi_thread")]
async fn tls_files_are_replaced_while_processes_run() {
    let (files, issuer) = (Files::new(), CountingIssuer::start().await);
    let tls = Tls::start(&files, "yes");
    for (name, from) in [
        ("ca.pem", "ours.pem"),
        ("client.pem", "ours-client.pem"),
        ("client.key", "ours-client.key"),
    ] {
        files.replace(name, from);
    }
    let change = |fleet: FleetBuilder| {
        let fleet = fleet.ca_file(files.path("ca.pem"));
        let fleet = fleet.client_certificate_file(files.path("client.pem"));
        fleet.client_key_file(files.path("client.key"))
    };
    let member = uses(&tls.url("127.0.0.1"), &issuer, change).await.unwrap();

    // The server is first, and lets nobody in that shows the old ones.
    tls.store.must(&[
        "CONFIG",
        "SET",
        "tls-cert-file",
        &files.shown("theirs-server.pem"),
        "tls-key-file",
        &files.shown("theirs-server.key"),
        "tls-ca-cert-file",
        &files.shown("theirs.pem"),
    ]);
    let holder = Holder::new(&issuer);
    assert_eq!(member.status_of(&holder.request()).await, 200, "connected");
    tls.store.must(&["CLIENT", "KILL", "USER", USER]);
    until("proofs are refused", async || {
        member.status_of(&holder.request()).await == 503
    })
    .await;
    for (name, from) in [
        ("ca.pem", "theirs.pem"),
        ("client.pem", "theirs-client.pem"),
        ("client.key", "theirs-client.key"),
    ] {
        assert_eq!(member.status(&issuer.mint().sign()).await, 200);
        files.replace(name, from);
    }
    until("a proof works", async || {
        member.status_of(&holder.request()).await == 200
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_to_three_primaries() {
    let (files, issuer) = (Files::new(), CountingIssuer::start().await);
    let cluster = StoreCluster::start_with_tls(&files.settings("no"));
    let urls = cluster.tls_urls();
    let with = |ca: &str| {
        let (ca, urls) = (files.path(ca), urls.clone());
        move |fleet: FleetBuilder| fleet.redis_cluster(urls).ca_file(ca)
    };
    let member = uses("", &issuer, with("ours.pem")).await.unwrap();
    let holder = Holder::new(&issuer);
    for _ in 0..30 {
        assert_eq!(member.status_of(&holder.request()).await, 200);
    }
    for node in &cluster.nodes {
        assert!(!node.names("dpop").is_empty(), "a primary has no proof");
    }
    let before = cluster.names("dpop").len();
    let error = uses("", &issuer, with("theirs.pem")).await.unwrap_err();
    assert!(error.contains("UnknownIssuer"), "{error}");
    assert_eq!(cluster.names("dpop").len(), before);
}
