//! Who the members of a chat are, as far as routing needs to know.
//!
//! Too many is harmless, because each node tells only those its own index holds; too few is a late message. So a remembered
//! audience counts only while no effect has been committed that it has not seen, and each event says which effect came
//! before it.

use std::sync::Arc;

use parlour_model::{ChatId, Event, Seq, UserId};

use crate::core::Core;

/// The members of a chat, with every effect up to `as_of`.
pub(super) struct Audience {
    members: Arc<Vec<UserId>>,
    as_of: Seq,
}

impl Core {
    /// The members of a chat who may see these events. `None` if the store did not say.
    pub(crate) async fn audience(
        &self,
        chat: ChatId,
        events: &[Event],
    ) -> Option<Arc<Vec<UserId>>> {
        let needed = events.iter().map(|event| event.prev_effect).max();
        let needed = needed.unwrap_or(Seq::ZERO);
        if let Some((members, as_of)) = self.members_here(chat)
            && as_of >= needed
        {
            return Some(members);
        }
        let remembered = self.router.audiences.get(&chat).await;
        let audience = match remembered.filter(|audience| audience.as_of >= needed) {
            Some(audience) => audience,
            None => self.read_audience(chat, needed).await?,
        };
        self.advance(chat, &audience, events).await;
        Some(Arc::clone(&audience.members))
    }

    /// How many members a chat has, roughly. `None` if the store did not say.
    pub(crate) async fn member_count(&self, chat: ChatId) -> Option<usize> {
        Some(self.audience(chat, &[]).await?.len())
    }

    async fn read_audience(&self, chat: ChatId, needed: Seq) -> Option<Arc<Audience>> {
        let is_over = || self.token.is_cancelled();
        let members = self.read(|| self.all_members(chat), is_over).await?;
        Some(Arc::new(Audience {
            members: Arc::new(members),
            as_of: needed,
        }))
    }

    /// Remembers the audience for what comes after these events.
    async fn advance(&self, chat: ChatId, audience: &Arc<Audience>, events: &[Event]) {
        let changed = |event: &Event| event.content.changes_membership();
        if events.iter().any(changed) {
            return self.router.audiences.invalidate(&chat).await;
        }
        let effects = events.iter().filter(|event| event.content.has_effect());
        let as_of = effects.map(|event| event.seq).max();
        let next = Audience {
            members: Arc::clone(&audience.members),
            as_of: as_of.map_or(audience.as_of, |seq| seq.max(audience.as_of)),
        };
        self.router.audiences.insert(chat, Arc::new(next)).await;
    }
}
