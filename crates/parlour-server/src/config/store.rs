//! `[store]`: where everything is kept.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::check::{is_host_and_port, require};
use super::secret::{Access, AccessKeys};
use super::{ConfigError, Login, Secret, list};

const KEYS: AccessKeys = AccessKeys {
    username: "store.username",
    password: "store.password",
    password_file: "store.password_file",
    tls: "store.tls",
    tls_ca_file: "store.tls_ca_file",
};

/// Where everything is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// In a local folder, or in a cluster of its own.
    pub kind: StoreKind,
    /// Some nodes of the store, as `host:port`; the others are found by asking these.
    #[serde(deserialize_with = "list::deserialize")]
    pub hosts: Vec<String>,
    /// The keyspace: lower-case letters, digits and `_`, at most 48.
    pub keyspace: String,
    /// The datacenter that decides; every node of a deployment names the same one. Must be said when there are several.
    pub datacenter: Option<String>,
    /// How many copies of everything each datacenter keeps.
    pub replication: BTreeMap<String, u8>,
    /// The user to sign in as.
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

/// Where everything is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreKind {
    /// In one local folder.
    Embedded,
    /// In ScyllaDB or Cassandra, shared by any number of nodes.
    Scylla,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            kind: StoreKind::Embedded,
            hosts: Vec::new(),
            keyspace: "parlour".to_owned(),
            datacenter: None,
            replication: BTreeMap::new(),
            username: None,
            password: None,
            password_file: None,
            tls: false,
            tls_ca_file: None,
        }
    }
}

impl StoreConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        match self.kind {
            StoreKind::Embedded => self.check_embedded(),
            StoreKind::Scylla => self.check_scylla(),
        }
    }

    /// A key of a shared store beside the embedded one is a cluster that somebody forgot to switch on.
    fn check_embedded(&self) -> Result<(), ConfigError> {
        let usual = Self::default();
        let must = "has a meaning only with `store.kind = \"scylla\"`: set that, or leave this out";
        require(self.hosts.is_empty(), "store.hosts", must)?;
        require(self.keyspace == usual.keyspace, "store.keyspace", must)?;
        require(self.datacenter.is_none(), "store.datacenter", must)?;
        require(self.replication.is_empty(), "store.replication", must)?;
        require(self.username.is_none(), KEYS.username, must)?;
        require(self.password.is_none(), KEYS.password, must)?;
        require(self.password_file.is_none(), KEYS.password_file, must)?;
        require(!self.tls, KEYS.tls, must)?;
        require(self.tls_ca_file.is_none(), KEYS.tls_ca_file, must)
    }

    fn check_scylla(&self) -> Result<(), ConfigError> {
        let hosts = !self.hosts.is_empty() && self.hosts.iter().all(|host| is_host_and_port(host));
        let must = "must name nodes of the store, each like `10.0.0.1:9042`";
        require(hosts, "store.hosts", must)?;
        let must = "must be 1 to 48 lower-case letters, digits or `_`, a letter first";
        require(is_keyspace(&self.keyspace), "store.keyspace", must)?;
        let replication = !self.replication.is_empty()
            && self.replication.values().all(|copies| *copies > 0)
            && self.replication.keys().all(|name| is_datacenter(name));
        let must = "must say how many copies each datacenter keeps, like `{ datacenter1 = 3 }`";
        require(replication, "store.replication", must)?;
        if let Some(datacenter) = &self.datacenter {
            let must = "must be one of those in `store.replication`";
            let known = self.replication.contains_key(datacenter);
            require(known, "store.datacenter", must)?;
        }
        let clear = self.datacenter.is_some() || self.replication.len() == 1;
        let must = "must be set, the same on every node, because `store.replication` names several: commits are \
                    decided inside one datacenter";
        require(clear, "store.datacenter", must)?;
        self.access().check(&KEYS)?;
        let open = self.password.is_none() && self.password_file.is_none();
        let must = "must be set, because there is a password";
        require(open || self.username.is_some(), KEYS.username, must)
    }

    /// How to sign in to the store, if at all; reads the password's file.
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

fn is_keyspace(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=48).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(plain)
}

/// Names of datacenters become part of a statement, so they hold nothing that could end a text there.
fn is_datacenter(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    !name.is_empty() && name.bytes().all(plain)
}
