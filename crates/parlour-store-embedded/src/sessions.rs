//! [`Sessions`]: one row per sign-in, with the number of the refresh token that is good now.

use std::time::Duration;

use async_trait::async_trait;
use parlour_model::{SessionId, Timestamp, UserId};
use parlour_store::{NewSession, Rotation, Session, Sessions, StoreError};
use rusqlite::{Connection, Row, params};

use crate::failure::Failure;
use crate::rows::{self, int};
use crate::{EmbeddedStore, sql};

/// The columns [`decode`] reads, in its order.
const SESSION: &str = "id, user, device, created_at, last_active_at, revoked_at, refresh_number, \
                       salt, rotated_at";

#[async_trait]
impl Sessions for EmbeddedStore {
    async fn open_session(&self, new: NewSession) -> Result<(), StoreError> {
        self.write(move |writing| open(writing.conn, &new)).await
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.read(move |conn| Ok(read(conn, id)?.map(|row| row.session)))
            .await
    }

    async fn sessions_of(&self, user: UserId) -> Result<Vec<Session>, StoreError> {
        self.read(move |conn| live(conn, user)).await
    }

    async fn rotate(
        &self,
        id: SessionId,
        number: u64,
        at: Timestamp,
        grace: Duration,
    ) -> Result<Rotation, StoreError> {
        let token = Token { number, at, grace };
        self.write(move |writing| rotate(writing.conn, id, &token))
            .await
    }

    async fn revoke_session(
        &self,
        user: UserId,
        id: SessionId,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |writing| revoke(writing.conn, user, id, at))
            .await
    }

    async fn revoke_sessions(
        &self,
        user: UserId,
        except: Option<SessionId>,
        at: Timestamp,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.write(move |writing| revoke_all(writing.conn, user, except, at))
            .await
    }

    async fn revoked_since(&self, since: Timestamp) -> Result<Vec<SessionId>, StoreError> {
        self.read(move |conn| revoked_since(conn, since)).await
    }

    async fn touch_session(&self, id: SessionId, at: Timestamp) -> Result<(), StoreError> {
        self.write(move |writing| touch(writing.conn, id, at)).await
    }
}

/// A session with the time at which its good token was made from the one before.
struct Stored {
    session: Session,
    rotated_at: Option<Timestamp>,
}

/// A refresh token that somebody presents.
struct Token {
    number: u64,
    at: Timestamp,
    grace: Duration,
}

fn open(conn: &Connection, new: &NewSession) -> Result<(), Failure> {
    let at = int(new.at.as_millis());
    let inserted = sql::change(
        conn,
        "INSERT INTO sessions (id, user, device, salt, created_at, last_active_at, refresh_number)
         VALUES (?1, ?2, ?3, ?4, ?5, ?5, 1) ON CONFLICT DO NOTHING",
        params![
            int(new.id.get()),
            int(new.user.get()),
            new.device,
            new.salt,
            at
        ],
    )?;
    // The same session again is a caller who was not told the first time.
    if inserted == 1 || read(conn, new.id)?.is_some_and(|row| row.is_of(new)) {
        Ok(())
    } else {
        Err(StoreError::Exists("the session").into())
    }
}

impl Stored {
    fn is_of(&self, new: &NewSession) -> bool {
        let Session {
            user, device, salt, ..
        } = &self.session;
        (*user, device, *salt) == (new.user, &new.device, new.salt)
    }
}

fn rotate(conn: &Connection, id: SessionId, token: &Token) -> Result<Rotation, Failure> {
    let Some(stored) = read(conn, id)?.filter(|row| row.session.revoked_at.is_none()) else {
        return Ok(Rotation::Gone);
    };
    let good = stored.session.refresh_number;
    let in_grace = stored
        .rotated_at
        .is_some_and(|rotated| token.at.since(rotated) <= token.grace);
    if token.number == good {
        return replace_token(conn, stored.session, token.at).map(Rotation::Rotated);
    }
    // Its successor is the good one, so it has not been used.
    if token.number.checked_add(1) == Some(good) && in_grace {
        return Ok(Rotation::Replay(stored.session));
    }
    set_revoked(conn, id, token.at)?;
    Ok(Rotation::Reused(Session {
        revoked_at: Some(token.at),
        ..stored.session
    }))
}

