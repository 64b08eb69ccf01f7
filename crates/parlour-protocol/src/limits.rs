//! The limits a client is told in `welcome`.

use parlour_model::limits;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a client must keep within. Sizes of texts in bytes where the name says so, else in characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WireLimits {
    /// The text of a message.
    pub text_bytes: u64,
    /// A whole body, as JSON.
    pub body_bytes: u64,
    /// A frame.
    pub frame_bytes: u64,
    /// Nesting of arrays and objects.
    pub nesting: u64,
    /// Cursors in one `hello` or `sync`.
    pub cursors: u64,
    /// Users in one `watch`.
    pub watch_users: u64,
    /// Chats in one `watch`.
    pub watch_chats: u64,
    /// Messages in one history page.
    pub page_messages: u64,
    /// The title of a group.
    pub title_chars: u64,
    /// Members of a group, and users named when creating one.
    pub group_members: u64,
    /// The shortest user name.
    pub user_name_chars_min: u64,
    /// The longest user name.
    pub user_name_chars_max: u64,
    /// A display name.
    pub display_name_chars: u64,
    /// The shortest password.
    pub password_chars_min: u64,
    /// The longest password.
    pub password_chars_max: u64,
}

impl Default for WireLimits {
    /// The limits of this server.
    fn default() -> Self {
        Self {
            text_bytes: limits::TEXT_BYTES_MAX as u64,
            body_bytes: limits::BODY_BYTES_MAX as u64,
            frame_bytes: limits::FRAME_BYTES_MAX as u64,
            nesting: limits::NESTING_MAX as u64,
            cursors: limits::CURSORS_PER_FRAME_MAX as u64,
            watch_users: limits::WATCH_USERS_MAX as u64,
            watch_chats: limits::WATCH_CHATS_MAX as u64,
            page_messages: limits::PAGE_MESSAGES_MAX as u64,
            title_chars: limits::TITLE_CHARS_MAX as u64,
            group_members: limits::GROUP_MEMBERS_MAX as u64,
            user_name_chars_min: *limits::USER_NAME_CHARS.start() as u64,
            user_name_chars_max: *limits::USER_NAME_CHARS.end() as u64,
            display_name_chars: limits::DISPLAY_NAME_CHARS_MAX as u64,
            password_chars_min: *limits::PASSWORD_CHARS.start() as u64,
            password_chars_max: *limits::PASSWORD_CHARS.end() as u64,
        }
    }
}
