//! Password hashes: replaced only on the condition of what was read before, so that neither bringing a hash up to date nor a
//! change that was tried again and comes late ever undoes a change.

use parlour_model::UserId;
use parlour_store::StoreError;

use crate::ScyllaStore;
use crate::columns::int;
use crate::cql::Statement;

/// How often a change is tried that others get in the way of, or whose answers are lost.
const TRIES_MAX: usize = 8;

static SWAP: Statement = Statement::new(
    "users_swap_password",
    "UPDATE users SET password_hash = ? WHERE user_id = ? IF password_hash = ?",
);

impl ScyllaStore {
    pub(super) async fn read_password_hash(
        &self,
        id: UserId,
    ) -> Result<Option<String>, StoreError> {
        let stored = self.existing(id).await?;
        Ok(stored.map(|stored| stored.password_hash))
    }

    pub(super) async fn put_password_hash(&self, id: UserId, hash: &str) -> Result<(), StoreError> {
        let missing = || StoreError::NotFound("the user");
        let mut before = self.existing(id).await?.ok_or_else(missing)?.password_hash;
        self.settle(|tries| async move {
            for _ in 0..TRIES_MAX {
                let values = (hash, int(id.get()), &before);
                if tries.applies(&SWAP, values).await? {
                    return Ok(());
                }
                let stored = self.stored_serial(id).await?.ok_or_else(missing)?;
                before = stored.password_hash;
                // Hashes are salted, so an equal one was written by a try of this call that was not answered.
                if before == hash {
                    return Ok(());
                }
            }
            Err(StoreError::Unknown(format!("the password of user {id}")))
        })
        .await
    }

    pub(super) async fn swap_password_hash(
        &self,
        id: UserId,
        expected: &str,
        hash: &str,
    ) -> Result<bool, StoreError> {
        let missing = || StoreError::NotFound("the user");
        self.existing(id).await?.ok_or_else(missing)?;
        self.settle(|tries| async move {
            for _ in 0..TRIES_MAX {
                let values = (hash, int(id.get()), expected);
                if tries.applies(&SWAP, values).await? {
                    return Ok(true);
                }
                let stored = self.stored_serial(id).await?.ok_or_else(missing)?;
                // A hash that is in place already is one whose writer was not told the first time.
                if stored.password_hash == hash {
                    return Ok(true);
                }
                if stored.password_hash != expected {
                    return Ok(false);
                }
            }
            Err(StoreError::Unknown(format!("the password of user {id}")))
        })
        .await
    }
}
