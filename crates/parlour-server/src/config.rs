//! The configuration: defaults, then a TOML file, then `PARLOUR_…` variables.
//!
//! Unknown keys are refused, and every error names the key. The only place that reads the environment.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use config::{Environment, File, FileFormat};
use parlour_model::limits;
use serde::{Deserialize, Serialize};

/// Everything an operator can set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where clients connect: WebSocket and REST.
    pub listen: SocketAddr,
    /// Where operators connect: health and metrics. Keep it off the public network.
    pub admin_listen: SocketAddr,
    /// The folder that holds everything.
    pub data: PathBuf,
    /// Origins of browser pages that may connect, exactly as browsers send them
    /// (`https://chat.example.org`). Pages that this server itself serves, and clients that send no
    /// `Origin` (every client but a browser), may always connect.
    pub origins: Vec<String>,
    /// Whether anybody may register.
    pub registration: Registration,
    /// How the server logs.
    pub log: Log,
    /// Tokens and sessions.
    pub tokens: Tokens,
    /// What one node accepts.
    pub limits: Limits,
    /// How long a stopping node takes to hand its connections over, in seconds: 0 to 600. One node alone
    /// has nobody to hand them to, so the default is short.
    pub drain_seconds: u64,
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

/// What one node accepts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Open WebSocket connections.
    pub connections: usize,
    /// Frames a connection may send per second, over a minute's average.
    pub frames_per_second: u32,
    /// Frames a connection may send at once.
    pub frames_burst: u32,
    /// REST requests per second of one address, over a minute's average.
    pub requests_per_second: u32,
    /// REST requests of one address at once.
    pub requests_burst: u32,
    /// Logins per minute of one address.
    pub logins_per_minute: u32,
    /// Registrations per minute of one address.
    pub registrations_per_minute: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: ([127, 0, 0, 1], 8080).into(),
            admin_listen: ([127, 0, 0, 1], 8081).into(),
            data: PathBuf::from("data"),
            origins: Vec::new(),
            registration: Registration::Open,
            log: Log::default(),
            tokens: Tokens::default(),
            limits: Limits::default(),
            drain_seconds: 5,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Human,
            filter: "info".to_owned(),
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

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: limits::CONNECTIONS_MAX_DEFAULT,
            frames_per_second: 50,
            frames_burst: 200,
            requests_per_second: 50,
            requests_burst: 200,
            logins_per_minute: 60,
            registrations_per_minute: 30,
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

impl Config {
    /// Reads `file` (or none) and the `PARLOUR_…` variables, which win. Nested keys are joined by two
    /// underscores: `PARLOUR_LOG__FORMAT=json`.
    ///
    /// # Errors
    /// [`ConfigError`] names the key.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        Self::from_sources(file, environment())
    }

    fn from_sources(file: Option<&Path>, environment: Environment) -> Result<Self, ConfigError> {
        let mut sources = config::Config::builder();
        if let Some(path) = file {
            sources = sources.add_source(File::from(path).format(FileFormat::Toml));
        }
        let config: Self = sources.add_source(environment).build()?.try_deserialize()?;
        config.check()?;
        Ok(config)
    }

    /// Checks what types cannot say.
    ///
    /// # Errors
    /// [`ConfigError::Value`] names the first key that is wrong.
    pub fn check(&self) -> Result<(), ConfigError> {
        let require = |holds: bool, key, must: &str| {
            if holds {
                Ok(())
            } else {
                Err(ConfigError::Value {
                    key,
                    must: must.to_owned(),
                })
            }
        };
        let distinct = self.listen != self.admin_listen || self.listen.port() == 0;
        require(
            distinct,
            "admin_listen",
            "must not be the same address as `listen`",
        )?;
        let access = (60..=3_600).contains(&self.tokens.access_seconds);
        require(access, "tokens.access_seconds", "must be 60 to 3600")?;
        require(
            self.tokens.key_rotation_hours >= 1,
            "tokens.key_rotation_hours",
            "must be at least 1",
        )?;
        require(
            !self.tokens.issuer.is_empty(),
            "tokens.issuer",
            "must not be empty",
        )?;
        require(
            self.drain_seconds <= 600,
            "drain_seconds",
            "must be at most 600",
        )?;
        for origin in &self.origins {
            let plain = origin
                .split_once("://")
                .is_some_and(|(_, host)| !host.contains('/'));
            require(
                plain,
                "origins",
                "must be like `https://chat.example.org`, without a path",
            )?;
        }
        self.limits.check()
    }

    /// How long a stopping node takes to hand its connections over.
    #[must_use]
    pub fn drain_window(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }
}

