//! Who the members of a chat are, as far as routing needs to know.
//!
//! Too many is harmless, because each node tells only those its own index holds; too few is a late message. So a remembered
//! audience counts only while no effect has been committed that it has not seen, and each event says which effect came
//! before it. The members are known together with the time since when they have been the same (see `way`).

use std::sync::Arc;

use parlour_model::{ChatId, Event, Seq, UserId};
use tokio::time::Instant;

use crate::core::Core;

/// The members of a chat, with every effect up to `as_of`.
#[derive(Debug, Clone)]
pub(crate) struct Audience {
    pub(crate) members: Arc<Vec<UserId>>,
    pub(crate) as_of: Seq,
    /// Since when this node has known these to be the members.
    pub(crate) known_since: Instant,
}

impl Core {
    /// The members of a chat who may see these events. `None` if the store did not say.
    pub(crate) async fn audience(&self, chat: ChatId, events: &[Event]) -> Option<Audience> {
        let needed = events.iter().map(|event| event.prev_effect).max();
        let needed = needed.unwrap_or(Seq::ZERO);
        if let Some(here) = self.members_here(chat)
            && here.as_of >= needed
        {
            return Some(here);
        }
        let audience = match self.router.audiences.get(&chat).await {
            Some(audience) if audience.as_of >= needed => audience,
            older => self.read_audience(chat, needed, older).await?,
        };
        self.advance(chat, &audience, events).await;
        Some(audience)
    }

    /// How many members a chat has, roughly. `None` if the store did not say.
    pub(crate) async fn member_count(&self, chat: ChatId) -> Option<usize> {
        Some(self.audience(chat, &[]).await?.members.len())
    }

    async fn read_audience(
        &self,
        chat: ChatId,
        needed: Seq,
        older: Option<Audience>,
    ) -> Option<Audience> {
        let is_over = || self.token.is_cancelled();
        let members = self.read(|| self.all_members(chat), is_over).await?;
        // Most effects change no members.
        let same = older.filter(|older| *older.members == members);
        Some(Audience {
            known_since: same.map_or_else(Instant::now, |older| older.known_since),
            members: Arc::new(members),
            as_of: needed,
        })
    }

    /// Remembers the audience for what comes after these events.
    async fn advance(&self, chat: ChatId, audience: &Audience, events: &[Event]) {
        let changed = |event: &Event| event.content.changes_membership();
        if events.iter().any(changed) {
            return self.router.audiences.invalidate(&chat).await;
        }
        let effects = events.iter().filter(|event| event.content.has_effect());
        let as_of = effects.map(|event| event.seq).max();
        let next = Audience {
            members: Arc::clone(&audience.members),
            as_of: as_of.map_or(audience.as_of, |seq| seq.max(audience.as_of)),
            known_since: audience.known_since,
        };
        self.router.audiences.insert(chat, next).await;
    }
}
