//! `[bus]`: how nodes reach each other.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::check::{is_host_and_port, require};
use super::secret::{Access, AccessKeys};
use super::{ConfigError, Login, Secret, list};

const KEYS: AccessKeys = AccessKeys {
    username: "bus.username",
    password: "bus.password",
    password_file: "bus.password_file",
    tls: "bus.tls",
    tls_ca_file: "bus.tls_ca_file",
};

/// How nodes reach each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BusConfig {
    /// Not at all, or over Redis.
    pub kind: BusKind,
    /// Redis, as `host:port`: one, or some nodes of a Redis Cluster.
    #[serde(deserialize_with = "list::deserialize")]
    pub hosts: Vec<String>,
    /// Whether this is a Redis Cluster.
    pub cluster: bool,
    /// The user to sign in as, if not the default one.
    pub username: Option<String>,
    /// The password to sign in with.
    pub password: Option<Secret>,
    /// A file whose first line is the password.
    pub password_file: Option<PathBuf>,
    /// Whether connections are encrypted.
    pub tls: bool,
    /// A PEM file with the certificates that sign those of the servers. Without it, those the system trusts.
    pub tls_ca_file: Option<PathBuf>,
}

/// How nodes reach each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BusKind {
    /// There is one node, so everything stays inside the process.
    Local,
    /// Over one Redis or a Redis Cluster.
    Redis,
}

impl Default for BusConfig {
    fn default() -> Self {
        Self {
            kind: BusKind::Local,
            hosts: Vec::new(),
            cluster: false,
            username: None,
            password: None,
            password_file: None,
            tls: false,
            tls_ca_file: None,
        }
    }
}

impl BusConfig {
    pub(super) fn is_redis(&self) -> bool {
        self.kind == BusKind::Redis
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.is_redis() {
            self.check_redis()
        } else {
            self.check_local()
        }
    }

    /// A key of Redis beside the local bus is a cluster that somebody forgot to switch on.
    fn check_local(&self) -> Result<(), ConfigError> {
        let must = "has a meaning only with `bus.kind = \"redis\"`: set that, or leave this out";
        require(self.hosts.is_empty(), "bus.hosts", must)?;
        require(!self.cluster, "bus.cluster", must)?;
        require(self.username.is_none(), KEYS.username, must)?;
        require(self.password.is_none(), KEYS.password, must)?;
        require(self.password_file.is_none(), KEYS.password_file, must)?;
        require(!self.tls, KEYS.tls, must)?;
        require(self.tls_ca_file.is_none(), KEYS.tls_ca_file, must)
    }

    fn check_redis(&self) -> Result<(), ConfigError> {
        let hosts = !self.hosts.is_empty() && self.hosts.iter().all(|host| is_host_and_port(host));
        let must = "must name a Redis, like `10.0.0.1:6379`";
        require(hosts, "bus.hosts", must)?;
        let must = "must be one unless `bus.cluster` is true";
        require(self.cluster || self.hosts.len() == 1, "bus.hosts", must)?;
        self.access().check(&KEYS)
    }

    /// How to sign in to Redis, if at all; reads the password's file.
    ///
    /// # Errors
    /// [`ConfigError::Value`] if the file cannot be read.
    pub fn login(&self) -> Result<Option<Login>, ConfigError> {
        self.access().login(&KEYS)
    }

    fn access(&self) -> Access<'_> {
        Access {
            username: self.username.as_deref(),
            password: self.password.as_ref(),
            password_file: self.password_file.as_deref(),
            tls: self.tls,
            tls_ca_file: self.tls_ca_file.as_deref(),
        }
    }
}
