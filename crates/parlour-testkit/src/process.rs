//! A server as a process of its own: started on a folder, killed, stopped, started again.
//!
//! - The process sees no environment but the variables it is given, so no setting of whoever runs the tests
//!   reaches it.
//! - The first start takes free ports; every later one takes the same ports, so that clients find it again.
//! - A process never outlives its [`Server`].

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::output::Output;

/// How long a process may take to greet, and to stop once it is asked to.
const ANSWERS_WITHIN: Duration = Duration::from_secs(30);
/// How often a port that somebody else holds for a moment is tried again.
const PORT_TRIES: usize = 20;
/// The pause between two such tries.
const PORT_PAUSE: Duration = Duration::from_millis(100);

/// What a server is started with.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The program, which understands `serve`.
    pub program: PathBuf,
    /// Its data folder.
    pub data: PathBuf,
    /// Settings as `PARLOUR_…` variables, without the prefix.
    pub settings: Vec<(&'static str, String)>,
    /// The largest file it may write, in KiB; it can be raised later with [`Server::lift_file_limit`].
    pub file_kib_max: Option<u64>,
}

/// A server in a process of its own.
#[derive(Debug)]
pub struct Server {
    launch: Launch,
    address: SocketAddr,
    admin_address: SocketAddr,
    child: Option<Child>,
    output: Output,
    tracker: TaskTracker,
}

impl Launch {
    /// `program` on the folder `data`, with limits that a load generator on one address does not reach.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>, data: &Path) -> Self {
        let many = || "1000000".to_owned();
        let settings = vec![
            ("LIMITS__REGISTRATIONS_PER_MINUTE", many()),
            ("LIMITS__LOGINS_PER_MINUTE", many()),
            ("LIMITS__REQUESTS_PER_SECOND", many()),
            ("LIMITS__REQUESTS_BURST", many()),
            ("LIMITS__FRAMES_PER_SECOND", many()),
            ("LIMITS__FRAMES_BURST", many()),
            ("DRAIN_SECONDS", "5".to_owned()),
        ];
        Self {
            program: program.into(),
            data: data.to_owned(),
            settings,
            file_kib_max: None,
        }
    }

    /// The same with one more setting.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.settings.push((key, value.into()));
        self
    }

    /// Runs the program until it ends by itself: for starts that must be refused.
    ///
    /// # Errors
    /// When it does not end, or cannot be run.
    pub async fn run_to_end(&self) -> anyhow::Result<(ExitStatus, String)> {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let ended = self
            .command(any, any)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(ANSWERS_WITHIN, ended)
            .await
            .context("it did not end")??;
        let text = [output.stdout, output.stderr].concat();
        Ok((output.status, String::from_utf8_lossy(&text).into_owned()))
    }

    fn command(&self, address: SocketAddr, admin_address: SocketAddr) -> Command {
        let mut command = match self.file_kib_max {
            None => Command::new(&self.program),
            Some(kib) => limited(&self.program, kib),
        };
        command.arg("serve").env_clear();
        command
            .env("PARLOUR_DATA", &self.data)
            .env("PARLOUR_LISTEN", address.to_string());
        command.env("PARLOUR_ADMIN_LISTEN", admin_address.to_string());
        command.envs(
            self.settings
                .iter()
                .map(|(key, value)| (format!("PARLOUR_{key}"), value)),
        );
        command
    }
}

/// The program under a soft limit of its files' size. Writing past it then fails as on a full disk, because the
/// signal that would end the process instead is ignored.
fn limited(program: &Path, kib: u64) -> Command {
    let mut command = Command::new("/bin/bash");
    let script = format!("trap '' XFSZ; ulimit -S -f {kib}; exec \"$0\" \"$@\"");
    command.arg("-c").arg(script).arg(program);
    command
}

impl Server {
    /// Starts a server on free ports and waits for its greeting.
    ///
    /// # Errors
    /// When it ends instead, with what it said.
    pub async fn start(launch: Launch) -> anyhow::Result<Self> {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = Self {
            launch,
            address: any,
            admin_address: any,
            child: None,
            output: Output::default(),
            tracker: TaskTracker::new(),
        };
        server.spawn().await?;
        Ok(server)
    }

