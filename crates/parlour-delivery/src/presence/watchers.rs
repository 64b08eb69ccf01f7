//! Which connections look at which users and chats, and what they were shown.

use std::sync::Arc;

use dashmap::DashMap;
use parlour_bus::ConnectionId;
use parlour_model::{Audience, ChatId, Presence, PresenceStatus, UserId};
use parlour_protocol::{Encoded, ServerFrame};
use smallvec::SmallVec;

use crate::core::Core;
use crate::link::{Link, Watched};
use crate::presence::interest::Interest;

/// Who looks at what, on this node.
#[derive(Debug, Default)]
pub(crate) struct Watchers {
    users: DashMap<UserId, WatchedUser>,
    chats: DashMap<ChatId, SmallVec<[Arc<Link>; 1]>>,
    /// What the bus was told of it.
    pub(super) interest: Interest,
}

#[derive(Debug, Default)]
struct WatchedUser {
    links: SmallVec<[Arc<Link>; 1]>,
    shown: Shown,
}

/// What those who look were shown last.
#[derive(Debug, Default)]
enum Shown {
    /// Nothing yet: whoever looks is being answered.
    #[default]
    Nothing,
    /// That nothing is known.
    Unknown,
    Known(Presence, Audience),
}

impl Shown {
    /// The highest version shown, if something is known.
    fn version(&self) -> Option<u64> {
        match self {
            Self::Known(presence, _) => Some(presence.version),
            Self::Nothing | Self::Unknown => None,
        }
    }
}

impl Watchers {
    /// Replaces what a connection looks at; answers the users whose lookers changed. `None` if it is detached.
    pub(crate) fn replace(
        &self,
        link: &Arc<Link>,
        users: Vec<UserId>,
        chats: Vec<ChatId>,
    ) -> Option<Vec<UserId>> {
        let mut watched = link.watched();
        let before = watched.as_mut()?;
        let after = Watched { users, chats };
        self.remove(link.id, before);
        link.missed.forget();
        self.add(link, &after);
        let before = std::mem::replace(before, after);
        let now = watched.as_ref().map(|after| after.users.clone());
        Some([before.users, now.unwrap_or_default()].concat())
    }

    /// Ends a connection's looking; answers the users whose lookers changed.
    pub(crate) fn close(&self, link: &Arc<Link>) -> Vec<UserId> {
        let Some(before) = link.watched().take() else {
            return Vec::new();
        };
        self.remove(link.id, &before);
        before.users
    }

    fn add(&self, link: &Arc<Link>, watched: &Watched) {
        for user in &watched.users {
            let mut lookers = self.users.entry(*user).or_default();
            if !lookers.links.iter().any(|looker| looker.id == link.id) {
                lookers.links.push(Arc::clone(link));
            }
        }
        for chat in &watched.chats {
            let mut lookers = self.chats.entry(*chat).or_default();
            if !lookers.iter().any(|looker| looker.id == link.id) {
                lookers.push(Arc::clone(link));
            }
        }
    }

    fn remove(&self, id: ConnectionId, watched: &Watched) {
        for user in &watched.users {
            if let Some(mut lookers) = self.users.get_mut(user) {
                lookers.links.retain(|looker| looker.id != id);
            }
            self.users
                .remove_if(user, |_, lookers| lookers.links.is_empty());
        }
        for chat in &watched.chats {
            if let Some(mut lookers) = self.chats.get_mut(chat) {
                lookers.retain(|looker| looker.id != id);
            }
            self.chats.remove_if(chat, |_, lookers| lookers.is_empty());
        }
    }

    /// The users anybody here looks at.
    pub(crate) fn users(&self) -> Vec<UserId> {
        self.users.iter().map(|entry| *entry.key()).collect()
    }

    pub(super) fn is_watched(&self, user: UserId) -> bool {
        self.users.contains_key(&user)
    }

    pub(crate) fn is_chat_watched(&self, chat: ChatId) -> bool {
        self.chats.contains_key(&chat)
    }

    /// The connections that look at a chat.
    pub(crate) fn of_chat(&self, chat: ChatId) -> SmallVec<[Arc<Link>; 1]> {
        self.chats
            .get(&chat)
            .map(|links| links.clone())
            .unwrap_or_default()
    }

