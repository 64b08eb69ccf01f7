//! What an event says: its kind, and the fields of that kind.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::{AppData, Body, ChatType, HistoryVisibility, Role, Seq, Title, UserId, limits};

/// The kind of an event with its fields. Stored as written here, so fields may be added and never renamed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// Somebody said something.
    Message {
        /// What.
        body: Body,
        /// The message it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<Seq>,
    },
    /// A message has a new body.
    MessageEdited {
        /// The message.
        target: Seq,
        /// Its new body.
        body: Body,
    },
    /// A message was deleted, for everybody and for good.
    MessageDeleted {
        /// The message.
        target: Seq,
    },
    /// The author put a reaction on a message or took it off.
    ReactionChanged {
        /// The message.
        target: Seq,
        /// The reaction.
        emoji: Emoji,
        /// On or off.
        on: bool,
    },
    /// A message was pinned or unpinned. Reserved: nothing pins one yet.
    PinChanged {
        /// The message.
        target: Seq,
        /// Pinned or not.
        on: bool,
    },
    /// Users became members; one event for all of them.
    MembersAdded {
        /// Who, each with a role.
        users: Vec<NewMember>,
    },
    /// A user is no longer a member; if it is the author, they left.
    MemberRemoved {
        /// Who.
        user: UserId,
    },
    /// A member has another role. Whoever makes another the owner becomes an admin by the same event.
    RoleChanged {
        /// Who.
        user: UserId,
        /// The new role.
        role: Role,
    },
    /// Title, settings or data of the chat changed; absent fields stay as they are.
    ChatChanged {
        /// The new title.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<Title>,
        /// What new members may see.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        history: Option<HistoryVisibility>,
        /// What the application keeps with the chat from now on; empty: nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        data: Option<AppData>,
    },
    /// The chat exists; always seq 1.
    ChatCreated {
        /// Direct or group.
        chat_type: ChatType,
        /// The title of a group.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<Title>,
        /// What new members may see.
        history: HistoryVisibility,
        /// What the application keeps with the chat; empty if nothing.
        #[serde(default, skip_serializing_if = "AppData::is_empty")]
        data: AppData,
        /// The first members, the creator among them.
        users: Vec<NewMember>,
    },
    /// Nothing to show: it only moves cursors.
    Hidden {},
}

/// A user who becomes a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NewMember {
    /// Who.
    pub user: UserId,
    /// With which role.
    pub role: Role,
}

impl Content {
    /// The kind, as on the wire.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Message { .. } => "message",
            Self::MessageEdited { .. } => "message_edited",
            Self::MessageDeleted { .. } => "message_deleted",
            Self::ReactionChanged { .. } => "reaction_changed",
            Self::PinChanged { .. } => "pin_changed",
            Self::MembersAdded { .. } => "members_added",
            Self::MemberRemoved { .. } => "member_removed",
            Self::RoleChanged { .. } => "role_changed",
            Self::ChatChanged { .. } => "chat_changed",
            Self::ChatCreated { .. } => "chat_created",
            Self::Hidden {} => "hidden",
        }
    }

    /// Whether the event counts as unread.
    #[must_use]
    pub fn is_countable(&self) -> bool {
        matches!(self, Self::Message { .. })
    }

    /// Whether people read the event as a line of the conversation: messages, and what happened to members, title
    /// and settings. History pages hold these. A change of the chat's data alone says nothing to people.
    #[must_use]
    pub fn is_line(&self) -> bool {
        !matches!(
            self,
            Self::MessageEdited { .. }
                | Self::MessageDeleted { .. }
                | Self::ReactionChanged { .. }
                | Self::PinChanged { .. }
                | Self::ChatChanged {
                    title: None,
                    history: None,
                    data: Some(_),
                }
                | Self::Hidden {}
        )
    }

    /// Whether the event changes a table (see [`crate::effects`]).
    #[must_use]
    pub fn has_effect(&self) -> bool {
        !matches!(self, Self::Message { .. } | Self::Hidden {})
    }

    /// Whether the event changes who the members are or what they may do.
    #[must_use]
    pub fn changes_membership(&self) -> bool {
        matches!(
            self,
            Self::MembersAdded { .. }
                | Self::MemberRemoved { .. }
                | Self::RoleChanged { .. }
                | Self::ChatCreated { .. }
        )
    }

    /// Whether the event raises the rights epoch: it may take a right from somebody who can post.
    /// A promotion raises it too; telling it from a demotion would need the role before.
    #[must_use]
    pub fn raises_epoch(&self) -> bool {
        matches!(
            self,
            Self::MemberRemoved { .. } | Self::RoleChanged { .. } | Self::Hidden {}
        )
    }

    /// The message this event is about, if it is about one.
    #[must_use]
    pub fn target(&self) -> Option<Seq> {
        match self {
            Self::MessageEdited { target, .. }
            | Self::MessageDeleted { target }
            | Self::ReactionChanged { target, .. }
            | Self::PinChanged { target, .. } => Some(*target),
            _ => None,
        }
    }

    /// The users whose membership this event names.
    #[must_use]
    pub fn named_users(&self) -> Vec<UserId> {
        match self {
            Self::MembersAdded { users } | Self::ChatCreated { users, .. } => {
                users.iter().map(|m| m.user).collect()
            }
            Self::MemberRemoved { user } | Self::RoleChanged { user, .. } => vec![*user],
            _ => Vec::new(),
        }
    }
}

/// A reaction: one emoji, as text of 1 to 64 bytes without control characters or white space.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Emoji(
    #[schemars(
        length(min = 1, max = limits::EMOJI_BYTES_MAX),
        regex(pattern = r"^\S+$"),
        extend("x-max-bytes" = limits::EMOJI_BYTES_MAX)
    )]
    String,
);

/// Why a text is not an emoji.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an emoji is a text of 1 to {} bytes without white space or control characters",
    limits::EMOJI_BYTES_MAX
)]
pub struct EmojiError;

impl Emoji {
    /// The emoji in `text`. Any short word passes: what counts as an emoji changes every year.
    ///
    /// # Errors
    /// [`EmojiError`] when empty, too long, or with white space or control characters.
    pub fn new(text: impl Into<String>) -> Result<Self, EmojiError> {
        let text = text.into();
        let fits = (1..=limits::EMOJI_BYTES_MAX).contains(&text.len());
        let printable = !text.chars().any(|c| c.is_whitespace() || c.is_control());
        if fits && printable {
            Ok(Self(text))
        } else {
            Err(EmojiError)
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Emoji {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Emoji {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
