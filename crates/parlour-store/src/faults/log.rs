//! The wrapper around logs, views and marks.

use async_trait::async_trait;
use parlour_model::{
    ChatId, Draft, Event, EventId, EventKey, Mark, Marks, Member, Membership, Message, Seq, UserId,
    Visible,
};

use super::handle::Struck;
use super::{FaultyStore, Operation};
use crate::{
    Anchor, Appended, Authority, Cancellation, ChatLog, Creation, Head, Lookup, NewChat, NotStored,
    Outcome, Page, SharedStore, StoreError, Views, Watermarks,
};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ChatLog for FaultyStore {
    async fn create(&self, new: NewChat) -> Result<Creation, StoreError> {
        self.call(Operation::Create, move |store| async move {
            store.create(new).await
        })
        .await
    }

    async fn append(&self, chat: ChatId, drafts: Vec<Draft>) -> Appended {
        let (count, inner) = (drafts.len(), SharedStore::clone(&self.inner));
        let call = async move { inner.append(chat, drafts).await };
        let lost_races = self.faults.lost_races();
        let outcome = match self.faults.run(Operation::Append, call).await {
            Ok(mut appended) => {
                appended.lost_races += lost_races;
                return appended;
            }
            Err(Struck::Before(why)) => Outcome::NotStored(NotStored::Unavailable(why)),
            Err(Struck::Unknown(_)) => Outcome::Unknown { applied: None },
        };
        Appended {
            outcomes: vec![outcome; count],
            head: None,
            lost_races,
        }
    }

    async fn find(
        &self,
        chat: ChatId,
        author: UserId,
        key: EventKey,
        applied: Seq,
    ) -> Result<Lookup, StoreError> {
        let find =
            move |store: SharedStore| async move { store.find(chat, author, key, applied).await };
        self.call(Operation::Find, find).await
    }

    async fn cancel(
        &self,
        chat: ChatId,
        author: UserId,
        key: EventKey,
    ) -> Result<Cancellation, StoreError> {
        let cancel = move |store: SharedStore| async move { store.cancel(chat, author, key).await };
        self.call(Operation::Cancel, cancel).await
    }

    async fn heads(&self, chats: &[(ChatId, Seq)]) -> Vec<Result<Option<Head>, StoreError>> {
        let (chats, asked) = (chats.to_vec(), chats.len());
        let read = move |store: SharedStore| async move { Ok(store.heads(&chats).await) };
        let heads = self.call(Operation::Heads, read).await;
        heads.unwrap_or_else(|error| vec![Err(error); asked])
    }

    async fn head(&self, chat: ChatId, near: Seq) -> Result<Option<Head>, StoreError> {
        self.call(Operation::Heads, move |store| async move {
            store.head(chat, near).await
        })
        .await
    }

    async fn events(
        &self,
        chat: ChatId,
        after: Seq,
        through: Seq,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        let events = move |store: SharedStore| async move {
            store.events(chat, after, through, limit).await
        };
        self.call(Operation::Events, events).await
    }

    async fn seq_of(&self, chat: ChatId, id: EventId) -> Result<Option<Seq>, StoreError> {
        self.call(Operation::SeqOf, move |store| async move {
            store.seq_of(chat, id).await
        })
        .await
    }

    fn observe(&self, event: &Event) {
        self.inner.observe(event);
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Views for FaultyStore {
    async fn authority(&self, chat: ChatId, user: UserId) -> Result<Option<Authority>, StoreError> {
        let authority = move |store: SharedStore| async move { store.authority(chat, user).await };
        self.call(Operation::Authority, authority).await
    }

    async fn page(
        &self,
        chat: ChatId,
        anchor: Anchor,
        limit: usize,
        visible: Visible,
    ) -> Result<Page, StoreError> {
        let page =
            move |store: SharedStore| async move { store.page(chat, anchor, limit, visible).await };
        self.call(Operation::Page, page).await
    }

    async fn message(
        &self,
        chat: ChatId,
        seq: Seq,
        visible: Visible,
    ) -> Result<Option<Message>, StoreError> {
        let message =
            move |store: SharedStore| async move { store.message(chat, seq, visible).await };
        self.call(Operation::Message, message).await
    }

    async fn members(
        &self,
        chat: ChatId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<Member>, StoreError> {
        let members =
            move |store: SharedStore| async move { store.members(chat, after, limit).await };
        self.call(Operation::Members, members).await
    }

    async fn memberships(&self, user: UserId) -> Result<Vec<Membership>, StoreError> {
        self.call(Operation::Memberships, move |store| async move {
            store.memberships(user).await
        })
        .await
    }

    async fn finish(&self, chat: ChatId, effect_seq: Seq) -> Result<bool, StoreError> {
        let finish = move |store: SharedStore| async move { store.finish(chat, effect_seq).await };
        self.call(Operation::Finish, finish).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Watermarks for FaultyStore {
    async fn raise(&self, user: UserId, chat: ChatId, mark: Mark) -> Result<Marks, StoreError> {
        self.call(Operation::Raise, move |store| async move {
            store.raise(user, chat, mark).await
        })
        .await
    }

    async fn marks(&self, user: UserId, chat: ChatId) -> Result<Marks, StoreError> {
        self.call(Operation::Marks, move |store| async move {
            store.marks(user, chat).await
        })
        .await
    }

    async fn marks_of_user(&self, user: UserId) -> Result<Vec<(ChatId, Marks)>, StoreError> {
        self.call(Operation::MarksOfUser, move |store| async move {
            store.marks_of_user(user).await
        })
        .await
    }

    async fn marks_of_chat(
        &self,
        chat: ChatId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<(UserId, Marks)>, StoreError> {
        let marks =
            move |store: SharedStore| async move { store.marks_of_chat(chat, after, limit).await };
        self.call(Operation::MarksOfChat, marks).await
    }
}
