//! [`Sessions`]: one row per sign-in, with the number of the refresh token that is good now.
//!
//! What decides (the number, the revocation) is written on conditions only and settled at `LOCAL_SERIAL`. The time of the last
//! activity is its own write timestamp, so it never falls.

mod revocations;
mod rotation;

use std::time::Duration;

use async_trait::async_trait;
use parlour_model::{SessionId, Timestamp, UserId};
use parlour_store::{NewSession, Rotation, Session, Sessions, StoreError};
use uuid::Uuid;

use crate::ScyllaStore;
use crate::codes;
use crate::columns::{corrupt, int, number};
use crate::cql::Statement;
use crate::together::together;

/// How often a change is tried that others get in the way of, or whose answers are lost.
const TRIES_MAX: usize = 8;

static OPEN: Statement = Statement::new(
    "sessions_open",
    "INSERT INTO sessions (session_id, user_id, device, salt, created_at, refresh_number,
         rotated_at, revoked_at)
     VALUES (?, ?, ?, ?, ?, 1, 0, 0) IF NOT EXISTS",
);
static STORED: Statement = Statement::new(
    "sessions_stored",
    "SELECT user_id, device, salt, created_at, refresh_number, rotated_at, rotated_by, revoked_at,
         last_active_at
     FROM sessions WHERE session_id = ?",
);
static TOUCH: Statement = Statement::new(
    "sessions_touch",
    "UPDATE sessions SET last_active_at = ? WHERE session_id = ?",
);
static LIST: Statement = Statement::new(
    "sessions_by_user_list",
    "UPDATE sessions_by_user SET is_live = ? WHERE user_id = ? AND session_id = ?",
);
static LISTED: Statement = Statement::new(
    "sessions_by_user_all",
    "SELECT session_id, is_live FROM sessions_by_user WHERE user_id = ?",
);
/// The write timestamps of the two states of a listed session: whoever says that it ended wins.
const LISTED_LIVE: i64 = 1;
const LISTED_ENDED: i64 = 2;

/// `user_id, device, salt, created_at, refresh_number, rotated_at, rotated_by, revoked_at, last_active_at`: a row
/// without the first is no session.
type SessionRow = (
    Option<i64>,
    Option<String>,
    Option<Vec<u8>>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<Uuid>,
    Option<i64>,
    Option<i64>,
);

/// A session, with when and by which call its good token was made from the one before.
#[derive(Debug, Clone)]
struct Stored {
    session: Session,
    rotated_at: Option<Timestamp>,
    rotated_by: Option<Uuid>,
}

#[async_trait]
impl Sessions for ScyllaStore {
    async fn open_session(&self, new: NewSession) -> Result<(), StoreError> {
        // Listed first: a session that nobody finds could not be revoked.
        let listed = (true, int(new.user.get()), int(new.id.get()));
        self.cql.write_at(&LIST, listed, LISTED_LIVE).await?;
        self.insert_session(&new).await
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        Ok(self.stored_session(id).await?.map(|stored| stored.session))
    }

    async fn sessions_of(&self, user: UserId) -> Result<Vec<Session>, StoreError> {
        self.live_sessions(user).await
    }

    async fn rotate(
        &self,
        id: SessionId,
        number: u64,
        at: Timestamp,
        grace: Duration,
    ) -> Result<Rotation, StoreError> {
        let token = rotation::Token { number, at, grace };
        self.rotate_token(id, &token).await
    }

    async fn revoke_session(
        &self,
        user: UserId,
        id: SessionId,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.settle(|tries| async move { self.revoke(&tries, user, id, at).await })
            .await
    }

    async fn revoke_sessions(
        &self,
        user: UserId,
        except: Option<SessionId>,
        at: Timestamp,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.settle(|tries| async move {
            let mut revoked = Vec::new();
            for session in self.live_sessions(user).await? {
                let id = session.id;
                if Some(id) != except && self.revoke(&tries, user, id, at).await? {
                    revoked.push(id);
                }
            }
            Ok(revoked)
        })
        .await
    }

