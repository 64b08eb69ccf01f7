//! A line of the conversation as it is now.

use parlour_model::{
    AppData, Body, ChatId, ChatType, Content, Emoji, EventId, EventKey, HistoryVisibility, Message,
    NewMember, Reaction, Role, Seq, Timestamp, Title, UserId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::{Details, require_fields};
use crate::fields::readable;
use crate::flags::is_false;

/// How far a message got, for one of its readers or for all.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum MessageStatus {
    /// In the log.
    Sent,
    /// On a device.
    Delivered,
    /// Read.
    Read,
}

/// A line of the conversation in its current state: a message, or what happened to members or title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = require_fields)]
pub struct MessageBody {
    /// Where.
    pub chat: ChatId,
    /// Its position.
    pub seq: Seq,
    /// Its public id.
    pub id: EventId,
    /// Who.
    pub author: UserId,
    /// The author's key; only the author is told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<EventKey>,
    /// What kind of event; decides which of the fields of a kind are there.
    pub kind: String,
    /// When.
    pub sent_at: Timestamp,
    /// `message`: what is said, after the latest edit; of a deleted one a text that is empty.
    #[serde(
        default,
        deserialize_with = "readable",
        skip_serializing_if = "Option::is_none"
    )]
    pub body: Option<Body>,
    /// `message`: the message it answers.
    #[serde(
        default,
        deserialize_with = "readable",
        skip_serializing_if = "Option::is_none"
    )]
    pub reply_to: Option<Seq>,
    /// `members_added`, `chat_created`: who became a member.
    #[serde(
        default,
        deserialize_with = "readable",
        skip_serializing_if = "Option::is_none"
    )]
    pub users: Option<Vec<NewMember>>,
    /// `member_removed`, `role_changed`: whom it is about.
    #[serde(
        default,
        deserialize_with = "readable",
        skip_serializing_if = "Option::is_none"
    )]
    pub user: Option<UserId>,
    /// `role_changed`: the new role.
    #[serde(
        default,
        deserialize_with = "readable",
        skip_serializing_if = "Option::is_none"
    )]
    pub role: Option<Role>,
    /// `chat_changed`, `chat_created`: the title.
    #[serde(
        default,
        deserialize_with = "readable",
        skip_serializing_if = "Option::is_none"
    )]
    pub title: Option<Title>,
    /// `chat_changed`, `chat_created`: what new members may see.
    #[serde(
        default,
        deserialize_with = "readable",
        skip_serializing_if = "Option::is_none"
    )]
    pub history: Option<HistoryVisibility>,
    /// `chat_changed`, `chat_created`: what the application keeps with the chat; an empty object: nothing any more.
    #[serde(
        default,
        deserialize_with = "readable",
        skip_serializing_if = "Option::is_none"
    )]
    pub data: Option<AppData>,
    /// `chat_created`: direct or group.
    #[serde(
        default,
        deserialize_with = "readable",
        skip_serializing_if = "Option::is_none"
    )]
    pub chat_type: Option<ChatType>,
    /// When it was last edited, if ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Timestamp>,
    /// Deleted; what it said is gone.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deleted: bool,
    /// Who reacted with what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<ReactionBody>,
    /// Pinned. Reserved: nothing pins a message yet.
    #[serde(default, skip_serializing_if = "is_false")]
    pub pinned: bool,
    /// Of the user's own messages: how far it got with everybody else.
    #[serde(
        default,
        deserialize_with = "readable",
        skip_serializing_if = "Option::is_none"
    )]
    pub status: Option<MessageStatus>,
}

impl MessageBody {
    /// `message` for its author (`reveal_key`) or for somebody else, without a status.
    #[must_use]
    pub fn new(message: Message, reveal_key: bool) -> Self {
        let details = Details::of(&message.content);
        Self {
            chat: message.chat,
            seq: message.seq,
            id: message.id,
            author: message.author,
            key: reveal_key.then_some(message.key),
            kind: message.content.kind().to_owned(),
            sent_at: message.sent_at,
            body: details.body,
            reply_to: details.reply_to,
            users: details.users,
            user: details.user,
            role: details.role,
            title: details.title,
            history: details.history,
            data: details.data,
            chat_type: details.chat_type,
            edited_at: message.edited_at,
            deleted: message.deleted,
            reactions: message
                .reactions
                .into_iter()
                .map(ReactionBody::from)
                .collect(),
            pinned: message.pinned,
            status: None,
        }
    }

    /// What the line says; `None` if it is of a kind this version does not know.
    #[must_use]
    pub fn content(&self) -> Option<Content> {
        let line = self.clone();
        let details = Details {
            body: line.body,
            reply_to: line.reply_to,
            users: line.users,
            user: line.user,
            role: line.role,
            title: line.title,
            history: line.history,
            data: line.data,
            chat_type: line.chat_type,
            ..Details::default()
        };
        details.into_content(&line.kind)
    }
}

/// A reaction with the users who put it there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReactionBody {
    /// Which.
    pub emoji: Emoji,
    /// Whose.
    pub users: Vec<UserId>,
}

impl From<Reaction> for ReactionBody {
    fn from(reaction: Reaction) -> Self {
        Self {
            emoji: reaction.emoji,
            users: reaction.users,
        }
    }
}
