//! `[limits]`: what one node accepts.

use parlour_model::limits;
use serde::{Deserialize, Serialize};

use super::ConfigError;

/// What one node accepts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Open WebSocket connections.
    pub connections: usize,
    /// WebSocket connections accepted in any one second.
    pub connects_per_second: u32,
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

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: limits::CONNECTIONS_MAX_DEFAULT,
            connects_per_second: limits::CONNECTS_PER_SECOND_DEFAULT,
            frames_per_second: 50,
            frames_burst: 200,
            requests_per_second: 50,
            requests_burst: 200,
            logins_per_minute: 60,
            registrations_per_minute: 30,
        }
    }
}

impl Limits {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let values = [
            ("limits.connections", self.connections),
            (
                "limits.connects_per_second",
                self.connects_per_second as usize,
            ),
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
