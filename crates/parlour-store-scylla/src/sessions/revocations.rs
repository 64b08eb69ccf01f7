//! Ends of sessions, and the list that nodes poll for them.
//!
//! The list is written before the session's own row: a crash in between leaves a line about a session that still lives,
//! which readers skip, and never an ended session that no node hears of.

use std::collections::BTreeSet;

use parlour_model::{SessionId, Timestamp, UserId};
use parlour_store::{Session, StoreError};

use super::{LIST, LISTED_ENDED, TRIES_MAX};
use crate::ScyllaStore;
use crate::codes;
use crate::columns::int;
use crate::cql::Statement;
use crate::settle::Tries;
use crate::together::together;

const DAY_MS: u64 = 24 * 3_600 * 1_000;
/// How far ahead of this node's clock a revocation may be written, by a node whose clock is ahead.
const AHEAD_MS: u64 = 3_600 * 1_000;
/// No session is older than the ids of this system: 2025-01-01.
const FIRST_DAY: u64 = 1_735_689_600_000 / DAY_MS;

static NOTE: Statement = Statement::new(
    "revocations_write",
    "UPDATE revocations SET is_on = true WHERE day = ? AND at = ? AND session_id = ?",
);
static NOTED: Statement = Statement::new(
    "revocations_read",
    "SELECT session_id FROM revocations WHERE day = ? AND at >= ?",
);
static REVOKE: Statement = Statement::new(
    "sessions_revoke",
    "UPDATE sessions SET revoked_at = ? WHERE session_id = ?
     IF revoked_at = 0 AND refresh_number = ?",
);

impl ScyllaStore {
    /// Revokes a session of a user; answers whether it was live.
    pub(super) async fn revoke(
        &self,
        tries: &Tries,
        user: UserId,
        id: SessionId,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tried = false;
        let mut found = self.stored_session(id).await?;
        for _ in 0..TRIES_MAX {
            let Some(stored) = found.filter(|stored| stored.session.user == user) else {
                return Ok(false);
            };
            if let Some(revoked_at) = stored.session.revoked_at {
                // The end that an earlier answer did not tell of may have been ours.
                return Ok(tried && revoked_at == at);
            }
            if self.end(tries, &stored.session, at).await? {
                return Ok(true);
            }
            tried = true;
            found = self.stored_session_serial(id).await?;
        }
        Err(StoreError::Unknown(format!("the end of session {id}")))
    }

    /// Ends a session unless it has ended or its token was replaced since it was read. `false` says nothing: see
    /// [`Tries::applies`].
    pub(super) async fn end(
        &self,
        tries: &Tries,
        session: &Session,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let (id, millis) = (int(session.id.get()), int(at.as_millis()));
        let noted = (day(at.as_millis() / DAY_MS), millis, id);
        self.cql.write(&NOTE, noted).await?;
        let values = (millis, id, int(session.refresh_number));
        let ended = tries.applies(&REVOKE, values).await?;
        if ended {
            let listed = (false, int(session.user.get()), id);
            // The list spares readers the session's row, which says the same.
            if let Err(error) = self.cql.write_at(&LIST, listed, LISTED_ENDED).await {
                tracing::debug!(%session.id, %error, "the end of a session was not listed");
            }
        }
        Ok(ended)
    }

    /// The sessions that were revoked at or after `since`, by the time of that.
    pub(super) async fn read_revocations(
        &self,
        since: Timestamp,
    ) -> Result<Vec<SessionId>, StoreError> {
        let until = self.clock.now().max(since).as_millis() + AHEAD_MS;
        let first = (since.as_millis() / DAY_MS).max(FIRST_DAY);
        let after = int(since.as_millis());
        let days = (first..=until / DAY_MS).map(|number| {
            let range = (day(number), after);
            self.cql.all::<(i64,)>(&NOTED, range)
        });
        let noted = together(days.collect()).await?;
        let reads = noted.into_iter().flatten().map(|(id,)| async move {
            let id = codes::session(id)?;
            self.stored_session(id).await
        });
        let sessions = together(reads.collect()).await?;
        let ended = sessions.into_iter().flatten().filter_map(|stored| {
            let revoked_at = stored.session.revoked_at.filter(|at| *at >= since)?;
            Some((revoked_at, stored.session.id))
        });
        let ended: BTreeSet<(Timestamp, SessionId)> = ended.collect();
        Ok(ended.into_iter().map(|(_, id)| id).collect())
    }
}

fn day(number: u64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
