//! A deployment on the node of Cassandra that `TEST_CASSANDRA` names. Its tables are made by `parlour schema apply` and shared
//! by all tests here; each test has a Redis of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use parlour_testkit::Launch;
use parlour_testkit::services::{Loopback, Redis};
use tempfile::TempDir;

use crate::support::launch;
use crate::waiting::{cluster, with};

const KEYSPACE: &str = "parlour_bad_days";
/// Where in a test's network its Redis lives, and the port it is at.
const REDIS_HOST: u8 = 1;
const BALANCER_HOST: u8 = 2;
pub(crate) const REDIS_PORT: u16 = 6379;

/// Where a test's nodes find everything.
pub(crate) struct Deployment {
    pub(crate) store: String,
    net: Loopback,
    folder: TempDir,
}

impl Deployment {
    /// A deployment with tables; `None`, said on stderr, without the services.
    pub(crate) async fn find() -> Option<Self> {
        let deployment = Self::without_tables().await?;
        let (status, said) = deployment.launch().run(&["schema", "apply"]).await.unwrap();
        assert!(status.success(), "{said}");
        Some(deployment)
    }

    /// The same in a keyspace that may have no tables.
    pub(crate) async fn without_tables() -> Option<Self> {
        let store = test_variable("TEST_CASSANDRA")?;
        if !is_installed("redis-server") {
            return None;
        }
        Some(Self {
            store,
            net: Loopback::pick().await.unwrap(),
            folder: tempfile::tempdir().unwrap(),
        })
    }

    /// A folder for the test's files.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where the test's Redis is, or will be.
    pub(crate) fn redis_address(&self) -> SocketAddr {
        SocketAddr::from((self.redis_host(), REDIS_PORT))
    }

    pub(crate) fn redis_host(&self) -> Ipv4Addr {
        self.net.host(REDIS_HOST)
    }

    /// Where a balancer of the test may live.
    pub(crate) fn balancer_host(&self) -> Ipv4Addr {
        self.net.host(BALANCER_HOST)
    }

    /// Starts the test's Redis.
    pub(crate) async fn redis(&self) -> Redis {
        let started = Redis::start(self.folder.path(), self.redis_host());
        started.await.unwrap()
    }

    /// What a node of it is configured with.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        let mut settings = cluster(&self.store);
        settings.push(("STORE__KEYSPACE", KEYSPACE.to_owned()));
        settings.push(("BUS__HOSTS", self.redis_address().to_string()));
        settings
    }

    /// A node of it.
    pub(crate) fn launch(&self) -> Launch {
        let launch = launch(&self.folder.path().join("data"));
        with(launch, self.settings())
    }
}

/// A variable that tells a test where something is; its absence is said on stderr.
#[allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests are told by the environment where the services are, and say what they skip"
)]
pub(crate) fn test_variable(name: &str) -> Option<String> {
    let value = std::env::var(name).ok();
    if value.is_none() {
        eprintln!("skipped: {name} is not set");
    }
    value
}

#[allow(clippy::print_stderr, reason = "tests say what they skip")]
pub(crate) fn is_installed(program: &str) -> bool {
    let found = std::process::Command::new("which").arg(program).output();
    let is_installed = found.is_ok_and(|output| output.status.success());
    if !is_installed {
        eprintln!("skipped: {program} is not installed");
    }
    is_installed
}
