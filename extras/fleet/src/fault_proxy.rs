//! A TCP proxy in front of a store that cuts connections, delays what they carry, or swallows it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// What the proxy does with bytes, in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Passes them on.
    None,
    /// Passes them on later.
    Delay(Duration),
    /// Closes each new connection.
    Refuse,
    /// Drops them and keeps the connection open, as a firewall does that has forgotten it. A
    /// connection that has lost bytes never carries any again.
    Swallow,
}

/// The proxy; it ends when this is dropped.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    shared: Shared,
    task: JoinHandle<()>,
}

#[derive(Clone, Debug)]
struct Shared {
    upstream: watch::Sender<SocketAddr>,
    fault: watch::Sender<Fault>,
    cuts: watch::Sender<u64>,
    accepted: Arc<AtomicU64>,
}

impl FaultProxy {
    pub async fn start(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("a bound port");
        let shared = Shared {
            upstream: watch::Sender::new(upstream),
            fault: watch::Sender::new(Fault::None),
            cuts: watch::Sender::new(0),
            accepted: Arc::default(),
        };
        let task = tokio::spawn(accept(listener, shared.clone()));
        Self {
            address,
            shared,
            task,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn set(&self, fault: Fault) {
        self.shared.fault.send_replace(fault);
    }

    /// Closes all connections. New ones are accepted.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// From now on this is the server behind it. Closes all connections.
    pub fn lead_to(&self, upstream: SocketAddr) {
        self.shared.upstream.send_replace(upstream);
        self.cut();
    }

    /// The number of connections so far.
    pub fn accepted(&self) -> u64 {
        self.shared.accepted.load(Ordering::Relaxed)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, shared: Shared) {
    while let Ok((client, _)) = listener.accept().await {
        shared.accepted.fetch_add(1, Ordering::Relaxed);
        if *shared.fault.borrow() == Fault::Refuse {
            continue;
        }
        let upstream = *shared.upstream.borrow();
        tokio::spawn(connection(client, upstream, shared.clone()));
    }
}

async fn connection(client: TcpStream, upstream: SocketAddr, shared: Shared) {
    let mut cuts = shared.cuts.subscribe();
    let Ok(server) = TcpStream::connect(upstream).await else {
        return;
    };
    let (_, _) = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let (there, back) = (shared.fault.subscribe(), shared.fault.subscribe());
    tokio::select! {
        _ = cuts.changed() => {}
        () = pump(from_client, to_server, there) => {}
        () = pump(from_server, to_client, back) => {}
    }
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    fault: watch::Receiver<Fault>,
) {
    let mut buffer = vec![0; 64 * 1024];
    let mut is_dead = false;
    loop {
        let read = from.read(&mut buffer).await.unwrap_or(0);
        if read == 0 && is_dead {
            // Nobody hears of the end of a connection that is lost on the way.
            return std::future::pending().await;
        }
        if read == 0 {
            return;
        }
        let now = *fault.borrow();
        match now {
            Fault::None | Fault::Refuse => {}
            Fault::Delay(delay) => sleep(delay).await,
            Fault::Swallow => is_dead = true,
        }
        let Some(bytes) = buffer.get(..read).filter(|_| !is_dead) else {
            continue;
        };
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
}
