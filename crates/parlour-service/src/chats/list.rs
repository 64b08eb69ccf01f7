//! The chats of a user, and one of them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::{StreamExt, TryStreamExt, stream};
use parlour_model::{ChatId, EventId, limits};
use parlour_store::{ChatSummary, Head, StoreError, chat_summary};

use super::policy::Operation;
use super::{Chats, Inner};
use crate::patience::failure;
use crate::{Actor, Missing, ServiceError};

/// How many chats of a page are read at once.
const READ_AT_ONCE: usize = 8;

/// What the store says of one chat's head.
type HeadRead = Result<Option<Head>, StoreError>;

/// Chats by last activity.
#[derive(Debug, Clone)]
pub struct ChatPage {
    /// Newest first.
    pub chats: Vec<ChatSummary>,
    /// Where the next page starts, if there is one.
    pub next: Option<String>,
}

/// A place in the list: a chat whose last event has this id. Ids rise over all chats nearly with time, and the
/// chat's own id makes the order total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    last: EventId,
    chat: ChatId,
}

impl Chats {
    /// The actor's chats, newest activity first; `limit` is brought between 1 and 200.
    ///
    /// A chat that becomes active between two pages moves up and may be missing in both; its event tells of it. A chat of
    /// which the head is damaged is left out.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for an `after` that no page gave; [`ServiceError::Unavailable`].
    pub async fn list(
        &self,
        actor: &Actor,
        after: Option<&str>,
        limit: usize,
    ) -> Result<ChatPage, ServiceError> {
        let limit = limit.clamp(1, limits::LIST_ROWS_MAX);
        let after = after.map(Place::parse).transpose()?;
        let mut places = self.inner.places(actor).await?;
        places.retain(|place| after.is_none_or(|after| *place < after));
        places.sort_unstable_by(|a, b| b.cmp(a));
        let has_more = places.len() > limit;
        places.truncate(limit);
        let next = places
            .last()
            .filter(|_| has_more)
            .map(|place| place.to_cursor());
        let chats = places.into_iter().map(|place| place.chat).collect();
        let chats = self.inner.summaries(actor, chats).await?;
        Ok(ChatPage { chats, next })
    }

    /// One chat as the actor sees it.
    ///
    /// # Errors
    /// Chat not found for who is no member; [`ServiceError::Unavailable`], [`ServiceError::Busy`].
    pub async fn get(&self, actor: &Actor, chat: ChatId) -> Result<ChatSummary, ServiceError> {
        let user = actor.user;
        let summary = self
            .inner
            .fenced(actor, chat, Operation::Read, move |s, _| {
                chat_summary(&**s, user, chat)
            })
            .await?;
        summary.ok_or(ServiceError::NotFound(Missing::Chat))
    }
}

impl Inner {
    /// Where each of the actor's present chats stands in the list.
    async fn places(&self, actor: &Actor) -> Result<Vec<Place>, ServiceError> {
        let memberships = self.store.read(|s| s.memberships(actor.user)).await?;
        let present = memberships.iter().filter(|row| row.member.is_joined());
        let asked: Vec<_> = present
            .map(|row| (row.chat, row.member.joined_seq))
            .collect();
        let heads = self.store.read(|s| async { Ok(s.heads(&asked).await) });
        let chats = asked.iter().map(|(chat, _)| *chat);
        let places = chats.zip(heads.await?).map(Place::of);
        places.filter_map(Result::transpose).collect()
    }

    /// The summaries of these chats in their order, without those that the actor has just left.
    async fn summaries(
        &self,
        actor: &Actor,
        chats: Vec<ChatId>,
    ) -> Result<Vec<ChatSummary>, ServiceError> {
        let user = actor.user;
        let read = |chat| async move {
            let look = self.fenced(actor, chat, Operation::Read, move |s, _| {
                chat_summary(&**s, user, chat)
            });
            match look.await {
                Err(ServiceError::NotFound(Missing::Chat)) => Ok(None),
                answer => answer,
            }
        };
        let summaries = stream::iter(chats).map(read).buffered(READ_AT_ONCE);
        let summaries: Vec<Option<ChatSummary>> = summaries.try_collect().await?;
        Ok(summaries.into_iter().flatten().collect())
    }
}

impl Place {
    /// Where a chat stands by its head; `None` without one. A damaged chat has none, as in a sync: it would hide the
    /// others for ever. One that cannot be read now has a place that nobody knows, so the list waits for it.
    fn of((chat, head): (ChatId, HeadRead)) -> Result<Option<Self>, ServiceError> {
        match head {
            Ok(head) => Ok(head.map(|Head { id: last, .. }| Self { last, chat })),
            Err(StoreError::Corrupt(detail)) => {
                tracing::error!(%chat, detail, "a damaged chat is left out of a list");
                Ok(None)
            }
            Err(error) => Err(failure(error)),
        }
    }

    fn to_cursor(self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}.{}", self.last, self.chat))
    }

    fn parse(cursor: &str) -> Result<Self, ServiceError> {
        Self::from_cursor(cursor).ok_or_else(|| ServiceError::Invalid {
            field: "cursor",
            reason: "must be the `next` of an earlier page".to_owned(),
        })
    }

    fn from_cursor(cursor: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (last, chat) = text.split_once('.')?;
        Some(Self {
            last: last.parse().ok()?,
            chat: chat.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_chat_has_no_place_and_one_that_cannot_be_read_keeps_the_list_waiting() {
        let chat = ChatId::new(7).unwrap();
        let place = |read| Place::of((chat, read));
        assert_eq!(place(Ok(None)), Ok(None));
        assert_eq!(place(Err(StoreError::Corrupt("it".to_owned()))), Ok(None));
        let away = place(Err(StoreError::Unavailable("away".to_owned())));
        assert!(matches!(away, Err(ServiceError::Unavailable(_))));
    }

    #[test]
    fn a_cursor_names_its_place_and_nonsense_is_refused() {
        let place = Place {
            last: EventId::new(9_007_199_254_740_993).unwrap(),
            chat: ChatId::new(7).unwrap(),
        };
        assert_eq!(Place::parse(&place.to_cursor()), Ok(place));
        let three_parts = URL_SAFE_NO_PAD.encode("1.2.3");
        for wrong in ["", "x", "1.2", "%%%", "MA", three_parts.as_str()] {
            let refused = Place::parse(wrong);
            assert!(
                matches!(
                    refused,
                    Err(ServiceError::Invalid {
                        field: "cursor",
                        ..
                    })
                ),
                "{wrong}"
            );
        }
    }
}
