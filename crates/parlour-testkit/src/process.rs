//! A server as a process of its own: started on a folder, killed, stopped, started again.
//!
//! - The first start takes free ports; every later one takes the same ports, so that clients find it again.
//! - A process never outlives its [`Server`].

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::launch::Launch;
use crate::output::Output;
use crate::services::{Signal, signal, until_state};

/// How long a process may take to greet, and to stop once it is asked to.
const ANSWERS_WITHIN: Duration = Duration::from_secs(30);
/// How often a port that somebody else holds for a moment is tried again.
const PORT_TRIES: usize = 20;
/// The pause between two such tries.
const PORT_PAUSE: Duration = Duration::from_millis(100);

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

    /// Sets a variable of the process for the next start, under its whole name.
    pub fn set_variable(&mut self, name: &'static str, value: String) {
        let variables = &mut self.launch.variables;
        variables.retain(|(known, _)| *known != name);
        variables.push((name, value));
    }

    /// Waits until it says that it takes clients.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn until_ready(&self) -> anyhow::Result<()> {
        let url = format!("{}/readyz", self.admin_url());
        let ready = tokio::time::timeout(ANSWERS_WITHIN, async {
            while !reqwest::get(&url)
                .await
                .is_ok_and(|answer| answer.status().is_success())
            {
                tokio::time::sleep(PORT_PAUSE).await;
            }
        });
        ready
            .await
            .with_context(|| format!("it is not ready:\n{}", self.output.text()))
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where operators connect.
    #[must_use]
    pub fn admin_address(&self) -> SocketAddr {
        self.admin_address
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
        signal(self.process()?, Signal::Terminate).await
    }

    /// Takes the limit of [`Launch::file_kib_max`] away from the running process: there is room again.
    ///
    /// # Errors
    /// When it is not running, or the system refuses.
    pub async fn lift_file_limit(&self) -> anyhow::Result<()> {
        let process = self.process()?.to_string();
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

    /// The process.
    ///
    /// # Errors
    /// When it is not running.
    pub fn process(&self) -> anyhow::Result<u32> {
        let process = self.child.as_ref().and_then(Child::id);
        process.context("it is not running")
    }

    /// Lets the process stand still. Answers once the kernel says that it does.
    ///
    /// # Errors
    /// When it is not running.
    pub async fn pause(&self) -> anyhow::Result<()> {
        let process = self.process()?;
        signal(process, Signal::Stop).await?;
        until_state(process, 'T').await
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// When it is not running.
    pub async fn go_on(&self) -> anyhow::Result<()> {
        signal(self.process()?, Signal::Continue).await
    }

    async fn spawn(&mut self) -> anyhow::Result<()> {
        let mut command = self.launch.command(self.address, self.admin_address);
        command
            .arg("serve")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
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
            self.output
                .print(format_args!("the server on {}", self.launch.data.display()));
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
