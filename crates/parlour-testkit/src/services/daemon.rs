//! A program that runs beside the test, and everything bad that can happen to it.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use tokio::process::{Child, Command};
use tokio_util::task::TaskTracker;

use crate::output::Output;

/// How long a program may take to stop once it is asked to.
const STOPS_WITHIN: Duration = Duration::from_secs(30);

/// What to run.
#[derive(Debug, Clone)]
pub struct Program {
    /// What it is called in messages.
    pub name: String,
    /// The program.
    pub command: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Variables of its environment, besides `PATH`, `HOME` and `JAVA_HOME` of this process.
    pub environment: Vec<(String, String)>,
    /// What it says once it is ready, on either output.
    pub ready: &'static str,
    /// How long that may take.
    pub ready_within: Duration,
}

/// A running program, or one that ran.
#[derive(Debug)]
pub struct Daemon {
    program: Program,
    child: Option<Child>,
    output: Output,
    tracker: TaskTracker,
}

/// What can be sent to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Stop in order.
    Terminate,
    /// Stand still, as a machine does that swaps or whose hypervisor sleeps.
    Stop,
    /// Go on.
    Continue,
    /// What the program makes of it; HAProxy reloads.
    User2,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Terminate => "-TERM",
            Self::Stop => "-STOP",
            Self::Continue => "-CONT",
            Self::User2 => "-USR2",
        }
    }
}

/// Sends a signal.
///
/// # Errors
/// When there is no such process of ours.
pub async fn signal(process: u32, signal: Signal) -> anyhow::Result<()> {
    let mut kill = Command::new("kill");
    let sent = kill.arg(signal.name()).arg(process.to_string()).status();
    let sent = sent.await?;
    anyhow::ensure!(sent.success(), "kill {} {process}: {sent}", signal.name());
    Ok(())
}

/// A command that the kernel ends with this process, however it ends.
pub(crate) fn bound_to_us(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command.kill_on_drop(true).stdin(Stdio::null());
    command
}

impl Daemon {
    /// Starts the program and waits until it says that it is ready.
    ///
    /// # Errors
    /// When it ends instead, or takes too long; with what it said.
    pub async fn start(program: Program) -> anyhow::Result<Self> {
        let mut daemon = Self {
            program,
            child: None,
            output: Output::default(),
            tracker: TaskTracker::new(),
        };
        daemon.start_again().await?;
        Ok(daemon)
    }

    /// Starts it again as it was started first.
    ///
    /// # Errors
    /// As [`Daemon::start`].
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        anyhow::ensure!(self.child.is_none(), "{} is running", self.program.name);
        self.output.clear();
        let mut child = self
            .command()
            .spawn()
            .with_context(|| format!("{}", self.program.command.display()))?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (stdout, stderr) = (stdout.context("no output")?, stderr.context("no output")?);
        self.tracker.spawn(self.output.clone().take_in(stdout));
        self.tracker.spawn(self.output.clone().take_in(stderr));
        let ready = self.output.until_said(self.program.ready);
        let said = tokio::select! {
            said = tokio::time::timeout(self.program.ready_within, ready) => said.is_ok(),
            _ = child.wait() => false,
        };
        self.child = Some(child);
        let name = &self.program.name;
        anyhow::ensure!(said, "{name} did not start:\n{}", self.output.text());
        Ok(())
    }

    fn command(&self) -> Command {
        let mut command = bound_to_us(&self.program.command);
        command
            .args(&self.program.arguments)
            .envs(
                self.program
                    .environment
                    .iter()
                    .map(|(key, value)| (key, value)),
            )
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The process.
    ///
    /// # Errors
    /// When it is not running.
    pub fn process(&self) -> anyhow::Result<u32> {
        let child = self.child.as_ref().and_then(Child::id);
        child.with_context(|| format!("{} is not running", self.program.name))
    }

    /// Ends it at once. Nothing of it runs any more when this returns.
    ///
    /// # Errors
    /// When it is not running.
    pub async fn kill_9(&mut self) -> anyhow::Result<()> {
        let name = &self.program.name;
        let mut child = self
            .child
            .take()
            .with_context(|| format!("{name} is not running"))?;
        child
            .kill()
            .await
            .with_context(|| format!("kill -9 {name}"))
    }

    /// Lets it stand still. Answers once the kernel says that it does.
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

    /// Asks it to stop and waits until it has.
    ///
    /// # Errors
    /// When it does not stop in time.
    pub async fn terminate(&mut self) -> anyhow::Result<()> {
        signal(self.process()?, Signal::Terminate).await?;
        let mut child = self.child.take().context("it is not running")?;
        let ended = tokio::time::timeout(STOPS_WITHIN, child.wait()).await;
        let name = &self.program.name;
        ended.with_context(|| format!("{name} did not stop:\n{}", self.output.text()))??;
        Ok(())
    }

    /// Whether it has ended by itself, or was ended.
    ///
    /// # Errors
    /// What the system says.
    pub fn has_ended(&mut self) -> anyhow::Result<bool> {
        let Some(child) = &mut self.child else {
            return Ok(true);
        };
        if child.try_wait()?.is_some() {
            self.child = None;
            return Ok(true);
        }
        Ok(false)
    }

    /// Waits until it has said this since it was started.
    ///
    /// # Errors
    /// When it does not, for longer than it may take to start.
    pub async fn until_said(&self, text: &str) -> anyhow::Result<()> {
        let said = self.output.until_said(text);
        let said = tokio::time::timeout(self.program.ready_within, said).await;
        let name = &self.program.name;
        said.with_context(|| format!("{name} did not say {text:?}:\n{}", self.output.text()))
    }

    /// Its last lines.
    #[must_use]
    pub fn said(&self) -> String {
        self.output.text()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.output.print(&self.program.name);
        }
    }
}

/// Waits until the kernel says that a process is in this state.
pub(crate) async fn until_state(process: u32, wanted: char) -> anyhow::Result<()> {
    let within = tokio::time::timeout(STOPS_WITHIN, async {
        while state_of(process)? != wanted {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        anyhow::Ok(())
    });
    within
        .await
        .with_context(|| format!("{process} is not in state {wanted}"))?
}

/// The letter that the kernel has for what a process does.
fn state_of(process: u32) -> anyhow::Result<char> {
    after_name(process)?.chars().next().context("a state")
}

/// When a process was started, in the kernel's own count; nothing if it is gone.
pub(crate) fn started_at(process: u32) -> Option<u64> {
    let line = after_name(process).ok()?;
    line.split_whitespace().nth(19)?.parse().ok()
}

/// What the kernel says of a process, from its state on.
fn after_name(process: u32) -> anyhow::Result<String> {
    let line = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, after_name) = line.rsplit_once(") ").context("a line of /proc")?;
    Ok(after_name.to_owned())
}
