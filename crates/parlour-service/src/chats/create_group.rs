//! Creating a group.
//!
//! With an idempotency key the key claims the chat's id first, so that a request sent again, here or on
//! another node, finds the same group. A second key use with other content is refused.

use std::collections::BTreeSet;

use parlour_model::{
    AppData, BodyHash, ChatId, ChatType, Content, EventKey, HistoryVisibility, NewMember, Role,
    Title, UserId, limits,
};
use parlour_store::{ChatSummary, Claim, ClaimSpace, NewChat};

use super::Chats;
use super::create_direct::claimed;
use super::update::check_data;
use crate::patience::failure;
use crate::{Actor, Missing, Refusal, ServiceError};

/// A group that shall exist, with the actor as its owner.
#[derive(Debug, Clone)]
pub struct NewGroup {
    /// Its title.
    pub title: Title,
    /// The other first members.
    pub users: Vec<UserId>,
    /// What later members may see of the past.
    pub history: HistoryVisibility,
    /// What the application keeps with it; empty for nothing.
    pub data: AppData,
    /// Names this wish: the same key is the same group.
    pub idempotency_key: Option<EventKey>,
}

impl Chats {
    /// Creates a group, and says whether its key had created it before.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for data beyond their limits; [`Missing::User`] if one of the users does not exist; [`Refusal::LimitReached`], [`Refusal::KeyTime`],
    /// [`Refusal::KeyReused`]; [`ServiceError::Unavailable`] and [`ServiceError::OutcomeUnknown`]: call again
    /// with the same key.
    pub async fn create_group(
        &self,
        actor: &Actor,
        new: NewGroup,
    ) -> Result<(ChatSummary, bool), ServiceError> {
        let now = self.inner.clock.now();
        let key = new
            .idempotency_key
            .unwrap_or_else(|| EventKey::generate(now));
        let others: BTreeSet<UserId> = new.users.iter().copied().collect();
        let others = others
            .into_iter()
            .filter(|user| *user != actor.user)
            .collect::<Vec<_>>();
        check_data(Some(&new.data))?;
        self.check_first_members(&others).await?;
        let id = match new.idempotency_key {
            Some(key) => self.claim_creation(actor.user, key).await?,
            None => self.inner.new_chat_id()?,
        };
        let content = group_created(actor.user, &others, new);
        let hash = BodyHash::of(&content);
        let creator = actor.user;
        let (event, existed) = self
            .create(NewChat {
                id,
                creator,
                key,
                content,
            })
            .await?;
        if BodyHash::of(&event.content) != hash {
            let (seq, id) = (event.seq, event.id);
            return Err(ServiceError::Refused(Refusal::KeyReused { seq, id }));
        }
        self.created(actor, id, existed).await
    }

    async fn check_first_members(&self, others: &[UserId]) -> Result<(), ServiceError> {
        if others.len() + 1 > limits::GROUP_MEMBERS_MAX {
            return Err(ServiceError::Refused(too_many_members()));
        }
        self.inner.check_users_exist(others).await
    }

    /// The id under which this key has or will have created its chat.
    async fn claim_creation(&self, user: UserId, key: EventKey) -> Result<ChatId, ServiceError> {
        let store = &self.inner.store;
        let space = ClaimSpace::ChatCreation;
        let name = format!("{user}:{key}");
        if let Some(owner) = store.read(|s| s.owner(space, &name)).await? {
            return claimed(owner);
        }
        key.check_time(self.inner.clock.now())
            .map_err(Refusal::KeyTime)?;
        let id = self.inner.new_chat_id()?;
        let ttl = Some(limits::KEY_REMEMBERED);
        let claim = store.settle(|s| s.claim(space, &name, id.get(), ttl)).await;
        match claim.map_err(failure)? {
            Claim::Won => Ok(id),
            Claim::Taken(owner) => claimed(owner),
        }
    }
}

impl super::Inner {
    /// Whether all these users exist.
    pub(super) async fn check_users_exist(&self, users: &[UserId]) -> Result<(), ServiceError> {
        let found = self.store.read(|s| s.users(users)).await?;
        if found.len() == users.len() {
            Ok(())
        } else {
            Err(ServiceError::NotFound(Missing::User))
        }
    }
}

/// What is said of a group that would become too large.
pub(super) fn too_many_members() -> Refusal {
    Refusal::LimitReached("members of a group")
}

fn group_created(owner: UserId, others: &[UserId], new: NewGroup) -> Content {
    let owner = NewMember {
        user: owner,
        role: Role::Owner,
    };
    let members = others.iter().map(|user| NewMember {
        user: *user,
        role: Role::Member,
    });
    Content::ChatCreated {
        chat_type: ChatType::Group,
        title: Some(new.title),
        history: new.history,
        data: new.data,
        users: std::iter::once(owner).chain(members).collect(),
    }
}
