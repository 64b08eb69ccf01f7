//! What can go wrong in a store, by what the caller can do about it.

use parlour_model::Seq;

/// Why a call did not answer. All but [`StoreError::Unknown`] are definite: nothing happened.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Nothing happened; the same call may succeed later.
    #[error("the store cannot be reached or is overloaded: {0}")]
    Unavailable(String),
    /// The call may have happened or may still happen. Call again: every write is idempotent.
    #[error("the store did not say whether it happened: {0}")]
    Unknown(String),
    /// Nothing happened, and no write will until an operator makes room.
    #[error("the store is read-only: {0}")]
    ReadOnly(String),
    /// A watermark names an event that does not exist.
    #[error("the mark is above the head {head} of the chat")]
    AboveHead {
        /// The head at that time.
        head: Seq,
    },
    /// The chat, user or session does not exist.
    #[error("{0} does not exist")]
    NotFound(&'static str),
    /// Something with this id exists already.
    #[error("{0} exists already")]
    Exists(&'static str),
    /// What was read cannot be right. Never answered around.
    #[error("the stored data contradicts itself: {0}")]
    Corrupt(String),
}
