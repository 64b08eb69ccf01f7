//! Names that must be unique: who claims first owns.

use std::time::Duration;

use async_trait::async_trait;

use crate::StoreError;

/// Unique names in separate spaces.
#[async_trait]
pub trait Claims: Send + Sync {
    /// Claims `name` for `owner` unless somebody owns it. The owner may claim again and wins again.
    /// With `ttl` the claim ends by itself.
    ///
    /// # Errors
    /// After [`StoreError::Unknown`] call again.
    async fn claim(
        &self,
        space: ClaimSpace,
        name: &str,
        owner: u64,
        ttl: Option<Duration>,
    ) -> Result<Claim, StoreError>;

    /// Who owns `name`.
    ///
    /// # Errors
    /// None that say anything about the name.
    async fn owner(&self, space: ClaimSpace, name: &str) -> Result<Option<u64>, StoreError>;
}

/// A space of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClaimSpace {
    /// User names; owner is the user. For ever.
    UserName,
    /// `low:high` of two users; owner is their direct chat. For ever.
    DirectPair,
    /// `user:key` of a creation; owner is the chat. 14 days.
    ChatCreation,
    /// An `Idempotency-Key` of a registration; owner is the user. 14 days.
    Registration,
    /// `user:key` of a report; owner is the report. 14 days.
    Report,
}

impl ClaimSpace {
    /// The name of the space in storage.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UserName => "user_name",
            Self::DirectPair => "direct_pair",
            Self::ChatCreation => "chat_creation",
            Self::Registration => "registration",
            Self::Report => "report",
        }
    }
}

/// What `claim` found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The name is the caller's.
    Won,
    /// The name is this owner's.
    Taken(u64),
}
