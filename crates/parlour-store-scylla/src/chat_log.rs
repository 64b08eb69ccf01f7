//! [`ChatLog`] over the logs.

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use parlour_model::{ChatId, Draft, Event, EventId, EventKey, Seq, UserId};
use parlour_store::{
    Appended, Cancellation, ChatLog, Creation, Head, Lookup, NewChat, Outcome, StoreError, Views,
};

use crate::ScyllaStore;
use crate::log::{Appending, KeyName, Tools, create};

/// Heads read at once for one call.
const HEADS_AT_ONCE: usize = 32;

#[async_trait]
impl ChatLog for ScyllaStore {
    async fn create(&self, new: NewChat) -> Result<Creation, StoreError> {
        let creation = create(&self.log, &*self.clock, &self.ids, new).await?;
        match &creation {
            Creation::Created(event) => self.after_commit(std::slice::from_ref(event)).await,
            Creation::Existing(event) => self.finish_existing(event.chat, event.seq).await,
        }
        Ok(creation)
    }

    async fn append(&self, chat: ChatId, drafts: Vec<Draft>) -> Appended {
        let tools = Tools {
            log: &self.log,
            heads: &self.heads,
            clock: &*self.clock,
            ids: &self.ids,
        };
        let (mut appended, created) = Appending::new(tools, chat, drafts).run().await;
        self.after_commit(&created).await;
        if let Some(newest) = newest_existing(&appended.outcomes) {
            self.finish_existing(chat, newest).await;
        }
        for outcome in &mut appended.outcomes {
            self.show_as_readers_see(outcome).await;
        }
        appended
    }

    async fn find(
        &self,
        chat: ChatId,
        author: UserId,
        key: EventKey,
        applied: Seq,
    ) -> Result<Lookup, StoreError> {
        self.log.find(chat, KeyName { author, key }, applied).await
    }

    async fn cancel(
        &self,
        chat: ChatId,
        author: UserId,
        key: EventKey,
    ) -> Result<Cancellation, StoreError> {
        self.log.cancel(chat, KeyName { author, key }).await
    }

    async fn heads(&self, chats: &[(ChatId, Seq)]) -> Vec<Result<Option<Head>, StoreError>> {
        stream::iter(chats.to_vec())
            .map(|(chat, near)| self.log.head(chat, near))
            .buffered(HEADS_AT_ONCE)
            .collect()
            .await
    }

    async fn events(
        &self,
        chat: ChatId,
        after: Seq,
        through: Seq,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        let known = self.heads.get(chat).map_or(Seq::ZERO, |head| head.seq);
        let bounds = (limit, known);
        self.log.events(chat, after, through, bounds).await
    }

    async fn seq_of(&self, chat: ChatId, id: EventId) -> Result<Option<Seq>, StoreError> {
        self.log.seq_of(chat, id).await
    }

    fn observe(&self, event: &Event) {
        self.heads.observe(event);
    }
}

impl ScyllaStore {
    /// Whoever committed an event that was found may have died before its effects were in the tables, and it will be
    /// acknowledged now. What fails is left open, as after a commit.
    async fn finish_existing(&self, chat: ChatId, seq: Seq) {
        if let Err(error) = self.finish(chat, seq).await {
            tracing::warn!(%chat, %error, "effects of a repeated commit were not written; the next reader writes them");
        }
    }

    /// An edit of a deleted message says nothing to anybody: the answer is what readers will see. Where that cannot be
    /// read, the answer is what was said.
    async fn show_as_readers_see(&self, outcome: &mut Outcome) {
        if let Outcome::Created(event) = outcome
            && let Ok(seen) = self.as_readers_see(event.clone()).await
        {
            *event = seen;
        }
    }
}

/// The newest event with an effect among those that were found.
fn newest_existing(outcomes: &[Outcome]) -> Option<Seq> {
    let with_effect = outcomes.iter().filter_map(|outcome| match outcome {
        Outcome::Existing(event) if event.content.has_effect() => Some(event.seq),
        _ => None,
    });
    with_effect.max()
}
