//! Redis: one server, or a cluster of three with a replica of each.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;

use super::{Daemon, Loopback, Program};

const PORT: u16 = 6379;
/// How long Redis may take to start, to answer, and to agree about who leads.
const WITHIN: Duration = Duration::from_secs(30);
/// Servers of a cluster: three that lead, and a replica of each.
const SERVERS: u8 = 6;
/// Between two looks at a cluster that is making up its mind.
const LOOK_PAUSE: Duration = Duration::from_millis(50);

/// One Redis server. It writes what it knows to its folder, like one of a careful operator.
#[derive(Debug)]
pub struct Redis {
    daemon: Daemon,
    address: SocketAddr,
    folder: PathBuf,
}

impl Redis {
    /// Starts a server at `host`, on a folder of its own in `folder`.
    ///
    /// # Errors
    /// When there is no `redis-server`, or it does not start.
    pub async fn start(folder: &Path, host: Ipv4Addr) -> anyhow::Result<Self> {
        Self::start_with(folder, host, &[]).await
    }

    /// The same with more arguments.
    ///
    /// # Errors
    /// As [`Redis::start`].
    pub async fn start_with(folder: &Path, host: Ipv4Addr, more: &[&str]) -> anyhow::Result<Self> {
        let folder = folder.join(format!("redis-{host}"));
        std::fs::create_dir_all(&folder)?;
        let (host_text, port) = (host.to_string(), PORT.to_string());
        let dir = folder.display().to_string();
        let mut arguments = vec!["--bind", &host_text, "--port", &port, "--dir", &dir];
        // Only addresses of this machine reach it, which its protection takes for foreign ones.
        arguments.extend([
            "--save",
            "",
            "--appendonly",
            "yes",
            "--protected-mode",
            "no",
        ]);
        arguments.extend(more);
        let daemon = Daemon::start(Program {
            name: format!("Redis at {host}"),
            command: "redis-server".into(),
            arguments: arguments.into_iter().map(str::to_owned).collect(),
            environment: Vec::new(),
            ready: "Ready to accept connections",
            ready_within: WITHIN,
        })
        .await?;
        let address = SocketAddr::from((host, PORT));
        Ok(Self {
            daemon,
            address,
            folder,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub fn daemon(&mut self) -> &mut Daemon {
        &mut self.daemon
    }

    /// Takes away what it has written, for a next start that knows nothing. It must not be running.
    ///
    /// # Errors
    /// What the system says.
    pub fn forget(&self) -> anyhow::Result<()> {
        std::fs::remove_dir_all(self.folder.join("appendonlydir")).context("its file")
    }

    /// Asks it something; the answer as Redis writes it.
    ///
    /// # Errors
    /// When it does not answer, or with an error.
    pub async fn ask(&self, command: &[&str]) -> anyhow::Result<String> {
        ask_redis(self.address, command).await
    }
}

/// Asks the Redis at `address` something; the answer as Redis writes it.
///
/// # Errors
/// When it does not answer, or with an error.
pub async fn ask_redis(address: SocketAddr, command: &[&str]) -> anyhow::Result<String> {
    let answer = async {
        let mut stream = TcpStream::connect(address).await?;
        let mut request = format!("*{}\r\n", command.len());
        for word in command {
            request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        while !is_whole(&answer) {
            anyhow::ensure!(stream.read_buf(&mut answer).await? > 0, "Redis hung up");
        }
        anyhow::Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    let answer = tokio::time::timeout(WITHIN, answer)
        .await
        .context("Redis")??;
    anyhow::ensure!(!answer.starts_with('-'), "{command:?}: {answer}");
    Ok(answer)
}

/// Whether an answer is whole: a line, or a text of the announced length.
fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(2).position(|pair| pair == b"\r\n") else {
        return false;
    };
    let length = (answer[0] == b'$')
        .then(|| {
            String::from_utf8_lossy(&answer[1..end])
                .parse::<usize>()
                .ok()
        })
        .flatten();
    length.is_none_or(|length| answer.len() >= end + 2 + length + 2)
}

/// A Redis Cluster.
#[derive(Debug)]
pub struct RedisCluster {
    servers: Vec<Redis>,
}

impl RedisCluster {
    /// Starts six servers from the host `first` on and makes them one cluster.
    ///
    /// # Errors
    /// When there is no `redis-cli`, or they do not agree.
    pub async fn start(folder: &Path, net: Loopback, first: u8) -> anyhow::Result<Self> {
        let mut servers = Vec::new();
        for number in first..first + SERVERS {
            let host = net.host(number);
            // They would tell each other the address that a connection happens to come from.
            let own = host.to_string();
            let mut more = vec!["--cluster-enabled", "yes", "--cluster-node-timeout", "1500"];
            more.extend(["--cluster-announce-ip", &own, "--bind-source-addr", &own]);
            more.extend(["--repl-diskless-sync-delay", "0"]);
            servers.push(Redis::start_with(folder, host, &more).await?);
        }
        let mut create = Command::new("redis-cli");
        create.args(["--cluster", "create"]);
        create.args(servers.iter().map(|server| server.address.to_string()));
        create.args(["--cluster-replicas", "1", "--cluster-yes"]);
        let created = tokio::time::timeout(WITHIN, create.kill_on_drop(true).output());
        let created = created.await.context("redis-cli")?.context("redis-cli")?;
        let said = String::from_utf8_lossy(&created.stdout);
        anyhow::ensure!(created.status.success(), "redis-cli: {said}");
        let mut cluster = Self { servers };
        cluster.until_replicated().await?;
        Ok(cluster)
    }

    /// Where its servers listen.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.servers.iter().map(|server| server.address).collect()
    }

    /// Kills the server that leads a part of the keys, of which there are as many as leaders, and waits until its replica
    /// has taken over. Answers which one it was: that depends on what failed before, which keys are hit does not.
    ///
    /// # Errors
    /// When nobody takes over.
    pub async fn fail_over(&mut self, part: usize) -> anyhow::Result<usize> {
        let leading = self.leaders().await?;
        let victim = *leading.get(part).context("nobody leads that part")?;
        self.servers[victim].daemon.kill_9().await?;
        let taken = tokio::time::timeout(WITHIN, async {
            loop {
                let now = self.leaders().await?;
                if now.len() == leading.len() && !now.contains(&victim) {
                    return anyhow::Ok(());
                }
                tokio::time::sleep(LOOK_PAUSE).await;
            }
        });
        taken.await.context("nobody takes over")??;
        Ok(victim)
    }

    /// Starts a killed server again; it comes back as a replica.
    ///
    /// # Errors
    /// When it does not start, or they do not agree.
    pub async fn bring_back(&mut self, server: usize) -> anyhow::Result<()> {
        self.servers[server].daemon.start_again().await?;
        self.until_agreed().await
    }

    /// Right after their making all lead, until they hear whose replicas they are.
    async fn until_replicated(&mut self) -> anyhow::Result<()> {
        let leading = self.servers.len() / 2;
        let replicated = tokio::time::timeout(WITHIN, async {
            while self.leaders().await?.len() != leading {
                tokio::time::sleep(LOOK_PAUSE).await;
            }
            self.until_agreed().await
        });
        replicated.await.context("there are no replicas")?
    }

    /// The living servers that lead, in the order of the keys that they have.
    async fn leaders(&mut self) -> anyhow::Result<Vec<usize>> {
        let mut leaders = BTreeSet::new();
        for number in 0..self.servers.len() {
            if self.servers[number].daemon.has_ended()? {
                continue;
            }
            let role = self.servers[number].ask(&["INFO", "replication"]).await?;
            if role.contains("role:master") {
                let nodes = self.servers[number].ask(&["CLUSTER", "NODES"]).await?;
                leaders.insert((first_slot(&nodes), number));
            }
        }
        Ok(leaders.into_iter().map(|(_, number)| number).collect())
    }

    /// Waits until all agree, and every replica has what it needs to take over.
    async fn until_agreed(&self) -> anyhow::Result<()> {
        let agreed = tokio::time::timeout(WITHIN, async {
            for server in &self.servers {
                let is_well = |info: &str| info.contains("cluster_state:ok");
                while !is_well(&server.ask(&["CLUSTER", "INFO"]).await?) {
                    tokio::time::sleep(LOOK_PAUSE).await;
                }
                let is_behind = |role: &str| role.contains("master_link_status:down");
                while is_behind(&server.ask(&["INFO", "replication"]).await?) {
                    tokio::time::sleep(LOOK_PAUSE).await;
                }
            }
            anyhow::Ok(())
        });
        match agreed.await {
            Ok(agreed) => agreed,
            Err(_) => bail!("the servers of the Redis Cluster do not agree"),
        }
    }
}

/// The first slot of the server that answered `CLUSTER NODES`, if it has any.
fn first_slot(nodes: &str) -> Option<u16> {
    let own = nodes.lines().find(|line| line.contains("myself"))?;
    let slots = own.split(' ').nth(8)?;
    slots.split('-').next()?.trim().parse().ok()
}
