//! Finding users: by id, by name, by the beginning of a name.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parlour_model::{User, UserId, UserName, fold_for_search, limits};

use super::Accounts;
use crate::{Actor, Missing, ServiceError};

/// Some of the users asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserPage {
    /// By rising user name.
    pub users: Vec<User>,
    /// Asks for the next page, if there is one. Opaque to clients.
    pub next: Option<String>,
}

impl Accounts {
    /// One user.
    ///
    /// # Errors
    /// [`Missing::User`]; [`ServiceError::Unavailable`].
    pub async fn user(&self, _actor: &Actor, id: UserId) -> Result<User, ServiceError> {
        let found = self.inner.store.read(|s| s.user(id)).await?;
        found.ok_or(ServiceError::NotFound(Missing::User))
    }

    /// The user of this name.
    ///
    /// # Errors
    /// [`Missing::User`]; [`ServiceError::Unavailable`].
    pub async fn user_by_name(
        &self,
        _actor: &Actor,
        name: &UserName,
    ) -> Result<User, ServiceError> {
        let found = self.inner.store.read(|s| s.user_by_name(name)).await?;
        found.ok_or(ServiceError::NotFound(Missing::User))
    }

    /// Users whose user name or display name, or a word of it, starts with `query`; accents, case and width do not matter.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a query or a cursor that is none; [`ServiceError::Unavailable`].
    pub async fn search(
        &self,
        _actor: &Actor,
        query: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<UserPage, ServiceError> {
        let prefix = folded(query)?;
        let after = after.map(read_cursor).transpose()?;
        let limit = limit.clamp(1, limits::LIST_ROWS_MAX);
        let mut users = self
            .inner
            .store
            .read(|s| s.search_users(&prefix, after.as_ref(), limit + 1))
            .await?;
        let more = users.len() > limit;
        users.truncate(limit);
        let last = users.last().filter(|_| more);
        let next = last.map(|user| write_cursor(&user.username));
        Ok(UserPage { users, next })
    }
}

fn folded(query: &str) -> Result<String, ServiceError> {
    let range = limits::SEARCH_CHARS;
    let short_enough = query.chars().count() <= *range.end();
    let prefix = if short_enough {
        fold_for_search(query.trim())
    } else {
        String::new()
    };
    if prefix.chars().count() >= *range.start() {
        return Ok(prefix);
    }
    Err(ServiceError::Invalid {
        field: "query",
        reason: format!("must have {} to {} characters", range.start(), range.end()),
    })
}

fn write_cursor(name: &UserName) -> String {
    URL_SAFE_NO_PAD.encode(name.as_str())
}

fn read_cursor(text: &str) -> Result<UserName, ServiceError> {
    URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|name| UserName::new(&name).ok())
        .ok_or_else(|| ServiceError::Invalid {
            field: "cursor",
            reason: "must be the `next` of an earlier page".to_owned(),
        })
}