/// The `PARLOUR_…` variables of this process.
fn environment() -> Environment {
    Environment::with_prefix("PARLOUR")
        .prefix_separator("_")
        .separator("__")
        .list_separator(",")
        .with_list_parse_key("origins")
        .try_parsing(true)
}

impl Limits {
    fn check(&self) -> Result<(), ConfigError> {
        let values = [
            ("limits.connections", self.connections),
            ("limits.frames_per_second", self.frames_per_second as usize),
            ("limits.frames_burst", self.frames_burst as usize),
            (
                "limits.requests_per_second",
                self.requests_per_second as usize,
            ),
            ("limits.requests_burst", self.requests_burst as usize),
            ("limits.logins_per_minute", self.logins_per_minute as usize),
            (
                "limits.registrations_per_minute",
                self.registrations_per_minute as usize,
            ),
        ];
        match values.into_iter().find(|(_, value)| *value == 0) {
            Some((key, _)) => Err(ConfigError::Value {
                key,
                must: "must be at least 1".to_owned(),
            }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::io::Write;

    use super::*;

    fn load(toml: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let mut file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
        file.write_all(toml.as_bytes()).unwrap();
        let variables: HashMap<String, String> = variables
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        let environment = environment().source(Some(variables));
        Config::from_sources(Some(file.path()), environment)
    }

    #[test]
    fn nothing_set_is_the_embedded_default() {
        assert_eq!(load("", &[]).unwrap(), Config::default());
    }

    #[test]
    fn variables_win_over_the_file() {
        let variables = [
            ("PARLOUR_LISTEN", "0.0.0.0:9000"),
            ("PARLOUR_LOG__FORMAT", "json"),
            ("PARLOUR_ORIGINS", "https://a.example,https://b.example"),
        ];
        let config = load(
            "listen = \"127.0.0.1:7000\"\ndata = \"/var/lib/parlour\"",
            &variables,
        )
        .unwrap();
        assert_eq!(config.listen.port(), 9000);
        assert_eq!(config.data, PathBuf::from("/var/lib/parlour"));
        assert_eq!(config.log.format, LogFormat::Json);
        assert_eq!(config.origins, ["https://a.example", "https://b.example"]);
    }

    #[test]
    fn an_error_names_the_key() {
        let wrong = [
            ("lisen = \"127.0.0.1:1\"", "lisen"),
            ("listen = \"nonsense\"", "listen"),
            ("[limits]\nconnections = \"many\"", "limits.connections"),
            ("[limits]\nconnections = 0", "limits.connections"),
            ("[tokens]\naccess_seconds = 5", "tokens.access_seconds"),
            ("origins = [\"chat.example.org\"]", "origins"),
            ("admin_listen = \"127.0.0.1:8080\"", "admin_listen"),
        ];
        for (toml, key) in wrong {
            let error = load(toml, &[]).unwrap_err().to_string();
            assert!(error.contains(key), "{toml}: {error}");
        }
        let error = load("", &[("PARLOUR_LISTN", "127.0.0.1:1")])
            .unwrap_err()
            .to_string();
        assert!(error.contains("listn"), "{error}");
    }
}
