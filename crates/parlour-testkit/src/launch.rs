//! What a server is started with: program, folder, settings.
//!
//! The process sees no environment but the variables it is given, so no setting of whoever runs the tests reaches it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::Context;
use tokio::process::Command;

use crate::services::bound_to_us;

/// How long a program that ends by itself may take: making tables takes a busy store a while.
const ENDS_WITHIN: Duration = Duration::from_secs(180);

/// What a server is started with.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The program, which understands `serve`.
    pub program: PathBuf,
    /// Its data folder.
    pub data: PathBuf,
    /// Settings as `PARLOUR_…` variables, without the prefix.
    pub settings: Vec<(&'static str, String)>,
    /// Other variables, under their whole names.
    pub variables: Vec<(&'static str, String)>,
    /// The largest file it may write, in KiB; it can be raised later with [`Server::lift_file_limit`](crate::process::Server::lift_file_limit).
    pub file_kib_max: Option<u64>,
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
            ("LIMITS__CONNECTS_PER_SECOND", many()),
            ("LIMITS__FRAMES_PER_SECOND", many()),
            ("LIMITS__FRAMES_BURST", many()),
            ("DRAIN_SECONDS", "5".to_owned()),
        ];
        Self {
            program: program.into(),
            data: data.to_owned(),
            settings,
            variables: Vec::new(),
            file_kib_max: None,
        }
    }

    /// The same with one more setting.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.settings.push((key, value.into()));
        self
    }

    /// Runs `serve` until it ends by itself: for starts that must be refused.
    ///
    /// # Errors
    /// When it does not end, or cannot be run.
    pub async fn run_to_end(&self) -> anyhow::Result<(ExitStatus, String)> {
        self.run(&["serve"]).await
    }

    /// Runs the program with other arguments until it ends; what it said, on both outputs.
    ///
    /// # Errors
    /// When it does not end, or cannot be run.
    pub async fn run(&self, arguments: &[&str]) -> anyhow::Result<(ExitStatus, String)> {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut command = self.command(any, any);
        let ended = command.args(arguments).output();
        let output = tokio::time::timeout(ENDS_WITHIN, ended)
            .await
            .context("it did not end")??;
        let text = [output.stdout, output.stderr].concat();
        Ok((output.status, String::from_utf8_lossy(&text).into_owned()))
    }

    /// The command, listening at these addresses.
    pub(crate) fn command(&self, address: SocketAddr, admin_address: SocketAddr) -> Command {
        let mut command = match self.file_kib_max {
            None => bound_to_us(&self.program),
            Some(kib) => limited(&self.program, kib),
        };
        command.env_clear();
        command
            .env("PARLOUR_DATA", &self.data)
            .env("PARLOUR_LISTEN", address.to_string());
        command.env("PARLOUR_ADMIN_LISTEN", admin_address.to_string());
        command.envs(
            self.settings
                .iter()
                .map(|(key, value)| (format!("PARLOUR_{key}"), value)),
        );
        command.envs(self.variables.iter().map(|(name, value)| (*name, value)));
        command
    }
}

/// The program under a soft limit of its files' size. Writing past it then fails as on a full disk, because the
/// signal that would end the process instead is ignored.
fn limited(program: &Path, kib: u64) -> Command {
    let mut command = bound_to_us("/bin/bash");
    let script = format!("trap '' XFSZ; ulimit -S -f {kib}; exec \"$0\" \"$@\"");
    command.arg("-c").arg(script).arg(program);
    command
}
