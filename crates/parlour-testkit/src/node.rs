//! A node inside the test's own process, on a folder of its own and free ports.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use parlour_server::{Config, Limits, Node};
use tempfile::TempDir;

/// How long stopping waits for connections that do not go.
const DRAIN: Duration = Duration::from_secs(1);

/// A node for one test.
pub struct LocalNode {
    node: Node,
    folder: TempDir,
}

impl LocalNode {
    /// Starts a node on a new folder.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_on(tempfile::tempdir().context("a folder")?).await
    }

    /// Starts a node on a folder that was prepared.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_on(folder: TempDir) -> anyhow::Result<Self> {
        let node = Node::start(config(folder.path()), None).await?;
        Ok(Self { node, folder })
    }

    /// Where clients connect.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.node.address())
    }

    /// Stops the node in order and gives its folder.
    ///
    /// # Errors
    /// When it does not stop as it should.
    pub async fn stop(self) -> anyhow::Result<TempDir> {
        self.node.drain_and_stop().await?;
        Ok(self.folder)
    }
}

/// Free ports, and limits that many devices on one address do not reach.
fn config(data: &Path) -> Config {
    let many = 1_000_000;
    Config {
        listen: ([127, 0, 0, 1], 0).into(),
        admin_listen: ([127, 0, 0, 1], 0).into(),
        data: data.to_owned(),
        drain_seconds: DRAIN.as_secs(),
        limits: Limits {
            connects_per_second: many,
            frames_per_second: many,
            frames_burst: many,
            requests_per_second: many,
            requests_burst: many,
            logins_per_minute: many,
            registrations_per_minute: many,
            ..Limits::default()
        },
        ..Config::default()
    }
}
