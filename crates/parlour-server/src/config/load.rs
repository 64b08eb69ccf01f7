//! Reading the configuration. The only place that reads the environment.

use std::path::Path;

use config::{Environment, File, FileFormat};

use super::{Config, ConfigError, DRAIN_SECONDS_IN_CLUSTER, StoreKind};

impl Config {
    /// Reads `file` (or none) and the `PARLOUR_…` variables, which win. Nested keys are joined by two
    /// underscores: `PARLOUR_LOG__FORMAT=json`.
    ///
    /// # Errors
    /// [`ConfigError`] names the key.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        Self::from_sources(file, environment())
    }

    pub(super) fn from_sources(
        file: Option<&Path>,
        environment: Environment,
    ) -> Result<Self, ConfigError> {
        let mut sources = config::Config::builder();
        if let Some(path) = file {
            sources = sources.add_source(File::from(path).format(FileFormat::Toml));
        }
        let said = sources.add_source(environment).build()?;
        let drain_is_said = said.get_string("drain_seconds").is_ok();
        let mut config: Self = said.try_deserialize()?;
        if config.store.kind == StoreKind::Scylla && !drain_is_said {
            config.drain_seconds = DRAIN_SECONDS_IN_CLUSTER;
        }
        config.check()?;
        Ok(config)
    }
}

/// The `PARLOUR_…` variables of this process. Values stay texts until it is known what they are for: a password
/// of digits is not a number.
pub(super) fn environment() -> Environment {
    Environment::with_prefix("PARLOUR")
        .prefix_separator("_")
        .separator("__")
}
