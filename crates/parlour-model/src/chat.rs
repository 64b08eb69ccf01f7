//! Chats, roles and membership.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::{AppData, ChatId, Countable, Seq, Timestamp, UserId, limits};

/// What kind of chat. Never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChatType {
    /// Two people; one chat per pair.
    Direct,
    /// Up to 1,000 members with roles.
    Group,
}

/// What a member may do. Ordered: who is greater may do more.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads and posts.
    Member,
    /// Also adds and removes members, renames, deletes others' messages.
    Admin,
    /// Also names admins and hands the chat over. A group has one.
    Owner,
}

/// What of a group's past a new member may see.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HistoryVisibility {
    /// Everything from the beginning.
    #[default]
    All,
    /// From the latest joining on.
    SinceJoin,
}

/// A chat as its log left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chat {
    /// Its id.
    pub id: ChatId,
    /// Direct or group.
    pub chat_type: ChatType,
    /// The title of a group.
    pub title: Option<Title>,
    /// What new members may see.
    pub history: HistoryVisibility,
    /// What the application keeps with the chat; empty if nothing.
    pub data: AppData,
    /// The time of seq 1.
    pub created_at: Timestamp,
    /// The time of the last change of title, settings or data.
    pub updated_at: Timestamp,
}

/// Whether somebody is a member now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberState {
    /// A member.
    Joined,
    /// Was one.
    Left,
}

/// Somebody's membership in one chat, as the log left it. Rows of former members stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// With which role; of a former member the last one.
    pub role: Role,
    /// Member now or not.
    pub state: MemberState,
    /// The event of the latest joining.
    pub joined_seq: Seq,
    /// The countable number at the latest joining: unread starts there.
    pub joined_countable: Countable,
    /// The time of the latest joining.
    pub joined_at: Timestamp,
    /// The event of the latest leaving, if any.
    pub left_seq: Option<Seq>,
}

impl Member {
    /// Whether they are a member now.
    #[must_use]
    pub fn is_joined(&self) -> bool {
        self.state == MemberState::Joined
    }
}

/// One user's view of one chat: a row of "my chats".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// The chat.
    pub chat: ChatId,
    /// The user's row in it.
    pub member: Member,
}

/// The title of a group: 1 to 128 characters, not only white space, no control characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Title(
    #[schemars(
        length(min = 1, max = limits::TITLE_CHARS_MAX),
        regex(pattern = limits::LINE_PATTERN)
    )]
    String,
);

/// Why a text is not a title.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a title has 1 to {} characters, not only white space, and no control characters",
    limits::TITLE_CHARS_MAX
)]
pub struct TitleError;

impl Title {
    /// The title in `text`, without white space around it.
    ///
    /// # Errors
    /// [`TitleError`] when empty, too long, or with control characters.
    pub fn new(text: &str) -> Result<Self, TitleError> {
        let text = text.trim();
        let fits = !text.is_empty() && text.chars().count() <= limits::TITLE_CHARS_MAX;
        if fits && !text.chars().any(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(TitleError)
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Title {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Title {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
