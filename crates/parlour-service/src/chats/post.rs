//! Saying something, and changing what was said: messages, edits, deletions, reactions, pins.

use parlour_model::{BodyHash, ChatId, Content, Draft, Event, EventKey, Seq};
use parlour_store::Lookup;

use super::{Chats, Inner};
use crate::{Actor, Refusal, ServiceError};

/// Something a client wants in a chat's log.
#[derive(Debug, Clone)]
pub struct Post {
    /// Where.
    pub chat: ChatId,
    /// The client's key, the same in every attempt.
    pub key: EventKey,
    /// The seq the client had applied when it first tried; zero if it has no cursor.
    pub applied: Seq,
    /// What: a message, an edit, a deletion, a reaction or a pin.
    pub content: Content,
}

/// An event that is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// The event.
    pub event: Event,
    /// Whether an earlier attempt of the same key had stored it.
    pub duplicate: bool,
}

impl Chats {
    /// Enters `post` into its chat's log, exactly once however often it is asked for.
    ///
    /// # Errors
    /// A definite refusal is only given after the key was looked up: if an earlier attempt was stored, that is
    /// the answer. [`ServiceError::OutcomeUnknown`]: ask again with the same key. All other errors: this attempt
    /// is not stored.
    pub async fn post(&self, actor: &Actor, post: Post) -> Result<Posted, ServiceError> {
        match self.inner.try_to_post(actor, &post).await {
            Err(refusal) if refusal.is_definite() => {
                self.inner.found_or_refused(actor, &post, refusal).await
            }
            answer => answer,
        }
    }
}

impl Inner {
    async fn try_to_post(&self, actor: &Actor, post: &Post) -> Result<Posted, ServiceError> {
        check_content(&post.content)?;
        post.key
            .check_time(self.clock.now())
            .map_err(Refusal::KeyTime)?;
        let (chat, content) = (post.chat, &post.content);
        let epoch = self.gate.authorize(chat, actor.user, content).await?;
        let draft = Draft::new(actor.user, post.key, epoch, content.clone());
        let settled = self
            .appends
            .append(chat, draft.applied(post.applied))
            .await?;
        Ok(Posted {
            event: settled.event,
            duplicate: settled.existing,
        })
    }

    /// `refusal`, unless the key was settled by an earlier attempt.
    async fn found_or_refused(
        &self,
        actor: &Actor,
        post: &Post,
        refusal: ServiceError,
    ) -> Result<Posted, ServiceError> {
        let settled_by_key = matches!(
            refusal,
            ServiceError::Refused(Refusal::KeyReused { .. } | Refusal::KeyCancelled)
        );
        if settled_by_key {
            return Err(refusal);
        }
        let (chat, key, applied) = (post.chat, post.key, post.applied);
        match self
            .store
            .read(|s| s.find(chat, actor.user, key, applied))
            .await?
        {
            Lookup::Found(event) if is_same(&event, &post.content) => {
                self.delivery.announce(&event);
                let duplicate = true;
                Ok(Posted { event, duplicate })
            }
            Lookup::Found(Event { seq, id, .. }) => {
                Err(ServiceError::Refused(Refusal::KeyReused { seq, id }))
            }
            Lookup::Cancelled => Err(ServiceError::Refused(Refusal::KeyCancelled)),
            Lookup::Absent => Err(refusal),
        }
    }
}

/// Whether the content is of a kind clients may write, and right in itself.
fn check_content(content: &Content) -> Result<(), ServiceError> {
    match content {
        Content::Message { body, .. } | Content::MessageEdited { body, .. } => body
            .check_postable()
            .map_err(|error| ServiceError::Invalid {
                field: error.field,
                reason: error.reason,
            }),
        Content::MessageDeleted { .. }
        | Content::ReactionChanged { .. }
        | Content::PinChanged { .. } => Ok(()),
        other => Err(ServiceError::Invalid {
            field: "kind",
            reason: format!("`{}` is not posted; it has its own request", other.kind()),
        }),
    }
}

/// Whether a stored event is what was asked for. The body of an erased message can no longer be compared.
fn is_same(stored: &Event, content: &Content) -> bool {
    if stored.erased {
        matches!(content, Content::Message { .. })
    } else {
        BodyHash::of(&stored.content) == BodyHash::of(content)
    }
}
