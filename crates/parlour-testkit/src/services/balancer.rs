//! HAProxy, with the configuration that the project ships.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;

use super::daemon::{started_at, until_state};
use super::{Daemon, Program, Signal, signal};

const STARTS_WITHIN: Duration = Duration::from_secs(30);

/// A gateway, as the balancer sees it.
#[derive(Debug, Clone, Copy)]
pub struct Backend {
    /// Where its clients connect.
    pub clients: SocketAddr,
    /// The port of `/readyz`, on the same host.
    pub admin_port: u16,
}

/// A running HAProxy.
#[derive(Debug)]
pub struct Balancer {
    daemon: Daemon,
    address: SocketAddr,
    scheme: &'static str,
}

impl Balancer {
    /// Starts HAProxy at `host` in front of three gateways, with `deploy/haproxy/haproxy.cfg` below `root`.
    ///
    /// # Errors
    /// When there is no HAProxy, or it does not start.
    pub async fn start(
        root: &Path,
        host: Ipv4Addr,
        backends: &[Backend; 3],
    ) -> anyhow::Result<Self> {
        Self::start_speaking(root, host, backends, None).await
    }

    /// The same, speaking TLS with clients: `certificate` is a file with the chain and its key.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub async fn start_with_tls(
        root: &Path,
        host: Ipv4Addr,
        backends: &[Backend; 3],
        certificate: &Path,
    ) -> anyhow::Result<Self> {
        Self::start_speaking(root, host, backends, Some(certificate)).await
    }

    async fn start_speaking(
        root: &Path,
        host: Ipv4Addr,
        backends: &[Backend; 3],
        certificate: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let configuration = root
            .join("deploy/haproxy/haproxy.cfg")
            .display()
            .to_string();
        let address = SocketAddr::from((host, 8080));
        let mut environment = vec![
            ("HAPROXY_LISTEN".to_owned(), address.to_string()),
            ("HAPROXY_OPERATORS".to_owned(), format!("{host}:8404")),
            ("HAPROXY_MAXCONN".to_owned(), "2000".to_owned()),
        ];
        let many = || "1000000".to_owned();
        environment.push(("HAPROXY_CONNECTIONS_PER_ADDRESS".to_owned(), many()));
        environment.push(("HAPROXY_REQUESTS_PER_ADDRESS".to_owned(), many()));
        if let Some(file) = certificate {
            let file = file.display().to_string();
            environment.push(("HAPROXY_TLS_CERTIFICATE".to_owned(), file));
        }
        for (number, backend) in (1..).zip(backends) {
            let admin_port = backend.admin_port.to_string();
            environment.push((format!("GATEWAY_{number}"), backend.clients.to_string()));
            environment.push((format!("GATEWAY_{number}_ADMIN"), admin_port));
        }
        let daemon = Daemon::start(Program {
            name: "HAProxy".to_owned(),
            command: PathBuf::from("haproxy"),
            arguments: vec!["-W".to_owned(), "-f".to_owned(), configuration],
            environment,
            ready: "Loading success",
            ready_within: STARTS_WITHIN,
        });
        let daemon = daemon.await?;
        Ok(Self {
            daemon,
            address,
            scheme: certificate.map_or("http", |_| "https"),
        })
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as a URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Lets it read its configuration anew: a new worker takes over, the old one keeps its connections. Answers the
    /// processes of the old and the new worker.
    ///
    /// # Errors
    /// When no new worker comes.
    pub async fn reload(&self) -> anyhow::Result<(u32, u32)> {
        let master = self.daemon.process()?;
        let old = newest_child(master)?.context("HAProxy has no worker")?;
        signal(master, Signal::User2).await?;
        let new = tokio::time::timeout(STARTS_WITHIN, async {
            loop {
                match newest_child(master)? {
                    Some(new) if new != old => return anyhow::Ok(new),
                    _ => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
        });
        let new = new.await.context("no new worker")??;
        until_state(new, 'S').await?;
        Ok((old, new))
    }
}

/// The child of a process that was started last.
fn newest_child(process: u32) -> anyhow::Result<Option<u32>> {
    let children = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children"))?;
    let children = children.split_whitespace().map(str::parse::<u32>);
    let children: Vec<u32> = children.collect::<Result<_, _>>()?;
    // Numbers of processes begin anew at the highest one: the time of the start does not.
    let newest = children.into_iter().max_by_key(|child| started_at(*child));
    Ok(newest)
}
