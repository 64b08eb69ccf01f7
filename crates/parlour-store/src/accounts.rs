//! Users, their passwords, their chosen status and privacy, and whom they blocked.

use async_trait::async_trait;
use parlour_model::{
    AppData, ChosenStatus, DisplayName, Privacy, Timestamp, User, UserId, UserName,
};

use crate::StoreError;

/// Accounts. A user exists once the claim of their user name points to their row; a row whose name
/// points elsewhere is never answered.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Writes a user's row. The caller then claims the name.
    ///
    /// # Errors
    /// [`StoreError::Exists`] if the id is taken; after [`StoreError::Unknown`] call again.
    async fn put_user(&self, new: NewUser) -> Result<(), StoreError>;

    /// The users with these ids; those that do not exist are left out.
    ///
    /// # Errors
    /// None that say anything about the users.
    async fn users(&self, ids: &[UserId]) -> Result<Vec<User>, StoreError>;

    /// One user.
    ///
    /// # Errors
    /// As [`Accounts::users`].
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.users(&[id]).await?.pop())
    }

    /// The user with this name.
    ///
    /// # Errors
    /// None that say anything about the user.
    async fn user_by_name(&self, name: &UserName) -> Result<Option<User>, StoreError>;

    /// Users whose user name or display name, or a word of it, starts with `prefix`, by rising user name after
    /// `after`, at most `limit`. `prefix` is folded by [`parlour_model::fold_for_search`].
    ///
    /// # Errors
    /// None that say anything about the users.
    async fn search_users(
        &self,
        prefix: &str,
        after: Option<&UserName>,
        limit: usize,
    ) -> Result<Vec<User>, StoreError>;

    /// Changes a profile and answers it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; after [`StoreError::Unknown`] call again.
    async fn update_user(&self, id: UserId, change: ProfileChange) -> Result<User, StoreError>;

    /// The password hash (PHC string) of a user.
    ///
    /// # Errors
    /// None that say anything about the user.
    async fn password_hash(&self, id: UserId) -> Result<Option<String>, StoreError>;

    /// Replaces the password hash.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; after [`StoreError::Unknown`] call again.
    async fn set_password_hash(&self, id: UserId, hash: &str) -> Result<(), StoreError>;

    /// Replaces the password hash if it is `expected` (or `hash` already), in one step; answers whether it is `hash` now.
    /// Bringing a hash up to date must never undo a change of the password.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; after [`StoreError::Unknown`] call again.
    async fn replace_password_hash(
        &self,
        id: UserId,
        expected: &str,
        hash: &str,
    ) -> Result<bool, StoreError>;

    /// Stores the status a user chose.
    ///
    /// # Errors
    /// After [`StoreError::Unknown`] call again.
    async fn set_status(&self, id: UserId, status: ChosenStatus) -> Result<(), StoreError>;

    /// Stores what others may see of a user.
    ///
    /// # Errors
    /// After [`StoreError::Unknown`] call again.
    async fn set_privacy(&self, id: UserId, privacy: Privacy) -> Result<(), StoreError>;

    /// Stores when a user was last connected; never lowers it.
    ///
    /// # Errors
    /// After [`StoreError::Unknown`] call again.
    async fn set_last_seen(&self, id: UserId, at: Timestamp) -> Result<(), StoreError>;

    /// Chosen status, last seen and privacy of several users, in their order.
    ///
    /// # Errors
    /// None that say anything about the users.
    async fn last_known(&self, ids: &[UserId]) -> Result<Vec<LastKnown>, StoreError>;

    /// Blocks (`on`) or unblocks somebody. Idempotent.
    ///
    /// # Errors
    /// After [`StoreError::Unknown`] call again.
    async fn set_block(&self, blocker: UserId, blocked: UserId, on: bool)
    -> Result<(), StoreError>;

    /// Whether `blocker` has blocked `blocked`.
    ///
    /// # Errors
    /// None that say anything about the block.
    async fn is_blocked(&self, blocker: UserId, blocked: UserId) -> Result<bool, StoreError>;
}

/// A user who shall exist.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// The profile.
    pub user: User,
    /// The password hash as a PHC string.
    pub password_hash: String,
}

/// A change of a profile; `None` leaves a field alone.
#[derive(Debug, Clone, Default)]
pub struct ProfileChange {
    /// The new display name.
    pub display_name: Option<DisplayName>,
    /// The new avatar, or none.
    pub avatar_url: Option<Option<String>>,
    /// The new data; empty for none.
    pub data: Option<AppData>,
    /// When.
    pub at: Timestamp,
}

/// What the store knows of somebody's presence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LastKnown {
    /// What they chose.
    pub status: ChosenStatus,
    /// When they were last connected.
    pub last_seen: Option<Timestamp>,
    /// What others may see. This is what was stored: whoever shows it to others applies it.
    pub privacy: Privacy,
}
