//! The rows of users: written once, changed as a whole, shown only when the name points back.

use parlour_model::{DisplayName, User, UserId, UserName};
use parlour_store::{ClaimSpace, Claims, NewUser, ProfileChange, StoreError};

use crate::ScyllaStore;
use crate::codes;
use crate::columns::{corrupt, int};
use crate::cql::Statement;
use crate::settle::Tries;
use crate::together::together;

/// How often a change is tried that others get in the way of, or whose answers are lost.
const TRIES_MAX: usize = 8;

static INSERT: Statement = Statement::new(
    "users_insert",
    "INSERT INTO users (user_id, name, display_name, avatar_url, created_at, updated_at,
         data, password_hash)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?) IF NOT EXISTS",
);
static STORED: Statement = Statement::new(
    "users_stored",
    "SELECT name, display_name, avatar_url, created_at, updated_at, data, password_hash
     FROM users WHERE user_id = ?",
);
static CHANGE: Statement = Statement::new(
    "users_change",
    "UPDATE users SET display_name = ?, avatar_url = ?, data = ?, updated_at = ? WHERE user_id = ?
     IF display_name = ? AND avatar_url = ? AND data = ? AND updated_at = ?",
);

/// An empty `avatar_url` stands for none.
type UserRow = (String, String, String, i64, i64, String, String);

/// A user's row, whether or not the name points back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) user: User,
    pub(super) password_hash: String,
}

impl ScyllaStore {
    pub(super) async fn insert_user(&self, new: &NewUser) -> Result<(), StoreError> {
        let user = &new.user;
        self.settle(|tries| async move {
            for _ in 0..TRIES_MAX {
                let values = (
                    int(user.id.get()),
                    user.username.as_str(),
                    user.display_name.as_str(),
                    user.avatar_url.as_deref().unwrap_or_default(),
                    int(user.created_at.as_millis()),
                    int(user.updated_at.as_millis()),
                    user.data.canonical(),
                    &new.password_hash,
                );
                if tries.applies(&INSERT, values).await? {
                    return Ok(());
                }
                // The same user again is a caller who was not told the first time.
                match self.stored_serial(user.id).await? {
                    Some(stored) if stored.is_of(new) => return Ok(()),
                    Some(_) => return Err(StoreError::Exists("the user")),
                    None => {}
                }
            }
            Err(StoreError::Unknown(format!("the row of user {}", user.id)))
        })
        .await
    }

    /// The users with these ids that exist, in their order.
    pub(super) async fn read_users(&self, ids: &[UserId]) -> Result<Vec<User>, StoreError> {
        let reads = ids.iter().map(|id| self.read_user(*id));
        let users = together(reads.collect()).await?;
        Ok(users.into_iter().flatten().collect())
    }

    pub(super) async fn read_user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.existing(id).await?.map(|stored| stored.user))
    }

    /// The row of a user whose name points back to them.
    pub(super) async fn existing(&self, id: UserId) -> Result<Option<Stored>, StoreError> {
        let row: Option<UserRow> = self.cql.one(&STORED, (int(id.get()),)).await?;
        let Some(stored) = row.map(|row| decode(id, row)).transpose()? else {
            return Ok(None);
        };
        if self.known.is_named(id) {
            return Ok(Some(stored));
        }
        let name = stored.user.username.as_str();
        if self.owner(ClaimSpace::UserName, name).await? != Some(id.get()) {
            return Ok(None);
        }
        self.known.learn_named(id);
        Ok(Some(stored))
    }

    /// The row of a user as every decided write left it.
    pub(super) async fn stored_serial(&self, id: UserId) -> Result<Option<Stored>, StoreError> {
        let row: Option<UserRow> = self.cql.one_serial(&STORED, (int(id.get()),)).await?;
        row.map(|row| decode(id, row)).transpose()
    }

    pub(super) async fn change_profile(
        &self,
        id: UserId,
        change: ProfileChange,
    ) -> Result<User, StoreError> {
        let missing = || StoreError::NotFound("the user");
        let mut before = self.read_user(id).await?.ok_or_else(missing)?;
        self.settle(|tries| async move {
            for _ in 0..TRIES_MAX {
                let after = changed(&before, &change);
                // Found under the new name before it shows, or a crash in between would hide the user.
                self.write_words(&after).await?;
                if swap_profile(&tries, &before, &after).await? {
                    return Ok(after);
                }
                before = self.stored_serial(id).await?.ok_or_else(missing)?.user;
                if before == after {
                    return Ok(after);
                }
            }
            Err(StoreError::Unknown(format!("the profile of user {id}")))
        })
        .await
    }
}

async fn swap_profile(tries: &Tries, before: &User, after: &User) -> Result<bool, StoreError> {
    let values = (
        after.display_name.as_str(),
        after.avatar_url.as_deref().unwrap_or_default(),
        after.data.canonical(),
        int(after.updated_at.as_millis()),
        int(after.id.get()),
        before.display_name.as_str(),
        before.avatar_url.as_deref().unwrap_or_default(),
        before.data.canonical(),
        int(before.updated_at.as_millis()),
    );
    tries.applies(&CHANGE, values).await
}

impl Stored {
    fn is_of(&self, new: &NewUser) -> bool {
        self.user == new.user && self.password_hash == new.password_hash
    }
}

fn changed(user: &User, change: &ProfileChange) -> User {
    let avatar_url = match &change.avatar_url {
        Some(avatar_url) => avatar_url.clone(),
        None => user.avatar_url.clone(),
    };
    User {
        display_name: change
            .display_name
            .clone()
            .unwrap_or_else(|| user.display_name.clone()),
        avatar_url,
        data: change.data.clone().unwrap_or_else(|| user.data.clone()),
        updated_at: change.at,
        ..user.clone()
    }
}

fn decode(id: UserId, row: UserRow) -> Result<Stored, StoreError> {
    let (name, display, avatar_url, created_at, updated_at, data, password_hash) = row;
    let user = User {
        id,
        username: UserName::new(&name).map_err(corrupt)?,
        display_name: DisplayName::new(&display).map_err(corrupt)?,
        data: codes::app_data(Some(&data))?,
        avatar_url: Some(avatar_url).filter(|url| !url.is_empty()),
        created_at: codes::time(created_at)?,
        updated_at: codes::time(updated_at)?,
    };
    Ok(Stored {
        user,
        password_hash,
    })
}
