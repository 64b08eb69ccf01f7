//! What is known of a user besides the profile: status, privacy, last seen, and whom they blocked.

use parlour_model::{ChosenStatus, Privacy, Timestamp, UserId};
use parlour_store::{LastKnown, StoreError};

use crate::ScyllaStore;
use crate::codes;
use crate::columns::int;
use crate::cql::Statement;
use crate::together::together;

/// How often a block is tried that others get in the way of, or whose answers are lost.
const TRIES_MAX: usize = 8;

static SET_STATUS: Statement = Statement::new(
    "last_known_status",
    "UPDATE last_known SET status = ? WHERE user_id = ?",
);
static SET_PRIVACY: Statement = Statement::new(
    "last_known_privacy",
    "UPDATE last_known SET seen_by = ? WHERE user_id = ?",
);
static RAISE_SEEN: Statement = Statement::new(
    "last_known_seen",
    "UPDATE last_known SET last_seen = ? WHERE user_id = ?",
);
static CHOSEN: Statement = Statement::new(
    "last_known_chosen",
    "SELECT WRITETIME(status), WRITETIME(seen_by) FROM last_known WHERE user_id = ?",
);
static KNOWN: Statement = Statement::new(
    "last_known_read",
    "SELECT status, last_seen, seen_by FROM last_known WHERE user_id = ?",
);
static FIRST_BLOCK: Statement = Statement::new(
    "blocks_insert",
    "INSERT INTO blocks (blocker, blocked, is_on, changes) VALUES (?, ?, ?, 1) IF NOT EXISTS",
);
static BLOCK: Statement = Statement::new(
    "blocks_change",
    "UPDATE blocks SET is_on = ?, changes = ? WHERE blocker = ? AND blocked = ? IF changes = ?",
);
static BLOCKED: Statement = Statement::new(
    "blocks_read",
    "SELECT is_on, changes FROM blocks WHERE blocker = ? AND blocked = ?",
);

type KnownRow = (Option<i8>, Option<i64>, Option<i8>);

impl ScyllaStore {
    pub(super) async fn write_status(
        &self,
        id: UserId,
        status: ChosenStatus,
    ) -> Result<(), StoreError> {
        let version = self.next_choice(id).await?;
        let values = (codes::status_code(status), int(id.get()));
        Ok(self.cql.write_at(&SET_STATUS, values, version).await?)
    }

    pub(super) async fn write_privacy(
        &self,
        id: UserId,
        privacy: Privacy,
    ) -> Result<(), StoreError> {
        let version = self.next_choice(id).await?;
        let values = (codes::audience_code(privacy.last_seen), int(id.get()));
        Ok(self.cql.write_at(&SET_PRIVACY, values, version).await?)
    }

    /// The write timestamp of a choice: above that of every choice that was acknowledged, whatever clocks say. All tries of
    /// one write carry it, so one that happens after a later choice changes nothing. Only a choice that nobody acknowledged
    /// may still come to stand after a later one, and only if the clock of its node was ahead.
    async fn next_choice(&self, id: UserId) -> Result<i64, StoreError> {
        let stored: Option<(Option<i64>, Option<i64>)> =
            self.cql.one(&CHOSEN, (int(id.get()),)).await?;
        let (status, seen_by) = stored.unwrap_or_default();
        let now = int(self.clock.now().as_millis().saturating_mul(1_000));
        let latest = status.max(seen_by).unwrap_or_default();
        Ok(now.max(latest.saturating_add(1)))
    }

    /// The time is its own write timestamp, so the latest one stands.
    pub(super) async fn raise_last_seen(
        &self,
        id: UserId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let at = int(at.as_millis());
        let values = (at, int(id.get()));
        Ok(self.cql.write_at(&RAISE_SEEN, values, at).await?)
    }

    pub(super) async fn read_last_known(
        &self,
        ids: &[UserId],
    ) -> Result<Vec<LastKnown>, StoreError> {
        let reads = ids.iter().map(|id| async move {
            let row = self.cql.one::<KnownRow>(&KNOWN, (int(id.get()),)).await?;
            row.map_or(Ok(LastKnown::default()), decode)
        });
        together(reads.collect()).await
    }

    /// Counts the changes, so that one whose answer was lost cannot come back after a later one. What is so already is
    /// counted too, unless that is this call's work: one that would undo it may be on its way.
    pub(super) async fn write_block(
        &self,
        blocker: UserId,
        blocked: UserId,
        on: bool,
    ) -> Result<(), StoreError> {
        let (blocker, blocked) = (int(blocker.get()), int(blocked.get()));
        self.settle(|tries| async move {
            let mut tried_at = None;
            for _ in 0..TRIES_MAX {
                let found: Option<(bool, i32)> =
                    self.cql.one_serial(&BLOCKED, (blocker, blocked)).await?;
                let applied = match found {
                    // It was changed after this call began, and nothing that was tried before can follow.
                    Some((is_on, changes))
                        if is_on == on && tried_at.is_some_and(|at| at < changes) =>
                    {
                        return Ok(());
                    }
                    Some((_, changes)) => {
                        let values = (on, changes + 1, blocker, blocked, changes);
                        tries.applies(&BLOCK, values).await?
                    }
                    None => tries.applies(&FIRST_BLOCK, (blocker, blocked, on)).await?,
                };
                if applied {
                    return Ok(());
                }
                tried_at = Some(found.map_or(0, |(_, changes)| changes));
            }
            Err(StoreError::Unknown("the block".to_owned()))
        })
        .await
    }

    pub(super) async fn read_block(
        &self,
        blocker: UserId,
        blocked: UserId,
    ) -> Result<bool, StoreError> {
        let at = (int(blocker.get()), int(blocked.get()));
        let found: Option<(bool, i32)> = self.cql.one(&BLOCKED, at).await?;
        Ok(found.is_some_and(|(is_on, _)| is_on))
    }
}

fn decode((status, last_seen, seen_by): KnownRow) -> Result<LastKnown, StoreError> {
    Ok(LastKnown {
        status: status.map_or(Ok(ChosenStatus::default()), codes::status)?,
        last_seen: last_seen.map(codes::time).transpose()?,
        privacy: Privacy {
            last_seen: seen_by
                .map(codes::audience)
                .transpose()?
                .unwrap_or_default(),
        },
    })
}
