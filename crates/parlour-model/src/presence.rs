//! Who is there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Timestamp, UserId, limits};

/// The status a user chose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChosenStatus {
    /// Online while connected.
    #[default]
    Online,
    /// Away while connected.
    Away,
    /// Busy while connected.
    Busy,
    /// Looks offline to everybody else.
    Invisible,
}

/// What others may see of a user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Privacy {
    /// Who may see when they were last connected.
    pub last_seen: Audience,
}

/// Who may see something of a user. Their own devices always may.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Everyone who may see the user at all.
    #[default]
    Everyone,
    /// Nobody else.
    Nobody,
}

/// The status others see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PresenceStatus {
    /// Connected.
    Online,
    /// Connected, away.
    Away,
    /// Connected, busy.
    Busy,
    /// Not connected, or invisible.
    Offline,
    /// Cannot be told now.
    Unknown,
}

/// What others see of a user. Of two, the one with the greater `version` is the truth; after `unknown`, whatever comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Presence {
    /// Who.
    pub user: UserId,
    /// Their status.
    pub status: PresenceStatus,
    /// When they were last connected; absent while online and when never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
    /// Rises with every change: `max(previous + 1, milliseconds)`. 0 where the status is `unknown`, which is compared with nothing.
    #[schemars(range(max = limits::INTEGER_MAX))]
    pub version: u64,
}

impl Presence {
    /// That nothing is known of a user.
    #[must_use]
    pub fn unknown(user: UserId) -> Self {
        Self {
            user,
            status: PresenceStatus::Unknown,
            last_seen: None,
            version: 0,
        }
    }
}

impl ChosenStatus {
    /// What others see of a connected user who chose this.
    #[must_use]
    pub fn shown(self) -> PresenceStatus {
        match self {
            Self::Online => PresenceStatus::Online,
            Self::Away => PresenceStatus::Away,
            Self::Busy => PresenceStatus::Busy,
            Self::Invisible => PresenceStatus::Offline,
        }
    }
}
