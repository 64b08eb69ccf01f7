//! What others see of a user, and which nodes look.

use async_trait::async_trait;
use parlour_model::{ChosenStatus, Presence, Timestamp, UserId};

use crate::{BusError, NodeRef};

/// One cell per user with what others see of them, and the nodes that watch it.
///
/// Versions of a user rise with every change, also across a cell that was forgotten in between: each is greater
/// than the one before and not below the milliseconds of its time.
#[async_trait]
pub trait PresenceCells: Send + Sync {
    /// Makes a user's cell say what is so now: shown as they chose while any route to them lives, else offline and
    /// last seen at `at`. Routes and cell are read and written as one. Answers the change, if there was one.
    ///
    /// # Errors
    /// After [`BusError`] the cell may have changed.
    async fn settle(
        &self,
        user: UserId,
        chosen: Chosen,
        at: Timestamp,
    ) -> Result<Option<PresenceEdge>, BusError>;

    /// What others see of each user, in their order; offline for those without a cell, or unknown while the cells may have
    /// been forgotten just now.
    ///
    /// # Errors
    /// [`BusError`] says nothing about any user: their status is unknown.
    async fn presence(&self, users: &[UserId]) -> Result<Vec<Presence>, BusError>;

    /// Enters this node as a watcher of these users: changes settled from now on name it.
    ///
    /// # Errors
    /// After [`BusError`] some of them may be watched.
    async fn watch(&self, users: &[UserId]) -> Result<(), BusError>;

    /// Takes this node out of their watchers. Idempotent.
    ///
    /// # Errors
    /// After [`BusError`] some of them may still be watched.
    async fn unwatch(&self, users: &[UserId]) -> Result<(), BusError>;
}

/// The status a user chose, and how much the caller knows about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chosen {
    /// They chose it just now.
    Now(ChosenStatus),
    /// It is what the store said a moment ago; a cell that knows better keeps its own.
    AsStored(ChosenStatus),
    /// Not known. A cell that does not know either shows nobody as there: they may be invisible.
    Unknown,
}

/// A change of what others see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceEdge {
    /// What they see now.
    pub presence: Presence,
    /// The nodes that watch the user, perhaps the one that asked among them.
    pub watchers: Vec<NodeRef>,
}
