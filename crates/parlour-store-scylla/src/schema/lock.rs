//! The lock of the schema: one row with a time to live, won by a conditional insert.
//!
//! A name that was given back is never taken again: a release that was not answered may apply later, and would then
//! delete the lock under whoever holds it by the same name.

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

/// Who holds the lock, or asks for it: one that was taken without an answer is known by it.
pub(super) struct Holder(Uuid);

impl Holder {
    pub(super) fn new() -> Self {
        Self(Uuid::new_v4())
    }
}

/// The right to change the schema, as long as it is kept.
pub(super) struct Lock<'a> {
    pub(super) cql: &'a Cql,
    holder: &'a mut Holder,
}

impl<'a> Lock<'a> {
    pub(super) async fn take(
        cql: &'a Cql,
        holder: &'a mut Holder,
    ) -> Result<Option<Self>, OpenError> {
        let name = holder.0;
        let answer = cql.conditional(&LOCK, (name, LOCK_TTL_SECONDS)).await?;
        let is_ours = answer.applied
            || answer
                .rows
                .iter()
                .any(|row| row.uuid("holder") == Some(name));
        Ok(is_ours.then_some(Self { cql, holder }))
    }

    pub(super) async fn keep(&self) -> Result<(), OpenError> {
        let values = (LOCK_TTL_SECONDS, self.holder.0, self.holder.0);
        let answer = self.cql.conditional(&KEEP_LOCK, values).await?;
        if answer.applied {
            Ok(())
        } else {
            Err(OpenError::SchemaLocked)
        }
    }

    /// Gives the lock back; its holder goes by another name from here on. A lock that cannot be given back ends by itself.
    pub(super) async fn release(self) {
        let name = std::mem::replace(self.holder, Holder::new()).0;
        if let Err(error) = self.cql.conditional(&UNLOCK, (name,)).await {
            tracing::warn!(%error, "the lock of the schema was not given back and ends in two minutes");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{self, raw::Raw};
    use crate::{Connection, SchemaOptions, apply_schema};

    #[tokio::test]
    async fn a_release_that_applies_late_leaves_the_next_lock_alone() {
        let Some(host) = fixture::host() else { return };
        let keyspace = format!("parlour_lock_{:x}", fixture::chat::random());
        let connect = fixture::connect_options(&host, &keyspace);
        let schema = SchemaOptions {
            replication: fixture::replication(),
            bucket_events: fixture::BUCKET_EVENTS,
        };
        apply_schema(&connect, &schema).await.unwrap();
        let connection = Connection::open(connect).await.unwrap();
        let cql = &connection.cql;
        let (mut ours, mut theirs) = (Holder::new(), Holder::new());
        let first_name = ours.0;
        let first = Lock::take(cql, &mut ours).await.unwrap().unwrap();
        first.release().await;
        let second = Lock::take(cql, &mut ours).await.unwrap().unwrap();
        // As when a coordinator of the first release stood still for a while.
        cql.conditional(&UNLOCK, (first_name,)).await.unwrap();
        second.keep().await.unwrap();
        assert!(Lock::take(cql, &mut theirs).await.unwrap().is_none());
        second.release().await;
        assert!(Lock::take(cql, &mut theirs).await.unwrap().is_some());
        let raw = Raw::connect(&host).await;
        raw.run(&format!("DROP KEYSPACE {keyspace}")).await;
    }
}
