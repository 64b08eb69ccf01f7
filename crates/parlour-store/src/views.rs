//! What the log says now: rights, members, messages in their current state.
//!
//! These tables are a projection of the log. Whoever reads them through here first finishes what a crash left
//! open, so an answer is never older than its `as_of`.

use async_trait::async_trait;
use parlour_model::{Chat, ChatId, Epoch, Member, Membership, Message, Seq, UserId, Visible};

use crate::StoreError;

/// Reads of the projection.
#[async_trait]
pub trait Views: Send + Sync {
    /// May this user do something here? Everything a policy needs, read as one consistent set; `None` if the
    /// chat does not exist.
    ///
    /// # Errors
    /// None that say anything about the user's rights.
    async fn authority(&self, chat: ChatId, user: UserId) -> Result<Option<Authority>, StoreError>;

    /// Lines of the conversation in their current state, ascending, within `visible`. A page is never empty
    /// while there are lines in the direction asked for.
    ///
    /// # Errors
    /// None that say anything about the messages. [`StoreError::Unavailable`] may also say that more events than one request
    /// may read hold no line: the same call reads on from there.
    async fn page(
        &self,
        chat: ChatId,
        anchor: Anchor,
        limit: usize,
        visible: Visible,
    ) -> Result<Page, StoreError>;

    /// One line in its current state; `None` if there is none at `seq` or it is not visible.
    ///
    /// # Errors
    /// None that say anything about the message.
    async fn message(
        &self,
        chat: ChatId,
        seq: Seq,
        visible: Visible,
    ) -> Result<Option<Message>, StoreError>;

    /// Present members by rising user id, after `after`, at most `limit`.
    ///
    /// # Errors
    /// None that say anything about the members.
    async fn members(
        &self,
        chat: ChatId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<Member>, StoreError>;

    /// All chats the user is or was a member of. Does not finish open projections: a row may be a moment old.
    ///
    /// # Errors
    /// None that say anything about the chats.
    async fn memberships(&self, user: UserId) -> Result<Vec<Membership>, StoreError>;

    /// Finishes the projection of a chat up to `effect_seq`, the newest effect that its head names. Answers whether
    /// it was open: then whoever committed there may have told nobody. A store that writes effects with their
    /// events has nothing to do.
    ///
    /// # Errors
    /// None that say anything about the chat. Call again.
    async fn finish(&self, _chat: ChatId, _effect_seq: Seq) -> Result<bool, StoreError> {
        Ok(false)
    }
}

/// A user's standing in a chat, true as of one seq.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// The chat.
    pub chat: Chat,
    /// The user's row, also of a former member.
    pub member: Option<Member>,
    /// How many members the chat has.
    pub member_count: u64,
    /// The rights epoch, to be carried by drafts.
    pub epoch: Epoch,
    /// All of this is what the log up to here says.
    pub as_of: Seq,
}

/// Where a page lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// At the end.
    Latest,
    /// Ending just before this seq.
    Before(Seq),
    /// Starting just after this seq.
    After(Seq),
    /// With this seq in the middle, itself included if it is a line.
    Around(Seq),
}

/// Lines of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The lines, ascending.
    pub messages: Vec<Message>,
    /// Whether there are visible lines before the first.
    pub has_before: bool,
    /// Whether there are visible lines after the last.
    pub has_after: bool,
    /// The state of the lines includes every event up to here.
    pub at: Seq,
}
