//! The configuration: defaults, then a TOML file, then `PARLOUR_…` variables.
//!
//! - Unknown keys are refused, and every error names the key.
//! - A secret never prints: not in an error, not in `check-config`.
//! - Half a cluster is refused here, before anything is opened.

mod bus;
mod check;
mod limits;
mod list;
mod load;
mod secret;
mod store;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use bus::{BusConfig, BusKind};
pub use limits::Limits;
pub use secret::{Login, Secret};
pub use store::{StoreConfig, StoreKind};

/// How long one node alone takes to stop, in seconds: it has nobody to hand its connections to.
const DRAIN_SECONDS_ALONE: u64 = 5;
/// How long a node of a cluster takes, in seconds: its clients come to the other nodes spread over this time.
const DRAIN_SECONDS_IN_CLUSTER: u64 = 45;

/// Everything an operator can set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where clients connect: WebSocket and REST.
    pub listen: SocketAddr,
    /// Where operators connect: health and metrics. Keep it off the public network.
    pub admin_listen: SocketAddr,
    /// The folder that holds everything; not used in a cluster.
    pub data: PathBuf,
    /// Where everything is kept.
    pub store: StoreConfig,
    /// How nodes reach each other.
    pub bus: BusConfig,
    /// Origins of browser pages that may connect, exactly as browsers send them
    /// (`https://chat.example.org`). Pages that this server itself serves, and clients that send no
    /// `Origin` (every client but a browser), may always connect.
    #[serde(deserialize_with = "list::deserialize")]
    pub origins: Vec<String>,
    /// The web client.
    pub web: Web,
    /// Proxies in front of this node, as addresses or networks (`10.0.0.0/8`): of their connections the client's
    /// address is the rightmost one in `X-Forwarded-For` that is not listed here. Nobody else is believed.
    #[serde(deserialize_with = "list::deserialize")]
    pub trusted_proxies: Vec<String>,
    /// Whether anybody may register.
    pub registration: Registration,
    /// How the server logs.
    pub log: Log,
    /// Tokens and sessions.
    pub tokens: Tokens,
    /// What one node accepts.
    pub limits: Limits,
    /// How long a stopping node takes to hand its connections over, in seconds: 0 to 600. If nobody says, 5
    /// for one node alone, which has nobody to hand them to, and 45 in a cluster.
    pub drain_seconds: u64,
}

/// The web client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Web {
    /// Whether it is served at `/`.
    pub enabled: bool,
}

/// Whether anybody may register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    /// Anybody.
    Open,
    /// Nobody; who has an account keeps it.
    Closed,
}

/// How the server logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// For people or for machines.
    pub format: LogFormat,
    /// What is logged, in the syntax of `tracing` filters: `info,parlour_delivery=debug`.
    pub filter: String,
}

/// For whom the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One readable line each.
    Human,
    /// One JSON object a line.
    Json,
}

/// Tokens and sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tokens {
    /// The issuer written into access tokens.
    pub issuer: String,
    /// Lifetime of an access token, in seconds: 60 to 3600.
    pub access_seconds: u64,
    /// How often a new signing key takes over, in hours: at least 1.
    pub key_rotation_hours: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: ([127, 0, 0, 1], 8080).into(),
            admin_listen: ([127, 0, 0, 1], 8081).into(),
            data: PathBuf::from("data"),
            store: StoreConfig::default(),
            bus: BusConfig::default(),
            origins: Vec::new(),
            web: Web::default(),
            trusted_proxies: Vec::new(),
            registration: Registration::Open,
            log: Log::default(),
            tokens: Tokens::default(),
            limits: Limits::default(),
            drain_seconds: DRAIN_SECONDS_ALONE,
        }
    }
}

impl Default for Web {
    fn default() -> Self {
        Self { enabled: true }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Human,
            filter: "info,scylla=warn,fred=warn".to_owned(),
        }
    }
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            issuer: "parlour".to_owned(),
            access_seconds: 600,
            key_rotation_hours: 24 * 7,
        }
    }
}

/// A key that is wrong, and what it must be.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read, or a key in it or in the environment is unknown or has the wrong type.
    #[error("configuration: {0}")]
    Read(#[from] config::ConfigError),
    /// A value is outside its range.
    #[error("configuration: `{key}` {must}")]
    Value {
        /// The key.
        key: &'static str,
        /// What it must be.
        must: String,
    },
}

impl ConfigError {
    fn value(key: &'static str, must: impl Into<String>) -> Self {
        Self::Value {
            key,
            must: must.into(),
        }
    }
}

impl Config {
    /// How long a stopping node takes to hand its connections over.
    #[must_use]
    pub fn drain_window(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }
}
