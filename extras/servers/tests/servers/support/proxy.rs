use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use reqwest::Client;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use super::app::App;
use super::pki::Certificate;

/// A proxy that ends TLS, asks for a certificate, and passes it on as the guide says.
pub(crate) struct Proxy {
    pub(crate) base: String,
    own: Certificate,
    process: Child,
    folder: TempDir,
}

impl Proxy {
    /// `upstream` is what `proxy_pass` takes.
    pub(crate) async fn nginx(upstream: &str) -> Self {
        let start = |folder: &Path, port| {
            let config = folder.join("nginx.conf");
            fs::write(&config, nginx_config(port, upstream)).unwrap();
            let mut command = Command::new("nginx");
            command.arg("-p").arg(folder).arg("-c").arg(config);
            command.args(["-e", "error.log"]);
            command
        };
        Self::start(start).await
    }

    /// Writes `value`, a format of HAProxy, into `header`.
    pub(crate) async fn haproxy(app: &App, header: &str, value: &str) -> Self {
        let start = |folder: &Path, port| {
            let config = folder.join("haproxy.cfg");
            let text = haproxy_config(folder, port, app, header, value);
            fs::write(&config, text).unwrap();
            let mut command = Command::new("haproxy");
            command.arg("-db").arg("-f").arg(config);
            command
        };
        Self::start(start).await
    }

    async fn start(command: impl FnOnce(&Path, u16) -> Command) -> Self {
        let own = Certificate::new();
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        let (certificate, key) = (own.pem(), own.key_pem());
        write("site.pem", &certificate);
        write("site.key", &key);
        write("both.pem", &format!("{certificate}{key}"));
        let port = free_port();
        let process = command(folder.path(), port).spawn();
        let mut proxy = Self {
            base: format!("https://localhost:{port}"),
            own,
            process: process.expect("it is not installed: run .ci/servers"),
            folder,
        };
        proxy.wait_until_it_listens(port).await;
        proxy
    }

    async fn wait_until_it_listens(&mut self, port: u16) {
        let end = Instant::now() + Duration::from_secs(15);
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            let ended = self.process.try_wait().unwrap();
            let log = fs::read_to_string(self.folder.path().join("error.log"));
            assert!(ended.is_none(), "it ended: {ended:?}: {log:?}");
            assert!(Instant::now() < end, "it does not listen: {log:?}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// A client with connections of its own.
    pub(crate) fn client(&self, certificate: Option<&Certificate>) -> Client {
        let root = reqwest::Certificate::from_pem(self.own.pem().as_bytes()).unwrap();
        let mut client = Client::builder().tls_certs_only([root]);
        if let Some(certificate) = certificate {
            client = client.identity(certificate.identity());
        }
        client.build().unwrap()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Free a moment ago: neither proxy says which port it got.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// One process, which ends when it is killed. All files are in the folder of `-p`.
fn nginx_config(port: u16, upstream: &str) -> String {
    format!(
        "daemon off;
         master_process off;
         pid nginx.pid;
         events {{}}
         http {{
             access_log off;
             client_body_temp_path body;
             fastcgi_temp_path fastcgi;
             proxy_temp_path proxy;
             scgi_temp_path scgi;
             uwsgi_temp_path uwsgi;
             server {{
                 listen 127.0.0.1:{port} ssl;
                 ssl_certificate site.pem;
                 ssl_certificate_key site.key;
                 ssl_verify_client optional_no_ca;
                 location / {{
                     proxy_pass {upstream};
                     proxy_set_header Client-Cert $ssl_client_escaped_cert;
                 }}
             }}
         }}"
    )
}

/// The CA is that of the site: no client has a certificate of it.
fn haproxy_config(folder: &Path, port: u16, app: &App, header: &str, value: &str) -> String {
    let folder = folder.display();
    let address = app.address;
    format!(
        "defaults
  mode http
  timeout connect 5s
  timeout client 15s
  timeout server 15s
frontend tls
  bind 127.0.0.1:{port} ssl crt {folder}/both.pem verify optional ca-file {folder}/site.pem ca-ignore-err all crt-ignore-err all
  http-request del-header {header}
  http-request set-header {header} {value} if {{ ssl_c_used }}
  default_backend app
backend app
  server app {address}
"
    )
}
