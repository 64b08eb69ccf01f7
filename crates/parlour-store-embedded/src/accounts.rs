//! [`Accounts`]: users exist for readers only when the claim of their name points back to them.

use async_trait::async_trait;
use parlour_model::{ChosenStatus, DisplayName, Privacy, Timestamp, User, UserId, UserName};
use parlour_store::{Accounts, LastKnown, NewUser, ProfileChange, StoreError};
use rusqlite::{Connection, Row, params};

use crate::failure::Failure;
use crate::rows::{self, int};
use crate::{EmbeddedStore, sql, user_search};

/// The columns [`decode`] reads, in its order.
pub(crate) const USER: &str =
    "users.id, users.name, display_name, avatar_url, created_at, updated_at, data";

/// Joined to `users`: leaves those whose name points back.
pub(crate) const POINTS_BACK: &str = "claims ON claims.space = 'user_name'
     AND claims.name = users.name AND claims.owner = users.id";

#[async_trait]
impl Accounts for EmbeddedStore {
    async fn put_user(&self, new: NewUser) -> Result<(), StoreError> {
        self.write(move |writing| put(writing.conn, &new)).await
    }

    async fn users(&self, ids: &[UserId]) -> Result<Vec<User>, StoreError> {
        let ids = ids.to_vec();
        self.read(move |conn| read_all(conn, &ids)).await
    }

    async fn user_by_name(&self, name: &UserName) -> Result<Option<User>, StoreError> {
        let name = name.clone();
        self.read(move |conn| by_name(conn, &name)).await
    }

    async fn search_users(
        &self,
        prefix: &str,
        after: Option<&UserName>,
        limit: usize,
    ) -> Result<Vec<User>, StoreError> {
        let prefix = prefix.to_owned();
        let after = after.cloned();
        self.read(move |conn| user_search::search(conn, &prefix, after.as_ref(), limit))
            .await
    }

    async fn update_user(&self, id: UserId, change: ProfileChange) -> Result<User, StoreError> {
        self.write(move |writing| update(writing.conn, id, change))
            .await
    }

    async fn password_hash(&self, id: UserId) -> Result<Option<String>, StoreError> {
        self.read(move |conn| password_hash(conn, id)).await
    }

    async fn set_password_hash(&self, id: UserId, hash: &str) -> Result<(), StoreError> {
        let hash = hash.to_owned();
        self.write(move |writing| set_password_hash(writing.conn, id, &hash))
            .await
    }

    async fn replace_password_hash(
        &self,
        id: UserId,
        expected: &str,
        hash: &str,
    ) -> Result<bool, StoreError> {
        let (expected, hash) = (expected.to_owned(), hash.to_owned());
        self.write(move |writing| replace_password_hash(writing.conn, id, &expected, &hash))
            .await
    }

    async fn set_status(&self, id: UserId, status: ChosenStatus) -> Result<(), StoreError> {
        self.write(move |writing| set_status(writing.conn, id, status))
            .await
    }

    async fn set_privacy(&self, id: UserId, privacy: Privacy) -> Result<(), StoreError> {
        self.write(move |writing| set_privacy(writing.conn, id, privacy))
            .await
    }

    async fn set_last_seen(&self, id: UserId, at: Timestamp) -> Result<(), StoreError> {
        self.write(move |writing| set_last_seen(writing.conn, id, at))
            .await
    }

    async fn last_known(&self, ids: &[UserId]) -> Result<Vec<LastKnown>, StoreError> {
        let ids = ids.to_vec();
        self.read(move |conn| ids.iter().map(|id| last_known(conn, *id)).collect())
            .await
    }

    async fn set_block(
        &self,
        blocker: UserId,
        blocked: UserId,
        on: bool,
    ) -> Result<(), StoreError> {
        self.write(move |writing| set_block(writing.conn, blocker, blocked, on))
            .await
    }

    async fn is_blocked(&self, blocker: UserId, blocked: UserId) -> Result<bool, StoreError> {
        self.read(move |conn| is_blocked(conn, blocker, blocked))
            .await
    }
}

fn put(conn: &Connection, new: &NewUser) -> Result<(), Failure> {
    let user = &new.user;
    let inserted = sql::change(
        conn,
        "INSERT INTO users (id, name, display_name, avatar_url, created_at, updated_at,
             data, password_hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
        params![
            int(user.id.get()),
            user.username.as_str(),
            user.display_name.as_str(),
            user.avatar_url,
            int(user.created_at.as_millis()),
            int(user.updated_at.as_millis()),
            user.data.canonical(),
            new.password_hash,
        ],
    )?;
    if inserted == 1 {
        return user_search::index(conn, user);
    }
    // The same user again is a caller who was not told the first time.
    if is_stored(conn, new)? {
        Ok(())
    } else {
        Err(StoreError::Exists("the user").into())
    }
}

fn is_stored(conn: &Connection, new: &NewUser) -> Result<bool, Failure> {
    let query = format!("SELECT {USER}, password_hash FROM users WHERE id = ?1");
    let stored = sql::one(conn, &query, [int(new.user.id.get())], |row| {
        Ok((decode(row)?, row.get::<_, String>(7)?))
    })?;
    Ok(stored.is_some_and(|(user, hash)| user == new.user && hash == new.password_hash))
}

fn read(conn: &Connection, id: UserId) -> Result<Option<User>, Failure> {
    let query = format!("SELECT {USER} FROM users JOIN {POINTS_BACK} WHERE users.id = ?1");
    sql::one(conn, &query, [int(id.get())], decode)
}

fn read_all(conn: &Connection, ids: &[UserId]) -> Result<Vec<User>, Failure> {
    ids.iter()
        .filter_map(|id| read(conn, *id).transpose())
        .collect()
}

