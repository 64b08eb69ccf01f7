//! Messages in their current state: an event of the log with its overlay laid over it.

use std::collections::BTreeMap;

use crate::{Body, ChatId, Content, Emoji, Event, EventId, EventKey, Seq, Timestamp, UserId};

/// What happened to a message after it was posted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overlay {
    /// The latest body and the time of that edit.
    pub edited: Option<(Body, Timestamp)>,
    /// Deleted for good; hides every body.
    pub deleted: bool,
    /// Pinned.
    pub pinned: bool,
    /// Who reacted with what.
    pub reactions: BTreeMap<Emoji, Vec<UserId>>,
}

/// A reaction with the users who put it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// Which.
    pub emoji: Emoji,
    /// Whose.
    pub users: Vec<UserId>,
}

/// A line of the conversation as people see it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The chat.
    pub chat: ChatId,
    /// Its position.
    pub seq: Seq,
    /// Its public id.
    pub id: EventId,
    /// Who.
    pub author: UserId,
    /// The author's key; only the author's own devices are told it.
    pub key: EventKey,
    /// What, with the latest body. Of a deleted message the body is gone.
    pub content: Content,
    /// When.
    pub sent_at: Timestamp,
    /// When it was last edited, if ever.
    pub edited_at: Option<Timestamp>,
    /// Deleted.
    pub deleted: bool,
    /// Pinned.
    pub pinned: bool,
    /// Reactions by emoji.
    pub reactions: Vec<Reaction>,
}

impl Message {
    /// `event` with `overlay` laid over it.
    #[must_use]
    pub fn new(event: Event, overlay: Overlay) -> Self {
        let deleted = overlay.deleted || event.erased;
        let (body, edited_at) = overlay.edited.filter(|_| !deleted).unzip();
        let content = match event.content {
            Content::Message { reply_to, .. } if deleted => Content::Message {
                body: Body::text(""),
                reply_to,
            },
            Content::Message {
                body: posted,
                reply_to,
            } => Content::Message {
                body: body.unwrap_or(posted),
                reply_to,
            },
            other => other,
        };
        let reactions = if deleted {
            BTreeMap::new()
        } else {
            overlay.reactions
        };
        Self {
            chat: event.chat,
            seq: event.seq,
            id: event.id,
            author: event.author,
            key: event.key,
            content,
            sent_at: event.sent_at,
            edited_at,
            deleted,
            pinned: overlay.pinned && !deleted,
            reactions: reactions
                .into_iter()
                .map(|(emoji, users)| Reaction { emoji, users })
                .collect(),
        }
    }
}

/// The part of a chat's log one reader may see: everything after `after` up to `through`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visible {
    /// Nothing at or below this seq.
    pub after: Seq,
    /// Nothing above this seq: what the reader's rights are known for.
    pub through: Seq,
}

impl Visible {
    /// Whether the reader may see `seq`.
    #[must_use]
    pub fn contains(self, seq: Seq) -> bool {
        self.after < seq && seq <= self.through
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Countable, EventKey};

    fn posted(text: &str) -> Event {
        let at = Timestamp::from_millis(1_800_000_000_000);
        Event {
            chat: ChatId::new(1).unwrap(),
            seq: Seq::new(2),
            id: EventId::new(3).unwrap(),
            author: UserId::new(4).unwrap(),
            key: EventKey::generate(at),
            content: Content::Message {
                body: Body::text(text),
                reply_to: None,
            },
            sent_at: at,
            countable: Countable::new(1),
            prev_effect: Seq::FIRST,
            erased: false,
        }
    }

    #[test]
    fn a_deletion_hides_every_body_every_reaction_and_the_pin() {
        let at = Timestamp::from_millis(1_800_000_001_000);
        let reactions =
            BTreeMap::from([(Emoji::new("👍").unwrap(), vec![UserId::new(4).unwrap()])]);
        let overlay = Overlay {
            edited: Some((Body::text("edited"), at)),
            deleted: true,
            pinned: true,
            reactions,
        };
        let message = Message::new(posted("secret"), overlay);
        assert!(message.deleted && !message.pinned && message.reactions.is_empty());
        assert_eq!(message.edited_at, None);
        assert_eq!(
            message.content,
            Content::Message {
                body: Body::text(""),
                reply_to: None
            }
        );
    }

    #[test]
    fn an_edit_shows_the_latest_body_and_its_time() {
        let at = Timestamp::from_millis(1_800_000_001_000);
        let overlay = Overlay {
            edited: Some((Body::text("second"), at)),
            ..Overlay::default()
        };
        let message = Message::new(posted("first"), overlay);
        assert_eq!(message.edited_at, Some(at));
        assert_eq!(
            message.content,
            Content::Message {
                body: Body::text("second"),
                reply_to: None
            }
        );
    }
}
