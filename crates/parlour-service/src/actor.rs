//! Who is asking.

use parlour_model::{SessionId, Timestamp, UserId};

/// An authenticated user on one of their devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// Who.
    pub user: UserId,
    /// By which sign-in.
    pub session: SessionId,
    /// When the access token that said so expires.
    pub expires_at: Timestamp,
}