    /// Remembers what somebody who looks is answered, unless it is news to others who look: those are to be shown it, and this
    /// answers whether there are some.
    pub(super) fn note_answer(&self, presence: &Presence) -> bool {
        let Some(mut lookers) = self.users.get_mut(&presence.user) else {
            return false;
        };
        if presence.status == PresenceStatus::Unknown {
            if matches!(lookers.shown, Shown::Nothing) {
                lookers.shown = Shown::Unknown;
            }
            return false;
        }
        let others_saw = lookers.links.len() > 1 && !matches!(lookers.shown, Shown::Nothing);
        let is_news = others_saw && lookers.is_news(presence);
        if !is_news {
            lookers.note(presence, Audience::Nobody);
        }
        is_news
    }

    /// Shows a connection again what was shown last of a user, if it still looks at them. False if it has no room for it.
    pub(super) fn show_to(&self, link: &Arc<Link>, user: UserId) -> bool {
        let Some(lookers) = self.users.get(&user) else {
            return true;
        };
        let looks = lookers.links.iter().any(|looker| looker.id == link.id);
        if !looks || matches!(lookers.shown, Shown::Nothing) {
            return true;
        }
        let (own, for_others) = lookers.frames(user);
        let frame = if link.user == user { own } else { for_others };
        link.outbox.push_soft(&frame)
    }

    /// Whether somebody here looks at the user and has not been shown this or anything later.
    pub(super) fn is_news(&self, presence: &Presence) -> bool {
        let lookers = self.users.get(&presence.user);
        lookers.is_some_and(|lookers| lookers.is_news(presence))
    }
}

impl Core {
    /// Shows a change on this node, unless a later one was shown. Since when is for `last_seen`, and for the user's own
    /// devices.
    pub(crate) fn show_presence(self: &Arc<Self>, presence: Presence, last_seen: Audience) {
        let user = presence.user;
        let Some(mut lookers) = self.watchers.users.get_mut(&user) else {
            return;
        };
        if lookers.note(&presence, last_seen) {
            let full = lookers.show(user);
            drop(lookers);
            self.owe_missed(full, user);
        }
    }

    /// Shows on this node that nothing is known of a user.
    pub(super) fn show_unknown(self: &Arc<Self>, user: UserId) {
        if let Some(mut lookers) = self.watchers.users.get_mut(&user)
            && lookers.shown.version().is_some()
        {
            lookers.shown = Shown::Unknown;
            let full = lookers.show(user);
            drop(lookers);
            self.owe_missed(full, user);
        }
    }
}

impl WatchedUser {
    /// Whether this is later than what was shown. A user without a cell is offline under a version that rises with time: that
    /// they still are is no news.
    fn is_news(&self, presence: &Presence) -> bool {
        let has_no_cell =
            presence.status == PresenceStatus::Offline && presence.last_seen.is_none();
        let was_offline = matches!(
            &self.shown,
            Shown::Known(shown, _) if shown.status == PresenceStatus::Offline
        );
        !(has_no_cell && was_offline) && self.shown.version() < Some(presence.version)
    }

    /// Remembers this unless something as late was shown; answers whether it is later.
    fn note(&mut self, presence: &Presence, last_seen: Audience) -> bool {
        let is_later = self.shown.version() < Some(presence.version);
        if is_later {
            self.shown = Shown::Known(*presence, last_seen);
        }
        is_later
    }

    /// Shows it to all who look. Answers those who have no room for it.
    fn show(&self, user: UserId) -> Vec<Arc<Link>> {
        let (own, for_others) = self.frames(user);
        let has_no_room = |link: &&Arc<Link>| {
            let frame = if link.user == user { &own } else { &for_others };
            !link.outbox.push_soft(frame)
        };
        self.links.iter().filter(has_no_room).cloned().collect()
    }

    /// What was shown last, for the user's own devices and for others.
    fn frames(&self, user: UserId) -> (Encoded, Encoded) {
        let (presence, last_seen) = match &self.shown {
            Shown::Known(presence, last_seen) => (*presence, *last_seen),
            Shown::Nothing | Shown::Unknown => (Presence::unknown(user), Audience::Nobody),
        };
        let for_others = Presence {
            last_seen: presence
                .last_seen
                .filter(|_| last_seen == Audience::Everyone),
            ..presence
        };
        let frame = |presence| Encoded::new(ServerFrame::Presence(presence));
        (frame(presence), frame(for_others))
    }
}
