//! Chats and their members.

use parlour_model::{
    AppData, Chat, ChatId, ChatType, HistoryVisibility, Marks, Member, Role, Seq, Timestamp, Title,
    UserId, limits,
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::MessageBody;
use super::patch::{replaceable, unsettable};
use crate::checks::{InvalidField, at_most, attachable};

/// `POST /chats`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CreateChat {
    /// The chat of two people, which exists once.
    Direct(CreateDirect),
    /// A group with the asking user as its owner.
    Group(CreateGroup),
}

/// The fields of a direct chat that shall be there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CreateDirect {
    /// The other one.
    pub user: UserId,
}

/// The fields of a new group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CreateGroup {
    /// Its title.
    pub title: Title,
    /// The first members; the asking user is one without being named.
    #[serde(default)]
    #[schemars(length(max = limits::GROUP_MEMBERS_MAX))]
    pub users: Vec<UserId>,
    /// What later members may see of the past; everything if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<HistoryVisibility>,
    /// What the application keeps with the chat.
    #[serde(default, skip_serializing_if = "AppData::is_empty")]
    pub data: AppData,
}

/// Every field of [`CreateChat`]: read flat, so that an error names the field it is about.
#[derive(Deserialize)]
struct CreateChatFields {
    #[serde(rename = "type")]
    chat_type: ChatType,
    user: Option<UserId>,
    title: Option<Title>,
    users: Option<Vec<UserId>>,
    history: Option<HistoryVisibility>,
    data: Option<AppData>,
}

impl<'de> Deserialize<'de> for CreateChat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = CreateChatFields::deserialize(deserializer)?;
        let missing = <D::Error as de::Error>::missing_field;
        match fields.chat_type {
            ChatType::Direct => Ok(Self::Direct(CreateDirect {
                user: fields.user.ok_or_else(|| missing("user"))?,
            })),
            ChatType::Group => Ok(Self::Group(CreateGroup {
                title: fields.title.ok_or_else(|| missing("title"))?,
                users: fields.users.unwrap_or_default(),
                history: fields.history,
                data: fields.data.unwrap_or_default(),
            })),
        }
    }
}

impl CreateChat {
    /// Whether it names no more users than a group may have, and its data are within their limits.
    ///
    /// # Errors
    /// [`InvalidField`] names the field.
    pub fn validate(&self) -> Result<(), InvalidField> {
        match self {
            Self::Direct(_) => Ok(()),
            Self::Group(group) => {
                users_fit(&group.users)?;
                attachable(Some(&group.data))
            }
        }
    }
}

fn users_fit(users: &[UserId]) -> Result<(), InvalidField> {
    at_most("users", users.len(), limits::GROUP_MEMBERS_MAX, "users")
}

/// A chat as one of its members sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChatBody {
    /// Its id.
    pub id: ChatId,
    /// Direct or group.
    #[serde(rename = "type")]
    pub chat_type: ChatType,
    /// The title of a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Title>,
    /// What the application keeps with the chat.
    #[serde(default, skip_serializing_if = "AppData::is_empty")]
    pub data: AppData,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its title, settings or data last changed.
    pub updated_at: Timestamp,
    /// The user's role.
    pub role: Role,
    /// The seq of its last event.
    pub head: Seq,
    /// The user has read up to here.
    pub read: Seq,
    /// The user's devices have received up to here.
    pub delivered: Seq,
    /// How many messages the user has not read.
    pub unread: u64,
    /// Its last line, in its current state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_message: Option<MessageBody>,
    /// How many members it has.
    pub member_count: u64,
    /// All members with their marks, in chats of up to 64 where the frame or route tells them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<MemberBody>>,
}

impl ChatBody {
    /// `chat` as `member` sees it, with their `marks` and the log's `head`; nothing unread, no last message,
    /// members not counted: whoever knows them fills them in.
    #[must_use]
    pub fn new(chat: Chat, member: &Member, marks: Marks, head: Seq) -> Self {
        Self {
            id: chat.id,
            chat_type: chat.chat_type,
            title: chat.title,
            data: chat.data,
            created_at: chat.created_at,
            updated_at: chat.updated_at,
            role: member.role,
            head,
            read: marks.read,
            delivered: marks.delivered,
            unread: 0,
            last_message: None,
            member_count: 0,
            members: None,
        }
    }
}

/// `GET /chats`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChatsPage {
    /// By last activity, newest first.
    pub chats: Vec<ChatBody>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `PATCH /chats/{id}`: absent fields stay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChatPatch {
    /// The new title.
    #[serde(
        default,
        deserialize_with = "replaceable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Title")]
    pub title: Option<Title>,
    /// What later members may see of the past.
    #[serde(
        default,
        deserialize_with = "replaceable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "HistoryVisibility")]
    pub history: Option<HistoryVisibility>,
    /// The new data, whole; null or an empty object for none.
    #[serde(
        default,
        deserialize_with = "unsettable",
        skip_serializing_if = "Option::is_none"
    )]
    pub data: Option<Option<AppData>>,
}

impl ChatPatch {
    /// Whether the data are within their limits.
    ///
    /// # Errors
    /// [`InvalidField`] names the field.
    pub fn validate(&self) -> Result<(), InvalidField> {
        attachable(self.data.iter().flatten().next())
    }
}

/// A member with their marks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberBody {
    /// Who.
    pub user: UserId,
    /// With which role.
    pub role: Role,
    /// Since when.
    pub joined_at: Timestamp,
    /// Received up to here.
    pub delivered: Seq,
    /// Read up to here.
    pub read: Seq,
}

impl MemberBody {
    /// `member` with their `marks`.
    #[must_use]
    pub fn new(member: &Member, marks: Marks) -> Self {
        Self {
            user: member.user,
            role: member.role,
            joined_at: member.joined_at,
            delivered: marks.delivered,
            read: marks.read,
        }
    }
}

/// `GET /chats/{id}/members`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MembersPage {
    /// By rising user id.
    pub members: Vec<MemberBody>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `POST /chats/{id}/members`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AddMembers {
    /// Whom.
    #[schemars(length(min = 1, max = limits::GROUP_MEMBERS_MAX))]
    pub users: Vec<UserId>,
}

impl AddMembers {
    /// Whether it names anybody, and no more users than a group may have.
    ///
    /// # Errors
    /// [`InvalidField`] names the field.
    pub fn validate(&self) -> Result<(), InvalidField> {
        if self.users.is_empty() {
            return Err(InvalidField::new("users", "must name somebody"));
        }
        users_fit(&self.users)
    }
}

/// `PATCH /chats/{id}/members/{user}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberPatch {
    /// The new role; `owner` hands the group over.
    pub role: Role,
}
