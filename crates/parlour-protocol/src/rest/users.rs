//! Profiles, status and presence.

use parlour_model::{
    AppData, Audience, ChosenStatus, DisplayName, Presence, Timestamp, User, UserId, UserName,
    limits,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::patch::{replaceable, unsettable};
use crate::checks::{InvalidField, at_most, attachable};

/// A user's profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserBody {
    /// Their id.
    pub id: UserId,
    /// Their unique name.
    pub username: UserName,
    /// What others read.
    pub display_name: DisplayName,
    /// A picture elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    /// What the application keeps with the user.
    #[serde(default, skip_serializing_if = "AppData::is_empty")]
    pub data: AppData,
    /// When they registered.
    pub created_at: Timestamp,
    /// When the profile last changed.
    pub updated_at: Timestamp,
}

impl From<User> for UserBody {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            username: user.username,
            display_name: user.display_name,
            avatar_url: user.avatar_url,
            data: user.data,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// `GET /users`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UsersPage {
    /// By rising user name.
    pub users: Vec<UserBody>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `PATCH /me`: absent fields stay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProfilePatch {
    /// The new display name.
    #[serde(
        default,
        deserialize_with = "replaceable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "DisplayName")]
    pub display_name: Option<DisplayName>,
    /// The new picture; null for none.
    #[serde(
        default,
        deserialize_with = "unsettable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(
        length(max = limits::AVATAR_URL_BYTES_MAX),
        regex(pattern = "^https://[!-~]+$"),
        extend("x-max-bytes" = limits::AVATAR_URL_BYTES_MAX)
    )]
    pub avatar_url: Option<Option<String>>,
    /// The new data, whole; null or an empty object for none.
    #[serde(
        default,
        deserialize_with = "unsettable",
        skip_serializing_if = "Option::is_none"
    )]
    pub data: Option<Option<AppData>>,
}

impl ProfilePatch {
    /// Whether the picture's address is within its limits (`https`, and not too long), and the data too.
    ///
    /// # Errors
    /// [`InvalidField`] names the field.
    pub fn validate(&self) -> Result<(), InvalidField> {
        attachable(self.data.iter().flatten().next())?;
        let Some(Some(url)) = &self.avatar_url else {
            return Ok(());
        };
        let max = limits::AVATAR_URL_BYTES_MAX;
        let plain = url.bytes().all(|byte| byte.is_ascii_graphic());
        if url.starts_with("https://") && url.len() <= max && plain {
            Ok(())
        } else {
            let reason = format!("must be an https URL of at most {max} bytes");
            Err(InvalidField::new("avatar_url", reason))
        }
    }
}

/// `PUT /me/status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatusRequest {
    /// The status for all of the user's devices.
    pub status: ChosenStatus,
}

/// What others may see of the user: `GET /me/privacy`, and the answer to [`PrivacyPatch`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PrivacyBody {
    /// Who may see when the user was last connected.
    pub last_seen: Audience,
}

/// `PATCH /me/privacy`: absent fields stay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PrivacyPatch {
    /// Who may see when the user was last connected.
    #[serde(
        default,
        deserialize_with = "replaceable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Audience")]
    pub last_seen: Option<Audience>,
}

/// `GET /users/{user}/block`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BlockBody {
    /// Whether the asking user has blocked that one.
    pub blocked: bool,
}

/// `POST /presence`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PresenceQuery {
    /// Whose.
    #[schemars(length(max = limits::WATCH_USERS_MAX))]
    pub users: Vec<UserId>,
}

impl PresenceQuery {
    /// Whether it asks for at most as many users as `watch`.
    ///
    /// # Errors
    /// [`InvalidField`] names the field.
    pub fn validate(&self) -> Result<(), InvalidField> {
        at_most("users", self.users.len(), limits::WATCH_USERS_MAX, "users")
    }
}

/// The answer to [`PresenceQuery`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PresenceBody {
    /// In the order asked.
    pub presence: Vec<Presence>,
}