fn by_name(conn: &Connection, name: &UserName) -> Result<Option<User>, Failure> {
    let query = format!("SELECT {USER} FROM users JOIN {POINTS_BACK} WHERE claims.name = ?1");
    sql::one(conn, &query, [name.as_str()], decode)
}

fn update(conn: &Connection, id: UserId, change: ProfileChange) -> Result<User, Failure> {
    let user = read(conn, id)?.ok_or(StoreError::NotFound("the user"))?;
    let changed = User {
        display_name: change.display_name.unwrap_or(user.display_name),
        avatar_url: change.avatar_url.unwrap_or(user.avatar_url),
        data: change.data.unwrap_or(user.data),
        updated_at: change.at,
        ..user
    };
    sql::change(
        conn,
        "UPDATE users SET display_name = ?2, avatar_url = ?3, updated_at = ?4, data = ?5
         WHERE id = ?1",
        params![
            int(id.get()),
            changed.display_name.as_str(),
            changed.avatar_url,
            int(changed.updated_at.as_millis()),
            changed.data.canonical(),
        ],
    )?;
    user_search::index(conn, &changed)?;
    Ok(changed)
}

fn password_hash(conn: &Connection, id: UserId) -> Result<Option<String>, Failure> {
    if read(conn, id)?.is_none() {
        return Ok(None);
    }
    let query = "SELECT password_hash FROM users WHERE id = ?1";
    sql::one(conn, query, [int(id.get())], |row| Ok(row.get(0)?))
}

fn set_password_hash(conn: &Connection, id: UserId, hash: &str) -> Result<(), Failure> {
    read(conn, id)?.ok_or(StoreError::NotFound("the user"))?;
    sql::change(
        conn,
        "UPDATE users SET password_hash = ?2 WHERE id = ?1",
        params![int(id.get()), hash],
    )?;
    Ok(())
}

/// A hash that is in place already is one whose writer was not told the first time.
fn replace_password_hash(
    conn: &Connection,
    id: UserId,
    expected: &str,
    hash: &str,
) -> Result<bool, Failure> {
    read(conn, id)?.ok_or(StoreError::NotFound("the user"))?;
    let changed = sql::change(
        conn,
        "UPDATE users SET password_hash = ?3 WHERE id = ?1 AND password_hash IN (?2, ?3)",
        params![int(id.get()), expected, hash],
    )?;
    Ok(changed == 1)
}

fn set_status(conn: &Connection, id: UserId, status: ChosenStatus) -> Result<(), Failure> {
    sql::change(
        conn,
        "INSERT INTO last_known (user, status) VALUES (?1, ?2)
         ON CONFLICT (user) DO UPDATE SET status = excluded.status",
        params![int(id.get()), rows::status_number(status)],
    )?;
    Ok(())
}

fn set_privacy(conn: &Connection, id: UserId, privacy: Privacy) -> Result<(), Failure> {
    sql::change(
        conn,
        "INSERT INTO last_known (user, last_seen_shown) VALUES (?1, ?2)
         ON CONFLICT (user) DO UPDATE SET last_seen_shown = excluded.last_seen_shown",
        params![int(id.get()), rows::audience_number(privacy.last_seen)],
    )?;
    Ok(())
}

fn set_last_seen(conn: &Connection, id: UserId, at: Timestamp) -> Result<(), Failure> {
    sql::change(
        conn,
        "INSERT INTO last_known (user, last_seen) VALUES (?1, ?2)
         ON CONFLICT (user) DO UPDATE SET
             last_seen = max(coalesce(last_seen, 0), excluded.last_seen)",
        params![int(id.get()), int(at.as_millis())],
    )?;
    Ok(())
}

fn last_known(conn: &Connection, id: UserId) -> Result<LastKnown, Failure> {
    let query = "SELECT status, last_seen, last_seen_shown FROM last_known WHERE user = ?1";
    let known = sql::one(conn, query, [int(id.get())], |row| {
        Ok(LastKnown {
            status: rows::status(rows::number(row, 0)?)?,
            last_seen: rows::optional(row, 1)?.map(Timestamp::from_millis),
            privacy: Privacy {
                last_seen: rows::audience(rows::number(row, 2)?)?,
            },
        })
    })?;
    Ok(known.unwrap_or_default())
}

fn set_block(conn: &Connection, blocker: UserId, blocked: UserId, on: bool) -> Result<(), Failure> {
    let query = if on {
        "INSERT INTO blocks (blocker, blocked) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
    } else {
        "DELETE FROM blocks WHERE blocker = ?1 AND blocked = ?2"
    };
    sql::change(conn, query, [int(blocker.get()), int(blocked.get())])?;
    Ok(())
}

fn is_blocked(conn: &Connection, blocker: UserId, blocked: UserId) -> Result<bool, Failure> {
    let query = "SELECT 1 FROM blocks WHERE blocker = ?1 AND blocked = ?2";
    sql::exists(conn, query, [int(blocker.get()), int(blocked.get())])
}

/// A user, from the columns [`USER`].
pub(crate) fn decode(row: &Row<'_>) -> Result<User, Failure> {
    let (name, display): (String, String) = (row.get(1)?, row.get(2)?);
    Ok(User {
        id: UserId::new(rows::number(row, 0)?)?,
        username: UserName::new(&name).map_err(Failure::corrupt)?,
        display_name: DisplayName::new(&display).map_err(Failure::corrupt)?,
        avatar_url: row.get(3)?,
        created_at: rows::time(row, 4)?,
        updated_at: rows::time(row, 5)?,
        data: rows::app_data(row, 6)?,
    })
}
