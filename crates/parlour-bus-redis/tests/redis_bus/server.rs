//! Redis servers of a test: started on an address of its own, killed when dropped.

use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::{Instant, Interval, MissedTickBehavior};

/// How long tests wait for what must come.
pub(crate) const WITHIN: Duration = Duration::from_secs(30);

static PORTS: AtomicU16 = AtomicU16::new(7_001);

/// A running server.
pub(crate) struct Server {
    address: Ipv4Addr,
    port: u16,
    extra: Vec<String>,
    folder: TempDir,
    process: Option<Child>,
}

/// Looks again and again, until it takes too long.
pub(crate) struct Patience {
    what: &'static str,
    pace: Interval,
    ends_at: Instant,
}

impl Patience {
    pub(crate) fn for_this(what: &'static str) -> Self {
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        // Looking may take longer than that and blocks the runtime: in between, others must run.
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            what,
            pace,
            ends_at: Instant::now() + WITHIN,
        }
    }

    /// Waits for the next look.
    pub(crate) async fn again(&mut self) {
        assert!(
            Instant::now() < self.ends_at,
            "it never came to this: {}",
            self.what
        );
        self.pace.tick().await;
    }
}

/// Waits until a condition holds.
pub(crate) async fn eventually(what: &'static str, condition: impl AsyncFn() -> bool) {
    let mut patience = Patience::for_this(what);
    while !condition().await {
        patience.again().await;
    }
}

/// Whether there is a server to start; says what is missing if not.
pub(crate) fn is_installed() -> bool {
    let version = Command::new("redis-server")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    let is_installed = version.is_ok_and(|status| status.success());
    if !is_installed {
        eprintln!("skipped: redis-server is not installed");
    }
    is_installed
}

/// An address that no other process of this machine uses: processes have different numbers.
fn own_address() -> Ipv4Addr {
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, 64 | (high & 0x3f), middle, low)
}

impl Server {
    pub(crate) async fn start(extra: &[&str]) -> Self {
        let mut server = Self {
            address: own_address(),
            port: PORTS.fetch_add(1, Ordering::SeqCst),
            extra: extra.iter().map(|word| (*word).to_owned()).collect(),
            folder: tempfile::tempdir().unwrap(),
            process: None,
        };
        server.start_again().await;
        server
    }

    pub(crate) fn host(&self) -> String {
        format!("{}:{}", self.address, self.port)
    }

    /// Starts the server, empty, where it was before.
    pub(crate) async fn start_again(&mut self) {
        let log = std::fs::File::create(self.folder.path().join("log")).unwrap();
        let process = Command::new("redis-server")
            .args(["--save", "", "--appendonly", "no", "--protected-mode", "no"])
            .args(["--bind", &self.address.to_string()])
            .args(["--port", &self.port.to_string()])
            .args(["--cluster-announce-ip", &self.address.to_string()])
            .args(&self.extra)
            .current_dir(self.folder.path())
            .stdout(log)
            .spawn()
            .expect("redis-server starts");
        self.process = Some(process);
        eventually("the server answers", async || {
            self.ask("PING").contains("PONG")
        })
        .await;
    }

    /// Kills the server; everything in it is gone.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Stops the server without its connections noticing.
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let process = self.process.as_ref().expect("it runs").id();
        let status = Command::new("kill")
            .args([signal, &process.to_string()])
            .status();
        assert!(status.unwrap().success());
    }

    /// What the server answers to a command, as text.
    pub(crate) fn ask(&self, command: &str) -> String {
        let words: Vec<&str> = command.split(' ').collect();
        let output = Command::new("redis-cli")
            .args(["-h", &self.address.to_string()])
            .args(["-p", &self.port.to_string(), "-c"])
            .args(words)
            .stderr(Stdio::null())
            .output()
            .expect("redis-cli comes with redis-server");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Three servers that share the slots.
pub(crate) async fn start_cluster() -> Vec<Server> {
    let mut servers = Vec::new();
    for slots in ["0 5460", "5461 10922", "10923 16383"] {
        let options = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"];
        let server = Server::start(&options).await;
        server.ask(&format!("CLUSTER ADDSLOTSRANGE {slots}"));
        servers.push(server);
    }
    let first = (servers[0].address, servers[0].port);
    for server in &servers[1..] {
        server.ask(&format!("CLUSTER MEET {} {}", first.0, first.1));
    }
    for server in &servers {
        eventually("the cluster works", async || {
            let info = server.ask("CLUSTER INFO");
            info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
        })
        .await;
    }
    servers
}
