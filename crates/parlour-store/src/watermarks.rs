//! How far users have received and read.

use async_trait::async_trait;
use parlour_model::{ChatId, Mark, Marks, UserId};

use crate::StoreError;

/// Watermarks: max registers, one pair per (user, chat). Late, doubled and reordered raises converge, also
/// after the user left and joined again.
#[async_trait]
pub trait Watermarks: Send + Sync {
    /// Raises a mark and answers where both stand: this mark, and every one that was acknowledged before the call, on
    /// whatever node. One that another device raises meanwhile may be missing, so whoever keeps marks keeps the higher
    /// ones. A mark below the present one changes nothing. The read mark takes its countable number from the log.
    ///
    /// # Errors
    /// [`StoreError::AboveHead`], [`StoreError::NotFound`] for an unknown chat; after
    /// [`StoreError::Unknown`] call again.
    async fn raise(&self, user: UserId, chat: ChatId, mark: Mark) -> Result<Marks, StoreError>;

    /// A user's marks in one chat; zero where there are none.
    ///
    /// # Errors
    /// None that say anything about the marks.
    async fn marks(&self, user: UserId, chat: ChatId) -> Result<Marks, StoreError>;

    /// All marks of a user.
    ///
    /// # Errors
    /// None that say anything about the marks.
    async fn marks_of_user(&self, user: UserId) -> Result<Vec<(ChatId, Marks)>, StoreError>;

    /// The marks in a chat by rising user id, after `after`, at most `limit`; also of former members.
    ///
    /// # Errors
    /// None that say anything about the marks.
    async fn marks_of_chat(
        &self,
        chat: ChatId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<(UserId, Marks)>, StoreError>;
}
