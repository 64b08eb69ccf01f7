//! Cassandra: one node, or three that keep every row three times.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

use super::{Daemon, Link, Loopback, Program};

const PORT: u16 = 9042;
/// Where nodes speak with each other.
const PEERS: u16 = 7000;
/// In a ring of several, where its nodes know each other: so much above the number of the node.
const KNOWN_FROM: u8 = 200;
/// A Java process that shares two cores with everything else takes its time.
const STARTS_WITHIN: Duration = Duration::from_secs(180);

/// The size of a disk that can be filled: what a node needs at first, and some commit logs.
const DISK: &str = "size=384m";

/// The nodes of a ring, started one after the other. In a ring of several the last node has a small disk of its own
/// where this process may mount one, and whatever others say to a node comes to it over a wire: each has two connections
/// to each other, so a wire that is cut makes a node deaf and leaves it its voice.
#[derive(Debug)]
pub struct Ring {
    nodes: Vec<Daemon>,
    wires: Vec<Link>,
    net: Loopback,
    disk: Option<Disk>,
}

/// A mounted file system, of memory.
#[derive(Debug)]
struct Disk(PathBuf);

impl Disk {
    /// Mounts one, if that is allowed.
    async fn mount(folder: PathBuf) -> anyhow::Result<Option<Self>> {
        std::fs::create_dir_all(&folder)?;
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", DISK, "tmpfs"])
            .arg(&folder);
        let mounted = mount.kill_on_drop(true).output().await?;
        Ok(mounted.status.success().then_some(Self(folder)))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // What still writes there has been killed; it may not have ended yet.
        let mut unmount = std::process::Command::new("umount");
        drop(unmount.arg("--lazy").arg(&self.0).status());
    }
}

impl Ring {
    /// Starts `count` nodes by the script `deploy/dev/cassandra` below `root`, on a folder of their own. All of them know
    /// that all the others live when this returns.
    ///
    /// # Errors
    /// When there is no Java or no Cassandra, or a node does not start; with what it said.
    pub async fn start(
        root: &Path,
        folder: &Path,
        net: Loopback,
        count: u8,
    ) -> anyhow::Result<Self> {
        let wires = wires(net, count).await?;
        let known_from = if wires.is_empty() { 0 } else { KNOWN_FROM };
        let (mut nodes, mut disk) = (Vec::new(), None);
        for number in 1..=count {
            if number > 1 && number == count {
                disk = Disk::mount(folder.join(format!("node{number}"))).await?;
            }
            let mut program = program(root, folder, net, number);
            let known_from = ("CASSANDRA_KNOWN_FROM".to_owned(), known_from.to_string());
            program.environment.push(known_from);
            nodes.push(Daemon::start(program).await?);
        }
        for node in 1..=count {
            for peer in (1..=count).filter(|peer| *peer != node) {
                let seen = format!("{}:{PEERS} is now UP", net.host(known_from + peer));
                nodes[usize::from(node) - 1].until_said(&seen).await?;
            }
        }
        Ok(Self {
            nodes,
            wires,
            net,
            disk,
        })
    }

    /// Why a ring cannot be started below `root`, if so.
    #[must_use]
    pub fn missing(root: &Path) -> Option<String> {
        let jars = root.join(".dev/cassandra/lib");
        (!jars.is_dir()).then(|| "Cassandra (deploy/dev/setup cassandra installs it)".to_owned())
    }

    /// Where the files of the last node lie on a small disk, if they do.
    #[must_use]
    pub fn small_disk(&self) -> Option<&Path> {
        self.disk.as_ref().map(|disk| disk.0.as_path())
    }

    /// The nodes as `host:port`.
    #[must_use]
    pub fn hosts(&self) -> Vec<String> {
        let numbers = 1..=self.nodes.len();
        numbers
            .filter_map(|number| u8::try_from(number).ok())
            .map(|number| format!("{}:{PORT}", self.net.host(number)))
            .collect()
    }

    /// Of a ring of several: the wire over which each node hears the others.
    #[must_use]
    pub fn wires(&self) -> &[Link] {
        &self.wires
    }

    /// A node's process; the first is number 0.
    pub fn node(&mut self, number: usize) -> &mut Daemon {
        &mut self.nodes[number]
    }
}

/// From where the others know each node to where it listens. One node alone needs none.
async fn wires(net: Loopback, count: u8) -> anyhow::Result<Vec<Link>> {
    let mut wires = Vec::new();
    for number in (1..=count).filter(|_| count > 1) {
        let known = SocketAddr::from((net.host(KNOWN_FROM + number), PEERS));
        let own = SocketAddr::from((net.host(number), PEERS));
        wires.push(Link::lay(known, own).await?);
    }
    Ok(wires)
}

fn program(root: &Path, folder: &Path, net: Loopback, number: u8) -> Program {
    let arguments = vec![
        folder.display().to_string(),
        net.middle(),
        number.to_string(),
        "384m".to_owned(),
    ];
    Program {
        name: format!("Cassandra node {number}"),
        command: root.join("deploy/dev/cassandra"),
        arguments,
        environment: Vec::new(),
        ready: "Startup complete",
        ready_within: STARTS_WITHIN,
    }
}
