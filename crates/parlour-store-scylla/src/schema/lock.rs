//! The lock of the schema: one row with a time to live, won by a conditional insert.

use uuid::Uuid;

use crate::OpenError;
use crate::cql::{Cql, Statement};

/// How long the lock outlives its holder. Renewed before each change.
const LOCK_TTL_SECONDS: i32 = 120;

static LOCK: Statement = Statement::new(
    "schema_lock",
    "INSERT INTO schema_version (name, holder) VALUES ('lock', ?) IF NOT EXISTS USING TTL ?",
);
static KEEP_LOCK: Statement = Statement::new(
    "schema_keep_lock",
    "UPDATE schema_version USING TTL ? SET holder = ? WHERE name = 'lock' IF holder = ?",
);
static UNLOCK: Statement = Statement::new(
    "schema_unlock",
    "DELETE FROM schema_version WHERE name = 'lock' IF holder = ?",
);

/// The right to change the schema, as long as it is kept.
pub(super) struct Lock<'a> {
    pub(super) cql: &'a Cql,
    holder: Uuid,
}

impl<'a> Lock<'a> {
    pub(super) async fn take(cql: &'a Cql, holder: Uuid) -> Result<Option<Self>, OpenError> {
        let answer = cql.conditional(&LOCK, (holder, LOCK_TTL_SECONDS)).await?;
        let is_ours = answer.applied
            || answer
                .rows
                .iter()
                .any(|row| row.uuid("holder") == Some(holder));
        Ok(is_ours.then_some(Self { cql, holder }))
    }

    pub(super) async fn keep(&self) -> Result<(), OpenError> {
        let values = (LOCK_TTL_SECONDS, self.holder, self.holder);
        let answer = self.cql.conditional(&KEEP_LOCK, values).await?;
        if answer.applied {
            Ok(())
        } else {
            Err(OpenError::SchemaLocked)
        }
    }

    /// A lock that cannot be given back ends by itself.
    pub(super) async fn release(&self) {
        if let Err(error) = self.cql.conditional(&UNLOCK, (self.holder,)).await {
            tracing::warn!(%error, "the lock of the schema was not given back and ends in two minutes");
        }
    }
}
