//! Where the server is, and how to connect. Files are read at each attempt, so that what has
//! changed in them counts from then on.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use redis::aio::{ConnectionLike as _, MultiplexedConnection};
use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{
    MultipleNodeRoutingInfo, Route, RoutingInfo, SingleNodeRoutingInfo, SlotAddr,
};
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, Cmd, ConnectionInfo, ErrorKind,
    IntoConnectionInfo as _, ProtocolVersion, RedisResult, ServerErrorKind, TlsCertificates, Value,
};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use url::Url;

use super::answers;
use crate::base::secret::Secret;
use crate::limits::{MAX_CREDENTIAL_FILE_BYTES, STORE_CONNECT_TIMEOUT};
use crate::net::read_at_most;
use crate::store::commands::{StoreError, StoreErrorKind};

/// A server, or the nodes of a cluster.
#[derive(Clone)]
pub(crate) struct Target {
    /// May hold a user and a password.
    pub(crate) urls: Vec<Secret<Url>>,
    pub(crate) is_cluster: bool,
    pub(crate) tls: TlsFiles,
    /// Instead of a password in the URLs.
    pub(crate) password_file: Option<PathBuf>,
}

/// PEM files for `rediss://`.
#[derive(Clone, Debug, Default)]
pub(crate) struct TlsFiles {
    /// Instead of the authorities that the system trusts.
    pub(crate) ca: Option<PathBuf>,
    pub(crate) client_certificate: Option<PathBuf>,
    /// The key of the certificate.
    pub(crate) client_key: Option<PathBuf>,
}

impl Target {
    /// Reads the files and finds what is wrong with them or with the URLs. It blocks.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        self.client().map(drop)
    }

    pub(super) async fn connect(self: &Arc<Self>) -> Result<Connection, StoreError> {
        let connecting = timeout(STORE_CONNECT_TIMEOUT, self.open()).await;
        connecting.unwrap_or_else(|_| {
            let limit = humantime::format_duration(STORE_CONNECT_TIMEOUT);
            Err(unreachable(format!("no connection within {limit}")))
        })
    }

    async fn open(self: &Arc<Self>) -> Result<Connection, StoreError> {
        let target = self.clone();
        // A file may be on a slow disk.
        let client = spawn_blocking(move || target.client()).await;
        let client = client.map_err(|_| unreachable("reading files was given up".to_owned()))??;
        let connection = match client {
            // The caller limits the time.
            OneOrMany::One(client) => {
                let config = AsyncConnectionConfig::new();
                let config = config
                    .set_connection_timeout(None)
                    .set_response_timeout(None);
                let connection = client.get_multiplexed_async_connection_with_config(&config);
                connection.await.map(Connection::One)
            }
            OneOrMany::Many(client) => client.get_async_connection().await.map(Connection::Many),
        };
        connection.map_err(|error| answers::error(None, &error))
    }

    fn client(&self) -> Result<OneOrMany, StoreError> {
        install_crypto();
        let password = self.password_file.as_deref().map(password).transpose()?;
        let infos = self.urls.iter().map(|url| info(url, password.as_ref()));
        let mut infos: Vec<_> = infos.collect::<RedisResult<_>>().map_err(unusable)?;
        let certificates = self.tls.certificates()?;
        let client = match (self.is_cluster, infos.pop()) {
            (false, Some(info)) => one(info, certificates).map(OneOrMany::One),
            (_, last) => many(infos.into_iter().chain(last), certificates).map(OneOrMany::Many),
        };
        client.map_err(unusable)
    }
}

impl TlsFiles {
    fn certificates(&self) -> Result<Option<TlsCertificates>, StoreError> {
        let read = |path: &Option<PathBuf>| path.as_deref().map(read).transpose();
        let root_cert = read(&self.ca)?;
        let client_tls = match (read(&self.client_certificate)?, read(&self.client_key)?) {
            (Some(client_cert), Some(client_key)) => Some(ClientTlsConfig {
                client_cert,
                client_key,
            }),
            _ => None,
        };
        // An empty list of authorities would be found out only while connecting.
        if root_cert
            .as_deref()
            .is_some_and(|pem| !has_certificate(pem))
        {
            return Err(refused(
                "ca_file holds no certificate as PEM text".to_owned(),
            ));
        }
        let is_needed = root_cert.is_some() || client_tls.is_some();
        Ok(is_needed.then_some(TlsCertificates {
            client_tls,
            root_cert,
        }))
    }
}

#[expect(
    clippy::large_enum_variant,
    reason = "there is one for each fleet, and it lives as long as connecting takes"
)]
enum OneOrMany {
    One(Client),
    Many(ClusterClient),
}

fn one(info: ConnectionInfo, certificates: Option<TlsCertificates>) -> RedisResult<Client> {
    match certificates {
        Some(certificates) => Client::build_with_tls(info, certificates),
        None => Client::open(info),
    }
}

fn many(
    infos: impl Iterator<Item = ConnectionInfo>,
    certificates: Option<TlsCertificates>,
) -> RedisResult<ClusterClient> {
    let builder = ClusterClientBuilder::new(infos)
        // A command that was sent may have been executed.
        .retries(0)
        .use_protocol(ProtocolVersion::RESP2)
        .connection_timeout(STORE_CONNECT_TIMEOUT)
        .response_timeout(NODE_TIMEOUT)
        .overall_response_timeout(None)
        .tcp_settings(tcp_settings());
    let builder = match certificates {
        Some(certificates) => builder.certs(certificates),
        None => builder,
    };
    builder.build()
}

