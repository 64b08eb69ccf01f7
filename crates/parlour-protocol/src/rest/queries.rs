//! The queries of lists and pages.

use parlour_model::{UserName, limits};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Position;
use crate::checks::{InvalidField, limit_fits, one_place};

/// The query of `GET /chats/{id}/messages`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryQuery {
    /// How many at most: 1 to 100, 50 if absent.
    #[schemars(range(min = 1, max = limits::PAGE_MESSAGES_MAX))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Messages below this one, the newest of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Position>,
    /// Messages above this one, the oldest of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Position>,
    /// Messages on both sides of this one, which is included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub around: Option<Position>,
}

impl HistoryQuery {
    /// Whether it asks for 1 to 100 messages at no more than one place.
    ///
    /// # Errors
    /// [`InvalidField`] names the field.
    pub fn validate(&self) -> Result<(), InvalidField> {
        one_place(
            self.before.is_some(),
            self.after.is_some(),
            self.around.is_some(),
        )?;
        limit_fits(self.limit, 1..=limits::PAGE_MESSAGES_MAX)
    }

    /// How many messages, with the default filled in.
    #[must_use]
    pub fn limit(&self) -> usize {
        rows(self.limit)
    }
}

/// The query of `GET /chats/{id}/members`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MembersQuery {
    /// How many rows at most: 1 to 200, 50 if absent.
    #[schemars(range(min = 1, max = limits::LIST_ROWS_MAX))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// The `next` of the page before; absent for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Only those of the page who are there now, as far as the asking user may see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub online: Option<bool>,
}

/// The query of every other list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListQuery {
    /// How many rows at most: 1 to 200, 50 if absent.
    #[schemars(range(min = 1, max = limits::LIST_ROWS_MAX))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// The `next` of the page before; absent for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

impl ListQuery {
    /// Whether it asks for 1 to 200 rows.
    ///
    /// # Errors
    /// [`InvalidField`] names the field.
    pub fn validate(&self) -> Result<(), InvalidField> {
        limit_fits(self.limit, 1..=limits::LIST_ROWS_MAX)
    }

    /// How many rows, with the default filled in.
    #[must_use]
    pub fn limit(&self) -> usize {
        rows(self.limit)
    }
}

/// The query of `GET /users`: by prefix or by exact name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UsersQuery {
    /// What the user name, the display name or a word of it starts with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = *limits::SEARCH_CHARS.start(), max = *limits::SEARCH_CHARS.end()))]
    pub query: Option<String>,
    /// The whole user name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<UserName>,
    /// How many rows at most: 1 to 200, 50 if absent.
    #[schemars(range(min = 1, max = limits::LIST_ROWS_MAX))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// The `next` of the page before; absent for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

impl UsersQuery {
    /// Whether it asks for 1 to 200 users, either by prefix or by name.
    ///
    /// # Errors
    /// [`InvalidField`] names the field.
    pub fn validate(&self) -> Result<(), InvalidField> {
        if self.query.is_some() == self.username.is_some() {
            let reason = "exactly one of query and username must be given";
            return Err(InvalidField::new("query", reason));
        }
        limit_fits(self.limit, 1..=limits::LIST_ROWS_MAX)
    }

    /// How many rows, with the default filled in.
    #[must_use]
    pub fn limit(&self) -> usize {
        rows(self.limit)
    }
}

/// How many rows were asked for. A number beyond the address space is beyond every limit too.
pub(crate) fn rows(asked: Option<u64>) -> usize {
    asked.map_or(limits::LIST_ROWS_DEFAULT, |asked| {
        usize::try_from(asked).unwrap_or(usize::MAX)
    })
}
