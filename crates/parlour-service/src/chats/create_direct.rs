//! The direct chat of two people: asked for twice or from both sides at once, it is the same chat.
//!
//! The pair claims an id; who loses the claim adopts the winner's. Then everybody creates that chat, which is
//! idempotent, so it does not matter who was fastest or who crashed in between.

use parlour_model::{
    AppData, ChatId, ChatType, Content, EventKey, HistoryVisibility, NewMember, Role, UserId,
};
use parlour_store::{ChatSummary, Claim, ClaimSpace, NewChat};

use super::Chats;
use super::authority::blocked_either_way;
use crate::patience::failure;
use crate::{Actor, Missing, ServiceError};

impl Chats {
    /// The direct chat of the actor and `with`, and whether it existed.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for oneself; [`Missing::User`]; [`ServiceError::Blocked`] if one has blocked the
    /// other; [`ServiceError::Unavailable`] and [`ServiceError::OutcomeUnknown`]: call again.
    pub async fn create_direct(
        &self,
        actor: &Actor,
        with: UserId,
    ) -> Result<(ChatSummary, bool), ServiceError> {
        let store = &self.inner.store;
        if with == actor.user {
            return Err(ServiceError::Invalid {
                field: "user",
                reason: "must be somebody else".to_owned(),
            });
        }
        if store.read(|s| s.user(with)).await?.is_none() {
            return Err(ServiceError::NotFound(Missing::User));
        }
        if blocked_either_way(store, actor.user, with).await? {
            return Err(ServiceError::Blocked);
        }
        let chat = self.claim_pair(actor.user, with).await?;
        let (_, existed) = self
            .create(self.direct_chat(chat, actor.user, with))
            .await?;
        self.created(actor, chat, existed).await
    }

    /// The id under which the pair has or will have its chat.
    async fn claim_pair(&self, one: UserId, other: UserId) -> Result<ChatId, ServiceError> {
        let store = &self.inner.store;
        let space = ClaimSpace::DirectPair;
        let name = pair_name(one, other);
        // Nearly always the chat exists, and a claim is a write.
        if let Some(owner) = store.read(|s| s.owner(space, &name)).await? {
            return claimed(owner);
        }
        let id = self.inner.new_chat_id()?;
        let claim = store
            .settle(|s| s.claim(space, &name, id.get(), None))
            .await;
        match claim.map_err(failure)? {
            Claim::Won => Ok(id),
            Claim::Taken(owner) => claimed(owner),
        }
    }

    fn direct_chat(&self, id: ChatId, creator: UserId, with: UserId) -> NewChat {
        let member = |user| NewMember {
            user,
            role: Role::Member,
        };
        NewChat {
            id,
            creator,
            key: EventKey::generate(self.inner.clock.now()),
            content: Content::ChatCreated {
                chat_type: ChatType::Direct,
                title: None,
                history: HistoryVisibility::All,
                data: AppData::default(),
                users: vec![member(creator.min(with)), member(creator.max(with))],
            },
        }
    }
}

/// The chat whose number a claim holds.
pub(super) fn claimed(owner: u64) -> Result<ChatId, ServiceError> {
    ChatId::new(owner).map_err(|_| {
        tracing::error!(owner, "a claim names something that is no chat");
        ServiceError::Unavailable("the stored data is damaged".to_owned())
    })
}

/// The name under which two users claim their direct chat.
pub(super) fn pair_name(one: UserId, other: UserId) -> String {
    format!("{}:{}", one.min(other), one.max(other))
}
