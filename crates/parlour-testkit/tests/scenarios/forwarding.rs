//! The network of one device, which a scenario can take away: a port that passes everything on, or nothing.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Passes connections on while the device is online.
#[derive(Debug)]
pub(crate) struct Forwarding {
    address: SocketAddr,
    is_online: Arc<watch::Sender<bool>>,
    _tasks: JoinSet<()>,
}

impl Forwarding {
    /// Passes on to the server at `url`.
    pub(crate) async fn to(url: &str) -> anyhow::Result<Self> {
        let target: SocketAddr = url.trim_start_matches("http://").parse()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let is_online = Arc::new(watch::Sender::new(true));
        let mut tasks = JoinSet::new();
        tasks.spawn(take(listener, target, Arc::clone(&is_online)));
        Ok(Self {
            address,
            is_online,
            _tasks: tasks,
        })
    }

    /// Where the device finds the server.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Without a network all connections end, and new ones end at once.
    pub(crate) fn set_online(&self, is_online: bool) {
        self.is_online.send_replace(is_online);
    }
}

async fn take(listener: TcpListener, target: SocketAddr, is_online: Arc<watch::Sender<bool>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let mut online = is_online.subscribe();
        connections.spawn(async move {
            tokio::select! {
                biased;
                _ = online.wait_for(|online| !online) => {}
                () = pass_on(stream, target) => {}
            }
        });
    }
}

async fn pass_on(mut near: TcpStream, target: SocketAddr) {
    if let Ok(mut far) = TcpStream::connect(target).await {
        // Either side may end it.
        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
    }
}
