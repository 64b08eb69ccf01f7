//! Reading the past: pages, single messages, and which seq an id has.
//!
//! Invariants:
//! - Nothing newer than what the reader's standing is known for is released.
//! - A line shows what happened to it up to the moment it was read, and the reader was a member at that moment:
//!   a read counts only if no membership changed since the standing it rests on.
//! - Former members read nothing. Up to the removal they were sent everything; later states of old lines are
//!   not theirs.

use std::future::Future;
use std::time::Duration;

use parlour_model::{ChatId, EventId, Message, Seq, Visible, limits};
use parlour_store::{Anchor, Page, SharedStore, StoreError};

use super::policy::Operation;
use super::{Chats, Inner};
use crate::{Actor, Missing, ServiceError};

/// How often a read is done again because members changed meanwhile.
const READS: usize = 5;
/// When to try again after that.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// How a client names a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeqOrId {
    /// By its place in the log.
    Seq(Seq),
    /// By its public id.
    Id(EventId),
}

impl Chats {
    /// Lines of the conversation in their current state; `limit` is brought between 1 and 100.
    ///
    /// # Errors
    /// Chat not found for who is no member; [`ServiceError::Unavailable`], [`ServiceError::Busy`].
    pub async fn history(
        &self,
        actor: &Actor,
        chat: ChatId,
        anchor: Anchor,
        limit: usize,
    ) -> Result<Page, ServiceError> {
        let limit = limit.clamp(1, limits::PAGE_MESSAGES_MAX);
        self.inner
            .fenced(actor, chat, Operation::Read, |s, visible| {
                s.page(chat, anchor, limit, visible)
            })
            .await
    }

    /// One line in its current state.
    ///
    /// # Errors
    /// As [`Chats::history`]; message not found if there is no line at `seq`, or none that the actor may see.
    pub async fn message(
        &self,
        actor: &Actor,
        chat: ChatId,
        seq: Seq,
    ) -> Result<Message, ServiceError> {
        let line = self
            .inner
            .fenced(actor, chat, Operation::Read, |s, visible| {
                s.message(chat, seq, visible)
            })
            .await?;
        line.ok_or(ServiceError::NotFound(Missing::Message))
    }

    /// The seq of what a client names.
    ///
    /// # Errors
    /// As [`Chats::message`].
    pub async fn resolve(
        &self,
        actor: &Actor,
        chat: ChatId,
        name: SeqOrId,
    ) -> Result<Seq, ServiceError> {
        let standing = self
            .inner
            .gate
            .allow_now(chat, actor.user, Operation::Read)
            .await?;
        let seq = match name {
            SeqOrId::Seq(seq) => Some(seq),
            SeqOrId::Id(id) => self.inner.store.read(|s| s.seq_of(chat, id)).await?,
        };
        seq.filter(|seq| standing.visible().contains(*seq))
            .ok_or(ServiceError::NotFound(Missing::Message))
    }
}

impl Inner {
    /// Reads by `look` what `operation` lets a member see.
    ///
    /// The standing is read before, and afterwards the head says whether any membership changed since; then the
    /// answer may show what its reader may not see, and is thrown away.
    pub(super) async fn fenced<'a, T, F>(
        &'a self,
        actor: &Actor,
        chat: ChatId,
        operation: Operation,
        look: impl Fn(&'a SharedStore, Visible) -> F,
    ) -> Result<T, ServiceError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        for _ in 0..READS {
            let standing = self.gate.allow_now(chat, actor.user, operation).await?;
            let seen = self.store.read(|s| look(s, standing.visible())).await?;
            let as_of = standing.as_of();
            let head = self.store.read(|s| s.head(chat, as_of)).await?;
            if head.is_some_and(|head| head.membership_seq <= as_of) {
                return Ok(seen);
            }
        }
        Err(ServiceError::Busy {
            retry_after: RETRY_AFTER,
            own_rate: false,
        })
    }
}
