//! An event of a chat's log as it travels.
//!
//! Flat: the fields of the kind stand beside the envelope. A reader that does not know a `kind`, or cannot read one of its
//! fields, still reads the envelope and treats the event as opaque; so every field of a kind is optional here, and one
//! of another shape than expected reads as absent.

mod kinds;

use parlour_model::{
    AppData, Body, ChatId, ChatType, Content, Emoji, Event, EventId, EventKey, HistoryVisibility,
    NewMember, Role, Seq, Timestamp, Title, UserId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fields::readable;
pub(crate) use kinds::require_fields;

/// `event`: one entry of a chat's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = require_fields)]
pub struct WireEvent {
    /// Where.
    pub chat: ChatId,
    /// Its position.
    pub seq: Seq,
    /// Its public id.
    pub id: EventId,
    /// Who caused it.
    pub author: UserId,
    /// The author's key; only the author's own devices are told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<EventKey>,
    /// What kind; decides which of the fields below are there. `pin_changed` is reserved: nothing pins a message yet.
    pub kind: String,
    /// When.
    pub sent_at: Timestamp,
    /// `message`, `message_edited`: what is said.
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
    /// `message_edited`, `message_deleted`, `reaction_changed`, `pin_changed`: the message it is about.
    #[serde(
        default,
        deserialize_with = "readable",
        skip_serializing_if = "Option::is_none"
    )]
    pub target: Option<Seq>,
    /// `reaction_changed`: which reaction.
    #[serde(
        default,
        deserialize_with = "readable",
        skip_serializing_if = "Option::is_none"
    )]
    pub emoji: Option<Emoji>,
    /// `reaction_changed`, `pin_changed`: on or off.
    #[serde(
        default,
        deserialize_with = "readable",
        skip_serializing_if = "Option::is_none"
    )]
    pub on: Option<bool>,
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
}

impl WireEvent {
    /// `event` for a device of its author (`reveal_key`) or of somebody else.
    #[must_use]
    pub fn new(event: &Event, reveal_key: bool) -> Self {
        let details = Details::of(&event.content);
        Self {
            chat: event.chat,
            seq: event.seq,
            id: event.id,
            author: event.author,
            key: reveal_key.then_some(event.key),
            kind: event.content.kind().to_owned(),
            sent_at: event.sent_at,
            body: details.body,
            reply_to: details.reply_to,
            target: details.target,
            emoji: details.emoji,
            on: details.on,
            users: details.users,
            user: details.user,
            role: details.role,
            title: details.title,
            history: details.history,
            data: details.data,
            chat_type: details.chat_type,
        }
    }

    /// What the event says; `None` if it is opaque: of a kind this version does not know, or without what
    /// its kind needs. The client's cursor moves past it all the same.
    #[must_use]
    pub fn content(&self) -> Option<Content> {
        let event = self.clone();
        let details = Details {
            body: event.body,
            reply_to: event.reply_to,
            target: event.target,
            emoji: event.emoji,
            on: event.on,
            users: event.users,
            user: event.user,
            role: event.role,
            title: event.title,
            history: event.history,
            data: event.data,
            chat_type: event.chat_type,
        };
        details.into_content(&event.kind)
    }
}

/// The fields of every kind, between the model's content and the flat forms of the wire.
#[derive(Debug, Default)]
pub(crate) struct Details {
    pub(crate) body: Option<Body>,
    pub(crate) reply_to: Option<Seq>,
    pub(crate) target: Option<Seq>,
    pub(crate) emoji: Option<Emoji>,
    pub(crate) on: Option<bool>,
    pub(crate) users: Option<Vec<NewMember>>,
    pub(crate) user: Option<UserId>,
    pub(crate) role: Option<Role>,
    pub(crate) title: Option<Title>,
    pub(crate) history: Option<HistoryVisibility>,
    pub(crate) data: Option<AppData>,
    pub(crate) chat_type: Option<ChatType>,
}

impl Details {
    /// The fields of `content`.
    pub(crate) fn of(content: &Content) -> Self {
        let mut details = Self {
            target: content.target(),
            ..Self::default()
        };
        match content.clone() {
            Content::Message { body, reply_to } => {
                details.body = Some(body);
                details.reply_to = reply_to;
            }
            Content::MessageEdited { body, .. } => details.body = Some(body),
            Content::ReactionChanged { emoji, on, .. } => {
                details.emoji = Some(emoji);
                details.on = Some(on);
            }
            Content::PinChanged { on, .. } => details.on = Some(on),
            Content::MembersAdded { users } => details.users = Some(users),
            Content::MemberRemoved { user } => details.user = Some(user),
            Content::RoleChanged { user, role } => {
                details.user = Some(user);
                details.role = Some(role);
            }
            Content::ChatChanged {
                title,
                history,
                data,
            } => {
                details.title = title;
                details.history = history;
                details.data = data;
            }
            Content::ChatCreated {
                chat_type,
                title,
                history,
                data,
                users,
            } => {
                details.chat_type = Some(chat_type);
                details.title = title;
                details.history = Some(history);
                details.data = Some(data).filter(|data| !data.is_empty());
                details.users = Some(users);
            }
            Content::MessageDeleted { .. } | Content::Hidden {} => {}
        }
        details
    }

    /// The content of this kind; `None` for an unknown kind or if a field is missing.
    pub(crate) fn into_content(self, kind: &str) -> Option<Content> {
        let target = self.target;
        Some(match kind {
            "message" => Content::Message {
                body: self.body?,
                reply_to: self.reply_to,
            },
            "message_edited" => Content::MessageEdited {
                target: target?,
                body: self.body?,
            },
            "message_deleted" => Content::MessageDeleted { target: target? },
            "reaction_changed" => Content::ReactionChanged {
                target: target?,
                emoji: self.emoji?,
                on: self.on?,
            },
            "pin_changed" => Content::PinChanged {
                target: target?,
                on: self.on?,
            },
            "members_added" => Content::MembersAdded { users: self.users? },
            "member_removed" => Content::MemberRemoved { user: self.user? },
            "role_changed" => Content::RoleChanged {
                user: self.user?,
                role: self.role?,
            },
            "chat_changed" => Content::ChatChanged {
                title: self.title,
                history: self.history,
                data: self.data,
            },
            "chat_created" => Content::ChatCreated {
                chat_type: self.chat_type?,
                title: self.title,
                history: self.history.unwrap_or_default(),
                data: self.data.unwrap_or_default(),
                users: self.users?,
            },
            "hidden" => Content::Hidden {},
            _ => return None,
        })
    }
}