fn replace_token(conn: &Connection, session: Session, at: Timestamp) -> Result<Session, Failure> {
    let rotated = Session {
        refresh_number: session.refresh_number + 1,
        last_active_at: session.last_active_at.max(at),
        ..session
    };
    sql::change(
        conn,
        "UPDATE sessions SET refresh_number = ?2, last_active_at = ?3, rotated_at = ?4
         WHERE id = ?1",
        params![
            int(rotated.id.get()),
            int(rotated.refresh_number),
            int(rotated.last_active_at.as_millis()),
            int(at.as_millis()),
        ],
    )?;
    Ok(rotated)
}

fn revoke(conn: &Connection, user: UserId, id: SessionId, at: Timestamp) -> Result<bool, Failure> {
    let is_live = read(conn, id)?
        .is_some_and(|row| row.session.user == user && row.session.revoked_at.is_none());
    if is_live {
        set_revoked(conn, id, at)?;
    }
    Ok(is_live)
}

fn revoke_all(
    conn: &Connection,
    user: UserId,
    except: Option<SessionId>,
    at: Timestamp,
) -> Result<Vec<SessionId>, Failure> {
    let ids: Vec<SessionId> = live(conn, user)?
        .into_iter()
        .map(|session| session.id)
        .filter(|id| Some(*id) != except)
        .collect();
    ids.iter().try_for_each(|id| set_revoked(conn, *id, at))?;
    Ok(ids)
}

fn set_revoked(conn: &Connection, id: SessionId, at: Timestamp) -> Result<(), Failure> {
    sql::change(
        conn,
        "UPDATE sessions SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL",
        params![int(id.get()), int(at.as_millis())],
    )?;
    Ok(())
}

fn touch(conn: &Connection, id: SessionId, at: Timestamp) -> Result<(), Failure> {
    sql::change(
        conn,
        "UPDATE sessions SET last_active_at = ?2 WHERE id = ?1 AND last_active_at < ?2",
        params![int(id.get()), int(at.as_millis())],
    )?;
    Ok(())
}

fn read(conn: &Connection, id: SessionId) -> Result<Option<Stored>, Failure> {
    let query = format!("SELECT {SESSION} FROM sessions WHERE id = ?1");
    sql::one(conn, &query, [int(id.get())], decode)
}

fn live(conn: &Connection, user: UserId) -> Result<Vec<Session>, Failure> {
    let query = format!(
        "SELECT {SESSION} FROM sessions WHERE user = ?1 AND revoked_at IS NULL
         ORDER BY created_at DESC, id DESC"
    );
    sql::all(conn, &query, [int(user.get())], |row| {
        Ok(decode(row)?.session)
    })
}

fn revoked_since(conn: &Connection, since: Timestamp) -> Result<Vec<SessionId>, Failure> {
    sql::all(
        conn,
        "SELECT id FROM sessions WHERE revoked_at >= ?1 ORDER BY revoked_at, id",
        [int(since.as_millis())],
        |row| Ok(SessionId::new(rows::number(row, 0)?)?),
    )
}

fn decode(row: &Row<'_>) -> Result<Stored, Failure> {
    Ok(Stored {
        session: Session {
            id: SessionId::new(rows::number(row, 0)?)?,
            user: UserId::new(rows::number(row, 1)?)?,
            device: row.get(2)?,
            created_at: rows::time(row, 3)?,
            last_active_at: rows::time(row, 4)?,
            revoked_at: rows::optional(row, 5)?.map(Timestamp::from_millis),
            refresh_number: rows::number(row, 6)?,
            salt: row.get(7)?,
        },
        rotated_at: rows::optional(row, 8)?.map(Timestamp::from_millis),
    })
}
