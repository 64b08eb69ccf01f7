//! Sessions: one device's sign-in, with its chain of refresh tokens.

use std::time::Duration;

use async_trait::async_trait;
use parlour_model::{SessionId, Timestamp, UserId};

use crate::StoreError;

/// Sessions. The refresh tokens of a session are numbered; the store holds the number of the one that is
/// good now and never a token.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Opens a session with refresh token number 1.
    ///
    /// # Errors
    /// [`StoreError::Exists`] if the id is taken; after [`StoreError::Unknown`] call again.
    async fn open_session(&self, new: NewSession) -> Result<(), StoreError>;

    /// A session, also a revoked one.
    ///
    /// # Errors
    /// None that say anything about the session.
    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError>;

    /// The live sessions of a user, newest first.
    ///
    /// # Errors
    /// None that say anything about the sessions.
    async fn sessions_of(&self, user: UserId) -> Result<Vec<Session>, StoreError>;

    /// Takes refresh token `number` at time `at`. The good one is replaced by its successor. The one before
    /// it names the same successor again for `grace` (a lost answer). Any other revokes the session.
    ///
    /// # Errors
    /// After [`StoreError::Unknown`] call again with the same number.
    async fn rotate(
        &self,
        id: SessionId,
        number: u64,
        at: Timestamp,
        grace: Duration,
    ) -> Result<Rotation, StoreError>;

    /// Revokes one session of a user; answers whether it was live.
    ///
    /// # Errors
    /// After [`StoreError::Unknown`] call again.
    async fn revoke_session(
        &self,
        user: UserId,
        id: SessionId,
        at: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Revokes all live sessions of a user but `except`; answers which.
    ///
    /// # Errors
    /// After [`StoreError::Unknown`] call again.
    async fn revoke_sessions(
        &self,
        user: UserId,
        except: Option<SessionId>,
        at: Timestamp,
    ) -> Result<Vec<SessionId>, StoreError>;

    /// The sessions revoked at or after `since`.
    ///
    /// # Errors
    /// None that say anything about the sessions.
    async fn revoked_since(&self, since: Timestamp) -> Result<Vec<SessionId>, StoreError>;

    /// Notes that a session was active; never lowers it.
    ///
    /// # Errors
    /// After [`StoreError::Unknown`] call again.
    async fn touch_session(&self, id: SessionId, at: Timestamp) -> Result<(), StoreError>;
}

/// A session that shall exist.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// What the user calls the device.
    pub device: String,
    /// Random; part of what every refresh token of the session is derived from.
    pub salt: [u8; 16],
    /// When.
    pub at: Timestamp,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// What the user calls the device.
    pub device: String,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_active_at: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
    /// The number of the refresh token that is good now.
    pub refresh_number: u64,
    /// See [`NewSession::salt`].
    pub salt: [u8; 16],
}

/// What became of a refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// Used now; the session's good number is its successor.
    Rotated(Session),
    /// Used a moment ago, and its successor not yet: the same successor once more.
    Replay(Session),
    /// Used long ago, or never issued: the session is revoked now.
    Reused(Session),
    /// The session does not exist or is revoked.
    Gone,
}
