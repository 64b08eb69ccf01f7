//! What the server says when all is over.

use std::collections::BTreeMap;

use parlour_model::{ChatId, Content, Event, EventId, EventKey, Seq, UserId};

use crate::history::Digest;

/// The state of all chats of a test after its end.
#[derive(Debug, Clone, Default)]
pub struct Truth {
    /// The chats.
    pub chats: BTreeMap<ChatId, ChatTruth>,
}

/// One chat.
#[derive(Debug, Clone, Default)]
pub struct ChatTruth {
    /// The last seq.
    pub head: Seq,
    /// Its events, in the order in which the server gave them.
    pub events: Vec<Logged>,
    /// What the server says of those members who were asked. Who is a member, the log alone says.
    pub members: BTreeMap<UserId, MemberTruth>,
}

/// What the server says of one member.
#[derive(Debug, Clone, Copy, Default)]
pub struct MemberTruth {
    /// Their delivered mark.
    pub delivered: Seq,
    /// Their read mark.
    pub read: Seq,
    /// The event of their latest joining.
    pub joined: Seq,
    /// The unread number they are shown.
    pub unread: u64,
}

/// One event of the log.
#[derive(Debug, Clone)]
pub struct Logged {
    /// Its seq.
    pub seq: Seq,
    /// Its id.
    pub id: EventId,
    /// Its author.
    pub author: UserId,
    /// Its key, if the server told it.
    pub key: Option<EventKey>,
    /// What it says.
    pub digest: Digest,
    /// Whether an authorized edit or deletion may have changed what it says.
    pub altered: bool,
    /// What it does, as far as the checker needs to know.
    pub role: LoggedRole,
}

/// What an event does, as far as the checker needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoggedRole {
    /// It counts as unread.
    Message,
    /// These users are members from here on.
    Joins(Vec<UserId>),
    /// This user is no member from here on.
    Leaves(UserId),
    /// Anything else.
    Other,
}

impl Digest {
    /// The digest of a content.
    #[must_use]
    pub fn of(content: &Content) -> Self {
        Self(serde_json::to_string(content).expect("content is always writable"))
    }
}

impl LoggedRole {
    /// The role of a content.
    #[must_use]
    pub fn of(content: &Content) -> Self {
        match content {
            Content::Message { .. } => Self::Message,
            Content::MembersAdded { users } | Content::ChatCreated { users, .. } => {
                Self::Joins(users.iter().map(|member| member.user).collect())
            }
            Content::MemberRemoved { user } => Self::Leaves(*user),
            _ => Self::Other,
        }
    }
}

impl From<&Event> for Logged {
    fn from(event: &Event) -> Self {
        Self {
            seq: event.seq,
            id: event.id,
            author: event.author,
            key: Some(event.key),
            digest: Digest::of(&event.content),
            altered: event.erased,
            role: LoggedRole::of(&event.content),
        }
    }
}

impl ChatTruth {
    /// The event at `seq`.
    #[must_use]
    pub fn at(&self, seq: Seq) -> Option<&Logged> {
        self.events.iter().find(|event| event.seq == seq)
    }

    /// The members by the log, each with the event of their latest joining.
    #[must_use]
    pub fn members_by_log(&self) -> BTreeMap<UserId, Seq> {
        let mut members = BTreeMap::new();
        for event in &self.events {
            match &event.role {
                LoggedRole::Joins(users) => {
                    members.extend(users.iter().map(|user| (*user, event.seq)));
                }
                LoggedRole::Leaves(user) => drop(members.remove(user)),
                LoggedRole::Message | LoggedRole::Other => {}
            }
        }
        members
    }
}
