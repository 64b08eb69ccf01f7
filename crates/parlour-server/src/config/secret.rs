//! Passwords: hidden wherever they could be printed, and read from files.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize, Serializer};

use super::ConfigError;
use super::check::require;

/// A text that never prints.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The secret with this text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("(hidden)")
    }
}

/// How a node signs in to a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The user, if the service asks for one.
    pub username: Option<String>,
    /// The password.
    pub password: Secret,
}

/// The keys of a section that say how to sign in and how to encrypt.
pub(super) struct Access<'a> {
    pub(super) username: Option<&'a str>,
    pub(super) password: Option<&'a Secret>,
    pub(super) password_file: Option<&'a Path>,
    pub(super) tls: bool,
    pub(super) tls_ca_file: Option<&'a Path>,
}

/// The names of those keys, for errors.
pub(super) struct AccessKeys {
    pub(super) username: &'static str,
    pub(super) password: &'static str,
    pub(super) password_file: &'static str,
    pub(super) tls: &'static str,
    pub(super) tls_ca_file: &'static str,
}

impl Access<'_> {
    /// Checks what can be checked without reading a file.
    pub(super) fn check(&self, keys: &AccessKeys) -> Result<(), ConfigError> {
        let once = self.password.is_none() || self.password_file.is_none();
        let must = format!("must be left out, because `{}` is set", keys.password);
        require(once, keys.password_file, must)?;
        let known = self.password.is_some() || self.password_file.is_some();
        let must = format!(
            "is set, so `{}` or `{}` must be too",
            keys.password, keys.password_file
        );
        require(known || self.username.is_none(), keys.username, must)?;
        let must = format!("is set, so `{}` must be true", keys.tls);
        require(
            self.tls || self.tls_ca_file.is_none(),
            keys.tls_ca_file,
            must,
        )
    }

    /// How to sign in, if at all; reads the password's file.
    pub(super) fn login(&self, keys: &AccessKeys) -> Result<Option<Login>, ConfigError> {
        let password = match (self.password, self.password_file) {
            (Some(password), _) => password.clone(),
            (None, Some(file)) => read(file, keys.password_file)?,
            (None, None) => return Ok(None),
        };
        let username = self.username.map(str::to_owned);
        Ok(Some(Login { username, password }))
    }
}

/// The first line of a file; most editors end it with a line break that is not part of the secret.
fn read(file: &Path, key: &'static str) -> Result<Secret, ConfigError> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        ConfigError::value(key, format!("cannot be read: {}: {error}", file.display()))
    })?;
    let secret = text.lines().next().unwrap_or_default();
    let must = format!("names an empty file: {}", file.display());
    require(!secret.is_empty(), key, must)?;
    Ok(Secret::new(secret))
}