    /// Starts the process again, on the same folder and ports.
    ///
    /// # Errors
    /// When it ends instead, with what it said.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        anyhow::ensure!(self.child.is_none(), "it is still running");
        for _ in 1..PORT_TRIES {
            match self.spawn().await {
                // A client that dials a free port of its own range can meet itself there for a moment.
                Err(error) if error.to_string().contains("cannot listen") => {
                    tokio::time::sleep(PORT_PAUSE).await;
                }
                started => return started,
            }
        }
        self.spawn().await
    }

    /// Where clients connect.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where operators connect.
    #[must_use]
    pub fn admin_url(&self) -> String {
        format!("http://{}", self.admin_address)
    }

    /// The folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.launch.data
    }

    /// Ends the process at once, as a crash would: nothing in it runs any more when this returns.
    ///
    /// # Errors
    /// When it is not running.
    pub async fn kill_9(&mut self) -> anyhow::Result<()> {
        self.child
            .take()
            .context("it is not running")?
            .kill()
            .await
            .context("kill -9")
    }

    /// Asks the process to stop and waits until it has.
    ///
    /// # Errors
    /// When it does not stop in time, or not with success; with what it said.
    pub async fn terminate(&mut self) -> anyhow::Result<()> {
        self.ask_to_stop().await?;
        let mut child = self.child.take().context("it is not running")?;
        let ended = tokio::time::timeout(ANSWERS_WITHIN, child.wait()).await;
        let status =
            ended.with_context(|| format!("it did not stop:\n{}", self.output.text()))??;
        anyhow::ensure!(
            status.success(),
            "it stopped with {status}:\n{}",
            self.output.text()
        );
        Ok(())
    }

    /// Sends SIGTERM and does not wait.
    ///
    /// # Errors
    /// When it is not running.
    pub async fn ask_to_stop(&self) -> anyhow::Result<()> {
        let process = self.process_id()?;
        let sent = Command::new("kill")
            .arg("-TERM")
            .arg(process)
            .status()
            .await?;
        anyhow::ensure!(sent.success(), "kill -TERM: {sent}");
        Ok(())
    }

    /// Takes the limit of [`Launch::file_kib_max`] away from the running process: there is room again.
    ///
    /// # Errors
    /// When it is not running, or the system refuses.
    pub async fn lift_file_limit(&self) -> anyhow::Result<()> {
        let process = self.process_id()?;
        let command = Command::new("prlimit")
            .args(["--pid", &process, "--fsize=unlimited"])
            .status()
            .await?;
        anyhow::ensure!(command.success(), "prlimit: {command}");
        Ok(())
    }

    /// What it has said, on both outputs.
    #[must_use]
    pub fn said(&self) -> String {
        self.output.text()
    }

    fn process_id(&self) -> anyhow::Result<String> {
        let process = self
            .child
            .as_ref()
            .and_then(Child::id)
            .context("it is not running")?;
        Ok(process.to_string())
    }

    async fn spawn(&mut self) -> anyhow::Result<()> {
        let mut command = self.launch.command(self.address, self.admin_address);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .with_context(|| format!("{}", self.launch.program.display()))?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (stdout, stderr) = (stdout.context("no output")?, stderr.context("no output")?);
        let complaints = self.tracker.spawn(self.output.clone().take_in(stderr));
        let greeting = self.greeting(BufReader::new(stdout));
        let until = Instant::now() + ANSWERS_WITHIN;
        match tokio::time::timeout_at(until, greeting).await {
            Ok(Ok((address, admin_address))) => {
                (self.address, self.admin_address) = (address, admin_address);
                self.child = Some(child);
                Ok(())
            }
            Ok(Err(_)) => {
                let status = child.wait().await?;
                complaints.await?;
                bail!("it ended with {status}:\n{}", self.output.text())
            }
            Err(_) => bail!("it did not greet:\n{}", self.output.text()),
        }
    }

    /// Reads up to the end of the greeting; what follows is taken in by a task.
    async fn greeting(
        &self,
        mut stdout: BufReader<ChildStdout>,
    ) -> anyhow::Result<(SocketAddr, SocketAddr)> {
        let address = address_after(&mut stdout, &self.output, "running at http://").await?;
        let admin_address = address_after(&mut stdout, &self.output, "metrics: http://").await?;
        self.tracker.spawn(self.output.clone().take_in(stdout));
        Ok((address, admin_address))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.output.print(&self.launch.data);
        }
    }
}

/// Reads lines until one has `mark`, and gives the address behind it.
async fn address_after(
    lines: &mut BufReader<ChildStdout>,
    output: &Output,
    mark: &str,
) -> anyhow::Result<SocketAddr> {
    let mut line = String::new();
    while lines.read_line(&mut line).await? > 0 {
        output.push(line.trim_end());
        if let Some((_, rest)) = line.split_once(mark) {
            let end = rest.find([' ', '/', '\n']).unwrap_or(rest.len());
            return rest[..end]
                .parse()
                .with_context(|| format!("no address in {line:?}"));
        }
        line.clear();
    }
    bail!("it ended before its greeting")
}