    async fn revoked_since(&self, since: Timestamp) -> Result<Vec<SessionId>, StoreError> {
        self.read_revocations(since).await
    }

    async fn touch_session(&self, id: SessionId, at: Timestamp) -> Result<(), StoreError> {
        self.raise_activity(id, at).await
    }
}

impl ScyllaStore {
    async fn insert_session(&self, new: &NewSession) -> Result<(), StoreError> {
        self.settle(|tries| async move {
            for _ in 0..TRIES_MAX {
                let values = (
                    int(new.id.get()),
                    int(new.user.get()),
                    &new.device,
                    new.salt.as_slice(),
                    int(new.at.as_millis()),
                );
                if tries.applies(&OPEN, values).await? {
                    return Ok(());
                }
                // The same session again is a caller who was not told the first time.
                match self.stored_session_serial(new.id).await? {
                    Some(stored) if stored.is_of(new) => return Ok(()),
                    Some(_) => return Err(StoreError::Exists("the session")),
                    None => {}
                }
            }
            Err(StoreError::Unknown(format!("session {}", new.id)))
        })
        .await
    }

    async fn stored_session(&self, id: SessionId) -> Result<Option<Stored>, StoreError> {
        let row: Option<SessionRow> = self.cql.one(&STORED, (int(id.get()),)).await?;
        row.map_or(Ok(None), |row| decode(id, row))
    }

    /// The session as every decided write left it.
    async fn stored_session_serial(&self, id: SessionId) -> Result<Option<Stored>, StoreError> {
        let row: Option<SessionRow> = self.cql.one_serial(&STORED, (int(id.get()),)).await?;
        row.map_or(Ok(None), |row| decode(id, row))
    }

    /// The live sessions of a user, newest first.
    async fn live_sessions(&self, user: UserId) -> Result<Vec<Session>, StoreError> {
        let rows: Vec<(i64, Option<bool>)> = self.cql.all(&LISTED, (int(user.get()),)).await?;
        let listed = rows
            .into_iter()
            .filter(|(_, is_live)| *is_live == Some(true));
        let reads = listed.map(|(id, _)| async move {
            let id = codes::session(id)?;
            self.stored_session(id).await
        });
        let stored = together(reads.collect()).await?;
        let sessions = stored.into_iter().flatten().map(|stored| stored.session);
        let mut live: Vec<Session> = sessions
            .filter(|session| session.user == user && session.revoked_at.is_none())
            .collect();
        live.sort_by_key(|session| std::cmp::Reverse((session.created_at, session.id)));
        Ok(live)
    }

    async fn raise_activity(&self, id: SessionId, at: Timestamp) -> Result<(), StoreError> {
        let at = int(at.as_millis());
        let values = (at, int(id.get()));
        Ok(self.cql.write_at(&TOUCH, values, at).await?)
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

fn decode(id: SessionId, row: SessionRow) -> Result<Option<Stored>, StoreError> {
    let (user, device, salt, created_at, refresh, rotated_at, rotated_by, revoked_at, active) = row;
    let (Some(user), Some(device), Some(salt), Some(created_at), Some(refresh)) =
        (user, device, salt, created_at, refresh)
    else {
        return Ok(None);
    };
    let created_at = codes::time(created_at)?;
    let last_active_at = codes::time_or_never(active)?.unwrap_or(created_at);
    let wrong_salt = |_| corrupt(format!("session {id} has a salt of another length"));
    Ok(Some(Stored {
        session: Session {
            id,
            user: codes::user(user)?,
            device,
            created_at,
            last_active_at: last_active_at.max(created_at),
            revoked_at: codes::time_or_never(revoked_at)?,
            refresh_number: number(refresh)?,
            salt: salt.try_into().map_err(wrong_salt)?,
        },
        rotated_at: codes::time_or_never(rotated_at)?,
        rotated_by,
    }))
}
