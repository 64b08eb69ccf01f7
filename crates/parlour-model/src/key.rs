//! The idempotency key of an event.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

use crate::{Timestamp, limits};

/// A UUID of version 7 as it is usually written, for schemas.
const KEY_PATTERN: &str =
    "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-7[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$";

/// A client's name for one thing it wants in the log: a UUIDv7 made at the first attempt and kept
/// for every retry. Unique per (chat, author).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
pub struct EventKey(
    #[schemars(with = "String", extend("format" = "uuid", "pattern" = KEY_PATTERN))] Uuid,
);

/// Why a key is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a UUID of version 7.
    #[error("an event key is a UUIDv7")]
    NotV7,
    /// Its own timestamp is more than 13 days old: the memory of it may end before the retry does.
    #[error("the key is older than 13 days; make a new one if no attempt of it is unknown")]
    TooOld,
    /// Its own timestamp is more than 10 minutes ahead.
    #[error(
        "the key is more than 10 minutes ahead of the server; correct the clock by server_time"
    )]
    FromTheFuture,
}

impl EventKey {
    /// The key with this UUID.
    ///
    /// # Errors
    /// [`KeyError::NotV7`] for every other version or variant.
    pub fn new(uuid: Uuid) -> Result<Self, KeyError> {
        let v7 = uuid.get_version_num() == 7 && uuid.get_variant() == uuid::Variant::RFC4122;
        if v7 {
            Ok(Self(uuid))
        } else {
            Err(KeyError::NotV7)
        }
    }

    /// A new key of this time, random in the rest.
    #[must_use]
    pub fn generate(at: Timestamp) -> Self {
        let seconds = at.as_millis() / 1_000;
        let nanos = u32::try_from(at.as_millis() % 1_000).unwrap_or(0) * 1_000_000;
        Self(Uuid::new_v7(uuid::Timestamp::from_unix(
            uuid::NoContext,
            seconds,
            nanos,
        )))
    }

    /// The time inside the key.
    #[must_use]
    pub fn time(self) -> Timestamp {
        let bytes = self.0.as_bytes();
        let millis = bytes[..6]
            .iter()
            .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        Timestamp::from_millis(millis)
    }

    /// Whether the key may still be used at `now`: not older than 13 days, not 10 minutes ahead.
    ///
    /// # Errors
    /// [`KeyError::TooOld`] or [`KeyError::FromTheFuture`].
    pub fn check_time(self, now: Timestamp) -> Result<(), KeyError> {
        if self.time() < now.minus(limits::KEY_AGE_MAX) {
            Err(KeyError::TooOld)
        } else if self.time() > now.plus(limits::KEY_AHEAD_MAX) {
            Err(KeyError::FromTheFuture)
        } else {
            Ok(())
        }
    }

    /// The UUID.
    #[must_use]
    pub fn uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventKey({})", self.0)
    }
}

impl FromStr for EventKey {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Self, KeyError> {
        Uuid::try_parse(text)
            .map_err(|_| KeyError::NotV7)
            .and_then(Self::new)
    }
}

impl Serialize for EventKey {
    /// A string in every format, so that JSON and MessagePack clients see one spelling.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for EventKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_carries_its_time_and_is_refused_outside_the_window() {
        let now = Timestamp::from_millis(1_800_000_000_123);
        let key = EventKey::generate(now);
        assert_eq!(key.time(), now);
        assert_eq!(key.check_time(now), Ok(()));
        assert_eq!(key.check_time(now.plus(limits::KEY_AGE_MAX)), Ok(()));
        let late = now
            .plus(limits::KEY_AGE_MAX)
            .plus(std::time::Duration::from_millis(1));
        assert_eq!(key.check_time(late), Err(KeyError::TooOld));
        let early = now
            .minus(limits::KEY_AHEAD_MAX)
            .minus(std::time::Duration::from_millis(1));
        assert_eq!(key.check_time(early), Err(KeyError::FromTheFuture));
    }

    #[test]
    fn only_version_seven_is_a_key() {
        assert_eq!(
            "5f0c7a4e-3f5f-4b5e-8f1a-0a4d7b2c9e11".parse::<EventKey>(),
            Err(KeyError::NotV7)
        );
        assert_eq!("nonsense".parse::<EventKey>(), Err(KeyError::NotV7));
    }
}