/// Nothing but `AUTH` and `SELECT` is sent on connecting: a user of the fleet may do nothing that
/// the fleet does not need.
fn info(url: &Secret<Url>, password: Option<&Secret<String>>) -> RedisResult<ConnectionInfo> {
    let info = url.expose().clone().into_connection_info()?;
    let settings = info.redis_settings().clone();
    let settings = settings.set_protocol(ProtocolVersion::RESP2);
    let settings = settings.set_skip_set_lib_name();
    let settings = match password {
        Some(password) => settings.set_password(password.expose()),
        None => settings,
    };
    let info = info.set_redis_settings(settings);
    Ok(info.set_tcp_settings(tcp_settings()))
}

/// Commands are small, and somebody waits for each answer.
fn tcp_settings() -> TcpSettings {
    TcpSettings::default().set_nodelay(true)
}

fn read(path: &Path) -> Result<Vec<u8>, StoreError> {
    let path_shown = path.display();
    match read_at_most(path, MAX_CREDENTIAL_FILE_BYTES) {
        Ok(Some(content)) => Ok(content),
        Ok(None) => Err(refused(format!("{path_shown} is too large"))),
        Err(error) => Err(refused(format!("{path_shown} cannot be read: {error}"))),
    }
}

/// White space around the password is left out: most editors end a file with a line feed.
fn password(path: &Path) -> Result<Secret<String>, StoreError> {
    let content = String::from_utf8(read(path)?).ok();
    let password = content.as_deref().map(str::trim);
    match password.filter(|password| !password.is_empty()) {
        Some(password) => Ok(Secret::new(password.to_owned())),
        None => Err(refused(format!("{} holds no password", path.display()))),
    }
}

fn has_certificate(pem: &[u8]) -> bool {
    memchr::memmem::find(pem, b"-----BEGIN CERTIFICATE-----").is_some()
}

/// `redis` takes the provider of the process, and panics where rustls finds none or two.
fn install_crypto() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // An error means that somebody else was faster.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    }
}

/// A connection to a server, or to all primaries of a cluster.
#[derive(Clone)]
pub(super) enum Connection {
    One(MultiplexedConnection),
    Many(ClusterConnection),
}

impl Connection {
    /// Sends a command that touches `name`, or one for all servers.
    pub(super) async fn ask(&mut self, name: Option<&str>, command: &Cmd) -> RedisResult<Value> {
        let answer = match (self, name) {
            (Self::One(connection), _) => connection.req_packed_command(command).await,
            (Self::Many(connection), Some(name)) => ask_cluster(connection, name, command).await,
            (Self::Many(connection), None) => {
                let all = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
                // The errors of servers stand among their answers.
                return connection.route_command(command.clone(), all).await;
            }
        };
        answer.and_then(Value::extract_error)
    }
}

async fn ask_cluster(
    connection: &mut ClusterConnection,
    name: &str,
    command: &Cmd,
) -> RedisResult<Value> {
    let mut once = async || {
        let route = Route::with_key(name, SlotAddr::Master);
        let node = RoutingInfo::SingleNode(SingleNodeRoutingInfo::SpecificNode(route));
        let answer = connection.route_command(command.clone(), node).await;
        answer.and_then(Value::extract_error)
    };
    let answer = once().await;
    let Err(error) = &answer else {
        return answer;
    };
    match error.kind() {
        // Not executed there. By now the connection knows where.
        ErrorKind::Server(ServerErrorKind::Moved | ServerErrorKind::ReadOnly) => once().await,
        ErrorKind::Server(ServerErrorKind::Ask) => {
            let asked = ask_elsewhere(connection, error.redirect_node(), command).await;
            asked.unwrap_or(answer)
        }
        _ => answer,
    }
}

/// At the node to which a slot is moving: the name is there, or nowhere yet. `None` if that node
/// was not reached or the user may not use `ASKING`.
async fn ask_elsewhere(
    connection: &mut ClusterConnection,
    node: Option<(&str, u16)>,
    command: &Cmd,
) -> Option<RedisResult<Value>> {
    let (host, port) = node?.0.rsplit_once(':')?;
    let node = SingleNodeRoutingInfo::ByAddress {
        host: host.to_owned(),
        port: port.parse().ok()?,
    };
    let mut asking = redis::pipe();
    asking.cmd("ASKING").add_command(command.clone());
    let answers = connection.route_pipeline(asking, 0, 2, node).await.ok()?;
    let [asked, answer] = <[Value; 2]>::try_from(answers).ok()?;
    matches!(asked, Value::Okay).then(|| answer.extract_error())
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

/// Hosts and ports, or the path of a socket.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, url) in self.urls.iter().map(Secret::expose).enumerate() {
            f.write_str(if number == 0 { "" } else { ", " })?;
            match (url.host(), url.port()) {
                (None, _) => f.write_str(url.path()),
                (Some(host), None) => write!(f, "{host}"),
                (Some(host), Some(port)) => write!(f, "{host}:{port}"),
            }?;
        }
        Ok(())
    }
}

/// The settings do not fit each other. The texts of these errors are fixed.
fn unusable(error: redis::RedisError) -> StoreError {
    refused(error.to_string())
}

fn refused(message: String) -> StoreError {
    let kind = StoreErrorKind::Refused;
    StoreError { kind, message }
}

fn unreachable(message: String) -> StoreError {
    let kind = StoreErrorKind::Unreachable;
    StoreError { kind, message }
}

/// For the answer of one node of a cluster, so that another connection to it is made. Longer than
/// any command waits: callers have limits of their own.
const NODE_TIMEOUT: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests;
