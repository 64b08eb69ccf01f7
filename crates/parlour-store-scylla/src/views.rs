//! [`Views`] over the projection: what the log says now.
//!
//! The hard choice here: no read is a transaction, and still an authority is one consistent set. The rows say
//! themselves how new they are (their cells' write timestamps are seqs). So the head is read first, the walk to its
//! newest effect is finished, and rows that turn out to be newer than that head are read again with a newer one.

mod authority;
mod lineless;
mod lines;
mod members;
mod overlay;
mod page;

pub(crate) use lineless::Lineless;

use async_trait::async_trait;
use parlour_model::{ChatId, Member, Membership, Message, Seq, UserId, Visible};
use parlour_store::{Anchor, Authority, Head, Page, StoreError, Views};

use crate::ScyllaStore;

#[async_trait]
impl Views for ScyllaStore {
    async fn authority(&self, chat: ChatId, user: UserId) -> Result<Option<Authority>, StoreError> {
        self.read_authority(chat, user).await
    }

    async fn page(
        &self,
        chat: ChatId,
        anchor: Anchor,
        limit: usize,
        visible: Visible,
    ) -> Result<Page, StoreError> {
        let visible = self.cut(chat, visible).await?;
        self.read_page(chat, anchor, limit.max(1), visible).await
    }

    async fn message(
        &self,
        chat: ChatId,
        seq: Seq,
        visible: Visible,
    ) -> Result<Option<Message>, StoreError> {
        if !visible.contains(seq) {
            return Ok(None);
        }
        let visible = self.cut(chat, visible).await?;
        if !visible.contains(seq) {
            return Ok(None);
        }
        let event = self.log.event_known(chat, seq).await?;
        let lines = Vec::from_iter(event.content.is_line().then_some(event));
        let messages = self.lay_over(chat, lines, visible.through).await?;
        Ok(messages.into_iter().next())
    }

    async fn members(
        &self,
        chat: ChatId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<Member>, StoreError> {
        if self.projected_head(chat).await?.is_none() {
            return Ok(Vec::new());
        }
        self.read_members(chat, after, limit).await
    }

    async fn memberships(&self, user: UserId) -> Result<Vec<Membership>, StoreError> {
        self.read_memberships(user).await
    }

    async fn finish(&self, chat: ChatId, effect_seq: Seq) -> Result<bool, StoreError> {
        let was_open = self.finish_walk(chat, effect_seq).await?;
        self.erase_some(chat, effect_seq).await;
        Ok(was_open)
    }
}

impl ScyllaStore {
    /// The head, with all effects up to it in the tables; `None` if the chat does not exist.
    async fn projected_head(&self, chat: ChatId) -> Result<Option<Head>, StoreError> {
        let near = self.known.projected(chat).unwrap_or(Seq::ZERO);
        let head = self.log.head(chat, near).await?;
        if let Some(head) = &head {
            self.finish_walk(chat, head.effect_seq).await?;
        }
        Ok(head)
    }

    /// What a reader may see of the log as it is now, with all effects in the tables.
    async fn cut(&self, chat: ChatId, visible: Visible) -> Result<Visible, StoreError> {
        let head = self.projected_head(chat).await?;
        let through = head.map_or(Seq::ZERO, |head| head.seq);
        Ok(Visible {
            after: visible.after,
            through: visible.through.min(through),
        })
    }
}
