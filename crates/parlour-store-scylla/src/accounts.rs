//! [`Accounts`]: users exist for readers only when the claim of their name points back to them.
//!
//! Rows of users are written on conditions only, so that no clock of a node decides which profile or password holds.

mod known;
mod password;
mod profile;
mod search;
mod words;

use async_trait::async_trait;
use parlour_model::{ChosenStatus, Privacy, Timestamp, User, UserId, UserName};
use parlour_store::{Accounts, ClaimSpace, Claims, LastKnown, NewUser, ProfileChange, StoreError};

use crate::ScyllaStore;

#[async_trait]
impl Accounts for ScyllaStore {
    async fn put_user(&self, new: NewUser) -> Result<(), StoreError> {
        // Its words come first: the search shows nobody before they exist, and misses nobody after.
        self.write_words(&new.user).await?;
        self.insert_user(&new).await
    }

    async fn users(&self, ids: &[UserId]) -> Result<Vec<User>, StoreError> {
        self.read_users(ids).await
    }

    async fn user_by_name(&self, name: &UserName) -> Result<Option<User>, StoreError> {
        let Some(owner) = self.owner(ClaimSpace::UserName, name.as_str()).await? else {
            return Ok(None);
        };
        let id = UserId::new(owner).map_err(crate::columns::corrupt)?;
        let user = self.read_user(id).await?;
        Ok(user.filter(|user| user.username == *name))
    }

    async fn search_users(
        &self,
        prefix: &str,
        after: Option<&UserName>,
        limit: usize,
    ) -> Result<Vec<User>, StoreError> {
        self.search(prefix, after, limit).await
    }

    async fn update_user(&self, id: UserId, change: ProfileChange) -> Result<User, StoreError> {
        self.change_profile(id, change).await
    }

    async fn password_hash(&self, id: UserId) -> Result<Option<String>, StoreError> {
        self.read_password_hash(id).await
    }

    async fn set_password_hash(&self, id: UserId, hash: &str) -> Result<(), StoreError> {
        self.put_password_hash(id, hash).await
    }

    async fn replace_password_hash(
        &self,
        id: UserId,
        expected: &str,
        hash: &str,
    ) -> Result<bool, StoreError> {
        self.swap_password_hash(id, expected, hash).await
    }

    async fn set_status(&self, id: UserId, status: ChosenStatus) -> Result<(), StoreError> {
        self.write_status(id, status).await
    }

    async fn set_privacy(&self, id: UserId, privacy: Privacy) -> Result<(), StoreError> {
        self.write_privacy(id, privacy).await
    }

    async fn set_last_seen(&self, id: UserId, at: Timestamp) -> Result<(), StoreError> {
        self.raise_last_seen(id, at).await
    }

    async fn last_known(&self, ids: &[UserId]) -> Result<Vec<LastKnown>, StoreError> {
        self.read_last_known(ids).await
    }

    async fn set_block(
        &self,
        blocker: UserId,
        blocked: UserId,
        on: bool,
    ) -> Result<(), StoreError> {
        self.write_block(blocker, blocked, on).await
    }

    async fn is_blocked(&self, blocker: UserId, blocked: UserId) -> Result<bool, StoreError> {
        self.read_block(blocker, blocked).await
    }
}
